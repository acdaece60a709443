"""Who is claimed ahead and not posted to in the end is queued again, whatever the end is."""

import asyncio
from collections import Counter
from collections.abc import Sequence

import psycopg
import pytest

from bot.drain import Unfinished
from bot.lease import LEASE, Lease
from bot.slots import Slots
from bot.store.outbox import Claim, Settled
from tests.bot.drain.kit import NUMBERS, Generous, World
from tests.bot.kit import Clock, Eventually
from twilio_core.testing import Delayed, Error, Silence


async def under_way(world: World, eventually: Eventually) -> asyncio.Task[Unfinished | None]:
    """Drain ten with two slots until two are under way: three more are claimed."""
    world.slots, world.twilio.latency = Slots(2), 1.0
    send_id, owner = await world.sent(10), await world.worker()
    running = asyncio.create_task(world.drain(world.outbox(Generous)).run(send_id, owner))
    await eventually(lambda: len(world.twilio.posts) == 2)
    assert await world.states() == {"sending": 5, "queued": 5}
    return running


async def test_a_process_that_stops_gives_back_who_was_claimed_ahead(
    world: World, eventually: Eventually
) -> None:
    running = await under_way(world, eventually)
    world.stopping.set()
    assert await asyncio.wait_for(running, 20) == Unfinished(0.0)
    assert await world.states() == {"accepted": 2, "queued": 8}
    assert len(world.twilio.posts) == 2


async def test_a_process_whose_lease_ends_gives_back_who_was_claimed_ahead(
    world: World, eventually: Eventually, clock: Clock
) -> None:
    world.lease = Lease(clock=clock)
    world.lease.renew(clock.now)
    running = await under_way(world, eventually)
    clock.now += LEASE + 1
    assert await asyncio.wait_for(running, 20) == Unfinished(0.0)
    assert await world.states() == {"accepted": 2, "queued": 8}
    assert len(world.twilio.posts) == 2


async def test_a_run_that_is_cancelled_gives_back_who_was_claimed_ahead(
    world: World, eventually: Eventually
) -> None:
    running = await under_way(world, eventually)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(running, 20)
    assert await world.states() == {"in_doubt": 2, "queued": 8}


async def test_a_run_that_the_ledger_fails_gives_back_who_was_claimed_ahead(world: World) -> None:
    class Failing(Generous):
        async def turn(
            self, send_id: int, owner: int, answers: Sequence[Settled], want: int
        ) -> list[Claim]:
            if answers:
                raise psycopg.OperationalError("the connection was lost")
            return await super().turn(send_id, owner, answers, want)

    world.slots = Slots(2)
    world.twilio.script(NUMBERS[1], Delayed(0.3))
    send_id, owner = await world.sent(10), await world.worker()
    with pytest.raises(psycopg.OperationalError):
        await world.run(world.drain(world.outbox(Failing)), send_id, owner)
    states = await world.states()
    assert set(states) == {"accepted", "queued"}
    assert states["accepted"] == len(world.twilio.posts)


async def test_who_was_claimed_ahead_fails_with_the_others_when_the_account_is_refused(
    world: World,
) -> None:
    world.slots = Slots(1)
    world.twilio.script(NUMBERS[0], Error(20003, 401))
    send_id, owner = await world.sent(10), await world.worker()
    assert await world.run(world.drain(world.outbox(Generous)), send_id, owner) is None
    assert await world.states() == {"failed": 10}
    assert len(world.twilio.posts) == 1


async def test_who_was_given_back_is_sent_to_once_in_the_next_run(
    world: World, eventually: Eventually
) -> None:
    running = await under_way(world, eventually)
    world.stopping.set()
    await asyncio.wait_for(running, 20)
    world.stopping.clear()
    world.slots, world.twilio.latency = Slots(50), 0.0
    [(send_id,)] = await world.rows("SELECT id FROM send")
    assert await world.run(world.drain(), send_id, await world.worker()) is None
    assert await world.states() == {"accepted": 10}
    assert world.asked() == Counter(NUMBERS[:10])


async def test_who_waits_for_a_slot_is_posted_to_as_soon_as_one_is_free(
    world: World, eventually: Eventually
) -> None:
    class Once(Generous):
        turns = 0

        async def turn(
            self, send_id: int, owner: int, answers: Sequence[Settled], want: int
        ) -> list[Claim]:
            self.turns += 1
            if self.turns > 1:
                await asyncio.sleep(3_600)
            return await super().turn(send_id, owner, answers, want)

    world.slots = Slots(1)
    world.twilio.script(NUMBERS[3], Silence())
    send_id, owner = await world.sent(10), await world.worker()
    running = asyncio.create_task(world.drain(world.outbox(Once)).run(send_id, owner))
    await eventually(lambda: world.asked() == Counter(NUMBERS[:4]))
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
