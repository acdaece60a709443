"""The composer: opened by `/sms send`, a shortcut or a message's menu, submitted into the flow."""

import asyncio
import hashlib
import json
from dataclasses import replace
from typing import Any

import structlog
from slack_bolt.async_app import AsyncAck

from bot.slack.listeners.tools import STORING, Tools
from bot.slack.message import Message
from bot.slack.payload import (
    chosen_channel,
    forwarded,
    mentioned,
    response_url,
    shortcut,
    submitter,
)
from bot.slack.views import composer, question
from bot.slack.views.answers import plain
from bot.slack.views.options import option_groups
from bot.slack.voice import SLACK_ERRORS, Ear, error_of
from commands.model import Actor
from commands.outcome import Answered, Awaiting, Outcome, Refused, Sending
from commands.question import Stage, Word

_OPENING = 2.0
"""Seconds that Slack may take to open the composer; the command is acknowledged after that."""

_UNSTORED = "The bot's database takes its time. Nothing was sent; submit it again in a moment."
_UNSENT = (
    "The bot's database takes its time, so it is not known yet whether this is stored. Try again "
    "in a moment: it is sent once."
)
_NO_COMPOSER = "Slack did not open the composer ({}). Nothing was sent: {}"
_AGAIN = "type /sms send again, or /sms send <recipients> <message> without the composer."

log = structlog.get_logger(__name__)


class Composing:
    """The composer's listeners."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    async def shortcut(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """*Send an SMS* from the shortcuts menu: the composer, which asks for the channel."""
        ear = Ear(submitter(body, "").user, "")
        async with self._tools.replies.clicked(ack, ear, "shortcut") as tell:
            refusal = await self.open(body, composer.Origin(), submitter(body, ""))
            await ack()
            if refusal:
                await tell(refusal)

    async def forward(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """*Send as SMS* of a message: the composer with its text and a link to it."""
        clicked = shortcut(body)
        async with self._tools.replies.clicked(ack, clicked.ear, "shortcut") as tell:
            origin = composer.Origin(clicked.actor.channel, clicked.answer_url)
            names = await self._tools.core.names(mentioned(body))
            refusal = await self.open(body, origin, clicked.actor, forwarded(body, names))
            await ack()
            if refusal:
                await tell(refusal)

    async def open(
        self, body: dict[str, Any], origin: composer.Origin, actor: Actor, message: str = ""
    ) -> Message | None:
        """Open the composer; if Slack does not, give what to say instead."""
        self._tools.core.suggester.warm()
        view = composer.composer(origin, message, await self._tools.core.senders(actor))
        try:
            async with asyncio.timeout(_OPENING):
                await self._tools.client.views_open(trigger_id=body["trigger_id"], view=view)
        except SLACK_ERRORS as exc:
            error = error_of(exc)
            log.warning("composer.unopened", error=error)
            return plain(_NO_COMPOSER.format(error, _AGAIN))
        return None

    async def channel_chosen(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """A channel was chosen in the composer: its people and its senders are offered now."""
        actor = submitter(body, chosen_channel(body))
        async with self._tools.replies.answering("channel", _nothing):
            await ack()
            view, senders = body["view"], await self._tools.core.senders(actor)
            origin = replace(composer.Origin.unpack(view["private_metadata"]), chosen=actor.channel)
            drawn = composer.composer(origin, senders=senders)
            try:
                await self._tools.client.views_update(view_id=view["id"], view=drawn)
            except SLACK_ERRORS as exc:  # typed recipients and the first sender are left
                log.warning("composer.unchanged", error=error_of(exc))

    async def suggest(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """Somebody types into the composer's recipients."""
        origin = composer.Origin.unpack(body["view"]["private_metadata"])

        async def tell(_message: Message) -> None:
            await ack(options=[])

        async with self._tools.replies.answering("suggestions", tell):
            actor = submitter(body, origin.known)
            offers = await self._tools.core.suggestions(actor, str(body.get("value") or ""))
            groups = option_groups(offers)
            await (ack(option_groups=groups) if groups else ack(options=[]))

    async def submitted(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """The composer's *Send*."""
        view = body["view"]
        origin = composer.Origin.unpack(view["private_metadata"])
        asked = not origin.channel

        async def tell(message: Message) -> None:
            await ack(
                response_action="errors", errors=composer.errors(message.text, channel_asked=asked)
            )

        async with self._tools.replies.answering("composer", tell):
            work = asyncio.ensure_future(self._submission(body, origin))
            await asyncio.wait({work}, timeout=STORING)
            if not work.done():  # asked once, however often the same is submitted
                self._tools.replies.keep(work)
                await tell(plain(_UNSTORED))
                return
            outcome = self._tools.counted("compose", work.result())
            if isinstance(outcome, Refused):
                faults = composer.errors(
                    outcome.text, outcome.remedy, outcome.kind, channel_asked=asked
                )
                await ack(response_action="errors", errors=faults)
            elif _is_sent(outcome):
                await ack(response_action="clear")
            else:
                await ack(response_action="push", view=question.shown(outcome))

    async def previewed(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """The preview's *Send*."""
        turn = question.unpack(body["view"]["private_metadata"])
        actor = submitter(body, "")

        async def tell(message: Message) -> None:
            await ack(response_action="update", view=question.notice(message.text, turn))

        async with self._tools.replies.answering("preview", tell):
            work = asyncio.ensure_future(self._tools.core.answer(actor, turn, Word.SEND))
            await asyncio.wait({work}, timeout=STORING)
            if not work.done():  # sent once, however often it is submitted
                self._tools.replies.keep(work)
                await tell(plain(_UNSENT))
                return
            outcome = self._tools.counted("preview", work.result())
            if not (_is_sent(outcome) or isinstance(outcome, Awaiting)):
                await ack(response_action="update", view=question.shown(outcome))
                return
            await ack(response_action="clear")
            if isinstance(outcome, Awaiting):
                new = outcome.question.new
                ear = Ear(new.actor.user, new.actor.channel, new.answer_url)
                await self._tools.replies.say(ear, question.awaiting(outcome))

    async def _submission(self, body: dict[str, Any], origin: composer.Origin) -> Outcome:
        view = body["view"]
        filled = composer.filled(view)
        return await self._tools.core.submission(
            submitter(body, origin.channel or filled.channel),
            filled.recipients,
            filled.message,
            f"view:{view['id']}:{_digest(filled)}",
            origin.answer_url or response_url(body),
            filled.chosen,
        )


def _is_sent(outcome: Outcome) -> bool:
    """Tell whether there is nothing left to show: the send shows itself on its card."""
    if isinstance(outcome, Answered):
        return outcome.question.stage is Stage.SENT
    return isinstance(outcome, Sending)


def _digest(filled: composer.Filled) -> str:
    """Tell one content of a composer from another: *Back* and a change are another question."""
    whole = json.dumps(
        [
            filled.channel,
            filled.recipients,
            filled.message,
            filled.chosen.recipients,
            filled.chosen.sender,
        ]
    )
    return hashlib.sha256(whole.encode()).hexdigest()[:16]


async def _nothing(_message: Message) -> None:
    """Tell nobody: the composer goes on without."""
