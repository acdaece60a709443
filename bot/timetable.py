"""When Twilio is looked at again: the durations of sms.toml, and how they back off."""

from collections.abc import Callable
from dataclasses import dataclass

from bot.policyfile import Timing
from commands.model import Kind

CALLED = 600.0
"""Seconds to the first look where Twilio calls us: only for what a lost callback left behind."""

SLOWEST = 600.0
"""Seconds between two looks at messages on their way, at the most."""

_DOUBT_FIRST, _DOUBT_SLOWEST = 1.0, 20.0


@dataclass(frozen=True)
class Timetable:
    """What `[timing]` means for each job.

    Attributes:
        timing: gives the durations in force.
        called_back: whether Twilio reports by itself (PUBLIC_URL is set).
    """

    timing: Callable[[], Timing]
    called_back: bool

    def first_look(self) -> float | None:
        """Give the seconds until Twilio is first asked about a message; None for never."""
        poll = self.timing().poll.total_seconds()
        if not poll:
            return None
        return max(poll, CALLED) if self.called_back else poll

    def next_look(self, age: float) -> float | None:
        """Give the seconds to the next look at messages whose requests are `age` seconds old."""
        first = self.first_look()
        return None if first is None else max(first, min(age / 2, SLOWEST))

    def follow(self) -> float:
        """Give the seconds after which the last known state of a message stands."""
        return self.timing().poll_until.total_seconds()

    def grace(self, kind: Kind) -> float:
        """Give the seconds for which a message in doubt is looked for; 0 for not at all."""
        timing = self.timing()
        chosen = timing.page_in_doubt if kind is Kind.PAGE else timing.in_doubt
        return chosen.total_seconds()

    def next_doubt(self, age: float, grace: float) -> float:
        """Give the seconds to the next look for a message that is `age` seconds in doubt.

        The last look within the grace is at its end.
        """
        pause = min(max(age / 2, _DOUBT_FIRST), _DOUBT_SLOWEST)
        return min(pause, grace - age) if age < grace else pause

    def keep(self) -> float:
        """Give the seconds for which finished sends are kept; 0 for ever."""
        return self.timing().keep.total_seconds()
