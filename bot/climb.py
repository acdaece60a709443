"""Climb the ladder of a page: the `page` job.

Whatever may change what a page does next defers one: it is opened, a step is due, a message of its
has failed. The job looks at the page as it stands and does what `commands.ladder` says, so that
running one twice, or for nothing, is harmless. Timers are jobs too, and their moment is in the
page's row: one that came while everything was down is found at the next start.
"""

from dataclasses import replace

import structlog

from bot.core import Core
from bot.drain import Unfinished
from bot.store.pagesteps import PageSteps, Standing
from commands.ladder import End, Fire, next_move
from commands.oncall import Rung
from commands.page import Reached, whom
from commands.pagetext import page_text

LOOKUP = 4.0
"""Seconds that a step's look-ups may take. Who is found is paged; others are looked up again."""

AGAIN = 2.0
"""Seconds until somebody who could not be looked up is looked up again."""

GIVE_UP = 30.0
"""Seconds for which that is done; then whoever the step paged in the round before is paged, or the
next step fires. Where there is neither, it goes on, more slowly, and the channel is told."""

SLOWLY = 10.0

EXHAUSTED = "Nobody has acknowledged page #{page} (code {code}), and nobody else is paged: {body}"
ALONE = (
    "Page #{page} (code {code}) has reached nobody so far: no message got through, or there was "
    "nobody to page. It is tried again, when the next step is due at the latest. {body}"
)

log = structlog.get_logger(__name__)


class Climb:
    """Fires the steps of pages. Built once a process; `run` is the job."""

    def __init__(self, steps: PageSteps, core: Core) -> None:
        self._steps = steps
        self._core = core

    async def run(self, page_id: int, _worker: int = 0) -> Unfinished | None:
        """Do what is due; None if that is nothing, or a later job's."""
        while page := await self._steps.standing(page_id):
            move = next_move(page.ladder, page.fired, page.left)
            if isinstance(move, Fire):
                if (wait := await self._fire(page, move)) is not None:
                    return Unfinished(wait)
                continue
            if isinstance(move, End):
                await self._steps.exhaust(page, _said(EXHAUSTED, page))
                break
            if move.alone:
                await self._steps.alone(page, _said(ALONE, page))
            return await self._complete(page)
        return None

    async def _fire(self, page: Standing, move: Fire) -> float | None:
        """Fire a step; if nobody could be looked up, give the seconds until that is tried again."""
        reached = await self._whom(page, move.rung)
        if reached.unanswered and not reached.recipients:
            log.warning("page.unanswered", page=page.page_id, step=move.index)
            if (page.unanswered or 0.0) < GIVE_UP:
                await self._steps.unanswered(page.page_id, move.index)
                return AGAIN
            size = len(page.ladder.rungs)
            before = await self._steps.step(page.page_id, move.index - size)
            if size == 1 and not before:
                await self._steps.alone(page, _said(ALONE, page))
                return SLOWLY
            reached = replace(reached, recipients=before)
        if await self._steps.fire(page, move.index, move.rung, reached, _text(page)):
            counts = {"recipients": len(reached.recipients), "missed": len(reached.missed)}
            log.info("page.step", page=page.page_id, step=move.index, **counts)
        return None

    async def _complete(self, page: Standing) -> Unfinished | None:
        """Page those of the last step who could not be looked up when it fired."""
        if page.unanswered is None or not page.fired:
            return None
        index = len(page.fired) - 1
        reached = await self._whom(page, page.ladder.rungs[index % len(page.ladder.rungs)])
        if page.unanswered >= GIVE_UP:
            reached = replace(reached, unanswered=False)
        await self._steps.complete(page, index, reached, _text(page))
        return Unfinished(AGAIN) if reached.unanswered else None

    async def _whom(self, page: Standing, rung: Rung) -> Reached:
        services = await self._core.services(LOOKUP, urgent=True)
        return await whom(rung, page.channel, services.policy, services.directory)


def _text(page: Standing) -> str:
    return page_text(page.body, page.code, page.ladder.link)


def _said(words: str, page: Standing) -> str:
    return words.format(page=page.page_id, code=page.code, body=page.body)
