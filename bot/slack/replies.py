"""How a request is answered: privately, whatever happens, and never twice acknowledged."""

import asyncio
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import structlog
from psycopg_pool import PoolTimeout
from slack_bolt.async_app import AsyncAck

from bot.slack.message import Message
from bot.slack.views.answers import plain
from bot.slack.voice import Ear, NotShown, SlackDown, Voice, error_of
from bot.trace import failing, new_error

NOT_STORED = plain(
    "The bot's database cannot be reached. Nothing was stored or sent; try again later."
)
FAILED = (
    "Something failed on the bot's side, and it is not certain that this was stored. "
    "If nothing appears within a minute, try again. The bot's log tells why (error {})."
)

PAUSES = (1.0, 4.0, 15.0)
"""Seconds to wait for Slack before an answer is tried again."""

Tell = Callable[[Message], Awaitable[None]]
"""Tells the person who asked, alone."""

log = structlog.get_logger(__name__)


class Replies:
    """Knows the requests under way, and sees to it that each is answered."""

    def __init__(self, voice: Voice, pauses: Sequence[float] = PAUSES) -> None:
        self._voice = voice
        self._pauses = pauses
        self._running: set[asyncio.Task[Any]] = set()

    async def drained(self, seconds: float) -> None:
        """Wait until requests under way are answered, `seconds` at most, and end the others."""
        running = set(self._running)
        if running:
            await asyncio.wait(running, timeout=seconds)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def keep(self, task: asyncio.Task[Any]) -> None:
        """Count a task among the requests under way."""
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def say(self, ear: Ear, message: Message, *, replace: bool = False) -> None:
        """Tell one person something, trying again for a while if Slack is busy."""
        for pause in (*self._pauses, None):
            try:
                await self._voice.whisper(ear, message, replace=replace)
            except SlackDown as down:
                if pause is None:
                    log.warning("answer.lost", why=str(down))
                    return
                await asyncio.sleep(max(pause, down.retry_after or 0))
            except NotShown as refusal:
                log.warning("answer.lost", why=str(refusal))
                return
            else:
                return

    @asynccontextmanager
    async def clicked(self, ack: AsyncAck, ear: Ear, what: str) -> AsyncIterator[Tell]:
        """Answer a click, whose acknowledgement can say nothing."""

        async def tell(message: Message) -> None:
            if ack.response is None:
                await ack()
            await self.say(ear, message)

        async with self.answering(what, tell):
            yield tell

    @asynccontextmanager
    async def answering(self, what: str, tell: Tell) -> AsyncIterator[None]:
        """Keep a request among those under way, and tell of an error instead of raising it.

        After an error Bolt would drop even an acknowledgement that was given.
        """
        task = asyncio.current_task()
        if task is not None:
            self.keep(task)
        try:
            yield
        except Exception as exc:  # noqa: BLE001 - whatever it is, the person has to be told
            # without the exception's own words: a database's may repeat a row, and so a body
            trace = "".join(traceback.format_tb(exc.__traceback__))
            error, error_id = error_of(exc), new_error()
            with failing(error_id):
                log.error("request.failed", what=what, error=error, error_id=error_id, trace=trace)  # noqa: TRY400 - as above
                stored = not isinstance(exc, PoolTimeout)
                await tell(plain(FAILED.format(error_id)) if stored else NOT_STORED)
