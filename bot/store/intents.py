"""Who has the same text already, or is paged with it: asked inside every commit."""

import psycopg
from psycopg.types.json import Jsonb

from bot.store.ladders import steps_of
from commands.intent import intent_of
from commands.model import NewSend
from commands.oncall import Ladder
from commands.question import AlreadySent

# By the text's digest; each such send's recipients by their own index. A send that the sender is
# aware of counts among those who have it, but asks nothing by itself.
_ALREADY = """
WITH earlier AS MATERIALIZED (
    SELECT id, actor, created FROM send
    WHERE intent = %(intent)s AND request_key <> %(key)s
      AND (created > now() - %(guard)s::interval OR id = ANY(%(told)s::bigint[]))
), seen AS (
    SELECT d.address,
        bool_or(d.state NOT IN ('failed', 'undelivered', 'canceled', 'suppressed')) AS reached,
        bool_or(d.state = 'delivered') AS delivered,
        array_agg(d.send_id) AS sends
    FROM earlier e JOIN delivery d ON d.send_id = e.id
    WHERE d.address = ANY(%(addresses)s) GROUP BY 1
), reached AS (SELECT * FROM seen WHERE reached)
SELECT e.id, e.actor, e.created,
    (SELECT array_agg(DISTINCT s) FROM reached, unnest(sends) AS s),
    (SELECT array_agg(address) FROM reached),
    (SELECT count(*) FROM reached WHERE delivered)
FROM earlier e WHERE e.id IN (SELECT unnest(sends) FROM reached)
ORDER BY e.created DESC, e.id DESC LIMIT 1
"""

# The same text by the same ladder, however that page stands by now.
_ALREADY_PAGE = """
SELECT id, actor, created FROM page
WHERE intent = %(intent)s AND request_key <> %(key)s AND steps = %(steps)s
  AND escalation = %(escalation)s AND NOT id = ANY(%(aware)s::bigint[])
  AND (created > now() - %(guard)s::interval OR id = ANY(%(told)s::bigint[]))
ORDER BY created DESC, id DESC LIMIT 1
"""


async def already_sent(
    conn: psycopg.AsyncConnection, send: NewSend, *, told: bool = False
) -> AlreadySent | None:
    """Tell who has the same text by another request, unless the sender is aware of it.

    With `told` also what the sender is aware of, however long ago it was.
    """
    if not send.guard and not (told and send.aware):
        return None
    if send.ladder:
        return await _already_page(conn, send, send.ladder, told=told)
    asked = {
        "intent": intent_of(send.body),
        "guard": send.guard,
        "key": send.request_key,
        "told": sorted(send.aware) if told else [],
        "addresses": [r.address for r in send.recipients],
    }
    row = await (await conn.execute(_ALREADY, asked)).fetchone()
    if row is None:
        return None
    send_id, actor, at, sends, reached, delivered = row
    if send.aware.issuperset(sends) and not told:
        return None
    return AlreadySent(send_id, actor, at, frozenset(sends), frozenset(reached), delivered)


async def _already_page(
    conn: psycopg.AsyncConnection, send: NewSend, ladder: Ladder, *, told: bool
) -> AlreadySent | None:
    """Tell which page says the same to the same ladder; with `told` also what was told of."""
    asked = {
        "intent": intent_of(send.body),
        "key": send.request_key,
        "steps": Jsonb(steps_of(ladder)),
        "escalation": ladder.escalation,
        "aware": [] if told else sorted(send.aware),
        "told": sorted(send.aware) if told else [],
        "guard": send.guard,
    }
    row = await (await conn.execute(_ALREADY_PAGE, asked)).fetchone()
    if row is None:
        return None
    page_id, actor, at = row
    return AlreadySent(
        page_id, actor, at, frozenset({page_id}), frozenset(r.address for r in send.recipients), 0
    )
