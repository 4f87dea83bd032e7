"""The steps of the tour as values: how a role in one account comes to be assumed from another.

A step's parameters are functions of what earlier steps left in the world. What happens to the session when things
change is told in `story_changes`.
"""

from __future__ import annotations

from typing import Any

from vestry.cli.story_changes import CHANGES
from vestry.cli.story_decision import EXEMPT, NOT_ASKED
from vestry.cli.story_machine import A_MACHINE
from vestry.cli.story_step import (
    Chapter,
    World,
    assume,
    casey,
    done,
    keep_casey,
    keep_session,
    nothing,
    refused,
    statement,
    trust,
    update_app,
)

READS = ["iam:GetRole", "iam:ListRoles"]
ACCESS_DENIED = "AccessDenied"


def _keep_role(world: World, answer: Any) -> None:
    world["role"] = answer["Role"]["Arn"]


def _role_for_everybody(world: World) -> dict[str, Any]:
    return {"RoleName": "UpdateApp", "AssumeRolePolicyDocument": trust("*")}


def _role_for_development(world: World) -> dict[str, Any]:
    return {"RoleName": "UpdateApp", "AssumeRolePolicyDocument": trust(world["development"]["AccountId"])}


def _permissions(world: World) -> dict[str, Any]:
    document = statement("Allow", READS, Resource="*")
    return {"RoleName": "UpdateApp", "PolicyName": "reads", "PolicyDocument": document}


def _may_assume(world: World) -> dict[str, Any]:
    document = statement("Allow", "sts:AssumeRole", Resource=world["role"])
    return {"UserName": "casey", "PolicyName": "assume", "PolicyDocument": document}


A_USER: Chapter = (
    "Development's root makes a user, and nothing else",
    (
        done(
            "development", "iam create-user", casey, "casey", "root", "A root user rules in its own account."
        ),
        done(
            "development",
            "iam create-access-key",
            casey,
            "AKIA",
            "root",
            "The secret is shown this once, to whoever made the key.",
            keep_casey,
        ),
        done(
            "casey",
            "sts get-caller-identity",
            nothing,
            "user/casey",
            EXEMPT,
            "Every authenticated caller may ask who they are.",
        ),
        refused(
            "casey",
            "iam list-roles",
            nothing,
            ACCESS_DENIED,
            "no identity-based policy allows the iam:ListRoles action",
            "identity",
            "Nothing allows it: denied by default.",
        ),
    ),
)

A_ROLE: Chapter = (
    "Production's root makes a role that development may assume",
    (
        refused(
            "production",
            "iam create-role",
            _role_for_everybody,
            "MalformedPolicyDocument",
            'Invalid principal in policy: "AWS":"*"',
            "the operation, root allowed it",
            "A wildcard is no principal of a trust policy.",
        ),
        done(
            "production",
            "iam create-role",
            _role_for_development,
            "role/UpdateApp",
            "root",
            "The trust policy says who may become this role.",
            _keep_role,
        ),
        done(
            "production",
            "iam put-role-policy",
            _permissions,
            "",
            "root",
            "The permissions policy says what the role may do.",
        ),
        refused(
            "production",
            "iam create-access-key",
            lambda w: {"UserName": "UpdateApp"},
            "NoSuchEntity",
            "The user with name UpdateApp cannot be found.",
            "the operation, root allowed it",
            "A role is no user: it has no password and no access keys of its own.",
        ),
    ),
)

BOTH_HALVES: Chapter = (
    "Both halves are needed",
    (
        refused(
            "development",
            "sts assume-role",
            assume,
            ACCESS_DENIED,
            "Roles may not be assumed by root accounts.",
            NOT_ASKED,
            "A root user may assume no role at all.",
        ),
        refused(
            "casey",
            "sts assume-role",
            assume,
            ACCESS_DENIED,
            "is not authorized to perform: sts:AssumeRole on resource:",
            "identity",
            "Production trusts development; development has not yet allowed casey. Across accounts AWS gives no reason.",
        ),
        done(
            "development",
            "iam put-user-policy",
            _may_assume,
            "",
            "root",
            "Now the other half is there.",
        ),
        refused(
            "casey",
            "sts assume-role",
            lambda w: {**assume(w), "DurationSeconds": 899},
            "ValidationError",
            "greater than or equal to 900",
            NOT_ASKED,
            "A session lasts fifteen minutes at least.",
        ),
        refused(
            "casey",
            "sts assume-role",
            lambda w: {**assume(w), "DurationSeconds": 3601},
            "ValidationError",
            "exceeds the MaxSessionDuration",
            "the operation, identity and trust allowed it",
            "And no longer than the role permits.",
        ),
        done(
            "casey",
            "sts assume-role",
            lambda w: {**assume(w), "DurationSeconds": 900},
            "ASIA",
            "identity and trust",
            "The trust policy and casey's own policy both allow it. It ends by itself.",
            keep_session,
        ),
    ),
)

THE_SESSION: Chapter = (
    "The session may do what the role may, and nothing else",
    (
        done(
            "session",
            "sts get-caller-identity",
            nothing,
            "assumed-role/UpdateApp/tour",
            EXEMPT,
            "Casey is now a session of the role, in the role's account.",
        ),
        done(
            "session",
            "iam get-role",
            update_app,
            "role/UpdateApp",
            "identity",
            "The role's permissions policy allows it.",
        ),
        refused(
            "session",
            "iam create-user",
            lambda w: {"UserName": "mallory"},
            ACCESS_DENIED,
            "no identity-based policy allows the iam:CreateUser action",
            "identity",
            "Nothing in the role's policies allows it.",
        ),
        refused(
            "session",
            "sts assume-role",
            assume,
            ACCESS_DENIED,
            "is not authorized to perform: sts:AssumeRole",
            "trust",
            "A session cannot extend itself.",
        ),
        done(
            "profile",
            "sts get-caller-identity",
            nothing,
            "assumed-role/UpdateApp/",
            EXEMPT,
            "An AWS profile with role_arn and source_profile: the client assumes the role by itself, unasked.",
        ),
    ),
)

STEPS: tuple[Chapter, ...] = (A_USER, A_ROLE, BOTH_HALVES, THE_SESSION, *CHANGES, A_MACHINE)
