"""Who presents a web identity token: from the token and a Root to a Caller.

Source: STS API reference, AssumeRoleWithWebIdentity; IAM User Guide, "Passing session tags using
AssumeRoleWithWebIdentity".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from vestry.access.asserted import checked_source_identity, checked_tags
from vestry.access.caller import Caller, Proof, principal_of_provider
from vestry.access.proof import Issuer, Needs, Submission
from vestry.arn import role_account
from vestry.credentials.oidc import NOT_A_TOKEN, Identity, read_token, verify_token
from vestry.directory.providers import OidcProvider
from vestry.errors import InvalidIdentityToken, InvalidParameterValue, ValidationError
from vestry.policy.provider_claims import EVERY, KEPT, claim_values, special_claims
from vestry.policy.request import Value

NO_KEY = (
    "Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity "
    "documentation for requirements"
)
_AWS = "https://aws.amazon.com/"  # what every claim about the session begins with
_TAGS = f"{_AWS}tags"
_FLAT_TAG = f"{_TAGS}/principal_tags/"
_FLAT_TRANSITIVE = f"{_TAGS}/transitive_tag_keys"
_SOURCE_IDENTITY = f"{_AWS}source_identity"
_ROLES = f"{_AWS}roles"


def prove_web_identity(submission: Submission) -> Caller | Needs:
    """Return who presents the token of an AssumeRoleWithWebIdentity, in AWS's order of checks.

    1. The role's ARN is one; the token is a token (`read_token`).
    2. Its issuer is a provider that the role's account has registered, under exactly that URL.
    3. The issuer's keys are at hand, the one among them that the token names. Answers Needs, once.
    4. Signature, times, subject and audience hold (`verify_token`).
    5. Where it says which roles it is for, this one is among them, letter for letter.
    6. Session tags and source identity in it are such as may be passed.

    Raises InvalidIdentityToken, ExpiredIdentityToken, ValidationError, InvalidParameterValue.
    """
    parameters = submission.parameters
    number = role_account(parameters["RoleArn"])  # 1
    if number is None:
        raise ValidationError(f"{parameters['RoleArn']} is invalid")
    if parameters.get("ProviderId") is not None:
        raise InvalidParameterValue(
            f"ProviderId {parameters['ProviderId']} is not supported: only OpenID Connect ID tokens are, which name "
            "their issuer themselves."
        )
    token = read_token(parameters["WebIdentityToken"])
    account = submission.root.accounts.get(number)
    address = token.issuer.removeprefix("https://")
    provider = account.oidc_providers.get(address) if account is not None else None
    if account is None or provider is None or provider.url != token.issuer:  # 2
        raise InvalidIdentityToken(f"No OpenIDConnect provider found in your account for {token.issuer}")
    key = submission.at_hand.key_of(token, Issuer(provider.url, provider.thumbprints))  # 3
    if isinstance(key, Needs):
        return key
    if key is None:
        raise InvalidIdentityToken(
            submission.at_hand.trouble or NO_KEY,
            hint="The server's log says why the issuer's keys could not be had.",
        )
    identity = verify_token(token, key, provider.client_ids, submission.wall)  # 4
    meant = _is_meant(identity.claims, parameters["RoleArn"])  # 5
    proof = _proof(provider, identity, parameters["RoleSessionName"], meant)  # 6
    return Caller(principal_of_provider(provider.arn, provider.id), account, "", proof=proof)


def _is_meant(claims: Mapping[str, Any], role: str) -> bool:
    """Tell whether the issuer says that the token is for this role. Raises InvalidIdentityToken where it is for others."""
    if _ROLES not in claims:
        return False
    roles = claims[_ROLES]
    if role not in (roles if isinstance(roles, list) else [roles]):
        raise InvalidIdentityToken(
            "The target role ARN is not present in the roles claim of the identity token",
            hint=f"The issuer binds the token to roles with its claim {_ROLES}.",
        )
    return True


def _proof(provider: OidcProvider, identity: Identity, session_name: str, meant: bool) -> Proof:
    claims, prefix = identity.claims, provider.id.lower()
    values: dict[str, Value] = {**claim_values(claims, (*EVERY, *special_claims(provider.id)))}
    amr = values.get("amr")
    if isinstance(amr, str):
        values["amr"] = (amr,)
    if identity.audiences:
        values["oaud"] = identity.audiences[0] if len(identity.audiences) == 1 else identity.audiences
    values["aud"] = identity.audience
    asserted = any(name.startswith(_AWS) for name in claims)
    tags, transitive = checked_tags(_tags(claims), _transitive(claims)) if asserted else ((), ())
    return Proof(
        provider=provider.arn,
        subject=identity.subject,
        session_name=session_name,
        keys={
            **{f"{prefix}:{name.lower()}": value for name, value in values.items()},
            "sts:roleauthorizedbyidp": "true" if meant else "false",
        },
        kept=tuple(f"{prefix}:{name}" for name in KEPT if name in values),
        tags=tags,
        transitive=transitive,
        source_identity=checked_source_identity(_string(claims.get(_SOURCE_IDENTITY, ""))),
        answer={
            "SubjectFromWebIdentityToken": identity.subject,
            "Provider": provider.arn,
            "Audience": identity.audience,
        },
    )


def _tags(claims: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the session tags in a token, in either form: an object of lists of one, or a claim a tag."""
    nested = claims.get(_TAGS, {})
    pairs = nested.get("principal_tags", {}) if isinstance(nested, dict) else None
    if not isinstance(pairs, dict):
        raise InvalidIdentityToken(
            NOT_A_TOKEN, hint=f"The claim {_TAGS} is not in the form that AWS documents."
        )
    for key, value in pairs.items():
        yield key, _single(value)
    for name, value in claims.items():
        if name.startswith(_FLAT_TAG):
            yield name[len(_FLAT_TAG) :], _single(value)


def _transitive(claims: Mapping[str, Any]) -> Iterator[str]:
    nested = claims.get(_TAGS)
    inner = nested.get("transitive_tag_keys", []) if isinstance(nested, dict) else []
    for found in (inner, claims.get(_FLAT_TRANSITIVE, [])):
        yield from map(_string, found if isinstance(found, list) else (found,))


def _single(value: object) -> str:
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    return _string(value)


def _string(value: object) -> str:
    if not isinstance(value, str):
        raise InvalidIdentityToken(
            NOT_A_TOKEN, hint="Session tags and source identity are texts, one value each."
        )
    return value
