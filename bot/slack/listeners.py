"""Slack's requests to the flow and back: decode, call, encode.

A request is acknowledged after its send is committed, never before.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.core import PATIENT, PROMPT, Core
from bot.metrics import Metrics
from bot.slack.message import Message
from bot.slack.payload import (
    Click,
    click,
    command_request,
    forwarded,
    response_url,
    shortcut,
    submitter,
)
from bot.slack.replies import Replies
from bot.slack.surface import (
    AGAIN,
    COMMAND,
    COMPOSE,
    FORWARD,
    LEAVE,
    NEXT,
    PREVIOUS,
    REFRESH,
    RETRY,
    SHARE,
    STATUS,
    UNDO,
)
from bot.slack.views import composer
from bot.slack.views.answers import plain
from bot.slack.views.card import Doubt, private_card
from bot.slack.views.listing import Place, shared
from bot.slack.views.outcomes import answer_of, retried
from bot.slack.views.text import escape
from bot.slack.voice import (
    SLACK_ERRORS,
    Ear,
    NotMember,
    NotShown,
    SlackDown,
    Voice,
    error_of,
)
from bot.store.cards import Cards
from commands.dispatch import Request
from commands.errors import CommandError
from commands.model import Actor
from commands.outcome import (
    Changed,
    ComposerAsked,
    LastSends,
    Listing,
    OneSend,
    Outcome,
    Refused,
    Sending,
)
from commands.parser import Recipients, Status, parse

ACK_LIMIT = 3.0
"""Seconds after which Slack tells the person that the command has failed."""

_OPENING = 2.0
"""Seconds that Slack may take to open the composer; the command is acknowledged after that."""

_STORING = 2.6
"""Seconds after which a command is acknowledged although the database has not answered yet."""

_SLOW = (
    "The bot's database takes its time, so it is not known yet whether this is stored. Wait for "
    "the card, or for an answer here, before you type it again."
)
_UNSTORED = (
    "The bot's database takes its time, so it is not known yet whether this is stored. Submit it "
    "again in a moment: the same composer sends once."
)
_INVITE = "I am not a member of this channel. Type `/invite @sms` and share again."
_ARCHIVED = "This channel is archived in Slack, so nothing can be shared in it."
_LATER = "This takes its time: the answer follows here."
_NO_COMPOSER = "Slack did not open the composer ({}). Nothing was sent: {}"
_AGAIN = "type /sms send again, or /sms send <recipients> <message> without the composer."
_GONE = "Only who sent it can look at this send here."

_Listener = Callable[[AsyncAck, dict[str, Any]], Awaitable[None]]

log = structlog.get_logger(__name__)


class Listeners:
    """Every listener of the bot; `register` lists them for Bolt."""

    def __init__(
        self, core: Core, voice: Voice, cards: Cards, client: AsyncWebClient, metrics: Metrics
    ) -> None:
        self._core = core
        self._voice = voice
        self._cards = cards
        self._client = client
        self._metrics = metrics
        self._replies = Replies(voice)

    def register(self, app: AsyncApp) -> None:
        """Tell Bolt what this bot listens to."""
        app.command(COMMAND)(_function(self.command))
        app.shortcut(COMPOSE)(_function(self.shortcut))
        app.shortcut(FORWARD)(_function(self.forward))
        app.view(COMPOSE)(_function(self.submitted))
        app.action(RETRY)(_function(self.retry))
        app.action(AGAIN)(_function(self.send_again))
        app.action(LEAVE)(_function(self.leave))
        app.action(REFRESH)(_function(self.refresh))
        app.action(PREVIOUS)(_function(self.turn_page))
        app.action(NEXT)(_function(self.turn_page))
        app.action(SHARE)(_function(self.share))
        app.action(UNDO)(_function(self.undo))
        app.action(STATUS)(_function(self.look_again))

    async def drained(self, seconds: float) -> None:
        """Wait until requests under way are answered, `seconds` at most, and end the others."""
        await self._replies.drained(seconds)

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
                await self._replies.say(ear, message)

        async with self._replies.answering("command", tell):
            outcome = await self._dispatch(request, ear)
            shown = (
                answer_of(outcome) if outcome else plain(_LATER if _lists(request.text) else _SLOW)
            )
            if isinstance(outcome, ComposerAsked):
                origin = composer.Origin(request.actor.channel, request.answer_url)
                shown = await self._open(body, origin)
            await (tell(shown) if shown else ack())
        self._metrics.ack_seconds.observe(time.perf_counter() - start)

    async def _dispatch(self, request: Request, ear: Ear) -> Outcome | None:
        """Carry out a command; None for one that takes its time and is answered later."""
        lists = _lists(request.text)
        work = asyncio.ensure_future(self._core.command(request, PATIENT if lists else PROMPT))
        await asyncio.wait({work}, timeout=PROMPT if lists else _STORING)
        if work.done():
            return self._counted(work.result())
        self._replies.keep(asyncio.ensure_future(self._answer_late(work, ear)))
        return None

    async def _answer_late(self, work: Awaitable[Outcome], ear: Ear) -> None:
        async def tell(message: Message) -> None:
            await self._replies.say(ear, message)

        async with self._replies.answering("late answer", tell):
            if shown := answer_of(self._counted(await work)):
                await tell(shown)

    async def shortcut(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """*Send an SMS* from the shortcuts menu: the composer, which asks for the channel."""
        ear = Ear(submitter(body, "").user, "")
        async with self._replies.clicked(ack, ear, "shortcut") as tell:
            refusal = await self._open(body, composer.Origin())
            await ack()
            if refusal:
                await tell(refusal)

    async def forward(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """*Send as SMS* of a message: the composer with its text and a link to it."""
        clicked = shortcut(body)
        async with self._replies.clicked(ack, clicked.ear, "shortcut") as tell:
            origin = composer.Origin(clicked.actor.channel, clicked.answer_url)
            refusal = await self._open(body, origin, forwarded(body))
            await ack()
            if refusal:
                await tell(refusal)

    async def _open(
        self, body: dict[str, Any], origin: composer.Origin, message: str = ""
    ) -> Message | None:
        """Open the composer; if Slack does not, give what to say instead."""
        view = composer.composer(origin, message)
        try:
            async with asyncio.timeout(_OPENING):
                await self._client.views_open(trigger_id=body["trigger_id"], view=view)
        except SLACK_ERRORS as exc:
            error = error_of(exc)
            log.warning("composer.unopened", error=error)
            return plain(_NO_COMPOSER.format(error, _AGAIN))
        return None

    async def submitted(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """The composer's *Send*."""
        view = body["view"]
        origin = composer.Origin.unpack(view["private_metadata"])
        asked = not origin.channel

        async def tell(message: Message) -> None:
            await ack(
                response_action="errors", errors=composer.errors(message.text, channel_asked=asked)
            )

        async with self._replies.answering("composer", tell):
            work = asyncio.ensure_future(self._submission(body, origin))
            await asyncio.wait({work}, timeout=_STORING)
            if not work.done():  # sent once, however often the same composer is submitted
                self._replies.keep(work)
                await tell(plain(_UNSTORED))
                return
            outcome = self._counted(work.result())
            if isinstance(outcome, Refused):
                faults = composer.errors(
                    outcome.text, outcome.remedy, outcome.kind, channel_asked=asked
                )
                await ack(response_action="errors", errors=faults)
            else:
                await ack()

    async def _submission(self, body: dict[str, Any], origin: composer.Origin) -> Outcome:
        view = body["view"]
        filled = composer.filled(view)
        return await self._core.submission(
            submitter(body, origin.channel or filled.channel),
            filled.recipients,
            filled.message,
            f"view:{view['id']}",
            origin.answer_url or response_url(body),
        )

    async def retry(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """*Retry failed*: once, however often it is clicked."""
        clicked = click(body)
        async with self._replies.clicked(ack, clicked.ear, "retry") as tell:
            send_id = int(clicked.value)
            actor = await self._acting(clicked, send_id)
            outcome = self._counted(await self._core.retry(actor, send_id, clicked.answer_url))
            await ack()
            if isinstance(outcome, Sending):
                await tell(retried(outcome))
            elif shown := answer_of(outcome):
                await tell(shown)

    async def send_again(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """*Send again*: to those in doubt, on the sender's word."""
        await self._decide(ack, body, again=True)

    async def leave(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """*Leave it*: those in doubt stay as they are."""
        await self._decide(ack, body, again=False)

    async def _decide(self, ack: AsyncAck, body: dict[str, Any], *, again: bool) -> None:
        clicked = click(body)
        async with self._replies.clicked(ack, clicked.ear, "doubt") as tell:
            doubt = Doubt.unpack(clicked.value)
            actor = await self._acting(clicked, doubt.send_id)
            decided = await self._core.decide_doubt(
                actor, doubt.send_id, doubt.attempt, again=again
            )
            outcome = self._counted(decided)
            await ack()
            if shown := answer_of(outcome):
                await tell(shown)

    async def _acting(self, clicked: Click, send_id: int) -> Actor:
        """Give who clicked, in the send's own channel: its notice may be a direct message."""
        card = await self._cards.card(send_id)
        if card and card.actor == clicked.actor.user:
            return clicked.acting_in(card.channel)
        return clicked.actor

    async def refresh(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """*Refresh* of a private card, which may stand in a direct message."""
        clicked = click(body)
        async with self._replies.clicked(ack, clicked.ear, "refresh") as tell:
            await ack()
            snap = await self._cards.snapshot(int(clicked.value))
            if snap and snap.actor == clicked.actor.user:
                await self._replies.say(clicked.ear, private_card(snap), replace=True)
            else:
                await tell(plain(_GONE))

    async def undo(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """*Undo* of a change of the directory; the answer stands where the change was told."""
        clicked = click(body)
        async with self._replies.clicked(ack, clicked.ear, "undo"):
            outcome = self._counted(await self._core.undo(clicked.actor, int(clicked.value)))
            await ack()
            if shown := answer_of(outcome):
                done = isinstance(outcome, Changed)
                await self._replies.say(clicked.ear, shown, replace=done)

    async def turn_page(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """*Previous* and *Next* of a listing."""
        clicked = click(body)
        async with self._replies.clicked(ack, clicked.ear, "page"):
            await ack()
            outcome = await self._relist(clicked)
            if shown := answer_of(outcome, Place.unpack(clicked.value).page):
                await self._replies.say(clicked.ear, shown, replace=isinstance(outcome, Listing))

    async def share(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """*Share in channel* of a listing: masked, unless the channel shows numbers."""
        clicked = click(body)
        async with self._replies.clicked(ack, clicked.ear, "share") as tell:
            await ack()
            outcome = await self._relist(clicked)
            if isinstance(outcome, Listing):
                page = Place.unpack(clicked.value).page
                shown = await self._share(clicked, shared(outcome, page, clicked.actor.user))
            else:
                shown = answer_of(outcome)
            if shown:
                await tell(shown)

    async def look_again(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """*Refresh* of what `/sms status` shows: decided anew."""
        clicked = click(body)
        async with self._replies.clicked(ack, clicked.ear, "status"):
            await ack()
            request = Request(f"status {clicked.value}", clicked.actor, clicked.key)
            outcome = await self._core.command(request, PATIENT)
            if shown := answer_of(outcome):
                found = isinstance(outcome, LastSends | OneSend)
                await self._replies.say(clicked.ear, shown, replace=found)

    async def _share(self, clicked: Click, message: Message) -> Message | None:
        """Post in the channel; if Slack does not take it, give what to say instead."""
        try:
            await self._voice.post(clicked.actor.channel, message)
        except NotMember as refusal:
            return plain(_ARCHIVED if str(refusal) == "is_archived" else _INVITE)
        except (SlackDown, NotShown) as refusal:
            return plain(f"Slack did not take it ({refusal}). Share it again in a minute.")
        return None

    async def _relist(self, clicked: Click) -> Outcome:
        """Decide anew: what the listing showed may no longer be allowed."""
        place = Place.unpack(clicked.value)
        text = f"{place.verb} {escape(place.filter)}"
        return await self._core.command(Request(text, clicked.actor, clicked.key), PATIENT)

    def _counted(self, outcome: Outcome) -> Outcome:
        self._metrics.outcomes.labels(type(outcome).__name__).inc()
        return outcome


def _function(method: _Listener) -> _Listener:
    """Wrap a method: Bolt fills in arguments by their names, and knows no `self`."""

    async def listen(ack: AsyncAck, body: dict[str, Any]) -> None:
        await method(ack, body)

    return listen


def _lists(text: str) -> bool:
    try:
        return isinstance(parse(text), Recipients | Status)
    except CommandError:
        return False
