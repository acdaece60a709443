"""Slack's requests to the flow and back: decode, call, encode.

A request is acknowledged after its send is committed, never before.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.slack.listeners.composing import Composing
from bot.slack.listeners.homes import HomeListeners
from bot.slack.listeners.lists import ListButtons
from bot.slack.listeners.sends import SendButtons
from bot.slack.listeners.tools import Tools
from bot.slack.listeners.typed import ACK_LIMIT, Typed
from bot.slack.surface import (
    AGAIN,
    COMMAND,
    COMPOSE,
    FORWARD,
    HOME_OPENED,
    HOME_REFRESH,
    HOME_SEND,
    LEAVE,
    NEXT,
    PREVIOUS,
    REFRESH,
    RETRY,
    SHARE,
    STATUS,
    UNDO,
)

__all__ = ["ACK_LIMIT", "Listeners", "Tools"]

_Listener = Callable[[AsyncAck, dict[str, Any]], Awaitable[None]]


class Listeners:
    """Every listener of the bot; `register` lists them for Bolt."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._composing = Composing(tools)
        self._typed = Typed(tools, self._composing)
        self._sends = SendButtons(tools)
        self._lists = ListButtons(tools)
        self._homes = HomeListeners(tools, self._composing)

    def register(self, app: AsyncApp) -> None:
        """Tell Bolt what this bot listens to."""
        composing, sends, lists = self._composing, self._sends, self._lists
        app.command(COMMAND)(_function(self._typed.command))
        app.shortcut(COMPOSE)(_function(composing.shortcut))
        app.shortcut(FORWARD)(_function(composing.forward))
        app.view(COMPOSE)(_function(composing.submitted))
        app.event(HOME_OPENED)(_function(self._homes.opened))
        actions: dict[str, _Listener] = {
            RETRY: sends.retry,
            AGAIN: sends.send_again,
            LEAVE: sends.leave,
            REFRESH: sends.refresh,
            PREVIOUS: lists.turn_page,
            NEXT: lists.turn_page,
            SHARE: lists.share,
            UNDO: lists.undo,
            STATUS: lists.look_again,
            HOME_SEND: self._homes.send,
            HOME_REFRESH: self._homes.refresh,
        }
        for action, listener in actions.items():
            app.action(action)(_function(listener))

    async def drained(self, seconds: float) -> None:
        """Wait until requests under way are answered, `seconds` at most, and end the others."""
        await self._tools.replies.drained(seconds)


def _function(method: _Listener) -> _Listener:
    """Wrap a method: Bolt fills in arguments by their names, and knows no `self`."""

    async def listen(ack: AsyncAck, body: dict[str, Any]) -> None:
        await method(ack, body)

    return listen
