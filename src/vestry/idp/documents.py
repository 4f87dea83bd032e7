"""What the provider publishes: its discovery document, its key set, its SAML metadata.

Source: OpenID Connect Discovery 1.0; SAML 2.0 metadata.
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

import msgspec

from vestry.idp.home import Home
from vestry.idp.keys import CURVES
from vestry.idp.saml import METADATA_PATH, SIGN_IN_PATH, metadata
from vestry.idp.saml_key import pairs_of

#: The content type of a document, and the document.
Document = tuple[str, bytes]
#: Path -> what makes the document when it is asked for.
Routes = dict[str, Callable[[], Document]]

_JSON = "application/json"
_KEYS = "/keys"


def oidc_routes(home: Home, issuer: str) -> Routes:
    """Return the documents of the OpenID Connect half."""
    base = urlsplit(issuer).path.rstrip("/")
    discovery = msgspec.json.encode(
        {
            "issuer": issuer,
            "jwks_uri": issuer.rstrip("/") + _KEYS,
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": list(CURVES),
            "claims_supported": ["iss", "sub", "aud", "exp", "iat", "nbf", "jti"],
        }
    )
    return {
        f"{base}/.well-known/openid-configuration": lambda: (_JSON, discovery),
        f"{base}{_KEYS}": lambda: (_JSON, msgspec.json.encode(home.ring().published())),
    }


def saml_routes(home: Home, issuer: str) -> Routes:
    """Return the documents of the SAML half. There is no form to sign in by: a command makes responses."""
    base = urlsplit(issuer).path.rstrip("/")
    told = (
        b"Responses are made by the command: vestry idp saml --role ARN --provider ARN --session-name NAME\n"
    )
    return {
        f"{base}{METADATA_PATH}": lambda: (
            "application/samlmetadata+xml",
            metadata(issuer, pairs_of(home)).encode(),
        ),
        f"{base}{SIGN_IN_PATH}": lambda: ("text/plain", told),
    }
