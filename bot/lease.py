"""How long this process may take itself for alive, so that it stops before others take over.

A process that is stopped, or cut off from the database, is declared dead after
`bot.store.outbox.DEAD_AFTER` seconds without a heartbeat, and others see to its work. It has to
notice by itself, and sooner: nothing is posted under a lease that has ended, nor under a later
one than the claim was made under.
"""

import asyncio
import math
import time
from collections.abc import Callable

LEASE = 2.5
"""Seconds from asking for a heartbeat for which this process is surely held to be alive. One less
than DEAD_AFTER, so that a request that begins within it has left before anybody takes over."""

_STEADY = 2.0


def lived() -> float:
    """Give a moment in seconds, which go on while the machine is suspended, as the others' do.

    `time.monotonic` stands still meanwhile on Linux; elsewhere there may be no clock but that.
    """
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()


class Lease:
    """Renewed by each heartbeat; a gap between two begins a new epoch."""

    def __init__(self, until: float = -math.inf, clock: Callable[[], float] = lived) -> None:
        """Begin with a lease up to `until` on `clock`, in seconds; by default it is still out."""
        self._clock = clock
        self._until = until
        self._since = -math.inf
        self._epoch = 0
        self._renewed = asyncio.Event()

    @property
    def now(self) -> float:
        """This moment on its clock, as `renew` takes it."""
        return self._clock()

    @property
    def epoch(self) -> int:
        """A number that changes whenever others may have taken over meanwhile."""
        return self._epoch + (self._clock() > self._until)

    @property
    def valid(self) -> bool:
        """True while this process is surely held to be alive."""
        return self._clock() <= self._until

    @property
    def steady(self) -> bool:
        """False shortly after a gap: the others may not have had the time to show signs of life."""
        return self.valid and (self._epoch <= 1 or self._clock() - self._since > _STEADY)

    def holds(self, epoch: int) -> bool:
        """Tell whether what was claimed in `epoch` may still be posted."""
        return self.valid and epoch == self._epoch

    def renew(self, asked: float) -> None:
        """Count a heartbeat that was asked for at `asked` and has come about."""
        if not self.valid:
            self._epoch += 1
            self._since = self._clock()
        self._until = max(self._until, asked + LEASE)
        self._renewed.set()

    async def wait(self) -> None:
        """Wait until the lease is valid."""
        while not self.valid:
            self._renewed.clear()
            await self._renewed.wait()
