"""SAML responses, sound ones and broken ones on request.

Source: IAM User Guide, "Configure SAML assertions for the authentication response".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
from cryptography import x509

from vestry.idp.saml_documents import Statement, make_metadata, make_response
from vestry.idp.saml_key import Pair, new_pair
from vestry.idp.tokens import ELSEWHERE

AWS_AUDIENCE = "urn:amazon:webservices"
AWS_SIGN_IN = "https://signin.aws.amazon.com/saml"
#: Where the metadata of a served provider is, below its URL; that address is also the provider's name.
METADATA_PATH = "/saml/metadata"
SIGN_IN_PATH = "/saml/sign-in"
_AWS = "https://aws.amazon.com/SAML/Attributes/"
#: How long ago an expired assertion was issued, in seconds.
_LONG_AGO = 7200


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What a response shall say. `attributes` are values by full name; `tags`, of which `transitive` go on to further
    roles, `source_identity` and `session_duration` (seconds) are those of the role's session, "" and 0 for none."""

    issuer: str
    role: str
    provider: str
    session_name: str
    name_id: str
    recipient: str = AWS_SIGN_IN
    audience: str = AWS_AUDIENCE
    attributes: Mapping[str, Sequence[str]] = {}
    tags: Mapping[str, str] = {}
    transitive: Sequence[str] = ()
    source_identity: str = ""
    session_duration: int = 0
    encrypt_to: x509.Certificate | None = None
    expired: bool = False
    wrong_audience: bool = False
    wrong_recipient: bool = False
    wrong_key: bool = False


def entity_id(issuer: str) -> str:
    """Return the name of the SAML half of a provider that is served at `issuer`."""
    return issuer.rstrip("/") + METADATA_PATH


def metadata(issuer: str, pairs: Sequence[Pair]) -> str:
    """Return the provider's metadata, with the certificates of all pairs."""
    certificates = [pair.certificate for pair in pairs]
    return make_metadata(entity_id(issuer), certificates, issuer.rstrip("/") + SIGN_IN_PATH)


def response(wish: Wish, pair: Pair, now: int) -> bytes:
    """Return the response that is wished for. Raises TypeError when it cannot be encrypted for that certificate."""
    attributes: dict[str, Sequence[str]] = {
        f"{_AWS}Role": (f"{wish.role},{wish.provider}",),
        f"{_AWS}RoleSessionName": (wish.session_name,),
        **{f"{_AWS}PrincipalTag:{key}": (value,) for key, value in wish.tags.items()},
        **wish.attributes,
    }
    if wish.transitive:
        attributes[f"{_AWS}TransitiveTagKeys"] = wish.transitive
    if wish.source_identity:
        attributes[f"{_AWS}SourceIdentity"] = (wish.source_identity,)
    if wish.session_duration:
        attributes[f"{_AWS}SessionDuration"] = (str(wish.session_duration),)
    said = Statement(
        issuer=entity_id(wish.issuer),
        subject=wish.name_id,
        recipient=ELSEWHERE if wish.wrong_recipient else wish.recipient,
        audience=ELSEWHERE if wish.wrong_audience else wish.audience,
        issued=now - _LONG_AGO if wish.expired else now,
        attributes=attributes,
    )
    signing = new_pair() if wish.wrong_key else pair
    return make_response(said, signing.key, signing.certificate, wish.encrypt_to)
