import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import psycopg
import pytest
from procrastinate.exceptions import ConnectorException

from bot.store.ledger import PostgresLedger
from bot.tasks import Order
from commands.model import Actor, AuditEntry, Committed, LimitReached, NewSend, Recipient
from tests.bot.store.kit import Store

Draft = Callable[..., NewSend]


async def test_a_send_is_stored_with_recipients_card_audit_and_jobs(
    store: Store, new_send: Draft
) -> None:
    assert await store.ledger.commit(new_send(3)) == Committed(1)
    assert await store.rows(
        "SELECT request_key, kind, team, channel, actor, sender, body, recipients, retry_of,"
        " settled FROM send"
    ) == [
        (
            *("cmd:1", "send", "T1", "C0ONCALL", "U0ALICE", "+15005550006", "Water in the lab"),
            *(3, None, None),
        )
    ]
    assert await store.rows(
        "SELECT position, address, name, state, attempt, owner FROM delivery ORDER BY position"
    ) == [(n + 1, f"+1617555{n:04}", f"person {n}", "queued", 0, None) for n in range(3)]
    assert await store.rows("SELECT send_id, answer_url, place, stale, told_of FROM card") == [
        (1, "https://hooks.slack.com/commands/1", "", False, 0)
    ]
    assert await store.rows("SELECT action, allowed, rule, detail, send_id FROM audit") == [
        ("send", True, "channel C0ONCALL", "3 recipients", 1)
    ]
    assert await store.waiting() == [("card", 1), ("drain", 1), ("track", 1)]


async def test_a_big_send_asks_a_second_process_to_help(store: Store, new_send: Draft) -> None:
    await store.ledger.commit(new_send(1_000))
    assert Counter(task for task, _ in await store.waiting()) == {"card": 1, "drain": 2, "track": 1}


async def test_twilio_is_first_asked_about_a_send_when_the_timetable_says(
    store: Store, new_send: Draft
) -> None:
    await store.ledger.commit(new_send())
    [(ours, jobs)] = await store.rows(
        "SELECT look_at - created, scheduled_at - created FROM send, procrastinate_jobs"
        " WHERE task_name = 'track'"
    )
    assert ours == timedelta(seconds=5) <= jobs


async def test_where_delivery_is_not_followed_twilio_is_never_asked(
    store: Store, new_send: Draft
) -> None:
    await PostgresLedger(store.pool, store.jobs).commit(new_send())
    assert await store.waiting() == [("card", 1), ("drain", 1)]
    assert await store.rows("SELECT look_at FROM send") == [(None,)]


async def test_each_send_has_a_token_of_its_own_that_nobody_can_guess(store: Store) -> None:
    sends = [await store.sent(request_key=key) for key in ("a", "b")]
    first, second = [await store.token(send_id) for send_id in sends]
    assert first != second
    assert len(first) == len(second) == 32


async def test_neither_body_nor_number_enters_the_audit(store: Store, new_send: Draft) -> None:
    await store.ledger.commit(new_send(2, command="send +16175550000 Water in the lab"))
    [(whole,)] = await store.rows("SELECT audit::text FROM audit")
    assert "6175550000" not in whole
    assert "Water" not in whole


async def test_a_redelivered_request_is_the_send_it_made_the_first_time(
    store: Store, new_send: Draft
) -> None:
    first = await store.ledger.commit(new_send(3))
    again = await store.ledger.commit(new_send(3))
    assert (first, again) == (Committed(1), Committed(1, repeated=True))
    assert [await store.count(t) for t in ("send", "delivery", "card", "audit")] == [1, 3, 1, 1]
    assert await store.count("procrastinate_jobs") == 3


async def test_of_twenty_deliveries_of_one_request_at_once_one_is_new(
    store: Store, new_send: Draft
) -> None:
    many = await asyncio.gather(*(store.ledger.commit(new_send(3)) for _ in range(20)))
    assert len({each.send_id for each in many if isinstance(each, Committed)}) == 1
    assert [isinstance(each, Committed) and each.repeated for each in many].count(False) == 1
    assert await store.count("delivery") == 3


async def test_the_daily_limit_is_exact_however_many_commands_come_at_once(
    store: Store, new_send: Draft
) -> None:
    sends = [new_send(3, request_key=f"cmd:{n}", daily_limit=10) for n in range(20)]
    many = await asyncio.gather(*map(store.ledger.commit, sends))
    assert sum(isinstance(each, Committed) for each in many) == 3
    assert {each for each in many if isinstance(each, LimitReached)} == {LimitReached(9, 10)}
    assert await store.count("delivery") == 9


