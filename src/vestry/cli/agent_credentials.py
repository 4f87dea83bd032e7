"""Credentials of pods, as the agent on a node holds them: fetched with the node's own role, and kept until they are due.

Kept under the token that they came with, so that nothing is handed to who does not present that very token again. When
they are due they are fetched anew; where that cannot be done now, the old ones are served while they live.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, NamedTuple, Protocol

#: How long credentials are kept at most before they are fetched anew, and how much of their life must be left, in seconds.
RENEWED_AFTER = 3 * 3600
LEAST_LEFT = 15
#: Tokens whose credentials are kept at a time.
MOST_TOKENS = 2000

#: Errors after which nothing is served any more: the token or the association is not, or no longer, good.
FINAL = frozenset(
    ("ResourceNotFoundException", "ExpiredTokenException", "InvalidTokenException", "AccessDeniedException")
)


class Refused(Exception):
    """Credentials are not to be had: an HTTP status, a text, and the service's code for it where there is one."""

    def __init__(self, status: int, text: str, code: str = "") -> None:
        super().__init__(text)
        self.status = status
        self.code = code


class PodCredentials(NamedTuple):
    """Temporary credentials of a pod; `expires` is in epoch seconds."""

    access_key_id: str
    secret_access_key: str
    token: str
    account: str
    expires: float

    def document(self) -> dict[str, str]:
        """Return what SDKs read."""
        return {
            "AccessKeyId": self.access_key_id,
            "SecretAccessKey": self.secret_access_key,
            "Token": self.token,
            "AccountId": self.account,
            "Expiration": datetime.fromtimestamp(self.expires, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }


#: Fetches the credentials for a token. Raises Refused.
Fetch = Callable[[str], PodCredentials]


class Entry:
    """What is kept for one token; `lock` is held while it is fetched, so that those who ask at once share it."""

    __slots__ = ("credentials", "due", "lock")

    def __init__(self) -> None:
        self.credentials: PodCredentials | None = None
        self.due = 0.0
        self.lock = threading.Lock()


class Kept:
    """The credentials that are kept, by a digest of their token; the one that was asked for longest ago goes first."""

    def __init__(self, fetch: Fetch, clock: Callable[[], float] = time.time) -> None:
        self._fetch = fetch
        self._clock = clock
        self._entries: OrderedDict[bytes, Entry] = OrderedDict()
        self._lock = threading.Lock()

    def credentials(self, token: str) -> PodCredentials:
        """Return the credentials for a token. Raises Refused."""
        key = sha256(token.encode()).digest()
        with self._lock:
            entry = self._entries.setdefault(key, Entry())
            self._entries.move_to_end(key)
            while len(self._entries) > MOST_TOKENS:
                self._entries.popitem(last=False)
        with entry.lock:
            try:
                return self._current(entry, token)
            except Refused:
                with self._lock:
                    if self._entries.get(key) is entry:
                        del self._entries[key]
                raise

    def _current(self, entry: Entry, token: str) -> PodCredentials:
        now = self._clock()
        held = entry.credentials
        if held is not None and held.expires - now <= LEAST_LEFT:
            held = None
        if held is not None and now < entry.due:
            return held
        try:
            fresh = self._fetch(token)
        except Refused as refused:
            if held is None or refused.code in FINAL:
                raise
            entry.due = now + 60
            return held
        if fresh.expires - now <= LEAST_LEFT:
            raise Refused(500, "fetched credentials are expired or will expire within seconds")
        entry.credentials = fresh
        entry.due = min(now + RENEWED_AFTER, now + (fresh.expires - now) * 2 / 3)
        return fresh


class Client(Protocol):
    """A client of EKS Auth."""

    def assume_role_for_pod_identity(self, **parameters: Any) -> dict[str, Any]:
        """Call the operation of that name."""
        ...


def fetching(client: Client, cluster: str) -> Fetch:
    """Return what fetches credentials of a cluster's pods."""
    from botocore.exceptions import BotoCoreError, ClientError

    def fetch(token: str) -> PodCredentials:
        try:
            answer = client.assume_role_for_pod_identity(clusterName=cluster, token=token)
        except ClientError as error:
            raise _refused(error.response) from None
        except BotoCoreError as error:
            raise Refused(500, f"unable to fetch credentials from EKS Auth: {error}") from None
        made = answer["credentials"]
        return PodCredentials(
            made["accessKeyId"],
            made["secretAccessKey"],
            made["sessionToken"],
            answer["assumedRoleUser"]["arn"].split(":")[4],
            made["expiration"].timestamp(),
        )

    return fetch


def _refused(response: Any) -> Refused:
    """Return a refusal of EKS Auth as the agent of EKS words it."""
    error, told = response.get("Error", {}), response.get("ResponseMetadata", {})
    status, code = int(told.get("HTTPStatusCode", 500)), str(error.get("Code", ""))
    fault = "client" if status < 500 else "server"
    text = f"[{told.get('RequestId', '')}]: ({code}): {error.get('Message', '')}, fault: {fault}"
    return Refused(status, text, code)
