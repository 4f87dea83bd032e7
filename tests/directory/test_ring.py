"""The life of a sealing key, as a table of states and moments."""

from __future__ import annotations

import pytest
from immutables import Map
from msgspec.structs import replace

from vestry.directory.draft import Draft
from vestry.directory.entities import RingKey
from vestry.directory.ring import begins, ends, free_number, in_use, is_due, tend, waiting
from vestry.directory.snapshot import Root
from vestry.store import records

OLD, FRESH = RingKey(1, 1000, b"a"), RingKey(2, 5000, b"b", standby=True)


def root(*keys: RingKey) -> Root:
    return Root(ring=Map({key.number: key for key in keys}))


def test_a_published_key_is_used_after_a_minute_and_not_before() -> None:
    draft = Draft(root(OLD, FRESH))
    assert begins(FRESH) == 5060
    assert not is_due(draft.root.ring, 5059)
    assert tend(draft, 5059) == []
    assert not draft.changes
    assert in_use(draft.root.ring) == OLD
    assert is_due(draft.root.ring, 5060)
    assert tend(draft, 5060) == [("in use", 2)]
    assert in_use(draft.root.ring) == replace(FRESH, standby=False)
    assert draft.root.ring[1] == replace(OLD, retired=5060)
    assert waiting(draft.root.ring) is None
    assert not is_due(draft.root.ring, 5061)


def test_a_key_in_use_stays_in_use_however_old_it_is() -> None:
    assert not is_due(root(OLD).ring, OLD.created + 10**9)


def test_an_old_key_is_kept_for_the_longest_session_and_then_forgotten() -> None:
    kept = replace(OLD, retired=5060)
    draft = Draft(root(kept, replace(FRESH, standby=False)))
    last = 5060 + 36 * 3600
    assert ends(kept) == last
    assert tend(draft, last - 1) == []
    assert is_due(draft.root.ring, last)
    assert tend(draft, last) == [("forgotten", 1)]
    assert list(draft.root.ring) == [2]


@pytest.mark.parametrize(
    ("numbers", "expected"), [([1], 2), ([1, 2], 3), ([65_535], 0), ([0, 65_535], 1), ([65_534, 65_535], 0)]
)
def test_numbers_go_round(numbers: list[int], expected: int) -> None:
    newest = numbers[-1]
    keys = [RingKey(number, 1 + (number == newest), b"") for number in numbers]
    assert free_number(root(*keys).ring) == expected


@pytest.mark.parametrize("keys", [(), (OLD, RingKey(2, 1, b"")), (FRESH,), (replace(OLD, retired=1),)])
def test_a_ring_without_exactly_one_key_in_use_is_none(keys: tuple[RingKey, ...]) -> None:
    with pytest.raises(ValueError, match="unpack"):
        in_use(root(*keys).ring)


@pytest.mark.parametrize("key", [FRESH, replace(OLD, retired=7)])
def test_every_state_is_stored(key: RingKey) -> None:
    version, body = records.encode(key)
    assert records.decode("", "ring-key", key.id, version, body) == key
