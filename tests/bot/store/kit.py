"""A ledger on a fresh database, and the questions that tests ask it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, LiteralString

from bot.store.cards import Cards
from bot.store.database import Pool
from bot.store.ledger import PostgresLedger
from bot.store.outbox import Outbox
from commands.model import Actor, Committed, NewSend, Recipient


@dataclass
class Store:
    """Everything that reads and writes the ledger."""

    pool: Pool
    ledger: PostgresLedger
    outbox: Outbox
    cards: Cards

    async def rows(self, sql: LiteralString, *params: object) -> Sequence[tuple[Any, ...]]:
        """Ask the database."""
        async with self.pool.connection() as conn:
            cursor = await conn.execute(sql, params)
            found: Sequence[tuple[Any, ...]] = await cursor.fetchall()
            return found

    async def change(self, sql: LiteralString, *params: object) -> None:
        """Change the database behind everybody's back."""
        async with self.pool.connection() as conn:
            await conn.execute(sql, params)

    async def count(self, table: LiteralString) -> int:
        """Tell how many rows a table has."""
        [(number,)] = await self.rows(f"SELECT count(*) FROM {table}")  # noqa: S608 - ours
        return int(number)

    async def sent(self, count: int = 3, **changes: object) -> int:
        """Commit a send to `count` recipients and give its number."""
        committed = await self.ledger.commit(draft(count, **changes))
        assert isinstance(committed, Committed)
        return committed.send_id

    async def worker(self) -> int:
        """Register a worker that is alive."""
        [(number,)] = await self.rows(
            "INSERT INTO procrastinate_workers DEFAULT VALUES RETURNING id"
        )
        return int(number)

    async def silence(self, worker: int, seconds: float) -> None:
        """Let a worker's last heartbeat be so long ago."""
        await self.change(
            "UPDATE procrastinate_workers SET last_heartbeat = now() - make_interval(secs => %s)"
            " WHERE id = %s",
            seconds,
            worker,
        )

    async def states(self, send_id: int) -> list[str]:
        """Each recipient's state, in the order typed."""
        found = await self.rows(
            "SELECT state FROM delivery WHERE send_id = %s ORDER BY position", send_id
        )
        return [state for (state,) in found]

    async def events(self, delivery_id: int) -> list[tuple[str, str]]:
        """What happened to a delivery, and who said so."""
        found = await self.rows(
            "SELECT state, source FROM event WHERE delivery_id = %s ORDER BY id", delivery_id
        )
        return [(state, source) for state, source in found]


def draft(count: int = 3, **changes: object) -> NewSend:
    """Build a send to `count` recipients."""
    values: dict[str, Any] = {
        "request_key": "cmd:1",
        "actor": Actor("U0ALICE", "C0ONCALL", team="T1"),
        "body": "Water in the lab",
        "recipients": tuple(Recipient(f"+1617555{n:04}", f"person {n}") for n in range(count)),
        "sender": "+15005550006",
        "rule": "channel C0ONCALL",
        "answer_url": "https://hooks.slack.com/commands/1",
        **changes,
    }
    return NewSend(**values)
