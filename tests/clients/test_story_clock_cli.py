"""What time and change do to a session, with the AWS CLI v1 as a person types it, and `vestry clock` for time.

The stage is set with boto3; every step that the story tells is a command. Nothing here reaches into the server.
"""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from places import document, statement, trusting
from serving import Server, serving
from shell import AWS, Shell

NUMBERS = itertools.count(1)
EXPIRED = (
    "(ExpiredToken) when calling the {} operation: The security token included in the request is expired"
)
INVALID = (
    "(InvalidClientTokenId) when calling the GetCallerIdentity operation: The security token included in"
)
WHO = ("sts", "get-caller-identity")


@pytest.fixture(scope="module")
def ticking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server as `serve --test-clock` starts it."""
    with serving(tmp_path_factory.mktemp("data"), test_clock=True) as server:
        yield server


class Story:
    """Production with a role of the test's own, development with casey who may assume it, and their shell."""

    def __init__(self, server: Server, shell: Shell) -> None:
        self.server = server
        self.shell = shell
        self.place = f"endpoint_url = {server.endpoint}\nregion = us-east-1\nparameter_validation = false\n"
        self.name = f"UpdateApp{next(NUMBERS)}"
        self.production = server.account(f"production-{self.name.lower()}")
        self.development = server.account(f"development-{self.name.lower()}")
        self.role = f"arn:aws:iam::{self.production['AccountId']}:role/{self.name}"
        self.trust = trusting({"AWS": self.development["AccountId"]}, "sts:AssumeRole")
        iam = server.client("iam", self.production)
        iam.create_role(RoleName=self.name, AssumeRolePolicyDocument=self.trust)
        iam.put_role_policy(
            RoleName=self.name,
            PolicyName="reads",
            PolicyDocument=document(statement("Allow", ["iam:ListRoles", "iam:CreateAccessKey"])),
        )
        iam = server.client("iam", self.development)
        iam.create_user(UserName="casey")
        iam.put_user_policy(
            UserName="casey",
            PolicyName="assume",
            PolicyDocument=document(statement("Allow", "sts:AssumeRole", self.role)),
        )
        self.key = iam.create_access_key(UserName="casey")["AccessKey"]
        self.casey = self.profile("casey", self.key)
        self.prod = self.profile("production", self.production)
        self.dev = self.profile("development", self.development)

    def profile(self, name: str, keys: dict[str, Any]) -> str:
        """Write a profile; return its name."""
        name = f"{name}-{self.name}-{next(NUMBERS)}"
        lines = [f"\n[profile {name}]\n{self.place}aws_access_key_id = {keys['AccessKeyId']}"]
        lines.append(f"aws_secret_access_key = {keys['SecretAccessKey']}")
        if "SessionToken" in keys:
            lines.append(f"aws_session_token = {keys['SessionToken']}")
        with self.shell.config.open("a") as file:
            file.write("\n".join(lines) + "\n")
        return name

    def assume(self, *options: str) -> tuple[str, dict[str, Any]]:
        """Assume the role as casey; return a profile of the session, and its credentials."""
        command = ("sts", "assume-role", "--role-arn", self.role, "--role-session-name", "work", *options)
        credentials = self.shell.aws(self.casey, *command)["Credentials"]
        return self.profile("session", credentials), credentials

    def assume_refused(self, *options: str) -> str:
        """Return what the CLI says when the role may not be assumed so."""
        command = ("sts", "assume-role", "--role-arn", self.role, "--role-session-name", "work", *options)
        return self.shell.refusal(self.casey, *command)

    def now(self) -> float:
        """Return the server's session time."""
        shown = json.loads(self.shell.vestry("clock", "show", "--json"))["Now"]
        return datetime.fromisoformat(shown).timestamp()

    def change(self, *command: str) -> Any:
        """Run an `aws iam` command as production's root user."""
        return self.shell.aws(self.prod, "iam", *command)


@pytest.fixture
def story(ticking: Server, tmp_path: Path) -> Story:
    return Story(ticking, Shell(ticking, tmp_path))


def test_a_session_expires_by_itself_and_cannot_be_extended(story: Story) -> None:
    session, credentials = story.assume("--duration-seconds", "900")
    left = datetime.fromisoformat(credentials["Expiration"]).timestamp() - story.now()
    assert 880 <= left <= 900
    story.shell.vestry("clock", "advance", "14m")
    story.shell.aws(session, *WHO)
    # What it may obtain for itself is no longer life.
    said = story.shell.refusal(session, "sts", "get-session-token", "--duration-seconds", "3600")
    assert "(AccessDenied)" in said
    story.shell.vestry("clock", "advance", "61s")
    assert EXPIRED.format("GetCallerIdentity") in story.shell.refusal(session, *WHO)
    assert EXPIRED.format("ListRoles") in story.shell.refusal(session, "iam", "list-roles")


def test_a_role_profiles_kept_session_expires_and_a_new_one_is_had(story: Story) -> None:
    with story.shell.config.open("a") as file:
        file.write(
            f"\n[profile update-app]\n{story.place}role_arn = {story.role}\nsource_profile = {story.casey}\n"
        )
    # A process from the start: it finds its home directory, where it keeps sessions, when it is imported.
    lists = (*AWS, "--profile", "update-app", "iam", "list-roles")
    assert story.shell.run(*lists).returncode == 0
    story.shell.vestry("clock", "advance", "2h")
    # The CLI keeps the session by the real time's reckoning; the server is asked at each request.
    assert EXPIRED.format("ListRoles") in story.shell.run(*lists).stderr
    for kept in (story.shell.home / ".aws" / "cli" / "cache").iterdir():
        kept.unlink()
    assert story.shell.run(*lists).returncode == 0


