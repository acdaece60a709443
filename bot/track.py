"""Ask Twilio what became of messages on their way: the `track` job.

It is how delivery is followed where Twilio cannot call us (no PUBLIC_URL), and catches what a lost
callback left behind where it can. One look is for a whole send, so that a thousand messages cost a
few requests: Twilio's list of the sender, up to 1,000 an answer. A handful is asked for one by one.
"""

import asyncio
from collections.abc import AsyncIterator

import structlog

from bot.drain import Unfinished
from bot.gateway import looked_up
from bot.store.journeys import Itinerary, Journeys
from bot.store.statuses import Report, Statuses
from bot.timetable import Timetable
from commands.model import FINAL, DeliveryState
from commands.reply import CLOCKS
from commands.settle import STATUSES
from twilio_core import Message, Rejected, TwilioClient, TwilioError
from twilio_core.messages import is_messaging_service

AT_ONCE = 5
"""Looks at Twilio at the same time, of whichever sends: few, beside the messages that are being
sent. Each has one connection at a time."""

HANDFUL = 5
"""Messages up to which each is asked for by itself."""

ONE_BY_ONE = 50
"""Messages that a look asks for by themselves at most, if the list does not show them."""

_MOST = 1_000
_LEAST = 50
_OLDER = 50
"""The list is read until so many in a row are older than the send: its order may be rough."""

_FOREIGN = 20
"""And no further than this many times the messages that are looked for, plus one page: an account
may be busy with others."""

log = structlog.get_logger(__name__)


class Track:
    """Follows messages. Built once a process; `run` is the job."""

    def __init__(
        self, itinerary: Itinerary, statuses: Statuses, client: TwilioClient, times: Timetable
    ) -> None:
        self._itinerary = itinerary
        self._statuses = statuses
        self._client = client
        self._times = times
        self._crowd = asyncio.Semaphore(AT_ONCE)

    async def run(self, send_id: int, _worker: int = 0) -> Unfinished | None:
        """Look once; None when nothing of the send is on its way, or is followed any longer."""
        found = await self._itinerary.journeys(send_id, self._times.follow())
        if found is None:
            return None
        # who is yet to be sent to is looked at soon, however long ago the others were
        pause = self._times.next_look(0.0 if found.waiting else found.age)
        if pause is None or found.over or (await self._ended(found) and not found.waiting):
            await self._itinerary.look_at(send_id, None)
            return None
        await self._itinerary.look_at(send_id, pause)
        return Unfinished(pause)

    async def _ended(self, found: Journeys) -> bool:
        """Ask about each message; tell whether all have come to their end."""
        if not found.open:
            return True
        reports: dict[str, Report] = {}
        try:
            async with self._crowd:
                async for message in self._messages(found):
                    if _news(message):
                        reports[message.sid] = looked_up(found.open[message.sid], message)
        except TwilioError as error:
            log.warning("track.unasked", why=error.reason)
        told = list(reports.values())
        for start in range(0, len(told), _MOST):
            await self._statuses.apply(told[start : start + _MOST])
        final = sum(STATUSES[report.status.lower()] in FINAL for report in reports.values())
        return final == len(found.open)

    async def _messages(self, found: Journeys) -> AsyncIterator[Message]:
        missing = set(found.open)
        if len(missing) > HANDFUL:
            async for message in self._listed(found):
                if message.sid in missing:
                    missing.discard(message.sid)
                    yield message
                if not missing:
                    return
        gone = 0
        for sid in list(missing)[:ONE_BY_ONE]:
            try:
                yield await self._client.fetch(sid)
            except Rejected:  # no such message any more; others may well be there
                gone += 1
        if gone:
            log.warning("track.gone", count=gone)

    async def _listed(self, found: Journeys) -> AsyncIterator[Message]:
        """Give the sender's messages since the send, newest first, within reason.

        Without a date for Twilio to select by: it would leave out what failed before it was sent.
        """
        since = found.created - CLOCKS
        sender = "" if is_messaging_service(found.sender) else found.sender
        size = min(max(len(found.open), _LEAST), _MOST)
        left, older = _FOREIGN * len(found.open) + _MOST, 0
        async for message in self._client.list_messages(from_=sender, page_size=size):
            left -= 1
            if message.date_created is not None and message.date_created >= since:
                older = 0
                yield message
            else:
                older += 1
            if older >= _OLDER or not left:
                return


def _news(message: Message) -> bool:
    """Tell whether a message's status says more than that Twilio has it."""
    return STATUSES.get(message.status.lower(), DeliveryState.ACCEPTED) != DeliveryState.ACCEPTED
