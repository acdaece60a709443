"""What is typed: `/sms …`."""

import asyncio
import time
from collections.abc import Awaitable
from typing import Any

from slack_bolt.async_app import AsyncAck

from bot.core import PATIENT, PROMPT
from bot.slack.listeners.composing import Composing
from bot.slack.listeners.tools import STORING, Tools, verb_of
from bot.slack.message import Message
from bot.slack.payload import command_request
from bot.slack.views import composer
from bot.slack.views.answers import plain
from bot.slack.views.outcomes import answer_of
from bot.slack.voice import Ear
from commands.dispatch import Request
from commands.errors import CommandError
from commands.outcome import ComposerAsked, Outcome
from commands.parser import Recipients, Status, parse

ACK_LIMIT = 3.0
"""Seconds after which Slack tells the person that the command has failed."""

_SLOW = (
    "The bot's database takes its time, so it is not known yet whether this is stored. Wait for "
    "the card, or for an answer here, before you type it again."
)
_LATER = "This takes its time: the answer follows here."


class Typed:
    """The slash command's listener."""

    def __init__(self, tools: Tools, composing: Composing) -> None:
        self._tools = tools
        self._composing = composing

    async def command(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """`/sms …`."""
        request = command_request(body)
        ear = Ear(request.actor.user, request.actor.channel, request.answer_url)
        start = time.perf_counter()

        async def tell(message: Message) -> None:
            given = ack.response is not None
            if not given:
                await ack(**message.payload(), response_type="ephemeral")
            if given or time.perf_counter() - start >= ACK_LIMIT:
                await self._tools.replies.say(ear, message)

        async with self._tools.replies.answering("command", tell):
            outcome = await self._dispatch(request, ear)
            shown = (
                answer_of(outcome) if outcome else plain(_LATER if _lists(request.text) else _SLOW)
            )
            if isinstance(outcome, ComposerAsked):
                origin = composer.Origin(request.actor.channel, request.answer_url)
                shown = await self._composing.open(body, origin, request.actor)
            await (tell(shown) if shown else ack())
        self._tools.metrics.ack_seconds.observe(time.perf_counter() - start)

    async def _dispatch(self, request: Request, ear: Ear) -> Outcome | None:
        """Carry out a command; None for one that takes its time and is answered later."""
        lists, verb = _lists(request.text), verb_of(request.text)
        work = asyncio.ensure_future(
            self._tools.core.command(request, PATIENT if lists else PROMPT)
        )
        await asyncio.wait({work}, timeout=PROMPT if lists else STORING)
        if work.done():
            return self._tools.counted(verb, work.result())
        self._tools.replies.keep(asyncio.ensure_future(self._answer_late(work, ear, verb)))
        return None

    async def _answer_late(self, work: Awaitable[Outcome], ear: Ear, verb: str) -> None:
        async def tell(message: Message) -> None:
            await self._tools.replies.say(ear, message)

        async with self._tools.replies.answering("late answer", tell):
            if shown := answer_of(self._tools.counted(verb, await work)):
                await tell(shown)


def _lists(text: str) -> bool:
    try:
        return isinstance(parse(text), Recipients | Status)
    except CommandError:
        return False
