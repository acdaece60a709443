"""The message in the channel that asks a second person: posted and kept true by jobs.

Whatever becomes of the question defers a job, and so does its end. A job reads how the question
stands and shows it, so that running one twice, or for nothing, is harmless.
"""

from datetime import UTC, datetime

import structlog

from bot.core import Core
from bot.drain import Unfinished
from bot.slack.message import Message
from bot.slack.views.question import answered, approval
from bot.slack.voice import Ear, NotMember, NotShown, SlackDown, Voice
from bot.store.questions import Place
from commands.outcome import Answered
from commands.preview import preview
from commands.question import OPEN, Question, Stage

_SOON = 60.0
"""Seconds before a question's end in which a job has come for that end: clocks differ."""

PAUSE = 5.0
"""Seconds before Slack is tried again, if it names none."""

log = structlog.get_logger(__name__)


class Asker:
    """Asks a second person."""

    def __init__(self, core: Core, voice: Voice) -> None:
        self._core = core
        self._voice = voice

    async def run(self, number: int, _worker: int = 0) -> Unfinished | None:
        """Show a question in its channel as it stands; `Unfinished` if Slack is out of reach."""
        try:
            shown = None
            while (question := await self._core.expired(number)) and question != shown:
                await self._show(question)  # and once more if it was answered meanwhile
                shown = question
        except SlackDown as down:
            return Unfinished(max(down.retry_after or 0.0, PAUSE))
        return _too_early(question) if question else None

    async def _show(self, question: Question) -> None:
        place = await self._core.questions.place(question.turn.question)
        if not place.ts and question.stage is not Stage.APPROVE:
            return
        message = await self._draw(question)
        digest = message.digest
        if digest == place.shown:
            return
        try:
            ts = await self._put(question, place, message)
        except (NotMember, NotShown) as refused:
            log.info("question.unasked", question=question.turn.question, why=str(refused))
            await self._unasked(question)
            return
        if question.stage not in OPEN and question.stage is not Stage.SENT:
            await self._tell(question)
        await self._core.questions.placed(question.turn.question, Place(ts, digest))

    async def _draw(self, question: Question) -> Message:
        new = question.new
        masked = self._core.masked(new.actor.channel)
        return approval(question, await preview(new, self._core.ledger), masked=masked)

    async def _put(self, question: Question, place: Place, message: Message) -> str:
        channel = question.new.actor.channel
        if not place.ts:
            return await self._voice.post(channel, message)
        await self._voice.update(channel, place.ts, message)
        return place.ts

    async def _unasked(self, question: Question) -> None:
        """Nobody can be asked, or shown what came of it: the sender is told alone."""
        if question.stage is Stage.APPROVE:
            ended = await self._core.unasked(question)
            if ended.stage is not Stage.CANCELED:  # somebody was faster
                return
            question = ended
        await self._tell(question)

    async def _tell(self, question: Question) -> None:
        new = question.new
        if question.decided_by == new.actor.user:
            return
        ear = Ear(new.actor.user, new.actor.channel, new.answer_url)
        try:
            await self._voice.whisper(ear, answered(Answered(question)))
        except NotShown as refused:  # no way is left: trying again would not find one
            log.warning("answer.lost", question=question.turn.question, why=str(refused))


def _too_early(question: Question) -> Unfinished | None:
    """Come back if this job was to see the question's end, by a clock that is ahead of ours."""
    left = (question.expires - datetime.now(UTC)).total_seconds()
    return Unfinished(left + 1) if question.stage in OPEN and left < _SOON else None
