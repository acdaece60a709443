"""What is in hand, and nobody else knows of: of one round, and of the whole process."""

import asyncio
from collections import deque
from dataclasses import dataclass, field

from bot.gateway import Verdict
from bot.store.outbox import Claim, Settled


@dataclass
class Memory:
    """What this process knows of its own claims, and the ledger does not.

    Attributes:
        owners: the workers that this process has been.
        held: claims, as delivery and attempt, whose answers are not recorded yet.
        unrecorded: answers that the ledger did not take, each with its send and the worker that
            claimed it.
        running: the sends that are being drained here.
    """

    owners: set[int] = field(default_factory=set)
    held: set[tuple[int, int]] = field(default_factory=set)
    unrecorded: list[tuple[int, int, Settled]] = field(default_factory=list)
    running: set[int] = field(default_factory=set)


@dataclass
class Hand:
    """What a round has in hand.

    Attributes:
        ready: claimed ahead, each with the lease's epoch of its claim, and not posted yet.
        posts: under way.
        answers: not recorded yet.
        started: posts begun since the last exchange with the ledger.
        ahead: posts begun between earlier exchanges, the more recent the more.
        dry: whether the ledger had fewer than were wanted.
        halted: the verdict after which nobody else is tried.
        due: when a recipient's pause ends, by the loop's clock.
        exchanged: when the ledger was last asked, by the same clock.
    """

    ready: deque[tuple[Claim, int]] = field(default_factory=deque)
    posts: set[asyncio.Task[Verdict]] = field(default_factory=set)
    answers: deque[Settled] = field(default_factory=deque)
    started: int = 0
    ahead: int = 0
    dry: bool = False
    halted: Verdict | None = None
    due: float | None = None
    exchanged: float = 0.0

    @property
    def empty(self) -> bool:
        """True with nobody to post to, nothing under way and nothing to record."""
        return not (self.ready or self.posts or self.answers)
