"""Calls of one method of Slack, spread over time."""

import asyncio
import time

from bot.turns import Turns


async def took(turns: Turns, most: int, count: int) -> float:
    start = time.monotonic()
    await asyncio.gather(*(turns.take(most) for _ in range(count)))
    return time.monotonic() - start


async def test_who_comes_when_there_are_too_many_waits_for_the_oldest_to_be_past() -> None:
    turns = Turns(span=0.3)
    assert await took(turns, 5, 5) < 0.25
    assert 0.25 < await took(turns, 5, 5) < 0.55
    assert await took(turns, 7, 2) < 0.25


async def test_a_pause_holds_everybody_and_a_shorter_one_does_not_end_it() -> None:
    turns = Turns()
    turns.hold(0.4)
    turns.hold(0.1)
    assert 0.3 < turns.held() <= 0.4
    assert await took(turns, 90, 3) > 0.35
    assert turns.held() == 0
