"""The steps of a page: each fires once, sets the time of the next, and is counted."""

import asyncio

import pytest

from bot.store.pagesteps import Standing
from commands.errors import Problem
from commands.ladder import Fired
from commands.model import Recipient
from commands.page import Reached
from tests.bot.store.paging import ALICE, BOB, CAROL, DB, HAND, PLAIN, Paging


async def scheduled(paging: Paging, task: str) -> list[float]:
    """In how many seconds, about, each job of a kind runs; 0 for those that run at once."""
    rows = await paging.store.rows(
        "SELECT coalesce(round(extract(epoch FROM scheduled_at - now()) / 10) * 10, 0)::float8"
        " FROM procrastinate_jobs WHERE task_name = %s ORDER BY id",
        task,
    )
    return [seconds for (seconds,) in rows]


# -- what stands --------------------------------------------------------------------------


async def test_a_page_that_has_just_been_opened_is_due(paging: Paging) -> None:
    page_id = await paging.opened(DB)
    page = await paging.standing(page_id)
    assert (page.ladder, page.fired, page.channel) == (DB, (), "C0ONCALL")
    assert page.left <= 0
    assert "Water" not in repr(page)


async def test_a_page_that_nobody_is_waited_for_does_not_stand(paging: Paging) -> None:
    page_id = await paging.opened()
    await paging.views.resolve(page_id, HAND)
    assert await paging.steps.standing(page_id) is None
    assert await paging.steps.standing(4711) is None


@pytest.mark.parametrize("state", ["failed", "undelivered", "canceled", "suppressed"])
async def test_who_is_not_reached_is_counted_as_lost(paging: Paging, state: str) -> None:
    page_id = await paging.paged()
    await paging.become(page_id, state, BOB)
    assert (await paging.standing(page_id)).fired == (Fired(2, 1),)


@pytest.mark.parametrize("state", ["queued", "sending", "in_doubt", "accepted", "delivered"])
async def test_who_may_still_be_reached_is_not_counted_as_lost(paging: Paging, state: str) -> None:
    page_id = await paging.paged()
    await paging.become(page_id, state)
    assert (await paging.standing(page_id)).fired == (Fired(2, 0),)


async def test_each_step_is_counted_by_itself_also_one_that_had_nobody(paging: Paging) -> None:
    page_id = await paging.paged()
    await paging.fired(page_id)
    await paging.fired(page_id, CAROL)
    assert (await paging.standing(page_id)).fired == (Fired(2, 0), Fired(0, 0), Fired(1, 0))


async def test_who_has_opted_out_is_lost_at_once(paging: Paging) -> None:
    page_id = await paging.opened()
    await paging.store.change(
        "INSERT INTO opt_out (sender, address, learned, at)"
        " VALUES ('+15005550006', %s, 'STOP', now())",
        ALICE.address,
    )
    await paging.fired(page_id, ALICE)
    assert (await paging.standing(page_id)).fired == (Fired(1, 1),)


# -- a step fires -------------------------------------------------------------------------


async def test_a_step_that_fires_makes_a_send_of_its_own(paging: Paging) -> None:
    page_id = await paging.opened()
    assert await paging.fired(page_id, ALICE, BOB, text="Water\0 Reply 42 to ack")
    assert await paging.store.rows(
        "SELECT kind, page_id, page_step, body, sender, actor, recipients FROM send"
    ) == [("page", page_id, 0, "Water Reply 42 to ack", "+15005550006", "U0ALICE", 2)]
    rows = await paging.store.rows("SELECT address, name, state FROM delivery ORDER BY position")
    assert rows == [(p.address, p.name, "queued") for p in (ALICE, BOB)]


async def test_the_timer_of_the_next_step_is_a_job_and_a_moment_in_the_row(paging: Paging) -> None:
    page_id = await paging.opened()
    await paging.fired(page_id, ALICE)
    assert 290 < (await paging.standing(page_id)).left <= 300
    assert await scheduled(paging, "page") == [0, 300]


