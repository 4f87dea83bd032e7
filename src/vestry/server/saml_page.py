"""The page behind `/saml`, where identity providers send a browser with a response.

There is no console to sign in to: the page hands the response over for AssumeRoleWithSAML, which alone judges it. What
was posted is shown as text, and only where it is base64. Nothing is remembered.
"""

from __future__ import annotations

import re
from html import escape
from urllib.parse import parse_qs

from vestry.server.exchange import HttpAnswer, HttpRequest

_PATH = re.compile(r"/saml(?:/acs/[A-Z0-9]{1,64})?", re.ASCII)
_RESPONSE = re.compile(r"[A-Za-z0-9+/=\s]{4,100000}", re.ASCII)
_HEADERS = [
    (b"content-type", b"text/html; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (
        b"content-security-policy",
        b"default-src 'none'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'",
    ),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
]
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>SAML sign-in</title></head><body>
<h1>SAML sign-in</h1>
{content}
<pre>aws sts assume-role-with-saml --endpoint-url {url} \\
  --role-arn ROLE --principal-arn PROVIDER --saml-assertion file://response.b64</pre>
</body></html>
"""
_GUIDE = """<p>Identity providers post their responses here: register <code>{url}/saml</code> as the place (recipient,
assertion consumer service) and <code>urn:amazon:webservices</code> as the audience. A response is good for five minutes
and for one call:</p>"""
_GIVEN = """<p>Save this response as <code>response.b64</code> within five minutes. It is good for one call:</p>
<textarea readonly rows="12" cols="100">{response}</textarea>"""
_NOTHING = "<p>No SAML response was posted.</p>"


def saml_page(http: HttpRequest, public_url: str) -> HttpAnswer | None:
    """Return the page where `http` asks for it, None where it asks for something else."""
    if _PATH.fullmatch(http.path) is None or http.method not in ("GET", "POST"):
        return None
    status, content = 200, _GUIDE.format(url=escape(public_url))
    if http.method == "POST":
        found = _posted(http)
        if _RESPONSE.fullmatch(found):
            content = _GIVEN.format(response=escape(found))
        else:
            status, content = 400, _NOTHING
    return HttpAnswer(status, list(_HEADERS), _PAGE.format(content=content, url=escape(public_url)).encode())


def _posted(http: HttpRequest) -> str:
    try:
        return parse_qs(http.body.decode("latin-1"), max_num_fields=20).get("SAMLResponse", [""])[0]
    except ValueError:
        return ""
