"""GetSessionToken. Source: STS API reference, GetSessionToken."""

from __future__ import annotations

from vestry import limits
from vestry.credentials.session import SessionClaims, SessionKind
from vestry.services.operation import Answer, Call, operation
from vestry.services.sts.shapes import credentials_of


def lifetime(call: Call) -> int:
    """Return how long a session of the caller's own lasts, in seconds; a root user's never longer than an hour."""
    if call.caller.user is None:
        wanted: int = call.get("DurationSeconds", limits.ROOT_SESSION)
        return min(wanted, limits.ROOT_SESSION)
    return int(call.get("DurationSeconds", limits.DEFAULT_USER_SESSION))


@operation(
    "sts:GetSessionToken",
    exempt="AWS lets every user and root user authenticate; no policy can forbid it",
    mfa=True,
)
def get_session_token(call: Call) -> Answer:
    """Return temporary credentials of the calling user or root user. Errors: AccessDenied, InvalidParameterValue."""
    caller = call.caller
    claims = SessionClaims(
        account=caller.account.id,
        incarnation=call.account.settings.incarnation,
        issuer=caller.user_id,
        name="",
        issued=call.now,
        expires=call.now + lifetime(call),
        mfa_time=caller.mfa_time,
        kind=SessionKind.SESSION_TOKEN,
    )
    return credentials_of(call, claims)
