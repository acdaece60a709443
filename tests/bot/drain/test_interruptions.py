"""Stops, cancellations, deaths and lost connections: nobody lost, nobody sent to twice."""

import asyncio
from collections import Counter
from collections.abc import Sequence

import psycopg
import pytest

from bot.drain import Unfinished
from bot.slots import Slots
from bot.store.outbox import Claim, Outbox, Settled
from tests.bot.drain.kit import NUMBERS, Watched, World
from tests.bot.kit import Eventually
from twilio_core import Credentials, Message, NewMessage, TwilioClient, open_http
from twilio_core.testing import Delayed, Silence


async def test_a_process_that_stops_finishes_what_is_under_way_and_leaves_the_rest(
    world: World, eventually: Eventually
) -> None:
    world.slots, world.twilio.latency = Slots(3), 1.0
    send_id, owner = await world.sent(10), await world.worker()
    running = asyncio.create_task(world.drain().run(send_id, owner))
    await eventually(lambda: len(world.twilio.posts) == 3)
    world.stopping.set()
    assert await running == Unfinished(0.0)
    assert await world.states() == {"accepted": 3, "queued": 7}


async def test_a_run_that_is_cancelled_leaves_what_was_under_way_in_doubt(
    world: World, eventually: Eventually
) -> None:
    world.twilio.script(NUMBERS[0], Silence(accepted=True))
    send_id, owner = await world.sent(3), await world.worker()
    running = asyncio.create_task(world.drain().run(send_id, owner))
    await eventually(lambda: len(world.twilio.messages) == 3)
    await eventually(lambda: world.slots.used == 1)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert await world.states() == {"accepted": 2, "in_doubt": 1}
    assert world.slots.used == 0


@pytest.mark.parametrize("steps", [*range(1, 30, 4), *range(50, 1500, 75)])
async def test_a_cancellation_at_any_step_leaks_no_slot_and_loses_nobody(
    world: World, steps: int
) -> None:
    world.slots = Slots(3)
    send_id, owner = await world.sent(12), await world.worker()
    drain = world.drain()
    running = asyncio.create_task(drain.run(send_id, owner))
    for _ in range(steps):
        await asyncio.sleep(0)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert world.slots.used == 0
    assert await drain.run(send_id, owner) is None
    after = await world.states()
    assert set(after) <= {"accepted", "in_doubt"}
    assert sum(after.values()) == 12
    assert max(world.asked().values()) == 1


async def test_what_a_dead_process_was_sending_is_in_doubt_and_not_sent_again(
    world: World,
) -> None:
    send_id, dead = await world.sent(5), await world.worker()
    await world.outbox().turn(send_id, dead, (), 2)
    await world.change("DELETE FROM procrastinate_workers")
    await world.drain().run(send_id, await world.worker())
    assert await world.states() == {"in_doubt": 2, "accepted": 3}
    assert world.asked() == Counter(NUMBERS[2:5])


class Faulty(Watched):
    """A ledger behind a connection that breaks.

    `lose`: the next turns take place, but their result never arrives. `refuse`: the next turns
    and records do not take place.
    """

    lose = 0
    refuse = 0

    async def before(self, want: int) -> int:
        self._refuse()
        return want

    async def after(self, claims: Sequence[Claim]) -> None:
        if self.lose:
            self.lose -= 1
            raise psycopg.OperationalError("the connection was lost")

    async def record(self, send_id: int, owner: int, answers: Sequence[Settled]) -> None:
        self._refuse()
        await super().record(send_id, owner, answers)

    def _refuse(self) -> None:
        if self.refuse:
            self.refuse -= 1
            raise psycopg.OperationalError("the connection was lost")


async def test_claims_that_never_arrived_are_made_again_and_nobody_is_sent_to_twice(
    world: World,
) -> None:
    send_id, owner = await world.sent(8), await world.worker()
    outbox = world.outbox(Faulty)
    drain, outbox.lose = world.drain(outbox), 1
    with pytest.raises(psycopg.OperationalError):
        await drain.run(send_id, owner)
    assert await world.states() == {"sending": 8}
    assert await drain.run(send_id, owner) is None
    assert await world.states() == {"accepted": 8}
    assert world.asked() == Counter(NUMBERS[:8])
    assert world.slots.used == 0


async def test_answers_that_arrive_while_the_database_is_away_are_kept_and_recorded_later(
    world: World, eventually: Eventually
) -> None:
    world.slots = Slots(4)
    for number, pause in zip(NUMBERS[:4], (0.4, 0.4, 0.4, 0.9), strict=True):
        world.twilio.script(number, Delayed(pause))
    send_id, owner = await world.sent(6), await world.worker()
    outbox = world.outbox(Faulty)
    drain = world.drain(outbox)
    running = asyncio.create_task(drain.run(send_id, owner))
    await eventually(lambda: len(world.twilio.posts) == 4)
    outbox.refuse = 3
    with pytest.raises(psycopg.OperationalError):
        await running
    with pytest.raises(psycopg.OperationalError):
        await drain.run(send_id, owner)
    assert await drain.run(send_id, owner) is None
    assert await world.states() == {"accepted": 6}
    assert world.asked() == Counter(NUMBERS[:6])


async def test_a_second_cancellation_while_recording_keeps_the_answers(
    world: World, eventually: Eventually
) -> None:
    class Slow(Outbox):
        recording = asyncio.Event()

        async def record(self, send_id: int, owner: int, answers: Sequence[Settled]) -> None:
            if not self.recording.is_set():
                self.recording.set()
                await asyncio.sleep(60)
            await super().record(send_id, owner, answers)

    world.twilio.script(NUMBERS[0], Silence())
    send_id, owner = await world.sent(1), await world.worker()
    outbox = world.outbox(Slow)
    drain = world.drain(outbox)
    running = asyncio.create_task(drain.run(send_id, owner))
    await eventually(lambda: world.twilio.posts)
    running.cancel()
    await outbox.recording.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert await drain.run(send_id, owner) is None
    assert await world.states() == {"in_doubt": 1}
    assert len(world.twilio.posts) == 1


async def test_a_fault_of_our_own_leaves_the_recipient_in_doubt_and_goes_on(
    world: World,
) -> None:
    class Broken(TwilioClient):
        async def create(self, message: NewMessage) -> Message:
            if message.to == NUMBERS[0]:
                raise RuntimeError("never thought of")
            return await super().create(message)

    credentials = Credentials(world.twilio.account_sid, world.twilio.auth_token)
    world.client = Broken(open_http(), credentials, world.twilio.url)
    send_id, owner = await world.sent(3), await world.worker()
    assert await world.drain().run(send_id, owner) is None
    await world.client.aclose()
    assert await world.states() == {"in_doubt": 1, "accepted": 2}
    [(reason,)] = await world.rows("SELECT reason FROM delivery WHERE position = 1")
    assert reason == "the bot failed (RuntimeError); it may have been sent"
