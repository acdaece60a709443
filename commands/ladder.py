"""What a page does next: wait, fire a step, or end. Pure.

A step that reached nobody is not waited out: the next one fires at once, and after the last one the
ladder ends. Only where all steps reached nobody, once through, is the wait for the next round kept:
whoever was out of reach a moment ago is so still, and a few minutes later perhaps not.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from commands.oncall import Ladder, Rung


@dataclass(frozen=True)
class Fired:
    """One step that fired.

    Attributes:
        recipients: how many it went to; 0 if nobody of it could be reached.
        lost: how many of them it did not reach, on Twilio's word.
    """

    recipients: int
    lost: int

    @property
    def hopeless(self) -> bool:
        """True if it reached nobody, and will not."""
        return self.lost >= self.recipients


@dataclass(frozen=True)
class Wait:
    """Nothing is to be done for so many seconds.

    Attributes:
        seconds: until the next step, or the end.
        alone: True if the whole ladder has reached nobody so far: the channel is to be told at
            once.
    """

    seconds: float
    alone: bool = False


@dataclass(frozen=True)
class Fire:
    """A step is to fire.

    Attributes:
        index: how many have fired before, over all rounds.
        rung: the step.
    """

    index: int
    rung: Rung


@dataclass(frozen=True)
class End:
    """All steps are gone through, and nobody has it."""


Move = Wait | Fire | End


def next_move(ladder: Ladder, fired: Sequence[Fired], left: float) -> Move:
    """Say what a page that waits for somebody does now.

    Args:
        ladder: its steps.
        fired: those that have fired, oldest first.
        left: seconds until it is due; 0 or less if it is.
    """
    count, size = len(fired), len(ladder.rungs)
    lost = count > 0 and fired[-1].hopeless
    if count >= size * ladder.rounds:
        return End() if lost or left <= 0 else Wait(left)
    round_lost = lost and count % size == 0 and all(each.hopeless for each in fired[-size:])
    if left > 0 and (round_lost or not lost):
        return Wait(left, alone=round_lost and all(each.hopeless for each in fired))
    return Fire(count, ladder.rungs[count % size])
