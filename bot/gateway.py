"""Twilio's words to ours, in one place: post a claim, and say what the ledger is to record."""

import asyncio
import random
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import structlog

from bot.metrics import Metrics
from bot.pace import PATIENCE, Pace
from bot.store.outbox import Claim, Letter, Settled
from bot.store.statuses import Report
from commands.model import DeliveryState, Kind
from commands.settle import Accepted, Answer, NotSent, RefusedByTwilio, Unknown, settle
from twilio_core import (
    AccountRefused,
    Message,
    NewMessage,
    OutcomeUnknown,
    StatusCallback,
    Throttled,
    TwilioClient,
    TwilioError,
    Unreachable,
    explain,
)
from twilio_core.activity import judge

ATTEMPTS = 8
"""A message fails once Twilio has found it one too many (429) so often. Attempts that met with
anything else, as in an outage, do not count."""

GIVE_UP = {Kind.SEND: 30.0, Kind.PAGE: 600.0}
"""Seconds without any connection to Twilio after which a send ends: a person who waits is told."""

VALIDITY = 300
"""Seconds for which Twilio tries to deliver a page: an older one would wake somebody for nothing,
as the ladder has gone on by then."""

_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 5.0

log = structlog.get_logger(__name__)

FOUND = "found at Twilio, not sent again"


@dataclass(frozen=True)
class Verdict:
    """What became of one claim.

    Attributes:
        settled: for the ledger.
        halts: True if nobody else of this send would get through either, so that none is tried.
    """

    settled: Settled
    halts: bool = False


class Gateway:
    """Posts to Twilio. Timeout 15 s; tried again only if Twilio cannot have the message."""

    def __init__(
        self, client: TwilioClient, metrics: Metrics, pace: Pace, status_url: str = ""
    ) -> None:
        """Bind the account.

        Args:
            client: posts.
            metrics: counts the answers.
            pace: how fast that may be; told what comes back.
            status_url: where Twilio reports what becomes of a message, up to the message's own
                part; empty: nowhere.
        """
        self._client = client
        self._metrics = metrics
        self._pace = pace
        self._status_url = status_url

    async def send(self, letter: Letter, claim: Claim) -> Verdict:
        """Send to one recipient. Interrupted, the message is in doubt."""
        answer, request_id = await self._ask(letter, claim)
        self._metrics.twilio_answers.labels(type(answer).__name__).inc()
        words = _in_words(answer)
        self._pace.heard(words)
        about = {"delivery": claim.delivery_id, "attempt": claim.attempt}
        log.info("twilio.answered", answer=words, twilio_request_id=request_id, **about)
        return _verdict(claim, answer, request_id)

    async def _ask(self, letter: Letter, claim: Claim) -> tuple[Answer, str]:
        callback = f"{self._status_url}{address_of(letter, claim)}" if self._status_url else ""
        try:
            new = NewMessage(
                claim.address,
                letter.sender,
                letter.body,
                status_callback=callback,
                validity_period=VALIDITY if letter.kind is Kind.PAGE else None,
            )
        except ValueError as fault:  # nothing was asked
            return RefusedByTwilio("1001", None, str(fault)), ""
        begun = asyncio.get_running_loop().time()
        try:
            with self._metrics.twilio_seconds.time():
                message = await self._client.create(new)
        except TwilioError as error:
            return await self._failed(error, letter, claim, begun), error.request_id
        await self._pace.answered()
        code, why = _why(message.status, message.error_code)
        return Accepted(message.sid, message.status, code, why), message.request_id

    async def _failed(
        self, error: TwilioError, letter: Letter, claim: Claim, begun: float
    ) -> Answer:
        pace = self._pace
        match error:
            case Unreachable():
                pause = await pace.unreachable()
                age = (datetime.now(UTC) - letter.created).total_seconds()
                if min(pace.down, age) >= GIVE_UP[letter.kind]:
                    judged = judge(error)
                    return RefusedByTwilio(judged.code, None, judged.text(), account_wide=True)
                return NotSent(judge(error).text(), pause)
            case Throttled():
                await pace.answered()
                await pace.throttled(error.retry_after, begun)
            case OutcomeUnknown() if error.status is None:
                pass  # nobody answered
            case _:
                await pace.answered()
        return translate(error, claim.throttled)