def test_a_session_keeps_to_its_bounds(story: Story) -> None:
    said = story.assume_refused("--duration-seconds", "899")
    assert "Value '899' at 'durationSeconds' failed to satisfy constraint" in said
    said = story.assume_refused("--duration-seconds", "3601")
    assert "exceeds the MaxSessionDuration set for this role." in said
    story.change("update-role", "--role-name", story.name, "--max-session-duration", "7200")
    session, _ = story.assume("--duration-seconds", "7200")
    story.shell.vestry("clock", "advance", "1h59m")
    story.shell.aws(session, *WHO)
    story.shell.vestry("clock", "advance", "2m")
    assert "(ExpiredToken)" in story.shell.refusal(session, *WHO)


def test_a_role_has_no_password_and_no_access_keys(story: Story) -> None:
    said = story.shell.refusal(story.prod, "iam", "create-access-key", "--user-name", story.name)
    assert (
        f"(NoSuchEntity) when calling the CreateAccessKey operation: The user with name {story.name}" in said
    )
    session, _ = story.assume()
    said = story.shell.refusal(session, "iam", "create-access-key")
    assert "Must specify userName when calling with non-User credentials" in said
    said = story.shell.refusal(
        story.prod, "iam", "create-login-profile", "--user-name", story.name, "--password", "Secret-123456"
    )
    assert "(NoSuchEntity)" in said or "(UnsupportedOperation)" in said


def test_changed_permissions_and_a_detached_policy_act_at_the_next_request(story: Story) -> None:
    session, _ = story.assume()
    lists = (session, "iam", "list-roles")
    story.shell.aws(*lists)
    put = ("put-role-policy", "--role-name", story.name, "--policy-name", "reads", "--policy-document")
    story.change(*put, document(statement("Allow", "iam:GetUser")))
    no = "because no identity-based policy allows the iam:ListRoles action"
    assert no in story.shell.refusal(*lists)
    made = story.change(
        "create-policy",
        "--policy-name",
        story.name,
        "--policy-document",
        document(statement("Allow", "iam:*")),
    )
    attached = ("--role-name", story.name, "--policy-arn", made["Policy"]["Arn"])
    story.change("attach-role-policy", *attached)
    story.shell.aws(*lists)
    story.change("detach-role-policy", *attached)
    assert no in story.shell.refusal(*lists)


def test_a_deactivated_key_stops_and_the_session_it_obtained_goes_on(story: Story) -> None:
    session, _ = story.assume()
    story.shell.aws(
        story.dev, "iam", "update-access-key", "--user-name", "casey", "--status", "Inactive",
        "--access-key-id", story.key["AccessKeyId"],
    )  # fmt: skip
    assert INVALID in story.shell.refusal(story.casey, *WHO)
    story.shell.aws(session, *WHO)


def test_sessions_of_a_deleted_role_stay_dead_when_it_is_created_again(story: Story) -> None:
    session, _ = story.assume("--duration-seconds", "900")
    story.change("delete-role-policy", "--role-name", story.name, "--policy-name", "reads")
    story.change("delete-role", "--role-name", story.name)
    assert INVALID in story.shell.refusal(session, *WHO)
    assert "(AccessDenied)" in story.assume_refused()
    story.change("create-role", "--role-name", story.name, "--assume-role-policy-document", story.trust)
    assert INVALID in story.shell.refusal(session, *WHO)
    story.assume()
    # As on AWS, a session that is over is told so, whatever became of its role.
    story.shell.vestry("clock", "advance", "16m")
    assert EXPIRED.format("GetCallerIdentity") in story.shell.refusal(session, *WHO)


def test_revoked_sessions_are_denied_and_newer_ones_are_not(story: Story) -> None:
    old, _ = story.assume()
    story.shell.vestry("clock", "advance", "1m")
    moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(story.now() - 30))
    older = {"DateLessThan": {"aws:TokenIssueTime": moment}}
    story.change(
        "put-role-policy", "--role-name", story.name, "--policy-name", "AWSRevokeOlderSessions",
        "--policy-document", document(statement("Deny", "*", Condition=older)),
    )  # fmt: skip
    said = story.shell.refusal(old, "iam", "list-roles")
    assert "with an explicit deny in an identity-based policy" in said
    new, _ = story.assume()
    story.shell.aws(new, "iam", "list-roles")


def test_live_sessions_go_on_when_trust_is_removed(story: Story) -> None:
    session, _ = story.assume()
    own = trusting({"AWS": story.production["AccountId"]}, "sts:AssumeRole")
    story.change("update-assume-role-policy", "--role-name", story.name, "--policy-document", own)
    assert "(AccessDenied)" in story.assume_refused()
    story.shell.aws(session, "iam", "list-roles")


def test_a_chain_of_roles_lasts_an_hour_at_most(story: Story) -> None:
    story.change("update-role", "--role-name", story.name, "--max-session-duration", "43200")
    session, _ = story.assume("--duration-seconds", "43200")
    itself = trusting({"AWS": [story.role, story.development["AccountId"]]}, "sts:AssumeRole")
    story.change("update-assume-role-policy", "--role-name", story.name, "--policy-document", itself)
    again = ("sts", "assume-role", "--role-arn", story.role, "--role-session-name", "next")
    said = story.shell.refusal(session, *again, "--duration-seconds", "3601")
    assert "exceeds the 1 hour session limit for roles assumed by role chaining." in said
    chained = story.profile("chained", story.shell.aws(session, *again)["Credentials"])
    story.shell.vestry("clock", "advance", "59m")
    story.shell.aws(chained, *WHO)
    story.shell.vestry("clock", "advance", "2m")
    assert "(ExpiredToken)" in story.shell.refusal(chained, *WHO)
    story.shell.aws(session, *WHO)
