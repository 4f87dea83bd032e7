"""Issuers' keys at hand: shared fetches, patience with those that fail, an allowance for unknown key ids, refreshing."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from issuers import RSA_KEYS
from vestry import limits
from vestry.access.proof import Issuer, Needs
from vestry.credentials.issuer_keys import KeySet, read_keys
from vestry.server import issuers as issuers_at_hand
from vestry.server.fetch import WRONG_CERTIFICATE, OutOfReach
from vestry.server.issuers import AT_ONCE, IssuerKeys
from vestry.server.log import Log

ONE, TWO = Issuer("https://one.example.com"), Issuer("https://two.example.com")
FIRST, SECOND = (read_keys({"keys": [key.as_dict(private=False)]}) for key in RSA_KEYS[:2])


class World:
    """A clock and a network of the test's own."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.fetches: list[Issuer] = []
        self.answer: KeySet | Exception = FIRST
        self.gate: asyncio.Event | None = None
        self.known = IssuerKeys(Log(None), self.fetch, lambda: self.now)

    async def fetch(self, issuer: Issuer) -> KeySet:
        self.fetches.append(issuer)
        if self.gate is not None:
            await self.gate.wait()
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    async def ask(self, issuer: Issuer = ONE) -> str:
        return await self.known.fetch(Needs(issuer))


def lived(life: Callable[[World], Coroutine[Any, Any, None]]) -> Callable[[], None]:
    def test() -> None:
        async def run() -> None:
            await life(World())

        asyncio.run(run())

    test.__name__ = life.__name__
    return test


@lived
async def test_keys_are_at_hand_once_they_were_fetched(world: World) -> None:
    assert world.known.keys(ONE) is None
    assert await world.ask() == ""
    assert world.known.keys(ONE) is FIRST
    assert world.known.keys(TWO) is None


@lived
async def test_keys_got_by_one_set_of_thumbprints_are_not_anothers(world: World) -> None:
    await world.ask(Issuer(ONE.url, ("0" * 40,)))
    assert world.known.keys(ONE) is None


@lived
async def test_those_who_ask_at_once_share_a_fetch(world: World) -> None:
    world.gate = asyncio.Event()
    asking = [asyncio.create_task(world.ask()) for _ in range(50)]
    await asyncio.sleep(0)
    world.gate.set()
    await asyncio.gather(*asking)
    assert len(world.fetches) == 1


@lived
async def test_a_request_that_gives_up_does_not_stop_the_fetch_for_others(world: World) -> None:
    world.gate = asyncio.Event()
    first, second = asyncio.create_task(world.ask()), asyncio.create_task(world.ask())
    await asyncio.sleep(0.01)
    first.cancel()
    world.gate.set()
    assert await second == ""
    assert world.known.keys(ONE) is FIRST


@lived
async def test_made_up_key_ids_cannot_make_us_hammer_an_issuer(world: World) -> None:
    for _ in range(10_000):
        await world.ask()
    assert len(world.fetches) == limits.ISSUER_ALLOWANCE
    world.now += 600
    for _ in range(10_000):
        await world.ask()
    assert len(world.fetches) == 2 * limits.ISSUER_ALLOWANCE


@lived
async def test_a_key_that_was_exchanged_is_found_at_once(world: World) -> None:
    await world.ask()
    world.answer = SECOND
    await world.ask()
    assert world.known.keys(ONE) is SECOND


@lived
async def test_an_issuer_that_fails_is_left_alone_longer_each_time(world: World) -> None:
    world.answer = OutOfReach("down")
    tried = []
    for _ in range(4000):
        before = len(world.fetches)
        await world.ask()
        if len(world.fetches) > before:
            tried.append(world.now)
        world.now += 0.25
    pauses = [later - earlier for earlier, later in itertools.pairwise(tried)]
    assert pauses[:7] == [1, 2, 4, 8, 16, 32, 60]
    assert max(pauses) == limits.ISSUER_LONGEST_PAUSE
    assert len(tried) < 40
    world.answer = FIRST
    world.now += limits.ISSUER_LONGEST_PAUSE
    assert await world.ask() == ""
    assert world.known.keys(ONE) is FIRST


@lived
async def test_the_last_keys_work_while_their_issuer_is_down_for_a_day(world: World) -> None:
    await world.ask()
    world.answer = OutOfReach("down")
    for _ in range(100):
        world.known.keys(ONE)
        await world.known.refresh()
        world.now += limits.ISSUER_LONGEST_USE / 100
        assert world.known.keys(ONE) is FIRST
    assert len(world.fetches) > 50
    world.now += 1
    assert world.known.keys(ONE) is None


