"""The steps of the tour as values, second part: what changes, changes at the next request; and one account alone."""

from __future__ import annotations

import time
from typing import Any

from vestry.cli.story_decision import NOT_ASKED
from vestry.cli.story_step import (
    Chapter,
    World,
    assume,
    done,
    keep_session,
    nothing,
    refused,
    statement,
    trust,
    update_app,
)

ACCESS_DENIED = "AccessDenied"
UNKNOWN_TOKEN = "InvalidClientTokenId"  # noqa: S105 - an error code
EXPLICIT_DENY = "with an explicit deny in an identity-based policy"
INVALID = "The security token included in the request is invalid."


def _keep_policy(world: World, answer: Any) -> None:
    world["policy"] = answer["Policy"]["Arn"]


def _list_users(world: World) -> dict[str, Any]:
    return {"PolicyName": "lists-users", "PolicyDocument": statement("Allow", "iam:ListUsers", Resource="*")}


def _attached(world: World) -> dict[str, Any]:
    return {"RoleName": "UpdateApp", "PolicyArn": world["policy"]}


def _stop(world: World) -> dict[str, Any]:
    document = statement("Deny", "iam:GetRole", Resource="*")
    return {"RoleName": "UpdateApp", "PolicyName": "stop", "PolicyDocument": document}


def _revoke(world: World) -> dict[str, Any]:
    moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 2))
    older = {"DateLessThan": {"aws:TokenIssueTime": moment}}
    document = statement("Deny", "*", Resource="*", Condition=older)
    return {"RoleName": "UpdateApp", "PolicyName": "AWSRevokeOlderSessions", "PolicyDocument": document}


def _policy_of_role(name: str) -> Any:
    return lambda world: {"RoleName": "UpdateApp", "PolicyName": name}


def _key(status: str) -> Any:
    return lambda world: {
        "UserName": "casey",
        "AccessKeyId": world["casey"]["AccessKeyId"],
        "Status": status,
    }


def _trust(account: str) -> Any:
    return lambda world: {"RoleName": "UpdateApp", "PolicyDocument": trust(world[account]["AccountId"])}


def _again(world: World) -> dict[str, Any]:
    return {"RoleName": "UpdateApp", "AssumeRolePolicyDocument": trust(world["development"]["AccountId"])}


def _local(name: str, who: str) -> Any:
    """Return what creates a role in development: trusting `casey` by name, or the account as a whole."""

    def parameters(world: World) -> dict[str, Any]:
        account = world["development"]["AccountId"]
        principal = f"arn:aws:iam::{account}:user/casey" if who == "casey" else account
        return {"RoleName": name, "AssumeRolePolicyDocument": trust(principal)}

    return parameters


def _assume_local(name: str) -> Any:
    def parameters(world: World) -> dict[str, Any]:
        arn = f"arn:aws:iam::{world['development']['AccountId']}:role/{name}"
        return {"RoleArn": arn, "RoleSessionName": "tour"}

    return parameters


PERMISSIONS: Chapter = (
    "What changes, changes at the next request: permissions",
    (
        refused(
            "session",
            "iam list-users",
            nothing,
            ACCESS_DENIED,
            "no identity-based policy allows the iam:ListUsers action",
            "identity",
            "Not allowed so far.",
        ),
        done("production", "iam create-policy", _list_users, "policy/", "root", "A policy …", _keep_policy),
        done("production", "iam attach-role-policy", _attached, "", "root", "… attached to the role."),
        done("session", "iam list-users", nothing, "Users", "identity", "The same session, allowed now."),
        done("production", "iam detach-role-policy", _attached, "", "root", "Detached again."),
        refused(
            "session",
            "iam list-users",
            nothing,
            ACCESS_DENIED,
            "no identity-based policy allows the iam:ListUsers action",
            "identity",
            "And denied again: no decision is remembered.",
        ),
        done("production", "iam put-role-policy", _stop, "", "root", "An explicit deny beside the allow."),
        refused(
            "session",
            "iam get-role",
            update_app,
            ACCESS_DENIED,
            EXPLICIT_DENY,
            "identity",
            "A deny always wins.",
        ),
        done("production", "iam delete-role-policy", _policy_of_role("stop"), "", "root", "Taken back."),
        done("session", "iam get-role", update_app, "role/UpdateApp", "identity", "Allowed as before."),
    ),
)

