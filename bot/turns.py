"""How often one method of Slack may be called, and for how long Slack wants none of it."""

import asyncio
import time
from collections import deque
from collections.abc import Callable


class Turns:
    """Calls of one method in the last `span` seconds; who comes when there are too many waits."""

    def __init__(self, span: float = 60.0, now: Callable[[], float] = time.monotonic) -> None:
        """Count in `span` seconds, by the clock `now`."""
        self._span = span
        self._now = now
        self._recent: deque[float] = deque()
        self._resume = 0.0

    async def take(self, most: int) -> None:
        """Wait until there were fewer than `most` calls lately, and count one more."""
        while (wait := self.wait(most)) > 0:  # noqa: ASYNC110 - it is time that passes
            await asyncio.sleep(wait)
        self._recent.append(self._now())

    def hold(self, seconds: float) -> None:
        """Let nobody call for so long: Slack's Retry-After."""
        self._resume = max(self._resume, self._now() + seconds)

    def held(self) -> float:
        """Give the seconds for which Slack still wants no call."""
        return max(self._resume - self._now(), 0.0)

    def wait(self, most: int) -> float:
        """Give the seconds until there are fewer than `most` calls lately, and none is held."""
        now = self._now()
        while self._recent and now - self._recent[0] >= self._span:
            self._recent.popleft()
        if len(self._recent) < most:
            return self.held()
        return max(self._recent[-most] + self._span - now, self.held())
