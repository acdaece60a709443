"""Two bots on one database, stopped and started one after the other while commands keep coming."""

import asyncio
import signal
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg

from tests.forks import Forked
from tests.scenarios.world import World

PAUSE = 0.1
"""Seconds between two commands."""


@asynccontextmanager
async def commands(world: World) -> AsyncIterator[dict[str, str]]:
    """Let commands keep coming for the length of the block; give each body and what was wrong."""
    told: dict[str, str] = {}
    typed: set[asyncio.Task[None]] = set()
    over = asyncio.Event()

    async def type_one(body: str) -> None:
        told[body] = (await world.say(f"send alice {body}")).error

    async def keep_typing() -> None:
        while not over.is_set():
            typed.add(asyncio.create_task(type_one(f"Water {len(typed)}")))
            await asyncio.sleep(PAUSE)
        await asyncio.gather(*typed)

    typing = asyncio.create_task(keep_typing())
    yield told
    over.set()
    await typing


async def renewed(world: World, old: Forked) -> None:
    """Stop a bot as a supervisor does, and start it anew once it has ended."""
    async with held(world):
        await asyncio.sleep(3 * PAUSE)
        old.send_signal(signal.SIGTERM)
        await asyncio.sleep(6 * PAUSE)
    assert await old.wait() == 0
    await world.spawn()


@asynccontextmanager
async def held(world: World) -> AsyncIterator[None]:
    """Let no command be stored for the length of the block, as under a busy database."""
    async with (
        await psycopg.AsyncConnection.connect(world.database_url) as conn,
        conn.transaction(),
    ):
        await conn.execute("LOCK TABLE audit IN EXCLUSIVE MODE")
        yield


async def test_a_rolling_restart_loses_no_command(stopped_world: World) -> None:
    world = stopped_world
    world.slack.ack_limit = 10.0  # a lost command is told of late as well; a slow machine is not
    first, second = await world.spawn(), await world.spawn()
    async with commands(world) as told:
        await world.wait(lambda: len(told) > 5)
        await renewed(world, first)
        await renewed(world, second)
        done = len(told)
        await world.wait(lambda: len(told) > done + 5)
    # Slack says of a command that is not acknowledged that it has failed
    assert {body: error for body, error in told.items() if error} == {}
    await world.wait(lambda: len(world.twilio.messages) >= len(told))
    left = "SELECT count(*) FROM delivery WHERE state IN ('queued', 'sending', 'in_doubt')"
    await world.wait(lambda: world.rows(left) == [(0,)])
    assert Counter(body for _, body in world.sent()) == Counter(list(told))
