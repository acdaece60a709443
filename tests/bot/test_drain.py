import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, LiteralString

import psycopg
import pytest

from bot.drain import ELSEWHERE, Drain, Unfinished
from bot.gateway import Gateway
from bot.jobs import Jobs
from bot.metrics import Metrics
from bot.slots import Slots
from bot.store.database import Pool, open_pool
from bot.store.ledger import PostgresLedger
from bot.store.outbox import Claim, Outbox, Settled
from commands.model import Actor, NewSend, Recipient
from twilio_core import Credentials, Message, NewMessage, TwilioClient, open_http
from twilio_core.testing import Delayed, Error, FakeTwilio, Raw, ServerError, Silence

NUMBERS = [f"+1617555{n:04}" for n in range(10_000)]
Eventually = Callable[..., Awaitable[None]]


@dataclass
class World:
    """A ledger, an account, and drains between them as processes would build them."""

    url: str
    pool: Pool
    ledger: PostgresLedger
    twilio: FakeTwilio
    client: TwilioClient
    slots: Slots = field(default_factory=lambda: Slots(50))
    stopping: asyncio.Event = field(default_factory=asyncio.Event)

    def drain(self, outbox: Outbox | None = None) -> Drain:
        gateway = Gateway(self.client, Metrics())
        return Drain(outbox or Outbox(self.pool), gateway, self.slots, self.stopping)

    async def sent(self, count: int, key: str = "cmd:1") -> int:
        actor = Actor("U0ALICE", "C0ONCALL")
        people = tuple(map(Recipient, NUMBERS[:count]))
        new = NewSend(key, actor, "Water in the lab", people, "+15005550006", "rule")
        committed = await self.ledger.commit(new)
        return int(committed.send_id)  # type: ignore[union-attr]

    async def rows(self, sql: LiteralString) -> Sequence[tuple[Any, ...]]:
        async with await psycopg.AsyncConnection.connect(self.url, autocommit=True) as conn:
            cursor = await conn.execute(sql)
            found: Sequence[tuple[Any, ...]] = await cursor.fetchall()
            return found

    async def worker(self) -> int:
        [(number,)] = await self.rows(
            "INSERT INTO procrastinate_workers DEFAULT VALUES RETURNING id"
        )
        return int(number)

    async def states(self) -> dict[str, int]:
        return dict(await self.rows("SELECT state, count(*) FROM delivery GROUP BY 1"))

    def asked(self) -> Counter[str]:
        return Counter(post.form["To"][0] for post in self.twilio.posts)


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    pool = await open_pool(database_url)
    jobs = Jobs(pool)
    await jobs.open()
    async with FakeTwilio(step=None) as twilio:
        credentials = Credentials(twilio.account_sid, twilio.auth_token)
        client = TwilioClient(open_http(), credentials, twilio.url)
        yield World(database_url, pool, PostgresLedger(pool, jobs), twilio, client)
        await client.aclose()
    await pool.close()


async def test_everybody_is_sent_to_once_and_the_send_is_settled(world: World) -> None:
    send_id, owner = await world.sent(120), await world.worker()
    assert await world.drain().run(send_id, owner) is None
    assert world.asked() == Counter(NUMBERS[:120])
    assert await world.states() == {"accepted": 120}
    assert await world.rows("SELECT settled IS NOT NULL FROM send") == [(True,)]
    assert world.slots.used == 0


async def test_never_more_are_under_way_than_there_are_slots(world: World) -> None:
    world.slots, world.twilio.latency = Slots(7), 0.01
    send_id, owner = await world.sent(40), await world.worker()
    drain = world.drain()
    await asyncio.gather(*(drain.run(send_id, owner) for _ in range(4)))
    assert world.twilio.peak <= 7
    assert await world.states() == {"accepted": 40}


async def test_several_processes_share_one_send_without_sending_twice(world: World) -> None:
    world.twilio.latency = 0.005
    send_id = await world.sent(300)
    owners = [await world.worker() for _ in range(3)]
    runs = [world.drain().run(send_id, owner) for owner in owners for _ in range(2)]
    await asyncio.gather(*runs)
    assert world.asked() == Counter(NUMBERS[:300])
    assert await world.states() == {"accepted": 300}


async def test_a_small_send_does_not_wait_for_a_big_one(world: World) -> None:
    world.slots, world.twilio.latency = Slots(4), 0.02
    big, owner = await world.sent(200, "big"), await world.worker()
    small = await world.sent(1, "small")
    drain = world.drain()
    running = asyncio.create_task(drain.run(big, owner))
    await asyncio.sleep(0.05)
    await drain.run(small, owner)
    assert not running.done()
    world.stopping.set()
    await running


@pytest.mark.parametrize("limit", [1, 2, 3])
async def test_many_sends_at_once_all_finish_with_hardly_any_slots(
    world: World, limit: int
) -> None:
    world.slots = Slots(limit)
    sends = [await world.sent(5, f"cmd:{n}") for n in range(12)]
    owner, drain = await world.worker(), world.drain()
    async with asyncio.timeout(60):
        await asyncio.gather(*(drain.run(send_id, owner) for send_id in sends))
    assert await world.states() == {"accepted": 60}
    assert world.slots.used == 0


async def test_a_slot_that_is_freed_while_an_answer_is_recorded_is_not_overlooked(
    world: World, eventually: Eventually
) -> None:
    other_done = asyncio.Event()

    class Slow(Outbox):
        async def turn(
            self, send_id: int, owner: int, answers: Sequence[Settled], want: int
        ) -> list[Claim]:
            if answers and not want:
                await other_done.wait()
            return await super().turn(send_id, owner, answers, want)

    world.slots, world.twilio.latency = Slots(1), 0.1
    first, owner = await world.sent(2, "first"), await world.worker()
    second = await world.sent(1, "second")
    running = asyncio.create_task(world.drain(Slow(world.pool)).run(first, owner))
    await eventually(lambda: world.twilio.posts)
    await world.drain().run(second, owner)
    other_done.set()
    async with asyncio.timeout(10):
        await running
    assert await world.states() == {"accepted": 3}


