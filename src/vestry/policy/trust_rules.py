"""What is demanded of policies that name their principals (a role's trust policy, a resource's policy), and AWS's words.

This validator looks at the document first, then at one statement after the other, each from Effect to Sid; the fault
it meets first is its answer. Trust policies are held to more than other resource policies: what holds for them only
stands in functions that say so. Sources: public records of IAM's answers to CreateRole; IAM User Guide, "AWS JSON
policy elements: Principal" and "Identity-provider controls for shared OIDC providers".
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable

from vestry.policy.elements import Principals
from vestry.policy.grammar import Draft, Fault, Reading
from vestry.policy.pattern import action_pattern
from vestry.policy.principal_rules import invalid_principal, is_aws_form, is_federated_form, is_wild
from vestry.policy.shared_providers import COGNITO, missing_control, scoped_keys

JSON = "This policy contains invalid Json"
SYNTAX = "Syntax error in policy."
VERSION = "The policy must contain a valid version string"
EMPTY = "Could not parse the policy: Statement is empty!"
NO_EFFECT = "Missing required field Effect"
NO_PRINCIPAL = "Missing required field Principal"
EMPTY_PRINCIPAL = "Missing required field Principal cannot be empty!"
NO_PRINCIPALS = (
    "Invalid principal in policy: com.amazon.balsa.error.InvalidPolicyException: "
    "The passed in policy has a statement with no principals!"
)
NOT_AN_OBJECT = "Principal must be a JSON object."
FEDERATED = "Federated principals must be valid domain names or SAML metadata ARNs"
COGNITO_CONDITION = "A condition block must be present for the Cognito provider"
ALLOW_NOT_PRINCIPAL = "Allow with NotPrincipal is not allowed."
NOT_PRINCIPAL = "AssumeRole policy must not contain NotPrincipal field."
NO_ACTION = "Missing required field Action"
STS_ONLY = "AssumeRole policy may only specify STS AssumeRole actions."
RESOURCE = "Has prohibited field Resource"
NOT_RESOURCE = "AssumeRole policy must not contain resources."
SIDS = "The Statement Ids in the policy are not unique"

#: What a trust policy may speak of, in lower case.
ACTIONS = tuple(
    f"sts:{name}"
    for name in (
        "assumerole",
        "assumerolewithsaml",
        "assumerolewithwebidentity",
        "tagsession",
        "setsourceidentity",
        "setcontext",
    )
)

# The order in which a statement is looked at.
_EFFECT, _NOT_PRINCIPAL, _PRINCIPAL, _CONDITION, _ACTION, _RESOURCE, _SID = range(7)
_PLACES = {
    "NotPrincipal": _NOT_PRINCIPAL,
    "Principal": _PRINCIPAL,
    "Condition": _CONDITION,
    "Action": _ACTION,
    "NotAction": _ACTION,
    "Resource": _RESOURCE,
    "NotResource": _RESOURCE,
    "Sid": _SID,
}

#: Faults of the grammar that have a text of their own.
_GRAMMAR = {
    "json": JSON,
    "version": VERSION,
    "statement-missing": EMPTY,
    "statement-empty": EMPTY,
    "effect-missing": NO_EFFECT,
    "principal-text": NOT_AN_OBJECT,
    "principal-empty": EMPTY_PRINCIPAL,
    "principal-none": NO_PRINCIPALS,
}
_DOCUMENT_ORDER = {"json": 0, "document-shape": 0, "version": 2, "statement-missing": 3, "statement-empty": 3}


def answer_grammar(fault: Fault, reading: Reading) -> None:
    """Give a fault of the shared grammar its place in the order and AWS's text."""
    path = fault.path
    fault.answer = _GRAMMAR.get(fault.rule, SYNTAX)
    if len(path) < 2 or not isinstance(path[1], int):
        fault.order = (0, _DOCUMENT_ORDER.get(fault.rule, 1))
        return
    place = _PLACES.get(str(path[2]), _EFFECT) if len(path) > 2 else _EFFECT
    fault.order = (1, path[1], place, 1)
    if fault.rule in ("effect-case", "effect-unknown"):
        draft = reading.drafts[bisect_left(reading.drafts, path[1], key=lambda draft: draft.index)]
        fault.answer = f"Invalid effect: {draft.raw['Effect']}"
    elif fault.rule == "principal-type":
        fault.answer = f'Invalid principal in policy: "{path[3]}"'


