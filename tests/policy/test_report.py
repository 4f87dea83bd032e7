"""An explanation as data: every member."""

from __future__ import annotations

import json
from typing import Any

from vestry.policy.compile import EMPTY, Compiled, compile_document
from vestry.policy.decide import Layers
from vestry.policy.document import DocumentKind, parse_document
from vestry.policy.explain import explain
from vestry.policy.report import report, unknown_keys
from vestry.policy.request import Kind, MappingContext, Principal, Request, Value
from vestry.policy.sentences import sentences

HERE = "111122223333"
ANN = Principal(Kind.USER, HERE, f"arn:aws:iam::{HERE}:user/ann", "", "AIDAANN")
ALLOW_ALL = {"Effect": "Allow", "Action": "*", "Resource": "*"}


def policy(*statements: dict[str, Any]) -> Compiled:
    text = json.dumps({"Version": "2012-10-17", "Statement": statements})
    return compile_document(parse_document(text, DocumentKind.LIBRARY))


def ask(resource: str, context: dict[str, Value], caller: Principal = ANN) -> Request:
    return Request(caller, "s3:GetObject", resource, MappingContext(context), HERE)


LAYERS = Layers(
    identity=(
        policy(
            {
                "Sid": "Own",
                "Effect": "Allow",
                "Action": "s3:Get*",
                "Resource": "arn:aws:s3:::b/${aws:username}/*",
                "Condition": {
                    "ForAnyValue:StringLike": {"aws:TagKeys": ["a*", "b"]},
                    "StringEquals": {"team:colour": "red"},
                },
            }
        ),
    ),
    boundary=policy({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}),
    service_control=(
        (policy(ALLOW_ALL),),
        (
            policy(
                {"Effect": "Allow", "Action": "ec2:*", "Resource": "*"},
                {
                    "Sid": "Keep",
                    "Effect": "Deny",
                    "Action": "s3:*",
                    "Resource": "*",
                    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                },
            ),
        ),
    ),
)
REQUEST = ask(
    "arn:aws:s3:::b/bob/x",
    {"aws:SecureTransport": "false", "aws:TagKeys": ("c", "d"), "aws:username": "ann"},
)


def check(element: str, matched: bool, written: list[str], found: Any, **more: str) -> dict[str, Any]:
    return {"element": element, "matched": matched, "written": written, "found": found} | more


def layer(name: str, level: int, allows: bool, denies: bool, *statements: dict[str, Any]) -> dict[str, Any]:
    return {
        "layer": name,
        "level": level,
        "present": True,
        "allows": allows,
        "denies": denies,
        "statements": list(statements),
        "otherStatements": 0,
    }


def statement(number: int, sid: str | None, effect: str, *checks: dict[str, Any]) -> dict[str, Any]:
    matched = all(one["matched"] for one in checks)
    return {"statement": number, "sid": sid, "effect": effect, "matched": matched, "checks": list(checks)}


ACTION = "s3:GetObject"
OBJECT = "arn:aws:s3:::b/bob/x"
NARROW = {"Effect": "Allow", "Action": ACTION, "Resource": OBJECT}


