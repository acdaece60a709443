"""Keep the card of a page true, and say what is to be said about it: the `page_card` job.

It shows the page as it stands, so that running it twice, or for nothing, is harmless. What a reply
says is posted under the card; that nobody has answered is called out in the channel.
"""

from collections.abc import Callable
from dataclasses import replace

import structlog

from bot.drain import Unfinished
from bot.slack.message import Message
from bot.slack.views.answers import plain
from bot.slack.views.page import loud, page_card, reply
from bot.slack.voice import Ear, NotMember, NotShown, SlackDown, Voice
from bot.store.marks import PACE
from bot.store.pagecards import PageCard, PageCards, Saying
from bot.store.pageviews import PostgresPages
from commands.oncall import PageStage
from commands.pageview import PageView

UNHEARD = 60.0
"""Seconds until what nobody could be told is tried again: somebody may let the bot in meanwhile."""

PAUSE = 2.0
"""Seconds before Slack is tried again, if it names none."""

log = structlog.get_logger(__name__)


class _Crossed(Exception):
    """Another process has shown the page meanwhile: it is looked at once more."""


class Pager:
    """Shows pages. Built once a process; `run` is the job."""

    def __init__(
        self, cards: PageCards, pages: PostgresPages, voice: Voice, masked: Callable[[str], bool]
    ) -> None:
        self._cards = cards
        self._pages = pages
        self._voice = voice
        self._masked = masked

    async def run(self, page_id: int, _worker: int = 0) -> Unfinished | None:
        """Say what waits, and show a page; `Unfinished` if Slack is out of reach."""
        card = await self._cards.card(page_id)
        page = await self._pages.view(page_id)
        if card is None or page is None:
            return None
        try:
            # what is loud before a card that Slack may not take
            called = await self._say_all(card, page, loud=True)
            card = await self._show(card, page)
            said = await self._say_all(card, page, loud=False)
        except _Crossed:
            return Unfinished(PACE)
        except SlackDown as down:
            log.warning("slack.down", page=page_id, why=str(down))
            return Unfinished(max(down.retry_after or 0.0, PAUSE))
        return None if called and said else Unfinished(UNHEARD)

    async def _show(self, card: PageCard, page: PageView) -> PageCard:
        """Show a page in its channel; where the bot is no member, to who asked for it."""
        try:
            return await self._show_in_channel(card, page)
        except (NotMember, NotShown) as refused:
            log.warning("page.private", page=card.page_id, why=str(refused))
            return await self._show_privately(card, page)

    async def _show_in_channel(self, card: PageCard, page: PageView) -> PageCard:
        drawn = page_card(page, masked=self._masked(card.channel))
        if card.ts and drawn.digest == card.shown:
            return card
        ts = card.ts
        if ts:
            try:
                await self._voice.update(card.channel, ts, drawn)
            except NotShown:  # somebody has deleted it: what is seen must not be nothing
                ts = ""
        if not ts:
            ts = await self._voice.post(card.channel, drawn)
        placed = await self._placed(card, "channel", ts, drawn.digest)
        if placed is None:
            if not card.ts:
                twin = plain(f"Page #{card.page_id} is shown in another message.")
                await self._voice.update(card.channel, ts, replace(twin, metadata={}))
            raise _Crossed
        return placed

    async def _show_privately(self, card: PageCard, page: PageView) -> PageCard:
        """Tell who asked, once for each stage: what they see cannot be changed later."""
        stage = str(page.stage) if page.fired else ""
        if not stage or stage == card.shown:
            return card
        if not await self._whisper(card, page_card(page, masked=False, private=True)):
            return card
        placed = await self._placed(card, "private", "", stage)
        if placed is None:
            raise _Crossed
        return placed

    async def _placed(self, card: PageCard, place: str, ts: str, shown: str) -> PageCard | None:
        """Remember where a page is shown; None if another process has shown it meanwhile."""
        if await self._cards.placed(card, place, ts, shown):
            return replace(card, place=place, ts=ts, shown=shown)
        log.info("page.crossed", page=card.page_id)
        return None

    async def _say_all(self, card: PageCard, page: PageView, *, loud: bool) -> bool:
        """Say all that waits, loud or not; False if there was nobody to say it to."""
        for saying in await self._cards.waiting(card.page_id):
            if (saying.kind == "loud") is not loud:
                continue
            ts = await self._say(card, page, saying)
            if not ts:
                return False
            await self._cards.said(saying, ts)
        return True

    async def _say(self, card: PageCard, page: PageView, saying: Saying) -> str:
        """Say something in the channel, whatever is known of it; in private if it is not taken.

        Gives the message's timestamp, ``private``, or nothing if there was nobody to say it to.
        """
        drawn = self._drawn(page, saying)
        if saying.kind == "loud" or card.ts:
            try:
                under = "" if saying.kind == "loud" else card.ts
                return await self._voice.post(card.channel, drawn, under=under)
            except (NotMember, NotShown) as refused:
                log.warning("page.unsaid", page=card.page_id, why=str(refused))
        return "private" if await self._whisper(card, drawn) else ""

    def _drawn(self, page: PageView, saying: Saying) -> Message:
        if saying.kind == "reply":
            return reply(saying.who, saying.text)
        if saying.kind == "loud":
            waits = page.stage in {PageStage.OPEN, PageStage.EXHAUSTED}
            return loud(saying.text, page.page_id, answerable=waits)
        return plain(saying.text)

    async def _whisper(self, card: PageCard, drawn: Message) -> bool:
        """Tell who asked for the page; False if nobody did, as for an alert."""
        if not card.actor:
            log.error("page.unshown", page=card.page_id, channel=card.channel)
            return False
        ear = Ear(card.actor, card.channel, card.answer_url, card.answer_until)
        try:
            await self._voice.whisper(ear, drawn)
        except NotShown as refused:  # no way is left: trying again would not find one
            log.warning("answer.lost", page=card.page_id, why=str(refused))
        return True
