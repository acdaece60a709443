"""A ledger on a fresh database, and the questions that tests ask it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, LiteralString

from bot.jobs import Jobs
from bot.store.cards import Cards
from bot.store.database import Pool
from bot.store.doubts import Doubts
from bot.store.ledger import PostgresLedger
from bot.store.outbox import Claim, Outbox, Settled
from bot.store.statuses import Report, Statuses
from commands.model import Actor, Committed, DeliveryState, NewSend, Recipient


@dataclass
class Store:
    """Everything that reads and writes the ledger."""

    pool: Pool
    jobs: Jobs
    ledger: PostgresLedger
    outbox: Outbox
    cards: Cards
    statuses: Statuses
    doubts: Doubts

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
        """Register a worker that is alive, however long the test takes."""
        [(number,)] = await self.rows(
            "INSERT INTO procrastinate_workers (last_heartbeat)"
            " VALUES (now() + interval '1 hour') RETURNING id"
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

    async def ids(self, send_id: int) -> list[int]:
        """The deliveries of a send, in the order typed."""
        found = await self.rows(
            "SELECT id FROM delivery WHERE send_id = %s ORDER BY position", send_id
        )
        return [number for (number,) in found]

    async def token(self, send_id: int) -> str:
        """What stands in the address of a send's callbacks."""
        [(token,)] = await self.rows("SELECT token FROM send WHERE id = %s", send_id)
        return str(token)

    async def waiting(self) -> list[tuple[str, int]]:
        """The jobs that wait, as task and send, in order."""
        found = await self.rows(
            "SELECT task_name, (args->>'send_id')::bigint FROM procrastinate_jobs"
            " WHERE status = 'todo' ORDER BY 1, 2"
        )
        return [(task, send_id) for task, send_id in found]

    async def forget_jobs(self) -> None:
        """Empty the queue: what waits afterwards is new."""
        await self.change("DELETE FROM procrastinate_jobs")

    async def doubted(self, send_id: int, *positions: int, looked_for: bool = False) -> None:
        """Let the attempt at these recipients, by default at all, have ended in doubt."""
        await self.change(
            "UPDATE delivery SET state = 'in_doubt', attempt = attempt + 1, code = '1001',"
            " reason = 'no answer', attempted = now(), doubted = now(),"
            " next_check = CASE WHEN %s THEN now() END"
            " WHERE send_id = %s AND (%s = 0 OR position = ANY(%s))",
            looked_for,
            send_id,
            len(positions),
            list(positions),
        )

    async def someone_waits(self) -> None:
        """Return once a statement waits for a lock that another one holds."""
        async with asyncio.timeout(20):
            while not await self.rows(  # noqa: ASYNC110 - the database sets no event
                "SELECT 1 FROM pg_stat_activity"
                " WHERE wait_event_type = 'Lock' AND datname = current_database()"
            ):
                await asyncio.sleep(0.005)

    async def events(self, delivery_id: int) -> list[tuple[str, str]]:
        """What happened to a delivery, and who said so."""
        found = await self.rows(
            "SELECT state, source FROM event WHERE delivery_id = %s ORDER BY id", delivery_id
        )
        return [(state, source) for state, source in found]


def store_over(pool: Pool, jobs: Jobs) -> Store:
    """Give everything that reads and writes the ledger of a database."""
    return Store(
        pool,
        jobs,
        PostgresLedger(pool, jobs, lambda: 5.0),
        Outbox(pool, jobs),
        Cards(pool),
        Statuses(pool, jobs),
        Doubts(pool, jobs),
    )


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


def sid(number: int) -> str:
    """Give a message's SID, another for each number."""
    return f"SM{number:032x}"


def accepted(claim: Claim, named: str = "") -> Settled:
    """Say that Twilio took a claim's message."""
    named = named or sid(claim.delivery_id)
    return Settled(claim.delivery_id, claim.attempt, DeliveryState.ACCEPTED, named, "200")


def report(delivery_id: int, status: str, **changes: object) -> Report:
    """Build news about a delivery's message, as a look at Twilio brings it."""
    values: dict[str, Any] = {"sid": sid(delivery_id), "source": "poll", **changes}
    return Report(delivery_id, status=status, **values)
