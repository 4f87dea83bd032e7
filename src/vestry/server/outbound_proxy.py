"""The proxy by which the server reaches others over TLS, where its environment names one: `HTTPS_PROXY`, `NO_PROXY`.

A proxy only carries bytes: the TLS inside is the provider's own, and is verified as without one.
"""

from __future__ import annotations

import base64
import http.client
import socket
import urllib.request
from urllib.parse import unquote, urlsplit


def proxy_for(host: str, port: int) -> str | None:
    """Return the proxy's URL for a connection to `host`; None where it is made directly. Raises OSError for one that is
    not an `http://` address, without showing it: it may carry a password."""
    named = urllib.request.getproxies_environment()
    proxy = named.get("https") or named.get("all")
    if not proxy or urllib.request.proxy_bypass(f"{host}:{port}"):
        return None
    proxy = proxy if "://" in proxy else f"http://{proxy}"
    try:
        place = urlsplit(proxy)
        usable = place.scheme == "http" and bool(place.hostname) and place.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise OSError("the proxy that HTTPS_PROXY or ALL_PROXY names has no http:// address")
    return proxy


def connect(host: str, port: int, seconds: float) -> socket.socket:
    """Return a connection to `host`, through the proxy where there is one. Raises OSError."""
    proxy = proxy_for(host, port)
    if proxy is None:
        return socket.create_connection((host, port), timeout=seconds)
    place = urlsplit(proxy)
    headers = {}
    if place.username is not None:
        user = f"{unquote(place.username)}:{unquote(place.password or '')}"
        headers["Proxy-Authorization"] = "Basic " + base64.b64encode(user.encode()).decode()
    tunnel = http.client.HTTPConnection(place.hostname or "", place.port or 80, timeout=seconds)
    tunnel.set_tunnel(host, port, headers)
    tunnel.connect()
    connection: socket.socket = tunnel.sock
    return connection
