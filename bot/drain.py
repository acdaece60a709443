"""Empty the queue of one send: claim, post to Twilio, record, until nobody is left.

One drain serves one send and as many recipients at once as it has slots. Several drains, in this
process or others, may serve the same send: the ledger gives each recipient to one of them.

No answer is lost to a database that is out of reach: posts under way are waited for, and what
cannot be recorded is kept until it can be.
"""

import asyncio
from dataclasses import dataclass

from bot.gateway import Gateway
from bot.limits import Limits
from bot.round import Round, Tools
from bot.store.outbox import Outbox

ELSEWHERE = 1.0
"""Seconds until a job that found its send being drained in its own process is offered again."""


@dataclass(frozen=True)
class Unfinished:
    """There is more to do; the job must run again in `after` seconds."""

    after: float


class Drain:
    """Sends what a send has queued. Built once a process; `run` is the job."""

    def __init__(self, outbox: Outbox, gateway: Gateway, limits: Limits) -> None:
        self._tools = Tools(outbox, gateway, limits)

    async def urgent(self, send_id: int, owner: int) -> Unfinished | None:
        """Do as `run` for a page, which waits for no ordinary send."""
        return await self.run(send_id, owner, urgent=True)

    async def run(self, send_id: int, owner: int, *, urgent: bool = False) -> Unfinished | None:
        """Send to everybody who is queued; None when nobody is left.

        Returns `Unfinished` when the process is stopping or may be taken for dead, somebody has to
        wait before the next attempt, or this process drains the send already: another one may
        want to help.
        """
        running = self._tools.memory.running
        if send_id in running:
            return Unfinished(ELSEWHERE)
        running.add(send_id)
        try:
            if not await self._alive():
                return Unfinished(ELSEWHERE)
            return await self._run(send_id, owner, urgent=urgent)
        finally:
            running.discard(send_id)

    async def _alive(self) -> bool:
        """Give a process that has only just begun the time for its first sign of life."""
        try:
            async with asyncio.timeout(ELSEWHERE):
                await self._tools.limits.lease.wait()
        except TimeoutError:
            return False
        return True

    async def _run(self, send_id: int, owner: int, *, urgent: bool) -> Unfinished | None:
        outbox, memory, limits = self._tools.outbox, self._tools.memory, self._tools.limits
        memory.owners.add(owner)
        await self._catch_up()
        with limits.slots.sharing(urgent=urgent):
            begun = await Round.begin(self._tools, send_id, owner, urgent=urgent)
            if begun is None:
                return None
            await begun.run()
        wait = await outbox.end(send_id)
        return None if wait is None else Unfinished(max(wait, limits.pace.paused, 0.0))

    async def _catch_up(self) -> None:
        """Record the answers that an earlier run could not."""
        memory = self._tools.memory
        while memory.unrecorded:
            send_id, owner, answer = memory.unrecorded.pop()
            try:
                await self._tools.outbox.record(send_id, owner, [answer])
            except BaseException:
                memory.unrecorded.append((send_id, owner, answer))
                raise
            memory.held.discard((answer.delivery_id, answer.attempt))
