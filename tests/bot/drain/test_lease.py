"""A process that may be taken for dead posts nothing; who takes over loses and doubles nobody."""

import asyncio
import math
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence

import psycopg
import pytest

from bot.drain import ELSEWHERE, Unfinished
from bot.lease import LEASE, Lease
from bot.rescue import Rescue
from bot.slots import Slots
from bot.store.outbox import Claim, Settled
from tests.bot.drain.kit import NUMBERS, Watched, World
from tests.bot.kit import Clock, Eventually


@pytest.fixture
def leased(world: World, clock: Clock) -> World:
    """A process that lives by a clock which stands still."""
    world.lease = Lease(clock=clock)
    world.lease.renew(clock.now)
    return world


def lapse(world: World, clock: Clock) -> None:
    clock.now += LEASE + 1


def renew(world: World, clock: Clock) -> None:
    world.lease.renew(clock.now)


class Interrupted(Watched):
    """A ledger whose first claim is followed by `then`, before the process goes on."""

    then: Callable[[], Awaitable[None]] | None = None

    async def after(self, claims: Sequence[Claim]) -> None:
        if claims and self.then:
            then, self.then = self.then, None
            await then()


async def test_nobody_is_claimed_without_a_lease_and_the_job_is_offered_to_others(
    world: World, clock: Clock
) -> None:
    world.lease = Lease(clock=clock)
    send_id, owner = await world.sent(3), await world.worker()
    assert await world.run(world.drain(), send_id, owner) == Unfinished(ELSEWHERE)
    assert await world.states() == {"queued": 3}
    assert world.twilio.posts == []


async def test_a_process_that_has_only_just_begun_is_given_a_moment_for_its_first_heartbeat(
    world: World, clock: Clock
) -> None:
    world.lease = Lease(clock=clock)
    send_id, owner = await world.sent(3), await world.worker()
    running = asyncio.create_task(world.drain().run(send_id, owner))
    await asyncio.sleep(0)
    renew(world, clock)
    assert await asyncio.wait_for(running, 20) is None
    assert await world.states() == {"accepted": 3}


async def test_nothing_is_begun_once_the_lease_has_ended_and_answers_still_count(
    leased: World, clock: Clock, eventually: Eventually
) -> None:
    leased.slots, leased.twilio.latency = Slots(3), 1.0
    send_id, owner = await leased.sent(10), await leased.worker()
    running = asyncio.create_task(leased.drain().run(send_id, owner))
    await eventually(lambda: len(leased.twilio.posts) == 3)
    lapse(leased, clock)
    assert await asyncio.wait_for(running, 20) == Unfinished(0.0)
    assert await leased.states() == {"accepted": 3, "queued": 7}
    assert len(leased.twilio.posts) == 3


async def test_what_was_claimed_before_a_gap_is_not_posted_after_it(
    leased: World, clock: Clock
) -> None:
    async def gap() -> None:
        lapse(leased, clock)
        renew(leased, clock)
        assert leased.twilio.posts == []

    send_id, owner = await leased.sent(3), await leased.worker()
    outbox = leased.outbox(Interrupted)
    outbox.then = gap
    drain = leased.drain(outbox)
    assert await leased.run(drain, send_id, owner) == Unfinished(0.0)
    assert leased.twilio.posts == []
    assert await leased.run(drain, send_id, owner) is None
    assert await leased.states() == {"accepted": 3}
    assert leased.asked() == Counter(NUMBERS[:3])
    assert await leased.attempts() == {2}  # queued again, and claimed anew under the new lease
    assert await leased.rows(
        "SELECT state, source, count(*) FROM event GROUP BY 1, 2 ORDER BY 1, 2"
    ) == [("accepted", "answer", 3), ("queued", "answer", 3), ("sending", "drain", 6)]


