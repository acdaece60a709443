"""One round of a drain: keep Twilio busy with one send's recipients, and the ledger informed.

Recipients are claimed a few ahead, so that the slot of an answer is taken again at once, and not
after the ledger was asked. Answers are recorded together, at most every `GATHER` seconds.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Self

import structlog

from bot.gateway import Gateway, Verdict, in_doubt, unposted
from bot.hand import Hand, Memory
from bot.limits import Limits
from bot.store.outbox import Claim, Letter, Outbox, Settled

GATHER = 0.01
"""Seconds between two exchanges with the ledger while no slot waits for one: each costs about a
millisecond of this process and a write to disk, for one answer or for twenty."""

AHEAD = 10
"""Of so many that may be under way, one is claimed ahead. Should the process die, those claimed
ahead were never posted, but nobody can know it: they are in doubt like those under way."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Tools:
    """What every round of a process works with."""

    outbox: Outbox
    gateway: Gateway
    limits: Limits
    memory: Memory = field(default_factory=Memory)


class Round:
    """The state of one `Drain.run`: `begin` it, then `run` it."""

    def __init__(
        self, tools: Tools, send_id: int, owner: int, letter: Letter, *, urgent: bool
    ) -> None:
        self._tools = tools
        self._limits = tools.limits
        self._send_id = send_id
        self._owner = owner
        self._letter = letter
        self._urgent = urgent
        self._hand = Hand()
        self._news = asyncio.Event()
        self._starved = asyncio.Event()

    @classmethod
    async def begin(
        cls, tools: Tools, send_id: int, owner: int, *, urgent: bool = False
    ) -> Self | None:
        """Put in order what others left of a send and claim the first recipients.

        None if the send is gone.
        """
        limits, memory = tools.limits, tools.memory
        room = limits.slots.room(0, urgent=urgent)
        epoch, want = limits.lease.epoch, 0 if limits.resting else room
        found = await tools.outbox.begin(send_id, memory.owners, memory.held, owner, want)
        if found is None:
            return None
        letter, claims = found
        begun = cls(tools, send_id, owner, letter, urgent=urgent)
        begun._claimed(claims, want, epoch)
        return begun

    async def run(self) -> None:
        """Post until nobody is left, or nothing new is to be begun."""
        hand = self._hand
        try:
            while await self._turn():
                pass
        except Exception:
            # the database, most likely: what is under way still gets Twilio's answer
            self._release()
            if hand.posts:
                await asyncio.wait(hand.posts)
            raise
        finally:
            self._release()
            # cancelled at the end of the grace period: what is under way is in doubt
            for post in hand.posts:
                post.cancel()
            await asyncio.gather(*hand.posts, return_exceptions=True)
            await self._record_the_last()

    @property
    def _held_back(self) -> bool:
        return self._hand.halted is not None or self._limits.resting

    async def _turn(self) -> bool:
        """Exchange with the ledger, start what there is room for, and wait for news."""
        hand = self._hand
        changed = self._limits.slots.change()
        if self._held_back:
            self._release()
        await self._exchange(self._want())
        self._fill()
        if hand.halted:
            await self._halt(hand.halted)
        if hand.ready and self._held_back:
            return True  # since a moment ago: they are given back first
        if not hand.empty:
            await self._wait(changed)
        elif self._held_back or hand.dry:
            return False
        elif not self._want():  # it is slots that are wanting, and others have them
            await changed.wait()
        return True

    def _want(self) -> int:
        """How many to claim: as many as there is room for, and a few ahead.

        Who is claimed ahead takes the slot of the next answer at once. Were he claimed only then,
        the slot would wait for the ledger. He would be in doubt, though, if this process died.
        """
        hand, limits = self._hand, self._limits
        if self._held_back:
            return 0
        if hand.dry and (hand.due is None or hand.due > _now()):
            return 0
        ahead = min(max(hand.started, hand.ahead), limits.slots.limit // AHEAD)
        return max(0, self._room + ahead - len(hand.ready))

    @property
    def _room(self) -> int:
        return self._limits.slots.room(len(self._hand.posts), urgent=self._urgent)

    async def _wait(self, changed: asyncio.Event) -> None:
        """Wait for an answer, for room or for a pause to end; then let answers gather."""
        hand = self._hand
        if not hand.answers and not self._want():
            self._news.clear()
            await _first(self._news, changed, until=self._awake())
        if hand.ready or hand.dry:
            self._starved.clear()
            await _first(self._starved, until=hand.exchanged + GATHER)

    def _awake(self) -> float | None:
        """When to look again, whatever happens until then; None for never.

        Whose pause is over already waits for room, not for the clock.
        """
        due, now, paused = self._hand.due, _now(), self._limits.pace.paused
        ends = [due if due is not None and due > now else None, now + paused if paused else None]
        return min((end for end in ends if end is not None), default=None)

    async def _exchange(self, want: int) -> None:
        """Record the answers and claim up to `want` recipients."""
        hand = self._hand
        answers = self._take_answers()
        if not answers and not want:
            return
        if want and hand.due is not None and hand.due <= _now():
            hand.due = None
        epoch = self._limits.lease.epoch
        try:
            claims = await self._tools.outbox.turn(self._send_id, self._owner, answers, want)
        except BaseException:
            hand.answers.extendleft(reversed(answers))
            raise
        self._claimed(claims, want, epoch)
        hand.ahead = max(hand.started, hand.ahead * 3 // 4)
        hand.started = 0
        self._recorded(answers)

    def _claimed(self, claims: Sequence[Claim], want: int, epoch: int) -> None:
        """Take in hand what the ledger gave for `want`, claimed under the lease's `epoch`."""
        hand = self._hand
        self._tools.memory.held.update((c.delivery_id, c.attempt) for c in claims)
        hand.ready.extend((claim, epoch) for claim in claims)
        hand.exchanged = _now()
        hand.dry = len(claims) < want if want else hand.dry

    def _recorded(self, answers: Sequence[Settled]) -> None:
        hand = self._hand
        again = [_now() + each.pause for each in answers if each.pause is not None]
        hand.due = min([*again, *([] if hand.due is None else [hand.due])], default=None)
        self._tools.memory.held.difference_update((a.delivery_id, a.attempt) for a in answers)

    def _take_answers(self) -> list[Settled]:
        answers = list(self._hand.answers)
        self._hand.answers.clear()
        return answers

    async def _record_the_last(self) -> None:
        if not (answers := self._take_answers()):
            return
        try:
            await self._tools.outbox.record(self._send_id, self._owner, answers)
        except BaseException as exc:
            kept = [(self._send_id, self._owner, answer) for answer in answers]
            self._tools.memory.unrecorded += kept
            log.warning("answers.kept", count=len(answers), why=type(exc).__name__)
            if not isinstance(exc, Exception):
                raise
        else:
            self._recorded(answers)

    def _fill(self) -> None:
        """Post to those claimed ahead, as far as there is room."""
        hand, limits = self._hand, self._limits
        while hand.ready and not self._held_back:
            if not self._room:
                return
            claim, epoch = hand.ready.popleft()
            if limits.lease.holds(epoch):
                limits.slots.take()
                hand.started += 1
                self._start(claim)
            else:  # others may have taken it over meanwhile
                hand.answers.append(unposted(claim))

    def _release(self) -> None:
        """Give back those who were claimed ahead and not posted to."""
        ready = self._hand.ready
        self._hand.answers.extend(unposted(claim) for claim, _ in ready)
        ready.clear()

    def _start(self, claim: Claim) -> None:
        post = asyncio.create_task(self._tools.gateway.send(self._letter, claim))
        self._hand.posts.add(post)
        # a callback and no `finally`: a task that is cancelled before its first step runs none
        post.add_done_callback(partial(self._ended, claim))

    def _ended(self, claim: Claim, post: asyncio.Task[Verdict]) -> None:
        hand = self._hand
        verdict = self._verdict(claim, post)
        hand.posts.discard(post)
        self._limits.slots.give_back()
        if verdict.halts:
            hand.halted = verdict
        hand.answers.append(verdict.settled)
        self._fill()
        self._news.set()
        if not hand.ready and not (hand.dry and hand.posts):
            self._starved.set()

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
        why = "there is no connection" if refused.code == "901" else "the account was refused"
        await self._tools.outbox.halt(
            self._send_id,
            refused.code,
            refused.error_code,
            f"not sent, because {why}: {refused.reason}",
        )


async def _first(*events: asyncio.Event, until: float | None) -> None:
    """Wait for the first of these events, and until then (by the loop's clock) at most.

    Others run in any case: what is waited for comes about through them.
    """
    rest = None if until is None else until - _now()
    if rest is not None and rest <= 0:
        await asyncio.sleep(0)
        return
    waits = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, timeout=rest, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()


def _now() -> float:
    return asyncio.get_running_loop().time()
