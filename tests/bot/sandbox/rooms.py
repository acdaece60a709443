"""Rooms of the demo's page without a bot."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot.sandbox.browser.room import Room
from bot.sandbox.demo_cast import populate
from bot.sandbox.demo_world import World
from bot.sandbox.server import FakeSlack
from twilio_core.testing import FakeTwilio


@asynccontextmanager
async def a_room() -> AsyncIterator[Room]:
    """Let the cast in; the local Slack's app is whoever connects."""
    async with FakeSlack() as slack, FakeTwilio(step=None) as twilio:
        populate(slack, twilio)
        yield Room.of(World(slack, twilio))
