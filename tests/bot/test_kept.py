"""Answers that are good for a while."""

import asyncio

import pytest

from bot.kept import Kept, Shelf


async def test_an_answer_that_is_too_old_is_looked_up_anew() -> None:
    asked: list[int] = []

    async def ask() -> int:
        asked.append(len(asked))
        return asked[-1]

    for seconds, looked_up in ((60.0, 1), (0.0, 3)):
        asked.clear()
        kept = Kept(ask, seconds)
        for _ in range(3):
            await kept.get()
        assert len(asked) == looked_up


async def test_a_look_up_goes_on_when_who_began_it_has_left() -> None:
    done = asyncio.Event()

    async def ask() -> str:
        await asyncio.sleep(0.05)
        done.set()
        return "answer"

    kept = Kept(ask, 60)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(kept.get(), 0.01)
    await asyncio.wait_for(done.wait(), 5)
    assert await kept.get() == "answer"


def test_a_full_shelf_lets_the_oldest_go() -> None:
    shelf: Shelf[int] = Shelf(60, 2)
    for key, value in (("a", 1), ("b", 2), ("a", 3), ("c", 4)):
        shelf.put(key, value)
    assert [shelf.get(key) for key in "abc"] == [3, None, 4]
    shelf.drop("a")
    assert shelf.get("a") is None


def test_what_is_too_old_is_nothing() -> None:
    shelf: Shelf[int] = Shelf(0, 2)
    shelf.put("a", 1)
    assert shelf.get("a") is None


async def test_who_wants_it_fresher_has_it_looked_up_sooner() -> None:
    asked: list[int] = []

    async def ask() -> int:
        asked.append(len(asked))
        return asked[-1]

    kept = Kept(ask, 60.0)
    await kept.get()
    await kept.get(30.0)
    assert asked == [0]
    assert await kept.get(0.0) == 1
    assert await kept.get() == 1
