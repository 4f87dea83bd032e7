"""GetWebIdentityToken: the caller's identity as a JSON Web Token, for services elsewhere.

Source: STS API reference, GetWebIdentityToken; IAM User Guide, "Understanding token claims" of outbound federation.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from vestry import limits
from vestry.access.caller import Caller
from vestry.access.context import Question, principal_tags, tag_keys
from vestry.access.declaration import Ask, Resource
from vestry.arn import self_arn
from vestry.credentials.web_identity import ALGORITHMS, encode_claims, sign_token
from vestry.errors import (
    JwtPayloadSizeExceeded,
    OutboundFederationDisabled,
    SessionDurationEscalation,
    ValidationError,
)
from vestry.policy.request import Kind, Value
from vestry.services.operation import Answer, Call, operation
from vestry.services.signing_keys import open_key, signing_key
from vestry.services.sts.request import check_tag_keys, passed_tags

#: The claim that holds all that is not of every issuer.
NAMESPACE = "https://sts.amazonaws.com/"

#: Condition keys of a session on a machine -> the claims that repeat them.
_MACHINE_CLAIMS = {
    "ec2:sourceinstancearn": "ec2_source_instance_arn",
    "ec2:roledelivery": "ec2_role_delivery",
    "aws:ec2instancesourcevpc": "ec2_instance_source_vpc",
    "aws:ec2instancesourceprivateipv4": "ec2_instance_source_private_ipv4",
}


def _self(ask: Ask) -> Resource:
    """The caller's own session."""
    algorithm = ask.parameters["SigningAlgorithm"]
    if algorithm not in ALGORITHMS:
        raise ValidationError(
            f"1 validation error detected: Value '{algorithm}' at 'signingAlgorithm' failed to satisfy constraint: "
            f"Member must satisfy enum value set: [{', '.join(ALGORITHMS)}]"
        )
    check_tag_keys(passed_tags(ask.parameters))
    arn = self_arn(ask.account.id)
    return Resource(arn, arn, ask.account.id)


def _keys(ask: Ask) -> dict[str, Value]:
    parameters = ask.parameters
    own: dict[str, Value] = {
        "sts:identitytokenaudience": tuple(parameters["Audience"]),
        "sts:signingalgorithm": parameters["SigningAlgorithm"],
        "sts:durationseconds": str(parameters.get("DurationSeconds", limits.DEFAULT_WEB_IDENTITY)),
    }
    return own | tag_keys(passed_tags(parameters))


def _tagging(ask: Ask, resource: Resource) -> Iterable[Question]:
    """Tags ask for an action of their own."""
    if ask.parameters.get("Tags"):
        yield Question(
            "sts:TagGetWebIdentityToken", resource.arn, resource.shown, resource.account, _keys(ask)
        )


@operation("sts:GetWebIdentityToken", on=_self, keys=(_keys,), more=(_tagging,), regional=True)
def get_web_identity_token(call: Call) -> Answer:
    """Return a token that the account's issuer signs. Its times are the real clock's, for others verify it.

    Errors: OutboundWebIdentityFederationDisabledException, SessionDurationEscalationException,
    JWTPayloadSizeExceededException, InvalidParameterValue, ValidationError.
    """
    issuer, session = call.account.issuer, call.caller.session
    if issuer is None or not issuer.enabled:
        raise OutboundFederationDisabled
    lasts: int = call.get("DurationSeconds", limits.DEFAULT_WEB_IDENTITY)
    if session is not None and call.now + lasts > session.expires:
        raise SessionDurationEscalation
    audience, algorithm = call.parameters["Audience"], call.parameters["SigningAlgorithm"]
    payload = encode_claims(
        {
            "aud": audience[0] if len(audience) == 1 else audience,
            "sub": _subject(call.caller),
            NAMESPACE: _namespace(call),
            "iss": call.public_url + issuer.path,
            "iat": call.wall,
            "exp": call.wall + lasts,
            "jti": str(UUID(bytes=call.entropy(16), version=4)),
        }
    )
    if len(payload) > limits.WEB_IDENTITY_PAYLOAD:
        raise JwtPayloadSizeExceeded
    key = signing_key(issuer, algorithm, call.wall)
    token = sign_token(payload, algorithm, key.id, open_key(issuer.account, key, call.keyring))
    return {"WebIdentityToken": token, "Expiration": call.wall + lasts}


def _subject(caller: Caller) -> str:
    """Return the ARN of the user, the root user, or the role behind a session."""
    principal = caller.principal
    return principal.issuer_arn if principal.kind is Kind.ROLE else principal.arn


def _namespace(call: Call) -> dict[str, Any]:
    caller, session = call.caller, call.caller.session
    claims: dict[str, Any] = {
        "aws_account": caller.account.id,
        "source_region": call.region,
        "principal_id": _subject(caller),
        "principal_tags": dict(principal_tags(caller)),
        "request_tags": dict(passed_tags(call.parameters)),
    }
    if session is not None:
        ends = datetime.fromtimestamp(session.expires, UTC)
        claims["original_session_exp"] = ends.strftime("%Y-%m-%dT%H:%M:%SZ")
        claims["source_identity"] = session.source_identity
        claims["federated_provider"] = session.federated_provider
        context = dict(session.context)
        claims |= {claim: context.get(key) for key, claim in _MACHINE_CLAIMS.items()}
    return {name: value for name, value in claims.items() if value}
