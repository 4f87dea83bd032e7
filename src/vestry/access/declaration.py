"""What an operation declares about itself: the questions it asks, or why it asks none.

A declaration is a value. The pipeline authorizes by it, the documents are generated from it, and tests call every
operation by it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from vestry.access.caller import Caller
from vestry.access.context import Question
from vestry.directory.entities import Pairs
from vestry.directory.snapshot import Account, Root
from vestry.policy.request import Kind, Value


class Ask(msgspec.Struct, frozen=True, gc=False):
    """What a declaration may look at: the caller, the validated parameters, the Root and region that are asked about."""

    caller: Caller
    parameters: Mapping[str, Any]
    root: Root
    region: str

    @property
    def account(self) -> Account:
        """The caller's account."""
        return self.caller.account


class Resource(msgspec.Struct, frozen=True, gc=False):
    """What an action is performed on; the fields are those of `Question`."""

    arn: str
    shown: str
    account: str
    tags: Pairs = ()
    trust: str | None = None


On = Callable[[Ask], Resource]
Keys = Callable[[Ask], Mapping[str, Value]]
More = Callable[[Ask, Resource], Iterable[Question]]


class Declaration(msgspec.Struct, frozen=True, gc=False):
    """An operation's authorization.

    `action` is asked on `on`, with the condition keys of `keys`; `more` adds further questions. `exempt` is the
    reason why nothing is asked. `refused` maps kinds of principal to the text with which AWS refuses them outright.
    """

    action: str
    on: On | None = None
    keys: tuple[Keys, ...] = ()
    more: tuple[More, ...] = ()
    exempt: str = ""
    refused: Mapping[Kind, str] = {}

    def questions(self, ask: Ask) -> list[Question]:
        """Return what must be allowed for this request; empty only for exempt operations."""
        if self.on is None:
            return []
        resource = self.on(ask)
        keys: dict[str, Value] = {}
        for key in self.keys:
            keys.update(key(ask))
        asked = [
            Question(
                self.action,
                resource.arn,
                resource.shown,
                resource.account,
                keys,
                resource.tags,
                resource.trust,
            )
        ]
        for further in self.more:
            asked.extend(further(ask, resource))
        return asked
