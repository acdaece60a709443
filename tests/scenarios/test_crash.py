"""A process that is killed, stopped or frozen in the middle of a send."""

import asyncio
import contextlib
import os
import signal
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.forks import Forked
from tests.scenarios.world import ALICE, World, payload

NUMBERS = [f"+1617555{n:04}" for n in range(3000, 3300)]
GROUP = f"""
[timing]
in_doubt = "3s"
poll = "1s"

[[group]]
name = "everybody"
members = {NUMBERS}
"""


async def midway(world: World, posts: int, processes: int = 1) -> list[Forked]:
    """Send to 300 from processes of their own, until Twilio has seen `posts` requests."""
    world.add_policy(GROUP)
    world.twilio.latency, world.twilio.step = 0.2, 0.1
    running = [await world.spawn() for _ in range(processes)]
    done = await world.say("send everybody Water in the lab")
    assert done.error == ""
    # a card whose first post is cut off may have a twin, since Slack names no way to look for it
    await world.wait(lambda: len(world.twilio.posts) >= posts and world.cards())
    return running


async def everybody_got_it_once(world: World) -> None:
    """Wait for the end; who was never posted to is sent to on the sender's word."""
    doubtful = "SELECT count(*) FROM delivery WHERE state = 'in_doubt' AND next_check IS NULL"
    open_ = "SELECT count(*) FROM delivery WHERE state IN ('queued', 'sending', 'in_doubt')"
    await world.wait(lambda: world.rows(open_) == world.rows(doubtful), 60)
    if world.rows(doubtful) != [(0,)]:
        notice = await world.whisper("Send again")
        await world.slack.click(ALICE, notice, "sms_again")
    card = await world.agreed(sent=300)
    assert payload(card)["status"] == "Success"
    assert world.held() == Counter(NUMBERS)


@pytest.mark.parametrize("posts", [1, 30, 60, 90, 120, 150, 180, 220, 260, 295])
async def test_after_kill_9_at_any_point_nobody_is_lost_and_nobody_gets_two(
    stopped_world: World, posts: int
) -> None:
    world = stopped_world
    [process] = await midway(world, posts)
    process.send_signal(signal.SIGKILL)
    await process.wait()
    await world.spawn()
    await everybody_got_it_once(world)


async def test_sigterm_finishes_what_runs_and_leaves_the_rest(stopped_world: World) -> None:
    world = stopped_world
    [process] = await midway(world, 60)
    process.send_signal(signal.SIGTERM)
    assert await process.wait() == 0
    states = Counter(world.states().values())
    assert set(states) <= {"accepted", "sent", "delivered", "queued"}
    assert 300 - states["queued"] == len(world.twilio.messages) == len(world.twilio.posts)
    await world.spawn()
    await world.agreed(sent=300)
    assert Counter(to for to, _ in world.sent()) == Counter(NUMBERS)


async def test_one_of_two_processes_that_is_killed_is_taken_over(stopped_world: World) -> None:
    world = stopped_world
    first, second = await midway(world, 60, processes=2)
    drains = "SELECT count(DISTINCT owner) FROM delivery"
    await world.wait(lambda: world.rows(drains) == [(2,)])
    first.send_signal(signal.SIGKILL)
    await first.wait()
    await everybody_got_it_once(world)
    assert second.returncode is None


@contextlib.contextmanager
def frozen(process: Forked) -> Iterator[None]:
    """Stop a process as a suspended machine does, and let it go on."""
    os.kill(process.pid, signal.SIGSTOP)
    yield
    os.kill(process.pid, signal.SIGCONT)


async def test_a_process_that_was_frozen_for_15_s_sends_nothing_that_others_took_over(
    stopped_world: World,
) -> None:
    world = stopped_world
    first, _second = await midway(world, 60, processes=2)
    with frozen(first):
        await asyncio.sleep(15)
    await everybody_got_it_once(world)


async def test_a_process_alone_that_was_frozen_for_15_s_goes_on(stopped_world: World) -> None:
    world = stopped_world
    [process] = await midway(world, 60)
    with frozen(process):
        await asyncio.sleep(15)
    await everybody_got_it_once(world)
