"""Status callbacks on their way into the ledger: those that come together are written together.

A large send brings thousands within seconds. While one transaction is under way the next ones
gather, so each waits for one write at most, and is answered after it.
"""

import asyncio
from collections.abc import Sequence
from typing import Protocol

from bot.store.statuses import Report

AT_ONCE = 500
"""Reports in one transaction at the most."""


class Writer(Protocol):
    """Writes reports down, telling of each whether its row is known."""

    async def apply(self, reports: Sequence[Report]) -> tuple[bool, ...]:
        """Write them, in one transaction."""


class Inbox:
    """One a process; `run` runs beside the listener."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._waiting: list[tuple[Report, asyncio.Future[bool]]] = []
        self._arrived = asyncio.Event()

    async def hear(self, report: Report) -> bool:
        """Write a report down, and tell whether the ledger knows whom it is about.

        Raises whatever keeps it from being written.
        """
        done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append((report, done))
        self._arrived.set()
        return await done

    async def run(self) -> None:
        """Write until cancelled."""
        while True:
            await self._arrived.wait()
            batch, self._waiting = self._waiting[:AT_ONCE], self._waiting[AT_ONCE:]
            if not self._waiting:
                self._arrived.clear()
            await self._write(batch)

    async def _write(self, batch: Sequence[tuple[Report, asyncio.Future[bool]]]) -> None:
        try:
            known = await self._writer.apply([report for report, _ in batch])
        except Exception as exc:  # noqa: BLE001 - each that waits is told, and answers Twilio
            for _, done in batch:
                if not done.done():
                    done.set_exception(exc)
            return
        for (_, done), knows in zip(batch, known, strict=True):
            if not done.done():
                done.set_result(knows)
