"""Whose home is live, who draws it, and that the latest drawing counts."""

import asyncio

import pytest

from bot.store.homes import APART, Homes, Turn
from commands.model import Actor
from tests.bot.store.kit import Store

ME = "U0ALICE"


@pytest.fixture
def homes(store: Store) -> Homes:
    return Homes(store.pool)


async def age(store: Store, what: str, seconds: float) -> None:
    opened = what == "opened"
    await store.change(
        "UPDATE home SET opened = opened - make_interval(secs => %s),"
        " drawn = drawn - make_interval(secs => %s)",
        seconds if opened else 0,
        0 if opened else seconds,
    )


async def watched(store: Store, send_id: int) -> bool:
    card = await store.cards.card(send_id)
    assert card is not None
    return card.watched


async def test_a_home_that_was_never_opened_is_not_drawn(homes: Homes) -> None:
    assert await homes.turn(ME) is None


async def test_a_home_is_drawn_again_a_second_later_at_the_earliest(
    store: Store, homes: Homes
) -> None:
    await homes.opened(ME)
    wait = await homes.turn(ME)
    assert isinstance(wait, float)
    assert 0.5 < wait <= APART
    await age(store, "drawn", 1)
    assert isinstance(await homes.turn(ME), Turn)
    assert isinstance(await homes.turn(ME), float)


async def test_of_two_who_want_to_draw_at_once_one_does(store: Store, homes: Homes) -> None:
    await homes.opened(ME)
    await age(store, "drawn", 1)
    turns = await asyncio.gather(*(homes.turn(ME) for _ in range(5)))
    assert sum(isinstance(turn, Turn) for turn in turns) == 1


async def test_an_hour_after_it_was_opened_a_home_is_not_drawn_any_more(
    store: Store, homes: Homes
) -> None:
    await homes.opened(ME)
    await age(store, "drawn", 3_700)
    await age(store, "opened", 3_500)
    assert isinstance(await homes.turn(ME), Turn)
    await age(store, "opened", 200)
    assert await homes.turn(ME) is None
    await homes.opened(ME)
    assert isinstance(await homes.turn(ME), float)


async def test_what_is_shown_is_known_at_the_next_turn(store: Store, homes: Homes) -> None:
    first = await homes.opened(ME)
    assert first.shown == ""
    assert await homes.shown(first, "digest")
    await age(store, "drawn", 1)
    turn = await homes.turn(ME)
    assert isinstance(turn, Turn)
    assert turn.shown == "digest"
    assert (await homes.opened(ME)).shown == ""


async def test_an_older_drawing_that_ends_last_makes_unknown_what_is_shown(
    store: Store, homes: Homes
) -> None:
    older = await homes.opened(ME)
    newer = await homes.opened(ME)
    assert await homes.shown(newer, "newer")
    assert not await homes.shown(older, "older")
    assert await store.rows("SELECT shown FROM home") == [("",)]


async def test_a_card_tells_whether_its_sender_has_opened_their_home_lately(
    store: Store, homes: Homes
) -> None:
    send_id = await store.sent()
    await homes.opened("U0BOB")
    assert not await watched(store, send_id)
    await homes.opened(ME)
    assert await watched(store, send_id)
    await age(store, "opened", 3_700)
    assert not await watched(store, send_id)


async def test_a_send_tells_who_asked_for_it(store: Store, homes: Homes) -> None:
    send_id = await store.sent(actor=Actor("U0BOB", "C0ONCALL"))
    assert await homes.sender(send_id) == "U0BOB"
    assert await homes.sender(404) == ""