def test_a_report_holds_everything_that_was_asked() -> None:
    told = report(explain(REQUEST, LAYERS), LAYERS)
    assert told == {
        "principal": f"arn:aws:iam::{HERE}:user/ann",
        "action": ACTION,
        "resource": OBJECT,
        "decision": "explicitDeny",
        "decidedBy": "service-control",
        "reason": "with an explicit deny in a service control policy",
        "layers": [
            layer(
                "service-control", 0, True, False,
                statement(0, None, "Allow", check("Action", True, ["*"], ACTION), check("Resource", True, ["*"], OBJECT)),
            ),
            layer(
                "service-control", 1, False, True,
                statement(0, None, "Allow", check("Action", False, ["ec2:*"], ACTION), check("Resource", True, ["*"], OBJECT)),
                statement(
                    1, "Keep", "Deny",
                    check("Action", True, ["s3:*"], ACTION),
                    check("Resource", True, ["*"], OBJECT),
                    check("Condition", True, ["false"], "false", operator="Bool", key="aws:SecureTransport"),
                ),
            ),
            layer(
                "identity", 0, False, False,
                statement(
                    0, "Own", "Allow",
                    check("Action", True, ["s3:Get*"], ACTION),
                    check("Resource", False, ["arn:aws:s3:::b/${aws:username}/*"], OBJECT),
                    check("Condition", False, ["a*", "b"], ["c", "d"], operator="ForAnyValue:StringLike", key="aws:TagKeys"),
                    check(
                        "Condition", False, ["red"], None, operator="StringEquals", key="team:colour",
                        note="team:colour is no key that is known here; it is always absent",
                    ),
                ),
            ),
            layer(
                "boundary", 0, True, False,
                statement(0, None, "Allow", check("NotAction", True, ["iam:*"], ACTION), check("Resource", True, ["*"], OBJECT)),
            ),
        ],
        "change": [
            {
                "edit": "setKey", "key": "aws:securetransport", "value": "true",
                "says": 'Make the request with "true" for the key aws:securetransport.',
            },
            {
                "edit": "addStatement", "layer": "service-control", "level": 1, "statement": NARROW,
                "says": f"Add to the service control policies, level 2: allow {ACTION} on {OBJECT}.",
            },
            {
                "edit": "addStatement", "layer": "identity", "level": 0, "statement": NARROW,
                "says": f"Add to the identity policies: allow {ACTION} on {OBJECT}.",
            },
        ],
        "unknownKeys": ["team:colour"],
        "sentences": list(sentences(explain(REQUEST, LAYERS))),
    }  # fmt: skip


def test_what_is_removed_is_named_by_its_place() -> None:
    layers = Layers(identity=(policy(ALLOW_ALL, {"Effect": "Deny", "Action": "*", "Resource": "*"}),))
    assert report(explain(ask("*", {}), layers), layers)["change"] == [
        {
            "edit": "removeStatement",
            "layer": "identity",
            "level": 0,
            "statement": 1,
            "sid": None,
            "says": "Remove or narrow statement 2 of the identity policies.",
        }
    ]


def test_a_key_of_several_values_is_reported_as_a_list() -> None:
    condition = {"ForAnyValue:StringEquals": {"aws:TagKeys": "a"}}
    layers = Layers(identity=(policy(ALLOW_ALL | {"Condition": condition}),))
    assert report(explain(ask("*", {}), layers), layers)["change"] == [
        {
            "edit": "setKey",
            "key": "aws:tagkeys",
            "value": ["a"],
            "says": "Make the request with [a] for the key aws:tagkeys.",
        }
    ]


def test_nobody_is_reported_as_null() -> None:
    request = ask("arn:aws:s3:::b/k", {}, Principal(Kind.ANONYMOUS))
    layers = Layers(resource=policy(ALLOW_ALL | {"Principal": "*"}))
    told = report(explain(request, layers), layers)
    assert (told["principal"], told["decision"], told["reason"], told["change"]) == (None, "allowed", "", [])


def test_unknown_keys_are_found_in_every_layer() -> None:
    def with_key(key: str) -> Compiled:
        return policy(ALLOW_ALL | {"Condition": {"StringEquals": {key: "x", "aws:username": "ann"}}})

    layers = Layers(
        identity=(with_key("a:Identity"), with_key("a:Identity")),
        boundary=with_key("a:Boundary"),
        session=(with_key("a:Session"),),
        resource=with_key("a:Resource"),
        service_control=((EMPTY, with_key("a:Scp")), (with_key("a:Scp2"),)),
        resource_control=((with_key("a:Rcp"),),),
    )
    assert set(unknown_keys(layers)) == {
        "a:Identity", "a:Boundary", "a:Session", "a:Resource", "a:Scp", "a:Scp2", "a:Rcp",
    }  # fmt: skip
    assert len(unknown_keys(layers)) == 7
    assert unknown_keys(Layers()) == ()
