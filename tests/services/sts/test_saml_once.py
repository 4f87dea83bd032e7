"""An assertion is used once; encrypted assertions are opened with the keys that the provider was given."""

from __future__ import annotations

import base64
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from places import Place, allowed, refusal, statement, trusting
from saml_documents import (
    ENTITY,
    SIGN_IN,
    Signer,
    assertion,
    encoded,
    response,
    signer,
)
from saml_federation import DENIED, SAML, Federation, now
from serving import serving
from vestry.access.authenticate import Keyring
from vestry.access.caller import Caller, Spent, principal_of_root
from vestry.access.documents import Documents
from vestry.access.proof import AtHand
from vestry.credentials.vault import Vault
from vestry.directory.draft import Draft
from vestry.directory.entities import Settings
from vestry.directory.providers import UsedAssertion
from vestry.directory.snapshot import Root
from vestry.errors import InvalidIdentityToken
from vestry.idp.saml_documents import Statement, make_response
from vestry.services.operation import Call
from vestry.services.sts.saml import spend
from vestry.store.database import Store, StoreError


@pytest.fixture
def federation(place: Place) -> Federation:
    return Federation(place)


# ── Once ─────────────────────────────────────────────────────────────────────────────────────────────────────────
USED = (400, "InvalidIdentityToken", "The SAML assertion has been used before.")


def test_an_assertion_is_used_once(federation: Federation) -> None:
    role, other = federation.role("work"), federation.role("other")
    pairs = [f"{one},{federation.provider}" for one in (role, other)]
    text = federation.response(role, federation.attributes(role, Role=pairs))
    assert federation.assume(role, text)["Subject"]
    assert federation.refused(role, text) == USED
    assert federation.refused(other, text) == USED


def test_another_signature_over_the_same_assertion_is_the_same(federation: Federation) -> None:
    role = federation.role()
    plain = assertion(
        now=now(), given=federation.attributes(role), identifier=f"_same{federation.place.number}"
    )
    first, second = (encoded(response(one)) for one in (signer().sign(plain), signer().sign(plain)))
    whole = encoded(signer().sign(response(plain)))
    assert federation.assume(role, first)["Subject"]
    assert federation.refused(role, second) == USED
    assert federation.refused(role, whole) == USED


def test_of_many_at_once_one_is_answered(federation: Federation) -> None:
    role = federation.role()
    text, began = federation.response(role), threading.Barrier(8)

    def attempt(_: int) -> bool:
        began.wait()
        try:
            federation.assume(role, text)
        except federation.sts.exceptions.ClientError as error:
            assert error.response["Error"]["Message"] == USED[2]
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(attempt, range(8))) == [False] * 7 + [True]


def test_an_assertion_that_gave_nothing_is_not_used_up(federation: Federation) -> None:
    role = federation.role("work", Condition={"StringEquals": {"aws:RequestedRegion": "nowhere"}})
    text = federation.response(role)
    assert federation.refused(role, text) == DENIED
    assert federation.refused(role, text, DurationSeconds=43200)[0] == 403
    trust = trusting({"Federated": federation.provider}, SAML)
    federation.place.iam.update_assume_role_policy(RoleName="work", PolicyDocument=trust)
    assert federation.refused(role, text, DurationSeconds=43200)[1] == "ValidationError"
    assert federation.assume(role, text)["Subject"]


def test_a_used_assertion_is_remembered_through_a_restart(tmp_path: Any) -> None:
    with serving(tmp_path / "data") as server:
        federation = Federation(Place(server))
        role = federation.role()
        text = federation.response(role)
        federation.assume(role, text)
        request = federation.asking(role, text)
    with serving(tmp_path / "data") as server:
        sts = boto3.client(
            "sts",
            endpoint_url=server.endpoint,
            region_name="us-east-1",
            config=Config(signature_version=UNSIGNED),
        )
        assert refusal(sts.assume_role_with_saml, **request) == USED