def address_of(letter: Letter, claim: Claim) -> str:
    """Give a message's own part of the address for its status callbacks."""
    return f"{claim.delivery_id}-{claim.attempt}-{letter.token}"


def translate(error: TwilioError, throttled: int) -> Answer:
    """Say what an error means for the delivery, which was `throttled` so often before."""
    judged = judge(error)
    match error:
        case OutcomeUnknown():
            return Unknown(judged.code, judged.text())
        case Throttled() if throttled + 1 < ATTEMPTS:
            return NotSent(judged.text(), error.retry_after, throttled=True)
        case _:
            return RefusedByTwilio(
                judged.code, judged.error_code, judged.text(), isinstance(error, AccountRefused)
            )


def called_back(address: str, callback: StatusCallback) -> Report | None:
    """Read a status callback; None if its address names no message of ours.

    Args:
        address: as `address_of` gave it.
        callback: what Twilio says.
    """
    parts = address.split("-")
    if len(parts) != 3 or not all(p.isascii() and p.isdigit() for p in parts[:2]):  # noqa: PLR2004
        return None
    number, attempt = (int(part) for part in parts[:2])
    if number.bit_length() >= _BIGINT or attempt.bit_length() >= _INT:
        return None
    report = _report(number, callback.message_sid, callback.status, callback.error_code, "callback")
    return replace(report, token=parts[2], attempt=attempt)


def looked_up(delivery_id: int, message: Message) -> Report:
    """Read a message that Twilio was asked about."""
    return _report(delivery_id, message.sid, message.status, message.error_code, "poll")


def found(delivery_id: int, message: Message) -> Report:
    """Read a message in doubt that Twilio turned out to have."""
    report = _report(delivery_id, message.sid, message.status, message.error_code, "found")
    return replace(report, reason=report.reason or FOUND)


_BIGINT, _INT = 64, 32
_BAD = frozenset({"failed", "undelivered", "canceled"})


def _report(delivery_id: int, sid: str, status: str, error_code: int | None, source: str) -> Report:
    code, why = _why(status, error_code)
    if code is None and status.lower() in _BAD:
        why = f"Twilio gave no reason ({status.lower()})"
    return Report(delivery_id, sid, status, source, code, why)


def _why(status: str, error_code: int | None) -> tuple[int | None, str]:
    """Give Twilio's error code of a message that did not arrive, and what it means, if it told."""
    if status.lower() not in _BAD or not error_code or error_code.bit_length() >= _INT:
        return None, ""
    return error_code, f"{error_code} {explain(error_code).meaning}"


def _in_words(answer: Answer) -> str:
    """Say what an answer was without its reason, which may name a number."""
    match answer:
        case Accepted():
            return "accepted"
        case NotSent():
            return "not taken yet"
        case RefusedByTwilio():
            error = f", Twilio's error {answer.error_code}" if answer.error_code else ""
            whole = " for the whole account" if answer.account_wide else ""
            return f"refused{whole} (status code {answer.code}{error})"
        case Unknown():
            return f"unclear (status code {answer.code})"


def in_doubt(claim: Claim, why: str = "the bot stopped before Twilio answered") -> Settled:
    """Say that a post was interrupted: it may have reached Twilio."""
    return Settled(
        claim.delivery_id,
        claim.attempt,
        DeliveryState.IN_DOUBT,
        code="1001",
        reason=f"{why}; it may have been sent",
    )


def unposted(claim: Claim) -> Settled:
    """Say that a claim was not posted: somebody may claim it again."""
    return Settled(claim.delivery_id, claim.attempt, DeliveryState.QUEUED)


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
            throttled=isinstance(answer, NotSent) and answer.throttled,
        ),
        halts=isinstance(answer, RefusedByTwilio) and answer.account_wide,
    )


def _pause(answer: Answer, attempt: int) -> float | None:
    """Give the seconds before the next attempt: Twilio's wish, or 0.5 s doubling up to 5 s.

    A random quarter more or less, so that those refused together do not come back together.
    """
    if not isinstance(answer, NotSent):
        return None
    if answer.retry_after is not None:
        return min(answer.retry_after, PATIENCE)
    backoff: float = min(_FIRST_PAUSE * 2.0 ** (attempt - 1), _LONGEST_PAUSE)
    return backoff * random.uniform(0.75, 1.25)  # noqa: S311 - no secret hangs on it
