"""Worlds: the real bot on real sockets between a local Slack and a local Twilio."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from bot.sandbox.server import FakeSlack
from tests.forks import Forks
from tests.scenarios.world import ALICE, AWAY, BOB, ONCALL, POLICY, World
from twilio_core.testing import FakeTwilio

Build = Callable[[str], AbstractAsyncContextManager[World]]


@pytest.fixture(params=["socket", "http"])
def mode(request: pytest.FixtureRequest) -> str:
    """How Slack reaches the bot."""
    return str(request.param)


@pytest.fixture
def build(
    database_url: str, tmp_path: Path, eventually: Callable[..., Awaitable[None]], forks: Forks
) -> Build:
    """Build a world whose bot is not started yet."""

    @asynccontextmanager
    async def make(mode: str) -> AsyncIterator[World]:
        async with FakeSlack() as slack, FakeTwilio(step=None) as twilio:
            slack.add_user(ALICE, "alice")
            slack.add_user(BOB, "bob", phone="(617) 555-1299")
            slack.add_channel(ONCALL, "oncall", [ALICE, BOB])
            slack.add_channel(AWAY, "away", [ALICE, BOB], bot_member=False)
            world = World(slack, twilio, database_url, tmp_path, mode, eventually, forks)
            world.write_policy(POLICY)
            try:
                yield world
            finally:
                await world.stop()
            assert slack.violations == []
            assert twilio.violations == []

    return make


@pytest.fixture
async def world(mode: str, build: Build) -> AsyncIterator[World]:
    """A running bot, once in each Slack mode."""
    async with build(mode) as made:
        await made.start()
        yield made


@pytest.fixture
async def socket_world(build: Build) -> AsyncIterator[World]:
    """A running bot in Socket Mode."""
    async with build("socket") as made:
        await made.start()
        yield made


@pytest.fixture
async def stopped_world(build: Build) -> AsyncIterator[World]:
    """A world in Socket Mode whose bot is still to be started."""
    async with build("socket") as made:
        yield made
