"""What Twilio says of one message later, in any order, twice, or under a false name."""

import asyncio
from itertools import permutations

import pytest

from bot.store.outbox import Settled
from commands.model import DeliveryState, Kind
from tests.bot.store.kit import Store, accepted, report, sid

S = DeliveryState
OTHER = "SM" + "f" * 32


async def sending(store: Store, **changes: object) -> int:
    """Commit a send to one recipient, claim it and give the delivery's number."""
    send_id, owner = await store.sent(1, **changes), await store.worker()
    [claim] = await store.outbox.turn(send_id, owner, (), 1)
    await store.forget_jobs()
    return claim.delivery_id


async def sent(store: Store, **changes: object) -> int:
    """Do as `sending`, and let Twilio have taken the message."""
    send_id, owner = await store.sent(1, **changes), await store.worker()
    [claim] = await store.outbox.turn(send_id, owner, (), 1)
    await store.outbox.turn(send_id, owner, [accepted(claim)], 0)
    await store.forget_jobs()
    return claim.delivery_id


async def state(store: Store, delivery_id: int) -> tuple[str, str | None]:
    """Where a delivery is, and under which SID."""
    [row] = await store.rows("SELECT state, sid FROM delivery WHERE id = %s", delivery_id)
    return row[0], row[1]


async def test_news_of_a_message_moves_its_row_and_marks_its_card(store: Store) -> None:
    row = await sent(store)
    assert await store.statuses.apply([report(row, "delivered", source="callback")]) == (True,)
    assert await state(store, row) == ("delivered", sid(row))
    assert (await store.events(row))[-1] == ("delivered", "callback")
    assert await store.waiting() == [("card", 1)]


async def test_a_failure_is_kept_with_its_code_and_its_reason(store: Store) -> None:
    row = await sent(store)
    news = report(row, "undelivered", error_code=30003, reason="30003 the phone is off")
    await store.statuses.apply([news])
    assert await store.rows("SELECT state, code, error_code, reason FROM delivery") == [
        ("undelivered", "1001", 30003, "30003 the phone is off")
    ]


async def test_what_went_well_keeps_no_code_of_an_error(store: Store) -> None:
    row = await sent(store)
    await store.statuses.apply([report(row, "sent", error_code=30003)])
    assert await store.rows("SELECT code, error_code FROM delivery") == [("200", None)]


async def test_repeated_news_change_nothing_and_show_nothing(store: Store) -> None:
    row = await sent(store)
    for _ in range(3):
        assert await store.statuses.apply([report(row, "sent")]) == (True,)
    assert [event for event in await store.events(row) if event[0] == "sent"] == [("sent", "poll")]
    assert await store.waiting() == [("card", 1)]


@pytest.mark.parametrize("order", list(permutations(["queued", "sent", "delivered"])))
async def test_news_in_any_order_end_in_the_same_state(
    store: Store, order: tuple[str, ...]
) -> None:
    row = await sent(store)
    for status in order:
        await store.statuses.apply([report(row, status)])
    assert await state(store, row) == ("delivered", sid(row))


@pytest.mark.parametrize("end", ["delivered", "undelivered", "failed"])
async def test_nothing_moves_what_has_come_to_its_end(store: Store, end: str) -> None:
    row = await sent(store)
    await store.statuses.apply([report(row, end)])
    for late in ("sent", "delivered", "undelivered", "failed", "canceled"):
        assert await store.statuses.apply([report(row, late, reason="late")]) == (True,)
    assert await state(store, row) == (end, sid(row))
    assert "late" not in str(await store.rows("SELECT reason FROM delivery"))


@pytest.mark.parametrize("status", ["queued", "sent", "delivered", "undelivered", "failed"])
async def test_a_callback_that_overtakes_the_answer_brings_the_sid_and_the_answer_nothing(
    store: Store, status: str
) -> None:
    send_id, owner = await store.sent(1), await store.worker()
    [claim] = await store.outbox.turn(send_id, owner, (), 1)
    await store.statuses.apply([report(claim.delivery_id, status, attempt=1)])
    overtaken = await state(store, claim.delivery_id)
    await store.outbox.turn(send_id, owner, [accepted(claim)], 0)
    assert await state(store, claim.delivery_id) == overtaken
    ours = {"queued": "accepted"}.get(status, status)
    assert overtaken == (ours, sid(claim.delivery_id))
    assert ("accepted", "answer") not in await store.events(claim.delivery_id)


async def test_a_callback_is_worth_more_than_an_answer_that_never_came(store: Store) -> None:
    send_id, owner = await store.sent(1), await store.worker()
    [claim] = await store.outbox.turn(send_id, owner, (), 1)
    await store.statuses.apply([report(claim.delivery_id, "sent", attempt=1)])
    doubt = Settled(claim.delivery_id, 1, S.IN_DOUBT, None, "1001", None, "no answer")
    await store.outbox.turn(send_id, owner, [doubt], 0)
    assert await store.states(send_id) == ["sent"]


