"""What holds everybody back: pauses, outages, refusals of the whole account."""

import asyncio
from collections import Counter

import pytest

from bot.drain import Unfinished
from bot.gateway import ATTEMPTS, GIVE_UP
from bot.pace import Pace
from bot.slots import Slots
from bot.store.pulse import Beat, beat
from commands.model import Kind
from tests.bot.drain.kit import NUMBERS, Generous, World
from tests.bot.kit import Eventually
from twilio_core.testing import Delayed, Error, Raw

WAIT_A_MINUTE = Raw(429, b'{"code": 20429}', {"Retry-After": "60"})


# Twilio finds the requests too many


async def test_whose_pause_ends_while_all_slots_are_taken_waits_for_one(world: World) -> None:
    world.slots = Slots(4)
    world.twilio.script(NUMBERS[0], Error(20429, 429))
    for number in NUMBERS[1:4]:  # more than the halved pace allows, for longer than the pause
        world.twilio.script(number, Delayed(2.0))
    send_id = await world.sent(4)
    await world.drained(world.drain(), send_id)
    assert await world.states() == {"accepted": 4}
    assert world.asked()[NUMBERS[0]] == 2


# Twilio asks for a pause


async def test_a_pause_that_twilio_asks_for_holds_back_who_was_not_posted_to_yet(
    world: World,
) -> None:
    world.slots = Slots(1)
    world.twilio.script(NUMBERS[0], WAIT_A_MINUTE)
    send_id, owner = await world.sent(10), await world.worker()
    left = await world.drain().run(send_id, owner)
    assert left is not None
    assert 50 < left.after <= 60
    assert await world.states() == {"queued": 10}
    assert len(world.twilio.posts) == 1


async def test_what_was_under_way_when_the_pause_began_counts(world: World) -> None:
    world.slots, world.twilio.latency = Slots(3), 0.5
    world.twilio.script(NUMBERS[0], WAIT_A_MINUTE)
    send_id, owner = await world.sent(10), await world.worker()
    await world.drain().run(send_id, owner)
    assert await world.states() == {"accepted": 2, "queued": 8}
    assert len(world.twilio.posts) == 3


async def test_another_process_keeps_the_pause_as_well(world: World) -> None:
    world.slots = Slots(1)
    world.twilio.script(NUMBERS[0], WAIT_A_MINUTE)
    send_id, owner = await world.sent(10), await world.worker()
    await world.drain().run(send_id, owner)
    world.slots = Slots(50)
    world.pace = Pace(world.slots, world.pool)
    async with world.pool.connection() as conn:
        world.pace.learn(await beat(conn, owner, 50))
    left = await world.drain().run(send_id, owner)
    assert left is not None
    assert 50 < left.after <= 60
    assert len(world.twilio.posts) == 1


async def test_another_send_keeps_the_pause_as_well(world: World) -> None:
    world.slots = Slots(1)
    world.twilio.script(NUMBERS[0], WAIT_A_MINUTE)
    first, owner = await world.sent(2, "first"), await world.worker()
    second = await world.sent(2, "second")
    drain = world.drain()
    await drain.run(first, owner)
    assert isinstance(await drain.run(second, owner), Unfinished)
    assert len(world.twilio.posts) == 1


async def test_after_a_short_pause_the_same_run_goes_on(world: World) -> None:
    world.slots = Slots(1)
    world.twilio.script(NUMBERS[0], Raw(429, b'{"code": 20429}', {"Retry-After": "1"}))
    send_id = await world.sent(4)
    await world.drained(world.drain(world.outbox(Generous)), send_id)
    assert await world.states() == {"accepted": 4}
    first, second = [post.at for post in world.twilio.posts[:2]]
    assert second - first >= 1


async def test_a_process_that_stops_during_a_pause_does_not_wait_for_its_end(
    world: World, eventually: Eventually
) -> None:
    world.slots = Slots(1)
    world.twilio.script(NUMBERS[0], WAIT_A_MINUTE)
    send_id, owner = await world.sent(10), await world.worker()
    pace = world.pace = Pace(world.slots, world.pool)
    running = asyncio.create_task(world.drain(world.outbox(Generous)).run(send_id, owner))
    await eventually(lambda: pace.paused)
    await asyncio.sleep(0.1)
    world.stopping.set()
    async with asyncio.timeout(20):
        await running
    assert await world.states() == {"queued": 10}


# No connection


async def test_while_there_is_no_connection_nobody_is_lost_and_afterwards_all_are_sent_to(
    world: World,
) -> None:
    send_id = await world.sent(30)
    await world.twilio.refuse()
    drain = world.drain()
    left = await drain.run(send_id, await world.worker())
    assert left is not None
    assert 0 < left.after < 1
    assert await world.states() == {"queued": 30}
    await world.twilio.listen()
    await world.drained(drain, send_id)
    assert await world.states() == {"accepted": 30}
    assert world.asked() == Counter(NUMBERS[:30])


async def test_after_an_outage_the_slots_are_all_there_again(world: World) -> None:
    send_id = await world.sent(3)
    await world.twilio.refuse()
    drain = world.drain()
    await drain.run(send_id, await world.worker())
    assert world.slots.limit == 1
    await world.twilio.listen()
    await world.drained(drain, send_id)
    assert world.slots.limit == 50


