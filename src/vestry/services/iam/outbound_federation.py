"""Outbound web identity federation: whether an account's principals may prove elsewhere who they are.

Source: IAM API reference, EnableOutboundWebIdentityFederation, DisableOutboundWebIdentityFederation,
GetOutboundWebIdentityFederationInfo.
"""

from __future__ import annotations

from uuid import UUID

from msgspec.structs import replace

from vestry.access.declaration import Ask, Resource
from vestry.credentials.web_identity import ALGORITHMS
from vestry.directory.issuers import WebIdentityIssuer
from vestry.errors import FeatureDisabled, FeatureEnabled
from vestry.services.operation import Answer, Call, operation
from vestry.services.signing_keys import make_key

_ENABLED = "Outbound web identity federation is already enabled for your account"
_DISABLED = "Outbound web identity federation is disabled for your account"


def _account(ask: Ask) -> Resource:
    return Resource("*", "*", ask.account.id)


@operation("iam:EnableOutboundWebIdentityFederation", on=_account, writes=True)
def enable_outbound_web_identity_federation(call: Call) -> Answer:
    """Let the account issue tokens; its issuer and keys are made the first time. Errors: FeatureEnabled."""
    issuer = call.account.issuer
    if issuer is None:
        number = call.account.id
        name = str(UUID(bytes=call.entropy(16), version=4))
        keys = (make_key(number, each, 1, call.wall, call.entropy, call.keyring) for each in ALGORITHMS)
        issuer = WebIdentityIssuer(number, name, True, tuple(keys))
        call.put(issuer)
    elif issuer.enabled:
        raise FeatureEnabled(_ENABLED)
    else:
        call.put(replace(issuer, enabled=True), replacing=issuer)
    return {"IssuerIdentifier": call.public_url + issuer.path}


@operation("iam:DisableOutboundWebIdentityFederation", on=_account, writes=True)
def disable_outbound_web_identity_federation(call: Call) -> Answer:
    """Let the account issue no more tokens; those that it issued go on. Errors: FeatureDisabled."""
    issuer = call.account.issuer
    if issuer is None or not issuer.enabled:
        raise FeatureDisabled(_DISABLED)
    call.put(replace(issuer, enabled=False), replacing=issuer)
    return {}


@operation("iam:GetOutboundWebIdentityFederationInfo", on=_account)
def get_outbound_web_identity_federation_info(call: Call) -> Answer:
    """Return the account's issuer. Errors: FeatureDisabled."""
    issuer = call.account.issuer
    if issuer is None or not issuer.enabled:
        raise FeatureDisabled(_DISABLED)
    return {"IssuerIdentifier": call.public_url + issuer.path, "JwtVendingEnabled": True}
