"""Providers where everyone may sign in, and the condition that says whose tokens a role trusts."""

from __future__ import annotations

import pytest

from vestry.policy.document import Condition
from vestry.policy.shared_providers import BUILT_IN, CONTROLS, missing_control, scoped_keys

#: The guide's table: provider and claim.
GUIDE = """
    cognito-identity.amazonaws.com aud
    token.actions.githubusercontent.com sub
    vstoken.actions.githubusercontent.com sub
    oidc-configuration.audit-log.githubusercontent.com sub
    gitlab.com sub
    agent.buildkite.com sub
    app.terraform.io sub
    oidc.codefresh.io sub
    studio.datachain.ai/api sub
    scalr.io sub
    tokens.cloud.shisho.dev sub
    proidc.upbound.io sub
    api.pulumi.com/oidc aud
    sandboxes.cloud aud
    oidc.vercel.com aud
"""
ROWS = [line.split() for line in GUIDE.strip().splitlines()]
VERCEL = "sts.windows.net/33e01921-4d64-4f8c-a055-5bdaffd5e33d"


@pytest.mark.parametrize(("provider", "claim"), ROWS)
def test_a_shared_provider_needs_a_condition_on_its_claim(provider: str, claim: str) -> None:
    key = f"{provider}:{claim}"
    for named in (provider, f"arn:aws:iam::111122223333:oidc-provider/{provider}"):
        assert missing_control(named, frozenset()) == key
        assert missing_control(named, frozenset((key,))) == ""


def test_one_provider_needs_the_sessions_name() -> None:
    assert missing_control(VERCEL, frozenset()) == "sts:RoleSessionName"
    assert missing_control(VERCEL, frozenset(("sts:rolesessionname",))) == ""
    assert set(CONTROLS) == {provider for provider, _ in ROWS} | {VERCEL}


def test_any_other_provider_needs_none() -> None:
    assert missing_control("id.example.com", frozenset()) == ""
    assert missing_control("arn:aws:iam::111122223333:saml-provider/gitlab.com", frozenset()) == ""


def test_four_providers_are_named_by_their_address_alone() -> None:
    assert " ".join(sorted(BUILT_IN)) == (
        "accounts.google.com cognito-identity.amazonaws.com graph.facebook.com www.amazon.com"
    )


@pytest.mark.parametrize(
    ("condition", "scopes"),
    [
        (Condition("StringEquals", "A:Sub", ("x",)), True),
        (Condition("StringEqualsIgnoreCase", "A:Sub", ("x",)), True),
        (Condition("StringLike", "A:Sub", ("x*", "*?x")), True),
        (Condition("StringLike", "A:Sub", ("x", "*?*")), False),
        (Condition("StringLike", "A:Sub", ()), False),
        (Condition("StringNotEquals", "A:Sub", ("x",)), False),
        (Condition("Null", "A:Sub", ("false",)), False),
        (Condition("StringEquals", "A:Sub", ("x",), "", True), False),
        (Condition("StringEquals", "A:Sub", ("x",), "ForAnyValue"), True),
        (Condition("StringEquals", "A:Sub", ("x",), "ForAllValues"), False),
    ],
)
def test_a_condition_scopes_where_it_demands_a_value_that_is_no_wildcard(
    condition: Condition, scopes: bool
) -> None:
    assert scoped_keys((condition,)) == (frozenset(("a:sub",)) if scopes else frozenset())
