"""How a drain ends: what is in doubt is looked into, late answers are shown, a send is settled."""

from datetime import datetime

import pytest

from bot.store.orphans import orphans
from bot.store.outbox import Claim, Settled
from bot.tasks import Task
from commands.model import DeliveryState
from tests.bot.store.kit import Store, accepted, report, sid

S = DeliveryState


async def claimed(store: Store, count: int = 1) -> tuple[int, int, list[Claim]]:
    """Commit and claim a send; give its number, the worker and the claims."""
    send_id, owner = await store.sent(count), await store.worker()
    claims = await store.outbox.turn(send_id, owner, (), count)
    await store.forget_jobs()
    return send_id, owner, claims


async def taken_over(store: Store) -> tuple[int, int, Claim]:
    """Let a worker die with one recipient in its hands, and another one see to it."""
    send_id, owner, [claim] = await claimed(store)
    await store.change("DELETE FROM procrastinate_workers")
    await store.outbox.begin(send_id, (), ())
    await store.outbox.end(send_id)
    await store.forget_jobs()
    return send_id, owner, claim


def doubt(claim: Claim) -> Settled:
    """Say that nobody knows whether Twilio took a claim's message."""
    return Settled(claim.delivery_id, claim.attempt, S.IN_DOUBT, None, "1001", None, "no answer")


async def settled(store: Store, send_id: int) -> datetime | None:
    """End a drain and tell when the send was settled."""
    await store.outbox.end(send_id)
    [(moment,)] = await store.rows("SELECT settled FROM send WHERE id = %s", send_id)
    assert moment is None or isinstance(moment, datetime)
    return moment


async def test_a_send_is_settled_once_nobody_is_queued_or_being_sent_to(store: Store) -> None:
    send_id, owner = await store.sent(2), await store.worker()
    assert await settled(store, send_id) is None
    claims = await store.outbox.turn(send_id, owner, (), 2)
    assert await settled(store, send_id) is None
    await store.outbox.turn(send_id, owner, [accepted(claim) for claim in claims], 0)
    first = await settled(store, send_id)
    assert first is not None
    assert await settled(store, send_id) == first


async def test_a_send_with_somebody_queued_anew_is_not_settled_any_more(store: Store) -> None:
    send_id, owner, [claim] = await claimed(store)
    await store.outbox.turn(send_id, owner, [accepted(claim)], 0)
    assert await settled(store, send_id) is not None
    await store.change("UPDATE delivery SET state = 'queued', sid = NULL")
    assert await settled(store, send_id) is None


async def test_nobody_is_due_where_nobody_is_queued(store: Store) -> None:
    send_id, owner = await store.sent(1), await store.worker()
    assert await store.outbox.end(send_id) == 0.0
    await store.outbox.turn(send_id, owner, (), 1)
    assert await store.outbox.end(send_id) is None


async def test_a_send_that_is_gone_has_no_end(store: Store) -> None:
    assert await store.outbox.end(4711) is None
    assert await store.waiting() == []


async def test_an_answer_in_doubt_is_looked_into_at_once(store: Store) -> None:
    send_id, owner, [claim] = await claimed(store)
    await store.outbox.turn(send_id, owner, [doubt(claim)], 0)
    assert await store.rows(
        "SELECT state, code, reason, doubted <= now(), next_check <= now() FROM delivery"
    ) == [("in_doubt", "1001", "no answer", True, True)]
    assert await store.waiting() == [("reconcile", send_id)]


async def test_many_doubts_of_a_send_are_looked_into_by_one_job(store: Store) -> None:
    send_id, owner, claims = await claimed(store, 3)
    for claim in claims:
        await store.outbox.turn(send_id, owner, [doubt(claim)], 0)
    await store.outbox.end(send_id)
    assert await store.waiting() == [("reconcile", send_id)]


async def test_what_a_dead_worker_left_is_looked_into(store: Store) -> None:
    send_id, _, _ = await claimed(store)
    await store.change("DELETE FROM procrastinate_workers")
    await store.outbox.begin(send_id, (), ())
    await store.outbox.end(send_id)
    assert await store.waiting() == [("reconcile", send_id)]
    assert await store.rows("SELECT doubted <= now(), next_check <= now() FROM delivery") == [
        (True, True)
    ]


async def test_a_doubt_that_nobody_looks_for_any_more_makes_no_job(store: Store) -> None:
    send_id = await store.sent(1)
    await store.doubted(send_id)
    await store.forget_jobs()
    await store.outbox.end(send_id)
    assert await store.waiting() == []


