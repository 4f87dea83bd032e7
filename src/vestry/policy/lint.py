"""What is legal in a policy but unwise: what a careful reviewer would question.

Each rule is a function of one statement that yields warnings; the tuples at the end say which run. Nothing here
refuses anything. Conditions and policy variables have their rules in `lint_conditions`. Sources: IAM User Guide,
"Security best practices in IAM", "IAM Access Analyzer policy check reference" and the pages of the elements.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from vestry.policy.elements import Statement
from vestry.policy.grammar import VERSIONS, Draft, Fault, Reading
from vestry.policy.kinds import DocumentKind
from vestry.policy.lint_conditions import lint_conditions, lint_variables
from vestry.policy.pattern import action_pattern
from vestry.policy.principal_rules import is_aws_form, is_wild

Rule = Callable[[Draft], Iterator[Fault]]

_IDENTITY = (DocumentKind.MANAGED, DocumentKind.INLINE, DocumentKind.SESSION)
_WITH_PRINCIPALS = (DocumentKind.TRUST, DocumentKind.RESOURCE, DocumentKind.LIBRARY)


def lint(reading: Reading, kind: DocumentKind) -> list[Fault]:
    """Return the warnings about a document, as far as it could be read."""
    found: list[Fault] = []
    if not reading.version_given and reading.drafts:
        message = f"without Version the document is of {VERSIONS[0]}, which knows no policy variables"
        found.append(Fault("version-absent", (), message))
    rules = [*_ALWAYS]
    if kind in _IDENTITY:
        rules += _FOR_IDENTITIES
    if kind in _WITH_PRINCIPALS:
        rules += _FOR_PRINCIPALS
    if kind is DocumentKind.TRUST:
        rules += _FOR_TRUST
    for draft in reading.drafts:
        for rule in rules:
            found += rule(draft)
        found += lint_conditions(draft)
        found += lint_variables(draft, reading.version)
    return found


# ── Any policy ───────────────────────────────────────────────────────────────────────────────────────────────────
def _empty_sid(draft: Draft) -> Iterator[Fault]:
    if draft.raw.get("Sid") == "":
        yield Fault("sid-empty", draft.path("Sid"), "an empty Sid names nothing: leave it out")


def _repeated_values(draft: Draft) -> Iterator[Fault]:
    """A value that another of the list already says."""
    for name, values in _lists(draft.statement):
        if "*" in values and len(values) > 1:
            yield Fault("redundant", draft.path(name), "* is among the values and says what all others say")
            continue
        seen: set[str] = set()
        for index, value in enumerate(values):
            written = value.lower() if name.endswith("Action") else value
            if written in seen:
                yield Fault("redundant", draft.path(name, index), f"{value!r} stands twice in the list")
            seen.add(written)


def _lists(statement: Statement) -> Iterator[tuple[str, tuple[str, ...]]]:
    for name, values in (
        ("Action", statement.actions),
        ("NotAction", statement.not_actions),
        ("Resource", statement.resources),
        ("NotResource", statement.not_resources),
    ):
        if values:
            yield name, values


def _odd_actions(draft: Draft) -> Iterator[Fault]:
    """Actions that are stored but are no request's."""
    for name, values in _lists(draft.statement):
        if not name.endswith("Action"):
            continue
        for index, value in enumerate(values):
            service, colon, action = value.partition(":")
            if colon and _ACTION.fullmatch(action) is None:
                message = f"{value!r} is no action: letters, digits, * and ? are in names"
                yield Fault("action-odd", draft.path(name, index), message)
            elif colon and service == "*":
                message = f"{value!r} speaks of every service that has such an action"
                yield Fault("action-any-service", draft.path(name, index), message)


_ACTION = re.compile(r"[A-Za-z0-9_*?-]+")


def _odd_resources(draft: Draft) -> Iterator[Fault]:
    """Resources that match nothing, or more than they seem to."""
    for name, values in _lists(draft.statement):
        if not name.endswith("Resource"):
            continue
        for index, value in enumerate(values):
            if value == "*":
                continue
            head = value.partition(":")[0]
            if head != "arn" and not is_wild(head) and "$" not in head:
                message = f"{value!r} does not begin with arn: and matches no resource"
                yield Fault("resource-odd", draft.path(name, index), message)
            elif value.count(":") < 5:
                message = f"{value!r} has fewer than six fields: those that are missing stand for anything"
                yield Fault("resource-short", draft.path(name, index), message)


def _broad_negations(draft: Draft) -> Iterator[Fault]:
    """Allow with NotAction or NotResource grants whatever is added later, too."""
    statement = draft.statement
    if not statement.allow:
        return
    if statement.not_actions:
        message = "Allow with NotAction grants every other action, of every service, also those to come"
        yield Fault("allow-not-action", draft.path("NotAction"), message)
    if statement.not_resources:
        message = "Allow with NotResource grants every other resource, also those to come"
        yield Fault("allow-not-resource", draft.path("NotResource"), message)


# ── Policies of identities ───────────────────────────────────────────────────────────────────────────────────────
def _everything(draft: Draft) -> Iterator[Fault]:
    statement = draft.statement
    if not statement.allow or statement.conditions or "*" not in (statement.resources or ()):
        return
    if "*" in (statement.actions or ()):
        message = "this statement grants everything: it makes an administrator"
        yield Fault("allow-everything", draft.path(), message)


def _pass_role(draft: Draft) -> Iterator[Fault]:
    """Whoever may hand over any role may act as any role that some service acts as."""
    statement = draft.statement
    if not statement.allow or "*" not in (statement.resources or ()):
        return
    if any(condition.key.lower() == "iam:passedtoservice" for condition in statement.conditions):
        return
    for index, action in enumerate(statement.actions or ()):
        if action != "*" and action_pattern(action).matches("iam:passrole"):
            message = f"{action!r} on * hands over every role, the mightiest too: name the roles, or iam:PassedToService"
            yield Fault("pass-role", draft.path("Action", index), message)


