"""A question before sending: a send that was decided, and waits for a person's word.

    CONFIRM ──> APPROVE ──> SENT        the sender looks, a second person agrees
       │  <────────┘                    the same was sent by somebody else meanwhile
       └──> CANCELED, DECLINED, EXPIRED

It is kept in the database, so that a restart loses none, and each of its states is answered once.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from commands.model import NewSend, Recipient, Turn
from commands.segments import Segments

LIFE: Final = timedelta(minutes=15)
"""How long a question can be answered."""


class Stage(StrEnum):
    """Where a question is."""

    CONFIRM = "confirm"
    APPROVE = "approve"
    SENT = "sent"
    CANCELED = "canceled"
    DECLINED = "declined"
    EXPIRED = "expired"


OPEN: Final = frozenset({Stage.CONFIRM, Stage.APPROVE})
"""Where it waits for somebody."""


class Word(StrEnum):
    """What may be said to a question."""

    SEND = "send"
    """Send it."""
    MISSING = "missing"
    """Send it to those who do not have it."""
    TRIM = "trim"
    """Leave out who has it, and ask again."""
    PLAIN = "plain"
    """Write it with plain characters, and ask again."""
    CANCEL = "cancel"
    APPROVE = "approve"
    DECLINE = "decline"


@dataclass(frozen=True)
class Question:
    """One question as it stands.

    Attributes:
        turn: which state of which question this is.
        stage: whom it waits for, or what came of it.
        new: what would be sent.
        expires: when it ends unanswered.
        folded: how many of the recipients typed were others once more.
        decided_by: Slack id of who gave the last word, empty before.
        send_id: the send that it led to, if any.
    """

    turn: Turn
    stage: Stage
    new: NewSend
    expires: datetime
    folded: int = 0
    decided_by: str = ""
    send_id: int | None = None


@dataclass(frozen=True)
class AlreadySent:
    """The same text went to some of these people a moment ago.

    Attributes:
        send_id: the last send that did so.
        actor: Slack id of who made it.
        at: when.
        sends: all sends that did so.
        reached: addresses that have it, or may have it, or are about to get it.
        delivered: how many of those it has reached on Twilio's word.
    """

    send_id: int
    actor: str
    at: datetime
    sends: frozenset[int]
    reached: frozenset[str] = field(repr=False)
    delivered: int

    def missing(self, recipients: tuple[Recipient, ...]) -> tuple[Recipient, ...]:
        """Give those who do not have it."""
        return tuple(r for r in recipients if r.address not in self.reached)


@dataclass(frozen=True)
class Preview:
    """What a send would be.

    Attributes:
        recipients: whom it would go to.
        left_out: those of them who have opted out, and get nothing.
        size: encoding and segments of the text.
        odd: the characters that force UCS-2, in the order of the text.
        plain: the size with plain characters instead, None if that would be no shorter.
    """

    recipients: tuple[Recipient, ...] = field(repr=False)
    left_out: tuple[Recipient, ...] = field(repr=False)
    size: Segments
    odd: tuple[str, ...]
    plain: Segments | None

    @property
    def reached(self) -> int:
        """How many would get it."""
        return len(self.recipients) - len(self.left_out)

    @property
    def messages(self) -> int:
        """How many SMS would be billed."""
        return self.size.segments * self.reached
