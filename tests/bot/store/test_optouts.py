"""Who has opted out of a sender is left out of its sends, until they say START."""

import asyncio
from typing import Any

import psycopg
import pytest

from bot.slack.views.result import four_outputs
from commands.model import Committed, LimitReached
from tests.bot.store.kit import Store, accepted, draft, report
from tests.bot.store.optout_kit import (
    FROM,
    ONE,
    OTHER,
    SERVICE,
    THREE,
    TWO,
    out,
    refused,
    say,
    sent_to,
)


async def outputs(store: Store, send_id: int) -> tuple[str, str, str, str]:
    """The four outputs of a send."""
    snap = await store.cards.snapshot(send_id)
    assert snap
    told = four_outputs(snap, masked=False)
    return told.status_code, told.status, told.message, told.failed_numbers


# -- a send ---------------------------------------------------------------------------------


async def test_who_has_opted_out_is_left_out_of_a_send_which_says_so(store: Store) -> None:
    await say(store, "STOP")
    send_id = await store.sent()
    assert await store.states(send_id) == ["queued", "suppressed", "queued"]
    assert await store.rows("SELECT code, error_code, reason FROM delivery WHERE position = 2") == [
        ("1001", None, f"opted out by STOP; only their START to {FROM} opens this again")
    ]
    assert await store.events((await store.ids(send_id))[1]) == [("suppressed", "opt-out")]


async def test_who_has_opted_out_is_claimed_by_nobody(store: Store) -> None:
    await say(store, "STOP")
    send_id, owner = await store.sent(), await store.worker()
    begun = await store.outbox.begin(send_id, (), (), owner, 2)
    assert begun
    claims = [*begun[1], *await store.outbox.turn(send_id, owner, (), 10)]
    assert [claim.address for claim in claims] == [ONE, THREE]


async def test_who_was_left_out_counts_as_failed_beside_those_who_were_not(store: Store) -> None:
    await say(store, "STOP")
    send_id, owner = await store.sent(), await store.worker()
    claims = await store.outbox.turn(send_id, owner, (), 3)
    await store.outbox.turn(send_id, owner, [accepted(claim) for claim in claims], 0)
    code, status, message, failed = await outputs(store, send_id)
    assert (code, status, failed) == ("201", "Partial-Success", TWO)
    assert message.startswith(f"{TWO}: opted out by STOP")


async def test_a_send_whose_recipients_have_all_opted_out_is_over_at_once(store: Store) -> None:
    for number in (ONE, TWO, THREE):
        await say(store, "STOP", from_=number)
    send_id = await store.sent()
    code, status, message, failed = await outputs(store, send_id)
    assert (code, status, failed) == ("1001", "Failed", f"{ONE},{TWO},{THREE}")
    assert message.count("opted out by STOP") == 3
    assert await store.rows("SELECT settled IS NOT NULL FROM send") == [(True,)]


async def test_a_send_with_somebody_left_to_reach_is_not_over(store: Store) -> None:
    await say(store, "STOP")
    await store.sent()
    assert await store.rows("SELECT settled FROM send") == [(None,)]


async def test_left_out_and_refused_are_different_reasons(store: Store) -> None:
    await say(store, "STOP")
    send_id, owner = await store.sent(2), await store.worker()
    [claim] = await store.outbox.turn(send_id, owner, (), 2)
    await store.outbox.turn(send_id, owner, [refused(claim, 21211)], 0)
    assert (await outputs(store, send_id))[:2] == ("202", "Failed")


async def test_another_sender_still_reaches_them(store: Store) -> None:
    await say(store, "STOP")
    assert await sent_to(store, "other", sender=OTHER) == ["queued"] * 3
    assert await sent_to(store, "same") == ["queued", "suppressed", "queued"]
    assert (await out(store), await out(store, OTHER)) == ({TWO}, set())


async def test_of_two_sends_at_once_neither_reaches_who_has_opted_out(store: Store) -> None:
    await say(store, "STOP")
    keys = [f"cmd:{n}" for n in range(10)]
    many = await asyncio.gather(*(sent_to(store, key, daily_limit=30) for key in keys))
    assert many == [["queued", "suppressed", "queued"]] * 10


async def test_a_stop_that_is_being_written_holds_up_no_send(store: Store) -> None:
    async with store.pool.connection() as conn, conn.transaction():
        await conn.execute(
            "INSERT INTO opt_out (sender, address, learned, at) VALUES (%s, %s, 'STOP', now())",
            (FROM, TWO),
        )
        async with asyncio.timeout(20):
            assert await sent_to(store, "before") == ["queued"] * 3
    assert await sent_to(store, "after") == ["queued", "suppressed", "queued"]


async def test_a_command_that_comes_twice_leaves_them_out_once(store: Store) -> None:
    await say(store, "STOP")
    first = await store.sent()
    assert await store.ledger.commit(draft()) == Committed(first, repeated=True)
    assert await store.rows("SELECT state FROM event") == [("suppressed",)]


