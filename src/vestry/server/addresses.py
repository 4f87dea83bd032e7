"""Addresses with a port, as the command line takes them: 169.254.170.2, 127.0.0.1:8080, [fd00:ec2::23]:80."""

from __future__ import annotations

import re
from ipaddress import ip_address

PORT = 80

_ADDRESS = re.compile(
    r"(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<four>[0-9.]+))(?::(?P<port>[0-9]{1,5}))?", re.ASCII
)
FORM = "write ADDRESS[:PORT], with an IPv6 address in brackets"


def read_address(text: str, form: str = FORM) -> tuple[str, int]:
    """Return an address without brackets and its port, PORT where none is written.

    Raises ValueError, with a sentence for the person who wrote it; `form` says how it is written.
    """
    found = _ADDRESS.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no address: {form}")
    try:
        host = str(ip_address(found["six"] or found["four"]))
    except ValueError:
        raise ValueError(f"{text!r} is no address: {form}") from None
    port = int(found["port"] or PORT)
    if port > 65535:
        raise ValueError(f"{port} is no port")
    return host, port
