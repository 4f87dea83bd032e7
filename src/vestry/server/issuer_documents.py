"""What verifiers read of an account's issuer, unsigned: its discovery document and its public keys.

Source: OpenID Connect Discovery 1.0, section 3; RFC 7517.
"""

from __future__ import annotations

import msgspec

from vestry.credentials.web_identity import ALGORITHMS
from vestry.directory.snapshot import Root

PREFIX = "/issuers/"
_DISCOVERY, _KEYS = ".well-known/openid-configuration", ".well-known/jwks.json"

#: Verifiers may keep what they read for so many seconds: much shorter than a new key is published before it signs.
CACHE_SECONDS = 300

_CLAIMS = ["aud", "exp", "iat", "iss", "jti", "sub", "https://sts.amazonaws.com/"]


def document(root: Root, path: str, public_url: str) -> bytes | None:
    """Return the JSON document at `path`, None where there is none."""
    account_id, _, rest = path.removeprefix(PREFIX).partition("/")
    name, _, wanted = rest.partition("/")
    account = root.accounts.get(account_id)
    issuer = None if account is None else account.issuer
    if issuer is None or issuer.name != name:
        return None
    if wanted == _KEYS:
        return msgspec.json.encode({"keys": [msgspec.Raw(key.public.encode()) for key in issuer.keys]})
    if wanted != _DISCOVERY:
        return None
    url = public_url + issuer.path
    return msgspec.json.encode(
        {
            "issuer": url,
            "jwks_uri": f"{url}/{_KEYS}",
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": list(ALGORITHMS),
            "claims_supported": _CLAIMS,
        }
    )
