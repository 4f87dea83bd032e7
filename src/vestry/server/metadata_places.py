"""Where `vestry serve --metadata` answers instances, as it is written: ADDRESS[:PORT][,account=…][,region=…][,instance=…]."""

from __future__ import annotations

import msgspec

from vestry.server.addresses import FORM, PORT, read_address

_OPTIONS = ("account", "region", "instance")
_FORM = f"{FORM}, and behind it ,account=… ,region=… or ,instance=…"


class MetadataPlace(msgspec.Struct, frozen=True):
    """An address and port for instance metadata, and whom it is for.

    With `instance`, whoever asks is that instance. Otherwise instances are told by their source address, among those of
    `account` (an id or alias) and `region` where these are given.
    """

    host: str
    port: int = PORT
    account: str | None = None
    region: str | None = None
    instance: str | None = None


def read_place(text: str) -> MetadataPlace:
    """Return the place that is written. Raises ValueError, with a sentence for the person who wrote it."""
    where, *options = text.split(",")
    host, port = read_address(where, _FORM)
    chosen: dict[str, str] = {}
    for option in options:
        name, _, value = option.partition("=")
        if name not in _OPTIONS or not value or name in chosen:
            raise ValueError(f"{option!r} is no option of an address, or there twice: {_FORM}")
        chosen[name] = value
    if "instance" in chosen and len(chosen) > 1:
        raise ValueError("instance= says everything: it goes with neither account= nor region=")
    if ":" in host and "instance" not in chosen:
        raise ValueError("instances have IPv4 addresses: over IPv6 say which one it is, by ,instance=i-…")
    return MetadataPlace(host, port, **chosen)
