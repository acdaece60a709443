"""A ledger, an account and drains between them."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, LiteralString

import psycopg

from bot.drain import Drain
from bot.gateway import Gateway
from bot.metrics import Metrics
from bot.slots import Slots
from bot.store.database import Pool
from bot.store.ledger import PostgresLedger
from bot.store.outbox import Outbox
from commands.model import Actor, NewSend, Recipient
from twilio_core import TwilioClient
from twilio_core.testing import FakeTwilio

NUMBERS = [f"+1617555{n:04}" for n in range(10_000)]


@dataclass
class World:
    """A ledger, an account, and drains between them as processes would build them."""

    url: str
    pool: Pool
    ledger: PostgresLedger
    twilio: FakeTwilio
    client: TwilioClient
    slots: Slots = field(default_factory=lambda: Slots(50))
    stopping: asyncio.Event = field(default_factory=asyncio.Event)

    def drain(self, outbox: Outbox | None = None) -> Drain:
        """Build the drain of a process."""
        gateway = Gateway(self.client, Metrics())
        return Drain(outbox or Outbox(self.pool), gateway, self.slots, self.stopping)

    async def sent(self, count: int, key: str = "cmd:1") -> int:
        """Commit a send to the first `count` numbers and give its number."""
        actor = Actor("U0ALICE", "C0ONCALL")
        people = tuple(map(Recipient, NUMBERS[:count]))
        new = NewSend(key, actor, "Water in the lab", people, "+15005550006", "rule")
        committed = await self.ledger.commit(new)
        return int(committed.send_id)  # type: ignore[union-attr]

    async def rows(self, sql: LiteralString) -> Sequence[tuple[Any, ...]]:
        """Ask the database."""
        async with await psycopg.AsyncConnection.connect(self.url, autocommit=True) as conn:
            cursor = await conn.execute(sql)
            found: Sequence[tuple[Any, ...]] = await cursor.fetchall()
            return found

    async def worker(self) -> int:
        """Register a worker that is alive."""
        [(number,)] = await self.rows(
            "INSERT INTO procrastinate_workers DEFAULT VALUES RETURNING id"
        )
        return int(number)

    async def states(self) -> dict[str, int]:
        """Count the recipients in each state."""
        return dict(await self.rows("SELECT state, count(*) FROM delivery GROUP BY 1"))

    def asked(self) -> Counter[str]:
        """Count how often Twilio was asked to send to each number."""
        return Counter(post.form["To"][0] for post in self.twilio.posts)
