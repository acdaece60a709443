"""Keep the card of a send true: the `card` job, and the `notice` job for its sender alone.

Both are committed with what they are about, so neither is lost by a restart. While recipients are
queued or on their way to Twilio the card looks at the ledger once a second; later each change marks
it (`bot.store.marks`) and so has it looked at once more. Hence at most one update a second, and
always the last one: where two processes cross, as after a takeover, it is shown once more.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import structlog

from bot.drain import Unfinished
from bot.slack.message import Message
from bot.slack.views.card import (
    channel_card,
    failure_notice,
    listed_failures,
    more_failures,
    private_card,
    twin_card,
)
from bot.slack.voice import Ear, NotMember, NotShown, SlackDown, Voice
from bot.store.cards import CardRow, Cards
from bot.store.marks import PACE
from bot.tasks import Deferrer, Order, Task
from commands.model import DeliveryState
from commands.snapshot import Snapshot

_PATIENCE = 1.5
"""A private answer waits this many seconds for the result, as it cannot be replaced later."""

_AFTER_YOU = 0.03
"""Seconds by which the first look lets the first messages go before it."""

NOTICE_PAUSE = 10.0
"""Seconds between the first notice and the second; each further pause is twice as long, so that
failures that trickle in are told together."""

_SLOWEST = 30.0
_DOUBLINGS = 5

log = structlog.get_logger(__name__)


@dataclass
class _Outages:
    """How often Slack did not take what was to be shown of a send, in a row."""

    failures: dict[int, int] = field(default_factory=dict)

    def pause(self, send_id: int, down: SlackDown) -> float:
        """Count a failure, and give the seconds until the next attempt: 1 to 30, or Slack's."""
        count = self.failures.get(send_id, 0)
        self.failures[send_id] = count + 1
        pause = down.retry_after or min(2.0 ** min(count, _DOUBLINGS), _SLOWEST)
        log.warning("slack.down", send=send_id, why=str(down), retry_in=pause)
        return pause

    def over(self, send_id: int) -> None:
        """Forget the failures of a send: Slack has taken it."""
        self.failures.pop(send_id, None)


