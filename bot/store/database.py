"""The connection pool that the ledger, the audit and the job engine share."""

import asyncio
from pathlib import Path
from typing import LiteralString

import psycopg
from psycopg_pool import AsyncConnectionPool

from bot.kept import behind
from bot.store import embedded
from bot.store.lines import Lines
from bot.store.migrate import migrate
from bot.store.patience import CONNECT_TIMEOUT, patience

Pool = AsyncConnectionPool[psycopg.AsyncConnection]

RECONNECT = 3.0
"""Seconds for which the pool itself tries to replace a lost connection."""

PROMPT = 2.0
"""Seconds in which a database that is well answers."""

_MAX_CONNECTIONS = 10

_UNHURRIED = "SET synchronous_commit = off"


_WHY = (
    ("password authentication failed", "it refuses the user or the password"),
    ("no password supplied", "it wants a password"),
    ("no pg_hba.conf entry", "it does not let this user in from here"),
    ("Connection refused", "nothing listens there"),
    ("resolve host", "its host is unknown"),
    ("translate host name", "its host is unknown"),
    ("No such file or directory", "its socket is not there"),
    ("lock timeout", "somebody else holds its tables"),
    ("timeout", "no answer in time"),
    ("timed out", "no answer in time"),
    ("does not exist", "it has no such database or user"),
    ("permission denied", "the user may not do there what the bot needs"),
)


def why(error: psycopg.Error) -> str:
    """Say what is wrong with the database, in words that hold no part of its URL.

    The driver's own text does: of a password with an unquoted ``@`` it shows the tail as host.
    """
    text = str(error)
    return next((ours for theirs, ours in _WHY if theirs in text), type(error).__name__)


async def locate(database_url: str, data_dir: Path) -> str:
    """Give the URL of the database: the configured one, or our own server's, started if need be."""
    return database_url or (await asyncio.to_thread(embedded.start, data_dir)).url


async def open_pool(url: str, lines: Lines | None = None) -> Pool:
    """Open the ledger's pool and bring the schema up to date.

    Args:
        url: of the database.
        lines: watch over the pool's connections, if given.

    Raises:
        psycopg.OperationalError: the database cannot be reached.
        bot.store.migrate.SchemaTooNewError: it belongs to a newer version.
    """
    async with await psycopg.AsyncConnection.connect(url, autocommit=True, **patience(url)) as conn:
        await migrate(conn)
    return await _open(url, lines)


async def open_queue_pool(url: str, lines: Lines | None = None) -> Pool:
    """Open the job queue's own pool, whose commits do not wait for the disk.

    A job is only a hint. Should the database crash, a job that was fetched is fetched again, and
    one that is lost is found by what it left undone (`bot.store.orphans`). Jobs that are deferred
    together with a change of the ledger are in the ledger's transaction, which does wait.
    """
    return await _open(url, lines, _UNHURRIED)


async def _open(url: str, lines: Lines | None, setting: LiteralString = "") -> Pool:
    async def configure(conn: psycopg.AsyncConnection) -> None:
        await conn.set_autocommit(True)
        if lines:  # before anything else is asked, as that may remain without an answer
            await lines.add(conn)
        if setting:
            await conn.execute(setting)

    pool: Pool = AsyncConnectionPool(
        url,
        kwargs=patience(url),
        configure=configure,
        # A database that was restarted leaves only dead connections behind. One empty query each
        # (0.1 ms) finds out; without it the engine cannot write down that a job failed, and the
        # job is neither run nor tried again for as long as the process lives.
        check=AsyncConnectionPool.check_connection,
        min_size=2,
        max_size=_MAX_CONNECTIONS,
        timeout=CONNECT_TIMEOUT,
        # Its pauses between attempts double without end, and who waits shares them. Given up early,
        # an attempt begins anew with whoever asks next: here somebody does so every second.
        reconnect_timeout=RECONNECT,
        open=False,
    )
    await pool.open()
    return pool


async def alive(pool: Pool) -> bool:
    """Tell whether the database answers within `PROMPT` seconds.

    Who asks is not kept waiting for what is left behind: the driver takes up to 10 s more to call
    off a query that a silent database holds.
    """
    asking = behind(_answers(pool))
    done, _ = await asyncio.wait({asking}, timeout=PROMPT)
    asking.cancel()
    return bool(done) and asking.result()


async def _answers(pool: Pool) -> bool:
    try:
        async with pool.connection(PROMPT) as conn:
            await conn.execute("SELECT 1")
    except (psycopg.Error, OSError):
        return False
    return True