async def test_what_a_step_sends_is_posted_at_once_and_asked_about_soon(paging: Paging) -> None:
    page_id = await paging.opened()
    await paging.fired(page_id, ALICE)
    [(send,)] = await paging.store.rows("SELECT id FROM send")
    waiting = await paging.store.waiting()
    assert ("urgent", send) in waiting
    assert ("track", send) in waiting


async def test_a_step_that_two_want_to_fire_fires_once(paging: Paging) -> None:
    page_id = await paging.opened()
    page = await paging.standing(page_id)
    many = [
        paging.steps.fire(page, 0, page.ladder.rungs[0], Reached((ALICE,)), "Water")
        for _ in range(10)
    ]
    assert sorted(await asyncio.gather(*many)) == [False] * 9 + [True]
    assert await paging.store.count("send") == 1


async def test_a_step_of_a_page_that_somebody_has_does_not_fire(paging: Paging) -> None:
    page_id = await paging.opened()
    page = await paging.standing(page_id)
    await paging.views.acknowledge(page_id, HAND)
    assert not await paging.steps.fire(page, 0, page.ladder.rungs[0], Reached((ALICE,)), "Water")
    assert await paging.store.count("send") == 0


async def test_whom_a_step_has_paged_and_whom_not_stands_in_the_timeline(paging: Paging) -> None:
    page_id = await paging.opened()
    missed = (Problem("@bob", "no phone"), Problem("leads", "no contact"))
    reached = Reached((ALICE, Recipient("+16175559999")), missed)
    await paging.fired(page_id, reached=reached)
    assert (await paging.noted(page_id))[1:] == [
        ("step", "", "", "step 1 of 3: alice, ••••••••9999"),
        ("missed", "", "", "step 1: @bob: no phone; leads: no contact"),
    ]


async def test_a_step_that_reaches_nobody_sends_nothing_and_counts(paging: Paging) -> None:
    page_id = await paging.opened(DB)
    await paging.fired(page_id)
    assert (await paging.noted(page_id))[1:] == [("step", "", "", "step 1 of 4: nobody")]
    assert await paging.store.count("send") == 0
    assert (await paging.row(page_id))["fired"] == 1


# -- its time -----------------------------------------------------------------------------


async def test_a_step_of_which_nobody_can_be_looked_up_is_due_from_then_on(paging: Paging) -> None:
    page_id = await paging.paged()
    assert (await paging.standing(page_id)).unanswered is None
    await paging.steps.unanswered(page_id, 1)
    page = await paging.standing(page_id)
    assert page.left <= 0
    assert page.unanswered is not None


async def test_how_long_nobody_could_be_looked_up_is_counted_from_the_first_time(
    paging: Paging,
) -> None:
    page_id = await paging.paged()
    await paging.store.change("UPDATE page SET unanswered = now() - interval '1 minute'")
    await paging.steps.unanswered(page_id, 1)
    unanswered = (await paging.standing(page_id)).unanswered
    assert unanswered
    assert unanswered >= 60


async def test_a_page_that_went_on_meanwhile_is_not_unanswered(paging: Paging) -> None:
    page_id = await paging.paged()
    await paging.steps.unanswered(page_id, 0)
    page = await paging.standing(page_id)
    assert (page.left > 290, page.unanswered) == (True, None)


# -- who could not be looked up at first --------------------------------------------------


async def partly(paging: Paging) -> Standing:
    """Open a page whose first step has gone to alice, and not yet to whom Slack did not name."""
    page_id = await paging.opened()
    await paging.fired(page_id, reached=Reached((ALICE,), unanswered=True))
    page = await paging.standing(page_id)
    assert page.unanswered is not None
    return page


