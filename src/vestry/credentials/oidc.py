"""OpenID Connect ID tokens: what AssumeRoleWithWebIdentity accepts as proof of who somebody is.

Sources: STS API reference, AssumeRoleWithWebIdentity; IAM User Guide, "Create an OpenID Connect identity provider";
RFC 7515, RFC 7519; texts as STS answers them.
"""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64decode
from collections.abc import Collection
from typing import Any

import msgspec
from joserfc.jws import JWSRegistry

from vestry import limits
from vestry.credentials.issuer_keys import ALGORITHMS, IssuerKey
from vestry.errors import ExpiredIdentityToken, InvalidIdentityToken

NOT_A_TOKEN = "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)"  # noqa: S105
_HEADER_BYTES = 4096
_OUTSIDE = re.compile(r"[^A-Za-z0-9_-]", re.ASCII)


_SIGNATURE_BYTES = 2048
_VERIFIERS = {name: JWSRegistry.algorithms[name].verify for name in ALGORITHMS}


class UnverifiedToken(msgspec.Struct, frozen=True, gc=False):
    """A token that was read and not yet verified: good only to say whose keys must verify it."""

    signed: bytes  # header and claims, as they came: what the signature is over
    signature: bytes
    algorithm: str
    key_id: str
    issuer: str
    claims: dict[str, Any]


class Identity(msgspec.Struct, frozen=True, gc=False):
    """What a verified token says. INVARIANT: made only by `verify_token`."""

    subject: str
    audience: str  # the one that was accepted: `azp` where the token has one
    audiences: tuple[str, ...]  # all of `aud`
    claims: dict[str, Any]


def read_token(text: str) -> UnverifiedToken:
    """Return what a token says of itself. Raises InvalidIdentityToken for what is no token that could ever be verified.

    1. It has three parts, the third not empty, and header and claims are JSON objects in base64url.
    2. No name stands twice in an object, and nothing nests deeply or holds a number that is none.
    3. The algorithm is one of `ALGORITHMS`, and no header is critical: we understand no extension.
    4. It names its issuer.
    """
    text = text.strip()  # files that hold a token often end in a line break
    parts = text.split(".")
    if len(parts) != 3 or not all(parts):  # 1
        raise InvalidIdentityToken(NOT_A_TOKEN)
    header, claims = _object(parts[0], _HEADER_BYTES), _object(parts[1], limits.WEB_IDENTITY_TOKEN)  # 1, 2
    signature = _unpacked(parts[2], _SIGNATURE_BYTES)  # 1
    algorithm, key_id = header.get("alg"), header.get("kid", "")
    if (
        not isinstance(algorithm, str)
        or algorithm not in ALGORITHMS
        or "crit" in header
        or not isinstance(key_id, str)
    ):  # 3
        raise InvalidIdentityToken(
            NOT_A_TOKEN, hint=f"Sign tokens with one of {', '.join(ALGORITHMS)}, without critical headers."
        )
    signed = text[: -1 - len(parts[2])].encode("ascii")
    return UnverifiedToken(signed, signature, algorithm, key_id, _text(claims, "iss"), claims)  # 4


def verify_token(token: UnverifiedToken, key: IssuerKey, client_ids: Collection[str], wall: int) -> Identity:
    """Return what the token proves. The caller has found the provider by the token's issuer, and the key among its keys.

    1. The key is one for the token's algorithm.
    2. The signature is the key's.
    3. `exp` and `iat` are there; all times are whole seconds.
    4. It has not expired; five minutes are allowed for clocks that differ. Raises ExpiredIdentityToken.
    5. `nbf` and `iat` are not in the future, with the same allowance.
    6. It names one subject, of at most 255 characters.
    7. It is meant for a client that the provider was registered with: `azp` where it has one, else one of `aud`.

    `wall` is the real time in epoch seconds. Raises InvalidIdentityToken but for 4.
    """
    if not key.fits(token.algorithm):  # 1
        raise InvalidIdentityToken(NOT_A_TOKEN)
    if not _VERIFIERS[token.algorithm](token.signed, token.signature, key.key):  # 2
        raise InvalidIdentityToken("Token signature invalid")
    claims = token.claims
    expires, issued = _time(claims, "exp"), _time(claims, "iat")  # 3
    for name, value in (("exp", expires), ("iat", issued)):
        if value is None:
            raise InvalidIdentityToken(f"Missing a required claim: {name}")
    assert expires is not None, "it was missed above"
    if wall >= expires + limits.WEB_IDENTITY_SKEW:  # 4
        raise ExpiredIdentityToken(
            f"Token expired: current date/time {wall} must be before the expiration date/time {expires}"
        )
    for value in (issued, _time(claims, "nbf")):  # 5
        if value is not None and value > wall + limits.WEB_IDENTITY_SKEW:
            raise InvalidIdentityToken(
                f"Token not yet valid: current date/time {wall} must be after the not before date/time {value}"
            )
    subject = _text(claims, "sub")  # 6
    if len(subject) > limits.SUBJECT_CHARACTERS:
        raise InvalidIdentityToken(NOT_A_TOKEN, hint="The claim sub is too long.")
    audience, audiences = _audience(claims, client_ids)  # 7
    return Identity(subject, audience, audiences, claims)


def _audience(claims: dict[str, Any], client_ids: Collection[str]) -> tuple[str, tuple[str, ...]]:
    found = claims.get("aud", ())
    audiences = (found,) if isinstance(found, str) else tuple(found) if isinstance(found, list) else ()
    azp = claims.get("azp")
    if not audiences and azp is None:
        raise InvalidIdentityToken("Missing a required claim: aud")
    if not all(isinstance(one, str) for one in audiences) or not isinstance(azp, str | None):
        raise InvalidIdentityToken(NOT_A_TOKEN)
    for audience in audiences if azp is None else (azp,):
        if audience in client_ids:
            return audience, audiences
    raise InvalidIdentityToken(
        "Incorrect token audience",
        hint="Add the audience to the provider's client ids, or ask the issuer for another.",
    )


def _text(claims: dict[str, Any], name: str) -> str:
    value = claims.get(name)
    if value is None or value == "":
        raise InvalidIdentityToken(f"Missing a required claim: {name}")
    if not isinstance(value, str):
        raise InvalidIdentityToken(NOT_A_TOKEN)
    return value


def _time(claims: dict[str, Any], name: str) -> int | None:
    value = claims.get(name)
    if value is None:
        return None
    if type(value) is not int:  # neither a fraction nor true
        raise InvalidIdentityToken(NOT_A_TOKEN, hint=f"The claim {name} is not a whole number of seconds.")
    return value


def _object(part: str, most: int) -> dict[str, Any]:
    raw = _unpacked(part, most)
    try:
        found = _decoder.decode(raw.decode("utf-8"))
    except (ValueError, RecursionError):
        raise InvalidIdentityToken(NOT_A_TOKEN) from None
    if not isinstance(found, dict):
        raise InvalidIdentityToken(NOT_A_TOKEN)
    return found


def _unpacked(part: str, most: int) -> bytes:
    """Return the bytes of base64url without padding; any other character, or too many of them, is no token's."""
    if len(part) > most or len(part) % 4 == 1 or _OUTSIDE.search(part) is not None:
        raise InvalidIdentityToken(NOT_A_TOKEN)
    return urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name stands twice")
    return found


def _no_number(text: str) -> Any:
    raise ValueError(f"{text} is no number")


_decoder = json.JSONDecoder(object_pairs_hook=_once, parse_constant=_no_number)
