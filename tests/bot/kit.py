"""What tests of the bot share: the types of common fixtures, and a clock."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

Eventually = Callable[..., Awaitable[None]]


@dataclass
class Clock:
    """Slack's time, which passes when told."""

    now: float = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now
