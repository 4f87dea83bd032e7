"""The tree of faults. A class says its code and status in the Query protocol (IAM, STS); `codes` holds what differs.

A fault's `message` is AWS's text and reaches the client; its `hint` says what to do next and reaches the command
line, the log and the explanation, never AWS's body. Sources: botocore's IAM and STS models; STS "Common errors".
"""

from __future__ import annotations

from typing import ClassVar

__all__ = [
    "AccessDenied",
    "AuthenticationFault",
    "ConcurrentModification",
    "DeleteConflict",
    "EntityAlreadyExists",
    "EntityTemporarilyUnmodifiable",
    "ExpiredIdentityToken",
    "ExpiredToken",
    "ExpiredTradeInToken",
    "Fault",
    "FeatureDisabled",
    "FeatureEnabled",
    "IdentityProviderRefused",
    "IncompleteSignature",
    "InternalFailure",
    "InvalidAction",
    "InvalidAuthenticationCode",
    "InvalidAuthorizationMessage",
    "InvalidClientTokenId",
    "InvalidIdentityToken",
    "InvalidInput",
    "InvalidParameterValue",
    "JwtPayloadSizeExceeded",
    "LimitExceeded",
    "MalformedInput",
    "MalformedPolicyDocument",
    "MissingAuthenticationToken",
    "MissingParameter",
    "NoSuchEntity",
    "NotImplementedOperation",
    "OutboundFederationDisabled",
    "PackedPolicyTooLarge",
    "ParameterFault",
    "RegionDisabled",
    "ServerFault",
    "ServiceUnavailable",
    "SessionDurationEscalation",
    "SignatureDoesNotMatch",
    "StateFault",
    "Throttling",
    "UnmodifiableEntity",
    "ValidationError",
]


class Fault(Exception):
    """A refusal that the client is told of. `message` may be None: AWS then sends no Message element."""

    code: ClassVar[str] = ""
    status: ClassVar[int] = 400
    default: ClassVar[str] = ""
    default_hint: ClassVar[str] = ""

    def __init__(self, message: str | None = "", *, hint: str = "") -> None:
        self.message = self.default if message == "" else message
        self.hint = hint or self.default_hint
        super().__init__(self.message)


# ── Who is asking ────────────────────────────────────────────────────────────────────────────────────────────────
class AuthenticationFault(Fault):
    """The request does not prove who signed it."""

    status = 403


class MissingAuthenticationToken(AuthenticationFault):
    code = "MissingAuthenticationToken"
    default = "Request is missing Authentication Token"
    default_hint = "Sign the request: give the client an access key (vestry account create prints one)."


class IncompleteSignature(AuthenticationFault):
    code = "IncompleteSignature"
    status = 400


class InvalidClientTokenId(AuthenticationFault):
    code = "InvalidClientTokenId"
    default = "The security token included in the request is invalid."
    default_hint = (
        "The access key is unknown, inactive or deleted, or the session token belongs to another key."
    )


class SignatureDoesNotMatch(AuthenticationFault):
    code = "SignatureDoesNotMatch"
    default = (
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
        "Access Key and signing method. Consult the service documentation for details."
    )
    default_hint = (
        "Check the secret access key, and that no proxy changes the host, path or headers on the way."
    )


class ExpiredToken(AuthenticationFault):
    code = "ExpiredToken"
    default = "The security token included in the request is expired"
    default_hint = "Assume the role again: temporary credentials end by themselves and cannot be extended."


class InvalidIdentityToken(AuthenticationFault):
    """A web identity token or a SAML assertion proves nothing here."""

    code = "InvalidIdentityToken"
    status = 400


class ExpiredIdentityToken(AuthenticationFault):
    """A web identity token or a SAML assertion was presented too late."""

    code = "ExpiredTokenException"
    status = 400
    default_hint = "Sign in at the identity provider again."


class IdentityProviderRefused(AuthenticationFault):
    """The identity provider itself says that it did not sign the user in."""

    code = "IDPRejectedClaim"


