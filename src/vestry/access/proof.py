"""Callers who sign nothing: a token or an assertion among the parameters proves who they are.

An operation that AWS's model declares unsigned names a `ProvenBy`. Its function looks only at values. Where it lacks
an issuer's keys it answers `Needs`; the pipeline fetches them and asks once more, with `awaited` set.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from vestry.access.caller import Caller
from vestry.credentials.issuer_keys import KeySet
from vestry.directory.snapshot import Root


class Needs(msgspec.Struct, frozen=True, gc=False):
    """The keys of an issuer are not at hand, or not the one with this id."""

    issuer: str
    key_id: str


class Submission(msgspec.Struct, frozen=True, gc=False):
    """What a proof is judged by.

    `parameters` are validated; `wall` and `now` are the two clocks in epoch seconds. `keys` answers an issuer's keys
    that are at hand. `awaited`: what was needed has been asked for, so that what is missing now is out of reach.
    `earlier` is what the same proof gave on a Root of a moment ago: where nothing that it rests on has changed, the
    signature need not be verified again.
    """

    parameters: Mapping[str, Any]
    root: Root
    wall: int
    now: int
    keys: Callable[[str], KeySet | None]
    awaited: bool = False
    earlier: Caller | None = None


class ProvenBy(msgspec.Struct, frozen=True, gc=False):
    """How the callers of an operation are known. `heavy`: it takes milliseconds, and is done off the event loop."""

    prove: Callable[[Submission], Caller | Needs]
    heavy: bool = False
