"""The id under which the log knows a send, a page or a question: see `bot.trace`."""

from collections.abc import Mapping
from typing import LiteralString

from bot.store.database import Pool
from bot.tasks import Task

_SEND: LiteralString = "SELECT trace FROM send WHERE id = %s"
_OF: Mapping[Task, LiteralString] = {
    Task.PAGE: "SELECT trace FROM page WHERE id = %s",
    Task.PAGE_CARD: "SELECT trace FROM page WHERE id = %s",
    Task.QUESTION: "SELECT trace FROM question WHERE id = %s",
}


async def written_trace(pool: Pool, task: Task, number: int) -> str:
    """Give the id that belongs to what a job is about; empty if that is gone, or older."""
    async with pool.connection() as conn:
        row = await (await conn.execute(_OF.get(task, _SEND), (number,))).fetchone()
    return str(row[0]) if row else ""
