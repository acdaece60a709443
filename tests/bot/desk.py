"""A process whose jobs do nothing but note that they were called."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, LiteralString

from bot.drain import Unfinished
from bot.jobs import Jobs
from bot.tasks import Task
from tests.eyes import change, look

ONE_WAITS = [Task.NOTICE, Task.RECONCILE, Task.TRACK]
"""Jobs of which at most one waits for a send."""


@dataclass
class Desk:
    """A process whose jobs note their calls.

    Attributes:
        calls: task, send and worker of each call, in order.
        faults: how often a job fails first.
        left: what jobs give back, the last one first.
        hold: jobs wait for it before they end.
        most: the most jobs of one task that ran at once.
    """

    url: str
    jobs: Jobs
    calls: list[tuple[Task, int, int]] = field(default_factory=list)
    faults: int = 0
    left: list[Unfinished] = field(default_factory=list)
    hold: asyncio.Event = field(default_factory=asyncio.Event)
    most: Counter[Task] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.hold.set()
        self._now: Counter[Task] = Counter()
        self.jobs.serve({task: self._handler(task) for task in Task})

    def _handler(self, task: Task) -> Any:  # noqa: ANN401 - what `serve` takes
        async def handle(send_id: int, worker: int) -> Unfinished | None:
            self.calls.append((task, send_id, worker))
            self._now[task] += 1
            self.most[task] = max(self.most[task], self._now[task])
            try:
                await self.during(task)
            finally:
                self._now[task] -= 1
            return self.left.pop() if self.left else None

        return handle

    async def during(self, task: Task) -> None:
        await self.hold.wait()
        if self.faults:
            self.faults -= 1
            raise RuntimeError("try again")

    def called(self, task: Task) -> list[int]:
        """The sends that jobs of this kind were called for."""
        return [send_id for each, send_id, _ in self.calls if each is task]

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        stopping = asyncio.Event()
        work = asyncio.create_task(self.jobs.work(stopping))
        yield
        stopping.set()
        async with asyncio.timeout(20):
            await work

    def rows(self, sql: LiteralString, *params: object) -> list[tuple[Any, ...]]:
        return look(self.url, sql, params)

    async def change(self, sql: LiteralString, *params: object) -> list[tuple[Any, ...]]:
        return await change(self.url, sql, params)

    def jobs_left(self) -> int:
        [(number,)] = self.rows("SELECT count(*) FROM procrastinate_jobs")
        return int(number)

    def idle(self) -> bool:
        return self.jobs_left() == 0
