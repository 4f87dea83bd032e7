"""What is legal in a condition or a policy variable but unwise, or without effect.

Sources: IAM User Guide, "Condition operators", "Single-valued vs. multivalued context keys", "Policy variables",
"IAM Access Analyzer policy check reference".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from vestry.policy import scalars
from vestry.policy.elements import Condition
from vestry.policy.grammar import Draft, Fault
from vestry.policy.json_reader import Path
from vestry.policy.keys import KeyType, condition_key
from vestry.policy.operators import OPERATORS, Family, write_operator
from vestry.policy.variables import VARIABLE_VERSION, Variable, read

#: How a value of each family is read; what can't be read never matches.
_READERS: dict[Family, tuple[Callable[[str], object | None], str]] = {
    Family.NUMERIC: (scalars.number, "a number"),
    Family.DATE: (scalars.instant, "a date"),
    Family.BOOL: (scalars.truth, "true or false"),
    Family.NULL: (scalars.truth, "true or false"),
    Family.BINARY: (scalars.binary, "base64"),
    Family.IP_ADDRESS: (scalars.address_range, "an address or a range of addresses"),
}

#: Services whose keys are all known: any other key of theirs is never present.
_OWN_KEYS = ("aws", "iam", "sts", "saml")


def lint_conditions(draft: Draft) -> Iterator[Fault]:
    """Yield the warnings about a statement's conditions."""
    blocks = draft.raw.get("Condition")
    if blocks == {}:
        yield Fault(
            "condition-empty", draft.path("Condition"), "an empty Condition asks nothing: leave it out"
        )
    for written, block in blocks.items() if isinstance(blocks, dict) else ():
        if block == {}:
            message = f"{written} has no keys under it and asks nothing"
            yield Fault("condition-empty", draft.path("Condition", written), message)
    for condition in draft.statement.conditions:
        written = write_operator(condition.operator, condition.quantifier, if_exists=condition.if_exists)
        path = draft.path("Condition", written, condition.key)
        yield from _key(condition, path)
        yield from _quantifier(condition, path, draft)
        yield from _values(condition, path)
    yield from _namesakes(draft)


def _key(condition: Condition, path: Path) -> Iterator[Fault]:
    """Keys that are not known, or are not what the operator compares."""
    known = condition_key(condition.key)
    service, colon, _ = condition.key.partition(":")
    if known is None:
        if not colon:
            message = f"{condition.key!r} is no condition key: keys are written service:name"
            yield Fault("key-odd", path, message)
        elif service.lower() in _OWN_KEYS:
            message = (
                f"the condition key {condition.key!r} is not known: it counts as absent from every request"
            )
            yield Fault("key-unknown", path, message)
        return
    family = OPERATORS[condition.operator].family
    if known.type in _UNFIT and family in _UNFIT[known.type]:
        fit = "IpAddress" if known.type is KeyType.IP_ADDRESS else "Date…"
        message = (
            f"{condition.operator} compares the text of {condition.key}; {fit} operators compare its meaning"
        )
        yield Fault("key-type", path, message)
    elif known.type is not KeyType.IP_ADDRESS and family is Family.IP_ADDRESS:
        yield Fault(
            "key-type", path, f"{condition.key} holds no address: {condition.operator} never matches it"
        )
    elif known.type in (KeyType.STRING, KeyType.BOOL) and family is Family.ARN:
        yield Fault("key-type", path, f"{condition.key} holds no ARN: {condition.operator} never matches it")


_TEXTS = (Family.STRING, Family.STRING_IGNORE_CASE, Family.STRING_LIKE)
_UNFIT = {KeyType.IP_ADDRESS: _TEXTS, KeyType.DATE: _TEXTS}


def _quantifier(condition: Condition, path: Path, draft: Draft) -> Iterator[Fault]:
    """Keys of several values need a set operator; ForAllValues lets pass what has no value at all."""
    known = condition_key(condition.key)
    if condition.operator == "Null":
        if condition.if_exists:
            yield Fault("null-if-exists", path, "Null already speaks of presence: IfExists adds nothing")
        return
    if known is not None and known.several and not condition.quantifier:
        message = (
            f"{condition.key} may hold several values: without ForAllValues or ForAnyValue this never matches"
        )
        yield Fault("quantifier-missing", path, message)
    if known is not None and not known.several and condition.quantifier:
        message = f"{condition.key} holds one value: {condition.quantifier} does not belong here"
        yield Fault("quantifier-single", path, message)
    if (
        condition.quantifier == "ForAllValues"
        and draft.statement.allow
        and not _presence_asked(condition, draft)
    ):
        message = (
            f"ForAllValues is true where {condition.key} is absent, and this is an Allow: "
            f'add "Null": {{"{condition.key}": "false"}}'
        )
        yield Fault("for-all-values-allow", path, message)