async def test_a_send_over_the_limit_leaves_no_trace_of_who_has_opted_out(store: Store) -> None:
    await say(store, "STOP")
    assert await store.ledger.commit(draft(daily_limit=2)) == LimitReached(0, 2)
    assert [await store.count(table) for table in ("send", "delivery", "event")] == [0, 0, 0]


async def test_a_retry_of_who_has_opted_out_since_the_click_sends_nothing(store: Store) -> None:
    send_id, owner = await store.sent(1), await store.worker()
    [claim] = await store.outbox.turn(send_id, owner, (), 1)
    await store.outbox.turn(send_id, owner, [refused(claim, 21211)], 0)
    part = await store.ledger.failed_part(send_id)
    assert part
    await say(store, "STOP", from_=ONE)
    retry = await store.sent(
        request_key="retry:1:0", recipients=part.recipients, retry_of=part.send_id
    )
    assert await store.states(retry) == ["suppressed"]
    assert await store.outbox.turn(retry, owner, (), 1) == []


async def retriable(store: Store, send_id: int) -> tuple[list[str], int]:
    """Whom *Retry failed* would send to, and how many have opted out; the button says the same."""
    part, snap = await store.ledger.failed_part(send_id), await store.cards.snapshot(send_id)
    assert part
    assert snap
    assert (snap.retriable, snap.left_out) == (len(part.recipients), part.left_out)
    return [each.address for each in part.recipients], part.left_out


async def test_who_was_left_out_is_not_offered_for_a_retry_until_they_say_start(
    store: Store,
) -> None:
    await say(store, "STOP")
    send_id, owner = await store.sent(), await store.worker()
    claims = await store.outbox.turn(send_id, owner, (), 3)
    await store.outbox.turn(send_id, owner, [refused(claim, 30003) for claim in claims], 0)
    assert await retriable(store, send_id) == ([ONE, THREE], 1)
    await say(store, "START", 1)
    assert await retriable(store, send_id) == ([ONE, TWO, THREE], 0)


async def test_whom_twilio_refused_for_it_is_not_offered_for_a_retry(store: Store) -> None:
    send_id, owner = await store.sent(), await store.worker()
    claims = await store.outbox.turn(send_id, owner, (), 3)
    await store.outbox.turn(send_id, owner, [refused(claim) for claim in claims[:2]], 0)
    assert await retriable(store, send_id) == ([], 2)
    await say(store, "STOP", from_=THREE, to=OTHER)
    await store.outbox.turn(send_id, owner, [refused(claims[2], 30003)], 0)
    assert await retriable(store, send_id) == ([THREE], 2)


async def test_who_opts_out_after_a_retry_is_counted_once(store: Store) -> None:
    send_id, owner = await store.sent(), await store.worker()
    claims = await store.outbox.turn(send_id, owner, (), 3)
    await store.outbox.turn(send_id, owner, [refused(claim, 30003) for claim in claims[:2]], 0)
    part = await store.ledger.failed_part(send_id)
    assert part
    await store.sent(request_key="r", recipients=part.recipients, retry_of=send_id)
    await say(store, "STOP", from_=ONE)
    await store.outbox.turn(send_id, owner, [refused(claims[2], 30003)], 0)
    assert await retriable(store, send_id) == ([THREE], 0)


async def test_who_came_back_is_reached_by_a_retry_of_what_left_them_out(store: Store) -> None:
    await say(store, "STOP", from_=ONE)
    send_id = await store.sent(1)
    await say(store, "START", 1, from_=ONE)
    part = await store.ledger.failed_part(send_id)
    assert part
    retry = await store.sent(request_key="r", recipients=part.recipients, retry_of=send_id)
    assert await store.states(retry) == ["queued"]


@pytest.mark.parametrize(
    ("sender", "way"),
    [
        (FROM, f"only their START to {FROM} opens this again"),
        ("12345", "only their START to 12345 opens this again"),
        (SERVICE, "only their START opens this again"),
        ("whatsapp:+15005550006", "only their START opens this again"),
    ],
)
async def test_the_way_back_names_a_sender_that_can_be_texted_to(
    store: Store, sender: str, way: str
) -> None:
    await say(store, "STOP", from_=ONE, to=sender)
    await store.sent(1, sender=sender)
    [(reason,)] = await store.rows("SELECT reason FROM delivery")
    assert reason == f"opted out by STOP; {way}"


# -- what Twilio says -----------------------------------------------------------------------


@pytest.mark.parametrize("one_by_one", [True, False])
async def test_whom_twilio_refuses_for_it_is_left_out_of_the_next_send(
    store: Store, *, one_by_one: bool
) -> None:
    send_id, owner = await store.sent(), await store.worker()
    first, second, third = await store.outbox.turn(send_id, owner, (), 3)
    answers = [accepted(first), refused(second), refused(third, 21211)]
    if one_by_one:
        await store.outbox.record(send_id, owner, answers)
    else:
        await store.outbox.turn(send_id, owner, answers, 0)
    assert await out(store) == {TWO}
    again = await store.sent(request_key="again")
    assert await store.states(again) == ["queued", "suppressed", "queued"]
    [(reason,)] = await store.rows("SELECT reason FROM delivery WHERE state = 'suppressed'")
    assert reason == (
        f"opted out, as Twilio said (21610); only their START to {FROM} opens this again"
    )


