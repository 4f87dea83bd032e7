"""Signing keys turn over: published before they sign, and for longer than anything they signed lives."""

from __future__ import annotations

import asyncio
import io
import os
from pathlib import Path

import pytest
from joserfc.jwk import ECKey, RSAKey

from vestry import limits
from vestry.access.authenticate import Keyring
from vestry.credentials.vault import Vault, VaultError
from vestry.directory.draft import Draft
from vestry.directory.entities import Settings
from vestry.directory.issuers import SigningKey, WebIdentityIssuer
from vestry.server.committer import Committer, Published
from vestry.server.log import Log
from vestry.server.signing_keys import turn_over
from vestry.services.signing_keys import due, make_key, open_key, signing_key, turned_over
from vestry.store.database import open_store

NUMBER = "111122223333"
DAY = 86_400
AHEAD, LIFETIME = limits.KEY_AHEAD, limits.KEY_LIFETIME
KEYRING = Keyring(Vault(bytes(32)))


def key(identifier: str, created: int) -> SigningKey:
    """A key without substance."""
    return SigningKey(identifier, "RS256" if identifier.startswith("RSA") else "ES384", created, "{}", b"")


FIRST = (key("RSA_1", 0), key("EC384_1", 0))
ISSUER = WebIdentityIssuer(NUMBER, "name", True, FIRST)
SECOND = (key("RSA_2", LIFETIME), key("EC384_2", LIFETIME))


def test_the_first_key_signs_at_once() -> None:
    assert signing_key(ISSUER, "RS256", 0).id == "RSA_1"
    assert signing_key(ISSUER, "ES384", 0).id == "EC384_1"


def test_a_successor_is_due_when_the_newest_key_is_old() -> None:
    assert due(ISSUER, LIFETIME - 1) == []
    assert due(ISSUER, LIFETIME) == [("RS256", 2), ("ES384", 2)]
    assert due(turned_over(ISSUER, SECOND, LIFETIME), LIFETIME) == []


def test_an_account_that_issues_nothing_gets_no_new_keys() -> None:
    assert due(WebIdentityIssuer(NUMBER, "name", False, FIRST), 9 * LIFETIME) == []


def test_a_successor_signs_only_once_verifiers_had_time_to_read_it() -> None:
    both = turned_over(ISSUER, SECOND, LIFETIME)
    assert [each.id for each in both.keys] == ["RSA_1", "EC384_1", "RSA_2", "EC384_2"]
    assert signing_key(both, "RS256", LIFETIME + AHEAD - 1).id == "RSA_1"
    assert signing_key(both, "RS256", LIFETIME + AHEAD).id == "RSA_2"


def test_an_old_key_is_published_for_longer_than_any_token_lives() -> None:
    both = turned_over(ISSUER, SECOND, LIFETIME)
    gone = LIFETIME + AHEAD + limits.KEY_BEHIND
    assert limits.KEY_BEHIND > 3600
    assert turned_over(both, (), gone - 1) == both
    assert [each.id for each in turned_over(both, (), gone).keys] == ["RSA_2", "EC384_2"]


def test_a_number_is_given_once() -> None:
    again = turned_over(turned_over(ISSUER, SECOND, LIFETIME), (key("RSA_2", LIFETIME + 5),), LIFETIME + 5)
    assert [each.created for each in again.keys if each.id == "RSA_2"] == [LIFETIME]
    tenth = WebIdentityIssuer(NUMBER, "n", True, (key("RSA_10", 0), key("RSA_9", 0), key("EC384_1", 0)))
    assert ("RS256", 11) in due(tenth, LIFETIME), "ten comes after nine"


@pytest.mark.parametrize(("algorithm", "kind"), [("RS256", RSAKey), ("ES384", ECKey)])
def test_a_key_is_sealed_for_its_account_and_its_id(algorithm: str, kind: type) -> None:
    made = make_key(NUMBER, algorithm, 3, 7, os.urandom, KEYRING)
    assert made.created == 7
    assert made.id.endswith("_3")
    assert isinstance(open_key(NUMBER, made, KEYRING), kind)
    with pytest.raises(VaultError):
        open_key("444455556666", made, KEYRING)


def test_the_server_turns_keys_over_and_commits_them(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'v.db'}", bytes(32))
    draft = Draft(store.load())
    draft.put(Settings(NUMBER, "a", "i", 1))
    draft.put(Settings("444455556666", "b", "i", 1))
    keys = tuple(make_key(NUMBER, each, 1, 0, os.urandom, KEYRING) for each in ("RS256", "ES384"))
    draft.put(WebIdentityIssuer(NUMBER, "name", True, keys))
    store.commit(draft.changes, 1)
    published = Published(store.load())

    def ids() -> list[str]:
        issuer = store.load().accounts[NUMBER].issuer
        assert issuer is not None
        return [each.id for each in issuer.keys]

    async def live() -> None:
        committer = Committer(published, store, Log(io.StringIO()))
        for wall, expected in (
            (DAY, ["RSA_1", "EC384_1"]),
            (LIFETIME, ["RSA_1", "EC384_1", "RSA_2", "EC384_2"]),
            (LIFETIME + 1, ["RSA_1", "EC384_1", "RSA_2", "EC384_2"]),
            (LIFETIME + AHEAD + limits.KEY_BEHIND, ["RSA_2", "EC384_2"]),
        ):
            await turn_over(published, committer, KEYRING, wall)
            assert ids() == expected
        await committer.close()

    asyncio.run(live())
    store.close()
