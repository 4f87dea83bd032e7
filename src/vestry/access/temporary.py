"""What some credentials may not call, whatever the policies say.

| obtained by | may not call |
|---|---|
| GetSessionToken | IAM, unless the call proved an MFA device; of STS all but AssumeRole and GetCallerIdentity |
| GetFederationToken | IAM; of STS all but GetCallerIdentity |
| anything | GetSessionToken and GetFederationToken |
| (a service's own key) | all but AssumeRole and GetCallerIdentity (`access.service`) |

Sources: STS API reference, GetSessionToken and GetFederationToken; IAM User Guide, "Compare AWS STS credentials".
"""

from __future__ import annotations

from vestry.access.caller import Caller
from vestry.access.service import service_refusal
from vestry.credentials.session import SessionKind
from vestry.errors import InvalidClientTokenId

_STS_OF_SESSION_TOKEN = frozenset(("sts:AssumeRole", "sts:GetCallerIdentity"))
_STS_OF_FEDERATED_USER = frozenset(("sts:GetCallerIdentity",))

#: AWS's own words for the two that every session is refused.
_LONG_TERM_ONLY = {
    "sts:GetSessionToken": "Cannot call GetSessionToken with session credentials",
    "sts:GetFederationToken": "Cannot call GetFederationToken with session credentials",
}


def check_service(caller: Caller, service: str) -> None:
    """Raise InvalidClientTokenId when temporary credentials of this kind mean nothing to a service.

    To IAM they are no credentials at all, so it answers as for a token that it does not know.
    """
    session = caller.session
    if session is None or service != "iam":
        return
    unproved = session.kind is SessionKind.SESSION_TOKEN and not session.mfa_time
    if unproved or session.kind is SessionKind.FEDERATED_USER:
        raise InvalidClientTokenId(hint="IAM accepts these credentials only from a session that proved MFA.")


def refusal(caller: Caller, action: str) -> str | None:
    """Return the text with which an operation is refused to the caller's kind of credentials, or None."""
    session = caller.session
    if session is None:
        return service_refusal(caller, action)
    text = _LONG_TERM_ONLY.get(action)
    if text is not None or not action.startswith("sts:"):
        return text
    if session.kind is SessionKind.SESSION_TOKEN:
        permitted = _STS_OF_SESSION_TOKEN
    elif session.kind is SessionKind.FEDERATED_USER:
        permitted = _STS_OF_FEDERATED_USER
    else:
        return None
    if action in permitted:
        return None
    return f"User: {caller.arn} is not authorized to perform: {action}"
