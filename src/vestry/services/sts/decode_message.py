"""DecodeAuthorizationMessage. Source: STS API reference, DecodeAuthorizationMessage."""

from __future__ import annotations

from vestry.access.authorization_message import decode_denial
from vestry.access.declaration import Ask, Resource
from vestry.services.operation import Answer, Call, operation


def _anything(ask: Ask) -> Resource:
    return Resource("*", "", ask.account.id)


@operation("sts:DecodeAuthorizationMessage", on=_anything)
def decode_authorization_message(call: Call) -> Answer:
    """Return what an encoded message of the caller's account says. Errors: InvalidAuthorizationMessageException."""
    ring = call.keyring.ring(call.root)
    text = decode_denial(call.parameters["EncodedMessage"], ring, call.account.id, call.now)
    return {"DecodedMessage": text}