@lived
async def test_only_keys_in_use_that_are_old_are_refreshed(world: World) -> None:
    await world.ask(ONE)
    await world.ask(TWO)
    world.known.keys(ONE)
    world.fetches.clear()
    await world.known.refresh()
    assert world.fetches == []
    world.now += limits.ISSUER_FRESH
    world.answer = SECOND
    await world.known.refresh()
    assert world.fetches == [ONE]
    assert world.known.keys(ONE) is SECOND
    assert world.known.keys(TWO) is FIRST


@lived
async def test_aws_text_for_a_trouble_is_handed_on_and_forgotten_when_it_is_over(world: World) -> None:
    world.answer = OutOfReach("no", WRONG_CERTIFICATE)
    assert await world.ask() == WRONG_CERTIFICATE
    assert await world.ask() == WRONG_CERTIFICATE
    assert len(world.fetches) == 1
    world.now, world.answer = world.now + 1, FIRST
    assert await world.ask() == ""


@lived
async def test_an_unforeseen_fault_is_a_trouble_too(world: World) -> None:
    world.answer = ZeroDivisionError()
    assert await world.ask() == ""
    assert world.known.keys(ONE) is None


@lived
async def test_an_unforeseen_fault_is_followed_by_a_pause(world: World) -> None:
    world.answer = ZeroDivisionError()
    await world.ask()
    await world.ask()
    assert len(world.fetches) == 1
    world.now += 1
    await world.ask()
    assert len(world.fetches) == 2


@lived
async def test_one_more_unknown_key_id_is_earned_each_half_minute(world: World) -> None:
    for _ in range(limits.ISSUER_ALLOWANCE + 1):
        await world.ask()
    for elapsed, expected in ((limits.ISSUER_ALLOWANCE_SECONDS - 1, 0), (1, 1), (0, 1)):
        world.now += elapsed
        await world.ask()
        assert len(world.fetches) == limits.ISSUER_ALLOWANCE + expected


@lived
async def test_so_many_fetches_are_under_way_at_once_and_no_more(world: World) -> None:
    world.gate = asyncio.Event()
    asking = [asyncio.create_task(world.ask(Issuer(f"https://{n}.example.com"))) for n in range(AT_ONCE + 4)]
    for _ in range(10):
        await asyncio.sleep(0)
    assert len(world.fetches) == AT_ONCE
    world.gate.set()
    await asyncio.gather(*asking)
    assert len(world.fetches) == AT_ONCE + 4


@lived
async def test_keys_that_are_being_fetched_are_not_refreshed_as_well(world: World) -> None:
    await world.ask()
    world.known.keys(ONE)
    world.now += limits.ISSUER_FRESH
    world.fetches.clear()
    world.gate = asyncio.Event()
    asking = asyncio.create_task(world.ask())
    await asyncio.sleep(0)
    await world.known.refresh()
    world.gate.set()
    await asking
    assert world.fetches == [ONE]


@lived
async def test_refreshing_leaves_an_issuer_alone_that_has_failed(world: World) -> None:
    await world.ask()
    world.known.keys(ONE)
    world.now += limits.ISSUER_FRESH
    world.fetches.clear()
    world.answer = OutOfReach("down")
    await world.known.refresh()
    await world.known.refresh()
    assert world.fetches == [ONE]
    world.now += 1
    await world.known.refresh()
    assert world.fetches == [ONE, ONE]


@lived
async def test_keys_in_use_are_looked_over_again_and_again(world: World) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(issuers_at_hand, "ROUND", 0.01)
        await world.ask()
        world.known.keys(ONE)
        world.now += limits.ISSUER_FRESH
        world.answer = SECOND
        fresh = asyncio.create_task(world.known.keep_fresh())
        for _ in range(500):
            await asyncio.sleep(0.01)
            if world.known.keys(ONE) is SECOND:
                break
        fresh.cancel()
    assert world.known.keys(ONE) is SECOND


@lived
async def test_no_more_issuers_are_held_than_the_bound(world: World) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(limits, "ISSUERS", 3)
        for number in range(5):
            await world.ask(Issuer(f"https://{number}.example.com"))
    assert [world.known.keys(Issuer(f"https://{number}.example.com")) for number in range(5)] == [
        None,
        None,
        *[FIRST] * 3,
    ]