@pytest.mark.parametrize("one_by_one", [True, False])
async def test_a_refusal_is_recorded_together_with_what_it_teaches_or_not_at_all(
    store: Store, *, one_by_one: bool
) -> None:
    send_id, owner = await store.sent(1), await store.worker()
    [claim] = await store.outbox.turn(send_id, owner, (), 1)
    await store.change("ALTER TABLE opt_out RENAME TO gone")
    outbox, answers = store.outbox, [refused(claim)]
    recorded = (
        outbox.record(send_id, owner, answers)
        if one_by_one
        else outbox.turn(send_id, owner, answers, 0)
    )
    with pytest.raises(psycopg.errors.UndefinedTable):
        await recorded
    assert await store.states(send_id) == ["sending"]


async def test_an_answer_that_comes_too_late_to_count_teaches_nothing(store: Store) -> None:
    send_id, owner = await store.sent(1), await store.worker()
    [claim] = await store.outbox.turn(send_id, owner, (), 1)
    await store.statuses.apply([report(claim.delivery_id, "delivered", attempt=1)])
    await store.outbox.turn(send_id, owner, [refused(claim)], 0)
    assert await out(store) == set()


async def followed(store: Store, count: int = 1, key: str = "cmd:1") -> list[int]:
    """Let Twilio have taken a send's messages; give its deliveries."""
    send_id, owner = await store.sent(count, request_key=key), await store.worker()
    claims = await store.outbox.turn(send_id, owner, (), count)
    await store.outbox.turn(send_id, owner, [accepted(claim) for claim in claims], 0)
    return await store.ids(send_id)


@pytest.mark.parametrize("status", ["failed", "undelivered"])
async def test_a_message_that_fails_later_for_it_teaches_it_too(store: Store, status: str) -> None:
    first, second = await followed(store, 2)
    news = [report(first, status, error_code=21610), report(second, status, error_code=30003)]
    await store.statuses.apply(news)
    assert await out(store) == {ONE}
    assert await sent_to(store, "again", 2) == ["suppressed", "queued"]


async def test_news_of_two_sends_to_one_person_in_one_batch_teach_it_once(store: Store) -> None:
    rows = [*await followed(store, key="a"), *await followed(store, key="b")]
    news = [report(row, "undelivered", error_code=21610) for row in rows]
    assert await store.statuses.apply(news) == (True, True)
    assert await out(store) == {ONE}


@pytest.mark.parametrize("told", [{"error_code": 21610}, {"error_code": 21610, "token": "guess"}])
async def test_a_delivered_or_a_forged_message_teaches_nothing(
    store: Store, told: dict[str, object]
) -> None:
    [row] = await followed(store)
    status = "undelivered" if "token" in told else "delivered"
    await store.statuses.apply([report(row, status, **told)])
    assert await out(store) == set()


async def test_many_answers_and_news_about_the_same_people_block_nobody(store: Store) -> None:
    jobs: list[Any] = []
    for n in range(8):
        send_id, owner = await store.sent(20, request_key=f"cmd:{n}"), await store.worker()
        claims = await store.outbox.turn(send_id, owner, (), 20)
        if n % 2:
            await store.outbox.turn(send_id, owner, [accepted(c) for c in claims], 0)
            news = [report(c.delivery_id, "failed", error_code=21610) for c in claims[::-1]]
            jobs.append(store.statuses.apply(news))
        else:
            answers = [refused(claim) for claim in claims[::-1]]
            jobs.append(store.outbox.turn(send_id, owner, answers, 0))
    await asyncio.gather(*jobs)
    assert len(await out(store)) == 20
    assert await store.rows("SELECT DISTINCT state FROM delivery") == [("failed",)]


async def test_who_learns_of_many_people_locks_them_in_one_order(store: Store) -> None:
    send_id, owner = await store.sent(10), await store.worker()
    for number in range(10):
        await say(store, "STOP", from_=f"+1617555{number:04}")
    await store.change("UPDATE delivery SET state = 'queued'")
    claims = await store.outbox.turn(send_id, owner, (), 10)
    answers = [refused(claim) for claim in claims[::-1]]
    async with store.pool.connection() as conn, conn.transaction():
        await conn.execute("SELECT 1 FROM opt_out WHERE address = %s FOR UPDATE", (ONE,))
        learning = asyncio.create_task(store.outbox.turn(send_id, owner, answers, 0))
        await store.someone_waits()
        await conn.execute("SELECT 1 FROM opt_out FOR UPDATE NOWAIT")
    await learning
    assert await store.rows("SELECT learned, count(*) FROM opt_out GROUP BY 1") == [("21610", 10)]
