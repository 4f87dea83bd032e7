"""Actions, resources and principals at random: texts that mean the one asked for, and texts that do not."""

from __future__ import annotations

from typing import Any

from differential.vocabulary import ANN, DEEDS, HERE, NAMESAKE, STRANGERS
from strategies import Chance
from vestry.arn import parse_arn


def naming_action(chance: Chance, action: str, *, anything: bool = True) -> str:
    """An Action value that means `action`; `anything`: `*` may stand there."""
    service, _, name = action.partition(":")
    if anything and chance.one_in(9):
        return "*"
    return chance.pick(
        (
            action,
            action,
            f"{service}:*",
            f"{service}:{name[:3]}*",
            f"{service}:*{name[-4:]}",
            f"{service}:?{name[1:]}",
            f"{service}:{name.lower()}",
            f"{service.upper()}:{name}",
        )
    )


def other_action(chance: Chance, action: str) -> str:
    """An Action value that does not mean `action`."""
    service, _, name = action.partition(":")
    return chance.pick(
        (f"{service}:{name}s", f"{service}:Delete*", "kms:*", f"{service}:?{name}", "iam:PassRole")
    )


def naming_resource(chance: Chance, resource: str, *, short: bool) -> str:
    """A Resource value that means `resource`, unless a variable in it has another value; `short`: also unfinished ARNs."""
    fields = resource.split(":", 5)
    if len(fields) < 6 or chance.one_in(5):
        return "*"
    head, last = fields[:5], fields[5]
    return chance.pick(
        (
            resource,
            resource,
            ":".join([*head, "*"]),
            ":".join([*head, last[: len(last) // 2 + 1] + "*"]),
            ":".join([*head, "*" + last[-1] if "/" not in last else last[:-1] + "?"]),
            ":".join([*head[:4], "*", last]),
            ":".join([*head[:3], "*", head[4], last]),
            ":".join([*head[:3], "*", last.rpartition(":")[2]])
            if short
            else ":".join([*head[:3], "*", "", last]),
            ":".join([*head[:4], "*", last.rpartition(":")[2]]),
            ":".join(head[:3]) + (chance.pick(("", ":*")) if short else ":*:*:*"),
            ":".join(
                [*head, last.replace("ann", "${aws:username}").replace("red", "${aws:PrincipalTag/team}")]
            ),
            ":".join([*head, last.replace("ann", "${aws:referer, 'ann'}").replace("s", "${aws:username}")]),
            ":".join([*head, last.replace("x", "${*}")]),
        )
    )


def other_resource(chance: Chance, resource: str) -> str:
    """A Resource value that does not mean `resource`."""
    others = [deed.resource for deed in DEEDS if deed.resource not in (resource, "*")]
    return chance.pick(
        (
            *others,
            f"{resource}z" if resource != "*" else ANN,
            "arn:aws:s3:::other/*",
            f"arn:aws:sqs:*:{HERE}:?",
        )
    )


def naming_caller(chance: Chance, caller: str | None) -> Any:
    """A Principal element that names the caller, closely or as its account."""
    if caller is None or chance.one_in(6):
        return chance.pick(("*", {"AWS": "*"}))
    if not caller.startswith("arn:"):
        return {"Service": chance.pick((caller, [caller, "ec2.amazonaws.com"]))}
    if ":saml-provider/" in caller:
        return {"Federated": caller}
    fields = parse_arn(caller)
    assert fields is not None, caller
    ways = [caller, caller, fields.account, f"arn:aws:iam::{fields.account}:root"]
    if fields.resource.startswith("assumed-role/"):
        ways += [f"arn:aws:iam::{fields.account}:role/" + fields.resource.split("/")[1]] * 2
    if caller == NAMESAKE:
        ways.append(ANN)  # which does not name it
    way = chance.pick(ways)
    return {"AWS": chance.pick((way, [way, *chance.several(_ARNS, 0, 1)]))}


def other_principal(chance: Chance, caller: str | None) -> Any:
    """A Principal element of strangers."""
    own = "" if caller is None else caller.partition("assumed-role/")[2].partition("/")[0]
    listed = [
        one
        for one in chance.several(STRANGERS)
        if one != caller and not (own and one.endswith(f":role/{own}"))
    ]
    services = [one for one in listed if one in _SERVICES]
    arns = [one for one in listed if one not in _SERVICES]
    named = {"AWS": arns, "Service": services}
    return {kind: values for kind, values in named.items() if values} or {"AWS": "777788889999"}


def spared(chance: Chance, caller: str | None) -> Any:
    """A NotPrincipal element: the caller's layers, all or some of them, or strangers."""
    if caller is None or not caller.startswith("arn:aws:") or chance.one_in(3):
        return other_principal(chance, caller)
    fields = parse_arn(caller)
    assert fields is not None, caller
    layers = [caller, f"arn:aws:iam::{fields.account}:root"]
    if fields.resource.startswith("assumed-role/"):
        layers.append(f"arn:aws:iam::{fields.account}:role/" + fields.resource.split("/")[1])
    kept = [layer for layer in layers if not chance.one_in(4)]
    return {"AWS": kept or layers}


_SERVICES = tuple(one for one in STRANGERS if one.endswith(".amazonaws.com"))
_ARNS = tuple(one for one in STRANGERS if one not in _SERVICES)
