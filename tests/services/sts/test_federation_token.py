"""GetFederationToken: who a federated user is, what its name and tags may be, and what it may not call."""

from __future__ import annotations

from typing import Any

import pytest

from places import Place, document, padded, refusal, statement, tags
from vestry.access.authorize import layers_of, request_of
from vestry.access.caller import Caller, principal_of_federated_user
from vestry.access.context import Facts, Question, RequestContext
from vestry.access.documents import Documents
from vestry.credentials.session import SessionClaims, SessionKind
from vestry.directory.entities import Policy, PolicyVersion, Settings, User
from vestry.directory.snapshot import Account, assemble
from vestry.policy.decide import Outcome, decide

INVALID = (403, "InvalidClientTokenId", "The security token included in the request is invalid.")
READ = document(statement("Allow", "s3:GetObject"))
NUMBER = "111122223333"


@pytest.fixture
def casey(place: Place) -> Any:
    """The STS client of a user who may federate anybody."""
    return place.client("sts", place.user("casey", statement("Allow", "sts:*")))


def test_the_answer_names_the_federated_user(place: Place, casey: Any) -> None:
    answer = casey.get_federation_token(Name="bob", Policy=READ)
    arn = f"arn:aws:sts::{place.number}:federated-user/bob"
    assert answer["FederatedUser"] == {"Arn": arn, "FederatedUserId": f"{place.number}:bob"}
    assert 0 < answer["PackedPolicySize"] <= 100
    identity = place.client("sts", answer["Credentials"]).get_caller_identity()
    assert (identity["Arn"], identity["UserId"]) == (arn, f"{place.number}:bob")


def test_without_a_policy_nothing_is_packed(casey: Any) -> None:
    assert casey.get_federation_token(Name="bob")["PackedPolicySize"] == 0


def test_it_needs_permission_on_the_federated_user(place: Place) -> None:
    arn = f"arn:aws:sts::{place.number}:federated-user/"
    sts = place.client("sts", place.user("ann", statement("Allow", "sts:GetFederationToken", arn + "b*")))
    sts.get_federation_token(Name="bob")
    assert refusal(sts.get_federation_token, Name="eve") == (
        403,
        "AccessDenied",
        f"User: {place.arn('user/ann')} is not authorized to perform: sts:GetFederationToken on resource: "
        f"{arn}eve because no identity-based policy allows the sts:GetFederationToken action",
    )


def test_tags_ask_for_an_action_of_their_own(place: Place) -> None:
    only = statement("Allow", "sts:GetFederationToken")
    sts = place.client("sts", place.user("ann", only))
    status, _, message = refusal(sts.get_federation_token, Name="bob", Tags=tags(team="red"))
    assert status == 403
    assert "sts:TagSession on resource: arn:aws:sts::" in message
    tagging = statement("Allow", "sts:TagSession", Condition={"StringEquals": {"aws:RequestTag/team": "red"}})
    place.iam.put_user_policy(UserName="ann", PolicyName="t", PolicyDocument=document(tagging))
    sts.get_federation_token(Name="bob", Tags=tags(team="red"))
    assert refusal(sts.get_federation_token, Name="bob", Tags=tags(team="blue"))[0] == 403


def bad(constraint: str, value: str) -> tuple[int, str, str]:
    """The refusal of a name."""
    text = (
        f"1 validation error detected: Value '{value}' at 'name' failed to satisfy constraint: {constraint}"
    )
    return 400, "ValidationError", text


REFUSED: list[tuple[str, dict[str, Any], tuple[int, str, str]]] = [
    ("a short name", {"Name": "b"}, bad("Member must have length greater than or equal to 2", "b")),
    (
        "a long name",
        {"Name": "b" * 33},
        bad("Member must have length less than or equal to 32", "b" * 33),
    ),
    (
        "a name with a space",
        {"Name": "bob b"},
        bad("Member must satisfy regular expression pattern: [\\w+=,.@-]*", "bob b"),
    ),
    (
        "the same tag key twice, ignoring case",
        {"Name": "bob", "Tags": tags(Team="a", team="b")},
        (
            400,
            "InvalidParameterValue",
            "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
        ),
    ),
    (
        "a policy that is no policy",
        {"Name": "bob", "Policy": "{"},
        (400, "MalformedPolicyDocument", "Syntax errors in policy."),
    ),
    (
        "policies and ARNs beyond 2048 characters",
        {"Name": "bob", "Policy": padded(2040), "PolicyArns": [{"arn": "arn:aws:iam::aws:policy/X"}]},
        (
            400,
            "PackedPolicyTooLarge",
            "Packed policy consumes 101% of allotted space, please use smaller policy.",
        ),
    ),
]


@pytest.mark.parametrize(("sentence", "parameters", "expected"), REFUSED, ids=[row[0] for row in REFUSED])
def test_refusals(
    casey: Any, sentence: str, parameters: dict[str, Any], expected: tuple[int, str, str]
) -> None:
    assert refusal(casey.get_federation_token, **parameters) == expected, sentence


def test_it_may_call_neither_iam_nor_sts_but_ask_who_it_is(place: Place) -> None:
    role = place.role("work")
    for owner in (place.user("casey", statement("Allow", "*")), place.keys):
        answer = place.client("sts", owner).get_federation_token(Name="bob", Policy=document())
        assert refusal(place.client("iam", answer["Credentials"]).list_users) == INVALID
        sts = place.client("sts", answer["Credentials"])
        sts.get_caller_identity()
        who = answer["FederatedUser"]["Arn"]
        assert refusal(sts.assume_role, RoleArn=role, RoleSessionName="work") == (
            403,
            "AccessDenied",
            f"User: {who} is not authorized to perform: sts:AssumeRole",
        )


