"""What is asked before sending: each question a row, each change of it a turn."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from bot.store.audit import append
from bot.store.database import Pool
from bot.store.ladders import packed, unpacked
from bot.store.text import storable
from bot.tasks import Deferrer, Order, Task
from bot.trace import trace, trace_of
from commands.model import Actor, AuditEntry, Kind, NewSend, Recipient, Turn
from commands.question import LIFE, OPEN, Question, Stage

_COLUMNS = """
    id, turn, stage, request_key, kind, team, channel, actor, sender, body, rule, addresses, names,
    folded, retry_of, answer_url, aware, approver, ladder, decided_by, send_id, expires
"""

_ASK = f"""
INSERT INTO question (request_key, stage, kind, team, channel, actor, sender, body, rule, addresses,
    names, folded, retry_of, answer_url, aware, approver, ladder, trace, expires)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, now() + %s)
ON CONFLICT (request_key) DO NOTHING
RETURNING {_COLUMNS}
"""  # noqa: S608 - the columns are ours

_KNOWN = f"SELECT {_COLUMNS} FROM question WHERE request_key = %s"  # noqa: S608 - as above

_ONE = f"SELECT {_COLUMNS} FROM question WHERE id = %s"  # noqa: S608 - as above

# `sent` is written by a send's own commit, and changed by nobody
_MOVE = f"""
UPDATE question SET turn = turn + 1, stage = %s, body = %s, addresses = %s, names = %s, aware = %s,
    approver = %s, decided_by = %s, sender = %s, rule = %s, answer_url = %s, folded = %s,
    expires = CASE WHEN %s THEN now() + %s ELSE expires END
WHERE id = %s AND turn = %s AND stage <> 'sent'
RETURNING {_COLUMNS}
"""  # noqa: S608 - as above

_SENT = """
UPDATE question SET turn = turn + 1, stage = 'sent', decided_by = %s, send_id = %s, body = %s,
    addresses = %s, names = %s
WHERE id = %s AND turn = %s AND stage IN ('confirm', 'approve')
RETURNING id
"""


@dataclass(frozen=True)
class Place:
    """Where a second person is asked.

    Attributes:
        ts: the message's timestamp, its id at Slack; empty before it is posted.
        shown: a digest of what it shows.
    """

    ts: str
    shown: str


async def ask(
    conn: psycopg.AsyncConnection, send: NewSend, stage: Stage, folded: int
) -> tuple[Question, bool]:
    """Write a question, and tell whether it is new: one of a `request_key` is the first."""
    actor = send.actor
    row = (
        send.request_key,
        stage,
        send.kind,
        actor.team,
        actor.channel,
        actor.user,
        send.sender,
        storable(send.body),
        send.rule,
        *_lists(send),
        folded,
        send.retry_of,
        send.answer_url,
        sorted(send.aware),
        send.approver,
        Jsonb(packed(send.ladder)) if send.ladder else None,
        trace() or trace_of(""),
        LIFE,
    )
    made = await (await conn.execute(_ASK, row)).fetchone()
    if made:
        return _question(made), True
    known = await (await conn.execute(_KNOWN, (send.request_key,))).fetchone()
    if known is None:  # removed between the two statements: too old to be told apart
        raise LookupError(send.request_key)
    return _question(known), False


async def sent(conn: psycopg.AsyncConnection, send: NewSend, send_id: int) -> bool:
    """Close the question that a send answers, in its transaction; False if it has an answer."""
    turn = send.answers
    if turn is None:
        return True
    by = send.approver or send.actor.user
    cursor = await conn.execute(
        _SENT, (by, send_id, storable(send.body), *_lists(send), turn.question, turn.count)
    )
    return await cursor.fetchone() is not None  # not rowcount: a pipeline may not know it yet


class PostgresQuestions:
    """`commands.ports.Questions` over a pool."""

    def __init__(self, pool: Pool, jobs: Deferrer) -> None:
        self._pool = pool
        self._jobs = jobs

    async def ask(
        self, send: NewSend, stage: Stage, folded: int, entry: AuditEntry | None = None
    ) -> Question:
        """Keep a question; of one `request_key` the first is given, however it stands."""
        async with self._pool.connection() as conn, conn.transaction():
            question, new = await ask(conn, send, stage, folded)
            if new:
                await self._after(conn, None, question, entry)
        return question

    async def question(self, number: int) -> Question | None:
        """Give a question as it stands; None if there is none of this number."""
        async with self._pool.connection() as conn:
            row = await (await conn.execute(_ONE, (number,))).fetchone()
        return _question(row) if row else None

    async def move(self, question: Question, entry: AuditEntry | None = None) -> Question | None:
        """Write what has become of a question; None if it has had another turn."""
        new, turn = question.new, question.turn
        row = (
            question.stage,
            storable(new.body),
            *_lists(new),
            sorted(new.aware),
            new.approver,
            question.decided_by,
            new.sender,
            new.rule,
            new.answer_url,
            question.folded,
            question.stage in OPEN,
            LIFE,
            turn.question,
            turn.count,
        )
        async with self._pool.connection() as conn, conn.transaction():
            was = await (await conn.execute(_ONE, (turn.question,))).fetchone()
            moved = await (await conn.execute(_MOVE, row)).fetchone()
            if moved is None:
                return None
            after = _question(moved)
            await self._after(conn, _question(was) if was else None, after, entry)
        return after

    async def place(self, number: int) -> Place:
        """Tell where a second person is asked."""
        async with self._pool.connection() as conn:
            cursor = await conn.execute("SELECT ts, shown FROM question WHERE id = %s", (number,))
            row = await cursor.fetchone()
        return Place(*row) if row else Place("", "")

    async def placed(self, number: int, place: Place) -> None:
        """Remember where a second person is asked, and what is shown there."""
        async with self._pool.connection() as conn:
            await conn.execute(
                "UPDATE question SET ts = %s, shown = %s WHERE id = %s",
                (place.ts, place.shown, number),
            )

    async def _after(
        self,
        conn: psycopg.AsyncConnection,
        before: Question | None,
        after: Question,
        entry: AuditEntry | None,
    ) -> None:
        """Keep the decision, and have the channel see what is asked there, also when it ends."""
        if entry:
            await append(conn, entry)
        number = after.turn.question
        if after.stage is Stage.APPROVE or (after.stage in OPEN and after.new.approver):
            end = LIFE.total_seconds()
            await self._jobs.defer(
                Order(Task.QUESTION, number), Order(Task.QUESTION, number, end), conn=conn
            )
        elif before and (before.stage is Stage.APPROVE or before.new.approver):
            await self._jobs.defer(Order(Task.QUESTION, number), conn=conn)


def _lists(send: NewSend) -> tuple[list[str], list[str]]:
    return [r.address for r in send.recipients], [storable(r.name) for r in send.recipients]


def _question(row: Sequence[Any]) -> Question:
    number, turn, stage, key, kind, team, channel, actor, sender, body, rule, *rest = row
    addresses, names, folded, retry_of, url, aware, approver, ladder, by, send_id, expires = rest
    new = NewSend(
        request_key=key,
        actor=Actor(actor, channel, team=team),
        body=body,
        recipients=tuple(Recipient(*pair) for pair in zip(addresses, names, strict=True)),
        sender=sender,
        rule=rule,
        kind=Kind(kind),
        retry_of=retry_of,
        answer_url=url,
        aware=frozenset(aware),
        approver=approver,
        ladder=unpacked(ladder) if ladder else None,
    )
    return Question(Turn(number, turn), Stage(stage), new, expires, folded, by, send_id)
