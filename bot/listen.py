"""Ask Twilio for replies, where it cannot call us; where it can, for those that a lost call left.

Each process does so, one at a time: whose turn it is stands in the database. What is read is heard
once, so that reading it again costs little: a look begins well before the last one, and once a
minute all is read that may still be answered, as Twilio's list may show a message hours late.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import structlog

from bot.hearing import Hearing
from bot.store.looks import LATER, PAGING, Looks, Sender
from bot.store.replies import Reply
from commands.reply import CLOCKS
from twilio_core import Message, TwilioClient, TwilioError
from twilio_core.messages import is_messaging_service

OVERLAP = timedelta(minutes=10)
"""So much of what was read before is read again at each look between two that read all."""

MOST = 1_000
"""Messages read of one list in one look, from its end or from where the last look was cut."""

AT_ONCE = 5
"""Lists asked for at once."""

_PAGE = 100
"""Messages in one answer of a list that has replies only."""

_FORGET = timedelta(days=1)

_SECOND = timedelta(seconds=1)

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class _List:
    """One of Twilio's lists: of what was sent to a number of ours, or by a person, or of all."""

    to: str = field(default="", repr=False)
    from_: str = field(default="", repr=False)

    @property
    def size(self) -> int:
        return _PAGE if self.to or self.from_ else MOST


@dataclass(frozen=True)
class _Read:
    """How far a list was read.

    Attributes:
        at: when its end was read last.
        whole: when it was read last, or begun to be, from what waits longest.
        left: the oldest date that was read, where the list was cut: what is older comes next.
    """

    at: datetime
    whole: datetime
    left: datetime | None = None


@dataclass(frozen=True)
class _Span:
    """What is to be read of a list in one look.

    Attributes:
        of: the list.
        since: the oldest date.
        until: the newest date; None: its end.
        whole: whether `since` is the date of what waits longest.
    """

    of: _List
    since: datetime
    until: datetime | None = None
    whole: bool = True


@dataclass
class _Found:
    """What was read of a span.

    Attributes:
        messages: the newest first.
        cut: the oldest date if there is more of it; None if all was read.
    """

    messages: list[Message] = field(default_factory=list)
    cut: datetime | None = None


class Listen:
    """Looks again and again while `run` runs."""

    def __init__(
        self, looks: Looks, hearing: Hearing, client: TwilioClient, *, most: int = MOST
    ) -> None:
        """Bind the parts; `most` messages are read of one list in one look."""
        self._most = most
        self._looks = looks
        self._hearing = hearing
        self._client = client
        self._good: dict[_List, _Read] = {}
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
        spans = list(self._due(at, senders))
        found = await asyncio.gather(*map(self._listed, spans))
        read = [(span, each) for span, each in zip(spans, found, strict=True) if each is not None]
        if await self._hear([message for _, each in read for message in each.messages], at):
            self._good = {k: v for k, v in self._good.items() if v.at > at - _FORGET}
            for span, each in read:
                self._note(span, each, at)

    def _note(self, span: _Span, found: _Found, at: datetime) -> None:
        """Remember how far a span was read; the one at a list's end comes before the one left."""
        last = self._good.get(span.of)
        if span.until is not None and last:
            # a later cut, of its end, is gone on from first: that leads here again
            if last.left is None or last.left <= span.until:
                self._good[span.of] = replace(last, left=found.cut)
        elif span.whole or last is None:
            self._good[span.of] = _Read(at, at, found.cut)
        else:
            # what is older than the last look was read by that
            missed = found.cut if found.cut and found.cut > last.at - CLOCKS else None
            self._good[span.of] = replace(last, at=at, left=missed or last.left)

    def _due(self, at: datetime, senders: Sequence[Sender]) -> Iterable[_Span]:
        """Give what to read; during a page others wait for a minute."""
        hurried = any(sender.paging for sender in senders)
        minute = at - timedelta(seconds=LATER - PAGING / 2)
        starts: dict[_List, datetime] = {}
        urgent: set[_List] = set()
        for sender in senders:
            for each in _lists(sender):
                since = sender.since - CLOCKS
                starts[each] = min(since, starts.get(each, since))
                if sender.paging and (each.to or each.from_ or not sender.people):
                    urgent.add(each)
        for each, since in starts.items():
            last = self._good.get(each)
            left = last.left if last and last.left and last.left >= since else None
            if last is None or (left is None and last.whole <= minute):
                yield _Span(each, since)
                continue
            if each in urgent or not hurried or last.at <= minute:
                yield _Span(each, max(since, last.at - OVERLAP), whole=False)
            if left is not None:
                yield _Span(each, since, left)

    async def _listed(self, span: _Span) -> _Found | None:
        """Read a list, the newest first; None if Twilio does not give it."""
        try:
            async with self._crowd:
                return await self._found(span)
        except TwilioError as error:
            log.warning("replies.unread", why=error.reason)
            return None

    async def _found(self, span: _Span) -> _Found:
        found, left = _Found(), self._most
        async for message in self._client.list_messages(
            to=span.of.to,
            from_=span.of.from_,
            date_sent_after=span.since,
            date_sent_before=span.until,
            page_size=span.of.size,
        ):
            date = _date(message, span.since)
            if date < span.since.replace(microsecond=0):
                break
            if message.direction == "inbound":
                found.messages.append(message)
            left -= 1
            if not left:
                log.info("replies.cut", messages=self._most)
                found.cut = date if date != span.until else date - _SECOND
                break
        return found

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
        # beside those paged there are who has it, who was given up and who says STOP
        return (*(_List(from_=person) for person in sender.people), _List())
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
