"""What the paths are answered from: one instance in one Root, at one moment, asked in one version of the service."""

from __future__ import annotations

import msgspec

from vestry.access.documents import Documents
from vestry.credentials.seal import KeyRing
from vestry.directory.machines import Instance
from vestry.directory.snapshot import Account, Root
from vestry.metadata.minted import Minted
from vestry.metadata.proving import Signer


class View(msgspec.Struct, frozen=True, gc=False):
    """`now` is the session clock's reading in epoch seconds; `delivery` is "2.0" with a session token, else "1.0"."""

    root: Root
    account: Account
    instance: Instance
    now: int
    delivery: str
    ring: KeyRing
    documents: Documents
    minted: Minted
    signer: Signer
