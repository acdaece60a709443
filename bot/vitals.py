"""How sms.toml was read and how Slack, Twilio and the database are: `commands.ports.Site`.

As far as this process knows: each knows its own connection to Slack and its own answers of Twilio,
and all of them the common pace.
"""

import asyncio
import time
from collections.abc import Iterator
from datetime import datetime

import psycopg
from psycopg_pool import PoolTimeout

from bot.pace import Pace
from bot.policyfile import PolicySource
from bot.slack.link import Link
from bot.store.database import Pool
from commands.site import Health, Reading

PATIENCE = 2.0
"""Seconds that the database has to answer."""


class Vitals:
    """One for the process."""

    def __init__(self, source: PolicySource, link: Link, pace: Pace, pool: Pool) -> None:
        self._source = source
        self._link = link
        self._pace = pace
        self._pool = pool

    def reading(self) -> Reading:
        """Tell how sms.toml was read last."""
        timing = tuple(vars(self._source.current.timing).items())
        return Reading(timing, tuple(map(str, self._source.faults)))

    async def health(self) -> tuple[Health, ...]:
        """Tell how all three are; the database is asked, the others are not."""
        return self._slack(), self._twilio(), await self._database()

    def _slack(self) -> Health:
        link = self._link
        if not link.mode:
            text = "this process, a worker, is not reached by Slack"
        elif link.needs_socket and link.since is None:
            text = f"{link.mode}, not connected"
        else:
            text = link.mode
        return Health("Slack", link.well, text, tuple(self._moments(link)))

    @staticmethod
    def _moments(link: Link) -> Iterator[tuple[str, datetime]]:
        if link.since:
            yield "connected since", link.since
        if link.answered:
            yield "last took a call", link.answered
        if link.failed:
            yield f"last error {link.error},", link.failed

    def _twilio(self) -> Health:
        pace = self._pace
        paused = f"paused for {pace.paused:.0f} s more" if pace.paused else ""
        if pace.down:
            text = f"no connection for {pace.down:.0f} s; tried again and again"
        elif paused:
            text = f"{paused}, as Twilio asked"
        elif pace.slots.limit < pace.most:
            text = f"slowed down to {pace.slots.limit} requests at once, as Twilio asked"
        else:
            text = "asked as fast as need be"
        moments = ((f"last answer {pace.last[0]},", pace.last[1]),) if pace.last else ()
        return Health("Twilio", not pace.down and not pace.paused, text, moments)

    async def _database(self) -> Health:
        began = time.perf_counter()
        try:
            async with asyncio.timeout(PATIENCE), self._pool.connection() as conn:
                row = await (await conn.execute("SHOW server_version")).fetchone()
        except (psycopg.Error, PoolTimeout, TimeoutError, OSError) as exc:
            return Health("Database", well=False, text=f"no answer ({type(exc).__name__})")
        took = (time.perf_counter() - began) * 1_000
        version = str(row[0]).split(" ", 1)[0] if row else "of an unknown version"
        return Health("Database", well=True, text=f"PostgreSQL {version} answered in {took:.1f} ms")
