"""Signs of life, and the pace that all processes share."""

from collections.abc import AsyncIterator

import psycopg
import pytest

from bot.store import pulse
from bot.store.pulse import CALM, STEPS, Beat
from tests.bot.store.kit import Store

MOST = 50


@pytest.fixture
async def conn(store: Store) -> AsyncIterator[psycopg.AsyncConnection]:
    """A connection for which time stands still, but for what `passes` lets pass of it.

    To PostgreSQL all of a transaction happens at one moment.
    """
    async with store.pool.connection() as connection, connection.transaction():
        yield connection


async def pace(conn: psycopg.AsyncConnection, worker: int = 0) -> Beat:
    """Learn the pace."""
    return await pulse.beat(conn, worker, MOST)


async def ceiling(conn: psycopg.AsyncConnection) -> int | None:
    """What all processes may have under way, without a beat that raises it."""
    cursor = await conn.execute("SELECT ceiling FROM pace")
    [(number,)] = await cursor.fetchall()
    return int(number) if number is not None else None


async def passes(conn: psycopg.AsyncConnection, seconds: float) -> None:
    """Let so many seconds pass since the pace was last changed."""
    await conn.execute(
        "UPDATE pace SET lowered = lowered - p, raised = raised - p, paused = paused - p,"
        " down_since = down_since - p FROM make_interval(secs => %s) AS p",
        (seconds,),
    )


async def test_at_first_nothing_holds_anybody_back(
    store: Store, conn: psycopg.AsyncConnection
) -> None:
    assert await pace(conn, await store.worker()) == Beat(
        alive=True, live=1, ceiling=None, paused=0.0, down=None
    )


async def test_a_beat_is_a_sign_of_life(store: Store, conn: psycopg.AsyncConnection) -> None:
    worker, other = await store.worker(), await store.worker()
    for each in (worker, other):
        await store.silence(each, 60.0)
    assert (await pace(conn, worker)).live == 0  # it counts from the next one on
    assert (await pace(conn, other)).live == 1


async def test_who_was_declared_dead_learns_of_it(
    store: Store, conn: psycopg.AsyncConnection
) -> None:
    worker = await store.worker()
    await store.change("DELETE FROM procrastinate_workers")
    assert not (await pace(conn, worker)).alive


async def test_only_processes_that_show_signs_of_life_are_counted(
    store: Store, conn: psycopg.AsyncConnection
) -> None:
    mine, silent, _ = [await store.worker() for _ in range(3)]
    await store.silence(silent, 60.0)
    assert (await pace(conn, mine)).live == 2


async def test_what_is_allowed_is_lowered_for_everybody(conn: psycopg.AsyncConnection) -> None:
    await pulse.lower(conn, 40)
    assert (await pace(conn)).ceiling == 40


async def test_the_lowest_of_what_several_ask_for_counts(conn: psycopg.AsyncConnection) -> None:
    for asked in (40, 5, 20):
        await pulse.lower(conn, asked)
    assert await ceiling(conn) == 5


async def test_it_rises_by_a_step_once_it_was_calm_for_a_while(
    conn: psycopg.AsyncConnection,
) -> None:
    await pulse.lower(conn, 40)
    await passes(conn, CALM - 0.5)
    await pace(conn)
    assert await ceiling(conn) == 40
    await passes(conn, 1.0)
    await pace(conn)
    assert await ceiling(conn) == 40 + MOST // STEPS


async def test_it_rises_once_a_second_whoever_beats(
    store: Store, conn: psycopg.AsyncConnection
) -> None:
    workers = [await store.worker() for _ in range(5)]
    await pulse.lower(conn, 40)
    await passes(conn, CALM + 1)
    for worker in workers:
        await pace(conn, worker)
    assert await ceiling(conn) == 40 + MOST // STEPS
    await passes(conn, 1.0)
    await pace(conn, workers[0])
    assert await ceiling(conn) == 40 + 2 * (MOST // STEPS)


async def test_a_small_share_rises_too(conn: psycopg.AsyncConnection) -> None:
    await pulse.lower(conn, 2)
    await passes(conn, CALM + 1)
    await pulse.beat(conn, 0, 4)
    assert await ceiling(conn) == 3


async def test_once_every_process_has_its_full_share_nothing_is_held_back_any_more(
    store: Store, conn: psycopg.AsyncConnection
) -> None:
    workers = [await store.worker() for _ in range(2)]
    await pulse.lower(conn, MOST)
    for _ in range(STEPS - 1):
        await passes(conn, CALM + 1)
        await pace(conn, workers[0])
    assert await ceiling(conn) == MOST + (STEPS - 1) * (MOST // STEPS)
    await passes(conn, CALM + 1)
    await pace(conn, workers[0])
    assert await ceiling(conn) is None


async def test_a_lowered_pace_rises_no_more_until_it_is_calm_again(
    conn: psycopg.AsyncConnection,
) -> None:
    await pulse.lower(conn, 40)
    await passes(conn, CALM + 1)
    await pace(conn)
    await pulse.lower(conn, 21)
    await passes(conn, 1.0)
    await pace(conn)
    assert await ceiling(conn) == 21


async def test_a_pause_is_for_everybody_and_ends_by_itself(conn: psycopg.AsyncConnection) -> None:
    await pulse.pause(conn, 30.0)
    assert 20 < (await pace(conn)).paused <= 30
    await passes(conn, 31.0)
    assert (await pace(conn)).paused == 0


async def test_the_longest_pause_counts(conn: psycopg.AsyncConnection) -> None:
    await pulse.pause(conn, 300.0)
    await pulse.pause(conn, 5.0)
    assert (await pace(conn)).paused > 200


async def test_an_outage_counts_from_its_first_failure(conn: psycopg.AsyncConnection) -> None:
    await pulse.down(conn, 5.0)
    await passes(conn, 60.0)
    await pulse.down(conn, 5.0)
    learned = await pace(conn)
    assert learned.down is not None
    assert learned.down >= 60
    assert 0 < learned.paused <= 5


async def test_the_end_of_an_outage_ends_its_pause(conn: psycopg.AsyncConnection) -> None:
    await pulse.down(conn, 300.0)
    await pulse.up(conn)
    learned = await pace(conn)
    assert (learned.down, learned.paused) == (None, 0)


async def test_without_an_outage_nothing_that_ends_one_ends_a_pause(
    conn: psycopg.AsyncConnection,
) -> None:
    await pulse.pause(conn, 300.0)
    await pulse.up(conn)
    assert (await pace(conn)).paused > 200


async def test_a_database_without_a_pace_is_told_as_such(conn: psycopg.AsyncConnection) -> None:
    await conn.execute("DELETE FROM pace")
    with pytest.raises(LookupError, match="pace"):
        await pace(conn)
