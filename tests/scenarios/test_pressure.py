"""A Twilio that cannot be reached, or takes few at once, or no more today."""

import asyncio
from collections import Counter

from tests.scenarios.world import World, payload, shown
from twilio_core.testing import Raw

NUMBERS = [f"+1617555{n:04}" for n in range(5000, 5060)]
LIST = ",".join(NUMBERS)


async def test_twenty_seconds_without_a_connection_cost_nobody_the_message(
    socket_world: World,
) -> None:
    world = socket_world
    await world.twilio.refuse()
    await world.say(f"send {LIST} Water in the lab")
    await asyncio.sleep(20)
    assert set(world.states().values()) == {"queued"}
    await world.twilio.listen()
    card = await world.agreed(sent=60)
    assert payload(card)["status"] == "Success"
    assert Counter(to for to, _ in world.sent()) == Counter(NUMBERS)


async def test_without_any_connection_the_send_ends_and_says_so(socket_world: World) -> None:
    world = socket_world
    await world.twilio.refuse()
    await world.say(f"send {LIST} Water in the lab")
    await world.wait(lambda: world.cards() and payload(world.cards()[0])["statusCode"], 60)
    card = world.cards()[0]
    assert (payload(card)["statusCode"], payload(card)["failed"]) == ("901", 60)
    assert "no connection" in shown(card)
    assert set(world.states().values()) == {"failed"}


async def test_more_than_twilio_takes_at_once_are_all_sent_and_none_twice(
    socket_world: World,
) -> None:
    world = socket_world
    world.twilio.limit, world.twilio.latency = 20, 0.05
    numbers = [f"+1617555{n:04}" for n in range(6000, 6300)]
    world.add_policy(f'\n[[group]]\nname = "everybody"\nmembers = {numbers}\n')
    await world.stop()
    await world.start()
    await world.say("send everybody Water in the lab")
    card = await world.agreed(sent=300)
    assert payload(card)["status"] == "Success"
    assert world.held() == Counter(numbers)
    asked = len(world.twilio.posts)
    assert asked < 300 + 100, "it asks about as many at once as Twilio takes"


async def test_the_daily_cap_stops_the_send_and_says_so(socket_world: World) -> None:
    world = socket_world
    world.twilio.daily_cap, world.twilio.latency = 25, 0.05
    await world.say(f"send {LIST} Water in the lab")
    card = await world.agreed(sent=25, failed=35)
    assert payload(card)["status"] == "Partial-Success"
    assert "daily message limit" in shown(card)
    notice = await world.whisper("Retry failed (35)")
    refused = {to for to, state in world.states().items() if state == "failed"}
    assert all(number in shown(notice) for number in refused)


async def test_a_pause_that_twilio_asks_for_is_kept_by_all(stopped_world: World) -> None:
    world = stopped_world
    await world.start(in_flight=1)
    world.twilio.script(NUMBERS[0], Raw(429, b'{"code": 20429}', {"Retry-After": "3"}))
    await world.say(f"send {LIST} Water in the lab")
    await world.agreed(sent=60)
    first, second = (post.at for post in world.twilio.posts[:2])
    assert second - first > 2.5
