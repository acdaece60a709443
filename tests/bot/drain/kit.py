"""A ledger, an account and drains between them."""

import asyncio
import math
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any, LiteralString, TypeVar

from bot.drain import Drain, Unfinished
from bot.gateway import Gateway
from bot.jobs import Jobs
from bot.lease import Lease
from bot.limits import Limits
from bot.metrics import Metrics
from bot.pace import Pace
from bot.slots import Slots
from bot.store.database import Pool
from bot.store.ledger import PostgresLedger
from bot.store.outbox import Claim, Letter, Outbox, Settled
from commands.model import Actor, Committed, NewSend, Recipient
from tests.eyes import change
from twilio_core import TwilioClient
from twilio_core.testing import FakeTwilio

Box = TypeVar("Box", bound=Outbox)

NUMBERS = [f"+1617555{n:04}" for n in range(10_000)]


@dataclass
class World:
    """A ledger, an account, and drains between them as processes would build them."""

    url: str
    pool: Pool
    jobs: Jobs
    ledger: PostgresLedger
    twilio: FakeTwilio
    client: TwilioClient
    slots: Slots = field(default_factory=lambda: Slots(50))
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    lease: Lease = field(default_factory=lambda: Lease(math.inf))
    status_url: str = ""
    pace: Pace | None = None

    def drain(self, outbox: Outbox | None = None) -> Drain:
        """Build the drain of a process, which has a pace of its own unless one is set."""
        pace = self.pace or Pace(self.slots, self.pool)
        limits = Limits(self.slots, pace, self.lease, self.stopping)
        gateway = Gateway(self.client, Metrics(), pace, self.status_url)
        return Drain(outbox or self.outbox(), gateway, limits)

    def outbox(self, kind: type[Box] = Outbox) -> Box:  # type: ignore[assignment] # the bound itself
        """Build the busy side of the ledger, of this kind."""
        return kind(self.pool, self.jobs)

    async def sent(self, count: int, key: str = "cmd:1", **changes: object) -> int:
        """Commit a send to the first `count` numbers and give its number."""
        actor = Actor("U0ALICE", "C0ONCALL")
        people = tuple(map(Recipient, NUMBERS[:count]))
        values: dict[str, Any] = {
            "body": "Water in the lab",
            "recipients": people,
            "sender": "+15005550006",
            "rule": "rule",
            **changes,
        }
        committed = await self.ledger.commit(NewSend(key, actor, **values))
        assert isinstance(committed, Committed)
        return committed.send_id

    async def rows(self, sql: LiteralString, *params: object) -> Sequence[tuple[Any, ...]]:
        """Ask the database."""
        return await change(self.url, sql, params)

    async def change(self, sql: LiteralString, *params: object) -> None:
        """Change the database behind everybody's back."""
        await change(self.url, sql, params)

    async def worker(self) -> int:
        """Register a worker that stays alive, however slow the machine is."""
        [(number,)] = await self.rows(
            "INSERT INTO procrastinate_workers (last_heartbeat) VALUES ('infinity') RETURNING id"
        )
        return int(number)

    async def states(self) -> dict[str, int]:
        """Count the recipients in each state."""
        return dict(await self.rows("SELECT state, count(*) FROM delivery GROUP BY 1"))

    def asked(self) -> Counter[str]:
        """Count how often Twilio was asked to send to each number."""
        return Counter(post.form["To"][0] for post in self.twilio.posts)

    async def attempts(self) -> set[int]:
        """How often recipients were claimed."""
        return {number for (number,) in await self.rows("SELECT DISTINCT attempt FROM delivery")}

    async def take_over(self, send_id: int) -> None:
        """Let every worker so far be silent, and another process drain the send to its end."""
        await self.change("UPDATE procrastinate_workers SET last_heartbeat = '-infinity'")
        slots = Slots(50)
        limits = Limits(slots, Pace(slots, self.pool), Lease(math.inf), asyncio.Event())
        gateway = Gateway(self.client, Metrics(), limits.pace)
        await self.drained(Drain(Outbox(self.pool, self.jobs), gateway, limits), send_id)

    async def run(self, drain: Drain, send_id: int, owner: int) -> Unfinished | None:
        """Drain once; fail if that does not end within a generous time."""
        return await asyncio.wait_for(drain.run(send_id, owner), 20)

    async def drained(self, drain: Drain, send_id: int) -> None:
        """Drain again and again until nobody is left, as the jobs do."""
        async with asyncio.timeout(60):
            while left := await drain.run(send_id, await self.worker()):  # noqa: ASYNC110
                await asyncio.sleep(left.after)


class Watched(Outbox):
    """A ledger with something before and after every exchange that may claim."""

    async def before(self, want: int) -> int:
        """Give how many are asked for."""
        return want

    async def after(self, claims: Sequence[Claim]) -> None:
        """Learn what was claimed, before the drain does."""

    async def begin(
        self,
        send_id: int,
        owners: Collection[int],
        held: Collection[tuple[int, int]],
        owner: int = 0,
        want: int = 0,
    ) -> tuple[Letter, list[Claim]] | None:
        want = await self.before(want)
        begun = await super().begin(send_id, owners, held, owner, want)
        if begun is not None:
            await self.after(begun[1])
        return begun

    async def turn(
        self, send_id: int, owner: int, answers: Sequence[Settled], want: int
    ) -> list[Claim]:
        want = await self.before(want)
        claims = await super().turn(send_id, owner, answers, want)
        await self.after(claims)
        return claims


class Generous(Watched):
    """A ledger that gives three recipients more than are asked for: they wait for a slot."""

    async def before(self, want: int) -> int:
        return want + 3 if want else 0
