"""The end of a page: the first answer counts, and everybody who was paged is told."""

import asyncio
from dataclasses import replace

import pytest

from bot.store.outbox import Settled
from bot.store.pages import acknowledge, note, resolve, say, tell
from commands.model import DeliveryState, LimitReached
from commands.oncall import Ended, PageStage
from tests.bot.store.kit import draft
from tests.bot.store.paging import ALICE, BOB, CAROL, HAND, OTHER, Paging


async def test_an_acknowledgement_stops_the_ladder_and_tells_everybody_paged_who_has_it(
    paging: Paging,
) -> None:
    page_id = await paging.paged()
    ended = await paging.views.acknowledge(page_id, HAND)
    row = await paging.row(page_id)
    assert ended
    assert ended == Ended(
        page_id, True, PageStage.ACKNOWLEDGED, "alice", "U0ALICE", row["code"], ended.at
    )
    assert (row["stage"], row["due"], row["acked_how"]) == ("acknowledged", None, "command")
    text = f"alice has it: Water in the lab ({row['code']})"
    assert await paging.told(page_id) == [(text, ["alice", "bob"])]
    assert await paging.steps.standing(page_id) is None


async def test_what_tells_of_an_acknowledgement_goes_before_ordinary_sends_and_is_followed(
    paging: Paging,
) -> None:
    page_id = await paging.paged()
    await paging.views.acknowledge(page_id, HAND)
    [(told,)] = await paging.store.rows("SELECT id FROM send WHERE page_step IS NULL")
    assert await paging.store.waiting() == [
        ("page_card", page_id),
        ("track", told),
        ("urgent", told),
    ]


async def test_who_still_waits_in_the_queue_is_not_woken_any_more(paging: Paging) -> None:
    page_id = await paging.paged()
    await paging.become(page_id, "queued", BOB)
    await paging.views.acknowledge(page_id, HAND)
    rows = await paging.store.rows(
        "SELECT name, state, reason FROM delivery d JOIN send s ON s.id = send_id"
        " WHERE page_step IS NOT NULL ORDER BY position"
    )
    assert rows == [
        ("alice", "accepted", ""),
        ("bob", "canceled", "acknowledged before it was sent"),
    ]
    [(bob,)] = await paging.store.rows("SELECT id FROM delivery WHERE state = 'canceled'")
    assert await paging.store.events(bob) == [("canceled", "page")]


@pytest.mark.parametrize("state", ["queued", "failed", "canceled", "suppressed"])
async def test_who_has_got_nothing_is_told_nothing(paging: Paging, state: str) -> None:
    page_id = await paging.paged()
    await paging.become(page_id, state, BOB)
    await paging.views.acknowledge(page_id, HAND)
    [(_, names)] = await paging.told(page_id)
    assert names == ["alice"]


async def test_everybody_of_all_steps_is_told_once(paging: Paging) -> None:
    page_id = await paging.paged()
    await paging.fired(page_id, BOB, CAROL)
    await paging.become(page_id, "delivered")
    await paging.views.acknowledge(page_id, HAND)
    [(_, names)] = await paging.told(page_id)
    assert names == ["alice", "bob", "carol"]


async def test_who_has_opted_out_is_not_told_either(paging: Paging) -> None:
    page_id = await paging.paged()
    await paging.store.change(
        "INSERT INTO opt_out (sender, address, learned, at)"
        " VALUES ('+15005550006', %s, 'STOP', now())",
        BOB.address,
    )
    await paging.views.acknowledge(page_id, HAND)
    told = await paging.store.rows(
        "SELECT d.state FROM delivery d JOIN send s ON s.id = send_id"
        " WHERE page_step IS NULL ORDER BY position"
    )
    assert told == [("queued",), ("suppressed",)]


async def test_a_page_that_nobody_has_got_yet_is_acknowledged_without_a_word(
    paging: Paging,
) -> None:
    page_id = await paging.opened()
    ended = await paging.views.acknowledge(page_id, HAND)
    assert ended
    assert ended.first
    assert await paging.told(page_id) == []


