"""Calls of one method of Slack, spread over time."""

import asyncio
import time

from bot.turns import Turns
from tests.bot.kit import Clock


async def test_who_comes_when_there_are_too_many_waits_for_the_oldest_to_be_past(
    clock: Clock,
) -> None:
    turns = Turns(60.0, clock)
    for _ in range(5):
        assert turns.wait(5) == 0
        await turns.take(5)
        clock.now += 1
    assert turns.wait(5) == 55
    assert turns.wait(7) == 0
    clock.now += 55
    assert turns.wait(5) == 0
    await turns.take(5)
    assert turns.wait(5) == 1  # until the second of them is past


def test_a_pause_holds_everybody_and_a_shorter_one_does_not_end_it(clock: Clock) -> None:
    turns = Turns(60.0, clock)
    turns.hold(30)
    turns.hold(10)
    assert (turns.held(), turns.wait(90)) == (30, 30)
    clock.now += 30
    assert (turns.held(), turns.wait(90)) == (0, 0)


async def test_a_turn_comes_once_its_wait_is_over() -> None:
    turns = Turns(0.2)
    begun = time.monotonic()
    await asyncio.gather(*(turns.take(2) for _ in range(6)))
    assert time.monotonic() - begun >= 0.4
