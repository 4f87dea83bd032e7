"""GetDelegatedAccessToken: nothing here hands out trade-in tokens, so there is none to trade in.

Source: STS API reference, GetDelegatedAccessToken.
"""

from __future__ import annotations

from vestry.access.declaration import Ask, Resource
from vestry.errors import ExpiredTradeInToken
from vestry.services.operation import Answer, Call, operation


def _anything(ask: Ask) -> Resource:
    return Resource("*", "*", ask.account.id)


@operation("sts:GetDelegatedAccessToken", on=_anything)
def get_delegated_access_token(call: Call) -> Answer:
    """Refuse the token. Errors: ExpiredTradeInTokenException, always."""
    assert call.parameters["TradeInToken"] is not None, "the model requires it"
    raise ExpiredTradeInToken
