"""The buttons of listings, of `/sms status`, and *Undo* of a change of the directory."""

from typing import Any

from slack_bolt.async_app import AsyncAck

from bot.core import PATIENT
from bot.slack.listeners.tools import Tools
from bot.slack.message import Message
from bot.slack.payload import Click, click
from bot.slack.views.answers import plain
from bot.slack.views.listing import Place, shared
from bot.slack.views.outcomes import answer_of
from bot.slack.views.status import one_send
from bot.slack.views.text import escape
from bot.slack.voice import NotMember, NotShown, SlackDown
from commands.dispatch import Request
from commands.outcome import Changed, LastSends, Listing, OneSend, Outcome

_INVITE = "I am not a member of this channel. Type `/invite @sms` and share again."
_ARCHIVED = "This channel is archived in Slack, so nothing can be shared in it."


class ListButtons:
    """Their listeners."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    async def undo(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """*Undo* of a change of the directory; the answer stands where the change was told."""
        clicked = click(body)
        async with self._tools.replies.clicked(ack, clicked.ear, "undo"):
            outcome = self._tools.counted(
                "undo", await self._tools.core.undo(clicked.actor, int(clicked.value))
            )
            await ack()
            if shown := answer_of(outcome):
                done = isinstance(outcome, Changed)
                await self._tools.replies.say(clicked.ear, shown, replace=done)

    async def turn_page(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """*Previous* and *Next* of a listing."""
        clicked = click(body)
        async with self._tools.replies.clicked(ack, clicked.ear, "page"):
            await ack()
            outcome = await self._relist(clicked)
            if shown := answer_of(outcome, Place.unpack(clicked.value).page):
                await self._tools.replies.say(
                    clicked.ear, shown, replace=isinstance(outcome, Listing)
                )

    async def share(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """*Share in channel* of a listing: masked, unless the channel shows numbers."""
        clicked = click(body)
        async with self._tools.replies.clicked(ack, clicked.ear, "share") as tell:
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
        async with self._tools.replies.clicked(ack, clicked.ear, "status"):
            await ack()
            outcome = await self._status(clicked)
            if shown := answer_of(outcome):
                found = isinstance(outcome, LastSends | OneSend)
                await self._tools.replies.say(clicked.ear, shown, replace=found)

    async def details(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """*Details* in the list of sends: one of them in the list's place, and a way back."""
        clicked = click(body)
        async with self._tools.replies.clicked(ack, clicked.ear, "details"):
            await ack()
            outcome = await self._status(clicked)
            if isinstance(outcome, OneSend):
                shown = one_send(outcome, listed=True)
                await self._tools.replies.say(clicked.ear, shown, replace=True)
            elif refusal := answer_of(outcome):
                await self._tools.replies.say(clicked.ear, refusal)

    async def _status(self, clicked: Click) -> Outcome:
        request = Request(f"status {clicked.value}", clicked.actor, clicked.key)
        return await self._tools.core.command(request, PATIENT)

    async def _share(self, clicked: Click, message: Message) -> Message | None:
        """Post in the channel; if Slack does not take it, give what to say instead."""
        try:
            await self._tools.voice.post(clicked.actor.channel, message)
        except NotMember as refusal:
            return plain(_ARCHIVED if str(refusal) == "is_archived" else _INVITE)
        except (SlackDown, NotShown) as refusal:
            return plain(f"Slack did not take it ({refusal}). Share it again in a minute.")
        return None

    async def _relist(self, clicked: Click) -> Outcome:
        """Decide anew: what the listing showed may no longer be allowed."""
        place = Place.unpack(clicked.value)
        text = f"{place.verb} {escape(place.filter)}"
        return await self._tools.core.command(Request(text, clicked.actor, clicked.key), PATIENT)