async def test_a_send_that_just_fits_the_daily_limit_passes(store: Store, new_send: Draft) -> None:
    assert await store.ledger.commit(new_send(10, daily_limit=10)) == Committed(1)


async def test_a_send_over_the_daily_limit_leaves_no_trace(store: Store, new_send: Draft) -> None:
    reached = await store.ledger.commit(new_send(11, daily_limit=10))
    assert reached == LimitReached(0, 10)
    tables = ("send", "delivery", "card", "audit", "procrastinate_jobs")
    assert [await store.count(table) for table in tables] == [0] * 5


async def test_a_request_refused_by_the_limit_may_be_made_again_later(
    store: Store, new_send: Draft
) -> None:
    await store.ledger.commit(new_send(11, daily_limit=10))
    assert isinstance(await store.ledger.commit(new_send(11, daily_limit=20)), Committed)


async def test_a_redelivered_request_is_known_although_the_limit_is_used_up(
    store: Store, new_send: Draft
) -> None:
    await store.ledger.commit(new_send(10, daily_limit=10))
    again = await store.ledger.commit(new_send(10, daily_limit=10))
    assert again == Committed(1, repeated=True)


async def test_what_is_a_day_old_no_longer_counts_and_other_channels_never_do(
    store: Store, new_send: Draft
) -> None:
    old = await store.sent(10, request_key="cmd:old")
    await store.change(
        "UPDATE send SET created = now() - interval '24 hours 1 second' WHERE id = %s", old
    )
    await store.sent(10, request_key="cmd:else", actor=Actor("U0ALICE", "C0ELSE"))
    assert isinstance(await store.ledger.commit(new_send(10, daily_limit=10)), Committed)


async def test_a_commit_whose_jobs_cannot_be_queued_leaves_no_trace(
    store: Store, new_send: Draft
) -> None:
    class Broken:
        async def defer(self, *orders: Order, conn: psycopg.AsyncConnection | None = None) -> None:
            raise ConnectionError

    with pytest.raises(ConnectionError):
        await PostgresLedger(store.pool, Broken()).commit(new_send(3))
    assert [await store.count(table) for table in ("send", "delivery", "card", "audit")] == [0] * 4


async def test_an_address_twice_in_one_send_is_refused_as_a_whole(
    store: Store, new_send: Draft
) -> None:
    twice = (Recipient("+16175551212"), Recipient("+16175551212", "alice"))
    # whichever statement of the pipeline is the first to learn of it
    with pytest.raises((psycopg.errors.UniqueViolation, ConnectorException)):
        await store.ledger.commit(new_send(recipients=twice))
    tables = ("send", "delivery", "card", "audit", "procrastinate_jobs")
    assert [await store.count(table) for table in tables] == [0] * 5


async def test_what_no_column_can_hold_is_taken_out_of_names_and_bodies(
    store: Store, new_send: Draft
) -> None:
    odd = (Recipient("+16175551212", "ali\0ce \ud83d"),)
    await store.ledger.commit(new_send(recipients=odd, body="Water\0 for \ud83d and 🌊"))
    assert await store.rows("SELECT name FROM delivery") == [("alice \ufffd",)]
    assert await store.rows("SELECT body FROM send") == [("Water for \ufffd and 🌊",)]


async def test_an_address_of_two_hundred_characters_is_kept_whole(
    store: Store, new_send: Draft
) -> None:
    address = "messenger:" + "x" * 190
    await store.ledger.commit(new_send(recipients=(Recipient(address),)))
    assert await store.rows("SELECT address FROM delivery") == [(address,)]


async def test_a_refusal_is_kept_without_a_send(store: Store) -> None:
    actor = Actor("U0BOB", "C0ONCALL", team="T1")
    await store.ledger.record(AuditEntry(actor, "send", allowed=False, rule="who", detail="a\0b"))
    assert await store.rows("SELECT actor, allowed, rule, detail, send_id FROM audit") == [
        ("U0BOB", False, "who", "ab", None)
    ]


@pytest.mark.parametrize(
    "statement", ["UPDATE audit SET actor = 'x'", "DELETE FROM audit", "TRUNCATE audit"]
)
async def test_nobody_can_rewrite_the_audit(store: Store, statement: str) -> None:
    await store.sent()
    with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
        await store.change(statement)
    assert await store.count("audit") == 1


async def test_nobody_can_rewrite_an_event(store: Store) -> None:
    with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
        await store.change("UPDATE event SET state = 'delivered'")


async def test_the_audit_outlives_the_send(store: Store) -> None:
    await store.sent()
    await store.change("DELETE FROM send")
    assert [await store.count(table) for table in ("delivery", "card", "audit")] == [0, 0, 1]
