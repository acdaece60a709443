"""What a send looks like at one moment: the values between the ledger and the views."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from commands.model import (
    NOT_ACCEPTED,
    WITH_TWILIO,
    Delivery,
    DeliveryState,
    Kind,
)

BUSY = frozenset({DeliveryState.QUEUED, DeliveryState.SENDING})
"""States in which this bot still has work to do for a recipient."""


@dataclass(frozen=True)
class Retry:
    """A send that repeats failures of another.

    Attributes:
        send_id: its number.
        actor: Slack id of who asked for it.
        recipients: how many it goes to.
    """

    send_id: int
    actor: str
    recipients: int


@dataclass(frozen=True)
class Standing:
    """One send with its counts: what a line of a list tells.

    Attributes:
        send_id: the send's number.
        kind: plain send or page.
        channel: Slack channel id.
        actor: Slack id of who asked.
        body: the text.
        recipients: how many it goes to.
        created: when it was committed.
        retry_of: the send whose failures it repeats.
        tally: how many recipients per state and per contract code (``""`` while undecided).
        looking: how many of those in doubt are still looked for at Twilio.
    """

    send_id: int
    kind: Kind
    channel: str
    actor: str
    body: str = field(repr=False)
    recipients: int
    created: datetime
    retry_of: int | None
    tally: Mapping[tuple[DeliveryState, str], int]
    looking: int = field(default=0, kw_only=True)

    def count(self, *states: DeliveryState) -> int:
        """Tell how many recipients are in one of `states`."""
        return sum(n for (state, _), n in self.tally.items() if state in states)

    @property
    def accepted(self) -> int:
        """How many Twilio has given a SID and not failed since."""
        return self.count(*WITH_TWILIO)

    @property
    def failures(self) -> int:
        """How many Twilio did not accept, or could not deliver."""
        return self.count(*NOT_ACCEPTED)

    @property
    def unknowns(self) -> int:
        """How many may have been sent."""
        return self.count(DeliveryState.IN_DOUBT)

    @property
    def delivered(self) -> int:
        """How many arrived, on Twilio's word."""
        return self.count(DeliveryState.DELIVERED)

    @property
    def waiting(self) -> int:
        """How many are queued or on the way to Twilio."""
        return self.count(*BUSY)

    @property
    def unreached(self) -> int:
        """How many the message did not surely reach."""
        return self.failures + self.unknowns

    @property
    def busy(self) -> bool:
        """True while somebody is queued or on the way to Twilio."""
        return self.waiting > 0

    @property
    def settled(self) -> bool:
        """True once everybody has an answer, and nobody in doubt is looked for any more."""
        return not self.busy and not self.looking

    @property
    def complete(self) -> bool:
        """True once nothing will change by itself any more."""
        moving = self.count(DeliveryState.ACCEPTED, DeliveryState.SENT)
        return self.settled and not moving


@dataclass(frozen=True)
class Snapshot(Standing):
    """One send with its counts and a few of its recipients.

    Attributes:
        sender: the From.
        shown: the first recipients in the order typed, as many as a card lists one by one.
        failed: the first of those that Twilio did not accept.
        unknown: the first of those that may have been sent.
        doubt: the latest attempt that is in doubt, 0 if none is.
        left_by: Slack id of who said to leave those in doubt as they are.
        retries: the sends that repeat its failures.
        approved_by: Slack id of the second person who agreed, empty if nobody had to.
        page_id: the page that it belongs to, None for an ordinary send.
        left_out: how many failed, were not sent to again, and have opted out of the sender.
    """

    sender: str
    shown: tuple[Delivery, ...]
    failed: tuple[Delivery, ...]
    unknown: tuple[Delivery, ...]
    doubt: int = 0
    left_by: str = ""
    retries: tuple[Retry, ...] = ()
    approved_by: str = ""
    left_out: int = 0
    page_id: int | None = None

    @property
    def retriable(self) -> int:
        """How many failed, were not sent to again, and have not opted out."""
        retried = sum(retry.recipients for retry in self.retries)
        return max(0, self.failures - retried - self.left_out)
