"""The world of the state machine: processes with claims in their hands, and a Twilio."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum

from bot.store.outbox import Claim, Settled
from commands.model import DeliveryState
from commands.settle import Accepted, Answer, NotSent, RefusedByTwilio, Unknown, settle
from tests.bot.store.kit import sid


class Fate(Enum):
    """What becomes of one request: whether Twilio takes the message, and what it answers."""

    TAKEN = (True, None)
    TAKEN_WITHOUT_ANSWER = (True, Unknown("1001", "no answer"))
    GONE_WITHOUT_ANSWER = (False, Unknown("503", "no answer"))
    REFUSED = (False, RefusedByTwilio("400", 21211, "invalid number"))
    ACCOUNT_REFUSED = (False, RefusedByTwilio("401", 20003, "wrong token", account_wide=True))
    THROTTLED = (False, NotSent("too many requests", 3600.0))
    UNCONNECTED = (False, NotSent("no connection"))

    @property
    def taken(self) -> bool:
        """Whether Twilio has the message."""
        return bool(self.value[0])

    def answer(self, number: str) -> Answer:
        """What the process hears, if anything."""
        return self.value[1] or Accepted(number)


@dataclass
class Sms:
    """A message that Twilio has taken, and what it has said of it."""

    sid: str
    delivery: int
    attempt: int
    said: set[str] = field(default_factory=set)


@dataclass
class Twilio:
    """Takes messages. `numbers` do not repeat."""

    numbers: Iterator[int]
    messages: list[Sms] = field(default_factory=list)

    def post(self, claim: Claim, fate: Fate) -> Settled:
        """Ask it to send, and give what the ledger is to record."""
        number = sid(next(self.numbers))
        if fate.taken:
            self.messages.append(Sms(number, claim.delivery_id, claim.attempt))
        answer = fate.answer(number)
        settled = settle(DeliveryState.SENDING, answer)
        assert settled is not None
        return Settled(
            claim.delivery_id,
            claim.attempt,
            settled.state,
            settled.sid or None,
            settled.code,
            settled.error_code,
            settled.reason,
            pause=answer.retry_after if isinstance(answer, NotSent) else None,
        )

    def of(self, delivery: int) -> list[Sms]:
        """What it has for one recipient, oldest first."""
        return [sms for sms in self.messages if sms.delivery == delivery]


@dataclass
class Held:
    """A claim in the hands of a process.

    Attributes:
        send: of which send.
        owner: the worker that claimed it.
        claim: the claim.
        answer: what is to be recorded; None as long as nothing was posted.
        lapsed: whether the process has been silent since: it must not post it any more.
    """

    send: int
    owner: int
    claim: Claim
    answer: Settled | None = None
    lapsed: bool = False


@dataclass
class Process:
    """A process, which shows signs of life or is silent.

    Attributes:
        workers: every worker that it has been; the last is what it is now.
        beating: whether it shows signs of life.
        forgotten: whether it is no longer registered as what it was.
        hands: its claims whose answers are not recorded yet.
        unheard: claims that the ledger gave it and that never reached it.
    """

    workers: list[int]
    beating: bool = True
    forgotten: bool = False
    hands: list[Held] = field(default_factory=list)
    unheard: list[Held] = field(default_factory=list)

    @property
    def worker(self) -> int:
        """What it is now."""
        return self.workers[-1]

    @property
    def held(self) -> set[tuple[int, int]]:
        """Its claims, as delivery and attempt."""
        return {(h.claim.delivery_id, h.claim.attempt) for h in self.hands}

    @property
    def busy(self) -> bool:
        """Whether its end would matter."""
        return bool(self.unrecorded or self.unheard)

    @property
    def unposted(self) -> list[Held]:
        """Its claims that it has done nothing about."""
        return [held for held in self.hands if held.answer is None]

    @property
    def unrecorded(self) -> list[Held]:
        """Its claims whose answers it has."""
        return [held for held in self.hands if held.answer]

    def holds(self, delivery: int) -> bool:
        """Whether it, alive, has this recipient."""
        return self.beating and any(
            held.claim.delivery_id == delivery and not held.lapsed
            for held in (*self.hands, *self.unheard)
        )

    def fall_silent(self) -> None:
        """Show no sign of life: whatever it holds may be taken over."""
        self.beating = False
        for held in (*self.hands, *self.unheard):
            held.lapsed = True

    def forget(self, told: Sequence[Held]) -> None:
        """Let go of claims whose answers are recorded."""
        self.hands = [held for held in self.hands if held not in told]
