"""A process that is killed or stopped in the middle of a send, and the next start."""

import asyncio
import signal
from collections import Counter

from tests.scenarios.world import World, payload

NUMBERS = [f"+1617555{n:04}" for n in range(3000, 3300)]
GROUP = f'\n[[group]]\nname = "everybody"\nmembers = {NUMBERS}\n'


async def midway(world: World, posts: int) -> asyncio.subprocess.Process:
    """Send to 300 from a process of its own, until Twilio has seen `posts` requests."""
    world.write_policy((world.folder / "sms.toml").read_text() + GROUP)
    world.twilio.latency = 0.2
    process: asyncio.subprocess.Process = await world.spawn()
    done = await world.say("send everybody Water in the lab")
    assert done.error == ""
    await world.wait(lambda: len(world.twilio.posts) >= posts)
    return process


async def test_after_kill_9_nobody_is_lost_and_nobody_is_sent_to_twice(
    stopped_world: World,
) -> None:
    world = stopped_world
    process = await midway(world, 120)
    process.send_signal(signal.SIGKILL)
    await process.wait()
    in_flight = {to for to, state in world.states().items() if state == "sending"}
    assert in_flight
    await world.spawn()
    await world.wait(lambda: not {"queued", "sending"} & set(world.states().values()))
    states = world.states()
    assert {to for to, state in states.items() if state == "in_doubt"} == in_flight
    assert Counter(states.values()) == {
        "accepted": 300 - len(in_flight),
        "in_doubt": len(in_flight),
    }
    asked = Counter(to for to, _ in world.sent())
    assert set(asked.values()) == {1}
    assert set(states) - in_flight <= set(asked)


async def test_after_kill_9_the_card_tells_what_is_known(stopped_world: World) -> None:
    world = stopped_world
    process = await midway(world, 60)
    process.send_signal(signal.SIGKILL)
    await process.wait()
    await world.spawn()
    card = await world.card()
    told = payload(card)
    states = Counter(world.states().values())
    assert told["statusCode"] == "201"
    assert (told["accepted"], told["unknown"]) == (states["accepted"], states["in_doubt"])
    assert told["failed"] == 0


async def test_sigterm_finishes_what_runs_and_leaves_the_rest(stopped_world: World) -> None:
    world = stopped_world
    process = await midway(world, 60)
    process.send_signal(signal.SIGTERM)
    assert await process.wait() == 0
    states = Counter(world.states().values())
    assert set(states) == {"accepted", "queued"}
    assert states["accepted"] == len(world.twilio.messages) == len(world.twilio.posts)
    await world.spawn()
    card = await world.card()
    assert payload(card)["status"] == "Success"
    assert Counter(to for to, _ in world.sent()) == Counter(NUMBERS)
