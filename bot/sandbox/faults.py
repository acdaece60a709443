"""What goes wrong at Slack: rate limits, errors, slowness; all told, none at random."""

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from bot.sandbox.model import Json

TIERS = {
    "chat.update": 50,
    "users.info": 100,
    "users.list": 20,
    "users.profile.get": 100,
    "chat.postEphemeral": 100,
    "views.open": 100,
    "views.update": 100,
    "views.push": 100,
    "views.publish": 100,
    "usergroups.list": 20,
    "usergroups.users.list": 20,
}
"""Calls a minute, a method; chat.postMessage is one a second a channel."""


@dataclass
class _Told:
    """An answer told beforehand: an error word, or a Retry-After in seconds."""

    times: float
    error: str = ""
    retry_after: int = 0


class Faults:
    """The faults in force.

    Attributes:
        strict_rates: whether Slack's documented rates are kept up.
        latency: seconds that every answer of the Web API and of response_urls takes.
    """

    def __init__(self, clock: Callable[[], float], *, strict_rates: bool) -> None:
        self.clock = clock
        self.strict_rates = strict_rates
        self.latency = 0.0
        self._told: dict[str, _Told] = {}
        self._recent: dict[tuple[str, str], deque[float]] = {}

    def limit(self, method: str, times: float, retry_after: int) -> None:
        """Let the next `times` calls of a method (``*``: of any) be rate limited."""
        self._told[method] = _Told(times, retry_after=retry_after)

    def fail(self, method: str, error: str, times: float) -> None:
        """Let the next `times` calls of a method (``*``: of any) end in an error."""
        self._told[method] = _Told(times, error=error)

    def verdict(self, method: str, args: Json) -> tuple[str, int]:
        """Say how a call fails: an error (empty: it does not), and Retry-After in seconds."""
        for name in (method, "*"):
            told = self._told.get(name)
            if told is not None and told.times > 0:
                told.times -= 1
                return told.error or "ratelimited", told.retry_after
        return self._rate(method, args) if self.strict_rates else ("", 0)

    def _rate(self, method: str, args: Json) -> tuple[str, int]:
        post = method == "chat.postMessage"
        most, span = (1, 1.0) if post else (TIERS.get(method, math.inf), 60.0)
        key = (method, str(args.get("channel")) if post else "")
        recent, now = self._recent.setdefault(key, deque()), self.clock()
        while recent and now - recent[0] >= span:
            recent.popleft()
        if len(recent) >= most:
            return "ratelimited", max(1, math.ceil(recent[0] + span - now))
        recent.append(now)
        return "", 0
