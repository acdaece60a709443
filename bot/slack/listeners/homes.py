"""The App Home: opened, *Refresh*, and *Send SMS*."""

from typing import Any

import structlog
from slack_bolt.async_app import AsyncAck

from bot.slack.listeners.composing import Composing
from bot.slack.listeners.tools import Tools
from bot.slack.message import Message
from bot.slack.payload import click
from bot.slack.replies import NOT_STORED
from bot.slack.views import composer
from bot.slack.views.answers import plain
from bot.slack.views.home import notice_view
from bot.slack.voice import NotMember, NotShown, SlackDown
from bot.trace import error_shown

_NO_DATABASE = plain(
    "The bot's database cannot be reached, so your home cannot be shown. Choose Refresh later."
)
_FAILED = (
    "Something failed on the bot's side, so your home cannot be shown. Choose Refresh; if it stays "
    "so, the bot's log tells why (error {})."
)

log = structlog.get_logger(__name__)


class HomeListeners:
    """Their listeners."""

    def __init__(self, tools: Tools, composing: Composing) -> None:
        self._tools = tools
        self._composing = composing

    async def opened(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """Somebody opens the app: its home, if it is not the messages that they look at.

        Slack delivers an event again that was not acknowledged; the home is then drawn twice.
        """
        await ack()
        event = body["event"]
        if event.get("tab") == "home":
            await self._show(str(event["user"]))

    async def refresh(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """*Refresh*: the home as it is now."""
        await ack()
        await self._show(click(body).actor.user)

    async def send(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """*Send SMS*: the composer, which asks for the channel."""
        clicked = click(body)
        async with self._tools.replies.clicked(ack, clicked.ear, "home") as tell:
            refusal = await self._composing.open(body, composer.Origin(), clicked.actor)
            await ack()
            if refusal:
                await tell(refusal)

    async def _show(self, user: str) -> None:
        async def tell(message: Message) -> None:
            failed = plain(_FAILED.format(error_shown()))
            said = _NO_DATABASE if message is NOT_STORED else failed
            try:
                await self._tools.voice.publish(user, notice_view(said).to_dict())
            except (SlackDown, NotMember, NotShown) as refused:
                log.warning("home.unshown", why=str(refused))

        async with self._tools.replies.answering("home", tell):
            await self._tools.home.opened(user)