def _presence_asked(condition: Condition, draft: Draft) -> bool:
    """Tell whether the statement also asks that the key be present."""
    key = condition.key.lower()
    return any(
        other.operator == "Null"
        and other.key.lower() == key
        and [value.lower() for value in other.values] == ["false"]
        for other in draft.statement.conditions
    )


def _values(condition: Condition, path: Path) -> Iterator[Fault]:
    """Values that never match, or that say nothing."""
    operator = OPERATORS[condition.operator]
    if not condition.values:
        always = "always holds" if operator.negated else "never holds"
        yield Fault("values-none", path, f"the list is empty: this condition {always}")
    reader, wanted = _READERS.get(operator.family, (None, ""))
    for index, value in enumerate(condition.values):
        if reader is not None and reader(value) is None:
            message = f"{value!r} is not {wanted}: it never matches"
            yield Fault("value-odd", (*path, index), message)
        elif operator.family is Family.ARN and scalars.arn_pattern(value) is None:
            yield Fault("value-odd", (*path, index), f"{value!r} is no ARN: it never matches")
    if reader is scalars.truth and {value.lower() for value in condition.values} == {"true", "false"}:
        yield Fault("values-both", path, "true and false are both listed: the value does not matter")
    if operator.family is Family.STRING and any("*" in value for value in condition.values):
        message = f"the * is compared as it stands by {condition.operator}; StringLike knows wildcards"
        if any("*" in value.replace("${*}", "") for value in condition.values):
            yield Fault("wildcard-literal", path, message)


def _namesakes(draft: Draft) -> Iterator[Fault]:
    """Keys of one operator that differ by case only: both must hold."""
    seen: set[tuple[str, str]] = set()
    for condition in draft.statement.conditions:
        written = write_operator(condition.operator, condition.quantifier, if_exists=condition.if_exists)
        name = (written, condition.key.lower())
        if name in seen:
            message = f"{condition.key!r} stands under {written} twice, in different case: both must hold"
            yield Fault("key-twice", draft.path("Condition", written, condition.key), message)
        seen.add(name)


def lint_variables(draft: Draft, version: str) -> Iterator[Fault]:
    """Yield the warnings about `${…}`: where it is plain text, and where it is not well formed."""
    for path, text, takes in _texts(draft):
        if "${" not in text:
            continue
        if not takes:
            yield Fault(
                "variable-place", path, f"policy variables have no meaning here: {text!r} is plain text"
            )
        elif version != VARIABLE_VERSION:
            message = f"policy variables need Version {VARIABLE_VERSION}: {text!r} is plain text"
            yield Fault("variable-version", path, message)
        else:
            yield from _forms(path, text)


_RESOURCE_COLONS = 5  # variables count in the last field of an ARN only


def _texts(draft: Draft) -> Iterator[tuple[Path, str, bool]]:
    """Yield every text of a statement with its path, and whether variables have a meaning in it."""
    statement = draft.statement
    yield draft.path("Sid"), statement.sid, False
    for name, values, takes in (
        ("Action", statement.actions, False),
        ("NotAction", statement.not_actions, False),
        ("Resource", statement.resources, True),
        ("NotResource", statement.not_resources, True),
    ):
        for index, text in enumerate(values or ()):
            head, found, _ = text.partition("${")
            yield draft.path(name, index), text, takes and bool(found) and head.count(":") >= _RESOURCE_COLONS
    for condition in statement.conditions:
        written = write_operator(condition.operator, condition.quantifier, if_exists=condition.if_exists)
        path = draft.path("Condition", written, condition.key)
        yield path, condition.key, False
        for index, text in enumerate(condition.values):
            yield (*path, index), text, OPERATORS[condition.operator].takes_variables


def _forms(path: Path, text: str) -> Iterator[Fault]:
    """Variables that are not well formed, or that never have a value."""
    for token in read(text, variables=True):
        if not isinstance(token, Variable):
            continue
        if not token.key:
            message = f"a policy variable in {text!r} is not well formed: ${{key}} or ${{key, 'default'}}; it matches nothing"
            yield Fault("variable-odd", path, message)
            continue
        known = condition_key(token.key)
        if known is not None and known.several:
            yield Fault(
                "variable-several", path, f"{token.key} may hold several values and can't be a variable"
            )
        elif known is None and token.key.partition(":")[0] in _OWN_KEYS:
            yield Fault(
                "variable-unknown", path, f"the condition key {token.key!r} is not known: it has no value"
            )
