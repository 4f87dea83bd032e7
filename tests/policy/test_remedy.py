"""The smallest change that would have allowed a request: which edits, for whatever denied it."""

from __future__ import annotations

from typing import Any

import pytest
from test_report import ALLOW_ALL, ANN, HERE, policy

from vestry.policy.compile import EMPTY, Compiled
from vestry.policy.decide import Layers, Outcome, decide
from vestry.policy.document import Principals, Statement
from vestry.policy.explain import explain
from vestry.policy.outcome import Layer
from vestry.policy.remedy import AddStatement, Edit, RemoveStatement, SetKey, apply
from vestry.policy.request import Kind, MappingContext, Principal, Request, Value

THERE = "444455556666"
ACTION, OBJECT = "s3:GetObject", "arn:aws:s3:::b/k"
ALL, DENY = policy(ALLOW_ALL), policy({"Effect": "Deny", "Action": "*", "Resource": "*"})
ROLE = f"arn:aws:iam::{HERE}:role/dev"
SESSION = Principal(Kind.ROLE, HERE, f"arn:aws:sts::{HERE}:assumed-role/dev/s", ROLE, "AROADEV")
GUEST = Principal(Kind.FEDERATED_USER, HERE, f"arn:aws:sts::{HERE}:federated-user/f", ANN.arn)
SERVICE = Principal(Kind.SERVICE, "", "x.y")
PROVIDER = Principal(Kind.FEDERATED, "", f"arn:aws:iam::{HERE}:saml-provider/Idp")
NOBODY = Principal(Kind.ANONYMOUS)
NARROW = Statement(True, actions=(ACTION,), resources=(OBJECT,))


def ask(caller: Principal = ANN, owner: str = HERE, resource: str = OBJECT, **context: Value) -> Request:
    return Request(caller, ACTION, resource, MappingContext(context), owner)


def whom(principals: Principals, *, trust: bool = False) -> Statement:
    return Statement(True, principals=principals, actions=(ACTION,), resources=None if trust else (OBJECT,))