TRUST: Chapter = (
    "What changes, changes at the next request: keys and trust",
    (
        done(
            "development",
            "iam update-access-key",
            _key("Inactive"),
            "",
            "root",
            "Casey's key is put to sleep.",
        ),
        refused(
            "casey",
            "sts assume-role",
            assume,
            UNKNOWN_TOKEN,
            INVALID,
            NOT_ASKED,
            "It opens nothing now.",
        ),
        done("development", "iam update-access-key", _key("Active"), "", "root", "And woken up."),
        done(
            "production",
            "iam update-assume-role-policy",
            _trust("production"),
            "",
            "root",
            "Trust is removed.",
        ),
        refused(
            "casey",
            "sts assume-role",
            assume,
            ACCESS_DENIED,
            "is not authorized to perform: sts:AssumeRole on resource:",
            "trust",
            "The next AssumeRole fails …",
        ),
        done(
            "session",
            "iam list-roles",
            nothing,
            "UpdateApp",
            "identity",
            "… and live sessions go on, as on AWS.",
        ),
        done(
            "production",
            "iam update-assume-role-policy",
            _trust("development"),
            "",
            "root",
            "Trust is restored.",
        ),
    ),
)

ENDS: Chapter = (
    "How a session ends before its time",
    (
        done(
            "production", "iam put-role-policy", _revoke, "", "root", "Revoke the sessions issued until now."
        ),
        refused(
            "session",
            "iam list-roles",
            nothing,
            ACCESS_DENIED,
            EXPLICIT_DENY,
            "identity",
            "aws:TokenIssueTime is sealed in the token; the deny compares it.",
        ),
        done(
            "production",
            "iam delete-role-policy",
            _policy_of_role("AWSRevokeOlderSessions"),
            "",
            "root",
            "The revocation is lifted.",
        ),
        done(
            "production", "iam delete-role-policy", _policy_of_role("reads"), "", "root", "Empty the role …"
        ),
        done("production", "iam delete-role", update_app, "", "root", "… and delete it."),
        refused(
            "session",
            "sts get-caller-identity",
            nothing,
            UNKNOWN_TOKEN,
            INVALID,
            NOT_ASKED,
            "A session does not outlive its role.",
        ),
        done(
            "production",
            "iam create-role",
            _again,
            "role/UpdateApp",
            "root",
            "A namesake, trusting the same.",
        ),
        refused(
            "session",
            "sts get-caller-identity",
            nothing,
            UNKNOWN_TOKEN,
            INVALID,
            NOT_ASKED,
            "A token is bound to the role's unique id, not to its name.",
        ),
        done(
            "casey",
            "sts assume-role",
            assume,
            "ASIA",
            "identity and trust",
            "Casey's policy names the role's ARN: it holds for the namesake.",
            keep_session,
        ),
    ),
)

ONE_ACCOUNT: Chapter = (
    "Within one account",
    (
        done(
            "development", "iam create-role", _local("named", "casey"), "role/named", "root", "Names casey."
        ),
        done(
            "casey",
            "sts assume-role",
            _assume_local("named"),
            "ASIA",
            "trust",
            "A user named directly needs no policy of their own.",
        ),
        done(
            "development",
            "iam create-role",
            _local("covered", "all"),
            "role/covered",
            "root",
            "Names the account.",
        ),
        refused(
            "casey",
            "sts assume-role",
            _assume_local("covered"),
            ACCESS_DENIED,
            "no identity-based policy allows the sts:AssumeRole action",
            "identity",
            "A user covered only by the account needs one: the account may delegate, that is all.",
        ),
    ),
)

CHANGES: tuple[Chapter, ...] = (PERMISSIONS, TRUST, ENDS, ONE_ACCOUNT)
