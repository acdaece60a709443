"""What holds a drain back: slots, pauses, the lease, the end of the process."""

import asyncio
from dataclasses import dataclass

from bot.lease import Lease
from bot.pace import Pace
from bot.slots import Slots


@dataclass(frozen=True)
class Limits:
    """What holds a drain back.

    Attributes:
        slots: requests at once.
        pace: pauses, of all processes.
        lease: nothing is posted without it.
        stopping: nothing new is begun once it is set.
    """

    slots: Slots
    pace: Pace
    lease: Lease
    stopping: asyncio.Event

    @property
    def closed(self) -> bool:
        """Whether nothing new is begun: the process stops, or may be taken for dead."""
        return self.stopping.is_set() or not self.lease.valid

    @property
    def resting(self) -> bool:
        """Whether nothing new is begun now; a pause may be over soon."""
        return self.closed or self.pace.paused > 0
