"""Where `vestry serve --metadata` answers instances, as it is written: ADDRESS[:PORT][,account=…][,region=…][,instance=…]."""

from __future__ import annotations

import re
from ipaddress import ip_address

import msgspec

PORT = 80

_ADDRESS = re.compile(
    r"(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<four>[0-9.]+))(?::(?P<port>[0-9]{1,5}))?", re.ASCII
)
_OPTIONS = ("account", "region", "instance")
_FORM = "write ADDRESS[:PORT], with an IPv6 address in brackets, and behind it ,account=… ,region=… or ,instance=…"


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
    found = _ADDRESS.fullmatch(where)
    if found is None:
        raise ValueError(f"{where!r} is no address: {_FORM}")
    try:
        host = str(ip_address(found["six"] or found["four"]))
    except ValueError:
        raise ValueError(f"{where!r} is no address: {_FORM}") from None
    port = int(found["port"] or PORT)
    if port > 65535:
        raise ValueError(f"{port} is no port")
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
