"""Container credentials: what a task is answered at 169.254.170.2, or at the address that its environment names.

A task is known by a secret of its own, in one of two ways:

1. `/v2/credentials/UUID`, as on ECS: the UUID is the secret.
2. `/tasks/ACCOUNT/ID/credentials` with the task's authorization token in the header `Authorization`.

A listening socket that one task owns (`Grant`) has secrets of its own, and knows no others. ECS assumes the role for the
task, by way of the trust policy, which is asked at each request; the session is named after the task. The credentials
are the same for all who ask in one slot of time.
Sources: ECS Developer Guide, "Task IAM role"; SDKs reference guide, "Container credential provider"; errors as the ECS
agent answers them.
"""

from __future__ import annotations

from hmac import compare_digest

import msgspec

from vestry.access.authenticate import Keyring
from vestry.access.delivery import Delivery, deliver
from vestry.access.documents import Documents
from vestry.access.workload_secrets import credentials_fingerprint, is_token_of
from vestry.credentials.session import mint_again
from vestry.directory.entities import Role
from vestry.directory.snapshot import Root
from vestry.directory.workloads import ContainerTask
from vestry.errors import AccessDenied
from vestry.metadata.exchange import Ask, Reply
from vestry.metadata.rotation import slot_since
from vestry.metadata.writing import moment

SERVICE = "ecs-tasks.amazonaws.com"

RELATIVE, TASKS, CREDENTIALS = "/v2/credentials/", "/tasks/", "/credentials"
_JSON, _TEXT = [(b"Content-Type", b"application/json")], [(b"Content-Type", b"text/plain; charset=utf-8")]
_NO_PAGE = Reply(404, _TEXT, b"404 page not found\n")
_METHODS = Reply(405, [(b"Allow", b"GET, HEAD"), *_TEXT], b"")


class Grant(msgspec.Struct, frozen=True, gc=False):
    """The task whose socket it is (its account and id), and the secrets that are good there alone."""

    account: str
    task: str
    credentials_id: str
    token: str


class Containers:
    """Answers tasks. It holds the installation's secrets and compiled policies, and remembers nothing of requests."""

    def __init__(self, keyring: Keyring, documents: Documents) -> None:
        self.keyring = keyring
        self.documents = documents

    def answer(self, root: Root, ask: Ask, now: int, grant: Grant | None = None) -> Reply:
        """Return the answer to a request; `now` is the session clock's reading in epoch seconds.

        1. The method reads.
        2. The path is one of the two, and the secret is some task's, on a socket of one task that task's. A wrong token
           and a task that does not exist are answered alike.
        3. The task's role exists, and lets ECS assume it.
        """
        if ask.method not in ("GET", "HEAD"):  # 1
            return _METHODS
        if ask.path.startswith(RELATIVE):
            identifier = ask.path[len(RELATIVE) :]
            if not identifier:  # 2
                return _error(400, "NoIdInRequest", "CredentialsV2Request: No Credential ID in the request")
            task = self._by_id(root, identifier, grant)
            if task is None:  # 2
                return _error(400, "InvalidIdInRequest", "CredentialsV2Request: Credentials not found")
        elif ask.path.startswith(TASKS) and ask.path.endswith(CREDENTIALS):
            name = ask.path[len(TASKS) : -len(CREDENTIALS)]
            task = self._by_token(root, name, ask.headers.get(b"authorization", b""), grant)
            if task is None:  # 2
                return _error(403, "AccessDenied", "The authorization token is not that of the task.")
        else:
            return _NO_PAGE
        return self._credentials(root, task, now)

    def _by_id(self, root: Root, identifier: str, grant: Grant | None) -> ContainerTask | None:
        if grant is None:
            return root.task_of(credentials_fingerprint(self.keyring.vault, identifier))
        if not compare_digest(identifier.encode(), grant.credentials_id.encode()):
            return None
        return task_of(root, grant.account, grant.task)

    def _by_token(self, root: Root, name: str, token: bytes, grant: Grant | None) -> ContainerTask | None:
        if grant is not None:
            right = compare_digest(token, grant.token.encode()) and name == f"{grant.account}/{grant.task}"
            return task_of(root, grant.account, grant.task) if right else None
        account, _, identifier = name.partition("/")
        task = task_of(root, account, identifier)
        if task is None or not is_token_of(self.keyring.vault, task, token.decode("latin-1")):
            return None
        return task

    def _credentials(self, root: Root, task: ContainerTask, now: int) -> Reply:
        role = root.principal(task.role)
        refusal = _error(400, "NoCredentialsAssociated", f"ECS cannot assume the role {task.role}.")
        if not isinstance(role, Role):  # 3
            return refusal
        when = slot_since(f"{task.id} {role.id}", task.created, now, role.longest_session)
        delivery = Delivery(
            service=SERVICE,
            role=role,
            name=task.id,
            region=task.region,
            issued=when.issued,
            expires=when.expires,
            source_arn=task.arn,
            source_account=task.account,
        )
        try:
            claims = deliver(delivery, root, self.documents, now)  # 3
        except AccessDenied:
            return refusal
        minted = mint_again(self.keyring.ring(root), claims)
        return Reply(
            200,
            _JSON,
            msgspec.json.encode(
                {
                    "RoleArn": role.arn,
                    "AccessKeyId": minted.access_key_id,
                    "SecretAccessKey": minted.secret_access_key,
                    "Token": minted.token,
                    "Expiration": moment(minted.expires),
                }
            ),
        )


def task_of(root: Root, account: str, identifier: str) -> ContainerTask | None:
    """Return a task of an account, None where it is gone."""
    found = root.accounts.get(account)
    return None if found is None else found.workloads.tasks.get(identifier)


def _error(status: int, code: str, message: str) -> Reply:
    body = msgspec.json.encode({"code": code, "message": message, "HTTPErrorCode": status})
    return Reply(status, _JSON, body)
