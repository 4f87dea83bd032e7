"""The pages that refuse: small XHTML documents, as the instance metadata service of EC2 answers them.

Source: the published EC2 metadata mock; the status line is all that they say.
"""

from __future__ import annotations

from vestry.metadata.exchange import Reply

_PHRASES = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
}

SERVER = (b"Server", b"EC2ws")


def _page(status: int) -> bytes:
    title = f"{status} - {_PHRASES[status]}"
    return (
        '<?xml version="1.0" encoding="iso-8859-1"?>\n'
        '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN"\n'
        '\t"http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">\n'
        '<html xmlns="http://www.w3.org/1999/xhtml" xml:lang="en" lang="en">\n'
        f" <head>\n  <title>{title}</title>\n </head>\n <body>\n  <h1>{title}</h1>\n </body>\n</html>\n"
    ).encode()


_HEADERS = [(b"Content-Type", b"text/html"), SERVER]
_REFUSALS = {status: Reply(status, _HEADERS, _page(status)) for status in _PHRASES}


def refusal(status: int) -> Reply:
    """Return the page of a status. Raises KeyError for one that the service never answers."""
    return _REFUSALS[status]


def not_allowed(methods: bytes) -> Reply:
    """Return the refusal of a method, which names those there are and has no body."""
    return Reply(405, [(b"Allow", methods), SERVER], b"")
