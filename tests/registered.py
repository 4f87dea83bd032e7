"""A registered machine without a server: an installation with one account, role, profile and instance, and what it asks."""

from __future__ import annotations

import hashlib
from typing import Any

from msgspec.structs import replace

from vestry.access.authenticate import Keyring
from vestry.access.documents import Documents
from vestry.credentials.vault import Vault
from vestry.directory.draft import Draft
from vestry.directory.entities import Entity, Role, Settings
from vestry.directory.machines import Association, Instance, InstanceProfile, MetadataOptions
from vestry.directory.snapshot import Root
from vestry.metadata.exchange import Ask, Reply
from vestry.metadata.imds import Imds
from vestry.services.new_keys import make_ring_key

ACCOUNT = "111111111111"
NOW = 1_790_000_000
TRUST = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":%s}]}'
TRUSTS_EC2 = TRUST % '{"Service":"ec2.amazonaws.com"}'
ROLE = Role(ACCOUNT, "AROA0000000000000APP", "app", "/team/", NOW, TRUSTS_EC2, longest_session=43_200)
PROFILE = InstanceProfile(ACCOUNT, "AIPA0000000000000WEB", "web", "/", NOW, ROLE.id)
INSTANCE = Instance(
    account=ACCOUNT,
    id="i-00000000000000001",
    region="eu-west-1",
    zone="eu-west-1b",
    reservation="r-00000000000000001",
    launched=NOW,
    started=NOW,
    image="ami-12345678",
    type="t3.micro",
    address="172.31.0.4",
    subnet="subnet-00000000000000001",
    groups=(("sg-00000000000000001", "default"), ("sg-00000000000000002", "web")),
    options=MetadataOptions(),
    association=Association("iip-assoc-00000000000000001", PROFILE.arn, PROFILE.id, NOW),
)


class Registered:
    """An installation whose instance asks. `now` is both clocks' reading."""

    def __init__(self, instance: Instance = INSTANCE, role: Role = ROLE) -> None:
        self.keyring = Keyring(Vault(b"m" * 32))
        self.drawn = 0
        self.imds = Imds(self.keyring, Documents(), self.entropy)
        self.now = NOW + 100
        draft = Draft(Root())
        draft.put(make_ring_key(1, NOW, self.entropy, self.keyring))
        for entity in (Settings(ACCOUNT, "shop", "1f00", NOW), role, PROFILE, instance):
            draft.put(entity)
        self.root = draft.root
        self.id = instance.id

    def entropy(self, count: int) -> bytes:
        """Return bytes that were not returned before."""
        self.drawn += 1
        return hashlib.shake_128(self.drawn.to_bytes(8, "big")).digest(count)

    @property
    def instance(self) -> Instance:
        """The instance as it is now."""
        found = self.root.instance(self.id)
        assert found is not None
        return found

    def change(self, **fields: Any) -> None:
        """Change the instance's fields."""
        self.put(replace(self.instance, **fields), self.instance)

    def put(self, entity: Entity, replacing: Entity | None = None) -> None:
        """Write an entity in the place of another."""
        draft = Draft(self.root)
        draft.put(entity, replacing=replacing)
        self.root = draft.root

    def remove(self, entity: Entity) -> None:
        """Delete an entity."""
        draft = Draft(self.root)
        draft.remove(entity)
        self.root = draft.root

    def ask(self, method: str, path: str, **headers: str) -> Reply:
        """Return the answer to a request; `_` in a header's name stands for `-`."""
        named = {name.replace("_", "-").encode(): value.encode() for name, value in headers.items()}
        return self.imds.answer(self.root, self.id, Ask(method, path, named), self.now)

    def token(self, seconds: int = 21_600) -> str:
        """Return a session token."""
        reply = self.ask("PUT", "/latest/api/token", x_aws_ec2_metadata_token_ttl_seconds=str(seconds))
        assert reply.status == 200
        return reply.body.decode()

    def get(self, path: str, version: str = "latest") -> str | None:
        """Return what is at a path below a version, None where nothing is, asked without a token."""
        reply = self.ask("GET", f"/{version}/{path}")
        assert reply.status in (200, 404), (path, reply.status)
        return reply.body.decode() if reply.status == 200 else None

    def get_v2(self, path: str) -> str | None:
        """Return what is at a path, None where nothing is, asked with a token."""
        reply = self.ask("GET", f"/latest/{path}", x_aws_ec2_metadata_token=self.token())
        assert reply.status in (200, 404), (path, reply.status)
        return reply.body.decode() if reply.status == 200 else None