async def test_a_callback_resolves_a_doubt_and_nobody_looks_any_more(store: Store) -> None:
    send_id = await store.sent(1)
    [row] = await store.ids(send_id)
    await store.doubted(send_id, looked_for=True)
    await store.statuses.apply([report(row, "sent", attempt=1)])
    assert await store.rows("SELECT state, code, reason, doubted, next_check FROM delivery") == [
        ("sent", "200", "", None, None)
    ]


async def test_that_a_message_was_found_is_told_to_its_end(store: Store) -> None:
    send_id = await store.sent(1)
    [row] = await store.ids(send_id)
    await store.doubted(send_id, looked_for=True)
    await store.statuses.apply([report(row, "queued", source="found", reason="found at Twilio")])
    await store.statuses.apply([report(row, "delivered", source="callback")])
    assert await store.rows("SELECT state, reason FROM delivery") == [
        ("delivered", "found at Twilio")
    ]
    assert await store.events(row) == [("accepted", "found"), ("delivered", "callback")]


async def test_a_word_that_is_new_to_us_still_tells_that_twilio_has_the_message(
    store: Store,
) -> None:
    row = await sending(store)
    await store.statuses.apply([report(row, "partially_teleported", attempt=1)])
    assert await state(store, row) == ("accepted", sid(row))


async def test_a_failure_of_an_earlier_attempt_says_nothing_of_the_present_one(
    store: Store,
) -> None:
    row = await sending(store)
    await store.change("UPDATE delivery SET attempt = 2")
    news = report(row, "failed", attempt=1, error_code=30008, reason="bad")
    assert await store.statuses.apply([news]) == (True,)
    assert await state(store, row) == ("sending", None)


async def test_success_of_an_earlier_attempt_is_the_rows_and_outlives_the_later_answer(
    store: Store,
) -> None:
    row = await sending(store)
    await store.change("UPDATE delivery SET attempt = 2")
    await store.statuses.apply([report(row, "delivered", sid=OTHER, attempt=1)])
    [(owner,)] = await store.rows("SELECT owner FROM delivery")
    second = Settled(row, 2, S.ACCEPTED, sid(row), "200")
    await store.outbox.turn(1, owner, [second], 0)
    await store.statuses.apply([report(row, "failed", attempt=2)])
    assert await state(store, row) == ("delivered", OTHER)


async def test_who_waits_to_be_sent_to_again_is_not_once_the_first_message_turns_up(
    store: Store,
) -> None:
    send_id = await store.sent(1, kind=Kind.PAGE)
    [row] = await store.ids(send_id)
    await store.doubted(send_id, looked_for=True)
    assert await store.doubts.resend(send_id, [row], None) == 1
    await store.statuses.apply([report(row, "sent", attempt=1)])
    assert await store.outbox.turn(send_id, await store.worker(), (), 1) == []
    assert await state(store, row) == ("sent", sid(row))


async def test_news_of_another_message_than_the_rows_are_known_and_change_nothing(
    store: Store,
) -> None:
    row = await sent(store)
    assert await store.statuses.apply([report(row, "delivered", sid=OTHER)]) == (True,)
    assert await state(store, row) == ("accepted", sid(row))
    assert await store.waiting() == []


async def test_a_callback_with_the_token_of_its_send_is_heard(store: Store) -> None:
    row = await sent(store)
    news = report(row, "delivered", token=await store.token(1), attempt=1)
    assert await store.statuses.apply([news]) == (True,)
    assert await state(store, row) == ("delivered", sid(row))


@pytest.mark.parametrize("token", ["", "0" * 32, "ä", "\ud83d"])
async def test_a_callback_with_a_guessed_token_names_nothing_and_changes_nothing(
    store: Store, token: str
) -> None:
    row = await sent(store)
    assert await store.statuses.apply([report(row, "delivered", token=token)]) == (False,)
    assert await state(store, row) == ("accepted", sid(row))


async def test_the_token_of_another_send_does_not_serve(store: Store) -> None:
    row = await sent(store, request_key="mine")
    other = await store.sent(1, request_key="other")
    news = report(row, "delivered", token=await store.token(other))
    assert await store.statuses.apply([news]) == (False,)
    assert await state(store, row) == ("accepted", sid(row))


async def test_a_report_never_shows_its_token(store: Store) -> None:
    assert "s3cret" not in repr(report(1, "sent", token="s3cret"))


async def test_news_of_what_was_removed_or_never_was_is_unknown(store: Store) -> None:
    assert await store.statuses.apply([report(4711, "delivered")]) == (False,)
    assert await store.statuses.apply([]) == ()


async def test_of_the_same_news_many_times_at_once_one_counts(store: Store) -> None:
    row = await sent(store)
    news = [report(row, "delivered", source="callback")]
    many = await asyncio.gather(*(store.statuses.apply(news) for _ in range(20)))
    assert set(many) == {(True,)}
    assert [e for e in await store.events(row) if e[0] == "delivered"] == [
        ("delivered", "callback")
    ]
    assert await store.waiting() == [("card", 1)]
