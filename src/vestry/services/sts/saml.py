"""AssumeRoleWithSAML. Source: STS API reference; IAM User Guide, "SAML 2.0 federation"."""

from __future__ import annotations

from vestry.access.caller import Spent
from vestry.access.proof import ProvenBy
from vestry.access.saml_identity import prove_saml
from vestry.directory.providers import UsedAssertion
from vestry.errors import InvalidIdentityToken
from vestry.services.operation import Answer, Call, operation
from vestry.services.sts.federated import (
    federated_session,
    proof_of,
    proven_keys,
    tagging_and_naming,
    trusting_role,
)

#: Remembered assertions that are forgotten at one call at most: a burst is worked off by several.
_FORGOTTEN_AT_ONCE = 200


@operation(
    "sts:AssumeRoleWithSAML",
    on=trusting_role,
    keys=(proven_keys,),
    more=(tagging_and_naming,),
    proof=ProvenBy(prove_saml, heavy=True),
    writes=True,
)
def assume_role_with_saml(call: Call) -> Answer:
    """Return temporary credentials of a role for a SAML assertion, which is then used up (parameters PrincipalArn and
    SAMLAssertion are read by the proof). Errors: AccessDenied, InvalidIdentityToken, ExpiredTokenException,
    IDPRejectedClaim, ValidationError, MalformedPolicyDocument, PackedPolicyTooLarge, NoSuchEntity."""
    proof = proof_of(call.caller.proof)
    assert proof.spent is not None, "an assertion is used once"
    spend(call, proof.spent)
    return federated_session(call, proof.longest)


def spend(call: Call, spent: Spent) -> None:
    """Remember an assertion, so that nobody presents it again; what nobody could present any more is forgotten.

    It is a change like any other: the answer waits until it is durable, and without the store there is none.
    Raises InvalidIdentityToken.
    """
    used = call.account.used_assertions
    assertion = UsedAssertion(call.account.id, spent.id, spent.until)
    if assertion.id in used.get(assertion.minute, {}):
        raise InvalidIdentityToken(
            "The SAML assertion has been used before.", hint="Sign in at the identity provider again."
        )
    now = call.wall // 60
    ended = [one for minute, shelf in used.items() if minute < now for one in shelf.values()]
    for one in ended[:_FORGOTTEN_AT_ONCE]:
        call.remove(one)
    call.put(assertion)
