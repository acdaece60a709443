"""What tests of the bot share: types of common fixtures, a clock, a policy with an alert."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

Eventually = Callable[..., Awaitable[None]]

ALERT = """
[[channel]]
id = "C1"
allow = ["page"]
[[escalation]]
name = "db"
steps = [{ to = ["+16175551212"], wait = "5m" }]
[[alert]]
name = "prom"
channel = "C1"
escalation = "db"
token_env = "PROM_TOKEN"
"""
"""A policy with an alert, whose token is in PROM_TOKEN."""


@dataclass
class Clock:
    """Slack's time, which passes when told."""

    now: float = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now
