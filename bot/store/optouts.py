"""Who has opted out of which sender: learned from Twilio and from people, kept out of sends.

What is wrong here costs one request and mends itself as long as it is wrong in one direction:
Twilio refuses whoever has opted out, and is believed. Somebody kept out by mistake is never tried
again. So where two things were said in one second, START counts.
"""

from collections.abc import Collection
from datetime import datetime

import psycopg

from commands.optout import REFUSED, Word, by_refusal, by_stop

OPTED_OUT = "SELECT address FROM opt_out WHERE sender = %s AND learned <> 'START'"
OPTED_OUT_AMONG = f"{OPTED_OUT} AND address = ANY(%s)"

_LATEST = """
ON CONFLICT (sender, address) DO UPDATE SET learned = excluded.learned, at = excluded.at
WHERE opt_out.at < excluded.at OR opt_out.at = excluded.at AND excluded.learned = 'START'
"""

# Said when its request was made, by the whole second as Twilio dates replies: a START that came
# while the refusal was on its way is the later of the two. In the order of the key, as rows are
# locked everywhere. The sender by a look-up each: joined, the whole table of sends would be read.
_REFUSED = f"""
INSERT INTO opt_out (sender, address, learned, at)
SELECT (SELECT sender FROM send WHERE id = d.send_id), address, '21610',
    date_trunc('second', coalesce(max(attempted), now()))
FROM delivery d WHERE id = ANY(%s) AND error_code = 21610
GROUP BY 1, 2 ORDER BY 1, 2
{_LATEST}
"""  # noqa: S608 - both parts are ours

# A reply does not always tell the service that owns the number which it was sent to.
_SAID = f"""
INSERT INTO opt_out (sender, address, learned, at)
SELECT sender, %(address)s::text, %(word)s::text, %(at)s::timestamptz FROM (
    SELECT unnest(%(senders)s::text[])
  UNION
    SELECT sender FROM opt_out
    WHERE address = %(address)s AND %(everywhere)s AND sender ~ '^MG[0-9a-fA-F]{{32}}$'
) AS s(sender) ORDER BY sender
{_LATEST}
"""  # noqa: S608 - both parts are ours

# Of which service a number is, a reply does not always tell.
_OUT = """
SELECT EXISTS (
    SELECT 1 FROM opt_out WHERE address = %(address)s AND learned <> 'START' AND (
        sender = ANY(%(senders)s) OR %(everywhere)s AND sender ~ '^MG[0-9a-fA-F]{32}$'
    )
)
"""

_LEAVE_OUT = """
WITH known AS (
    SELECT d.id, o.learned FROM delivery d
    JOIN opt_out o ON o.sender = %(sender)s AND o.address = d.address AND o.learned <> 'START'
    WHERE d.send_id = %(send)s
), left_out AS (
    UPDATE delivery d SET state = 'suppressed', code = '1001',
        reason = CASE known.learned WHEN 'STOP' THEN %(stop)s::text ELSE %(refused)s::text END
    FROM known WHERE d.id = known.id RETURNING d.id
), ended AS (
    UPDATE send SET settled = now()
    WHERE id = %(send)s AND recipients = (SELECT count(*) FROM left_out)
)
INSERT INTO event (delivery_id, state, source) SELECT id, 'suppressed', 'opt-out' FROM left_out
"""


async def leave_out(conn: psycopg.AsyncConnection, send_id: int, sender: str) -> None:
    """Suppress those of a new send who have opted out of its sender, within its transaction.

    Their code is 1001, "any other answer": Twilio was not asked, so no HTTP status is theirs.
    """
    asked = {"send": send_id, "sender": sender, **reasons(sender)}
    await conn.execute(_LEAVE_OUT, asked)


def reasons(sender: str) -> dict[str, str]:
    """Give what to tell of who is left out: of whom we heard it, and of whom Twilio said it."""
    return {"stop": by_stop(sender), "refused": by_refusal(sender)}


async def learn(conn: psycopg.AsyncConnection, answers: Collection[tuple[int, int | None]]) -> None:
    """Remember those whom Twilio has refused for it, within the transaction of its answers.

    Args:
        conn: has written the answers down.
        answers: delivery and Twilio's error code of each.
    """
    if ids := [delivery_id for delivery_id, code in answers if code == REFUSED]:
        await conn.execute(_REFUSED, (ids,))


async def is_out(conn: psycopg.AsyncConnection, from_: str, to: str, service: str = "") -> bool:
    """Tell whether somebody is known to have opted out of what they wrote to.

    Args:
        conn: where it is read.
        from_: who wrote.
        to: which of our senders.
        service: the Messaging Service that received it, if that is known.
    """
    asked = {"address": from_, "senders": [to, service], "everywhere": not service}
    row = await (await conn.execute(_OUT, asked)).fetchone()
    return bool(row and row[0])


async def heard(
    conn: psycopg.AsyncConnection, from_: str, to: str, word: Word, at: datetime, service: str = ""
) -> None:
    """Remember what a reply says about further messages, within the caller's transaction.

    Replies may be heard more than once and in any order: of each pair the latest counts.

    Args:
        conn: where it is written.
        from_: who wrote.
        to: which of our senders.
        word: what they want.
        at: when the reply was sent; the same each time it is heard.
        service: the Messaging Service that received it, if that is known.
    """
    said = {
        "address": from_,
        "senders": [to, *([service] if service else [])],
        "word": str(word),
        "at": at,
        "everywhere": word is Word.START and not service,
    }
    await conn.execute(_SAID, said)
