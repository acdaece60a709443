"""Twilio's words to ours, in one place: post a claim, and say what the ledger is to record."""

from dataclasses import dataclass, replace

from bot.metrics import Metrics
from bot.store.outbox import Claim, Letter, Settled
from commands.model import DeliveryState
from commands.settle import Accepted, Answer, NotSent, RefusedByTwilio, Unknown, settle
from twilio_core import (
    AccountRefused,
    NewMessage,
    OutcomeUnknown,
    Throttled,
    TwilioClient,
    TwilioError,
    Unreachable,
)
from twilio_core.activity import judge

ATTEMPTS = 5
"""A request that never reached Twilio, or was throttled, is tried this often in all."""

_FIRST_PAUSE = 0.5

LONGEST_PAUSE = 300.0
"""Seconds that a recipient waits at most before the next attempt, whatever Retry-After says: a
person who waits for an answer is better told of a failure than left with an hour's silence."""


@dataclass(frozen=True)
class Verdict:
    """What became of one claim.

    Attributes:
        settled: for the ledger.
        halts: True if the whole account was refused, so that nobody else need be tried.
        throttled: True if Twilio was asked too much at once.
    """

    settled: Settled
    halts: bool = False
    throttled: bool = False


class Gateway:
    """Posts to Twilio. Timeout 15 s; tried again only if Twilio cannot have the message."""

    def __init__(self, client: TwilioClient, metrics: Metrics) -> None:
        self._client = client
        self._metrics = metrics

    async def send(self, letter: Letter, claim: Claim) -> Verdict:
        """Send to one recipient. Interrupted, the message is in doubt."""
        answer, request_id, throttled = await self._ask(letter, claim)
        self._metrics.twilio_answers.labels(type(answer).__name__).inc()
        return replace(_verdict(claim, answer, request_id), throttled=throttled)

    async def _ask(self, letter: Letter, claim: Claim) -> tuple[Answer, str, bool]:
        try:
            new = NewMessage(claim.address, letter.sender, letter.body)
        except ValueError as fault:  # nothing was asked
            return RefusedByTwilio("1001", None, str(fault)), "", False
        try:
            with self._metrics.twilio_seconds.time():
                message = await self._client.create(new)
        except TwilioError as error:
            answer = translate(error, claim.attempt)
            return answer, error.request_id, isinstance(error, Throttled)
        return Accepted(message.sid, message.status), message.request_id, False


def translate(error: TwilioError, attempt: int) -> Answer:
    """Say what an error of Twilio's client means for the delivery."""
    judged = judge(error)
    match error:
        case OutcomeUnknown():
            return Unknown(judged.code, judged.text())
        case Unreachable() | Throttled() if attempt < ATTEMPTS:
            after = error.retry_after if isinstance(error, Throttled) else None
            return NotSent(judged.text(), after)
        case _:
            return RefusedByTwilio(
                judged.code, judged.error_code, judged.text(), isinstance(error, AccountRefused)
            )


def in_doubt(claim: Claim, why: str = "the bot stopped before Twilio answered") -> Settled:
    """Say that a post was interrupted: it may have reached Twilio."""
    return Settled(
        claim.delivery_id,
        claim.attempt,
        DeliveryState.IN_DOUBT,
        code="1001",
        reason=f"{why}; it may have been sent",
    )


def _verdict(claim: Claim, answer: Answer, request_id: str) -> Verdict:
    settled = settle(DeliveryState.SENDING, answer)
    if settled is None:
        raise AssertionError(f"no answer comes too late for a row being sent: {answer!r}")
    return Verdict(
        Settled(
            claim.delivery_id,
            claim.attempt,
            settled.state,
            settled.sid or None,
            settled.code,
            settled.error_code,
            settled.reason,
            request_id,
            _pause(answer, claim.attempt),
        ),
        halts=isinstance(answer, RefusedByTwilio) and answer.account_wide,
    )


def _pause(answer: Answer, attempt: int) -> float | None:
    """Give the seconds before the next attempt: Twilio's wish, or 0.5 s doubling."""
    if not isinstance(answer, NotSent):
        return None
    backoff = float(_FIRST_PAUSE * 2 ** (attempt - 1))
    return min(backoff if answer.retry_after is None else answer.retry_after, LONGEST_PAUSE)
