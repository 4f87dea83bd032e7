"""ID tokens, sound ones and broken ones on request.

Source: OpenID Connect Core 1.0; IAM User Guide, "Passing session tags using AssumeRoleWithWebIdentity".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from joserfc import jws

from vestry.idp.keys import CURVES, SigningKey, new_key
from vestry.idp.shapes import SHAPES, shape_of

#: Where --wrong-audience sends a token.
ELSEWHERE = "https://elsewhere.example.com"
_TAGS, _SOURCE_IDENTITY = "https://aws.amazon.com/tags", "https://aws.amazon.com/source_identity"


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What a token shall say. `shape` "" is the subject's own; `claims` add to those of the shape, or replace them.

    `lifetime` is in seconds. `tags`, of which `transitive` go on to further roles, and `source_identity` become those
    of the role's session.
    """

    issuer: str
    subject: str
    audience: Sequence[str]
    shape: str = ""
    lifetime: int = 3600
    claims: Mapping[str, Any] = {}
    tags: Mapping[str, str] = {}
    transitive: Sequence[str] = ()
    source_identity: str = ""
    expired: bool = False
    wrong_audience: bool = False
    wrong_key: bool = False


def claims_of(wish: Wish, now: int, token_id: str) -> dict[str, Any]:
    """Return the claims of the token that is wished for. `now` is in epoch seconds."""
    shape = wish.shape or shape_of(wish.subject)
    audience = [ELSEWHERE] if wish.wrong_audience else list(wish.audience)
    # What has expired did so long enough ago that no allowance for clocks saves it.
    issued = now - wish.lifetime - 3600 if wish.expired else now
    claims: dict[str, Any] = {
        "iss": wish.issuer,
        "sub": wish.subject,
        "aud": audience if shape == "kubernetes" or len(audience) > 1 else audience[0],
        "iat": issued,
        "nbf": issued,
        "exp": issued + wish.lifetime,
        "jti": token_id,
        **SHAPES[shape](wish.subject),
    }
    if shape == "google":
        claims["azp"] = audience[0]
    if wish.tags:
        claims[_TAGS] = {
            "principal_tags": {key: [value] for key, value in wish.tags.items()},
            "transitive_tag_keys": list(wish.transitive),
        }
    if wish.source_identity:
        claims[_SOURCE_IDENTITY] = wish.source_identity
    return claims | dict(wish.claims)


def token(wish: Wish, key: SigningKey, now: int, token_id: str) -> str:
    """Return the token that is wished for, signed; with `wrong_key` by a key that merely bears the right one's id."""
    algorithm = str(key.get("alg"))
    signing = new_key(algorithm, str(key.kid)) if wish.wrong_key else key
    header = {"alg": algorithm, "kid": str(key.kid), "typ": "JWT"}
    payload = msgspec.json.encode(claims_of(wish, now, token_id))
    return jws.serialize_compact(header, payload, signing, list(CURVES))
