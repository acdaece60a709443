"""Callbacks that come together are written together, and each hears of its own."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import psycopg
import pytest

from bot.inbox import AT_ONCE, Inbox
from bot.store.statuses import Report


class Desk:
    """Writes reports down when it is let; knows the deliveries up to 100."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.faults: list[Exception] = []
        self.open = asyncio.Event()
        self.open.set()

    async def apply(self, reports: Sequence[Report]) -> tuple[bool, ...]:
        self.batches.append([report.delivery_id for report in reports])
        await self.open.wait()
        if self.faults:
            raise self.faults.pop()
        return tuple(report.delivery_id <= 100 for report in reports)


@asynccontextmanager
async def working(desk: Desk) -> AsyncIterator[Inbox]:
    inbox = Inbox(desk)
    running = asyncio.create_task(inbox.run())
    yield inbox
    assert not running.done()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


def about(number: int) -> Report:
    return Report(number, f"SM{number:032}", "delivered", "callback")


async def heard(inbox: Inbox, *numbers: int) -> list[bool | BaseException]:
    calls = [asyncio.create_task(inbox.hear(about(number))) for number in numbers]
    async with asyncio.timeout(10):
        return await asyncio.gather(*calls, return_exceptions=True)


async def test_each_is_told_whether_its_own_report_was_known() -> None:
    async with working(Desk()) as inbox:
        assert await heard(inbox, 1, 101, 2) == [True, False, True]


async def test_reports_that_arrive_during_a_write_are_written_together_after_it() -> None:
    desk = Desk()
    desk.open.clear()
    async with working(desk) as inbox:
        first = asyncio.create_task(inbox.hear(about(1)))
        while not desk.batches:  # noqa: ASYNC110 - the desk tells nobody
            await asyncio.sleep(0)
        later = asyncio.create_task(heard(inbox, *range(2, 60)))
        await asyncio.sleep(0.01)
        desk.open.set()
        assert await first
        assert all(await later)
    assert desk.batches == [[1], list(range(2, 60))]


async def test_a_flood_is_written_in_parts_and_nobody_is_forgotten() -> None:
    desk = Desk()
    async with working(desk) as inbox:
        answers = await heard(inbox, *[1] * (2 * AT_ONCE + 7))
    assert answers == [True] * (2 * AT_ONCE + 7)
    assert max(map(len, desk.batches)) == AT_ONCE


async def test_what_keeps_a_batch_from_being_written_is_told_to_each_that_waits_for_it() -> None:
    desk = Desk()
    desk.faults = [psycopg.OperationalError("the connection was lost")]
    async with working(desk) as inbox:
        answers = await heard(inbox, 1, 2, 3)
        assert [type(each) for each in answers] == [psycopg.OperationalError] * 3
        assert await heard(inbox, 4) == [True]


async def test_one_that_waits_no_longer_harms_nobody() -> None:
    desk = Desk()
    desk.open.clear()
    async with working(desk) as inbox:
        calls = [asyncio.create_task(inbox.hear(about(number))) for number in (1, 2, 3)]
        while not desk.batches:  # noqa: ASYNC110 - the desk tells nobody
            await asyncio.sleep(0)
        calls[1].cancel()
        desk.open.set()
        async with asyncio.timeout(10):
            answers = await asyncio.gather(*calls, return_exceptions=True)
        assert [type(each) for each in answers] == [bool, asyncio.CancelledError, bool]
        assert await heard(inbox, 4) == [True]


async def test_one_that_waits_no_longer_for_what_fails_harms_nobody() -> None:
    desk = Desk()
    desk.open.clear()
    desk.faults = [psycopg.OperationalError("the connection was lost")]
    async with working(desk) as inbox:
        calls = [asyncio.create_task(inbox.hear(about(number))) for number in (1, 2)]
        while not desk.batches:  # noqa: ASYNC110 - the desk tells nobody
            await asyncio.sleep(0)
        calls[0].cancel()
        desk.open.set()
        with pytest.raises(psycopg.OperationalError):
            await asyncio.wait_for(calls[1], 10)
        assert await heard(inbox, 4) == [True]
