"""Empty the queue of one send: claim, post to Twilio, record, until nobody is left.

One drain serves one send and as many recipients at once as it has slots. Several drains, in this
process or others, may serve the same send: the ledger gives each recipient to one of them.

No answer is lost to a database that is out of reach: posts under way are waited for, and what
cannot be recorded is kept until it can be.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

import structlog

from bot.gateway import Gateway, Verdict, in_doubt
from bot.slots import Slots
from bot.store.outbox import Claim, Letter, Outbox, Settled

ELSEWHERE = 1.0
"""Seconds until a job that found its send being drained in its own process is offered again."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Unfinished:
    """Recipients are still queued; the send must be drained again in `after` seconds."""

    after: float


@dataclass
class _Memory:
    """What this process knows of its own claims, and the ledger does not.

    Attributes:
        owners: the workers that this process has been.
        held: claims, as delivery and attempt, whose answers are not recorded yet.
        unrecorded: answers that the ledger did not take, each with the worker that claimed it.
        running: the sends that are being drained here.
    """

    owners: set[int] = field(default_factory=set)
    held: set[tuple[int, int]] = field(default_factory=set)
    unrecorded: list[tuple[int, Settled]] = field(default_factory=list)
    running: set[int] = field(default_factory=set)


@dataclass(frozen=True)
class _Tools:
    """What every round of a process works with."""

    outbox: Outbox
    gateway: Gateway
    slots: Slots
    stopping: asyncio.Event
    memory: _Memory = field(default_factory=_Memory)


class Drain:
    """Sends what a send has queued. Built once a process; `run` is the job."""

    def __init__(
        self, outbox: Outbox, gateway: Gateway, slots: Slots, stopping: asyncio.Event
    ) -> None:
        self._tools = _Tools(outbox, gateway, slots, stopping)

    async def run(self, send_id: int, owner: int) -> Unfinished | None:
        """Send to everybody who is queued; None when nobody is left.

        Returns `Unfinished` when the process is stopping, somebody has to wait before the next
        attempt, or this process drains the send already: another one may want to help.
        """
        running = self._tools.memory.running
        if send_id in running:
            return Unfinished(ELSEWHERE)
        running.add(send_id)
        try:
            return await self._run(send_id, owner)
        finally:
            running.discard(send_id)

    async def _run(self, send_id: int, owner: int) -> Unfinished | None:
        outbox, memory = self._tools.outbox, self._tools.memory
        memory.owners.add(owner)
        await self._catch_up()
        letter = await outbox.begin(send_id, memory.owners, memory.held)
        if letter is None:
            return None
        with self._tools.slots.sharing():
            await _Round(self._tools, send_id, owner, letter).run()
        wait = await outbox.end(send_id)
        return None if wait is None else Unfinished(max(wait, 0.0))

    async def _catch_up(self) -> None:
        """Record the answers that an earlier run could not."""
        memory = self._tools.memory
        while memory.unrecorded:
            owner, answer = memory.unrecorded.pop()
            try:
                await self._tools.outbox.record(owner, [answer])
            except BaseException:
                memory.unrecorded.append((owner, answer))
                raise
            memory.held.discard((answer.delivery_id, answer.attempt))


