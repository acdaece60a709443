"""Ask Twilio for replies, where it cannot call us; where it can, for those that a lost call left.

Each process does so, one at a time: whose turn it is stands in the database. What is read is heard
once, so that reading it again costs nothing, and a look begins well before the last one.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from bot.hearing import Hearing
from bot.store.looks import LATER, PAGING, Looks, Sender
from bot.store.replies import Reply
from commands.reply import CLOCKS
from twilio_core import Message, TwilioClient, TwilioError
from twilio_core.messages import is_messaging_service

OVERLAP = timedelta(minutes=10)
"""So much of what was read before is read again: Twilio's list may show a message late."""

MOST = 1_000
"""Messages read of one list in one look."""

AT_ONCE = 5
"""Lists asked for at once."""

_PAGE = 100
"""Messages in one answer of a list that has replies only."""

_FORGET = timedelta(days=1)

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class _List:
    """One of Twilio's lists: of what was sent to a number of ours, or by a person, or of all."""

    to: str = field(default="", repr=False)
    from_: str = field(default="", repr=False)

    @property
    def size(self) -> int:
        return _PAGE if self.to or self.from_ else MOST


class Listen:
    """Looks again and again while `run` runs."""

    def __init__(self, looks: Looks, hearing: Hearing, client: TwilioClient) -> None:
        self._looks = looks
        self._hearing = hearing
        self._client = client
        self._good: dict[_List, datetime] = {}
        self._crowd = asyncio.Semaphore(AT_ONCE)

    async def run(self) -> None:
        """Look until cancelled, whatever Twilio and the database do."""
        while True:
            pause = await self.look()
            await asyncio.sleep(pause)

    async def look(self) -> float:
        """Look if it is this process's turn; give the seconds until it may be again."""
        try:
            turn = await self._looks.turn()
            if turn.at is not None:
                await self._read(turn.at, await self._looks.senders())
        except Exception as exc:  # noqa: BLE001 - the next look may well succeed
            log.warning("replies.unheard", why=type(exc).__name__)
            return PAGING
        # a page that begins meanwhile is not left waiting for the end of a longer pause
        return PAGING if turn.wait is None else min(max(turn.wait, 0.1), PAGING)

    async def _read(self, at: datetime, senders: Sequence[Sender]) -> None:
        due: dict[_List, datetime] = {}
        for each, since in self._due(at, senders):
            due[each] = min(since, due.get(each, since))
        found = await asyncio.gather(*(self._listed(*each) for each in due.items()))
        read = [messages for messages in found if messages is not None]
        if await self._hear([message for messages in read for message in messages], at):
            good = [each for each, messages in zip(due, found, strict=True) if messages is not None]
            self._good = {k: v for k, v in self._good.items() if v > at - _FORGET}
            self._good |= dict.fromkeys(good, at)

    def _due(self, at: datetime, senders: Sequence[Sender]) -> Iterable[tuple[_List, datetime]]:
        """Give the lists to read, and since when each; during a page others wait for a minute."""
        hurried = any(sender.paging for sender in senders)
        minute = at - timedelta(seconds=LATER - PAGING / 2)
        for sender in senders:
            for each in _lists(sender):
                last = self._good.get(each)
                since = sender.since - CLOCKS
                if last is None:
                    yield each, since
                elif sender.paging or not hurried or last <= minute:
                    yield each, max(since, last - OVERLAP)

    async def _listed(self, each: _List, since: datetime) -> list[Message] | None:
        """Read a list, the newest first; None if Twilio does not give it."""
        try:
            async with self._crowd:
                return [m async for m in self._since(each, since) if m.direction == "inbound"]
        except TwilioError as error:
            log.warning("replies.unread", why=error.reason)
            return None

    async def _since(self, each: _List, since: datetime) -> AsyncIterator[Message]:
        left = MOST
        async for message in self._client.list_messages(
            to=each.to, from_=each.from_, date_sent_after=since, page_size=each.size
        ):
            left -= 1
            if _date(message, since) < since.replace(microsecond=0):
                return
            yield message
            if not left:
                log.warning("replies.cut", messages=MOST)
                return

    async def _hear(self, messages: Sequence[Message], at: datetime) -> bool:
        """Hear what was not heard, the oldest first; tell whether all of it was written down."""
        found = {message.sid: message for message in reversed(messages)}
        new = await self._hearing.new(list(found)) if found else set()
        whole = True
        for message in sorted(found.values(), key=lambda each: _date(each, at)):
            if message.sid in new:
                whole &= await self._heard(message, at)
        return whole

    async def _heard(self, message: Message, at: datetime) -> bool:
        try:
            await self._hearing.hear(_reply(message, at))
        except Exception as exc:  # noqa: BLE001 - the others may well be heard
            log.warning("reply.unheard", why=type(exc).__name__)
            return False
        return True


def _lists(sender: Sender) -> tuple[_List, ...]:
    """Give the lists that have the replies to a sender; none where nobody can reply."""
    if is_messaging_service(sender.name):
        return tuple(_List(from_=person) for person in sender.people) or (_List(),)
    answerable = ":" in sender.name or sender.name.removeprefix("+").isdigit()
    return (_List(to=sender.name),) if answerable else ()


def _date(message: Message, otherwise: datetime) -> datetime:
    return message.date_sent or message.date_created or otherwise


def _reply(message: Message, at: datetime) -> Reply:
    return Reply(
        message.sid,
        message.from_,
        message.to,
        message.body,
        _date(message, at),
        message.messaging_service_sid,
    )
