"""The common pace: learned from one's own answers and, through the database, from the others'."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import LiteralString

import pytest

from bot.pace import FIRST_PAUSE, LONGEST_PAUSE, PATIENCE, Pace
from bot.slots import Slots
from bot.store.database import Pool
from bot.store.pulse import Beat, beat

QUIET = Beat(alive=True, live=1, ceiling=None, paused=0.0, down=None)


class Process:
    """What one process knows of the pace, and how it shows a sign of life."""

    def __init__(self, pool: Pool, worker: int, slots: Slots) -> None:
        self.slots = slots
        self.pace = Pace(slots, pool)
        self._pool = pool
        self._worker = worker

    async def beat(self) -> None:
        async with self._pool.connection() as conn:
            self.pace.learn(await beat(conn, self._worker, self.pace.most))


@pytest.fixture
def started(pool: Pool) -> Callable[..., Awaitable[Process]]:
    async def start(most: int = 40) -> Process:
        async with pool.connection() as conn:
            cursor = await conn.execute(
                "INSERT INTO procrastinate_workers DEFAULT VALUES RETURNING id"
            )
            [(worker,)] = await cursor.fetchall()
        return Process(pool, worker, Slots(most))

    return start


Started = Callable[..., Awaitable[Process]]


def now() -> float:
    """The loop's clock."""
    return asyncio.get_running_loop().time()


async def refused(pace: Pace, retry_after: float | None = None) -> None:
    """Let a request that is begun now be one too many."""
    await pace.throttled(retry_after, now())


async def change(pool: Pool, sql: LiteralString) -> None:
    async with pool.connection() as conn:
        await conn.execute(sql)


# Too many requests (429)


async def test_too_many_requests_halve_what_may_be_under_way() -> None:
    slots = Slots(40)
    await refused(Pace(slots))
    assert slots.limit == 20


async def test_refusals_of_what_was_under_way_together_halve_it_once(started: Started) -> None:
    process = await started()
    begun = now()
    for _ in range(30):
        await process.pace.throttled(None, begun)
    assert process.slots.limit == 20
    await process.beat()
    assert process.slots.limit == 20


async def test_a_refusal_of_what_was_begun_since_halves_it_again(started: Started) -> None:
    process = await started()
    for allowed in (20, 10, 5):
        await refused(process.pace)
        assert process.slots.limit == allowed
    await process.beat()
    assert process.slots.limit == 5


async def test_what_was_begun_before_another_process_lowered_it_lowers_it_no_more(
    started: Started,
) -> None:
    first, second = await started(), await started()
    await first.beat()
    begun = now()
    await second.beat()
    await refused(first.pace)  # 80 of both become 40
    await second.beat()
    await second.pace.throttled(None, begun)
    assert second.slots.limit == 20


async def test_two_that_are_refused_under_the_same_ceiling_halve_it_once(started: Started) -> None:
    first, second = await started(), await started()
    for process in (first, second):
        await process.beat()
    for process in (first, second):
        await refused(process.pace)
    for process in (first, second):
        await process.beat()
    assert (first.slots.limit, second.slots.limit) == (20, 20)


async def test_a_beat_that_was_asked_for_before_a_refusal_does_not_undo_it() -> None:
    slots = Slots(40)
    pace = Pace(slots)
    await refused(pace)
    pace.learn(QUIET)
    assert slots.limit == 20
    pace.learn(replace(QUIET, ceiling=30))
    assert slots.limit == 20
    pace.learn(replace(QUIET, ceiling=10))
    assert slots.limit == 10


async def test_one_request_at_a_time_is_always_allowed() -> None:
    slots = Slots(1)
    await refused(Pace(slots))
    assert slots.limit == 1


async def test_every_process_learns_that_the_requests_are_too_many(started: Started) -> None:
    first, second = await started(), await started()
    await first.beat()
    await refused(first.pace)
    assert first.slots.limit == 20
    await second.beat()
    assert second.slots.limit == 20


async def test_what_is_allowed_altogether_is_shared_by_the_processes_that_live(
    started: Started, pool: Pool
) -> None:
    processes = [await started() for _ in range(4)]
    await change(pool, "UPDATE pace SET ceiling = 20, lowered = now()")
    for process in processes:
        await process.beat()
    assert [process.slots.limit for process in processes] == [5, 5, 5, 5]
    await change(pool, "UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 min'")
    await processes[0].beat()  # one sign of life: the others' are too old
    await processes[0].beat()
    assert processes[0].slots.limit == 20


async def test_with_more_processes_than_requests_allowed_each_may_have_one(
    started: Started, pool: Pool
) -> None:
    processes = [await started() for _ in range(3)]
    await change(pool, "UPDATE pace SET ceiling = 2, lowered = now()")
    await processes[0].beat()
    assert processes[0].slots.limit == 1


