"""The buttons under a page: *Acknowledge*, *Resolve*, *Timeline*, *Refresh*."""

import asyncio
from typing import Any

from slack_bolt.async_app import AsyncAck

from bot.slack.listeners.tools import STORING, Tools
from bot.slack.payload import click
from bot.slack.views.outcomes import answer_of
from commands.dispatch import Request
from commands.outcome import OnePage


class PageButtons:
    """Their listeners."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    async def acknowledge(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """*Acknowledge*: the first one has the page."""
        await self._answer(ack, body, resolves=False)

    async def resolve(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """*Resolve*."""
        await self._answer(ack, body, resolves=True)

    async def _answer(self, ack: AsyncAck, body: dict[str, Any], *, resolves: bool) -> None:
        clicked, verb = click(body), "resolve" if resolves else "ack"
        async with self._tools.replies.clicked(ack, clicked.ear, "page") as tell:
            page_id = int(clicked.value)
            work = asyncio.ensure_future(
                self._tools.core.answer_page(clicked.actor, page_id, resolves=resolves)
            )
            await asyncio.wait({work}, timeout=STORING)
            await ack()
            if shown := answer_of(self._tools.counted(verb, await work)):
                await tell(shown)

    async def timeline(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """*Timeline*: everything that happened, for who asks alone."""
        clicked = click(body)
        async with self._tools.replies.clicked(ack, clicked.ear, "timeline") as tell:
            await ack()
            outcome = await self._tools.core.timeline(clicked.actor, int(clicked.value))
            if shown := answer_of(self._tools.counted("timeline", outcome)):
                await tell(shown)

    async def refresh(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """*Refresh* of a page that one person alone sees."""
        clicked = click(body)
        async with self._tools.replies.clicked(ack, clicked.ear, "refresh"):
            await ack()
            request = Request(f"status {clicked.value}", clicked.actor, clicked.key)
            outcome = self._tools.counted("refresh", await self._tools.core.command(request))
            if shown := answer_of(outcome):
                stays = not isinstance(outcome, OnePage)
                await self._tools.replies.say(clicked.ear, shown, replace=not stays)
