"""The buttons under questions before sending: of the sender, and of a second person."""

import asyncio
from typing import Any

import structlog
from slack_bolt.async_app import AsyncAck

from bot.slack.listeners.tools import STORING, Tools
from bot.slack.payload import Click, click
from bot.slack.views import question as views
from bot.slack.views.outcomes import answer_of
from bot.slack.voice import SLACK_ERRORS, Ear, error_of
from commands.outcome import Answered, Asked, Outcome, Paging, Refused, Sending
from commands.question import Word

log = structlog.get_logger(__name__)


class QuestionButtons:
    """Their listeners."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    async def confirm(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """*Send*, of the sender."""
        await self._sender(ack, body, Word.SEND)

    async def missing(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """*Send to the missing one*."""
        await self._sender(ack, body, Word.MISSING)

    async def trim(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """*Leave out who has it*: the question is asked anew."""
        await self._sender(ack, body, Word.TRIM)

    async def plain(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """*Use plain characters*: the question is asked anew."""
        await self._sender(ack, body, Word.PLAIN)

    async def cancel(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """*Cancel*."""
        await self._sender(ack, body, Word.CANCEL)

    async def approve(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """*Approve and send*, of a second person."""
        await self._second(ack, body, Word.APPROVE)

    async def decline(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """*Decline*."""
        await self._second(ack, body, Word.DECLINE)

    async def _sender(self, ack: AsyncAck, body: dict[str, Any], word: Word) -> None:
        clicked = click(body)
        async with self._tools.replies.clicked(ack, clicked.ear, "question"):
            outcome = await self._answer(ack, clicked, word)
            if view := body.get("view"):
                await self._redraw(str(view["id"]), outcome)
            elif isinstance(outcome, Sending | Paging):
                await self._tools.replies.say(clicked.ear, views.confirmed(outcome), replace=True)
            elif shown := answer_of(outcome):
                stays = isinstance(outcome, Refused)
                await self._tools.replies.say(clicked.ear, shown, replace=not stays)

    async def _second(self, ack: AsyncAck, body: dict[str, Any], word: Word) -> None:
        """Answer in the channel; what stands there is changed by a job, for all to see."""
        clicked = click(body)
        async with self._tools.replies.clicked(ack, clicked.ear, "question"):
            outcome = await self._answer(ack, clicked, word)
            if isinstance(outcome, Asked):  # not who clicked, but who wrote it
                new = outcome.question.new
                ear = Ear(new.actor.user, new.actor.channel, new.answer_url)
                await self._tools.replies.say(ear, views.asked(outcome))
            elif isinstance(outcome, Refused | Answered) and (shown := answer_of(outcome)):
                await self._tools.replies.say(clicked.ear, shown)

    async def _redraw(self, view_id: str, outcome: Outcome) -> None:
        """Change the preview; one that was closed meanwhile needs no other word."""
        try:
            await self._tools.client.views_update(view_id=view_id, view=views.shown(outcome))
        except SLACK_ERRORS as exc:
            log.info("preview.unchanged", error=error_of(exc))

    async def _answer(self, ack: AsyncAck, clicked: Click, word: Word) -> Outcome:
        """Carry out the answer; a click is acknowledged in time, also if that is not yet done."""
        turn = views.unpack(clicked.value)
        work = asyncio.ensure_future(self._tools.core.answer(clicked.actor, turn, word))
        await asyncio.wait({work}, timeout=STORING)
        await ack()
        return self._tools.counted(f"answer_{word}", await work)
