"""What one statement means for one request.

Source: IAM User Guide, "IAM JSON policy element reference". Everything is done again for every question.
"""

from __future__ import annotations

import base64
import functools
import ipaddress
import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal

from vestry.policy.document import Condition, Document, Principals, Statement
from vestry.policy.request import Context, Kind, Principal, Request

UNKNOWN = object()  # a `${…}` without value

# A pattern is a list of: a character that stands for itself, or one of these pairs (what, whether it stops at a colon).
MANY, MANY_INSIDE, ONE, ONE_INSIDE = ("*", False), ("*", True), ("?", False), ("?", True)


def matches(pattern: list, text: str) -> bool:
    """All the places of the pattern where one can be after each character of the text."""
    places = closure(pattern, {0})
    for character in text:
        stepped = set()
        for place in places:
            if place == len(pattern):
                continue
            piece = pattern[place]
            if isinstance(piece, str):
                if piece == character:
                    stepped.add(place + 1)
            elif not (piece[1] and character == ":"):
                stepped.add(place if piece[0] == "*" else place + 1)
        places = closure(pattern, stepped)
    return len(pattern) in places


def closure(pattern: list, places: set) -> set:
    """A run may be empty."""
    reached = set()
    for place in places:
        reached.add(place)
        while place < len(pattern) and pattern[place] in (MANY, MANY_INSIDE):
            place += 1  # noqa: PLW2901
            reached.add(place)
    return reached


def substitute(text: str, context: Context, document: Document) -> list:
    """The characters of a text; a list holds UNKNOWN where a variable has no value. Escaped and substituted ones are
    marked as literal by standing alone in a list."""
    result: list = []
    while text:
        variable = re.match(r"\$\{([*?$])\}|\$\{([^{}',]+)(?:, '([^']*)')?\}", text)
        if document.version != "2012-10-17" or not text.startswith("${"):
            result.append(text[0])
            text = text[1:]
        elif variable is None:
            result.append(UNKNOWN)
            text = text.partition("}")[2]
        else:
            value = variable[1] or context.get(variable[2].lower())
            value = value or variable[3]  # a key with an empty value has none
            result += [[c] for c in value] if isinstance(value, str) else [UNKNOWN]
            text = text[variable.end() :]
    return result


def as_pattern(characters: list) -> list | None:
    if UNKNOWN in characters:
        return None
    return [MANY if c == "*" else ONE if c == "?" else c[0] for c in characters]


# ── Action, Resource, Principal ──────────────────────────────────────────────────────────────────────────────────


def action_matches(statement: Statement, request: Request) -> bool:
    listed = statement.actions if statement.not_actions is None else statement.not_actions
    found = any(matches(as_pattern(list(text.lower())), request.action.lower()) for text in listed or ())
    return found if statement.not_actions is None else not found


def resource_matches(statement: Statement, request: Request, document: Document) -> bool:
    if statement.resources is None and statement.not_resources is None:
        return statement.principals is not None or statement.not_principals is not None  # a trust policy
    listed = statement.resources if statement.not_resources is None else statement.not_resources
    found = any(one_resource_matches(text, request, document) for text in listed or ())
    return found if statement.not_resources is None else not found


def one_resource_matches(text: str, request: Request, document: Document) -> bool:
    segments = text.split(":", 5)
    if segments[0] != "arn":
        return matches(as_pattern(list(text)), request.resource)
    pattern: list = []
    for segment in segments[:5]:
        body = segment.rstrip("*")
        pattern += [MANY_INSIDE if c == "*" else ONE_INSIDE if c == "?" else c for c in body]
        pattern += [MANY] if body != segment else []
        pattern += [":"]
    if len(segments) == 6:
        last = as_pattern(substitute(segments[5], request.context, document))
        return last is not None and matches(pattern + last, request.resource)
    if any(segment.endswith("*") for segment in segments):
        return matches(pattern[:-1], request.resource)
    return matches([*pattern, MANY], request.resource)