async def test_who_comes_second_learns_who_has_it_and_changes_nothing(paging: Paging) -> None:
    page_id = await paging.paged()
    first = await paging.views.acknowledge(page_id, HAND)
    await paging.store.forget_jobs()
    assert first
    assert await paging.views.acknowledge(page_id, OTHER) == replace(first, first=False)
    assert len(await paging.told(page_id)) == 1
    assert await paging.store.waiting() == []


async def test_of_twenty_at_once_one_has_it_and_the_others_are_told_who(paging: Paging) -> None:
    page_id = await paging.paged()
    hands = [replace(HAND, name=f"person {n}") for n in range(20)]
    done = await asyncio.gather(*(paging.views.acknowledge(page_id, hand) for hand in hands))
    assert sum(each.first for each in done if each) == 1
    assert len({each.by for each in done if each}) == 1
    assert len(await paging.told(page_id)) == 1


async def test_a_page_whose_ladder_has_ended_is_acknowledged_late(paging: Paging) -> None:
    page_id = await paging.paged()
    await paging.store.change("UPDATE page SET stage = 'exhausted', due = NULL")
    ended = await paging.views.acknowledge(page_id, OTHER)
    assert ended
    assert (ended.first, (await paging.row(page_id))["stage"]) == (True, "acknowledged")


@pytest.mark.parametrize("acknowledged", [True, False])
async def test_a_resolved_page_is_told_to_everybody_paged(
    paging: Paging, *, acknowledged: bool
) -> None:
    page_id = await paging.paged()
    if acknowledged:
        await paging.views.acknowledge(page_id, HAND)
    ended = await paging.views.resolve(page_id, OTHER)
    assert ended
    assert (ended.first, ended.stage, ended.by) == (True, PageStage.RESOLVED, "bob")
    text, names = (await paging.told(page_id))[-1]
    assert text == f"Resolved by bob: Water in the lab ({ended.code})"
    assert names == ["alice", "bob"]


async def test_a_resolved_page_stays_with_who_resolved_it(paging: Paging) -> None:
    page_id = await paging.paged()
    await paging.views.acknowledge(page_id, HAND)
    first = await paging.views.resolve(page_id, OTHER)
    assert first
    late = replace(first, first=False)
    assert await paging.views.acknowledge(page_id, HAND) == late
    assert await paging.views.resolve(page_id, HAND) == late


async def test_a_page_that_never_was_is_answered_by_nobody(paging: Paging) -> None:
    assert await paging.views.acknowledge(4711, HAND) is None
    assert await paging.views.resolve(4711, HAND) is None


async def test_both_answers_stand_in_the_timeline_and_the_audit(paging: Paging) -> None:
    page_id = await paging.paged()
    await paging.views.acknowledge(page_id, HAND)
    await paging.views.resolve(page_id, OTHER)
    assert (await paging.noted(page_id))[-2:] == [
        ("acknowledged", "alice", "command", ""),
        ("resolved", "bob", "sms", ""),
    ]
    rows = await paging.store.rows(
        "SELECT action, actor, channel, detail FROM audit ORDER BY id OFFSET 1"
    )
    assert rows == [
        ("acknowledged", "U0ALICE", "C0ONCALL", "by command"),
        ("resolved", "", "C0ONCALL", "by sms"),
    ]


async def test_an_answer_that_is_taken_back_with_its_transaction_never_was(paging: Paging) -> None:
    page_id = await paging.paged()
    store = paging.store
    async with store.pool.connection() as conn, conn.transaction(force_rollback=True):
        assert await acknowledge(conn, store.jobs, page_id, HAND)
        assert await resolve(conn, store.jobs, page_id, HAND)
    assert (await paging.row(page_id))["stage"] == "open"
    assert await store.waiting() == []


async def test_an_acknowledgement_and_a_step_at_once_leave_nobody_to_be_woken(
    paging: Paging,
) -> None:
    for n in range(8):
        page_id = await paging.opened(request_key=f"cmd:{n}")
        await asyncio.gather(
            paging.fired(page_id, ALICE, BOB), paging.views.acknowledge(page_id, HAND)
        )
        waiting = await paging.store.rows(
            "SELECT 1 FROM delivery d JOIN send s ON s.id = send_id"
            " WHERE page_id = %s AND d.state = 'queued'",
            page_id,
        )
        assert waiting == []


# -- what is said about it ----------------------------------------------------------------


