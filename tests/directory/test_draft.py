"""A draft keeps every index true: what it leaves is what its rows make when they are loaded."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
import pytest
from hypothesis import given, settings

from suites.directories import EVERY_ENTITY, ONE, SHARED, STEPS, TWO, Life, Step, differences
from vestry.directory.draft import EVERYTHING, Change, Draft
from vestry.directory.entities import AccessKey, Entity, Policy, RingKey, Role, Settings, User
from vestry.directory.snapshot import ATTACHED, BOUNDARY, Root, assemble

FULL = assemble(EVERY_ENTITY, 1)
ANN = next(entity for entity in EVERY_ENTITY if isinstance(entity, User))
APP = next(entity for entity in EVERY_ENTITY if isinstance(entity, Role))


def replayed(rows: dict[tuple[str, str, str], Entity], changes: Iterable[Change]) -> None:
    """Carry out changes on rows in the plainest way: one after another."""
    for change in changes:
        if change.kind == EVERYTHING:
            for key in [key for key in rows if key[0] == change.account]:
                del rows[key]
        elif change.value is None:
            del rows[change.account, change.kind, change.id]
        else:
            rows[change.account, change.kind, change.id] = change.value


@settings(max_examples=300, deadline=None)
@given(life=STEPS)
def test_the_root_of_a_draft_is_what_its_rows_assemble_to(life: list[Step]) -> None:
    rows: dict[tuple[str, str, str], Entity] = {}
    lived = Life(Root())
    for step in life:
        lived.step(step)
        replayed(rows, lived.next_draft())
        assert differences(assemble(rows.values(), 0), lived.draft.root) == []


def test_a_draft_that_is_dropped_changes_nothing() -> None:
    before = msgspec.json.encode(ANN)
    draft = Draft(FULL)
    draft.remove(ANN)
    draft.remove_account(FULL.accounts[TWO])
    assert FULL.accounts[ONE].user("ann") == ANN
    assert TWO in FULL.accounts
    assert msgspec.json.encode(ANN) == before


def test_changes_are_recorded_in_their_order() -> None:
    draft = Draft(FULL)
    moved = msgspec.structs.replace(ANN, path="/b/")
    draft.put(moved, replacing=ANN)
    draft.remove(moved)
    draft.remove_account(FULL.accounts[TWO])
    assert draft.changes == [
        Change(ONE, "user", ANN.id, moved),
        Change(ONE, "user", ANN.id, None),
        Change(TWO, EVERYTHING, "", None),
    ]


def test_a_renamed_user_is_found_under_the_new_name_only() -> None:
    draft = Draft(FULL)
    draft.put(msgspec.structs.replace(ANN, name="Anna"), replacing=ANN)
    account = draft.root.accounts[ONE]
    assert account.user("ann") is None
    assert account.user("ANNA") == account.user_by_id(ANN.id)


def test_a_renamed_user_that_differs_by_case_only_stays() -> None:
    draft = Draft(FULL)
    renamed = msgspec.structs.replace(ANN, name="ANN")
    draft.put(renamed, replacing=ANN)
    assert draft.root.accounts[ONE].user("ann") == renamed
    assert draft.root.accounts[ONE].user_by_id(ANN.id) == renamed


def test_uses_of_a_policy_follow_attachments_and_boundaries() -> None:
    draft = Draft(FULL)
    assert dict(draft.root.accounts[ONE].uses[SHARED]) == dict.fromkeys((ANN.id, APP.id), ATTACHED | BOUNDARY)
    bounded = msgspec.structs.replace(ANN, attached=())
    draft.put(bounded, replacing=ANN)
    draft.remove(APP)
    assert dict(draft.root.accounts[ONE].uses[SHARED]) == {ANN.id: BOUNDARY}
    draft.put(msgspec.structs.replace(bounded, boundary=""), replacing=bounded)
    assert SHARED not in draft.root.accounts[ONE].uses


def test_an_alias_is_free_once_its_account_took_another_or_is_gone() -> None:
    draft = Draft(FULL)
    one = FULL.accounts[ONE].settings
    draft.put(msgspec.structs.replace(one, alias="live"), replacing=one)
    assert draft.root.account("production") is None
    assert draft.root.account("live") == draft.root.accounts[ONE]
    draft.remove_account(draft.root.accounts[ONE])
    assert draft.root.account("live") is None
    assert draft.root.account(ONE) is None


def test_keys_of_one_second_have_one_order() -> None:
    draft = Draft(assemble([Settings(TWO, "a", "i", 1)], 0))
    for identifier, created in (("AKIAC", 5), ("AKIAB", 5), ("AKIAD", 4)):
        draft.put(AccessKey(TWO, identifier, "", created, b""))
    assert [key.id for key in draft.root.accounts[TWO].keys_of("")] == ["AKIAD", "AKIAB", "AKIAC"]


def test_an_entity_of_an_account_that_is_not_there_is_refused() -> None:
    with pytest.raises(KeyError):
        Draft(Root()).put(ANN)


def test_ring_keys_belong_to_the_installation() -> None:
    draft = Draft(FULL)
    fresh = RingKey(3, 9, b"x")
    draft.put(fresh)
    draft.remove(FULL.ring[1])
    assert dict(draft.root.ring) == {2: FULL.ring[2], 3: fresh}
    assert [change.account for change in draft.changes] == ["", ""]


def test_a_policy_is_found_by_exactly_its_arn() -> None:
    account = FULL.accounts[ONE]
    policy = account.policy_by_arn(SHARED)
    assert isinstance(policy, Policy)
    assert account.policy_by_arn(SHARED.replace("/team/", "/")) is None
    assert account.policy_by_arn(SHARED.lower()) is None