class _Round:
    """The state of one `Drain.run`."""

    def __init__(self, tools: _Tools, send_id: int, owner: int, letter: Letter) -> None:
        self._tools = tools
        self._send_id = send_id
        self._owner = owner
        self._letter = letter
        self._posts: set[asyncio.Task[Verdict]] = set()
        self._answers: deque[Settled] = deque()
        self._halted: Verdict | None = None
        self._answered = asyncio.Event()
        self._due: float | None = None

    async def run(self) -> None:
        try:
            while await self._turn():
                pass
        except Exception:
            # the database, most likely: what is under way still gets Twilio's answer
            if self._posts:
                await asyncio.wait(self._posts)
            raise
        finally:
            # cancelled at the end of the grace period: what is under way is in doubt
            for post in self._posts:
                post.cancel()
            await asyncio.gather(*self._posts, return_exceptions=True)
            await self._record_the_last()

    async def _turn(self) -> bool:
        changed = self._tools.slots.change()
        want = (
            0
            if self._halted or self._tools.stopping.is_set()
            else self._tools.slots.room(len(self._posts))
        )
        claims = await self._exchange(want)
        for claim in claims:
            self._start(claim)
        if self._halted:
            await self._halt(self._halted)
        if not self._posts and not self._answers:
            # nothing under way: go on only if the want of slots, not of rows, held us back
            if want or self._halted or self._tools.stopping.is_set():
                return False
            await changed.wait()
            return True
        await self._wait(changed if want == 0 or len(claims) == want else None)
        return True

    async def _wait(self, changed: asyncio.Event | None) -> None:
        """Wait for an answer, for a recipient's pause to end, or for room if it is wanted."""
        if self._answers:
            return
        self._answered.clear()
        waits = [asyncio.ensure_future(self._answered.wait())]
        if changed:
            waits.append(asyncio.ensure_future(changed.wait()))
        pause = None if changed or self._due is None else max(0.0, self._due - _now())
        try:
            await asyncio.wait(waits, timeout=pause, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    async def _exchange(self, want: int) -> Sequence[Claim]:
        """Record the answers and claim up to `want` recipients, whose slots are taken then."""
        answers = self._take_answers()
        if not answers and not want:
            return ()
        if want and self._due is not None and self._due <= _now():
            self._due = None
        self._tools.slots.take(want)
        claims: Sequence[Claim] = ()
        try:
            claims = await self._tools.outbox.turn(self._send_id, self._owner, answers, want)
            self._tools.memory.held.update((c.delivery_id, c.attempt) for c in claims)
        except BaseException:
            self._answers.extendleft(reversed(answers))
            raise
        finally:
            if spare := want - len(claims):
                self._tools.slots.give_back(spare)
        self._recorded(answers)
        return claims

    def _recorded(self, answers: Sequence[Settled]) -> None:
        again = [_now() + each.pause for each in answers if each.pause is not None]
        self._due = min([*again, *([] if self._due is None else [self._due])], default=None)
        self._tools.memory.held.difference_update((a.delivery_id, a.attempt) for a in answers)

    def _take_answers(self) -> list[Settled]:
        answers = list(self._answers)
        self._answers.clear()
        return answers

    async def _record_the_last(self) -> None:
        if not (answers := self._take_answers()):
            return
        try:
            await self._tools.outbox.record(self._owner, answers)
        except BaseException as exc:
            self._tools.memory.unrecorded += [(self._owner, answer) for answer in answers]
            log.warning("answers.kept", count=len(answers), why=type(exc).__name__)
            if not isinstance(exc, Exception):
                raise
        else:
            self._recorded(answers)

    def _start(self, claim: Claim) -> None:
        post = asyncio.create_task(self._tools.gateway.send(self._letter, claim))
        self._posts.add(post)
        # a callback and no `finally`: a task that is cancelled before its first step runs none
        post.add_done_callback(partial(self._ended, claim))

    def _ended(self, claim: Claim, post: asyncio.Task[Verdict]) -> None:
        verdict = self._verdict(claim, post)
        self._posts.discard(post)
        self._tools.slots.answered(throttled=verdict.throttled)
        self._tools.slots.give_back()
        if verdict.halts:
            self._halted = verdict
        self._answers.append(verdict.settled)
        self._answered.set()

    def _verdict(self, claim: Claim, post: asyncio.Task[Verdict]) -> Verdict:
        """Interrupted or broken, the row must not stay `sending`."""
        if post.cancelled():
            return Verdict(in_doubt(claim))
        if broken := post.exception():
            log.error("post.broke", send=self._send_id, exc_info=broken)
            return Verdict(in_doubt(claim, f"the bot failed ({type(broken).__name__})"))
        return post.result()

    async def _halt(self, verdict: Verdict) -> None:
        refused = verdict.settled
        await self._tools.outbox.halt(
            self._send_id,
            refused.code,
            refused.error_code,
            f"not sent, because the account was refused: {refused.reason}",
        )


def _now() -> float:
    return asyncio.get_running_loop().time()
