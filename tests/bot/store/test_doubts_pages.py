"""A page's doubt that is over: who is sent to again, and who is left, and why."""

import asyncio

import pytest

from bot.store.doubts import LATER_STEP, NOT_LISTED
from tests.bot.store.paging import ALICE, BOB, HAND, Paging

GIVEN_UP = [("in_doubt", "not found")]


async def doubtful(paging: Paging) -> tuple[int, int, int, int]:
    """Page alice and bob, both in doubt; give page, send, and the delivery of each."""
    page_id, store = await paging.paged(ALICE, BOB), paging.store
    [(send_id,)] = await store.rows("SELECT id FROM send")
    await store.doubted(send_id, looked_for=True)
    alice, bob = await store.ids(send_id)
    return page_id, send_id, alice, bob


async def test_whom_a_later_step_was_for_is_given_up_and_the_others_are_sent_to_again(
    paging: Paging,
) -> None:
    page_id, send_id, alice, bob = await doubtful(paging)
    await paging.due(page_id)
    await paging.fired(page_id, ALICE)
    store = paging.store
    assert await store.doubts.resend(send_id, [alice, bob], None) == 1
    assert await store.states(send_id) == ["in_doubt", "queued"]
    [(reason,)] = await store.rows("SELECT reason FROM delivery WHERE id = %s", alice)
    assert reason == f"no answer{NOT_LISTED}{LATER_STEP}"
    assert (await store.events(alice))[-1:] == GIVEN_UP
    assert await store.doubts.next(send_id) is None


async def test_where_nobody_is_sent_to_again_the_page_is_looked_at_and_shown_all_the_same(
    paging: Paging,
) -> None:
    page_id, send_id, alice, bob = await doubtful(paging)
    await paging.due(page_id)
    await paging.fired(page_id, ALICE, BOB)
    store = paging.store
    await store.forget_jobs()
    await store.change("UPDATE page_card SET stale = false")
    assert await store.doubts.resend(send_id, [alice, bob], None) == 0
    assert await store.waiting() == [("page", page_id), ("page_card", page_id)]


async def test_once_somebody_has_the_page_whoever_is_in_doubt_is_given_up(paging: Paging) -> None:
    page_id, send_id, alice, bob = await doubtful(paging)
    await paging.views.acknowledge(page_id, HAND)
    store = paging.store
    assert await store.doubts.resend(send_id, [alice, bob], None, "; not looked") == 0
    assert await store.rows(
        "SELECT DISTINCT state, reason, next_check FROM delivery WHERE send_id = %s", send_id
    ) == [("in_doubt", "no answer; not looked", None)]


@pytest.mark.parametrize("times", [2, 5])
async def test_however_many_look_at_once_who_is_given_up_is_told_so_once(
    paging: Paging, times: int
) -> None:
    page_id, send_id, alice, bob = await doubtful(paging)
    await paging.due(page_id)
    await paging.fired(page_id, ALICE, BOB)
    store = paging.store
    resend = store.doubts.resend
    await asyncio.gather(*(resend(send_id, [alice, bob], None) for _ in range(times)))
    found = await store.rows("SELECT DISTINCT reason FROM delivery WHERE send_id = %s", send_id)
    assert found == [(f"no answer{NOT_LISTED}{LATER_STEP}",)]
    assert (await store.events(bob)).count(GIVEN_UP[0]) == 1


async def test_a_doubt_that_began_after_the_second_request_is_not_given_up_by_an_old_look(
    paging: Paging,
) -> None:
    page_id, send_id, alice, bob = await doubtful(paging)
    store = paging.store
    await store.doubts.resend(send_id, [alice, bob], None)
    await store.doubted(send_id, looked_for=True)
    await paging.due(page_id)
    await paging.fired(page_id, ALICE, BOB)
    assert await store.doubts.resend(send_id, [alice, bob], None) == 0
    assert len(await store.doubts.due(send_id)) == 2
