"""Who presents a SAML assertion: from the response and a Root to a Caller.

Source: STS API reference, AssumeRoleWithSAML; IAM User Guide, "Configure SAML assertions for the authentication response",
"Available keys for SAML-based AWS STS federation", "Passing session tags using AssumeRoleWithSAML".
"""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from collections.abc import Iterator, Mapping
from typing import Final

from vestry import limits
from vestry.access.asserted import checked_source_identity, checked_tags
from vestry.access.caller import Caller, Proof, Spent, principal_of_provider
from vestry.access.proof import Submission
from vestry.access.saml_keys import private_keys
from vestry.arn import role_account
from vestry.credentials.saml import Trust, verify_response
from vestry.credentials.saml_assertion import Assertion
from vestry.directory.providers import SamlProvider
from vestry.errors import AccessDenied, InvalidIdentityToken, ValidationError
from vestry.policy.keys import KEYS
from vestry.policy.request import Value
from vestry.policy.saml_attributes import ATTRIBUTES

_AWS: Final = "https://aws.amazon.com/SAML/Attributes/"
_FORMAT: Final = "urn:oasis:names:tc:SAML:2.0:nameid-format:"
_NAME = re.compile(r"[a-zA-Z_0-9+=,.@-]{2,64}", re.ASCII)
_DENIED = "Not authorized to perform sts:AssumeRoleWithSAML"
#: Roles that belong to AWS's own single sign-on, and to nobody else's.
_RESERVED = "AWSReservedSSO_"
#: The keys that stay in the session, for the policies of what it calls.
_KEPT: Final = ("saml:namequalifier", "saml:sub", "saml:sub_type")


def prove_saml(submission: Submission) -> Caller:
    """Return who presents the response of an AssumeRoleWithSAML, in AWS's order of checks.

    1. The role's ARN is one.
    2. The provider exists, with exactly that ARN.
    3. The response proves an assertion (`credentials.saml.verify_response`).
    4. The assertion names somebody, and the pair of role and provider that is asked for; both are of one account, and
       the role is not one of those that only AWS's own sign-on may hand out.
    5. Its RoleSessionName, SessionDuration, session tags and source identity are such as may be passed.

    Raises InvalidIdentityToken, ExpiredIdentityToken, IdentityProviderRefused, ValidationError, AccessDenied.
    """
    parameters = submission.parameters
    role, arn = parameters["RoleArn"], parameters["PrincipalArn"]
    number = role_account(role)
    if number is None:  # 1
        raise ValidationError(f"{role} is invalid")
    account = submission.root.accounts.get(arn[13:25])
    provider = None if account is None else account.saml_provider(arn)
    if account is None or provider is None:  # 2
        raise InvalidIdentityToken("Specified provider doesn't exist.")
    earlier = submission.earlier
    if earlier is not None and earlier.proof is not None and earlier.proof.rests_on is provider:
        return Caller(principal_of_provider(arn), account, "", proof=earlier.proof)
    assertion = verify_response(
        parameters["SAMLAssertion"], _trust(provider, submission), submission.wall
    )  # 3
    pairs = set(_pairs(assertion.attributes))
    if not pairs:
        raise InvalidIdentityToken(
            "Your request included an invalid SAML response.",
            hint=f"It has no attribute {_AWS}Role with pairs.",
        )
    reserved = role.rpartition("/")[2].startswith(_RESERVED)
    if assertion.name is None or (role, arn) not in pairs or number != account.id or reserved:  # 4
        raise AccessDenied(
            _DENIED, hint=f"Its attribute Role must pair {role} with {arn}, and its subject have a NameID."
        )
    proof = _proof(provider, assertion, assertion.name, submission.wall)  # 5
    return Caller(principal_of_provider(arn), account, "", proof=proof)


def _trust(provider: SamlProvider, submission: Submission) -> Trust:
    return Trust(
        provider_id=provider.unique_id,
        entity_id=provider.entity_id,
        certificates=provider.certificates,
        valid_until=provider.valid_until,
        private_keys=private_keys(provider, submission.keyring),
        encrypted_only=provider.encryption_required,
        own_urls=frozenset((f"{submission.public_url}/saml",)),
    )


