"""Changes of one send that mark its card and have its delivery followed, at the same time."""

import asyncio
from dataclasses import dataclass, field

import psycopg

from bot.jobs import Jobs
from bot.store.doubts import Doubts
from bot.store.outbox import Outbox
from bot.tasks import Order, Task
from tests.bot.store.kit import accepted
from tests.bot.store.paging import ALICE, BOB, Paging


@dataclass
class Held:
    """The queue; who has put a job of this kind into it in a transaction waits before going on."""

    jobs: Jobs
    task: Task
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    go: asyncio.Event = field(default_factory=asyncio.Event)

    async def defer(self, *orders: Order, conn: psycopg.AsyncConnection | None = None) -> None:
        await self.jobs.defer(*orders, conn=conn)
        if conn and self.task in {order.task for order in orders}:
            self.reached.set()
            await self.go.wait()


async def test_a_late_answer_and_a_second_request_of_one_send_do_not_block_each_other(
    paging: Paging,
) -> None:
    await paging.paged(ALICE, BOB)
    store = paging.store
    [(send_id,)] = await store.rows("SELECT id FROM send")
    owner = await store.worker()
    await store.change("UPDATE delivery SET state = 'queued', owner = NULL, sid = NULL")
    [_, bobs] = await store.outbox.turn(send_id, owner, (), 2)
    await store.change(
        "UPDATE delivery SET state = 'in_doubt', doubted = now(), next_check = now()"
    )
    await store.forget_jobs()
    held = Held(store.jobs, Task.PAGE)
    late = asyncio.create_task(Outbox(store.pool, held).turn(send_id, owner, [accepted(bobs)], 0))
    async with asyncio.timeout(20):
        await held.reached.wait()  # the card is marked
    [alice, _] = await store.ids(send_id)
    again = asyncio.create_task(Doubts(store.pool, store.jobs).resend(send_id, [alice], 5.0))
    await store.someone_waits()
    held.go.set()
    assert tuple(await asyncio.gather(late, again)) == ([], 1)
    assert await store.states(send_id) == ["queued", "accepted"]
    assert [job for job in await store.waiting() if job[0] == "track"] == [("track", send_id)]
