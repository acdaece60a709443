"""What Twilio says of messages later, written down: by callback, by list, by look-up.

News may repeat, come in any order and overtake the answer to their own request. Which of it moves
a row is decided by `commands.settle.hear`, on rows that are locked meanwhile.
"""

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import psycopg
import structlog
from psycopg.errors import UniqueViolation

from bot.store.database import Pool
from bot.store.marks import mark
from bot.store.optouts import learn
from bot.store.text import storable
from bot.tasks import Deferrer
from commands.model import NOT_ACCEPTED, DeliveryState
from commands.settle import Heard, hear

# The sends by an array of their numbers: joined directly, their whole table would be read.
_ROWS = """
WITH held AS (
    SELECT id, send_id, state, sid, attempt, reason FROM delivery
    WHERE id = ANY(%s) ORDER BY id FOR UPDATE
)
SELECT held.*, s.token, s.trace FROM held JOIN send s ON s.id = held.send_id
WHERE s.id = ANY(ARRAY(SELECT send_id FROM held))
"""

_WRITE = """
WITH news AS (
    SELECT * FROM unnest(
        %s::bigint[], %s::text[], %s::text[], %s::text[], %s::int[], %s::text[]
    ) AS n(id, state, sid, code, error_code, reason)
)
UPDATE delivery d SET
    state = n.state, sid = n.sid, code = n.code, error_code = n.error_code, reason = n.reason,
    doubted = NULL, next_check = NULL
FROM news n WHERE d.id = n.id
"""

_EVENTS = """
INSERT INTO event (delivery_id, state, source)
SELECT * FROM unnest(%s::bigint[], %s::text[], %s::text[])
"""

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Report:
    """What Twilio says of one message.

    Attributes:
        delivery_id: whose message it is.
        sid: the message's SID.
        status: Twilio's word for where it is.
        source: who brought the news: ``callback``, ``poll`` or ``found``.
        error_code: Twilio's code of a failure, None if there is none.
        reason: what to tell of it in words; empty to keep what was told of this message before.
        token: what the address of a callback named; None for news that we asked for.
        attempt: the attempt that the message is of; None for the row's latest.
    """

    delivery_id: int
    sid: str
    status: str
    source: str
    error_code: int | None = None
    reason: str = ""
    token: str | None = field(default=None, repr=False)
    attempt: int | None = None


@dataclass(frozen=True)
class _Row:
    """A row as `_ROWS` gives it, and what the news make of it."""

    id: int
    send_id: int
    state: str
    sid: str | None
    attempt: int
    reason: str
    token: str = field(repr=False)
    trace: str
    error_code: int | None = None


class Statuses:
    """Writes reports down."""

    def __init__(self, pool: Pool, jobs: Deferrer) -> None:
        self._pool = pool
        self._jobs = jobs

    async def apply(self, reports: Sequence[Report]) -> tuple[bool, ...]:
        """Move the rows as far as the news allow, in one transaction.

        Gives for each report whether the ledger knows the row that it names.
        """
        try:
            return await self._apply(reports)
        except UniqueViolation:  # one of them names the SID of another row's message
            if len(reports) > 1:
                return tuple([(await self.apply([each]))[0] for each in reports])
            log.warning("sid.twice", delivery=reports[0].delivery_id)
            return (True,)

    async def _apply(self, reports: Sequence[Report]) -> tuple[bool, ...]:
        async with self._pool.connection() as conn, conn.transaction():
            cursor = await conn.execute(_ROWS, (list({r.delivery_id for r in reports}),))
            found = {row[0]: _Row(*row) for row in await cursor.fetchall()}
            known = tuple(_names(found.get(report.delivery_id), report) for report in reports)
            told = [report for report, knows in zip(reports, known, strict=True) if knows]
            await self._write(conn, found, told)
        return known

    async def _write(
        self, conn: psycopg.AsyncConnection, found: Mapping[int, _Row], reports: Sequence[Report]
    ) -> None:
        rows, events = dict(found), []
        for report in reports:
            row = rows[report.delivery_id]
            new = hear(DeliveryState(row.state), _heard(row, report))
            if new is None:
                continue
            rows[row.id] = replace(
                row,
                state=str(new),
                sid=report.sid,
                error_code=report.error_code,
                # without a SID, what was told is why nobody knew
                reason=storable(report.reason) or (row.reason if row.sid else ""),
            )
            events.append((row.id, str(new), report.source))
            about = {"send": row.send_id, "delivery": row.id, "request_id": row.trace}
            log.info("delivery.heard", state=str(new), source=report.source, **about)
        changed = [row for key, row in rows.items() if row is not found[key]]
        if not changed:
            return
        columns = zip(*(_columns(row) for row in changed), strict=True)
        await conn.execute(_WRITE, [list(column) for column in columns])
        await conn.execute(_EVENTS, [list(column) for column in zip(*events, strict=True)])
        await learn(conn, [(row.id, row.error_code) for row in changed])
        await mark(conn, self._jobs, (row.send_id for row in changed))


def _names(row: _Row | None, report: Report) -> bool:
    """Tell whether a report names this row; a guessed address does not, in constant time."""
    if row is None or report.token is None:
        return row is not None
    return hmac.compare_digest(row.token.encode(), report.token.encode("utf-8", "replace"))


def _heard(row: _Row, report: Report) -> Heard:
    ours = None if row.sid is None else row.sid == report.sid
    return Heard(ours, report.attempt in {None, row.attempt}, report.status)


def _columns(row: _Row) -> tuple[object, ...]:
    failed = row.state in NOT_ACCEPTED
    code = "1001" if failed else "200"
    return row.id, row.state, row.sid, code, row.error_code if failed else None, row.reason
