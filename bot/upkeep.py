"""Keep the database small: old sends and ended jobs go, a little at a time."""

import asyncio

import psycopg
import structlog
from psycopg_pool import PoolTimeout

from bot.store.purge import Purge
from bot.timetable import Timetable

EVERY = 600.0
"""Seconds between two searches for what is old."""

BREATH = 0.2
"""Seconds between two batches: whoever sends meanwhile comes first."""

log = structlog.get_logger(__name__)


async def upkeep(purge: Purge, times: Timetable, every: float = EVERY) -> None:
    """Remove what is older than `keep`, until cancelled; `keep = "0s"` removes nothing."""
    while True:
        removed = 0
        try:
            while (keep := times.keep()) and (batch := await purge.step(keep)):
                removed += batch
                await asyncio.sleep(BREATH)
        except (psycopg.Error, PoolTimeout, OSError) as exc:
            log.warning("upkeep.failed", why=type(exc).__name__)
        if removed:
            log.info("upkeep.removed", rows=removed)
        await asyncio.sleep(every)
