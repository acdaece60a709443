"""Levels for `GET /metrics`: read beside the scrape, so that no scrape waits for the database.

What was read last is told; what could not be read is not told at all, rather than as it once was.
"""

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import psycopg
import structlog
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from psycopg_pool import PoolTimeout

from bot.lease import Lease
from bot.slack.link import Link
from bot.store.database import Pool
from bot.store.levels import Levels, read_levels

EVERY = 15.0
"""Seconds between two readings: Prometheus scrapes no more often by its own default."""

PATIENCE = 10.0
"""Seconds that a reading may take."""

_OF_ALL = "of the database: every process tells the same"

log = structlog.get_logger(__name__)


@dataclass(eq=False)
class Gauges(Collector):
    """What `Metrics` tells besides what it counts.

    Attributes:
        link: this process's way to Slack; None before there is one.
        lease: whether its signs of life arrive; None before it works.
        levels: what was read last; None if that failed, or nothing was read yet.
    """

    link: Link | None = None
    lease: Lease | None = None
    levels: Levels | None = None

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """Give all, for prometheus_client."""
        yield from self._process()
        yield from self._database(self.levels)

    def _process(self) -> Iterator[GaugeMetricFamily]:
        link = self.link if self.link and self.link.mode else None
        connected = None if link is None else link.since is not None or not link.needs_socket
        yield _one("sms_slack_connected", "Whether Slack reaches this process", connected)
        alive = None if self.lease is None else self.lease.valid
        yield _one("sms_process_alive", "Whether this process's signs of life arrive", alive)
        read = None if self.lease is None else self.levels is not None
        yield _one("sms_database_up", "Whether this process could read the database last", read)

    def _database(self, levels: Levels | None) -> Iterator[GaugeMetricFamily]:
        known = levels or Levels({}, {}, {}, 0.0, 0, 0.0, 0, 0)
        yield _many(
            "sms_deliveries", "Recipients of the last 24 h by state and by reach of the error",
            ("state", "class"), known.deliveries.items(),
        )  # fmt: skip
        doubts = [((stage,), count) for stage, count in known.in_doubt.items()]
        yield _many("sms_in_doubt", "Recipients in doubt", ("stage",), doubts)
        yield _many(
            "sms_queue_jobs", "Jobs that are due, for later or running", ("task", "status"),
            known.jobs.items(),
        )  # fmt: skip
        for name, text, value in (
            ("sms_queue_age_seconds", "For how long the first job is due", known.queue_age),
            ("sms_pages_open", "Pages that wait for somebody", known.pages_open),
            ("sms_page_oldest_seconds", "Age of the oldest open page", known.oldest_open),
            ("sms_pages_exhausted", "Pages of 24 h that nobody answered", known.pages_exhausted),
            ("sms_processes", "Processes that show signs of life", known.processes),
        ):
            yield _one(name, f"{text}; {_OF_ALL}", value if levels else None)


def _one(name: str, text: str, value: float | None) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, text)
    if value is not None:
        family.add_metric((), value)
    return family


def _many(
    name: str, text: str, labels: tuple[str, ...], values: Iterable[tuple[tuple[str, ...], int]]
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, f"{text}; {_OF_ALL}", labels=labels)
    for label, value in values:
        family.add_metric(label, value)
    return family


class Sampler:
    """Reads while `run` runs. One a process."""

    def __init__(self, pool: Pool, gauges: Gauges) -> None:
        self._pool = pool
        self._gauges = gauges

    async def run(self) -> None:
        """Read until cancelled, whatever the database does."""
        while True:
            await self.read()
            await asyncio.sleep(EVERY)

    async def read(self) -> None:
        """Read once."""
        try:
            async with asyncio.timeout(PATIENCE), self._pool.connection() as conn:
                self._gauges.levels = await read_levels(conn)
        except (psycopg.Error, PoolTimeout, TimeoutError, OSError) as exc:
            self._gauges.levels = None
            log.warning("levels.unread", why=type(exc).__name__)
