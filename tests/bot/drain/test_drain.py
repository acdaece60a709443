"""A send on its way: everybody once, few at a time, as Twilio answers."""

import asyncio
from collections import Counter
from collections.abc import Sequence

import pytest

from bot.drain import ELSEWHERE, Unfinished
from bot.slots import Slots
from bot.store.outbox import Claim, Outbox, Settled
from tests.bot.drain.kit import NUMBERS, World
from tests.bot.kit import Eventually
from twilio_core.testing import Delayed, Error, Raw, ServerError, Silence


async def test_everybody_is_sent_to_once_and_the_send_is_settled(world: World) -> None:
    send_id, owner = await world.sent(120), await world.worker()
    assert await world.drain().run(send_id, owner) is None
    assert world.asked() == Counter(NUMBERS[:120])
    assert await world.states() == {"accepted": 120}
    assert await world.rows("SELECT settled IS NOT NULL FROM send") == [(True,)]
    assert world.slots.used == 0


async def test_never_more_are_under_way_than_there_are_slots(world: World) -> None:
    world.slots, world.twilio.latency = Slots(7), 0.01
    send_id, owner = await world.sent(40), await world.worker()
    drain = world.drain()
    await asyncio.gather(*(drain.run(send_id, owner) for _ in range(4)))
    assert world.twilio.peak <= 7
    assert await world.states() == {"accepted": 40}


async def test_several_processes_share_one_send_without_sending_twice(world: World) -> None:
    world.twilio.latency = 0.005
    send_id = await world.sent(300)
    owners = [await world.worker() for _ in range(3)]
    drains = [(world.drain(), owner) for owner in owners]  # one a process, with its memory
    await asyncio.gather(*(each.run(send_id, owner) for each, owner in drains for _ in range(2)))
    assert world.asked() == Counter(NUMBERS[:300])
    assert await world.states() == {"accepted": 300}


async def test_a_small_send_does_not_wait_for_a_big_one(world: World) -> None:
    world.slots, world.twilio.latency = Slots(4), 0.02
    big, owner = await world.sent(200, "big"), await world.worker()
    small = await world.sent(1, "small")
    drain = world.drain()
    running = asyncio.create_task(drain.run(big, owner))
    await asyncio.sleep(0.05)
    await drain.run(small, owner)
    assert not running.done()
    world.stopping.set()
    await running


@pytest.mark.parametrize("limit", [1, 2, 3])
async def test_many_sends_at_once_all_finish_with_hardly_any_slots(
    world: World, limit: int
) -> None:
    world.slots = Slots(limit)
    sends = [await world.sent(5, f"cmd:{n}") for n in range(12)]
    owner, drain = await world.worker(), world.drain()
    async with asyncio.timeout(60):
        await asyncio.gather(*(drain.run(send_id, owner) for send_id in sends))
    assert await world.states() == {"accepted": 60}
    assert world.slots.used == 0


async def test_a_slot_that_is_freed_while_an_answer_is_recorded_is_not_overlooked(
    world: World, eventually: Eventually
) -> None:
    other_done = asyncio.Event()

    class Slow(Outbox):
        async def turn(
            self, send_id: int, owner: int, answers: Sequence[Settled], want: int
        ) -> list[Claim]:
            if answers and not want:
                await other_done.wait()
            return await super().turn(send_id, owner, answers, want)

    world.slots, world.twilio.latency = Slots(1), 0.1
    first, owner = await world.sent(2, "first"), await world.worker()
    second = await world.sent(1, "second")
    running = asyncio.create_task(world.drain(world.outbox(Slow)).run(first, owner))
    await eventually(lambda: world.twilio.posts)
    await world.drain().run(second, owner)
    other_done.set()
    async with asyncio.timeout(10):
        await running
    assert await world.states() == {"accepted": 3}


async def test_a_send_that_is_gone_needs_nothing(world: World) -> None:
    assert await world.drain().run(4711, await world.worker()) is None


async def test_an_account_refusal_stops_the_rest_at_once(world: World) -> None:
    world.slots = Slots(1)
    world.twilio.script(NUMBERS[2], Error(20003, 401))
    send_id, owner = await world.sent(50), await world.worker()
    assert await world.drain().run(send_id, owner) is None
    assert len(world.twilio.posts) == 3
    assert await world.states() == {"accepted": 2, "failed": 48}
    [(reason,)] = await world.rows("SELECT DISTINCT reason FROM delivery WHERE position > 3")
    assert reason.startswith("not sent, because the account was refused: 20003 ")


async def test_a_throttled_recipient_is_tried_again_while_others_are_under_way(
    world: World,
) -> None:
    world.twilio.script(NUMBERS[0], Error(20429, 429))
    world.twilio.script(NUMBERS[1], Silence(accepted=True))
    send_id, owner = await world.sent(2), await world.worker()
    running = asyncio.create_task(world.drain().run(send_id, owner))
    async with asyncio.timeout(20):
        while (await world.states()).get("accepted") != 1:  # noqa: ASYNC110 - no event tells
            await asyncio.sleep(0.01)
    assert world.asked()[NUMBERS[0]] == 2
    assert not running.done()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert await world.states() == {"accepted": 1, "in_doubt": 1}


async def test_a_twilio_that_takes_few_at_once_loses_nobody(world: World) -> None:
    world.twilio.limit, world.twilio.latency = 10, 0.02
    send_id = await world.sent(150)
    await world.drained(world.drain(), send_id)
    assert await world.states() == {"accepted": 150}
    assert world.slots.limit < 50


async def test_who_has_to_wait_longer_is_left_to_the_next_run(world: World) -> None:
    world.twilio.script(NUMBERS[0], Raw(429, b'{"code": 20429}', {"Retry-After": "60"}))
    send_id, owner = await world.sent(2), await world.worker()
    left = await world.drain().run(send_id, owner)
    assert left is not None
    assert 50 < left.after <= 60
    assert await world.states() == {"accepted": 1, "queued": 1}


async def test_a_server_error_is_not_sent_again(world: World) -> None:
    world.twilio.script(NUMBERS[0], ServerError(500, accepted=True))
    send_id, owner = await world.sent(1), await world.worker()
    drain = world.drain()
    await drain.run(send_id, owner)
    assert await drain.run(send_id, owner) is None
    assert await world.states() == {"in_doubt": 1}
    assert len(world.twilio.posts) == 1


async def test_a_send_that_is_drained_here_is_offered_to_another_process(
    world: World, eventually: Eventually
) -> None:
    world.twilio.script(NUMBERS[0], Delayed(0.5))
    send_id, owner = await world.sent(1), await world.worker()
    drain = world.drain()
    first = asyncio.create_task(drain.run(send_id, owner))
    await eventually(lambda: len(world.twilio.posts) == 1)
    assert await drain.run(send_id, owner) == Unfinished(ELSEWHERE)
    assert await first is None
    assert await drain.run(send_id, owner) is None
    assert len(world.twilio.posts) == 1