async def test_a_send_that_is_gone_needs_nothing(world: World) -> None:
    assert await world.drain().run(4711, await world.worker()) is None


async def test_an_account_refusal_stops_the_rest_at_once(world: World) -> None:
    world.slots = Slots(1)
    world.twilio.script(NUMBERS[2], Error(20003, 401))
    send_id, owner = await world.sent(50), await world.worker()
    assert await world.drain().run(send_id, owner) is None
    assert len(world.twilio.posts) == 3
    assert await world.states() == {"accepted": 2, "failed": 48}
    [(reason,)] = await world.rows("SELECT DISTINCT reason FROM delivery WHERE position > 3")
    assert reason.startswith("not sent, because the account was refused: 20003 ")


async def test_a_throttled_recipient_is_tried_again_while_others_are_under_way(
    world: World,
) -> None:
    world.twilio.script(NUMBERS[0], Error(20429, 429))
    world.twilio.script(NUMBERS[1], Silence(accepted=True))
    send_id, owner = await world.sent(2), await world.worker()
    running = asyncio.create_task(world.drain().run(send_id, owner))
    async with asyncio.timeout(20):
        while (await world.states()).get("accepted") != 1:  # noqa: ASYNC110 - no event tells
            await asyncio.sleep(0.01)
    assert world.asked()[NUMBERS[0]] == 2
    assert not running.done()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert await world.states() == {"accepted": 1, "in_doubt": 1}


async def test_a_twilio_that_takes_few_at_once_loses_nobody(world: World) -> None:
    world.twilio.limit, world.twilio.latency = 10, 0.02
    send_id, owner = await world.sent(150), await world.worker()
    drain = world.drain()
    left = await drain.run(send_id, owner)
    for _ in range(20):
        if left:
            await asyncio.sleep(left.after)
            left = await drain.run(send_id, owner)
    assert await world.states() == {"accepted": 150}
    assert world.slots.limit < 50


async def test_who_has_to_wait_longer_is_left_to_the_next_run(world: World) -> None:
    world.twilio.script(NUMBERS[0], Raw(429, b'{"code": 20429}', {"Retry-After": "60"}))
    send_id, owner = await world.sent(2), await world.worker()
    left = await world.drain().run(send_id, owner)
    assert left is not None
    assert 50 < left.after <= 60
    assert await world.states() == {"accepted": 1, "queued": 1}


async def test_a_process_that_stops_finishes_what_is_under_way_and_leaves_the_rest(
    world: World, eventually: Eventually
) -> None:
    world.slots, world.twilio.latency = Slots(3), 0.2
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
    await asyncio.sleep(0.1)
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
    await Outbox(world.pool).turn(send_id, dead, (), 2)
    await world.rows("DELETE FROM procrastinate_workers RETURNING id")
    await world.drain().run(send_id, await world.worker())
    assert await world.states() == {"in_doubt": 2, "accepted": 3}
    assert world.asked() == Counter(NUMBERS[2:5])


class Faulty(Outbox):
    """A ledger behind a connection that breaks.

    `lose`: the next turns take place, but their result never arrives. `refuse`: the next turns
    and records do not take place.
    """

    lose = 0
    refuse = 0

    async def turn(
        self, send_id: int, owner: int, answers: Sequence[Settled], want: int
    ) -> list[Claim]:
        self._refuse()
        claims = await super().turn(send_id, owner, answers, want)
        if self.lose:
            self.lose -= 1
            raise psycopg.OperationalError("the connection was lost")
        return claims

    async def record(self, owner: int, answers: Sequence[Settled]) -> None:
        self._refuse()
        await super().record(owner, answers)

    def _refuse(self) -> None:
        if self.refuse:
            self.refuse -= 1
            raise psycopg.OperationalError("the connection was lost")


async def test_claims_that_never_arrived_are_made_again_and_nobody_is_sent_to_twice(
    world: World,
) -> None:
    send_id, owner = await world.sent(8), await world.worker()
    outbox = Faulty(world.pool)
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
    outbox = Faulty(world.pool)
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

        async def record(self, owner: int, answers: Sequence[Settled]) -> None:
            if not self.recording.is_set():
                self.recording.set()
                await asyncio.sleep(60)
            await super().record(owner, answers)

    world.twilio.script(NUMBERS[0], Silence())
    send_id, owner = await world.sent(1), await world.worker()
    outbox = Slow(world.pool)
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


async def test_a_server_error_is_not_sent_again(world: World) -> None:
    world.twilio.script(NUMBERS[0], ServerError(500, accepted=True))
    send_id, owner = await world.sent(1), await world.worker()
    drain = world.drain()
    await drain.run(send_id, owner)
    assert await drain.run(send_id, owner) is None
    assert await world.states() == {"in_doubt": 1}
    assert len(world.twilio.posts) == 1


async def test_a_send_that_is_drained_here_is_offered_to_another_process(
    world: World, eventually: Eventually
) -> None:
    world.twilio.script(NUMBERS[0], Delayed(0.5))
    send_id, owner = await world.sent(1), await world.worker()
    drain = world.drain()
    first = asyncio.create_task(drain.run(send_id, owner))
    await eventually(lambda: len(world.twilio.posts) == 1)
    assert await drain.run(send_id, owner) == Unfinished(ELSEWHERE)
    assert await first is None
    assert await drain.run(send_id, owner) is None
    assert len(world.twilio.posts) == 1
