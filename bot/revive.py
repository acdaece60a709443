"""Bring the embedded database up again when it has ended: killed, or out of memory.

A configured one is somebody else's to start. The connections come back by themselves.
"""

import asyncio
from pathlib import Path

import structlog

from bot.store import embedded

EVERY = 2.0
"""Seconds between two looks at the server's mark, a small file."""

log = structlog.get_logger(__name__)


async def revive(data_dir: Path, every: float = EVERY) -> None:
    """Start the server of `data_dir` again whenever it does not run, until cancelled."""
    while True:
        await asyncio.sleep(every)
        try:
            if await asyncio.to_thread(embedded.runs, data_dir):
                continue
            log.error("database.ended")
            await asyncio.to_thread(embedded.start, data_dir)
        except embedded.CannotStartError as exc:  # right after a crash parts may have still to end
            log.warning("database.unstarted", why=str(exc))
        else:
            log.info("database.started")
