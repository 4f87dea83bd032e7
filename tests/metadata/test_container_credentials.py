"""What a task is answered: by which secret it is known, whose credentials it gets, and when it gets none."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec.structs import replace

from vestry.access.authenticate import Keyring
from vestry.access.documents import Documents
from vestry.access.workload_secrets import credentials_fingerprint, token_fingerprint
from vestry.credentials.session import SessionClaims, SessionKind, open_session
from vestry.credentials.vault import Vault
from vestry.directory.draft import Draft
from vestry.directory.entities import Role, Settings
from vestry.directory.snapshot import Root
from vestry.directory.workloads import ContainerTask
from vestry.metadata.containers import Containers, Grant
from vestry.metadata.exchange import Ask, Reply
from vestry.services.new_keys import make_ring_key

ACCOUNT, OTHER, NOW, HOUR = "111111111111", "222222222222", 1_800_000_000, 3600
VAULT = Vault(b"m" * 32)
UUID, TOKEN = "0f8fad5b-d9cb-469f-a165-70867728950e", "t" * 43
ID = "0a" * 16


def trust(condition: str = "") -> str:
    return (
        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ecs-tasks.amazonaws.com"},'
        f'"Action":"sts:AssumeRole"{condition}}}]}}'
    )


ROLE = Role(ACCOUNT, "AROA0000000000000WEB", "web", "/", NOW, trust(), longest_session=43_200)
TASK = ContainerTask(
    ACCOUNT, ID, "web", ROLE.arn, "eu-west-1", "default", NOW, credentials_fingerprint(VAULT, UUID), token_fingerprint(VAULT, ID, TOKEN)
)  # fmt: skip
SECOND = replace(
    TASK, id="0b" * 16, name="two", credentials_id=credentials_fingerprint(VAULT, "another-uuid"), token=token_fingerprint(VAULT, "0b" * 16, TOKEN)
)  # fmt: skip


class Room:
    """Two tasks of one role, and a moment in which they ask."""

    def __init__(self, role: Role = ROLE) -> None:
        self.keyring = Keyring(VAULT)
        self.now = NOW + 10 * HOUR
        self.role = role
        draft = Draft(Root())
        draft.put(make_ring_key(1, NOW, bytes, self.keyring))
        for entity in (
            Settings(ACCOUNT, "one", "1f00", NOW),
            Settings(OTHER, "two", "2f00", NOW),
            role,
            TASK,
            SECOND,
        ):
            draft.put(entity)
        self.root = draft.root

    def change(self, *changes: tuple[Any, Any]) -> None:
        """Replace entities; a new value of None deletes."""
        draft = Draft(self.root)
        for old, new in changes:
            if new is None:
                draft.remove(old)
            else:
                draft.put(new, replacing=old)
        self.root = draft.root

    def ask(
        self, path: str, token: str | None = None, method: str = "GET", grant: Grant | None = None
    ) -> Reply:
        headers = {} if token is None else {b"authorization": token.encode()}
        containers = Containers(self.keyring, Documents())
        return containers.answer(self.root, Ask(method, path, headers), self.now, grant)

    def by_id(self) -> dict[str, Any]:
        return good(self.ask(f"/v2/credentials/{UUID}"))

    def claims(self, document: dict[str, Any]) -> SessionClaims:
        claims, secret = open_session(self.keyring.ring(self.root), document["Token"])
        assert (claims.access_key_id, secret) == (document["AccessKeyId"], document["SecretAccessKey"])
        return claims


def good(reply: Reply) -> dict[str, Any]:
    assert (reply.status, reply.headers) == (200, [(b"Content-Type", b"application/json")])
    found: dict[str, Any] = json.loads(reply.body)
    return found


def bad(reply: Reply) -> tuple[int, str, str]:
    found = json.loads(reply.body)
    assert found["HTTPErrorCode"] == reply.status
    return reply.status, found["code"], found["message"]


def test_the_document_has_the_members_of_ecs_in_their_order() -> None:
    room = Room()
    found = room.by_id()
    assert list(found) == ["RoleArn", "AccessKeyId", "SecretAccessKey", "Token", "Expiration"]
    assert found["RoleArn"] == ROLE.arn
    assert found["Expiration"].endswith("Z")


def test_the_session_is_the_roles_and_named_after_the_task() -> None:
    room = Room()
    claims = room.claims(room.by_id())
    assert claims.kind is SessionKind.ROLE
    assert (claims.account, claims.incarnation, claims.issuer, claims.name) == (ACCOUNT, "1f00", ROLE.id, ID)
    assert not claims.chained


def test_both_ways_give_the_same_credentials() -> None:
    room = Room()
    assert good(room.ask(f"/tasks/{ACCOUNT}/{ID}/credentials", TOKEN)) == room.by_id()


def test_every_reader_gets_the_same_until_new_ones_are_due_and_tasks_differ() -> None:
    room, node = Room(), Room()
    first = room.by_id()
    begun = room.claims(first).issued
    room.now, node.now = begun + HOUR - 1, begun
    assert room.by_id() == node.by_id() == first
    room.now = begun + HOUR
    assert room.by_id() != first
    room.now = begun
    assert good(room.ask("/v2/credentials/another-uuid"))["AccessKeyId"] != first["AccessKeyId"]


def test_a_short_session_of_the_role_is_kept_to() -> None:
    room = Room(replace(ROLE, longest_session=HOUR))
    claims = room.claims(room.by_id())
    assert claims.expires - claims.issued == HOUR
    assert claims.expires - room.now >= 40 * 60


@pytest.mark.parametrize(
    ("path", "refused"),
    [
        pytest.param("/v2/credentials/", (400, "NoIdInRequest", "CredentialsV2Request: No Credential ID in the request"), id="no id"),
        pytest.param(f"/v2/credentials/{UUID[:-1]}", (400, "InvalidIdInRequest", "CredentialsV2Request: Credentials not found"), id="an id too short"),
        pytest.param(f"/v2/credentials/{UUID.upper()}", (400, "InvalidIdInRequest", "CredentialsV2Request: Credentials not found"), id="another case"),
        pytest.param(f"/v2/credentials/{ID}", (400, "InvalidIdInRequest", "CredentialsV2Request: Credentials not found"), id="the task's id is not secret"),
        pytest.param(f"/v2/credentials/{TASK.credentials_id}", (400, "InvalidIdInRequest", "CredentialsV2Request: Credentials not found"), id="what is stored"),
    ],
)  # fmt: skip
def test_a_credentials_id_is_known_or_refused_as_ecs_refuses_it(
    path: str, refused: tuple[int, str, str]
) -> None:
    assert bad(Room().ask(path)) == refused


@pytest.mark.parametrize(
    ("path", "token"),
    [
        pytest.param(f"/tasks/{ACCOUNT}/{ID}/credentials", None, id="no token"),
        pytest.param(f"/tasks/{ACCOUNT}/{ID}/credentials", "", id="an empty token"),
        pytest.param(f"/tasks/{ACCOUNT}/{ID}/credentials", f"Bearer {TOKEN}", id="a scheme before it"),
        pytest.param(f"/tasks/{ACCOUNT}/{ID}/credentials", TOKEN[:-1], id="a token too short"),
        pytest.param(f"/tasks/{ACCOUNT}/{ID}/credentials", TASK.token, id="what is stored"),
        pytest.param(f"/tasks/{OTHER}/{ID}/credentials", TOKEN, id="another account"),
        pytest.param(f"/tasks/333333333333/{ID}/credentials", TOKEN, id="an account that is not there"),
        pytest.param(f"/tasks/{ACCOUNT}/{'0c' * 16}/credentials", TOKEN, id="a task that is not there"),
        pytest.param(f"/tasks/{ACCOUNT}//credentials", TOKEN, id="no task"),
    ],
)
def test_without_the_tasks_own_token_all_are_refused_alike(path: str, token: str | None) -> None:
    said = (403, "AccessDenied", "The authorization token is not that of the task.")
    assert bad(Room().ask(path, token)) == said


def test_a_token_of_one_task_is_not_another_ones_even_if_the_same_was_drawn() -> None:
    room = Room()
    room.change((SECOND, replace(SECOND, token=TASK.token)))
    assert bad(room.ask(f"/tasks/{ACCOUNT}/{SECOND.id}/credentials", TOKEN))[0] == 403


@pytest.mark.parametrize(
    "path", ["/", "/v2/credentials", "/v1/credentials", "/tasks/", f"/tasks/{ACCOUNT}/{ID}"]
)
def test_other_paths_are_not_there(path: str) -> None:
    reply = Room().ask(path, TOKEN)
    assert (reply.status, reply.body) == (404, b"404 page not found\n")
    assert reply.headers == [(b"Content-Type", b"text/plain; charset=utf-8")]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_only_reading_is_allowed(method: str) -> None:
    reply = Room().ask(f"/v2/credentials/{UUID}", method=method)
    assert (reply.status, reply.body) == (405, b"")
    assert reply.headers == [(b"Allow", b"GET, HEAD"), (b"Content-Type", b"text/plain; charset=utf-8")]
    assert Room().ask(f"/v2/credentials/{UUID}", method="HEAD").status == 200


UNTRUSTING = trust().replace("ecs-tasks", "ec2")


def test_the_trust_policy_is_asked_at_each_request() -> None:
    room = Room()
    before = room.by_id()
    room.change((ROLE, replace(ROLE, trust=UNTRUSTING)))
    assert bad(room.ask(f"/v2/credentials/{UUID}")) == (
        400, "NoCredentialsAssociated", f"ECS cannot assume the role {ROLE.arn}.",
    )  # fmt: skip
    room.change((replace(ROLE, trust=UNTRUSTING), ROLE))
    assert room.by_id() == before


@pytest.mark.parametrize(
    ("key", "right", "wrong"),
    [
        pytest.param("aws:SourceArn", TASK.arn, SECOND.arn, id="the task's ARN"),
        pytest.param("aws:SourceAccount", ACCOUNT, OTHER, id="its account"),
        pytest.param("sts:RoleSessionName", ID, "web", id="the name of the session"),
    ],
)
def test_trust_may_be_narrowed_by_the_task(key: str, right: str, wrong: str) -> None:
    for value, status in ((right, 200), (wrong, 400)):
        room = Room(replace(ROLE, trust=trust(f',"Condition":{{"StringEquals":{{"{key}":"{value}"}}}}')))
        assert room.ask(f"/v2/credentials/{UUID}").status == status


def test_without_its_role_or_itself_a_task_gets_nothing() -> None:
    room = Room()
    room.change((ROLE, None))
    assert bad(room.ask(f"/v2/credentials/{UUID}"))[1] == "NoCredentialsAssociated"
    room.change((TASK, None))
    assert bad(room.ask(f"/v2/credentials/{UUID}"))[1] == "InvalidIdInRequest"
    assert bad(room.ask(f"/tasks/{ACCOUNT}/{ID}/credentials", TOKEN))[0] == 403


def test_a_role_made_again_under_the_same_name_is_another_role() -> None:
    room = Room()
    before = room.by_id()
    again = replace(ROLE, id="AROA0000000000000NEW")
    room.change((ROLE, None), (None, again))
    after = room.by_id()
    assert room.claims(after).issuer == again.id
    assert after["AccessKeyId"] != before["AccessKeyId"]


GRANT = Grant(ACCOUNT, ID, "g" * 36, "h" * 43)


def test_a_socket_of_one_task_knows_its_own_secrets_and_no_others() -> None:
    room = Room()
    assert good(room.ask(f"/v2/credentials/{'g' * 36}", grant=GRANT)) == room.by_id()
    assert good(room.ask(f"/tasks/{ACCOUNT}/{ID}/credentials", "h" * 43, grant=GRANT)) == room.by_id()
    for path, token in (
        (f"/v2/credentials/{UUID}", None),
        ("/v2/credentials/another-uuid", None),
        (f"/tasks/{ACCOUNT}/{ID}/credentials", TOKEN),
        (f"/tasks/{ACCOUNT}/{SECOND.id}/credentials", "h" * 43),
    ):
        assert room.ask(path, token, grant=GRANT).status in {400, 403}
    assert room.ask(f"/v2/credentials/{'g' * 36}").status == 400, "and they are good there alone"
    room.change((TASK, None))
    assert room.ask(f"/v2/credentials/{'g' * 36}", grant=GRANT).status == 400
    assert room.ask(f"/tasks/{ACCOUNT}/{ID}/credentials", "h" * 43, grant=GRANT).status == 403