async def in_an_outage(world: World, seconds: float, kind: Kind = Kind.SEND) -> Unfinished | None:
    """Drain a send to ten, when no connection has come about since it was made."""
    world.pace = Pace(world.slots)
    world.pace.learn(Beat(alive=True, live=1, ceiling=None, paused=0.0, down=seconds))
    send_id = await world.sent(10, kind=kind)
    await world.change("UPDATE send SET created = now() - make_interval(secs => %s)", seconds)
    await world.twilio.refuse()
    return await world.drain().run(send_id, await world.worker())


@pytest.mark.parametrize("kind", [Kind.SEND, Kind.PAGE])
async def test_after_a_long_outage_a_send_ends_and_everybody_is_told_why(
    world: World, kind: Kind
) -> None:
    assert await in_an_outage(world, GIVE_UP[kind] + 1, kind) is None
    assert await world.rows("SELECT DISTINCT state, code FROM delivery") == [("failed", "901")]
    reasons = await world.rows("SELECT reason FROM delivery ORDER BY position")
    assert reasons[0] == ("no connection to the Twilio URL",)
    assert set(reasons[1:]) == {
        ("not sent, because there is no connection: no connection to the Twilio URL",)
    }
    assert await world.rows("SELECT settled IS NOT NULL FROM send") == [(True,)]


@pytest.mark.parametrize(("kind", "seconds"), [(Kind.SEND, 20.0), (Kind.PAGE, 500.0)])
async def test_after_a_shorter_one_everybody_waits(
    world: World, kind: Kind, seconds: float
) -> None:
    assert isinstance(await in_an_outage(world, seconds, kind), Unfinished)
    assert await world.states() == {"queued": 10}


# The whole account


async def test_a_daily_cap_in_the_middle_stops_the_send_and_says_so(world: World) -> None:
    world.slots, world.twilio.daily_cap = Slots(2), 5
    send_id, owner = await world.sent(40), await world.worker()
    assert await world.drain().run(send_id, owner) is None
    assert await world.states() == {"accepted": 5, "failed": 35}
    assert len(world.twilio.posts) <= 7
    assert await world.rows(
        "SELECT DISTINCT code, error_code FROM delivery WHERE state = 'failed'"
    ) == [("429", 63038)]
    [(reason,)] = await world.rows("SELECT reason FROM delivery WHERE position = 40")
    assert reason.startswith("not sent, because the account was refused: 63038 ")


async def test_a_daily_cap_is_not_taken_for_too_many_requests_at_once(world: World) -> None:
    world.twilio.daily_cap = 1
    send_id, owner = await world.sent(3), await world.worker()
    await world.drain().run(send_id, owner)
    assert world.slots.limit == 50


async def test_who_waits_for_his_next_attempt_is_stopped_with_the_others(world: World) -> None:
    world.slots = Slots(2)
    world.twilio.script(NUMBERS[0], Error(20429, 429))
    world.twilio.script(NUMBERS[1], Error(20003, 401))
    send_id, owner = await world.sent(6), await world.worker()
    assert await world.drain().run(send_id, owner) is None
    assert await world.states() == {"failed": 6}
    assert len(world.twilio.posts) == 2


# Too many at once


async def test_processes_that_are_refused_together_lose_nobody_and_double_nobody(
    world: World,
) -> None:
    world.twilio.limit, world.twilio.latency = 20, 0.02
    send_id = await world.sent(200)
    drains = []
    for _ in range(2):
        world.slots = Slots(50)
        drains.append(world.drain())
    await asyncio.gather(*(world.drained(drain, send_id) for drain in drains))
    await world.drained(drains[0], send_id)
    assert await world.states() == {"accepted": 200}
    assert len(world.twilio.messages) == 200
    assert world.slots.limit < 50


async def test_one_too_many_after_an_outage_is_tried_again_however_long_it_was(
    world: World,
) -> None:
    world.twilio.script(NUMBERS[0], Error(20429, 429))
    send_id, owner = await world.sent(1), await world.worker()
    await world.twilio.refuse()
    for _ in range(ATTEMPTS + 1):
        world.pace = Pace(world.slots)  # another process, which does not know of the pause
        await world.drain().run(send_id, owner)
        await world.change("UPDATE delivery SET next_check = NULL")
    assert await world.rows("SELECT state, throttled FROM delivery") == [("queued", 0)]
    await world.twilio.listen()
    world.pace = Pace(world.slots)
    await world.drained(world.drain(), send_id)
    assert await world.rows("SELECT state, throttled FROM delivery") == [("accepted", 1)]


async def test_who_is_always_one_too_many_fails_in_the_end(world: World) -> None:
    world.twilio.script(NUMBERS[0], *[Error(20429, 429)] * ATTEMPTS)
    send_id, drain = await world.sent(1), world.drain()
    for _ in range(ATTEMPTS):
        await world.change("UPDATE delivery SET next_check = NULL")
        await drain.run(send_id, await world.worker())
    assert await world.rows("SELECT state, code, error_code FROM delivery") == [
        ("failed", "429", 20429)
    ]
    assert len(world.twilio.posts) == ATTEMPTS