def check_trust(reading: Reading, faults: list[Fault], *, allow_wildcard_principals: bool) -> None:
    """Add to `faults` what IAM refuses in a role's trust policy beyond the grammar.

    With `allow_wildcard_principals` a whole `{"AWS": "*"}` passes, as it does on AWS; a bare `"*"` never does, nor a
    wildcard within a principal.
    """
    sids: set[str] = set()
    for draft in reading.drafts:
        _check_not_principal(draft, faults, trust=True)
        _check_principal(draft, faults, allow_wildcard_principals)
        _check_federated(draft, faults)
        _check_action(draft, faults)
        _check_sts_actions(draft, faults)
        _check_resource(draft, faults)
        _check_sid(draft, sids, faults)


def check_resource_policy(reading: Reading, faults: list[Fault]) -> None:
    """Add to `faults` what is refused in a resource's policy, of whatever service, beyond the grammar."""
    sids: set[str] = set()
    for draft in reading.drafts:
        _check_not_principal(draft, faults, trust=False)
        if "Principal" not in draft.raw and "NotPrincipal" not in draft.raw:
            _report(
                draft, faults, "principal-missing", _PRINCIPAL, "the statement has no Principal", NO_PRINCIPAL
            )
        for name, principals in (
            ("Principal", draft.statement.principals),
            ("NotPrincipal", draft.statement.not_principals),
        ):
            for index, value in _placed(draft, name, "AWS", principals.aws if principals else ()):
                if is_wild(value):
                    why = "no wildcard stands for part of a principal"
                    _refuse_principal(draft, faults, (name, "AWS", index), value, why)
        _check_action(draft, faults)
        _check_sid(draft, sids, faults)


def _report(
    draft: Draft, faults: list[Fault], rule: str, place: int, message: str, answer: str, *rest: str | int
) -> None:
    faults.append(Fault(rule, draft.path(*rest), message, answer, (1, draft.index, place, 0)))


def _refuse_principal(
    draft: Draft, faults: list[Fault], path: tuple[str, str, int], value: str, why: str
) -> None:
    """Report a principal with AWS's text for one that it doesn't take; `path` is element, type and index."""
    name, kind, _ = path
    answer = invalid_principal(kind, value)
    _report(draft, faults, "principal-invalid", _PLACES[name], f"{value!r}: {why}", answer, *path)


def _placed(draft: Draft, name: str, kind: str, values: tuple[str, ...]) -> Iterable[tuple[int, str]]:
    """Return the principals of a type, each with its index as written: everyone (`*`) has one, but is no value."""
    element = draft.raw[name] if values else None
    written = element.get(kind) if isinstance(element, dict) else None
    if len(values) == 1 and not isinstance(written, list):
        return ((0, values[0]),)
    return [pair for pair in enumerate(written or ()) if kind != "AWS" or pair[1] != "*"]


def _check_not_principal(draft: Draft, faults: list[Fault], *, trust: bool) -> None:
    if "NotPrincipal" not in draft.raw:
        return
    place = _NOT_PRINCIPAL
    if draft.statement.allow:
        message = "NotPrincipal with Allow lets in everyone else, anonymous callers included"
        _report(draft, faults, "not-principal-allow", place, message, ALLOW_NOT_PRINCIPAL, "NotPrincipal")
    elif trust:
        message = "a trust policy names its principals"
        _report(draft, faults, "not-principal", place, message, NOT_PRINCIPAL, "NotPrincipal")


def _check_principal(draft: Draft, faults: list[Fault], allow_wildcard: bool) -> None:
    """Check the form of the principals of a trust policy."""
    principals = draft.statement.principals
    if principals is None:
        if "Principal" not in draft.raw and "NotPrincipal" not in draft.raw:
            _report(
                draft, faults, "principal-missing", _PRINCIPAL, "the statement has no Principal", NO_PRINCIPAL
            )
        return
    if principals.everyone:
        _check_everyone(draft, faults, allow_wildcard)
    for index, value in _placed(draft, "Principal", "AWS", principals.aws):
        if not is_aws_form(value):
            why = "a principal is an account, a user, a role or a session, each named in full"
            _refuse_principal(draft, faults, ("Principal", "AWS", index), value, why)
    for index, value in _placed(draft, "Principal", "Service", principals.service):
        if is_wild(value):
            why = "no wildcard stands for a service"
            _refuse_principal(draft, faults, ("Principal", "Service", index), value, why)
    if principals.canonical_user:
        message, answer = (
            "roles are not assumed by S3's canonical users",
            'Invalid principal in policy: "CanonicalUser"',
        )
        _report(draft, faults, "principal-type", _PRINCIPAL, message, answer, "Principal", "CanonicalUser")