def _pairs(attributes: Mapping[str, tuple[str, ...]]) -> Iterator[tuple[str, str]]:
    """Yield the (role, provider) pairs of an assertion: they are written in either order."""
    for value in attributes.get(f"{_AWS}Role", ()):
        first, comma, second = (part.strip() for part in value.partition(","))
        if comma and ":saml-provider/" in second:
            yield first, second
        elif comma and ":saml-provider/" in first:
            yield second, first


def _proof(provider: SamlProvider, assertion: Assertion, subject: str, wall: int) -> Proof:
    attributes = assertion.attributes
    name = _single(attributes, "RoleSessionName")
    if name is None:
        raise InvalidIdentityToken("RoleSessionName is required in AuthnResponse")
    if _NAME.fullmatch(name) is None:
        raise InvalidIdentityToken("RoleSessionName in AuthnResponse must match [a-zA-Z_0-9+=,.@-]{2,64}")
    qualified = f"{assertion.issuer}{provider.account}/{provider.name}"
    qualifier = b64encode(hashlib.sha1(qualified.encode(), usedforsecurity=False).digest()).decode()
    kind = assertion.name_format.removeprefix(_FORMAT)
    keys: dict[str, Value] = {
        **_mapped(attributes),
        "saml:aud": assertion.recipient,
        "saml:iss": assertion.issuer,
        "saml:doc": f"{provider.account}/{provider.name}",
        "saml:sub": subject,
        "saml:sub_type": kind or None,
        "saml:namequalifier": qualifier,
    }
    tags, transitive = checked_tags(_tags(attributes), attributes.get(f"{_AWS}TransitiveTagKeys", ()))
    return Proof(
        provider=provider.arn,
        subject=subject,
        session_name=name,
        keys=keys,
        kept=_KEPT,
        tags=tags,
        transitive=transitive,
        source_identity=checked_source_identity(_single(attributes, "SourceIdentity") or ""),
        longest=_longest(assertion, wall),
        spent=_spent(assertion),
        rests_on=provider,
        answer={
            "Subject": subject,
            "SubjectType": kind or None,
            "Issuer": assertion.issuer,
            "Audience": assertion.recipient,
            "NameQualifier": qualifier,
        },
    )


def _spent(assertion: Assertion) -> Spent:
    """Return by what the assertion is remembered, and until when it could be presented again."""
    told = f"{assertion.issuer}\n{assertion.id}".encode()
    return Spent(hashlib.sha256(told).hexdigest(), assertion.issued + limits.SAML_REDEEM_SECONDS)


def _longest(assertion: Assertion, wall: int) -> int | None:
    """Return how long the session may last at most, in seconds: to the provider's own session's end, and no longer than
    SessionDuration. It only shortens: what is not asked for lasts an hour."""
    bounds = [] if assertion.session_end is None else [assertion.session_end - wall]
    told = _single(assertion.attributes, "SessionDuration")
    if told is not None:
        if not (told.isascii() and told.isdecimal() and len(told) <= 5 and 900 <= int(told) <= 43_200):
            raise InvalidIdentityToken(
                "SessionDuration in AuthnResponse must be a number of seconds from 900 to 43200"
            )
        bounds.append(int(told))
    return min(bounds, default=None)


def _tags(attributes: Mapping[str, tuple[str, ...]]) -> Iterator[tuple[str, str]]:
    prefix = f"{_AWS}PrincipalTag:"
    for name, values in attributes.items():
        if name.startswith(prefix):
            if len(values) != 1:
                raise InvalidIdentityToken("A session tag in AuthnResponse must have exactly one value")
            yield name.removeprefix(prefix), values[0]


def _single(attributes: Mapping[str, tuple[str, ...]], name: str) -> str | None:
    """Return the one value of one of AWS's attributes, None where it is missing. Raises InvalidIdentityToken."""
    values = attributes.get(_AWS + name, ())
    if len(values) > 1:
        raise InvalidIdentityToken(f"{name} in AuthnResponse must have exactly one value")
    return values[0] if values else None


def _mapped(attributes: Mapping[str, tuple[str, ...]]) -> dict[str, Value]:
    """Return the condition keys that the attributes of directories make; of a key with one value, the first counts."""
    keys: dict[str, Value] = {}
    for name, key in ATTRIBUTES:
        values = attributes.get(name, ())
        if values and key not in keys:
            keys[key] = values if KEYS[key].several else values[0]
    return keys