# ── May they ─────────────────────────────────────────────────────────────────────────────────────────────────────
class AccessDenied(Fault):
    """The policies do not allow it. `decision` and `question` are what was decided of what, where anything was.

    `encoded` is the decision as DecodeAuthorizationMessage takes it, for the services that tell it; empty otherwise.
    `asked` is all that was asked, where a service asked on its own behalf, and not the caller.
    """

    code = "AccessDenied"
    status = 403

    def __init__(
        self, message: str, *, decision: object = None, question: object = None, hint: str = ""
    ) -> None:
        super().__init__(message, hint=hint)
        self.decision = decision
        self.question = question
        self.encoded = ""
        self.asked: object = None

    def reworded(self, message: str, *, hint: str) -> AccessDenied:
        """Return the same denial as another service words it."""
        other = AccessDenied(message, decision=self.decision, question=self.question, hint=hint)
        other.asked = self.asked
        return other


class RegionDisabled(Fault):
    code = "RegionDisabledException"
    status = 403


# ── What was asked ───────────────────────────────────────────────────────────────────────────────────────────────
class ParameterFault(Fault):
    """The request itself is wrong, whatever exists."""


class InvalidAction(ParameterFault):
    code = "InvalidAction"


class NotImplementedOperation(ParameterFault):
    """An operation of AWS's model that Vestry does not offer; the message names it."""

    code = "UnsupportedOperation"


class ValidationError(ParameterFault):
    code = "ValidationError"


class MalformedInput(ParameterFault):
    code = "MalformedInput"


class MissingParameter(ParameterFault):
    code = "MissingParameter"


class InvalidInput(ParameterFault):
    code = "InvalidInput"


class InvalidParameterValue(ParameterFault):
    code = "InvalidParameterValue"


class MalformedPolicyDocument(ParameterFault):
    code = "MalformedPolicyDocument"


class PackedPolicyTooLarge(ParameterFault):
    code = "PackedPolicyTooLarge"


class ExpiredTradeInToken(ParameterFault):
    code = "ExpiredTradeInTokenException"
    default = "The trade-in token is invalid or has expired."
    default_hint = "Vestry hands out no trade-in tokens, so none is ever good here."


class InvalidAuthorizationMessage(ParameterFault):
    code = "InvalidAuthorizationMessageException"
    default = "Message is not valid"
    default_hint = "It was altered or cut, has expired, or belongs to another account or installation."


class InvalidAuthenticationCode(ParameterFault):
    """Two consecutive codes of an MFA device are not that."""

    code = "InvalidAuthenticationCode"
    status = 403
    default = "Authentication code for device is not valid."
    default_hint = "Give two codes that follow each other; a code that was used is not good again."


# ── What exists ──────────────────────────────────────────────────────────────────────────────────────────────────
class StateFault(Fault):
    """The request is sound, but what exists does not permit it."""

    status = 409


class NoSuchEntity(StateFault):
    code = "NoSuchEntity"
    status = 404


class EntityAlreadyExists(StateFault):
    code = "EntityAlreadyExists"


class DeleteConflict(StateFault):
    code = "DeleteConflict"


class LimitExceeded(StateFault):
    code = "LimitExceeded"


class FeatureEnabled(StateFault):
    code = "FeatureEnabled"


class FeatureDisabled(StateFault):
    code = "FeatureDisabled"
    status = 404


class OutboundFederationDisabled(StateFault):
    code = "OutboundWebIdentityFederationDisabledException"
    status = 403
    default = "Outbound web identity federation is disabled for your account"
    default_hint = "aws iam enable-outbound-web-identity-federation"


class SessionDurationEscalation(StateFault):
    code = "SessionDurationEscalationException"
    status = 403
    default = "The requested token duration would extend the session beyond its original expiration time."


class JwtPayloadSizeExceeded(ParameterFault):
    code = "JWTPayloadSizeExceededException"
    default = "JWT payload exceeds maximum allowed size"


class UnmodifiableEntity(StateFault):
    code = "UnmodifiableEntity"
    status = 400


class EntityTemporarilyUnmodifiable(StateFault):
    code = "EntityTemporarilyUnmodifiable"


class ConcurrentModification(StateFault):
    code = "ConcurrentModification"


# ── Ourselves ────────────────────────────────────────────────────────────────────────────────────────────────────
class ServerFault(Fault):
    """Vestry could not do it now; the client may try again."""

    status = 500


class ServiceUnavailable(ServerFault):
    code = "ServiceUnavailable"
    status = 503
    default = "The request has failed due to a temporary failure of the server."


class Throttling(ServerFault):
    code = "Throttling"
    status = 400
    default = "Rate exceeded"


class InternalFailure(ServerFault):
    code = "InternalFailure"
    default = "The request processing has failed because of an unknown error, exception or failure."