SOME = Layers(identity=(ALL,))
EMPTY_RESOURCE = Layers(identity=(ALL,), resource=EMPTY)
ADD = AddStatement
# what denies, the request, the policies, the edits
DENIALS: list[tuple[str, Request, Layers, list[Edit]]] = [
    ("no identity policy", ask(), Layers(), [ADD(Layer.IDENTITY, NARROW)]),
    ("the boundary", ask(), Layers(identity=(ALL,), boundary=EMPTY), [ADD(Layer.BOUNDARY, NARROW)]),
    ("no session policy", ask(SESSION), Layers(identity=(ALL,), session=()), [ADD(Layer.SESSION, NARROW)]),
    ("the session policy", ask(SESSION), Layers(identity=(ALL,), session=(EMPTY,)), [ADD(Layer.SESSION, NARROW)]),
    ("a federated user's missing session policy", ask(GUEST), SOME, [ADD(Layer.SESSION, NARROW)]),
    ("no resource policy abroad", ask(owner=THERE), SOME, [ADD(Layer.RESOURCE, whom(Principals(aws=(ANN.arn,))))]),
    ("the resource policy abroad", ask(owner=THERE), EMPTY_RESOURCE, [ADD(Layer.RESOURCE, whom(Principals(aws=(ANN.arn,))))]),
    ("both sides abroad", ask(owner=THERE), Layers(), [ADD(Layer.RESOURCE, whom(Principals(aws=(ANN.arn,)))), ADD(Layer.IDENTITY, NARROW)]),
    ("no trust policy", ask(), Layers(identity=(ALL,), resource_is_trust=True), [ADD(Layer.TRUST, whom(Principals(aws=(ANN.arn,)), trust=True))]),
    ("the trust policy", ask(SESSION), Layers(resource=EMPTY, resource_is_trust=True), [ADD(Layer.TRUST, whom(Principals(aws=(SESSION.arn,)), trust=True))]),
    ("a service is not named", ask(SERVICE, HERE), Layers(resource=EMPTY), [ADD(Layer.RESOURCE, whom(Principals(service=("x.y",))))]),
    ("a provider is not named", ask(PROVIDER), Layers(resource=EMPTY, resource_is_trust=True), [ADD(Layer.TRUST, whom(Principals(federated=(PROVIDER.arn,)), trust=True))]),
    ("nobody is let in", ask(NOBODY), Layers(), [ADD(Layer.RESOURCE, whom(Principals(everyone=True)))]),
    ("the second level of service control", ask(), Layers(identity=(ALL,), service_control=((ALL,), (EMPTY,))), [ADD(Layer.SERVICE_CONTROL, NARROW, 1)]),
    ("two levels of service control", ask(), Layers(identity=(ALL,), service_control=((), (ALL,), (EMPTY,))), [ADD(Layer.SERVICE_CONTROL, NARROW, 0), ADD(Layer.SERVICE_CONTROL, NARROW, 2)]),
    ("the second level of resource control", ask(), Layers(identity=(ALL,), resource_control=((ALL,), ())), [ADD(Layer.RESOURCE_CONTROL, NARROW, 1)]),
    ("a Deny of the identity", ask(), Layers(identity=(ALL, DENY)), [RemoveStatement(Layer.IDENTITY, DENY.rules[0])]),
    ("a Deny of the boundary", ask(), Layers(identity=(ALL,), boundary=policy(ALLOW_ALL, {"Effect": "Deny", "Action": "*", "Resource": "*"})), []),
    ("a Deny of the session", ask(SESSION), Layers(identity=(ALL,), session=(ALL, DENY)), [RemoveStatement(Layer.SESSION, DENY.rules[0])]),
    ("a Deny of service control", ask(), Layers(identity=(ALL,), service_control=((ALL,), (ALL, DENY))), [RemoveStatement(Layer.SERVICE_CONTROL, DENY.rules[0], 1)]),
    ("a Deny of resource control", ask(), Layers(identity=(ALL,), resource_control=((ALL,), (ALL,), (ALL, DENY))), [RemoveStatement(Layer.RESOURCE_CONTROL, DENY.rules[0], 2)]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("request_", "layers", "edits"), [row[1:] for row in DENIALS], ids=[row[0] for row in DENIALS]
)
def test_what_would_have_helped(request_: Request, layers: Layers, edits: list[Edit]) -> None:
    found = explain(request_, layers).change
    if edits:
        assert list(found) == edits
    else:
        assert layers.boundary is not None
        assert found == (RemoveStatement(Layer.BOUNDARY, layers.boundary.rules[1]),)
    changed = apply(request_, layers, found)
    assert decide(*changed).outcome is Outcome.ALLOWED
    assert changed[0] is request_


def test_a_grant_to_the_caller_itself_is_one_edit_where_two_policies_lack_it() -> None:
    """In one account, whom the resource policy names directly needs neither identity policy nor boundary."""
    layers = Layers(boundary=EMPTY, resource=EMPTY)
    assert explain(ask(), layers).change == (AddStatement(Layer.RESOURCE, whom(Principals(aws=(ANN.arn,)))),)


def test_wildcards_in_a_resource_are_escaped() -> None:
    odd = "arn:aws:s3:::b/*?$x"
    (edit,) = explain(ask(resource=odd), Layers()).change
    assert isinstance(edit, AddStatement)
    assert edit.statement.resources == ("arn:aws:s3:::b/${*}${?}${$}x",)
    (edit,) = explain(ask(resource="*"), Layers()).change
    assert isinstance(edit, AddStatement)
    assert edit.statement.resources == ("*",)


# the condition of an Allow, what the request has, what it should have had
KEYS: list[tuple[dict[str, Any], dict[str, Value], Value]] = [
    ({"StringEquals": {"K": "a*"}}, {}, "a*"),
    ({"StringLike": {"K": "a*b?"}}, {"k": "c"}, "abx"),
    ({"StringNotEquals": {"K": "a"}}, {"k": "a"}, "another"),
    ({"StringNotLike": {"K": "*"}}, {"k": "a"}, None),
    ({"ForAnyValue:StringEquals": {"K": ["a", "b"]}}, {}, ("a",)),
    ({"NumericLessThan": {"K": "5"}}, {"k": "6"}, "0"),
    ({"NumericGreaterThan": {"K": "5"}}, {}, "1000000000"),
    ({"NumericLessThan": {"K": "-5"}}, {}, "-1000000000"),
    ({"NumericNotEquals": {"K": "0"}}, {"k": "0"}, "1"),
    ({"DateLessThan": {"K": "2020-01-01"}}, {}, "1970-01-02T00:00:00Z"),
    ({"DateGreaterThan": {"K": "2020-01-01"}}, {}, "2999-12-31T00:00:00Z"),
    ({"Bool": {"K": "true"}}, {"k": "false"}, "true"),
    ({"BinaryEquals": {"K": "YWI="}}, {}, "YWI="),
    ({"IpAddress": {"K": "10.0.0.0/8"}}, {"k": "11.0.0.1"}, "10.0.0.0"),
    ({"NotIpAddress": {"K": "10.0.0.0/8"}}, {"k": "10.0.0.1"}, "192.0.2.1"),
    ({"NotIpAddress": {"K": "192.0.2.0/24"}}, {"k": "192.0.2.9"}, "2001:db8::1"),
    ({"NotIpAddress": {"K": ["192.0.2.0/24", "::/0"]}}, {"k": "192.0.2.9"}, "198.51.100.1"),
    ({"ArnLike": {"K": "arn:aws:s3:::b*"}}, {}, "arn:aws:s3:::b"),
    ({"ArnNotLike": {"K": "arn:aws:s3:::b*"}}, {"k": "arn:aws:s3:::b"}, "arn:aws:iam::000000000000:user/another"),
    ({"Null": {"K": "true"}}, {"k": "a"}, None),
    ({"Null": {"K": "false"}}, {}, "false"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("condition", "context", "value"), KEYS, ids=[next(iter(row[0])) + f" {row[2]}" for row in KEYS]
)
def test_a_value_of_the_key_would_have_helped(
    condition: dict[str, Any], context: dict[str, Value], value: Value
) -> None:
    layers = Layers(identity=(policy(ALLOW_ALL | {"Condition": condition}),))
    assert explain(ask(**context), layers).change == (SetKey("k", value),)


@pytest.mark.parametrize(
    ("condition", "context", "value"),
    [
        ({"BinaryEquals": {"K": "YWI="}}, {"k": "YWI="}, "AA=="),
        ({"Bool": {"K": "false"}}, {"k": "false"}, "true"),
        ({"StringEquals": {"K": "a"}}, {"k": "a"}, "another"),
        ({"StringLike": {"K": "*"}}, {"k": "a"}, None),
    ],
)
def test_a_deny_may_be_escaped_by_a_value(
    condition: dict[str, Any], context: dict[str, Value], value: Value
) -> None:
    deny = {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": condition}
    assert explain(ask(**context), Layers(identity=(policy(ALLOW_ALL, deny),))).change == (
        SetKey("k", value),
    )


def test_values_come_before_changes_of_policies_and_of_statements_only_that_fail_by_their_conditions() -> (
    None
):
    elsewhere = {
        "Effect": "Allow",
        "Action": ACTION,
        "Resource": "arn:aws:s3:::c/*",
        "Condition": {"Bool": {"a": "true"}},
    }
    here = {
        "Effect": "Allow",
        "Action": ACTION,
        "Resource": "*",
        "Condition": {"Bool": {"b": "true", "c": "true"}},
    }
    layers = Layers(identity=(policy(elsewhere, here),))
    assert explain(ask(c="true"), layers).change == (SetKey("b", "true"),)
    assert explain(ask(b="true"), layers).change == (SetKey("c", "true"),)
    assert explain(ask(), layers).change == (AddStatement(Layer.IDENTITY, NARROW),)


def rules(policies: tuple[Compiled, ...]) -> list[Statement]:
    return [rule.statement for one in policies for rule in one.rules]


@pytest.mark.parametrize("layer", [layer for layer in Layer if layer is not Layer.ROOT])
def test_an_edit_changes_its_layer_and_no_other(layer: Layer) -> None:
    deny = DENY.rules[0]
    both = (ALL, DENY)
    full = Layers(
        both, policy(ALLOW_ALL), both, policy(ALLOW_ALL), False, (both, both, both), (both, both, both)
    )

    def flat(layers: Layers) -> dict[str, list[list[Statement]]]:
        single = [] if layers.boundary is None else [layers.boundary]
        resource = [] if layers.resource is None else [layers.resource]
        return {
            "identity": [rules(layers.identity)],
            "boundary": [rules(tuple(single))],
            "session": [rules(layers.session or ())],
            "resource": [rules(tuple(resource))],
            "service-control": [rules(level) for level in layers.service_control],
            "resource-control": [rules(level) for level in layers.resource_control],
        }

    name = "resource" if layer is Layer.TRUST else layer.value
    level = 1 if layer in (Layer.SERVICE_CONTROL, Layer.RESOURCE_CONTROL) else 0
    expected = flat(full)
    expected[name][level] = [*expected[name][level], NARROW]
    added = apply(ask(), full, [AddStatement(layer, NARROW, level)])[1]
    assert flat(added) == expected
    if layer not in (Layer.BOUNDARY, Layer.RESOURCE, Layer.TRUST):
        expected = flat(full)
        expected[name][level] = [ALL.rules[0].statement]
        assert flat(apply(ask(), full, [RemoveStatement(layer, deny, level)])[1]) == expected
    bare = apply(
        ask(),
        Layers(service_control=((), ()), resource_control=((), ())),
        [AddStatement(layer, NARROW, level)],
    )[1]
    assert flat(bare)[name][level] == [NARROW]


def test_set_keys_overlay_the_context() -> None:
    request, layers = apply(
        ask(a="1", b="2"), SOME, [SetKey("a", "3"), SetKey("b", None), SetKey("c", ("4",))]
    )
    assert [request.context.get(key) for key in "abcd"] == ["3", None, ("4",), None]
    assert layers is SOME
