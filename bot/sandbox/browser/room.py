"""What one page works with: the local Slack, the local Twilio, its switches, what was typed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Self

from bot.sandbox.browser.switches import Switches
from bot.sandbox.demo_cast import LONDON, PHONES
from bot.sandbox.demo_world import World
from bot.sandbox.people import People
from twilio_core.testing import FakeTwilio

OWNERS: Final[Mapping[str, str]] = MappingProxyType({**PHONES, "dan": LONDON})
"""Whose phones are shown: numbers by name."""


@dataclass
class Room:
    """Both ends of the bot, as a person at a browser finds them.

    Attributes:
        slack: where people type and read.
        twilio: the account whose SMS they get.
        switches: how Twilio is made to misbehave.
        typed: the texts of the slash commands that Slack delivered, oldest first.
    """

    slack: People
    twilio: FakeTwilio
    switches: Switches
    typed: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, world: World) -> Self:
        """Open a room in a world that runs."""
        return cls(world.slack, world.twilio, Switches(world.twilio))
