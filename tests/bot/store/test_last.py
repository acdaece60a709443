"""The last sends of a channel, each with its counts."""

from datetime import UTC, datetime, timedelta

from bot.store.outbox import Settled
from commands.model import Actor, DeliveryState, Kind
from commands.snapshot import Standing
from tests.bot.store.kit import Store

S = DeliveryState


async def numbers(store: Store, channel: str = "C0ONCALL", count: int = 10) -> list[int]:
    return [each.send_id for each in await store.cards.last(channel, count)]


async def only(store: Store) -> Standing:
    [sent] = await store.cards.last("C0ONCALL", 10)
    return sent


async def test_the_last_sends_of_one_channel_come_newest_first(store: Store) -> None:
    first = await store.sent(request_key="a")
    away = await store.sent(request_key="b", actor=Actor("U0ALICE", "C0AWAY"))
    second = await store.sent(request_key="c", actor=Actor("U0BOB", "C0ONCALL"))
    third = await store.sent(request_key="d")
    await store.change("UPDATE send SET created = now() + interval '1 hour' WHERE id = %s", first)
    assert await numbers(store) == [first, third, second]
    assert await numbers(store, count=2) == [first, third]
    assert await numbers(store, "C0AWAY") == [away]
    assert await numbers(store, "C0NONE") == []


async def test_a_send_tells_who_sent_what_when_to_how_many(store: Store) -> None:
    failed = await store.sent(request_key="a", actor=Actor("U0BOB", "C0AWAY"))
    page = await store.sent(2, request_key="b", kind=Kind.PAGE, retry_of=failed)
    sent = await only(store)
    assert (sent.send_id, sent.kind, sent.retry_of) == (page, Kind.PAGE, failed)
    assert (sent.channel, sent.actor, sent.body) == ("C0ONCALL", "U0ALICE", "Water in the lab")
    assert sent.recipients == 2
    assert abs(sent.created - datetime.now(UTC)) < timedelta(minutes=1)


async def test_a_send_counts_what_became_of_its_recipients(store: Store) -> None:
    other = await store.sent(request_key="a", actor=Actor("U0ALICE", "C0AWAY"))
    await store.doubted(other)
    send_id, owner = await store.sent(6, request_key="b"), await store.worker()
    one, two = await store.outbox.turn(send_id, owner, (), 2)
    answers = [
        Settled(one.delivery_id, 1, S.ACCEPTED, "SM1", "200"),
        Settled(two.delivery_id, 1, S.FAILED, None, "400", 21211, "not valid"),
    ]
    await store.outbox.turn(send_id, owner, answers, 0)
    await store.doubted(send_id, 3, looked_for=True)
    await store.doubted(send_id, 4)
    sent = await only(store)
    assert sent.tally == {
        (S.ACCEPTED, "200"): 1,
        (S.FAILED, "400"): 1,
        (S.IN_DOUBT, "1001"): 2,
        (S.QUEUED, ""): 2,
    }
    assert sent.looking == 1
    whole = await store.cards.snapshot(send_id)
    assert whole is not None
    assert (whole.tally, whole.looking) == (sent.tally, sent.looking)


async def test_a_send_whose_recipients_are_removed_already_is_not_listed(store: Store) -> None:
    old, new = await store.sent(request_key="a"), await store.sent(request_key="b")
    await store.change("DELETE FROM delivery WHERE send_id = %s", old)
    assert await numbers(store) == [new]


async def test_the_last_sends_of_one_person_come_newest_first_from_whatever_channel(
    store: Store,
) -> None:
    first = await store.sent(request_key="a")
    away = await store.sent(request_key="b", actor=Actor("U0ALICE", "C0AWAY"))
    await store.sent(request_key="c", actor=Actor("U0BOB", "C0ONCALL"))
    third = await store.sent(request_key="d")
    await store.change("UPDATE send SET created = now() + interval '1 hour' WHERE id = %s", first)
    found = [each.send_id for each in await store.cards.last_of("U0ALICE", 10)]
    assert found == [first, third, away]
    assert [each.send_id for each in await store.cards.last_of("U0ALICE", 2)] == [first, third]
    assert await store.cards.last_of("U0NOBODY", 10) == ()