def test_a_role_session_federates_nobody_and_a_deleted_user_has_nobody_left(place: Place) -> None:
    key = place.user("casey", statement("Allow", "sts:*"))
    keys = place.client("sts", key).get_federation_token(Name="bob")["Credentials"]
    place.iam.delete_user_policy(UserName="casey", PolicyName="permissions")
    place.iam.delete_access_key(UserName="casey", AccessKeyId=key["AccessKeyId"])
    place.iam.delete_user(UserName="casey")
    assert refusal(place.client("sts", keys).get_caller_identity) == INVALID


def test_other_services_admit_it_to_what_both_policies_allow(place: Place) -> None:
    reading = statement("Allow", ["ec2:DescribeInstances", "ec2:DescribeTags"])
    sts = place.client("sts", place.user("casey", reading, statement("Allow", "sts:GetFederationToken")))
    policy = document(statement("Allow", ["ec2:DescribeTags", "ec2:DescribeIamInstanceProfileAssociations"]))
    ec2 = place.client("ec2", sts.get_federation_token(Name="bob", Policy=policy)["Credentials"])
    ec2.describe_tags()
    who = f"User: arn:aws:sts::{place.number}:federated-user/bob is not authorized to perform: "
    for call, why in (
        (ec2.describe_instances, "because no session policy allows the ec2:DescribeInstances action"),
        (ec2.describe_iam_instance_profile_associations, "because no identity-based policy allows the "),
    ):
        status, code, text = refusal(call)
        assert (status, code) == (403, "UnauthorizedOperation")
        assert who in text
        assert why in text
    bare = place.client("ec2", sts.get_federation_token(Name="bob")["Credentials"])
    assert "because no session policy allows" in refusal(bare.describe_tags)[2]


# ── What the policies make of it, put directly ────────────────────────────────────────────────────────────────────
EVERYTHING, OBJECTS = document(), document(statement("Allow", "s3:*"))
ANN = User(NUMBER, "AIDAANN", "ann", "/", 1, (("p", OBJECTS),), tags=(("team", "red"),))
FENCED = User(
    NUMBER, "AIDAFEN", "fen", "/", 1, (("p", OBJECTS),), boundary=f"arn:aws:iam::{NUMBER}:policy/fence"
)
FENCE = Policy(
    NUMBER, "ANPAX", "fence", "/", 1, 1, 1, 1, (PolicyVersion(1, document(statement("Allow", "ec2:*")), 1),)
)
PLACE: Account = assemble([Settings(NUMBER, "a", "i", 1), ANN, FENCED, FENCE], 1).accounts[NUMBER]


def federated(user: User | None, policy: str, arns: tuple[str, ...] = ()) -> Caller:
    """The federated user bob, as `authenticate` would find them."""
    issuer = NUMBER if user is None else user.id
    claims = SessionClaims(
        NUMBER, "i", issuer, "bob", 0, 900, policy, arns, (("Team", "blue"),), kind=SessionKind.FEDERATED_USER
    )
    return Caller(principal_of_federated_user(PLACE, user, "bob"), PLACE, "ASIA", user, None, claims)


@pytest.mark.parametrize(
    ("sentence", "caller", "action", "outcome"),
    [
        ("what both allow is allowed", federated(ANN, READ), "s3:GetObject", "allowed"),
        ("the session policy narrows", federated(ANN, READ), "s3:PutObject", "implicitDeny"),
        ("it cannot widen", federated(ANN, EVERYTHING), "ec2:RunInstances", "implicitDeny"),
        ("without a session policy there is nothing", federated(ANN, ""), "s3:GetObject", "implicitDeny"),
        ("the user's boundary holds", federated(FENCED, EVERYTHING), "s3:GetObject", "implicitDeny"),
        (
            "managed session policies count",
            federated(FENCED, "", (f"arn:aws:iam::{NUMBER}:policy/fence",)),
            "s3:GetObject",
            "implicitDeny",
        ),
        (
            "whom root federates has what the session policy allows",
            federated(None, READ),
            "s3:GetObject",
            "allowed",
        ),
        ("and no more", federated(None, READ), "s3:PutObject", "implicitDeny"),
        ("and nothing without one", federated(None, ""), "s3:GetObject", "implicitDeny"),
    ],
)
def test_permissions_are_the_intersection(sentence: str, caller: Caller, action: str, outcome: str) -> None:
    question = Question(action, "arn:aws:s3:::b/k", "", NUMBER, {})
    facts = Facts(caller, 1, "127.0.0.1", None, None, False, "us-east-1")
    request = request_of(caller, question, RequestContext(facts, question))
    assert decide(request, layers_of(caller, question, Documents())).outcome is Outcome(outcome), sentence


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("aws:principalarn", f"arn:aws:sts::{NUMBER}:federated-user/bob"),
        ("aws:principaltype", "FederatedUser"),
        ("aws:userid", f"{NUMBER}:bob"),
        ("aws:username", None),
        ("aws:principaltag/team", "blue"),
        ("aws:tokenissuetime", "1970-01-01T00:00:00Z"),
        ("aws:multifactorauthpresent", "false"),
    ],
)
def test_condition_keys(key: str, value: str | None) -> None:
    question = Question("s3:GetObject", "*", "", NUMBER, {})
    facts = Facts(federated(ANN, READ), 1, "127.0.0.1", None, None, False, "us-east-1")
    assert RequestContext(facts, question).get(key) == value