def closeness(statement: Statement, caller: Principal, bound: bool, bounded: bool) -> str:
    """ "direct", "entity", "account" or "" """
    if statement.principals is not None:
        return principals_match(statement.principals, caller, bound)
    if statement.not_principals is None or statement.allow:
        return ""
    return "" if not bounded and spared(statement.not_principals, caller, bound) else "direct"


def principals_match(principals: Principals, caller: Principal, bound: bool) -> str:
    if principals.everyone or "*" in principals.aws:
        return "direct"
    if caller.kind == Kind.SERVICE:
        return "direct" if caller.arn in principals.service else ""
    if caller.kind == Kind.FEDERATED:
        known = caller.arn in principals.federated
        by_address = caller.issuer_arn != "" and caller.issuer_arn in principals.federated
        return "direct" if known or by_address else ""
    if caller.kind == Kind.ANONYMOUS:
        return ""
    if names(principals, caller.arn, bound) and caller.kind != Kind.ROOT:
        return "direct"
    if caller.unique_id in principals.aws and caller.unique_id:
        return "direct" if caller.kind == Kind.USER else "entity"
    if names(principals, caller.issuer_arn, bound) and caller.kind in (Kind.ROLE, Kind.FEDERATED_USER):
        return "entity" if not caller.issuer_arn.endswith(":root") else "account"
    return "account" if account_listed(principals, caller) else ""


def names(principals: Principals, arn: str, bound: bool) -> bool:
    """In a bound document only ARNs of sessions are anybody's."""
    return bool(arn) and arn in principals.aws and not (bound and arn.startswith("arn:aws:iam:"))


def account_listed(principals: Principals, caller: Principal) -> bool:
    return caller.account in principals.aws or f"arn:aws:iam::{caller.account}:root" in principals.aws


def spared(principals: Principals, caller: Principal, bound: bool) -> bool:
    """NotPrincipal spares whom it lists in every layer."""
    if (
        principals.everyone
        or "*" in principals.aws
        or caller.kind in (Kind.SERVICE, Kind.FEDERATED, Kind.ANONYMOUS)
    ):
        return principals_match(principals, caller, bound) != ""
    itself = names(principals, caller.arn, bound) or caller.kind == Kind.ROOT
    by_id = caller.unique_id != "" and caller.unique_id in principals.aws
    behind = by_id or names(principals, caller.issuer_arn, bound) or caller.issuer_arn.endswith(":root")
    if caller.kind in (Kind.ROOT, Kind.USER):
        behind, itself = True, itself or by_id
    return account_listed(principals, caller) and itself and behind


# ── Condition ────────────────────────────────────────────────────────────────────────────────────────────────────


def condition_holds(condition: Condition, request: Request, document: Document) -> bool:
    value = request.context.get(condition.key.lower())
    negated = "Not" in condition.operator
    values = (
        [] if value is None or value in ("", ("",)) else [value] if isinstance(value, str) else list(value)
    )
    if condition.operator == "Null":
        return str(not values).lower() in [text.lower() for text in condition.values]
    if condition.quantifier == "ForAllValues":
        return all(value_holds(condition, one, negated, request, document) for one in values)
    if condition.quantifier == "ForAnyValue":
        return any(value_holds(condition, one, negated, request, document) for one in values)
    if value is None:
        return negated or condition.if_exists
    return isinstance(value, str) and value_holds(condition, value, negated, request, document)


def value_holds(
    condition: Condition, value: str, negated: bool, request: Request, document: Document
) -> bool:
    """One request value against all values of the policy. None from a comparison: not comparable."""
    compare = COMPARISONS[condition.operator.replace("Not", "")]
    answers = [compare(text, value, request.context, document) for text in condition.values]
    if unreadable(condition.operator, value):
        return False
    if True in answers:
        return not negated
    return negated and None not in answers


def unreadable(operator: str, value: str) -> bool:
    readers = {
        "Numeric": number,
        "Date": date,
        "Bool": truth,
        "Binary": binary,
        "Ip": address,
        "NotIp": address,
    }
    if operator.startswith("Arn"):
        return value.count(":") < 5
    return any(operator.startswith(family) and read(value) is None for family, read in readers.items())