class Follower:
    """Keeps cards true. Built once a process; `run` and `notify` are the jobs."""

    def __init__(
        self,
        cards: Cards,
        voice: Voice,
        masked: Callable[[str], bool],
        jobs: Deferrer,
        stopping: asyncio.Event,
    ) -> None:
        self._cards = cards
        self._voice = voice
        self._masked = masked
        self._jobs = jobs
        self._stopping = stopping
        self._outages = _Outages()

    async def run(self, send_id: int, _worker: int = 0) -> Unfinished | None:
        """Show the send until nobody is queued or on the way to Twilio.

        `Unfinished` if the process stops before that, or Slack is out of reach: the card waits
        for it then, however long.
        """
        await asyncio.sleep(_AFTER_YOU)
        while True:
            try:
                snap = await self._look(send_id)
            except SlackDown as down:
                return Unfinished(self._outages.pause(send_id, down))
            self._outages.over(send_id)
            if snap is None or not _more_to_come(snap):
                return None
            if self._stopping.is_set() and not snap.count(DeliveryState.SENDING):
                return Unfinished(0.0)
            await self._pause()

    async def notify(self, send_id: int, _worker: int = 0) -> Unfinished | None:
        """Tell the sender alone whom the send did not surely reach, if it is more than before."""
        card, snap = await self._read(send_id)
        if card is None or snap is None or not _to_tell(card, snap):
            return None
        try:
            await self._whisper_all(card, snap, failure_notice(snap))
        except SlackDown as down:
            return Unfinished(self._outages.pause(send_id, down))
        self._outages.over(send_id)
        await self._cards.told(send_id, snap.unreached)
        return None

    async def _pause(self) -> None:
        if self._stopping.is_set():
            await asyncio.sleep(PACE)
            return
        try:
            async with asyncio.timeout(PACE):
                await self._stopping.wait()
        except TimeoutError:
            pass

    async def _look(self, send_id: int) -> Snapshot | None:
        """Show what is, and see to it that the sender is told of failures."""
        await self._cards.looked(send_id)
        card, snap = await self._read(send_id)
        if card is None or snap is None:
            return None
        await self._show(card, snap)
        if card.watched:
            await self._jobs.defer(Order(Task.HOME, send_id))
        if snap.unreached < card.told_of:
            await self._cards.reached(send_id, snap.unreached)
        if _to_tell(card, snap):
            await self._jobs.defer(Order(Task.NOTICE, send_id, _until_next(card)))
        return snap

    async def _read(self, send_id: int) -> tuple[CardRow | None, Snapshot | None]:
        return await self._cards.card(send_id), await self._cards.snapshot(send_id)

    async def _show(self, card: CardRow, snap: Snapshot) -> None:
        if card.place != "private":
            try:
                await self._show_in_channel(card, snap)
            except (NotMember, NotShown) as refused:  # also if somebody deleted the card
                log.info("card.private", send=card.send_id, why=str(refused))
                if not await self._placed(card, "private", "", ""):
                    return
                card = replace(card, place="private", ts="", shown="")
            else:
                return
        await self._show_privately(card, snap)

    async def _show_in_channel(self, card: CardRow, snap: Snapshot) -> None:
        message = channel_card(snap, masked=self._masked(card.channel))
        digest = message.digest
        if digest == card.shown:
            return
        ts = card.ts
        if ts:
            await self._voice.update(card.channel, ts, message)
        else:
            ts = await self._voice.post(card.channel, message)
        if not await self._placed(card, "channel", ts, digest) and not card.ts:
            await self._voice.update(card.channel, ts, twin_card(snap))

    async def _placed(self, card: CardRow, place: str, ts: str, shown: str) -> bool:
        """Remember where the card is; show it once more if another process did so meanwhile."""
        if await self._cards.placed(card, place, ts, shown):
            return True
        log.info("card.crossed", send=card.send_id)
        await self._jobs.defer(Order(Task.CARD, card.send_id, PACE))
        return False

    async def _show_privately(self, card: CardRow, snap: Snapshot) -> None:
        stage = "final" if snap.settled else "first"
        waits = stage == "first" and _age(snap) < _PATIENCE
        if waits or card.shown in {stage, "final"}:
            return
        await self._whisper_all(card, snap, private_card(snap))
        await self._placed(card, "private", "", stage)
        if stage == "final" and snap.unreached:
            await self._cards.told(card.send_id, snap.unreached)

    async def _whisper_all(self, card: CardRow, snap: Snapshot, message: Message) -> None:
        """Tell the sender, and in more messages the failed numbers that the first has no room for.

        They are for sending to again by hand; *Retry failed* means all of them in any case.
        """
        await self._whisper(card, message)
        told = listed_failures(snap) if snap.settled else snap.failures
        while told < snap.failures:
            numbers = await self._cards.failed_numbers(snap.send_id, told)
            if not numbers:
                return
            part, count = more_failures(snap, told, numbers)
            await self._whisper(card, part)
            told += count

    async def _whisper(self, card: CardRow, message: Message) -> None:
        ear = Ear(card.actor, card.channel, card.answer_url, card.answer_until)
        try:
            await self._voice.whisper(ear, message)
        except NotShown as refused:  # no way is left: trying again would not find one
            log.warning("answer.lost", send=card.send_id, why=str(refused))


def _more_to_come(snap: Snapshot) -> bool:
    """Tell whether to look again by itself: a private answer waits a moment for the result."""
    return snap.busy or (not snap.settled and _age(snap) < _PATIENCE)


def _age(snap: Snapshot) -> float:
    """Give the seconds since the send was committed."""
    return (datetime.now(UTC) - snap.created).total_seconds()


def _to_tell(card: CardRow, snap: Snapshot) -> bool:
    """Tell whether the sender has to be told of more failures, once it is clear how many."""
    by_card = card.place == "private" and card.shown != "final"
    return snap.settled and not by_card and snap.unreached > card.told_of


def _until_next(card: CardRow) -> float:
    if card.told_age is None:
        return 0.0
    pause = NOTICE_PAUSE * 2.0 ** min(card.notices - 1, _DOUBLINGS)
    return max(0.0, pause - card.told_age)
