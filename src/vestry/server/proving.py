"""Who is asking, by proof: the round in which what a proof lacks is fetched from outside.

The functions that judge a proof are pure; this module alone waits for them.
"""

from __future__ import annotations

import asyncio
from typing import Protocol

import msgspec

from vestry.access.caller import Caller
from vestry.access.proof import Issuer, Needs, ProvenBy, Submission
from vestry.credentials.issuer_keys import KeySet
from vestry.directory.snapshot import Root
from vestry.server.committer import Published


class Sources(Protocol):
    """Where issuers' keys come from."""

    def keys(self, issuer: Issuer) -> KeySet | None:
        """Return the keys that are at hand."""
        ...

    async def fetch(self, needs: Needs) -> str:
        """Fetch what is needed, where that is worth trying; return AWS's text for what is in the way, or ""."""
        ...


class Proving:
    """One proof, as it is judged on one Root or more: what was submitted stays, the Root changes."""

    def __init__(self, by: ProvenBy, submission: Submission, sources: Sources) -> None:
        self._by = by
        self._submission = submission
        self._sources = sources
        self._found: Caller | None = None

    async def first(self, published: Published) -> tuple[Caller, Root]:
        """Return the caller, and the Root by which they are known; raise the fault that refuses the proof."""
        root = published.root
        found = await self._judge(msgspec.structs.replace(self._submission, root=root))
        if isinstance(found, Needs):
            trouble = await self._sources.fetch(found)
            root = published.root
            at_hand = self._submission.at_hand
            again = msgspec.structs.replace(self._submission, root=root, at_hand=at_hand.fetched(trouble))
            found = await self._judge(again)
        self._found = _caller(found)
        return self._found, root

    def again(self, root: Root) -> Caller:
        """Return the caller as they are known on another Root."""
        at_hand = self._submission.at_hand.fetched()
        again = msgspec.structs.replace(self._submission, root=root, at_hand=at_hand, earlier=self._found)
        return _caller(self._by.prove(again))

    async def _judge(self, submission: Submission) -> Caller | Needs:
        if self._by.heavy:
            return await asyncio.to_thread(self._by.prove, submission)
        return self._by.prove(submission)


def _caller(found: Caller | Needs) -> Caller:
    assert isinstance(found, Caller), "a proof whose keys were awaited is answered or refused"
    return found
