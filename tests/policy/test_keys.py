"""The table of condition keys."""

from __future__ import annotations

import pytest

from vestry.policy.keys import KEYS, condition_key

KNOWN = [
    ("aws:SourceIp", "aws:sourceip", False, "names have no case"),
    ("aws:TagKeys", "aws:tagkeys", True, "tag keys are several"),
    ("aws:PrincipalTag/Team", "aws:principaltag/", False, "a tag's key is part of a family"),
    ("aws:RequestTag/a/b", "aws:requesttag/", False, "a tag's key may hold slashes"),
    ("iam:ResourceTag/x", "iam:resourcetag/", False, "IAM has a family of its own"),
    ("sts:ExternalId", "sts:externalid", False, "a key of STS"),
    ("saml:eduPersonAffiliation", "saml:edupersonaffiliation", True, "SAML attributes are several"),
    ("saml:sub", "saml:sub", False, "a subject is one"),
    ("accounts.google.com:sub", ":sub", False, "a web identity provider's claim"),
    ("oidc.eks.eu-west-1.amazonaws.com/id/ABC:aud", ":aud", False, "whose URL may have a path"),
    ("cognito-identity.amazonaws.com:amr", ":amr", True, "amr is several"),
]
UNKNOWN = [
    ("aws:Unheard", "a key that does not exist"),
    ("aws:PrincipalTag/", "a family without a member"),
    ("aws:PrincipalTag", "nor without slash"),
    ("aws:SourceIp/x", "a single key has no members"),
    ("sub", "a claim without provider"),
    ("google:sub", "a provider is a host name"),
    ("", "nothing"),
]


@pytest.mark.parametrize(("name", "row", "several", "sentence"), KNOWN, ids=[row[3] for row in KNOWN])
def test_known_key(name: str, row: str, several: bool, sentence: str) -> None:
    found = condition_key(name)
    assert found is not None, sentence
    assert (found.name, found.several) == (row, several)


@pytest.mark.parametrize(("name", "sentence"), UNKNOWN, ids=[row[1] for row in UNKNOWN])
def test_unknown_key(name: str, sentence: str) -> None:
    assert condition_key(name) is None, sentence


def test_names_are_in_lower_case() -> None:
    assert all(name == name.lower() for name in KEYS)
