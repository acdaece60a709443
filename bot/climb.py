"""Climb the ladder of a page: the `page` job.

Whatever may change what a page does next defers one: it is opened, a step is due, a message of its
has failed. The job looks at the page as it stands and does what `commands.ladder` says, so that
running one twice, or for nothing, is harmless. Timers are jobs too, and their moment is in the
page's row: one that came while everything was down is found at the next start.
"""

import structlog

from bot.core import Core
from bot.drain import Unfinished
from bot.store.pagesteps import PageSteps, Standing
from commands.ladder import End, Fire, next_move
from commands.page import Reached, whom
from commands.pagetext import page_text

LOOKUP = 8.0
"""Seconds that a step's look-ups may take; who is not found by then is told in the card."""

AGAIN = 2.0
"""Seconds until a step is tried once more of which nobody could be looked up."""

GIVE_UP = 30.0
"""Seconds for which that is tried; then the next step fires."""

EXHAUSTED = "Nobody has acknowledged page #{page} (code {code}), and nobody else is paged: {body}"
ALONE = (
    "Page #{page} (code {code}) has reached nobody so far: no message got through, or there was "
    "nobody to page. It is tried again when the next step is due. {body}"
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
                if not await self._fire(page, move):
                    return Unfinished(AGAIN)
                continue
            if isinstance(move, End):
                await self._steps.exhaust(page, _said(EXHAUSTED, page))
            elif move.alone:
                await self._steps.alone(page, _said(ALONE, page))
            break
        return None

    async def _fire(self, page: Standing, move: Fire) -> bool:
        """Fire a step; False if it is to be tried again, as nobody could be looked up."""
        reached = await self._whom(page, move)
        if not reached.recipients and reached.unanswered and page.left > -GIVE_UP:
            log.warning("page.unanswered", page=page.page_id, step=move.index)
            await self._steps.hasten(page.page_id, move.index)
            return False
        text = page_text(page.body, page.code, page.ladder.link)
        if await self._steps.fire(page, move.index, move.rung, reached, text):
            log.info(
                "page.step",
                page=page.page_id,
                step=move.index,
                recipients=len(reached.recipients),
                missed=len(reached.missed),
            )
        return True

    async def _whom(self, page: Standing, move: Fire) -> Reached:
        services = await self._core.services(LOOKUP)
        return await whom(move.rung, page.channel, services.policy, services.directory)


def _said(words: str, page: Standing) -> str:
    return words.format(page=page.page_id, code=page.code, body=page.body)