def text_of(text: str, context: Context, document: Document) -> str | None:
    characters = substitute(text, context, document)
    return None if UNKNOWN in characters else "".join(c[0] for c in characters)


def same(text: str, value: str, context: Context, document: Document) -> bool:
    return text_of(text, context, document) == value


def same_but_for_case(text: str, value: str, context: Context, document: Document) -> bool:
    literal = text_of(text, context, document)
    return literal is not None and literal.lower() == value.lower()


def like(text: str, value: str, context: Context, document: Document) -> bool:
    pattern = as_pattern(substitute(text, context, document))
    return pattern is not None and matches(pattern, value)


def arn_like(text: str, value: str, context: Context, document: Document) -> bool | None:
    # A colon inside ${…} is no separator.
    segments = re.sub(r"\$\{[^}]*\}", lambda v: v[0].replace(":", "\0"), text).split(":", 5)
    if len(segments) < 6 or value.count(":") < 5:
        return None
    pairs = zip(segments, value.split(":", 5), strict=True)
    return all(like(segment.replace("\0", ":"), part, context, document) for segment, part in pairs)


def comparing(read: Callable, holds: Callable, read_policy: Callable | None = None) -> Callable:
    def compare(text: str, value: str, _context: Context, _document: Document) -> bool | None:
        wanted, given = (read_policy or read)(text), read(value)
        return None if wanted is None or given is None else holds(given, wanted)

    return compare


def number(text: str) -> Decimal | None:
    return Decimal(text) if re.fullmatch(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)", text) else None


@functools.cache
def date(text: str) -> Decimal | None:
    """Seconds. Only the plain forms: year, month, day, and a time with a zone."""
    if number(text) is not None and "-" not in text[1:]:
        return number(text)
    for form in ("%Y-%m", "%Y-%m-%d", "%Y-%m-%dT%H:%M%z", "%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M:%S.%f%z"):
        try:
            read = datetime.strptime(text, form)  # noqa: DTZ007
        except ValueError:
            continue
        moment = read if read.tzinfo else read.replace(tzinfo=UTC)
        whole = moment.replace(microsecond=0)
        return Decimal(int(whole.timestamp())) + Decimal(moment.microsecond) / 1_000_000
    return None


def truth(text: str) -> bool | None:
    return {"true": True, "false": False}.get(text.lower())


def binary(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        return None


def address(text: str) -> object:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def network(text: str) -> object:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


COMPARISONS: dict[str, Callable] = {
    "StringEquals": same,
    "StringEqualsIgnoreCase": same_but_for_case,
    "StringLike": like,
    "NumericEquals": comparing(number, lambda given, wanted: given == wanted),
    "NumericLessThan": comparing(number, lambda given, wanted: given < wanted),
    "NumericLessThanEquals": comparing(number, lambda given, wanted: given <= wanted),
    "NumericGreaterThan": comparing(number, lambda given, wanted: given > wanted),
    "NumericGreaterThanEquals": comparing(number, lambda given, wanted: given >= wanted),
    "DateEquals": comparing(date, lambda given, wanted: given == wanted),
    "DateLessThan": comparing(date, lambda given, wanted: given < wanted),
    "DateLessThanEquals": comparing(date, lambda given, wanted: given <= wanted),
    "DateGreaterThan": comparing(date, lambda given, wanted: given > wanted),
    "DateGreaterThanEquals": comparing(date, lambda given, wanted: given >= wanted),
    "Bool": comparing(truth, lambda given, wanted: given == wanted),
    "BinaryEquals": comparing(binary, lambda given, wanted: given == wanted),
    "IpAddress": comparing(address, lambda given, wanted: given in wanted, network),
    "ArnEquals": arn_like,
    "ArnLike": arn_like,
}


def statement_matches(statement: Statement, request: Request, document: Document) -> bool:
    """Action, resource and every condition; the principal is the caller's affair."""
    return (
        action_matches(statement, request)
        and resource_matches(statement, request, document)
        and all(condition_holds(condition, request, document) for condition in statement.conditions)
    )
