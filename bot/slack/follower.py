"""Follow one send with its card until everybody has an answer: the `card` job.

The job is committed with the send, so a card survives a restart. It looks at the ledger once a
second and tells Slack what changed, hence at most one update a second and always the last one.
"""

import asyncio
import hashlib
import json
from collections.abc import Callable
from dataclasses import replace

import structlog

from bot.slack.message import Message
from bot.slack.views.card import channel_card, failure_notice, private_card
from bot.slack.voice import Ear, NotMember, NotShown, SlackDown, Voice
from bot.snapshot import Snapshot
from bot.store.cards import CardRow, Cards
from commands.model import DeliveryState

PACE = 1.0
"""Seconds between two updates: Slack allows about one a second in a channel."""

_PATIENCE = 1.5
"""A private answer waits this many seconds for the result, as it cannot be replaced later."""

_SLOWEST = 30.0
_DOUBLINGS = 5

log = structlog.get_logger(__name__)


class Follower:
    """Keeps cards true. Built once a process; `run` is the job."""

    def __init__(
        self,
        cards: Cards,
        voice: Voice,
        masked: Callable[[str], bool],
        stopping: asyncio.Event,
    ) -> None:
        self._cards = cards
        self._voice = voice
        self._masked = masked
        self._stopping = stopping

    async def run(self, send_id: int) -> bool:
        """Show the send until it is settled; False if the process stops before that.

        While Slack is out of reach the card waits, with pauses of 1 s to 30 s, however long.
        """
        failures = 0
        while True:
            try:
                finished, idle = await self._look(send_id)
                failures, pause = 0, PACE
            except SlackDown as down:
                finished, idle = False, True
                pause = down.retry_after or min(2.0 ** min(failures, _DOUBLINGS), _SLOWEST)
                failures += 1
                log.warning("slack.down", send=send_id, why=str(down), retry_in=pause)
            if finished:
                return True
            if self._stopping.is_set() and idle:
                return False
            await self._pause(pause)

    async def _pause(self, seconds: float) -> None:
        if self._stopping.is_set():
            await asyncio.sleep(min(seconds, PACE))
            return
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            pass

    async def _look(self, send_id: int) -> tuple[bool, bool]:
        """Show what is; tell whether that was the last word, and whether nothing is under way."""
        card = await self._cards.card(send_id)
        snap = await self._cards.snapshot(send_id)
        if card is None or snap is None:
            return True, True
        await self._show(card, snap)
        return snap.settled, snap.count(DeliveryState.SENDING) == 0

    async def _show(self, card: CardRow, snap: Snapshot) -> None:
        if card.place != "private":
            try:
                await self._show_in_channel(card, snap)
            except (NotMember, NotShown) as refused:  # also if somebody deleted the card
                log.info("card.private", send=card.send_id, why=str(refused))
                await self._cards.placed(card.send_id, "private", "", "")
                card = replace(card, place="private", ts="", shown="")
            else:
                await self._notify(card, snap)
                return
        await self._show_privately(card, snap)

    async def _show_in_channel(self, card: CardRow, snap: Snapshot) -> None:
        message = channel_card(snap, masked=self._masked(card.channel))
        digest = _digest(message)
        if digest == card.shown:
            return
        ts = card.ts
        if ts:
            await self._voice.update(card.channel, ts, message)
        else:
            ts = await self._voice.post(card.channel, message)
        await self._cards.placed(card.send_id, "channel", ts, digest)

    async def _notify(self, card: CardRow, snap: Snapshot) -> None:
        """Tell the sender alone, once, whom the send did not surely reach."""
        if snap.settled and (snap.failures or snap.unknowns) and not card.told:
            await self._whisper(card, failure_notice(snap))
            await self._cards.told(card.send_id)

    async def _show_privately(self, card: CardRow, snap: Snapshot) -> None:
        stage = "final" if snap.settled else "first"
        waits = stage == "first" and snap.age < _PATIENCE
        if waits or card.shown == stage:
            return
        await self._whisper(card, private_card(snap))
        await self._cards.placed(card.send_id, "private", "", stage)

    async def _whisper(self, card: CardRow, message: Message) -> None:
        ear = Ear(card.actor, card.channel, card.answer_url, card.answer_until)
        try:
            await self._voice.whisper(ear, message)
        except NotShown as refused:  # no way is left: trying again would not find one
            log.warning("answer.lost", send=card.send_id, why=str(refused))


def _digest(message: Message) -> str:
    whole = json.dumps(message.payload(), sort_keys=True, default=dict)
    return hashlib.sha256(whole.encode()).hexdigest()
