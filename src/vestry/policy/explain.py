"""Why a request is allowed or denied: every layer, every statement considered, and what would change the answer.

The explanation walks the rules that the decision was made on, and holds that decision itself: the two cannot differ.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from vestry.policy.compile import Compiled
from vestry.policy.consider import Considered, consider
from vestry.policy.decide import Decision, Layers, Outcome, control_levels, decide
from vestry.policy.denial import denial_reason
from vestry.policy.outcome import Layer
from vestry.policy.remedy import Edit, smallest_change
from vestry.policy.request import Kind, Request

#: A layer of more statements than this shows only those that concern the action.
_SHOWN = 100


class LayerReport(msgspec.Struct, frozen=True, gc=False):
    """One layer, or one level of the organization's policies."""

    layer: Layer
    present: bool
    considered: tuple[Considered, ...]
    others: int = 0  # statements about other actions that are not shown
    level: int = 0

    @property
    def denies(self) -> bool:
        """Whether a Deny matches."""
        return any(one.matched and not one.rule.allow for one in self.considered)

    @property
    def allows(self) -> bool:
        """Whether an Allow matches, however closely it names the caller."""
        return any(one.matched and one.rule.allow for one in self.considered)


class Explanation(msgspec.Struct, frozen=True, gc=False):
    """The decision with its reasons."""

    request: Request
    decision: Decision
    layers: tuple[LayerReport, ...]
    reason: str  # what AWS's message would end in
    change: tuple[Edit, ...]  # the fewest edits that would have allowed it; none where it is allowed


def explain(request: Request, layers: Layers) -> Explanation:
    """Decide, and say why. The same arguments as `decide`; costs as much as asking every statement everything."""
    decision = decide(request, layers)
    reports = tuple(_reports(request, layers))
    change: tuple[Edit, ...] = ()
    if decision.outcome is not Outcome.ALLOWED:
        considered = [one for report in reports for one in report.considered]
        change = smallest_change(request, layers, considered)
    return Explanation(request, decision, reports, denial_reason(request, decision), change)


def _reports(request: Request, layers: Layers) -> Iterator[LayerReport]:
    """Yield the layers in the order in which the decision hears them."""
    for layer, levels in control_levels(request.principal, layers):
        for level, policies in enumerate(levels):
            yield _report(layer, policies, request, level=level)
    bounded = layers.boundary is not None
    if layers.resource is not None:
        layer = Layer.TRUST if layers.resource_is_trust else Layer.RESOURCE
        yield _report(layer, (layers.resource,), request, bounded=bounded)
    elif layers.resource_is_trust or request.principal.account != request.resource_account:
        yield LayerReport(Layer.TRUST if layers.resource_is_trust else Layer.RESOURCE, False, ())
    if request.principal.kind in (Kind.SERVICE, Kind.FEDERATED, Kind.ANONYMOUS):
        return
    yield _report(Layer.IDENTITY, layers.identity, request)
    if layers.boundary is not None:
        yield _report(Layer.BOUNDARY, (layers.boundary,), request)
    if layers.session is not None:
        yield _report(Layer.SESSION, layers.session, request)
    elif request.principal.kind is Kind.FEDERATED_USER:
        yield LayerReport(Layer.SESSION, False, ())


def _report(
    layer: Layer, policies: tuple[Compiled, ...], request: Request, *, level: int = 0, bounded: bool = False
) -> LayerReport:
    rules = [rule for policy in policies for rule in policy.rules]
    action = request.action.lower()
    shown = rules if len(rules) <= _SHOWN else [rule for rule in rules if rule.names_action(action)]
    of_resource = layer in (Layer.RESOURCE, Layer.TRUST)
    considered = tuple(consider(rule, request, of_resource=of_resource, bounded=bounded) for rule in shown)
    return LayerReport(layer, bool(rules), considered, len(rules) - len(shown), level)
