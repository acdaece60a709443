"""Many changes together: several reports on one row, SIDs twice, and everything at once."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence

import pytest

from bot.store.outbox import Claim, Settled
from bot.store.statuses import Report
from commands.model import DeliveryState
from tests.bot.store.kit import Store, accepted, report, sid

S = DeliveryState
MANY = 200


async def claimed(store: Store, count: int, key: str = "cmd:1") -> tuple[int, list[Claim]]:
    """Commit a send, claim all of it, and give the worker and the claims."""
    send_id, owner = await store.sent(count, request_key=key), await store.worker()
    claims = await store.outbox.turn(send_id, owner, (), count)
    assert len(claims) == count
    return owner, claims


async def taken(store: Store, count: int) -> list[int]:
    """Commit a send that Twilio has taken, and give its deliveries."""
    owner, claims = await claimed(store, count)
    await store.outbox.turn(1, owner, [accepted(claim) for claim in claims], 0)
    await store.forget_jobs()
    return [claim.delivery_id for claim in claims]


async def test_reports_on_one_row_in_one_batch_follow_each_other(store: Store) -> None:
    [row, other] = await taken(store, 2)
    batch = [report(row, "sent"), report(other, "sent"), report(row, "delivered")]
    assert await store.statuses.apply(batch) == (True, True, True)
    assert await store.states(1) == ["delivered", "sent"]
    assert (await store.events(row))[-2:] == [("sent", "poll"), ("delivered", "poll")]
    assert await store.waiting() == [("card", 1)]


async def test_reports_on_one_row_reversed_and_repeated_in_one_batch_do_no_harm(
    store: Store,
) -> None:
    [row] = await taken(store, 1)
    words = ["delivered", "sent", "delivered", "queued", "failed"]
    assert await store.statuses.apply([report(row, word) for word in words]) == (True,) * 5
    assert await store.states(1) == ["delivered"]
    assert (await store.events(row))[-1] == ("delivered", "poll")


async def test_of_two_messages_in_one_batch_the_row_keeps_the_first(store: Store) -> None:
    _, [claim] = await claimed(store, 1)
    row = claim.delivery_id
    batch = [report(row, "sent"), report(row, "delivered", sid=sid(999))]
    assert await store.statuses.apply(batch) == (True, True)
    assert await store.rows("SELECT state, sid FROM delivery") == [("sent", sid(row))]


async def test_unknown_and_forged_reports_leave_the_others_of_their_batch(store: Store) -> None:
    [row] = await taken(store, 1)
    batch = [report(4711, "sent"), report(row, "failed", token="guess"), report(row, "delivered")]
    assert await store.statuses.apply(batch) == (False, False, True)
    assert await store.states(1) == ["delivered"]


async def test_a_sid_that_another_row_has_costs_the_others_of_the_batch_nothing(
    store: Store,
) -> None:
    owner, claims = await claimed(store, 4)
    await store.outbox.turn(1, owner, [accepted(claims[0])], 0)
    theirs = accepted(claims[0]).sid
    rows = [claim.delivery_id for claim in claims]
    batch = [
        report(rows[1], "sent"),
        report(rows[2], "sent", sid=theirs),
        report(rows[3], "delivered"),
    ]
    assert await store.statuses.apply(batch) == (True, True, True)
    assert await store.states(1) == ["accepted", "sent", "sending", "delivered"]


async def test_a_sid_for_two_rows_of_one_batch_is_given_to_one_of_them(store: Store) -> None:
    _, [one, two] = await claimed(store, 2)
    batch = [report(one.delivery_id, "sent", sid=sid(7)), report(two.delivery_id, "sent")]
    batch[1:1] = [report(two.delivery_id, "sent", sid=sid(7))]
    assert await store.statuses.apply(batch) == (True, True, True)
    found = await store.rows("SELECT state, sid FROM delivery ORDER BY position")
    assert found == [("sent", sid(7)), ("sent", sid(two.delivery_id))]


async def test_a_batch_marks_the_card_of_each_send_once(store: Store) -> None:
    sends = [await store.sent(2, request_key=key) for key in "abc"]
    await store.forget_jobs()
    rows = [row for send_id in sends for row in await store.ids(send_id)]
    await store.change("UPDATE delivery SET state = 'accepted', sid = 'SM' || lpad(id::text, 32)")
    sids = dict(await store.rows("SELECT id, sid FROM delivery"))
    random.Random(7).shuffle(rows)  # noqa: S311 - any order will do
    await store.statuses.apply([report(row, "delivered", sid=sids[row]) for row in rows])
    assert await store.waiting() == [("card", send_id) for send_id in sends]


Change = Callable[[Store, int, Sequence[Claim]], Awaitable[object]]


async def answers(store: Store, owner: int, claims: Sequence[Claim]) -> None:
    await store.outbox.turn(1, owner, [accepted(claim) for claim in claims], 0)


async def doubtful_answers(store: Store, owner: int, claims: Sequence[Claim]) -> None:
    doubts = [Settled(c.delivery_id, c.attempt, S.IN_DOUBT, code="1001") for c in claims]
    await store.outbox.turn(1, owner, doubts, 0)


async def callbacks(store: Store, owner: int, claims: Sequence[Claim]) -> None:
    await store.statuses.apply([_report(claim) for claim in claims])


def _report(claim: Claim) -> Report:
    return report(claim.delivery_id, "delivered", attempt=claim.attempt)


async def looks(store: Store, owner: int, claims: Sequence[Claim]) -> None:
    await store.doubts.later([(claim.delivery_id, 0.0) for claim in claims])


async def strays(store: Store, owner: int, claims: Sequence[Claim]) -> None:
    await store.outbox.begin(1, [owner], [(c.delivery_id, c.attempt) for c in claims[::2]])


async def takeover(store: Store, owner: int, claims: Sequence[Claim]) -> None:
    await store.silence(owner, 5.0)
    await store.outbox.begin(1, (), ())


# every row sent to anew, and laid down in an order that is nobody's
SHUFFLE = """
DO $$ DECLARE number bigint; BEGIN
    FOR number IN SELECT id FROM delivery ORDER BY random() LOOP
        UPDATE delivery SET state = 'queued', sid = NULL WHERE id = number;
        UPDATE delivery SET state = 'sending', next_check = now(),
            owner = (SELECT max(id) FROM procrastinate_workers) WHERE id = number;
    END LOOP;
