"""What is put to the policies besides the request, and what they answer."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from vestry.policy.compile import Compiled, Rule


class Layers(msgspec.Struct, frozen=True, gc=False):
    """Every policy that has a say, by kind. What is None or empty is not there, and restricts nothing.

    A boundary or session policy that is set but gone is given as EMPTY, which allows nothing.
    """

    identity: tuple[Compiled, ...] = ()  # of the user and its groups, or of the role
    boundary: Compiled | None = None
    session: tuple[Compiled, ...] | None = None  # None: none was passed; a federated user is then denied
    resource: Compiled | None = None
    resource_is_trust: bool = False  # as a role's trust policy: an identity policy alone never opens it
    service_control: tuple[tuple[Compiled, ...], ...] = ()  # one tuple a level, root first
    resource_control: tuple[tuple[Compiled, ...], ...] = ()


class Outcome(StrEnum):
    """The three answers, in the policy simulator's words."""

    ALLOWED = "allowed"
    EXPLICIT_DENY = "explicitDeny"
    IMPLICIT_DENY = "implicitDeny"


class Layer(StrEnum):
    """The layers, as a decision names them."""

    SERVICE_CONTROL = "service-control"
    RESOURCE_CONTROL = "resource-control"
    RESOURCE = "resource"
    TRUST = "trust"
    IDENTITY = "identity"
    BOUNDARY = "boundary"
    SESSION = "session"
    ROOT = "root"


class Decision(msgspec.Struct, frozen=True, gc=False):
    """The answer: the layer that decided, and the statements that did (none where an allow was missing)."""

    outcome: Outcome
    layer: Layer
    statements: tuple[Rule, ...] = ()
