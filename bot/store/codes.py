"""Reply codes: what a person names a page by, each that of one page that waits."""

import psycopg

_LOCK = 0x70616765

# The next number that nobody has had for a day, as somebody may still answer the page that had it;
# the one that was used longest ago where there is none. Three digits where all of two are in use.
_CODE = """
WITH lately AS (
    SELECT code, max(created) AS at FROM page WHERE created > now() - interval '1 day' GROUP BY 1
), candidate AS (
    SELECT n, (10 + (n + (SELECT coalesce(max(id), 0) FROM page)) %% 90)::text AS code
    FROM generate_series(0, 89) AS n
  UNION ALL
    SELECT n, n::text FROM generate_series(100, 999) AS n
)
SELECT code FROM candidate LEFT JOIN lately USING (code)
WHERE code NOT IN (SELECT code FROM page WHERE stage = 'open')
ORDER BY lately.at NULLS FIRST, n LIMIT 1
"""


class NoCodeError(LookupError):
    """Every reply code is that of a page that waits: only once one has ended is there room."""

    def __init__(self) -> None:
        super().__init__("too many pages wait for an acknowledgement")


async def free_code(conn: psycopg.AsyncConnection) -> str:
    """Give the code for a new page; until the end of the transaction, nobody else is given one.

    Raises:
        NoCodeError: all are in use.
    """
    await conn.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
    free = await (await conn.execute(_CODE, ())).fetchone()
    if free is None:
        raise NoCodeError
    return str(free[0])
