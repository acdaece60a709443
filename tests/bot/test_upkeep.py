"""What is old goes by itself, a little at a time; what is not stays."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg

from bot.store.purge import BATCH, Purge
from bot.upkeep import upkeep
from tests.bot.engine import Engine

SENDS = "SELECT id FROM send ORDER BY id"


@asynccontextmanager
async def kept_up(engine: Engine, purge: Purge | None = None) -> AsyncIterator[None]:
    running = asyncio.create_task(
        upkeep(purge or Purge(engine.pool), engine.clock.times, every=0.02)
    )
    yield
    assert not running.done()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def ended(engine: Engine, days: int, count: int = 2) -> int:
    """Finish a send that was made and settled so many days ago."""
    send_id = await engine.sent(count, f"cmd:{days}")
    await engine.change("DELETE FROM procrastinate_jobs")
    await engine.change(
        "UPDATE send SET created = now() - make_interval(days => %s),"
        " settled = now() - make_interval(days => %s) WHERE id = %s",
        days,
        days,
        send_id,
    )
    return send_id


async def test_old_sends_go_with_all_that_belongs_to_them_and_young_ones_stay(
    engine: Engine,
) -> None:
    await ended(engine, 91)
    young = await ended(engine, 89)
    async with kept_up(engine):
        await engine.becomes(SENDS, (young,))
    assert await engine.rows("SELECT DISTINCT send_id FROM delivery") == [(young,)]
    assert await engine.rows("SELECT send_id FROM card") == [(young,)]


async def test_zero_seconds_keep_everything_until_that_is_changed(engine: Engine) -> None:
    engine.clock.tune(keep=0)
    await ended(engine, 1_000)
    async with kept_up(engine):
        await asyncio.sleep(0.3)
        assert len(await engine.rows(SENDS)) == 1
        engine.clock.tune(keep=86_400)
        await engine.becomes(SENDS)


async def test_a_send_that_has_not_ended_stays_however_old(engine: Engine) -> None:
    busy = await ended(engine, 200)
    await engine.change("UPDATE send SET settled = NULL")
    await ended(engine, 91)
    async with kept_up(engine):
        await engine.becomes(SENDS, (busy,))


async def test_a_send_with_more_recipients_than_are_removed_at_once_goes_bit_by_bit(
    engine: Engine,
) -> None:
    await ended(engine, 91, BATCH + 200)
    async with kept_up(engine):
        await engine.becomes(SENDS)
    assert await engine.rows("SELECT count(*) FROM delivery") == [(0,)]


async def test_the_audit_is_kept(engine: Engine) -> None:
    send_id = await ended(engine, 91)
    async with kept_up(engine):
        await engine.becomes(SENDS)
    assert await engine.rows("SELECT send_id FROM audit") == [(send_id,)]


async def test_a_database_that_fails_is_asked_again_later(engine: Engine) -> None:
    class Faulty(Purge):
        faults = 3

        async def step(self, keep: float) -> int:
            if self.faults:
                self.faults -= 1
                raise psycopg.OperationalError("the connection was lost")
            return await super().step(keep)

    await ended(engine, 91)
    async with kept_up(engine, Faulty(engine.pool)):
        await engine.becomes(SENDS)