async def test_after_some_calm_more_and_more_is_allowed_up_to_where_it_was(
    started: Started, pool: Pool
) -> None:
    process = await started(50)
    await change(pool, "UPDATE pace SET ceiling = 25")
    limits = []
    for _ in range(20):
        await change(pool, "UPDATE pace SET lowered = now() - interval '3 s', raised = '-infinity'")
        await process.beat()
        limits.append(process.slots.limit)
    assert limits[0] == 25  # each beat tells what was before it
    assert limits == sorted(limits)
    assert limits[1] < limits[2] < 50
    assert limits[-1] == 50


async def test_nothing_is_raised_shortly_after_too_many_requests(started: Started) -> None:
    process = await started(50)
    await refused(process.pace)
    for _ in range(5):
        await process.beat()
    assert process.slots.limit == 25


# Pauses that Twilio asks for


async def test_a_pause_that_twilio_asks_for_holds_every_process_back(started: Started) -> None:
    first, second = await started(), await started()
    await refused(first.pace, 60.0)
    await second.beat()
    assert 50 < first.pace.paused <= 60
    assert 50 < second.pace.paused <= 60


async def test_without_such_a_wish_nobody_has_to_pause() -> None:
    pace = Pace(Slots(40))
    await refused(pace)
    assert pace.paused == 0


async def test_nobody_waits_for_longer_than_a_person_can_be_left_without_an_answer() -> None:
    pace = Pace(Slots(40))
    await refused(pace, 86_400.0)
    assert PATIENCE - 10 < pace.paused <= PATIENCE


async def test_a_longer_pause_is_not_cut_short_by_a_shorter_one(started: Started) -> None:
    first, second = await started(), await started()
    await refused(first.pace, 200.0)
    await refused(first.pace, 1.0)
    assert first.pace.paused > 150
    await second.beat()
    assert second.pace.paused > 150


# No connection


async def test_while_no_connection_comes_about_one_request_at_a_time_finds_out() -> None:
    slots = Slots(40)
    pace = Pace(slots)
    wait = await pace.unreachable()
    assert slots.limit == 1
    assert 0 < wait <= FIRST_PAUSE * 1.25
    assert 0 < pace.paused <= wait


async def test_failures_of_what_was_under_way_together_do_not_lengthen_the_pause() -> None:
    pace = Pace(Slots(40))
    first = await pace.unreachable()
    assert [await pace.unreachable() <= first for _ in range(20)] == [True] * 20


async def test_the_longer_an_outage_the_rarer_the_attempts_up_to_a_limit() -> None:
    waits = []
    for down in (4.0, 3_600.0):
        pace = Pace(Slots(40))
        pace.learn(Beat(alive=True, live=1, ceiling=None, paused=0.0, down=down))
        waits.append(await pace.unreachable())
    assert FIRST_PAUSE < waits[0] < 3.0 < waits[1] <= LONGEST_PAUSE * 1.25


async def test_an_outage_counts_from_the_first_failure_of_any_process(started: Started) -> None:
    first, second = await started(), await started()
    await first.pace.unreachable()
    await asyncio.sleep(0.05)
    await second.pace.unreachable()
    await second.beat()
    assert second.pace.down >= 0.05
    assert second.slots.limit == 1
    assert second.pace.paused > 0


async def test_an_answer_ends_the_outage_for_every_process(started: Started) -> None:
    first, second = await started(), await started()
    await first.pace.unreachable()
    await second.beat()
    await first.pace.answered()
    assert (first.pace.down, first.pace.paused, first.slots.limit) == (0, 0, 40)
    await second.beat()
    assert (second.pace.down, second.pace.paused, second.slots.limit) == (0, 0, 40)


async def test_the_next_outage_begins_anew(started: Started, pool: Pool) -> None:
    process = await started()
    await change(pool, "UPDATE pace SET down_since = now() - interval '1 hour'")
    await process.beat()
    assert process.pace.down >= 3_600
    await process.pace.answered()
    await process.pace.unreachable()
    await process.beat()
    assert process.pace.down < 60


async def test_after_an_outage_as_few_at_once_are_allowed_as_before_it() -> None:
    slots = Slots(40)
    pace = Pace(slots)
    await refused(pace)
    await pace.unreachable()
    await pace.answered()
    assert slots.limit == 20


# A database that does not answer


async def test_without_the_database_a_process_keeps_to_its_own_pace_alone(
    started: Started, pool: Pool
) -> None:
    process = await started()
    await pool.close()
    await refused(process.pace)
    assert process.slots.limit == 20
    await process.pace.unreachable()
    assert process.slots.limit == 1
    assert process.pace.paused > 0
    await process.pace.answered()
    assert (process.slots.limit, process.pace.paused) == (20, 0)
    await refused(process.pace, 60.0)
    assert process.pace.paused > 50


async def test_all_is_allowed_when_the_database_knows_of_no_limit() -> None:
    slots = Slots(40)
    pace = Pace(slots)
    pace.learn(QUIET)
    assert (slots.limit, pace.paused, pace.down) == (40, 0, 0)