END $$
"""


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (answers, callbacks),
        (callbacks, callbacks),
        (doubtful_answers, callbacks),
        (looks, callbacks),
        (strays, takeover),
        (takeover, callbacks),
    ],
)
async def test_two_changes_of_the_same_rows_in_opposite_orders_do_not_block_each_other(
    store: Store, one: Change, other: Change
) -> None:
    owner, claims = await claimed(store, MANY)
    for turn in range(12):
        await store.change(SHUFFLE)
        await store.change("UPDATE delivery SET state = 'in_doubt' WHERE %s", one is looks)
        await store.change("UPDATE procrastinate_workers SET last_heartbeat = now()")
        mixed = random.Random(turn).sample(claims, MANY)  # noqa: S311 - any order will do
        await asyncio.gather(one(store, owner, mixed), other(store, owner, mixed[::-1]))


async def test_answers_and_callbacks_at_once_end_with_every_recipient_delivered(
    store: Store,
) -> None:
    owner, claims = await claimed(store, MANY)
    await asyncio.gather(
        *(answers(store, owner, claims[start::8]) for start in range(8)),
        *(callbacks(store, owner, claims[::-1][start::8]) for start in range(8)),
    )
    await callbacks(store, owner, claims)
    assert set(await store.states(1)) == {"delivered"}
    found = await store.rows("SELECT sid FROM delivery ORDER BY position")
    assert found == [(sid(claim.delivery_id),) for claim in claims]
