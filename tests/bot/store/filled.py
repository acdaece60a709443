"""Rows of every kind, as the version before this one would have left them."""

from collections.abc import Sequence
from importlib.resources import files
from typing import Any, Final, LiteralString

import psycopg
from procrastinate.schema import SchemaManager

from bot.store.migrate import _engine_steps

FIRST: Final = """
INSERT INTO send (request_key, kind, team, channel, actor, sender, body, recipients, settled)
VALUES ('cmd:1', 'send', 'T1', 'C1', 'U1', '+15005550006', 'Water', 10, now()),
       ('cmd:2', 'send', 'T1', 'C1', 'U1', '+15005550006', 'Fire', 1, NULL);

INSERT INTO delivery (send_id, position, address, state, attempt, owner, sid, code, next_check)
SELECT 1, n, '+1617555000' || n, s, 1, 7,
    CASE WHEN s IN ('accepted', 'sent', 'delivered', 'undelivered') THEN 'SM' || n END, '200',
    CASE WHEN s = 'queued' THEN timestamptz '2030-01-01' END
FROM unnest('{queued,sending,in_doubt,accepted,sent,delivered,undelivered,failed,canceled,
    suppressed}'::text[]) WITH ORDINALITY AS state(s, n);

INSERT INTO delivery (send_id, position, address) VALUES (2, 1, '+16175550000');
INSERT INTO event (delivery_id, state, source) SELECT id, state, 'answer' FROM delivery;
INSERT INTO card (send_id, place, ts, shown, told)
VALUES (1, 'channel', '1700000000.000100', 'digest', true), (2, '', '', '', false);
INSERT INTO audit (team, channel, actor, action, allowed, rule, send_id)
VALUES ('T1', 'C1', 'U1', 'send', true, 'channel C1', 1);
"""
"""What 0001 knows."""

FOURTH: Final = r"""
UPDATE send SET retry_of = 1, left_by = 'U2', intent = 'digest', approved_by = 'U3',
    look_at = timestamptz '2030-01-01' WHERE id = 2;
UPDATE delivery SET attempted = now() - interval '1 minute', resent = state = 'failed',
    doubted = CASE WHEN state = 'in_doubt' THEN now() END,
    next_check = CASE WHEN state = 'in_doubt' THEN now() ELSE next_check END,
    reason = E'a tab\t, a line\n, a \\ and “é”';
UPDATE card SET stale = true WHERE send_id = 2;
UPDATE pace SET ceiling = 25, paused = 'infinity';
INSERT INTO send (request_key, kind, team, channel, actor, sender, body, recipients)
VALUES ('cmd:3', 'page', 'T1', 'C1', 'U1', 'MG1', E'Two\nlines', 1);
INSERT INTO delivery (send_id, position, address, name) VALUES (3, 1, '+16175550001', 'alice');
INSERT INTO directory (key, kind, name, number, slack, members, actor)
VALUES ('alice', 'contact', 'Alice', '+16175550001', 'U1', '{}', 'U1'),
       ('night', 'group', 'night', '', '', '{alice,"a, b",+16175550002}', 'U1');
UPDATE directory_edition SET edition = 41;
INSERT INTO directory_change (actor, before, after) VALUES ('U1', NULL, '{"name": "Alice"}');
INSERT INTO directory_change (actor, before, undoes) VALUES ('U2', '{"name": "Alice"}', 1);
INSERT INTO opt_out (sender, address, learned, at)
VALUES ('MG1', '+16175550001', 'STOP', now()), ('MG1', '+16175550002', '21610', now()),
       ('+15005550006', '+16175550001', 'START', now());
INSERT INTO home (user_id, shown) VALUES ('U1', 'digest');
INSERT INTO question (request_key, stage, kind, team, channel, actor, sender, body, rule, addresses,
    names, folded, retry_of, answer_url, aware, approver, decided_by, send_id, expires, ts, shown)
SELECT 'ask:' || s, s, 'send', 'T1', 'C1', 'U1', 'MG1', 'Water', 'rule', '{+16175550001}',
    '{alice}', 0, 1, 'https://slack.example/', '{1,2}', '', '',
    CASE WHEN s = 'sent' THEN 2 END, now() + interval '1 hour', '1.1', 'digest'
FROM unnest('{confirm,approve,sent,canceled,declined,expired}'::text[]) AS s;
"""
"""What 0002 to 0004 add."""

FIFTH: Final = """
INSERT INTO page (request_key, stage, team, channel, actor, source, sender, body, intent, code,
    steps, rounds, fired, due, rule, acked_at, resolved_at)
SELECT 'page:' || s, s, 'T1', 'C1', 'U1', 'slack', 'MG1', 'Fire', 'digest', upper(s),
    '[{"to": ["oncall"], "wait": 300}]', 1, 1, CASE WHEN s = 'open' THEN now() END, 'rule',
    CASE WHEN s = 'acknowledged' THEN now() END, CASE WHEN s = 'resolved' THEN now() END
FROM unnest('{open,acknowledged,resolved,exhausted}'::text[]) AS s;
UPDATE send SET page_id = p.id, page_step = 0 FROM page p WHERE p.stage = 'open' AND send.id = 3;
INSERT INTO page_event (page_id, what) SELECT id, 'asked' FROM page;
INSERT INTO page_card (page_id, ts, stale) SELECT id, '1.2', false FROM page;
INSERT INTO page_post (page_id, kind, text) SELECT id, 'note', 'words' FROM page;
INSERT INTO reply (sid, at, page_id, outcome) SELECT 'SMR' || id, now(), id, 'words' FROM page;
INSERT INTO alert (page_id, route, key) SELECT id, 'prom', 'key' || id FROM page;
UPDATE inbound_look SET looked = now();
"""
"""What 0005 adds."""


async def make(conn: psycopg.AsyncConnection[Any], *numbers: str) -> None:
    """Make the database of a version that knew these of our migrations."""
    await conn.execute(
        "CREATE TABLE migration (name text PRIMARY KEY, at timestamptz NOT NULL DEFAULT now())"
    )
    await conn.execute(SchemaManager.get_schema())
    await _note(conn, list(_engine_steps()))
    await add(conn, *numbers)


async def add(conn: psycopg.AsyncConnection[Any], *numbers: str) -> None:
    """Apply further ones of our migrations."""
    folder = files("bot.store").joinpath("migrations")
    for file in sorted(folder.iterdir(), key=lambda found: found.name):
        if file.name[:4] in numbers:
            await conn.execute(file.read_text("utf-8").encode())
            await _note(conn, [file.name.removesuffix(".sql")])


async def _note(conn: psycopg.AsyncConnection[Any], names: list[str]) -> None:
    await conn.execute("INSERT INTO migration (name) SELECT unnest(%s::text[])", (names,))


async def ask(conn: psycopg.AsyncConnection[Any], statement: LiteralString) -> Sequence[Any]:
    """Ask the database."""
    return await (await conn.execute(statement)).fetchall()