async def test_what_is_to_be_said_is_kept_in_its_order_and_the_card_shown_anew(
    paging: Paging,
) -> None:
    page_id = await paging.paged()
    store = paging.store
    async with store.pool.connection() as conn, conn.transaction():
        await say(conn, store.jobs, page_id, "reply", "on my\0 way", who="alice")
        await say(conn, store.jobs, page_id, "loud", "Nobody!")
    assert await paging.said(page_id) == [("reply", "on my way"), ("loud", "Nobody!")]
    assert await store.waiting() == [("page_card", page_id)]


async def test_what_happened_can_be_added_to_and_never_changed(paging: Paging) -> None:
    page_id = await paging.opened()
    store = paging.store
    async with store.pool.connection() as conn, conn.transaction():
        await note(conn, page_id, "replied", who="alice", how="sms", detail="on my way")
    assert (await paging.noted(page_id))[-1] == ("replied", "alice", "sms", "on my way")
    with pytest.raises(Exception, match="append"):
        await store.change("UPDATE page_event SET who = 'bob'")


async def test_what_is_told_twice_by_the_same_key_is_sent_once(paging: Paging) -> None:
    page_id, store = await paging.paged(), paging.store
    people = [(ALICE.address, ALICE.name)]
    for text in ("On my way", "On my way!"):
        async with store.pool.connection() as conn, conn.transaction():
            await tell(conn, store.jobs, page_id, "again", text, people)
    assert await paging.told(page_id) == [("On my way", ["alice"])]


# -- what was on its way ------------------------------------------------------------------


async def queued(paging: Paging) -> tuple[int, int, int]:
    """Have a page whose first step waits in the queue; give it, its send and a worker."""
    page_id = await paging.opened()
    await paging.fired(page_id, ALICE, BOB)
    [(send_id,)] = await paging.store.rows("SELECT id FROM send")
    return page_id, send_id, await paging.store.worker()


async def test_nobody_is_claimed_for_a_page_that_somebody_has(paging: Paging) -> None:
    page_id, send_id, worker = await queued(paging)
    await paging.store.change(
        "UPDATE page SET stage = 'acknowledged', due = NULL, acked_at = now() WHERE id = %s",
        page_id,
    )
    assert await paging.store.outbox.turn(send_id, worker, (), 2) == []


async def test_whoever_is_claimed_when_a_page_is_acknowledged_is_told(paging: Paging) -> None:
    page_id, send_id, worker = await queued(paging)
    await paging.store.outbox.turn(send_id, worker, (), 1)
    await paging.views.acknowledge(page_id, HAND)
    [(_, names)] = await paging.told(page_id)
    assert names == ["alice"]


async def test_a_message_that_twilio_gave_back_after_an_acknowledgement_is_called_off(
    paging: Paging,
) -> None:
    page_id, send_id, worker = await queued(paging)
    claims = await paging.store.outbox.turn(send_id, worker, (), 2)
    await paging.views.acknowledge(page_id, HAND)
    back = [
        Settled(claim.delivery_id, claim.attempt, DeliveryState.QUEUED, pause=0.0)
        for claim in claims
    ]
    await paging.store.outbox.turn(send_id, worker, back, 0)
    assert await paging.store.outbox.end(send_id) is None
    assert await paging.store.states(send_id) == ["canceled", "canceled"]
    assert await paging.store.rows("SELECT settled IS NULL FROM send WHERE id = %s", send_id) == [
        (False,)
    ]


async def test_what_tells_of_an_acknowledgement_is_claimed_all_the_same(paging: Paging) -> None:
    page_id = await paging.paged()
    await paging.views.acknowledge(page_id, HAND)
    [(told,)] = await paging.store.rows("SELECT id FROM send WHERE page_step IS NULL")
    claims = await paging.store.outbox.turn(told, await paging.store.worker(), (), 5)
    assert len(claims) == 2


async def test_only_what_pages_counts_towards_the_daily_limit(paging: Paging) -> None:
    page_id = await paging.paged()
    await paging.views.acknowledge(page_id, HAND)
    limited = draft(1, request_key="cmd:2", daily_limit=2)
    assert await paging.store.ledger.commit(limited) == LimitReached(2, 2)
