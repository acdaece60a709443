"""The buttons under a send: *Retry failed*, *Send again*, *Leave it*, *Refresh*."""

from typing import Any

from slack_bolt.async_app import AsyncAck

from bot.slack.listeners.tools import Tools
from bot.slack.payload import Click, click
from bot.slack.views.answers import plain
from bot.slack.views.card import Doubt, private_card
from bot.slack.views.outcomes import answer_of, retried
from commands.model import Actor
from commands.outcome import Sending

_GONE = "Only who sent it can look at this send here."


class SendButtons:
    """Their listeners."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    async def retry(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """*Retry failed*: once, however often it is clicked."""
        clicked = click(body)
        async with self._tools.replies.clicked(ack, clicked.ear, "retry") as tell:
            send_id = int(clicked.value)
            actor = await self._acting(clicked, send_id)
            outcome = self._tools.counted(
                "retry", await self._tools.core.retry(actor, send_id, clicked.answer_url)
            )
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
        async with self._tools.replies.clicked(ack, clicked.ear, "doubt") as tell:
            doubt = Doubt.unpack(clicked.value)
            actor = await self._acting(clicked, doubt.send_id)
            decided = await self._tools.core.decide_doubt(
                actor, doubt.send_id, doubt.attempt, again=again
            )
            outcome = self._tools.counted("again" if again else "leave", decided)
            await ack()
            if shown := answer_of(outcome):
                await tell(shown)

    async def _acting(self, clicked: Click, send_id: int) -> Actor:
        """Give who clicked, in the send's own channel: its notice may be a direct message."""
        card = await self._tools.cards.card(send_id)
        if card and card.actor == clicked.actor.user:
            return clicked.acting_in(card.channel)
        return clicked.actor

    async def refresh(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """*Refresh* of a private card, which may stand in a direct message."""
        clicked = click(body)
        async with self._tools.replies.clicked(ack, clicked.ear, "refresh") as tell:
            await ack()
            snap = await self._tools.cards.snapshot(int(clicked.value))
            if snap and snap.actor == clicked.actor.user:
                await self._tools.replies.say(clicked.ear, private_card(snap), replace=True)
            else:
                await tell(plain(_GONE))