async def test_who_is_found_later_is_paged_by_the_same_step_and_nobody_twice(
    paging: Paging,
) -> None:
    page = await partly(paging)
    await paging.steps.complete(page, 0, Reached((ALICE, BOB)), "Water")
    rows = await paging.store.rows(
        "SELECT page_step, name FROM send s JOIN delivery d ON d.send_id = s.id ORDER BY d.id"
    )
    assert rows == [(0, "alice"), (0, "bob")]
    after = await paging.standing(page.page_id)
    assert (after.fired, after.unanswered) == ((Fired(2, 0),), None)
    assert await paging.steps.step(page.page_id, 0) == (ALICE, BOB)


async def test_who_is_still_not_found_is_looked_up_again(paging: Paging) -> None:
    page = await partly(paging)
    await paging.steps.complete(page, 0, Reached((ALICE,), unanswered=True), "Water")
    assert (await paging.standing(page.page_id)).unanswered is not None


async def test_who_is_found_once_somebody_has_the_page_is_not_paged(paging: Paging) -> None:
    page = await partly(paging)
    await paging.views.acknowledge(page.page_id, HAND)
    await paging.steps.complete(page, 0, Reached((ALICE, BOB)), "Water")
    assert await paging.steps.step(page.page_id, 0) == (ALICE,)


async def test_who_still_waits_for_an_older_step_gets_the_later_one_alone(paging: Paging) -> None:
    page_id = await paging.opened()
    await paging.fired(page_id, ALICE, BOB)
    await paging.fired(page_id, ALICE)
    rows = await paging.store.rows(
        "SELECT page_step, name, state FROM send s JOIN delivery d ON d.send_id = s.id"
        " ORDER BY d.id"
    )
    assert rows == [(0, "alice", "canceled"), (0, "bob", "queued"), (1, "alice", "queued")]


# -- its end ------------------------------------------------------------------------------


async def test_a_ladder_at_its_end_says_so_loudly_once(paging: Paging) -> None:
    page_id = await paging.paged()
    await paging.due(page_id)
    page = await paging.standing(page_id)
    await asyncio.gather(*(paging.steps.exhaust(page, "Nobody!") for _ in range(5)))
    row = await paging.row(page_id)
    assert (row["stage"], row["due"]) == ("exhausted", None)
    assert await paging.said(page_id) == [("loud", "Nobody!")]
    assert (await paging.noted(page_id))[-1] == ("exhausted", "", "", "")
    assert await paging.store.waiting() == [("page_card", page_id)]


async def test_a_page_that_fired_or_was_answered_meanwhile_does_not_end(paging: Paging) -> None:
    page_id = await paging.paged()
    await paging.due(page_id)
    before = await paging.standing(page_id)
    await paging.fired(page_id, BOB)
    await paging.due(page_id)
    await paging.steps.exhaust(before, "Nobody!")
    assert (await paging.row(page_id))["stage"] == "open"
    after = await paging.standing(page_id)
    await paging.views.acknowledge(page_id, HAND)
    await paging.steps.exhaust(after, "Nobody!")
    assert (await paging.row(page_id))["stage"] == "acknowledged"
    assert await paging.said(page_id) == []


async def test_that_nobody_was_reached_is_said_once(paging: Paging) -> None:
    page_id = await paging.paged()
    page = await paging.standing(page_id)
    await asyncio.gather(*(paging.steps.alone(page, "Nobody reached!") for _ in range(5)))
    assert await paging.said(page_id) == [("loud", "Nobody reached!")]
    assert [what for what, *_ in await paging.noted(page_id)] == ["asked", "step", "unreached"]


async def test_of_a_page_that_somebody_has_it_is_not_said(paging: Paging) -> None:
    page_id = await paging.paged()
    page = await paging.standing(page_id)
    await paging.views.acknowledge(page_id, HAND)
    await paging.steps.alone(page, "Nobody reached!")
    assert await paging.said(page_id) == []


async def test_a_ladder_of_plain_people_is_kept_as_it_was_asked_for(paging: Paging) -> None:
    assert (await paging.standing(await paging.opened())).ladder == PLAIN
