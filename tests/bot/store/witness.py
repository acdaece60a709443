"""What holds in the ledger at any time: the state machine's model and its invariants."""

import asyncio
from collections import Counter
from collections.abc import Coroutine, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any, LiteralString, TypeVar

import psycopg
from hypothesis.stateful import RuleBasedStateMachine, invariant

from bot.store.cards import Cards
from bot.store.database import Pool
from bot.store.doubts import Doubts
from bot.store.ledger import PostgresLedger
from bot.store.outbox import Outbox
from bot.store.statuses import Statuses
from bot.tasks import Deferrer, Order
from commands.model import WITH_TWILIO, DeliveryState, Kind, may_move
from commands.settle import STATUSES
from tests.bot.store.twin import Process, Twilio

T = TypeVar("T")
S = DeliveryState

NOTE = "not found"
"""The one event that is no move: nobody looks for this recipient any more."""

_ROWS = """
SELECT id, send_id, address, state, sid, attempt, owner, next_check IS NOT NULL,
    ARRAY(SELECT e.state FROM event e WHERE e.delivery_id = d.id ORDER BY e.id),
    ARRAY(SELECT e.source FROM event e WHERE e.delivery_id = d.id ORDER BY e.id)
FROM delivery d WHERE send_id = ANY(%s) ORDER BY id
"""


@dataclass(frozen=True)
class Row:
    """One recipient as the ledger has it.

    Attributes:
        timed: whether something is due for it at some time.
        path: where its events say that it went, and who moved it.
    """

    id: int
    send: int
    address: str
    state: DeliveryState
    sid: str | None
    attempt: int
    owner: int | None
    timed: bool
    path: tuple[tuple[DeliveryState, str], ...]

    @property
    def undecided(self) -> bool:
        """Whether it is in doubt, and nobody looks for it any more."""
        return self.state is S.IN_DOUBT and not self.timed

    def moved(self, by: str) -> int:
        """How often `by` moved it."""
        return sum(source == by for _, source in self.path)


class Forgetful:
    """Takes jobs, which nobody does: the rules of the machine do the work."""

    async def defer(self, *orders: Order, conn: psycopg.AsyncConnection | None = None) -> None:
        """Take no notice."""


class Store:
    """What writes the ledger."""

    def __init__(self, pool: Pool, jobs: Deferrer) -> None:
        self.pool = pool
        self.ledger = PostgresLedger(pool, jobs, lambda: 5.0)
        self.outbox = Outbox(pool, jobs)
        self.statuses = Statuses(pool, jobs)
        self.doubts = Doubts(pool, jobs)
        self.cards = Cards(pool)


@dataclass
class Ground:
    """What all examples stand on: one loop, one database, and numbers that do not repeat.

    Attributes:
        runner: runs what the ledger does.
        store: the ledger.
        eyes: a connection of our own, to look at the database and to change it.
        numbers: for request keys and SIDs.
    """

    runner: asyncio.Runner
    store: Store
    eyes: psycopg.Connection
    numbers: Iterator[int] = field(default_factory=lambda: count(1))


class Witness(RuleBasedStateMachine):
    """Knows what was asked of the ledger, and looks at it after each step.

    Attributes:
        sends: the kind of each send.
        addresses: send and address of everybody who was ever to be reached.
        processes: those that are not dead.
        asked: how often a person had each delivery sent again.
        rows: the ledger as it was after the last step.
        sound: whether nothing has failed so far.
    """

    def __init__(self, ground: Ground) -> None:
        super().__init__()
        self.ground, self.store = ground, ground.store
        self.twilio = Twilio(ground.numbers)
        self.sends: dict[int, Kind] = {}
        self.addresses: list[tuple[int, str]] = []
        self.processes: list[Process] = []
        self.asked: Counter[int] = Counter()
        self.rows: Mapping[int, Row] = {}
        self.sound = False
        self._sids: dict[int, str] = {}

    def do(self, what: Coroutine[Any, Any, T]) -> T:
        """Have the ledger do something, to its end."""
        self.sound = False
        return self.ground.runner.run(what)

    def sql(self, sql: LiteralString, *params: object) -> list[tuple[Any, ...]]:
        """Ask the database, or change it, behind everybody's back."""
        self.sound = False
        cursor = self.ground.eyes.execute(sql, params)
        return cursor.fetchall() if cursor.description else []

    def look(self) -> Mapping[int, Row]:
        """Read the ledger as it is now."""
        found = {}
        for number, send, address, state, *rest, states, sources in self.sql(
            _ROWS, list(self.sends)
        ):
            path = tuple(zip(map(S, states), sources, strict=True))
            sid, attempt, owner, timed = rest
            found[number] = Row(number, send, address, S(state), sid, attempt, owner, timed, path)
        return found

    def of(self, send: int) -> list[Row]:
        """The recipients of a send."""
        return [row for row in self.rows.values() if row.send == send]

    def settled(self, send: int) -> bool:
        """Whether the ledger says that a send is settled."""
        [(settled,)] = self.sql("SELECT settled IS NOT NULL FROM send WHERE id = %s", send)
        return bool(settled)

    @property
    def beating(self) -> list[Process]:
        """The processes that show signs of life."""
        return [process for process in self.processes if process.beating]

    @invariant()
    def everybody_has_one_fate(self) -> None:
        """Hold what holds at any time."""
        self.rows = self.look()
        assert sorted((r.send, r.address) for r in self.rows.values()) == sorted(self.addresses)
        for row in self.rows.values():
            self._went_a_legal_way(row)
            self._agrees_with_twilio(row)
            self._was_not_sent_twice(row)
        sids = [row.sid for row in self.rows.values() if row.sid]
        assert len(sids) == len(set(sids))
        self.sound = True

    def _went_a_legal_way(self, row: Row) -> None:
        at, words = S.QUEUED, {"answer", "asked"}
        if self.sends[row.send] is Kind.PAGE:
            words.add("resend")
        for state, source in row.path:
            assert may_move(at, state) or (at is state is S.IN_DOUBT and source == NOTE)
            assert source in words or (at, state) != (S.IN_DOUBT, S.QUEUED)
            at = state
        assert row.state is at

    def _agrees_with_twilio(self, row: Row) -> None:
        assert row.sid or row.state not in WITH_TWILIO
        assert self._sids.get(row.id, row.sid) == row.sid
        if row.sid:
            self._sids[row.id] = row.sid
            [sms] = [sms for sms in self.twilio.of(row.id) if sms.sid == row.sid]
            assert row.state in {S.ACCEPTED, *(STATUSES.get(word) for word in sms.said)}

    def _was_not_sent_twice(self, row: Row) -> None:
        assert row.moved("asked") == self.asked[row.id]
        assert row.moved("resend") <= 1
        words = row.moved("asked") + row.moved("resend")
        assert len(self.twilio.of(row.id)) <= 1 + words