async def test_a_sid_that_twilio_names_twice_is_looked_into(store: Store) -> None:
    send_id, owner, [one, two] = await claimed(store, 2)
    await store.outbox.record(send_id, owner, [accepted(one, sid(1)), accepted(two, sid(1))])
    assert await store.states(send_id) == ["accepted", "in_doubt"]
    await store.outbox.end(send_id)
    assert await store.waiting() == [("reconcile", send_id)]


async def test_an_answer_that_comes_after_the_takeover_resolves_the_doubt(store: Store) -> None:
    send_id, owner, claim = await taken_over(store)
    await store.outbox.turn(send_id, owner, [accepted(claim)], 0)
    assert await store.rows("SELECT state, code, reason, doubted, next_check FROM delivery") == [
        ("accepted", "200", "", None, None)
    ]


@pytest.mark.parametrize("one_by_one", [True, False])
async def test_a_doubt_that_a_late_answer_resolves_is_shown(
    store: Store, *, one_by_one: bool
) -> None:
    send_id, owner, claim = await taken_over(store)
    if one_by_one:
        await store.outbox.record(send_id, owner, [accepted(claim)])
    else:
        await store.outbox.turn(send_id, owner, [accepted(claim)], 0)
    assert await store.waiting() == [("card", send_id), ("track", send_id)]


@pytest.mark.parametrize("state", [S.ACCEPTED, S.QUEUED])
async def test_a_send_that_nobody_followed_any_more_is_followed_again_after_a_late_answer(
    store: Store, state: DeliveryState
) -> None:
    send_id, owner, claim = await taken_over(store)
    await store.change("UPDATE send SET look_at = NULL")
    late = accepted(claim) if state is S.ACCEPTED else Settled(claim.delivery_id, 1, S.QUEUED)
    await store.outbox.turn(send_id, owner, [late], 0)
    assert await store.states(send_id) == [state]
    await store.forget_jobs()
    await store.change("UPDATE send SET look_at = look_at - interval '1 minute'")
    async with store.pool.connection() as conn:
        assert (Task.TRACK, send_id) in await orphans(conn)


async def test_an_answer_in_time_is_shown_by_the_card_that_looks_anyway(store: Store) -> None:
    send_id, owner, [claim] = await claimed(store)
    await store.outbox.turn(send_id, owner, [accepted(claim)], 0)
    assert await store.waiting() == []


async def test_a_late_answer_without_news_leaves_the_doubt_as_it_began(store: Store) -> None:
    send_id, owner, claim = await taken_over(store)
    before = await store.rows("SELECT reason, doubted FROM delivery")
    await store.outbox.turn(send_id, owner, [doubt(claim)], 0)
    assert await store.rows("SELECT reason, doubted FROM delivery") == before
    assert await store.events(claim.delivery_id) == [
        ("sending", "drain"),
        ("in_doubt", "takeover"),
    ]


async def test_a_late_answer_that_nothing_was_sent_has_the_send_worked_on_again(
    store: Store,
) -> None:
    send_id, owner, claim = await taken_over(store)
    assert await settled(store, send_id) is not None
    never_left = Settled(claim.delivery_id, claim.attempt, S.QUEUED, reason="no connection")
    await store.outbox.record(send_id, owner, [never_left])
    await store.forget_jobs()
    await store.change("UPDATE send SET created = now() - interval '1 minute'")
    assert await store.states(send_id) == ["queued"]
    async with store.pool.connection() as conn:
        assert (Task.DRAIN, send_id) in await orphans(conn)


async def test_an_answer_that_a_callback_overtook_changes_nothing_and_shows_nothing(
    store: Store,
) -> None:
    send_id, owner, claim = await taken_over(store)
    await store.statuses.apply([report(claim.delivery_id, "delivered", attempt=1)])
    await store.forget_jobs()
    refused = Settled(claim.delivery_id, 1, S.FAILED, None, "400", 21211, "not valid")
    await store.outbox.turn(send_id, owner, [refused], 0)
    assert await store.states(send_id) == ["delivered"]
    assert await store.waiting() == []


async def test_an_answer_to_what_was_queued_anew_comes_too_late(store: Store) -> None:
    send_id, owner, claim = await taken_over(store)
    assert await store.doubts.resend(send_id, [claim.delivery_id], None) == 1
    refused = Settled(claim.delivery_id, 1, S.FAILED, None, "400", 21211, "not valid")
    await store.outbox.turn(send_id, owner, [refused], 0)
    assert await store.states(send_id) == ["queued"]