def _assume_any(draft: Draft) -> Iterator[Fault]:
    statement = draft.statement
    if not statement.allow or "*" not in (statement.resources or ()) or statement.conditions:
        return
    for index, action in enumerate(statement.actions or ()):
        if action != "*" and action_pattern(action).matches("sts:assumerole"):
            message = f"{action!r} on * assumes every role that trusts this account: name the roles"
            yield Fault("assume-any-role", draft.path("Action", index), message)


# ── Policies that name principals ────────────────────────────────────────────────────────────────────────────────
def _everyone(draft: Draft) -> Iterator[Fault]:
    statement = draft.statement
    principals = statement.principals
    if principals is None or not statement.allow:
        return
    if principals.everyone and not statement.conditions:
        message = "everyone is let in, anonymous callers of other accounts too, and no condition narrows it"
        yield Fault("principal-everyone", draft.path("Principal"), message)
    if "*" in principals.federated or "*" in principals.service:
        yield Fault(
            "principal-everyone",
            draft.path("Principal"),
            "* is no provider and no service: it matches nobody",
        )


def _dead_principals(draft: Draft) -> Iterator[Fault]:
    """Principals that match nobody."""
    for name, principals in (
        ("Principal", draft.statement.principals),
        ("NotPrincipal", draft.statement.not_principals),
    ):
        for value in principals.aws if principals is not None else ():
            if is_wild(value):
                message = (
                    f"{value!r} matches nobody: wildcards don't work in principals; compare aws:PrincipalArn"
                )
                yield Fault("principal-wildcard", draft.path(name, "AWS"), message)
            elif not is_aws_form(value):
                message = f"{value!r} matches nobody: it is no account, user, role or session"
                yield Fault("principal-odd", draft.path(name, "AWS"), message)
            elif value.startswith(("AIDA", "AROA")):
                message = f"{value} is the unique id of a user or role, probably a deleted one"
                yield Fault("principal-id", draft.path(name, "AWS"), message)


def _not_principal(draft: Draft) -> Iterator[Fault]:
    if "NotPrincipal" not in draft.raw:
        return
    if draft.statement.allow:
        message = "NotPrincipal with Allow lets in everyone else, anonymous callers too"
    else:
        message = "NotPrincipal must list account, role and session of whom it spares: prefer a condition on aws:PrincipalArn"
    yield Fault("not-principal", draft.path("NotPrincipal"), message)


# ── Trust policies ───────────────────────────────────────────────────────────────────────────────────────────────
def _unfit_actions(draft: Draft) -> Iterator[Fault]:
    """Each way of assuming a role is for its own principals."""
    principals = draft.statement.principals
    if principals is None or not draft.statement.allow:
        return
    for index, action in enumerate(draft.statement.actions or ()):
        lower = action.lower()
        if lower in ("sts:assumerolewithsaml", "sts:assumerolewithwebidentity"):
            if not principals.federated:
                message = f"{action} is called by identity providers' users: it needs a Federated principal"
                yield Fault("action-unfit", draft.path("Action", index), message)
            elif lower.endswith("saml") and not any(
                ":saml-provider/" in value for value in principals.federated
            ):
                message = f"{action} needs a SAML provider as its Federated principal"
                yield Fault("action-unfit", draft.path("Action", index), message)
            elif lower.endswith("identity") and all(
                ":saml-provider/" in value for value in principals.federated
            ):
                message = f"{action} needs an OpenID Connect provider as its Federated principal"
                yield Fault("action-unfit", draft.path("Action", index), message)
        elif lower == "sts:assumerole" and principals.federated and not _others(draft):
            message = f"{action} is never called by identity providers' users: this principal can't use it"
            yield Fault("action-unfit", draft.path("Action", index), message)
        elif is_wild(lower):
            message = f"{action!r} speaks of every way to assume the role: name those that are meant"
            yield Fault("action-wildcard", draft.path("Action", index), message)


def _others(draft: Draft) -> bool:
    """Tell whether the statement names principals besides identity providers."""
    principals = draft.statement.principals
    return principals is not None and bool(principals.everyone or principals.aws or principals.service)


def _negations(draft: Draft) -> Iterator[Fault]:
    if draft.statement.allow and draft.statement.not_actions:
        yield Fault(
            "trust-not-action", draft.path("NotAction"), "name the ways in which the role may be assumed"
        )


def _unscoped_provider(draft: Draft) -> Iterator[Fault]:
    """Web identities without an audience: every client of the provider is trusted."""
    principals = draft.statement.principals
    if principals is None or not draft.statement.allow:
        return
    for index, value in enumerate(principals.federated):
        if ":saml-provider/" in value:
            continue
        if not any(
            condition.key.lower().endswith((":aud", ":sub")) for condition in draft.statement.conditions
        ):
            message = f"no condition says whose tokens of {value} are meant: compare its aud and sub"
            yield Fault("provider-unscoped", draft.path("Principal", "Federated", index), message)


_ALWAYS: tuple[Rule, ...] = (_empty_sid, _repeated_values, _odd_actions, _odd_resources)
_FOR_IDENTITIES: tuple[Rule, ...] = (_broad_negations, _everything, _pass_role, _assume_any)
_FOR_PRINCIPALS: tuple[Rule, ...] = (_everyone, _dead_principals, _not_principal)
_FOR_TRUST: tuple[Rule, ...] = (_unfit_actions, _negations, _unscoped_provider)