def test_without_the_store_nobody_is_let_in(federation: Federation, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other roles are assumed all the same: what needs no change needs no store."""
    role = federation.role()
    other = federation.place.role("other")
    federation.place.user("ann", statement("Allow", "sts:AssumeRole"))
    ann = federation.place.iam.create_access_key(UserName="ann")["AccessKey"]
    text = federation.response(role)

    def broken(*_: Any) -> None:
        raise StoreError("the disk is gone")

    with monkeypatch.context() as patch:
        patch.setattr(Store, "commit", broken)
        assert federation.refused(role, text)[:2] == (503, "ServiceUnavailable")
        assert allowed(federation.place.client("sts", ann).assume_role, RoleArn=other, RoleSessionName="on")
    assert federation.assume(role, text)["Subject"]


def test_what_could_not_be_presented_any_more_is_forgotten_a_part_at_a_time() -> None:
    number, begin = "123456789012", 1_800_000_000
    draft = Draft(Root())
    draft.put(Settings(number, "a", "i", 0))
    account = draft.root.accounts[number]
    for count in range(300):
        draft.put(UsedAssertion(number, f"old{count}", begin - 1))
    draft.put(UsedAssertion(number, "late", begin))

    def remembered() -> set[str]:
        shelves = draft.root.accounts[number].used_assertions.values()
        return {one for shelf in shelves for one in shelf}

    def spend_at(wall: int, identifier: str) -> None:
        call = Call(
            caller=Caller(principal_of_root(account), account, ""),
            parameters={},
            snapshot=draft.root,
            region="us-east-1",
            now=0,
            wall=wall,
            entropy=bytes,
            keyring=Keyring(Vault(bytes(32))),
            last_used=lambda _: None,
            public_url="",
            documents=Documents(),
            at_hand=AtHand(lambda _: None),
            sight=lambda _: None,
            draft=draft,
        )
        spend(call, Spent(identifier, begin + 300))

    spend_at(begin - 1, "first")
    assert len(remembered()) == 302
    spend_at(begin, "second")
    assert len(remembered()) == 103
    spend_at(begin + 59, "third")
    assert remembered() == {"late", "first", "second", "third"}
    with pytest.raises(InvalidIdentityToken):
        spend_at(begin + 300, "second")
    spend_at(begin + 360, "fourth")
    assert remembered() == {"fourth"}


# ── Encrypted ────────────────────────────────────────────────────────────────────────────────────────────────────
def test_encrypted_assertions_open_with_the_providers_keys(place: Place) -> None:
    first, second, stranger = (Signer(rsa.generate_private_key(65537, 2048)) for _ in range(3))
    federation = Federation(place, AddPrivateKey=pem(first))
    role = federation.role()

    def encrypted(recipient: Signer | None) -> str:
        said = Statement(
            issuer=ENTITY,
            subject="alice@example.com",
            recipient=SIGN_IN,
            audience="urn:amazon:webservices",
            issued=now(),
            attributes=federation.attributes(role),
        )
        by = signer()
        assert isinstance(by.key, rsa.RSAPrivateKey)
        target = None if recipient is None else recipient.certificate
        return base64.b64encode(make_response(said, by.key, by.certificate, target)).decode()

    refused = (400, "InvalidIdentityToken", "Response signature invalid")
    change = federation.place.iam.update_saml_provider
    assert federation.assume(role, encrypted(first))["Subject"] == "alice@example.com"
    assert federation.assume(role, encrypted(None))["Subject"] == "alice@example.com"
    assert federation.refused(role, encrypted(second)) == refused
    change(SAMLProviderArn=federation.provider, AddPrivateKey=pem(second), AssertionEncryptionMode="Required")
    assert federation.assume(role, encrypted(first))["Subject"]
    assert federation.assume(role, encrypted(second))["Subject"]
    assert federation.refused(role, encrypted(None)) == refused
    assert federation.refused(role, encrypted(stranger)) == refused
    keys = federation.place.iam.get_saml_provider(SAMLProviderArn=federation.provider)["PrivateKeyList"]
    change(SAMLProviderArn=federation.provider, RemovePrivateKey=keys[0]["KeyId"])
    assert federation.refused(role, encrypted(first)) == refused
    assert federation.assume(role, encrypted(second))["Subject"]


def pem(of: Signer) -> str:
    form, cover = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return of.key.private_bytes(serialization.Encoding.PEM, form, cover).decode()
