"""The tables of federation say what the guide's pages say: all of it, and nothing else.

The pages are written out here once more, as a reader has them before the eyes, so that a slip in a table is seen.
Sources: IAM User Guide, "Mapping SAML attributes to AWS trust policy context keys" and "Available keys for AWS OIDC
federation".
"""

from __future__ import annotations

import pytest

from vestry.policy.provider_claims import EVERY, KEPT, special_claims
from vestry.policy.saml_attributes import ATTRIBUTES

SAML_PAGE = """
urn:oid:1.3.6.1.4.1.5923.1.1.1.1   eduPersonAffiliation
urn:oid:1.3.6.1.4.1.5923.1.1.1.2   eduPersonNickname
urn:oid:1.3.6.1.4.1.5923.1.1.1.3   eduPersonOrgDN
urn:oid:1.3.6.1.4.1.5923.1.1.1.4   eduPersonOrgUnitDN
urn:oid:1.3.6.1.4.1.5923.1.1.1.5   eduPersonPrimaryAffiliation
urn:oid:1.3.6.1.4.1.5923.1.1.1.6   eduPersonPrincipalName
urn:oid:1.3.6.1.4.1.5923.1.1.1.7   eduPersonEntitlement
urn:oid:1.3.6.1.4.1.5923.1.1.1.8   eduPersonPrimaryOrgUnitDN
urn:oid:1.3.6.1.4.1.5923.1.1.1.9   eduPersonScopedAffiliation
urn:oid:1.3.6.1.4.1.5923.1.1.1.10  eduPersonTargetedID
urn:oid:1.3.6.1.4.1.5923.1.1.1.11  eduPersonAssurance
urn:oid:1.3.6.1.4.1.5923.1.2.1.2   eduOrgHomePageURI
urn:oid:1.3.6.1.4.1.5923.1.2.1.3   eduOrgIdentityAuthNPolicyURI
urn:oid:1.3.6.1.4.1.5923.1.2.1.4   eduOrgLegalName
urn:oid:1.3.6.1.4.1.5923.1.2.1.5   eduOrgSuperiorURI
urn:oid:1.3.6.1.4.1.5923.1.2.1.6   eduOrgWhitePagesURI
urn:oid:2.5.4.3                    cn
http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name                   name
http://schemas.xmlsoap.org/claims/CommonName                                 commonName
http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname              givenName
http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname                surname
http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress           mail
http://schemas.microsoft.com/ws/2008/06/identity/claims/primarygroupsid      primaryGroupSID
http://schemas.microsoft.com/ws/2008/06/identity/claims/primarygroupsid      uid
2.5.4.3                            commonName
2.5.4.4                            surname
2.4.5.42                           givenName
2.5.4.45                           x500UniqueIdentifier
0.9.2342.19200300100.1.1           uid
0.9.2342.19200300100.1.3           mail
0.9.2342.19200300.100.1.45         organizationStatus
"""

GITHUB = """actor actor_id enterprise_id environment job_workflow_ref ref repository repository_id repository_owner_id
            workflow"""
GITLAB = """namespace_id pipeline_source project_id ref_protected runner_environment user_access_level user_email user_id
            user_login"""
BUILDKITE = "build_branch cluster_id cluster_name organization_id organization_slug pipeline_id pipeline_slug"

CLAIMS = [
    ("token.actions.githubusercontent.com", GITHUB),
    ("token.actions.githubusercontent.com/octo-org", GITHUB),
    ("Token.Actions.GithubUserContent.com", GITHUB),
    ("token.actions.octo-corp.ghe.com", GITHUB),
    ("github.com/enterprises/octo", GITHUB),
    ("gitlab.com", GITLAB),
    ("agent.buildkite.com", BUILDKITE),
    ("agent.eu-1.buildkite.dev", BUILDKITE),
    ("agent.eu-1.buildkite.site", BUILDKITE),
    ("oidc.circleci.com/org/1234", "oidc.circleci.com/project-id"),
    ("idcs-12ab.identity.oraclecloud.com", "rpst_id"),
    ("accounts.google.com", "google/organization_number"),
]
NO_CLAIMS = [
    "token.actions.githubusercontent.com/",
    "token-actions.githubusercontent.com",
    "token.actionsXgithubusercontent.com",
    "token.actions.githubusercontentXcom",
    "token.actions.a.b.ghe.com",
    "token.actions.ghe.com",
    "token.actions.octoXghe.com",
    "github.com/enterprises/octo/team",
    "github.com/enterprises/",
    "github.com",
    "githubXcom/enterprises/octo",
    "gitlabXcom",
    "agent.buildkite.org",
    "agentXbuildkite.com",
    "agent.a.b.buildkite.dev",
    "agent.eu.buildkite.com",
    "agent.euXbuildkite.dev",
    "oidc.circleci.com/org/12/34",
    "oidc.circleci.com/org/",
    "oidcXcircleci.com/org/1",
    "idcs-.identity.oraclecloud.com",
    "idcs-a.b.identity.oraclecloud.com",
    "idcs-aXidentity.oraclecloud.com",
    "accountsXgoogle.com",
    "accounts.google.com/x",
    "ıdcs-a.identity.oraclecloud.com",
]


def test_saml_attributes_are_those_of_the_page_in_its_order() -> None:
    page = [line.split() for line in SAML_PAGE.strip().splitlines()]
    assert list(ATTRIBUTES) == [(attribute, f"saml:{key.lower()}") for attribute, key in page]


@pytest.mark.parametrize(("address", "claims"), CLAIMS, ids=[row[0] for row in CLAIMS])
def test_a_provider_has_exactly_its_own_claims(address: str, claims: str) -> None:
    assert list(special_claims(address)) == claims.split()


@pytest.mark.parametrize("address", NO_CLAIMS)
def test_an_address_that_only_resembles_one_has_none(address: str) -> None:
    assert special_claims(address) == ()


def test_every_provider_has_the_same_few_of_which_three_stay() -> None:
    assert set(EVERY) == {"amr", "aud", "azp", "email", "oaud", "sub"}
    assert set(KEPT) == {"amr", "aud", "sub"}
