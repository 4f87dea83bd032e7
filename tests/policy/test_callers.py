"""Callers as people write them."""

from __future__ import annotations

import pytest

from vestry.policy.callers import read_caller
from vestry.policy.request import Kind, Principal

A = "111122223333"
IAM, STS = f"arn:aws:iam::{A}:", f"arn:aws:sts::{A}:"
WEB = "sts:AssumeRoleWithWebIdentity"

# text, action, who that is, sentence
KNOWN: list[tuple[str | None, str, Principal, str]] = [
    (None, "", Principal(Kind.ANONYMOUS), "nobody is an anonymous caller"),
    (A, "", Principal(Kind.ROOT, A, IAM + "root"), "an account id is its root user"),
    (IAM + "root", "", Principal(Kind.ROOT, A, IAM + "root"), "so is the root ARN"),
    (IAM + "user/ann", "", Principal(Kind.USER, A, IAM + "user/ann"), "a user"),
    (IAM + "user/x/ann", "", Principal(Kind.USER, A, IAM + "user/x/ann"), "a user with a path"),
    (IAM + "role/r", "", Principal(Kind.ROLE, A, STS + "assumed-role/r/", IAM + "role/r"), "a role is some session of it"),
    (IAM + "role/x/y/r", "", Principal(Kind.ROLE, A, STS + "assumed-role/r/", IAM + "role/x/y/r"), "sessions have no path"),
    ("arn:aws-cn:iam::111122223333:role/r", "", Principal(Kind.ROLE, A, "arn:aws-cn:sts::111122223333:assumed-role/r/", "arn:aws-cn:iam::111122223333:role/r"), "the partition stays"),
    (STS + "assumed-role/r/s", "", Principal(Kind.ROLE, A, STS + "assumed-role/r/s", IAM + "role/r"), "a session, and the role behind it"),
    ("arn:aws-cn:sts::111122223333:assumed-role/r/s", "", Principal(Kind.ROLE, A, "arn:aws-cn:sts::111122223333:assumed-role/r/s", "arn:aws-cn:iam::111122223333:role/r"), "in the same partition"),
    (STS + "federated-user/f", "", Principal(Kind.FEDERATED_USER, A, STS + "federated-user/f"), "a federated user"),
    (IAM + "saml-provider/Idp", "", Principal(Kind.FEDERATED, "", IAM + "saml-provider/Idp"), "a SAML provider"),
    (IAM + "oidc-provider/id.example.com/x", "", Principal(Kind.FEDERATED, "", IAM + "oidc-provider/id.example.com/x"), "an OpenID Connect provider"),
    ("ec2.amazonaws.com", "sts:AssumeRole", Principal(Kind.SERVICE, "", "ec2.amazonaws.com"), "a service"),
    ("Backup.Internal-1", "", Principal(Kind.SERVICE, "", "Backup.Internal-1"), "a service of one's own"),
    ("accounts.google.com", WEB, Principal(Kind.FEDERATED, "", "accounts.google.com"), "Google signs in web identities"),
    ("graph.facebook.com", WEB.lower(), Principal(Kind.FEDERATED, "", "graph.facebook.com"), "so does Facebook, whatever the action's case"),
    ("www.amazon.com", WEB, Principal(Kind.FEDERATED, "", "www.amazon.com"), "so does Amazon"),
    ("cognito-identity.amazonaws.com", WEB, Principal(Kind.FEDERATED, "", "cognito-identity.amazonaws.com"), "so does Cognito"),
    ("accounts.google.com", "s3:GetObject", Principal(Kind.SERVICE, "", "accounts.google.com"), "for other actions it is a service"),
    ("accounts.google.com", "", Principal(Kind.SERVICE, "", "accounts.google.com"), "without an action, too"),
    ("ec2.amazonaws.com", WEB, Principal(Kind.SERVICE, "", "ec2.amazonaws.com"), "services sign in no web identities"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "action", "who", "sentence"), KNOWN, ids=[row[3] for row in KNOWN])
def test_a_caller(text: str | None, action: str, who: Principal, sentence: str) -> None:
    assert (read_caller(text, action) if action else read_caller(text)) == who, sentence


@pytest.mark.parametrize(
    "text", ["", "ann", "1111222233334", "ec2.", "-x.y", "a b.c", "ec2..com", "ARN:aws:iam::1:root"]
)
def test_a_text_that_is_no_name_is_refused(text: str) -> None:
    with pytest.raises(ValueError) as refused:
        read_caller(text)
    assert str(refused.value) == f"principal {text!r} is neither an ARN nor a service's name"


@pytest.mark.parametrize(
    "text",
    [
        "arn:aws:iam",
        "arn:aws:iam:eu-west-1:111122223333:user/ann",
        "arn:aws:iam::aws:user/ann",
        "arn:aws:iam:::user/ann",
        IAM + "user",
        IAM + "user/",
        IAM + "role",
        IAM + "role/",
        IAM + "group/g",
        IAM + "saml-provider/",
        IAM + "assumed-role/r/s",
        IAM + "federated-user/f",
        STS + "root",
        STS + "user/ann",
        STS + "role/r",
        STS + "saml-provider/Idp",
        STS + "federated-user/",
        STS + "assumed-role/r",
        STS + "assumed-role/r/",
        STS + "assumed-role//s",
        f"arn:aws:s3::{A}:user/ann",
    ],
)
def test_an_arn_of_no_caller_is_refused(text: str) -> None:
    with pytest.raises(ValueError) as refused:
        read_caller(text)
    assert str(refused.value) == (
        f"principal {text!r} is not the ARN of a root user, user, role, session or identity provider"
    )
