"""What all kinds of policy say together.

Source: IAM User Guide, "Policy evaluation logic", with "Evaluating policies within a single account" and
"Cross-account policy evaluation logic".

    1  an explicit deny in any policy denies
    2  every level of resource control policies, then of service control policies, must allow
    3  in one account: a resource policy that names the caller directly allows by itself; else the role or user behind
       the caller must be named there, or an identity policy must allow; a role's trust policy must always name the
       caller, at least through its account, which then needs an identity policy as well
    4  across accounts: the resource policy must name the caller in some way, and an identity policy must allow
    5  services, web identities and anonymous callers have nothing but the resource policy
    6  boundary and session policy, where they are set, must allow whatever was not granted directly in one account
"""

from __future__ import annotations

from vestry.policy.compile import Compiled, Rule
from vestry.policy.denial import denial_reason
from vestry.policy.evaluate import judge, judge_resource
from vestry.policy.outcome import Decision, Layer, Layers, Outcome
from vestry.policy.principals import Match
from vestry.policy.request import Kind, Principal, Request

__all__ = ["Decision", "Layer", "Layers", "Outcome", "decide", "denial_reason"]

_ALLOWED, _EXPLICIT, _IMPLICIT = Outcome.ALLOWED, Outcome.EXPLICIT_DENY, Outcome.IMPLICIT_DENY
_IDENTITY, _BOUNDARY, _SESSION = Layer.IDENTITY, Layer.BOUNDARY, Layer.SESSION
_RESOURCE, _TRUST, _ROOT = Layer.RESOURCE, Layer.TRUST, Layer.ROOT
_SERVICE_CONTROL, _RESOURCE_CONTROL = Layer.SERVICE_CONTROL, Layer.RESOURCE_CONTROL
_ROOT_USER, _FEDERATED_USER = Kind.ROOT, Kind.FEDERATED_USER
_DIRECT, _ENTITY, _NONE = Match.DIRECT, Match.ENTITY, Match.NONE
_WITHOUT_IDENTITY = frozenset((Kind.SERVICE, Kind.FEDERATED, Kind.ANONYMOUS))
_SERVICE_LINKED = ":role/aws-service-role/"


def decide(request: Request, layers: Layers) -> Decision:
    """Answer a request. Pure; condition keys are read only where a statement that could matter names them."""
    caller, resource, get = request.principal, request.resource, request.context.get
    action, local = request.action.lower(), caller.account == request.resource_account
    boundary, session = layers.boundary, layers.session
    resource_layer = _TRUST if layers.resource_is_trust else _RESOURCE
    missing = None
    if layers.service_control or layers.resource_control:
        missing = _organization(request, action, layers)
        if missing is not None and missing.outcome is _EXPLICIT:
            return missing
    named, match = None, _NONE
    if layers.resource is not None:
        named, match = judge_resource(layers.resource, action, resource, caller, get, boundary is not None)
        if named is not None and not named.allow:
            return Decision(_EXPLICIT, resource_layer, (named,))
    if caller.kind in _WITHOUT_IDENTITY:
        return missing or (
            _allowed(resource_layer, named) if match is _DIRECT else Decision(_IMPLICIT, resource_layer)
        )
    identity = judge(layers.identity, action, resource, caller, get)
    if identity is not None and not identity.allow:
        return Decision(_EXPLICIT, _IDENTITY, (identity,))
    bounded = judge((boundary,), action, resource, caller, get) if boundary is not None else None
    if bounded is not None and not bounded.allow:
        return Decision(_EXPLICIT, _BOUNDARY, (bounded,))
    limited = judge(session, action, resource, caller, get) if session is not None else None
    if limited is not None and not limited.allow:
        return Decision(_EXPLICIT, _SESSION, (limited,))
    if missing is not None:
        return missing
    if local and match is _DIRECT:
        return _allowed(resource_layer, named)
    both_sides = layers.resource_is_trust or not local
    if both_sides and match is _NONE:
        return Decision(_IMPLICIT, resource_layer)
    by_entity, root = local and match is _ENTITY, _is_root(caller)
    if identity is None and not by_entity and not root:
        return Decision(_IMPLICIT, _IDENTITY)
    if boundary is not None and bounded is None:
        return Decision(_IMPLICIT, _BOUNDARY)
    if limited is None and (session is not None or caller.kind is _FEDERATED_USER):
        return Decision(_IMPLICIT, _SESSION)
    if both_sides or (by_entity and identity is None):
        return _allowed(resource_layer, named, identity, bounded, limited)
    return _allowed(_ROOT if root else _IDENTITY, identity, bounded, limited)


def _organization(request: Request, action: str, layers: Layers) -> Decision | None:
    """Return the explicit deny of a control policy, else the first level that does not allow, else None."""
    missing = None
    for layer, levels in control_levels(request.principal, layers):
        for level in levels:
            rule = judge(level, action, request.resource, request.principal, request.context.get)
            if rule is not None and not rule.allow:
                return Decision(_EXPLICIT, layer, (rule,))
            if rule is None and (missing is None or missing.layer is not layer):
                missing = Decision(_IMPLICIT, layer)
    return missing


def control_levels(
    caller: Principal, layers: Layers
) -> tuple[tuple[Layer, tuple[tuple[Compiled, ...], ...]], ...]:
    """Return the organization's policies that bind the caller, in the order in which explicit denies are reported.

    Service control policies bind the principals of an account, root included; neither kind binds service-linked roles.
    """
    if _SERVICE_LINKED in caller.issuer_arn:
        return ()
    service = () if caller.kind in _WITHOUT_IDENTITY else layers.service_control
    return (_SERVICE_CONTROL, service), (_RESOURCE_CONTROL, layers.resource_control)


def _is_root(caller: Principal) -> bool:
    """Tell whether everything in its own account is the caller's: the root user, and whom it has federated."""
    if caller.kind is _ROOT_USER:
        return True
    return caller.kind is _FEDERATED_USER and caller.issuer_arn.endswith(":root")


def _allowed(layer: Layer, *rules: Rule | None) -> Decision:
    return Decision(_ALLOWED, layer, tuple([rule for rule in rules if rule is not None]))
