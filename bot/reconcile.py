"""Look at Twilio for messages in doubt: the `reconcile` job.

A request whose answer did not come may have been processed, so nothing is sent again blindly.
Twilio's list is looked at with growing pauses through a grace period. Who is found there is
accepted. Absence proves little: new messages were missing from the list for minutes in reports.
So after the grace a page that still waits for somebody is sent once more, unless a later step was
for them too; of anything else the sender is asked.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

import structlog

from bot.drain import Unfinished
from bot.gateway import found
from bot.store.doubts import NOT_LISTED, UNLISTED, Doubt, Doubts
from bot.store.outbox import Letter, Outbox
from bot.store.statuses import Statuses
from bot.timetable import Timetable
from commands.model import Kind
from commands.reply import SURE
from twilio_core import AccountRefused, Message, Rejected, TwilioClient, TwilioError
from twilio_core.messages import is_messaging_service

AT_ONCE = 5
"""Lists asked for at the same time: few, beside the messages that are being sent."""

STUBBORN = 600.0
"""Seconds after the grace for which a list that cannot be had is asked for."""

SOONEST = 1.0
"""Seconds between two looks for a send's doubts, at least: whatever is due, nothing spins."""

_PAGE = 20
_OLDER = 20
"""The list is read until so many in a row are older than the attempt: its order may be rough."""

_TRIAL = "Sent from your Twilio trial account - "

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class _Search:
    """One doubt, and the messages that may be it; None where the list could not be had.

    `refused` if asking for the list once more would not help.
    """

    doubt: Doubt
    candidates: tuple[Message, ...] | None = field(repr=False)
    refused: bool = False


class Reconcile:
    """Resolves doubts. Built once a process; `run` is the job."""

    def __init__(
        self,
        outbox: Outbox,
        doubts: Doubts,
        statuses: Statuses,
        client: TwilioClient,
        times: Timetable,
    ) -> None:
        self._outbox = outbox
        self._doubts = doubts
        self._statuses = statuses
        self._client = client
        self._times = times
        self._lists = asyncio.Semaphore(AT_ONCE)

    async def run(self, send_id: int, _worker: int = 0) -> Unfinished | None:
        """Look for those who are due; None once nobody is looked for any more."""
        letter = await self._outbox.letter(send_id)
        due = await self._doubts.due(send_id)
        if letter and due:
            await self._resolve(send_id, letter, due)
        wait = await self._doubts.next(send_id)
        return None if wait is None else Unfinished(max(wait, SOONEST))

    async def _resolve(self, send_id: int, letter: Letter, due: Sequence[Doubt]) -> None:
        grace = self._times.grace(letter.kind)
        if not grace:
            await self._end(send_id, letter, due, "")
            return
        searches = await asyncio.gather(*(self._search(letter, doubt) for doubt in due))
        missing = await self._adopt(searches)
        over = [s for s in missing if _ended(s, grace)]
        later = [s.doubt for s in missing if not _ended(s, grace)]
        listed = [s.doubt for s in over if s.candidates is not None]
        unlisted = [s.doubt for s in over if s.candidates is None]
        await self._end(send_id, letter, listed, NOT_LISTED)
        await self._end(send_id, letter, unlisted, UNLISTED)
        if later:
            pauses = [(d.delivery_id, self._times.next_doubt(d.age, grace)) for d in later]
            await self._doubts.later(pauses)

    async def _search(self, letter: Letter, doubt: Doubt) -> _Search:
        try:
            async with self._lists:
                return _Search(doubt, tuple([m async for m in self._candidates(letter, doubt)]))
        except TwilioError as error:
            log.warning("reconcile.unasked", delivery=doubt.delivery_id, why=error.reason)
            return _Search(doubt, None, refused=isinstance(error, Rejected | AccountRefused))

    async def _candidates(self, letter: Letter, doubt: Doubt) -> AsyncIterator[Message]:
        """Give the messages that the attempt in doubt may have made, newest first."""
        since = doubt.attempted - SURE  # the clocks may be apart; more would find others' messages
        service = is_messaging_service(letter.sender)
        older = 0
        async for message in self._client.list_messages(
            to=doubt.address, from_="" if service else letter.sender, page_size=_PAGE
        ):
            if message.date_created is None or message.date_created < since:
                older += 1
                if older >= _OLDER:
                    return
                continue
            older = 0
            ours = not service or message.messaging_service_sid == letter.sender
            if ours and message.direction != "inbound" and _same(letter.body, message.body):
                yield message

    async def _adopt(self, searches: Sequence[_Search]) -> list[_Search]:
        """Write down what was found, each message for one recipient; give who was not found."""
        sids = {m.sid for s in searches for m in s.candidates or ()}
        taken = set(await self._doubts.known(sids)) if sids else set()
        reports, missing = [], []
        for search in searches:
            left = [m for m in search.candidates or () if m.sid not in taken]
            match = _nearest(search.doubt, left)
            if match is None:
                missing.append(search)
                continue
            taken.add(match.sid)
            report = found(search.doubt.delivery_id, match)
            # of this attempt: meanwhile another look may have had the row sent to again
            reports.append(replace(report, attempt=search.doubt.attempt))
        if reports:
            await self._statuses.apply(reports)
            log.info("reconcile.found", count=len(reports))
        return missing

    async def _end(self, send_id: int, letter: Letter, over: Sequence[Doubt], tried: str) -> None:
        """The grace is over: a page goes out once more, of anything else the sender is asked."""
        urgent = letter.kind is Kind.PAGE and not letter.over
        again = [d.delivery_id for d in over if urgent and not d.resent]
        if again:
            await self._doubts.resend(send_id, again, self._times.first_look(), tried)
        if left := [d.delivery_id for d in over if not urgent or d.resent]:
            await self._doubts.give_up(left, tried)


def _ended(search: _Search, grace: float) -> bool:
    """Tell whether the looking is over: after the grace, once a look has had an answer."""
    answered = search.candidates is not None or search.refused
    return search.doubt.age >= grace + (0.0 if answered else STUBBORN)


def _nearest(doubt: Doubt, candidates: Sequence[Message]) -> Message | None:
    """Give the message whose date is nearest to the attempt: others belong to others.

    Of two as near the older one, as the later one belongs to a later attempt.
    """

    def apart(message: Message) -> timedelta:
        return abs((message.date_created or doubt.attempted) - doubt.attempted)

    return min(reversed(candidates), key=apart, default=None)


def _same(ours: str, theirs: str) -> bool:
    """Tell whether Twilio's text is ours; a trial account's has a sentence before it."""
    return theirs.strip() in {ours.strip(), (_TRIAL + ours).strip()}
