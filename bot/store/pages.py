"""Pages in PostgreSQL: opened, acknowledged and resolved, each within the caller's transaction."""

from collections.abc import Sequence

import psycopg

from bot.tasks import Deferrer
from commands.model import Committed, NewSend
from commands.oncall import Ended, Hand


async def open_page(conn: psycopg.AsyncConnection, jobs: Deferrer, new: NewSend) -> Committed:
    """Open the page of `new.ladder`; one of a known `request_key` is given as it is."""
    raise NotImplementedError


async def acknowledge(
    conn: psycopg.AsyncConnection, jobs: Deferrer, page_id: int, hand: Hand
) -> Ended | None:
    """Note who has a page, and tell everybody paged; None if there is no such page.

    The first one wins: pending steps stop, and whoever comes later is told who has it.
    """
    raise NotImplementedError


async def resolve(
    conn: psycopg.AsyncConnection, jobs: Deferrer, page_id: int, hand: Hand
) -> Ended | None:
    """Close a page, and tell those paged; None if there is no such page."""
    raise NotImplementedError


async def rewrite(conn: psycopg.AsyncConnection, jobs: Deferrer, page_id: int, body: str) -> None:
    """Give a page another text: its later steps and its card say that."""
    raise NotImplementedError


async def note(
    conn: psycopg.AsyncConnection,
    page_id: int,
    what: str,
    *,
    who: str = "",
    how: str = "",
    detail: str = "",
) -> None:
    """Write something into a page's timeline."""
    raise NotImplementedError


async def say(
    conn: psycopg.AsyncConnection,
    jobs: Deferrer,
    page_id: int,
    kind: str,
    text: str,
    *,
    who: str = "",
) -> None:
    """Have something said in Slack about a page: ``reply``, ``note`` or ``loud``."""
    raise NotImplementedError


async def tell(
    conn: psycopg.AsyncConnection,
    jobs: Deferrer,
    page_id: int,
    key: str,
    text: str,
    addresses: Sequence[str],
) -> None:
    """Queue a text about a page to these addresses, once for each `key`."""
    raise NotImplementedError
