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
from bot.store.pagecards import PageCard, PageCards, Saying
from bot.store.pageviews import PostgresPages
from commands.oncall import PageStage
from commands.pageview import PageView

PAUSE = 2.0
"""Seconds before Slack is tried again, if it names none."""

log = structlog.get_logger(__name__)


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
        """Show a page and say what waits; `Unfinished` if Slack is out of reach."""
        card = await self._cards.card(page_id)
        page = await self._pages.view(page_id)
        if card is None or page is None:
            return None
        try:
            card = await self._show(card, page)
            for saying in await self._cards.waiting(page_id):
                ts = await self._say(card, page, saying)
                await self._cards.said(saying, ts)
        except SlackDown as down:
            log.warning("slack.down", page=page_id, why=str(down))
            return Unfinished(max(down.retry_after or 0.0, PAUSE))
        return None

    async def _show(self, card: PageCard, page: PageView) -> PageCard:
        if card.place != "private":
            try:
                return await self._show_in_channel(card, page)
            except (NotMember, NotShown) as refused:  # also if somebody deleted the card
                log.warning("page.private", page=card.page_id, why=str(refused))
                await self._cards.placed(card, "private", "", "")
                card = replace(card, place="private", ts="", shown="")
        return await self._show_privately(card, page)

    async def _show_in_channel(self, card: PageCard, page: PageView) -> PageCard:
        drawn = page_card(page, masked=self._masked(card.channel))
        if drawn.digest == card.shown:
            return card
        ts = card.ts
        if ts:
            await self._voice.update(card.channel, ts, drawn)
        else:
            ts = await self._voice.post(card.channel, drawn)
        if await self._cards.placed(card, "channel", ts, drawn.digest):
            return replace(card, place="channel", ts=ts, shown=drawn.digest)
        elsewhere = await self._cards.card(card.page_id)
        if not card.ts:
            twin = plain(f"Page #{card.page_id} is shown in another message.")
            await self._voice.update(card.channel, ts, replace(twin, metadata={}))
        return elsewhere or card

    async def _show_privately(self, card: PageCard, page: PageView) -> PageCard:
        """Tell who asked, once for each stage: what they see cannot be changed later."""
        stage = str(page.stage) if page.fired else ""
        if stage and stage != card.shown:
            await self._whisper(card, page_card(page, masked=False, private=True))
            await self._cards.placed(card, "private", "", stage)
        return card

    async def _say(self, card: PageCard, page: PageView, saying: Saying) -> str:
        drawn = self._drawn(page, saying)
        if card.place == "channel":
            try:
                under = "" if saying.kind == "loud" else card.ts
                return await self._voice.post(card.channel, drawn, under=under)
            except (NotMember, NotShown) as refused:
                log.warning("page.unsaid", page=card.page_id, why=str(refused))
        await self._whisper(card, drawn)
        return "private"

    def _drawn(self, page: PageView, saying: Saying) -> Message:
        if saying.kind == "reply":
            return reply(saying.who, saying.text)
        if saying.kind == "loud":
            waits = page.stage in {PageStage.OPEN, PageStage.EXHAUSTED}
            return loud(saying.text, page.page_id, answerable=waits)
        return plain(saying.text)

    async def _whisper(self, card: PageCard, drawn: Message) -> None:
        if not card.actor:
            log.error("page.unshown", page=card.page_id, channel=card.channel)
            return
        ear = Ear(card.actor, card.channel, card.answer_url, card.answer_until)
        try:
            await self._voice.whisper(ear, drawn)
        except NotShown as refused:  # no way is left: trying again would not find one
            log.warning("answer.lost", page=card.page_id, why=str(refused))
