"""Slack's requests to the flow and back: decode, call, encode.

A request is acknowledged after its send is committed, never before.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.slack.listeners.composing import Composing
from bot.slack.listeners.homes import HomeListeners
from bot.slack.listeners.lists import ListButtons
from bot.slack.listeners.pages import PageButtons
from bot.slack.listeners.questions import QuestionButtons
from bot.slack.listeners.sends import SendButtons
from bot.slack.listeners.tools import Tools
from bot.slack.listeners.typed import ACK_LIMIT, Typed
from bot.slack.payload import name_of
from bot.slack.surface import (
    AGAIN,
    APPROVE,
    CANCEL,
    COMMAND,
    COMPOSE,
    CONFIRM,
    DECLINE,
    DETAILS,
    FORWARD,
    HOME_OPENED,
    HOME_REFRESH,
    HOME_SEND,
    LEAVE,
    MISSING,
    NEXT,
    PAGE_ACK,
    PAGE_REFRESH,
    PAGE_RESOLVE,
    PAGE_TIMELINE,
    PLAIN,
    PREVIEW,
    PREVIOUS,
    REFRESH,
    RETRY,
    SHARE,
    STATUS,
    TRIM,
    UNDO,
)
from bot.slack.views.composer import CHANNEL, PEOPLE
from bot.trace import trace_of, tracing

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
        self._questions = QuestionButtons(tools)
        self._pages = PageButtons(tools)
        self._homes = HomeListeners(tools, self._composing)

    def register(self, app: AsyncApp) -> None:
        """Tell Bolt what this bot listens to."""
        composing, sends, lists = self._composing, self._sends, self._lists
        questions = self._questions
        app.command(COMMAND)(_function(self._typed.command))
        app.shortcut(COMPOSE)(_function(composing.shortcut))
        app.shortcut(FORWARD)(_function(composing.forward))
        app.view(COMPOSE)(_function(composing.submitted))
        app.view(PREVIEW)(_function(composing.previewed))
        app.options(PEOPLE)(_function(composing.suggest))
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
            CHANNEL: composing.channel_chosen,
            STATUS: lists.look_again,
            CONFIRM: questions.confirm,
            MISSING: questions.missing,
            TRIM: questions.trim,
            PLAIN: questions.plain,
            CANCEL: questions.cancel,
            APPROVE: questions.approve,
            DECLINE: questions.decline,
            DETAILS: lists.details,
            PAGE_ACK: self._pages.acknowledge,
            PAGE_RESOLVE: self._pages.resolve,
            PAGE_TIMELINE: self._pages.timeline,
            PAGE_REFRESH: self._pages.refresh,
            HOME_SEND: self._homes.send,
            HOME_REFRESH: self._homes.refresh,
        }
        for action, listener in actions.items():
            app.action(action)(_function(listener))

    async def drained(self, seconds: float) -> None:
        """Wait until requests under way are answered, `seconds` at most, and end the others."""
        await self._tools.replies.drained(seconds)


def _function(method: _Listener) -> _Listener:
    """Wrap a method: Bolt fills in arguments by their names, and knows no `self`.

    What comes of the request bears its id from here on.
    """

    async def listen(ack: AsyncAck, body: dict[str, Any]) -> None:
        with tracing(trace_of(name_of(body))):
            await method(ack, body)

    return listen
