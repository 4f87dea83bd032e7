"""Which claims are condition keys: every provider's, those of some providers, and no other."""

from __future__ import annotations

from typing import Any

import pytest

from vestry.policy.keys import KeyType, condition_key
from vestry.policy.provider_claims import claim_values, special_claims

SPECIAL = [
    ("token.actions.githubusercontent.com", "repository_id", "GitHub's"),
    ("token.actions.githubusercontent.com/octo-org", "actor", "an enterprise's path at GitHub's"),
    ("token.actions.octo.ghe.com", "environment", "GitHub's with data residency"),
    ("gitlab.com", "project_id", "GitLab's"),
    ("agent.buildkite.com", "pipeline_slug", "Buildkite's"),
    ("oidc.circleci.com/org/1234", "oidc.circleci.com/project-id", "CircleCI's, whose claim has a slash"),
    ("idcs-12ab.identity.oraclecloud.com", "rpst_id", "Oracle's"),
    ("accounts.google.com", "google/organization_number", "Google's, within an object"),
]
OTHERS = [
    ("idp.example.com", "repository", "no claim of GitHub's at another provider"),
    ("token.actions.githubusercontent.com.example.com", "repository", "nor at one that only begins like it"),
    ("gitlab.example.com", "project_id", "AWS knows only gitlab.com"),
    ("gitlab.com/x", "project_id", "and no path there"),
    ("token.actions.githubusercontent.com", "project_id", "nor GitLab's at GitHub's"),
]


@pytest.mark.parametrize(("address", "claim", "sentence"), SPECIAL, ids=[row[2] for row in SPECIAL])
def test_a_providers_own_claims(address: str, claim: str, sentence: str) -> None:
    assert claim in special_claims(address), sentence
    assert condition_key(f"{address}:{claim}") is not None, sentence


@pytest.mark.parametrize(("address", "claim", "sentence"), OTHERS, ids=[row[2] for row in OTHERS])
def test_other_claims_are_no_keys(address: str, claim: str, sentence: str) -> None:
    assert claim not in special_claims(address), sentence
    assert condition_key(f"{address}:{claim}") is None, sentence


def test_an_organizations_number_is_a_number_and_a_port_makes_a_provider() -> None:
    number = condition_key("accounts.google.com:google/organization_number")
    assert number is not None
    assert number.type is KeyType.NUMERIC
    assert condition_key("localhost:8443:sub") is not None


VALUES: list[tuple[Any, Any, str]] = [
    ("text", "text", "text"),
    (7, "7", "a number"),
    (True, "true", "yes"),
    (False, "false", "no"),
    (["a", "b"], ("a", "b"), "a list"),
    ([], (), "an empty list"),
    (["a", 1], None, "a list of this and that"),
    ({"a": 1}, None, "an object"),
    (None, None, "null"),
    (1.5, None, "a fraction"),
]


@pytest.mark.parametrize(("value", "expected", "sentence"), VALUES, ids=[row[2] for row in VALUES])
def test_values(value: Any, expected: Any, sentence: str) -> None:
    assert claim_values({"claim": value}, ("claim", "missing")).get("claim") == expected, sentence


def test_a_slash_leads_into_an_object_unless_the_claim_itself_has_it() -> None:
    names = ("google/organization_number",)
    assert claim_values({"google": {"organization_number": 12}}, names) == {names[0]: "12"}
    assert claim_values({names[0]: "13", "google": {"organization_number": 12}}, names) == {names[0]: "13"}
    assert claim_values({"google": "organization_number"}, names) == {}
