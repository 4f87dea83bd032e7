"""The steps of the tour as values: who asks for what, what AWS would answer, and why.

A step's parameters may be functions of what earlier steps left in the world.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

World = dict[str, Any]
Parameters = Callable[[World], Mapping[str, Any]]

READS = ["iam:GetRole", "iam:ListRoles"]


class Step(NamedTuple):
    """One request. `expected` is the error code, empty for success; `says` must be part of the answer."""

    who: str
    service: str
    operation: str
    parameters: Parameters
    expected: str
    says: str
    layer: str
    why: str
    keep: Callable[[World, Any], None] = lambda world, answer: None


def _statement(effect: str, action: Any, **more: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": effect, "Action": action, **more}]})


def _trust(principal: Any) -> str:
    return _statement("Allow", "sts:AssumeRole", Principal=principal)


def _keep_casey(world: World, answer: Any) -> None:
    world["casey"] = answer["AccessKey"]


def _keep_role(world: World, answer: Any) -> None:
    world["role"] = answer["Role"]["Arn"]


def _keep_session(world: World, answer: Any) -> None:
    world["session"] = answer["Credentials"]


def _assume(world: World, **more: Any) -> Mapping[str, Any]:
    return {"RoleArn": world["role"], "RoleSessionName": "tour"} | more


STEPS: tuple[tuple[str, tuple[Step, ...]], ...] = (
    (
        "Development's root makes a user, and nothing else",
        (
            Step(
                "development",
                "iam",
                "create_user",
                lambda w: {"UserName": "casey"},
                "",
                "casey",
                "root",
                "A root user may do everything in its own account.",
            ),
            Step(
                "development",
                "iam",
                "create_access_key",
                lambda w: {"UserName": "casey"},
                "",
                "AKIA",
                "root",
                "The secret is shown this once.",
                _keep_casey,
            ),
            Step(
                "casey",
                "sts",
                "get_caller_identity",
                lambda w: {},
                "",
                "user/casey",
                "exempt",
                "Every authenticated caller may ask who they are.",
            ),
            Step(
                "casey",
                "iam",
                "list_roles",
                lambda w: {},
                "AccessDenied",
                "no identity-based policy allows",
                "identity",
                "Nothing allows it: denied by default.",
            ),
        ),
    ),
    (
        "Production's root makes a role that development may assume",
        (
            Step(
                "production",
                "iam",
                "create_role",
                lambda w: {"RoleName": "UpdateApp", "AssumeRolePolicyDocument": _trust({"AWS": "*"})},
                "MalformedPolicyDocument",
                'Invalid principal in policy: "AWS":"*"',
                "validation",
                "A wildcard is no principal of a trust policy.",
            ),
            Step(
                "production",
                "iam",
                "create_role",
                lambda w: {
                    "RoleName": "UpdateApp",
                    "AssumeRolePolicyDocument": _trust({"AWS": w["development"]["AccountId"]}),
                },
                "",
                "UpdateApp",
                "root",
                "The trust policy says who may become this role.",
                _keep_role,
            ),
            Step(
                "production",
                "iam",
                "put_role_policy",
                lambda w: {
                    "RoleName": "UpdateApp",
                    "PolicyName": "reads",
                    "PolicyDocument": _statement("Allow", READS, Resource="*"),
                },
                "",
                "",
                "root",
                "The permissions policy says what the role may do.",
            ),
        ),
    ),
    (
        "Both halves are needed",
        (
            Step(
                "development",
                "sts",
                "assume_role",
                _assume,
                "AccessDenied",
                "Roles may not be assumed by root accounts.",
                "root",
                "A root user may assume no role at all.",
            ),
            Step(
                "casey",
                "sts",
                "assume_role",
                _assume,
                "AccessDenied",
                "sts:AssumeRole",
                "identity",
                "Production trusts development's account; development has not yet allowed casey.",
            ),
            Step(
                "development",
                "iam",
                "put_user_policy",
                lambda w: {
                    "UserName": "casey",
                    "PolicyName": "assume",
                    "PolicyDocument": _statement("Allow", "sts:AssumeRole", Resource=w["role"]),
                },
                "",
                "",
                "root",
                "Now the other half is there.",
            ),
            Step(
                "casey",
                "sts",
                "assume_role",
                lambda w: _assume(w, DurationSeconds=899),
                "ValidationError",
                "greater than or equal to 900",
                "validation",
                "A session lasts fifteen minutes at least.",
            ),
            Step(
                "casey",
                "sts",
                "assume_role",
                lambda w: _assume(w, DurationSeconds=3601),
                "ValidationError",
                "exceeds the MaxSessionDuration",
                "validation",
                "And no longer than the role permits.",
            ),
            Step(
                "casey",
                "sts",
                "assume_role",
                _assume,
                "",
                "ASIA",
                "identity and trust",
                "Trust policy and identity policy both allow it.",
                _keep_session,
            ),
        ),
    ),
    (
        "The session may do what the role may, and nothing else",
        (
            Step(
                "session",
                "sts",
                "get_caller_identity",
                lambda w: {},
                "",
                "assumed-role/UpdateApp/tour",
                "exempt",
                "Casey is now the role's session.",
            ),
            Step(
                "session",
                "iam",
                "get_role",
                lambda w: {"RoleName": "UpdateApp"},
                "",
                "UpdateApp",
                "identity",
                "The role's permissions policy allows it.",
            ),
            Step(
                "session",
                "iam",
                "create_user",
                lambda w: {"UserName": "mallory"},
                "AccessDenied",
                "no identity-based policy allows the iam:CreateUser action",
                "identity",
                "Nothing in the role's policies allows it.",
            ),
        ),
    ),
    (
        "What changes, changes at the next request",
        (
            Step(
                "production",
                "iam",
                "put_role_policy",
                lambda w: {
                    "RoleName": "UpdateApp",
                    "PolicyName": "stop",
                    "PolicyDocument": _statement("Deny", "iam:GetRole", Resource="*"),
                },
                "",
                "",
                "root",
                "An explicit deny.",
            ),
            Step(
                "session",
                "iam",
                "get_role",
                lambda w: {"RoleName": "UpdateApp"},
                "AccessDenied",
                "with an explicit deny in an identity-based policy",
                "identity",
                "A deny always wins.",
            ),
            Step(
                "production",
                "iam",
                "update_assume_role_policy",
                lambda w: {
                    "RoleName": "UpdateApp",
                    "PolicyDocument": _trust({"AWS": w["production"]["AccountId"]}),
                },
                "",
                "",
                "root",
                "Development is trusted no longer.",
            ),
            Step(
                "casey",
                "sts",
                "assume_role",
                _assume,
                "AccessDenied",
                "sts:AssumeRole",
                "trust",
                "The next AssumeRole fails …",
            ),
            Step(
                "session",
                "iam",
                "list_roles",
                lambda w: {},
                "",
                "UpdateApp",
                "identity",
                "… and live sessions go on, as on AWS.",
            ),
            Step(
                "production",
                "iam",
                "delete_role_policy",
                lambda w: {"RoleName": "UpdateApp", "PolicyName": "stop"},
                "",
                "",
                "root",
                "Clearing up.",
            ),
            Step(
                "production",
                "iam",
                "delete_role_policy",
                lambda w: {"RoleName": "UpdateApp", "PolicyName": "reads"},
                "",
                "",
                "root",
                "Clearing up.",
            ),
            Step(
                "production",
                "iam",
                "delete_role",
                lambda w: {"RoleName": "UpdateApp"},
                "",
                "",
                "root",
                "The role is gone.",
            ),
            Step(
                "session",
                "sts",
                "get_caller_identity",
                lambda w: {},
                "InvalidClientTokenId",
                "security token included in the request is invalid",
                "authentication",
                "A session does not outlive its role, nor does it pass to a namesake.",
            ),
        ),
    ),
)
