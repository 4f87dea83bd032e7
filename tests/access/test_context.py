"""What every condition key is worth, and that it is absent exactly when AWS has it absent."""

from __future__ import annotations

import msgspec
import pytest

from vestry.access.caller import Caller, principal_of_root, principal_of_session, principal_of_user
from vestry.access.context import Facts, Question, RequestContext, override_tags
from vestry.credentials.session import SessionClaims
from vestry.directory.entities import Role, Settings, User
from vestry.directory.snapshot import Account
from vestry.policy.request import Value

NUMBER = "111122223333"
ACCOUNT = Account(Settings(NUMBER, "alias", "i", 1))
USER = User(NUMBER, "AIDAX", "ann", "/team/", 1, tags=(("Dept", "red"), ("Site", "a")))
ROLE = Role(NUMBER, "AROAX", "dev", "/r/", 1, "{}", tags=(("Dept", "red"), ("Site", "a")))
CLAIMS = SessionClaims(
    NUMBER, "i", "AROAX", "s1", 1_700_000_000, 1_700_003_600, tags=(("dept", "blue"),), source_identity="ann"
)
CALLERS = {
    "root": Caller(principal_of_root(ACCOUNT), ACCOUNT, "AKIA"),
    "user": Caller(principal_of_user(USER), ACCOUNT, "AKIA", USER),
    "session": Caller(principal_of_session(ROLE, "s1"), ACCOUNT, "ASIA", None, ROLE, CLAIMS),
}
QUESTION = Question("iam:GetRole", "*", "*", "444455556666", {"iam:policyarn": "arn:p"}, (("Owner", "me"),))

CASES: list[tuple[str, str, str, Value]] = [
    ("a user's ARN has its path", "user", "aws:principalarn", f"arn:aws:iam::{NUMBER}:user/team/ann"),
    (
        "a session's principal ARN is its role's",
        "session",
        "aws:principalarn",
        f"arn:aws:iam::{NUMBER}:role/r/dev",
    ),
    ("root's is root's", "root", "aws:principalarn", f"arn:aws:iam::{NUMBER}:root"),
    ("only users have a user name", "user", "aws:username", "ann"),
    ("root has no user name", "root", "aws:username", None),
    ("a session has no user name", "session", "aws:username", None),
    ("root's id is the account's", "root", "aws:userid", NUMBER),
    ("a user's id is the unique id", "user", "aws:userid", "AIDAX"),
    ("a session's id has the session's name", "session", "aws:userid", "AROAX:s1"),
    ("root's type is Account", "root", "aws:principaltype", "Account"),
    ("a session's type is AssumedRole", "session", "aws:principaltype", "AssumedRole"),
    ("long-term keys have no issue time", "user", "aws:tokenissuetime", None),
    ("a session has its issue time", "session", "aws:tokenissuetime", "2023-11-14T22:13:20Z"),
    ("long-term keys have no MFA key at all", "user", "aws:multifactorauthpresent", None),
    ("a role session says it has no MFA", "session", "aws:multifactorauthpresent", "false"),
    ("without MFA there is no age", "session", "aws:multifactorauthage", None),
    ("a source identity stays with the session", "session", "aws:sourceidentity", "ann"),
    ("a user has no source identity", "user", "aws:sourceidentity", None),
    ("a tag key is found whatever its case", "user", "aws:principaltag/dept", "red"),
    ("a session tag overrides the role's", "session", "aws:principaltag/dept", "blue"),
    ("a role's other tags stay", "session", "aws:principaltag/site", "a"),
    ("a tag that is not there is absent", "user", "aws:principaltag/none", None),
    ("a resource's tags answer under both names", "user", "iam:resourcetag/owner", "me"),
    ("a resource's account is the question's", "user", "aws:resourceaccount", "444455556666"),
    ("the question's own keys come first", "user", "iam:policyarn", "arn:p"),
    ("an unknown key is absent", "user", "aws:nonesuch", None),
    ("plain HTTP is not secure", "user", "aws:securetransport", "false"),
    ("the address is the peer's", "user", "aws:sourceip", "192.0.2.1"),
    ("no referer was sent", "user", "aws:referer", None),
    ("the time is the session clock's", "user", "aws:currenttime", "2023-11-14T22:13:20Z"),
    ("the epoch is in whole seconds", "user", "aws:epochtime", "1700000000"),
]


@pytest.mark.parametrize(("sentence", "who", "key", "value"), CASES, ids=[case[0] for case in CASES])
def test_a_key_is_worth(sentence: str, who: str, key: str, value: Value) -> None:
    facts = Facts(CALLERS[who], 1_700_000_000.4, "192.0.2.1", "agent", None, False, "us-east-1")
    assert RequestContext(facts, QUESTION).get(key) == value


def test_tags_are_overridden_without_regard_to_case() -> None:
    assert override_tags((("A", "1"), ("b", "2")), (("a", "3"),)) == (("a", "3"), ("b", "2"))


def test_mfa_age_counts_from_the_code() -> None:
    session = msgspec.structs.replace(CLAIMS, mfa_time=1_700_000_000)
    caller = msgspec.structs.replace(CALLERS["session"], session=session)
    facts = Facts(caller, 1_700_000_090.0, "192.0.2.1", None, None, False, "us-east-1")
    assert RequestContext(facts, QUESTION).get("aws:multifactorauthage") == "90"
    assert RequestContext(facts, QUESTION).get("aws:multifactorauthpresent") == "true"