def _check_everyone(draft: Draft, faults: list[Fault], allow_wildcard: bool) -> None:
    """Refuse a whole `*`, or only a bare one where whole ones are allowed."""
    bare = draft.raw["Principal"] == "*"
    if not allow_wildcard:
        written = draft.raw["Principal"] if bare else draft.raw["Principal"]["AWS"]
        why = "everyone, in every account, could assume the role"
        _refuse_principal(draft, faults, ("Principal", "AWS", written.index("*")), "*", why)
    elif bare:
        message = 'write {"AWS": "*"}: a trust policy\'s Principal is an object'
        _report(draft, faults, "principal-text", _PRINCIPAL, message, NOT_AN_OBJECT, "Principal")


def _check_federated(draft: Draft, faults: list[Fault]) -> None:
    """Check the identity providers of a trust policy, and the controls that shared ones need."""
    principals: Principals | None = draft.statement.principals
    if principals is None or not principals.federated:
        return
    scoped = scoped_keys(draft.statement.conditions)
    readable = "Condition" not in draft.bad
    for index, value in enumerate(principals.federated):
        path = ("Principal", "Federated", index)
        if not is_federated_form(value):
            message = f"{value!r} is neither a domain name nor a provider's ARN"
            _report(draft, faults, "federated", _PRINCIPAL, message, FEDERATED, *path)
        elif value == COGNITO and not draft.statement.conditions and readable:
            message = "identity pools of every account sign in through this provider"
            _report(draft, faults, "cognito", _PRINCIPAL, message, COGNITO_CONDITION, *path)
        elif draft.statement.allow and readable:
            key = missing_control(value, scoped)
            if key:
                answer = f"Shared identity provider in policy requires a condition on {key}: {value}"
                message = f"everyone can sign in at {value}: a condition on {key} must say who is meant"
                _report(draft, faults, "shared-provider", _PRINCIPAL, message, answer, *path)


def _check_action(draft: Draft, faults: list[Fault]) -> None:
    statement = draft.statement
    if not (statement.actions or statement.not_actions or "Action" in draft.bad or "NotAction" in draft.bad):
        message = "the statement has no Action, or an empty one"
        _report(draft, faults, "action-missing", _ACTION, message, NO_ACTION)


def _check_sts_actions(draft: Draft, faults: list[Fault]) -> None:
    """Hold a trust policy to the actions by which roles are assumed."""
    for name, actions in (("Action", draft.statement.actions), ("NotAction", draft.statement.not_actions)):
        for index, text in enumerate(actions or ()):
            if not _is_assume_action(text):
                message = f"{text!r} is none of the actions by which a role is assumed"
                _report(draft, faults, "sts-only", _ACTION, message, STS_ONLY, name, index)


def _is_assume_action(text: str) -> bool:
    """Tell whether a name, or a pattern within `sts:`, stands for one of the trust policies' actions."""
    lower = text.lower()
    if lower in ACTIONS:
        return True
    if not lower.startswith("sts:") or not is_wild(lower):
        return False
    pattern = action_pattern(lower)
    return any(pattern.matches(action) for action in ACTIONS)


def _check_resource(draft: Draft, faults: list[Fault]) -> None:
    for name, answer in (("Resource", RESOURCE), ("NotResource", NOT_RESOURCE)):
        if name in draft.raw:
            message = f"{name} has no place in a trust policy: the resource is the role"
            _report(draft, faults, "resource-prohibited", _RESOURCE, message, answer, name)


def _check_sid(draft: Draft, sids: set[str], faults: list[Fault]) -> None:
    sid = draft.statement.sid
    if sid and sid in sids:
        _report(draft, faults, "sid-repeated", _SID, f"Sid {sid!r} stands twice", SIDS, "Sid")
    sids.add(sid)
