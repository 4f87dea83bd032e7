"""Which statements of a layer match the request, and what they say.

A statement matches when its action, resource, principal and every condition do; the index has left out most others.
An explicit deny outweighs every allow, so the first that matches ends the search; an allow that has been found makes
further allows superfluous.
"""

from __future__ import annotations

from collections.abc import Iterable

from vestry.policy.compile import Compiled, Rule
from vestry.policy.index import Entry
from vestry.policy.principals import Match
from vestry.policy.request import Principal
from vestry.policy.variables import Get


def judge(
    policies: Iterable[Compiled], action: str, resource: str, caller: Principal, get: Get
) -> Rule | None:
    """Return a statement that denies, else one that allows, else None, for policies that belong to the caller.

    `action` is in lower case. A statement without Principal, as is usual here, speaks about whoever carries it.
    """
    granted: Rule | None = None
    for policy in policies:
        for first in policy.few or policy.candidates(action, resource):
            following: Entry | None = first
            while following is not None:
                entry, following = following, following[5]
                if (
                    (names := entry[0]) is not None
                    and action not in names
                    and ((others := entry[1]) is None or not others(action))
                ):
                    continue
                if (prefix := entry[2]) and not resource.startswith(prefix):
                    continue
                if (test := entry[3]) is not None and not test(resource, get):
                    continue
                rule = entry[4]
                if granted is not None and rule.allow:
                    continue
                if (rule.principals is not None or rule.spared is not None) and not named(
                    rule, caller, False
                ):
                    continue
                for condition in rule.conditions:
                    if not condition(get):
                        break
                else:
                    if not rule.allow:
                        return rule
                    granted = rule
    return granted


def judge_resource(
    policy: Compiled, action: str, resource: str, caller: Principal, get: Get, bounded: bool
) -> tuple[Rule | None, Match]:
    """Return a statement of a resource policy that denies, else the allowing one that names the caller most closely.

    With it comes how closely; Match.NONE says that the statement denies or that there is none.
    `bounded`: the caller has a permissions boundary.
    """
    granted: Rule | None = None
    closest = Match.NONE
    for first in policy.few or policy.candidates(action, resource):
        following: Entry | None = first
        while following is not None:
            names, others, prefix, test, rule, following = following
            if names is not None and action not in names and (others is None or not others(action)):
                continue
            if not resource.startswith(prefix) or (test is not None and not test(resource, get)):
                continue
            match = named(rule, caller, bounded)
            if not match or (rule.allow and match <= closest):
                continue
            for condition in rule.conditions:
                if not condition(get):
                    break
            else:
                if not rule.allow:
                    return rule, Match.NONE
                granted, closest = rule, match
    return granted, closest


def named(rule: Rule, caller: Principal, bounded: bool) -> Match:
    """Return how closely a statement names the caller.

    NotPrincipal means something only with Deny, and spares nobody who has a permissions boundary; an Allow with
    NotPrincipal, which IAM no longer supports, grants nothing.
    """
    if rule.principals is not None:
        return rule.principals.match(caller)
    if rule.spared is None or rule.allow:
        return Match.NONE
    return Match.NONE if not bounded and rule.spared.spares(caller) else Match.DIRECT