async def test_whom_another_process_has_claimed_in_the_gap_is_left_to_it(
    leased: World, clock: Clock
) -> None:
    other = await leased.worker()

    async def gap() -> None:
        lapse(leased, clock)
        await leased.change("UPDATE delivery SET state = 'queued', owner = NULL")
        assert len(await leased.outbox().turn(send_id, other, (), 10)) == 3
        renew(leased, clock)

    send_id, owner = await leased.sent(3), await leased.worker()
    outbox = leased.outbox(Interrupted)
    outbox.then = gap
    await leased.run(leased.drain(outbox), send_id, owner)
    assert await leased.rows("SELECT DISTINCT state, owner, attempt FROM delivery") == [
        ("sending", other, 2)
    ]
    assert leased.twilio.posts == []


async def test_whom_another_process_has_put_in_doubt_was_surely_not_sent_to_and_is_now(
    leased: World, clock: Clock
) -> None:
    async def gap() -> None:
        lapse(leased, clock)
        await leased.take_over(send_id)
        assert await leased.states() == {"in_doubt": 3}
        renew(leased, clock)

    send_id, owner = await leased.sent(3), await leased.worker()
    outbox = leased.outbox(Interrupted)
    outbox.then = gap
    drain = leased.drain(outbox)
    assert await leased.run(drain, send_id, owner) == Unfinished(0.0)
    assert leased.twilio.posts == []
    assert await leased.run(drain, send_id, await leased.worker()) is None
    assert await leased.states() == {"accepted": 3}
    assert leased.asked() == Counter(NUMBERS[:3])


async def test_a_process_that_was_struck_off_claims_nobody(leased: World) -> None:
    send_id, owner = await leased.sent(3), await leased.worker()
    await leased.change("DELETE FROM procrastinate_workers")
    assert await leased.run(leased.drain(), send_id, owner) == Unfinished(0.0)
    assert await leased.states() == {"queued": 3}
    assert leased.twilio.posts == []


async def test_two_processes_one_of_which_is_taken_for_dead_send_to_everybody_once(
    leased: World, clock: Clock, eventually: Eventually
) -> None:
    leased.slots, leased.twilio.latency = Slots(8), 1.0
    send_id, owner = await leased.sent(60), await leased.worker()
    first = asyncio.create_task(leased.drain().run(send_id, owner))
    await eventually(lambda: len(leased.twilio.posts) == 8)
    lapse(leased, clock)
    leased.twilio.latency = 0.05
    await leased.take_over(send_id)
    await asyncio.wait_for(first, 20)
    await leased.take_over(send_id)
    assert await leased.states() == {"accepted": 60}
    assert leased.asked() == Counter(NUMBERS[:60])
    assert len(leased.twilio.messages) == 60


async def test_whom_a_process_cut_off_had_not_posted_to_is_not_forgotten_when_it_comes_back(
    leased: World, clock: Clock
) -> None:
    class CutOff(Interrupted):
        away = False

        async def turn(
            self, send_id: int, owner: int, answers: Sequence[Settled], want: int
        ) -> list[Claim]:
            self._check()
            return await super().turn(send_id, owner, answers, want)

        async def record(self, send_id: int, owner: int, answers: Sequence[Settled]) -> None:
            self._check()
            await super().record(send_id, owner, answers)

        def _check(self) -> None:
            if self.away:
                raise psycopg.OperationalError("the connection was lost")

    async def cut_off() -> None:
        lapse(leased, clock)
        outbox.away = True

    outbox = leased.outbox(CutOff)
    outbox.then = cut_off
    drain = leased.drain(outbox)
    lost, owner = await leased.sent(3, "lost"), await leased.worker()
    with pytest.raises(psycopg.OperationalError):
        await leased.run(drain, lost, owner)
    await leased.take_over(lost)
    assert await leased.states() == {"in_doubt": 3}
    await leased.change("DELETE FROM procrastinate_jobs")  # they have all ended meanwhile
    await leased.change("UPDATE send SET created = now() - interval '1 min'")
    outbox.away = False
    renew(leased, clock)
    assert await leased.run(drain, await leased.sent(1, "next"), await leased.worker()) is None
    assert await leased.states() == {"queued": 3, "accepted": 1}
    await Rescue(leased.pool, leased.jobs, Lease(math.inf)).find()
    found = await leased.rows(
        "SELECT (args->>'send_id')::int FROM procrastinate_jobs WHERE task_name = 'drain'"
    )
    assert (lost,) in found
