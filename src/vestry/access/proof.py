"""Callers who sign with no access key: a token or an assertion among the parameters, or a certificate that signed the
request, proves who they are.

An operation that AWS's model declares unsigned names a `ProvenBy`. Its function looks only at values. Where it lacks
an issuer's keys it answers `Needs`; the pipeline fetches them and asks once more, when they are `AtHand.awaited`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from vestry.access.authenticate import Keyring, Message
from vestry.access.caller import Caller
from vestry.credentials.issuer_keys import IssuerKey, KeySet
from vestry.credentials.oidc import UnverifiedToken
from vestry.directory.snapshot import Root


class Issuer(msgspec.Struct, frozen=True, gc=False):
    """Whose keys verify a token: the URL of an OpenID Connect provider, and the certificates that may speak for it.

    `thumbprints` (SHA-1) are those that the provider was registered with. They are part of it, so that keys that came
    over a connection trusted by one account are never another's.
    """

    url: str
    thumbprints: tuple[str, ...] = ()


class Needs(msgspec.Struct, frozen=True, gc=False):
    """The keys of an issuer are not at hand, or not the one that is wanted."""

    issuer: Issuer


class AtHand(msgspec.Struct, frozen=True, gc=False):
    """The issuers' keys that a token may be judged by.

    `awaited`: what was lacking has been asked for, so that what is missing now is out of reach; `trouble` is then AWS's
    text for why, where it has one.
    """

    keys: Callable[[Issuer], KeySet | None]
    awaited: bool = False
    trouble: str = ""

    def fetched(self, trouble: str = "") -> AtHand:
        """Return what is at hand once what was lacking has been asked for."""
        return AtHand(self.keys, True, trouble)

    def key_of(self, token: UnverifiedToken, issuer: Issuer) -> IssuerKey | Needs | None:
        """Return the key that a token names; Needs where it is not at hand, and None where it is not to be had."""
        keys = self.keys(issuer)
        key = None if keys is None else keys.find(token.key_id, token.algorithm)
        return Needs(issuer) if key is None and not self.awaited else key


class Submission(msgspec.Struct, frozen=True, gc=False):
    """What a proof is judged by.

    `parameters` are validated; `message` is the request as it came; `wall` and `now` are the two clocks in epoch
    seconds. `keyring` opens what is sealed at rest; `public_url` is how others reach this server.
    `earlier` is what the same proof gave on a Root of a moment ago: where nothing that it rests on has changed, the
    signature need not be verified again.
    """

    parameters: Mapping[str, Any]
    message: Message
    root: Root
    wall: int
    now: int
    at_hand: AtHand
    keyring: Keyring
    public_url: str
    earlier: Caller | None = None


class ProvenBy(msgspec.Struct, frozen=True, gc=False):
    """How the callers of an operation are known. `heavy`: it takes milliseconds, and is done off the event loop."""

    prove: Callable[[Submission], Caller | Needs]
    heavy: bool = False
