"""Signs of life of a process, over a real database that comes and goes."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, LiteralString

import psycopg
import pytest
from psycopg import sql

from bot.heart import Heart
from bot.lease import Lease
from bot.pace import Pace
from bot.slots import Slots
from tests.bot.cable import cabled
from tests.bot.kit import Eventually
from tests.eyes import change, look


@dataclass
class Body:
    """What a heart keeps alive."""

    url: str
    worker: int | None = None
    lease: Lease = field(default_factory=Lease)
    slots: Slots = field(default_factory=lambda: Slots(40))
    renewed: asyncio.Event = field(default_factory=asyncio.Event)
    seen: datetime | None = None

    def ask(self, question: LiteralString) -> list[tuple[Any, ...]]:
        return look(self.url, question)

    async def change(self, order: LiteralString) -> list[tuple[Any, ...]]:
        return await change(self.url, order)

    async def register(self) -> int:
        """Register a worker that was last seen long ago."""
        [(number, self.seen)] = await self.change(
            "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '1 h')"
            " RETURNING id, last_heartbeat"
        )
        return int(number)

    def alive(self) -> bool:
        """Tell whether the worker has shown a sign of life since this was last found."""
        before = self.seen
        [(self.seen,)] = self.ask("SELECT last_heartbeat FROM procrastinate_workers")
        return before is not None and self.seen > before

    @asynccontextmanager
    async def beating(self, url: str = "") -> AsyncIterator[None]:
        pace = Pace(self.slots)
        heart = Heart(url or self.url, lambda: self.worker, self.renewed.set, self.lease, pace)
        beats = asyncio.create_task(heart.run())
        yield
        assert not beats.done()
        beats.cancel()
        await asyncio.gather(beats, return_exceptions=True)


@pytest.fixture
def body(database_url: str) -> Body:
    return Body(database_url)


@pytest.fixture
def cut_off(postgres: str, database_url: str) -> Callable[[], AbstractAsyncContextManager[None]]:
    """Refuse every connection to the database for the length of a block."""
    name = database_url.partition("?")[0].rpartition("/")[2]
    allow = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}")
    end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"

    @asynccontextmanager
    async def outage() -> AsyncIterator[None]:
        with psycopg.connect(postgres, autocommit=True) as conn:
            conn.execute(allow.format(sql.Identifier(name), sql.SQL("false")))
            conn.execute(end, (name,))
            yield
            conn.execute(allow.format(sql.Identifier(name), sql.SQL("true")))

    return outage


async def test_a_worker_shows_signs_of_life_and_holds_the_lease(
    body: Body, eventually: Eventually
) -> None:
    body.worker = await body.register()
    async with body.beating():
        await eventually(lambda: body.lease.valid)
        assert body.alive()
        await eventually(body.alive)  # and again
        await eventually(lambda: body.lease.valid)


async def test_a_beat_is_measured_by_the_clock_of_the_lease(
    body: Body, eventually: Eventually
) -> None:
    body.worker, body.lease = await body.register(), Lease(clock=lambda: 1e12)
    async with body.beating():
        await eventually(lambda: body.lease.valid)


async def test_each_beat_brings_the_pace_of_all(body: Body, eventually: Eventually) -> None:
    body.worker = await body.register()
    await body.change("UPDATE pace SET ceiling = 7, lowered = now()")
    async with body.beating():
        await eventually(lambda: body.slots.limit == 7)


async def test_a_process_that_does_not_work_yet_holds_no_lease_until_it_does(
    body: Body, eventually: Eventually
) -> None:
    async with body.beating():
        await asyncio.sleep(0.1)
        assert not body.lease.valid
        body.worker = await body.register()
        await eventually(lambda: body.lease.valid)


async def test_a_worker_that_others_have_struck_off_holds_no_lease(
    body: Body, eventually: Eventually
) -> None:
    body.worker = await body.register()
    await body.change("DELETE FROM procrastinate_workers")
    await body.change("UPDATE pace SET ceiling = 7, lowered = now()")
    async with body.beating():
        await eventually(lambda: body.slots.limit == 7)
        assert not body.lease.valid


async def test_a_connection_that_breaks_is_made_anew(body: Body, eventually: Eventually) -> None:
    body.worker = await body.register()
    async with body.beating():
        await eventually(body.alive)
        body.ask(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        await eventually(body.alive)


async def test_without_the_database_the_lease_ends_and_with_it_a_new_one_begins(
    body: Body, cut_off: Callable[[], AbstractAsyncContextManager[None]], eventually: Eventually
) -> None:
    body.worker = await body.register()
    async with body.beating():
        await eventually(lambda: body.lease.valid)
        before = body.lease.epoch
        async with cut_off():
            await eventually(lambda: not body.lease.valid)
        await eventually(lambda: body.lease.valid)
        assert body.lease.epoch != before


async def test_a_database_that_hangs_ends_the_lease_as_well(
    body: Body, eventually: Eventually
) -> None:
    body.worker = await body.register()
    async with body.beating():
        await eventually(lambda: body.lease.valid)
        async with await psycopg.AsyncConnection.connect(body.url) as conn:
            await conn.execute("LOCK TABLE procrastinate_workers IN ACCESS EXCLUSIVE MODE")
            await eventually(lambda: not body.lease.valid)
        await eventually(lambda: body.lease.valid)


async def test_a_heart_that_stops_leaves_no_connection_behind(
    body: Body, eventually: Eventually
) -> None:
    body.worker = await body.register()
    async with body.beating():
        await eventually(lambda: body.lease.valid)
    others = (
        "SELECT pid FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    await eventually(lambda: not body.ask(others))


async def test_a_process_whose_name_was_taken_away_asks_for_another(
    body: Body, eventually: Eventually
) -> None:
    body.worker = await body.register()
    await body.change("DELETE FROM procrastinate_workers")
    async with body.beating():
        await eventually(body.renewed.is_set)
    assert not body.lease.valid


async def test_a_connection_that_has_gone_silent_is_given_up_and_made_anew(
    body: Body, eventually: Eventually
) -> None:
    body.worker = await body.register()
    async with cabled(body.url) as (cable, url), body.beating(url):
        await eventually(body.alive)
        await cable.die()
        await eventually(lambda: cable.connections == 2)
        body.alive()
        await eventually(body.alive)
