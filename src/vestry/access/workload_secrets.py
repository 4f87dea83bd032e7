"""The secrets by which a task's process is known: how they are remembered, and compared.

A credentials id is looked up by its fingerprint, so that the time of a miss tells nothing of what would have been a
hit; a token is compared in constant time.
"""

from __future__ import annotations

from hmac import compare_digest

from vestry.credentials.vault import Vault
from vestry.directory.workloads import ContainerTask

_CREDENTIALS_ID, _TOKEN = b"container credentials id", b"container token "


def credentials_fingerprint(vault: Vault, credentials_id: str) -> str:
    """Return what a task is found by: the fingerprint of the UUID in its relative URI."""
    return vault.fingerprint(credentials_id.encode(), _CREDENTIALS_ID)


def token_fingerprint(vault: Vault, task: str, token: str) -> str:
    """Return the fingerprint of a task's authorization token; another task's is another."""
    return vault.fingerprint(token.encode(), _TOKEN + task.encode())


def is_token_of(vault: Vault, task: ContainerTask, token: str) -> bool:
    """Tell whether a token is the task's."""
    return compare_digest(token_fingerprint(vault, task.id, token), task.token)
