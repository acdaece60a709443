"""What is counted for the metrics."""

import asyncio
from typing import LiteralString

import pytest

from bot.gauges import Gauges, Sampler
from bot.store.database import Pool
from bot.store.levels import read_levels
from bot.tasks import Order, Task
from tests.bot.desk import Desk
from tests.bot.kit import Eventually

SENDS = """
INSERT INTO send (id, request_key, kind, team, channel, actor, sender, body, recipients, created,
    left_by)
VALUES (1, 'a', 'send', '', 'C1', 'U1', '+15005550006', 'x', 4, now(), ''),
       (2, 'b', 'send', '', 'C1', 'U1', '+15005550006', 'x', 1, now() - interval '2 days', ''),
       (3, 'c', 'send', '', 'C1', 'U1', '+15005550006', 'x', 1, now(), 'U1')
"""

DELIVERIES = """
INSERT INTO delivery (send_id, position, address, state, error_code, next_check)
VALUES (1, 1, '+16175550001', 'failed', 21211, NULL),
       (1, 2, '+16175550002', 'failed', NULL, NULL),
       (1, 3, '+16175550003', 'in_doubt', NULL, now()),
       (1, 4, '+16175550004', 'in_doubt', NULL, NULL),
       (2, 1, '+16175550001', 'in_doubt', NULL, NULL),
       (3, 1, '+16175550001', 'in_doubt', NULL, NULL)
"""

PAGES = """
INSERT INTO page (request_key, stage, team, channel, actor, source, sender, body, intent, code,
    steps, rounds, rule, due, created)
SELECT stage || n, stage, '', 'C1', '', 'cli', '', 'x', '', stage || n, '[1]', 1, '',
    CASE WHEN stage = 'open' THEN now() END, now() - make_interval(hours => n)
FROM unnest(ARRAY['open', 'exhausted']) AS stage, unnest(ARRAY[1, 2, 30]) AS n
"""


async def told(pool: Pool, *statements: LiteralString) -> None:
    async with pool.connection() as conn:
        for statement in statements:
            await conn.execute(statement)


async def test_recipients_of_a_day_are_counted_by_state_and_by_how_far_the_error_reaches(
    pool: Pool,
) -> None:
    await told(pool, SENDS, DELIVERIES)
    async with pool.connection() as conn:
        levels = await read_levels(conn)
    assert levels.deliveries == {
        ("failed", "number"): 1,
        ("failed", "none"): 1,
        ("in_doubt", "none"): 3,
    }


async def test_doubts_are_counted_at_any_age_but_not_those_that_their_sender_left(
    pool: Pool,
) -> None:
    await told(pool, SENDS, DELIVERIES)
    async with pool.connection() as conn:
        levels = await read_levels(conn)
    assert levels.in_doubt == {"looked_for": 1, "asked": 2}


async def test_pages_are_counted_with_the_age_of_the_oldest(pool: Pool) -> None:
    await told(pool, PAGES)
    async with pool.connection() as conn:
        levels = await read_levels(conn)
    assert (levels.pages_open, levels.pages_exhausted) == (3, 2)
    assert levels.oldest_open == pytest.approx(30 * 3600, abs=60)


async def test_jobs_are_counted_and_the_queue_is_as_old_as_the_first_that_is_due(
    pool: Pool, desk: Desk
) -> None:
    await desk.jobs.defer(Order(Task.DRAIN, 1), Order(Task.DRAIN, 2), Order(Task.CARD, 1))
    await desk.jobs.defer(Order(Task.TRACK, 1, after=600))
    await told(
        pool,
        "UPDATE procrastinate_events SET at = now() - interval '90 s'",
        "UPDATE procrastinate_jobs SET status = 'doing' WHERE task_name = 'card'",
    )
    async with pool.connection() as conn:
        levels = await read_levels(conn)
    assert levels.jobs == {("drain", "due"): 2, ("card", "running"): 1, ("track", "later"): 1}
    assert levels.queue_age == pytest.approx(90, abs=10)


async def test_an_empty_ledger_has_nothing_in_any_of_them(pool: Pool) -> None:
    async with pool.connection() as conn:
        levels = await read_levels(conn)
    assert (levels.deliveries, levels.jobs, levels.queue_age) == ({}, {}, 0.0)
    assert (levels.pages_open, levels.oldest_open, levels.processes) == (0, 0.0, 0)


async def test_what_cannot_be_read_is_not_told_as_it_once_was(pool: Pool) -> None:
    gauges = Gauges()
    sampler = Sampler(pool, gauges)
    await sampler.read()
    assert gauges.levels
    await pool.close()
    await sampler.read()
    assert gauges.levels is None


async def test_readings_go_on_until_they_are_ended(pool: Pool, eventually: Eventually) -> None:
    gauges = Gauges()
    task = asyncio.create_task(Sampler(pool, gauges).run())
    await eventually(lambda: gauges.levels)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
