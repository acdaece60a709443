from bot.store.cards import CardRow
from bot.store.outbox import Settled
from commands.model import Actor, DeliveryState
from commands.snapshot import Retry, Snapshot
from tests.bot.store.kit import Store

S = DeliveryState


async def snapshot(store: Store, send_id: int) -> Snapshot:
    """Read a send that is there."""
    snap = await store.cards.snapshot(send_id)
    assert snap is not None
    return snap


async def card(store: Store, send_id: int) -> CardRow:
    """Read a card that is there."""
    row = await store.cards.card(send_id)
    assert row is not None
    return row


async def test_a_snapshot_counts_and_lists_what_became_of_everybody(store: Store) -> None:
    send_id, owner = await store.sent(4), await store.worker()
    one, two, three = await store.outbox.turn(send_id, owner, (), 3)
    answers = [
        Settled(one.delivery_id, 1, S.ACCEPTED, "SM1", "200"),
        Settled(two.delivery_id, 1, S.FAILED, None, "400", 21211, "not valid"),
        Settled(three.delivery_id, 1, S.IN_DOUBT, None, "1001", None, "no answer"),
    ]
    await store.outbox.turn(send_id, owner, answers, 0)
    snap = await snapshot(store, send_id)
    assert (snap.send_id, snap.channel, snap.actor) == (send_id, "C0ONCALL", "U0ALICE")
    assert (snap.body, snap.sender, snap.recipients) == ("Water in the lab", "+15005550006", 4)
    assert snap.tally == {
        (S.ACCEPTED, "200"): 1,
        (S.FAILED, "400"): 1,
        (S.IN_DOUBT, "1001"): 1,
        (S.QUEUED, ""): 1,
    }
    assert [each.state for each in snap.shown] == [S.ACCEPTED, S.FAILED, S.IN_DOUBT, S.QUEUED]
    [failed] = snap.failed
    assert (failed.recipient.address, failed.error_code) == ("+16175550001", 21211)
    [unknown] = snap.unknown
    assert unknown.reason == "no answer"


async def test_a_send_to_ten_thousand_leaves_the_database_in_small_parts(store: Store) -> None:
    send_id = await store.sent(10_000)
    await store.outbox.halt(send_id, "401", 20003, "no")
    snap = await snapshot(store, send_id)
    assert snap.tally == {(S.FAILED, "401"): 10_000}
    assert (len(snap.shown), len(snap.failed), len(snap.unknown)) == (200, 1_000, 0)


async def test_a_snapshot_tells_for_how_many_twilio_is_still_looked_at(store: Store) -> None:
    send_id = await store.sent(5)
    await store.doubted(send_id, 1, 2, 3, looked_for=True)
    await store.change("UPDATE delivery SET code = '503' WHERE position = 3")
    await store.doubted(send_id, 4)
    snap = await snapshot(store, send_id)
    assert (snap.looking, snap.unknowns) == (3, 4)


async def test_a_snapshot_names_the_latest_attempt_that_is_in_doubt(store: Store) -> None:
    send_id = await store.sent(3)
    assert (await snapshot(store, send_id)).doubt == 0
    await store.doubted(send_id, 1)
    await store.doubted(send_id, 2)
    await store.doubted(send_id, 2)
    await store.change("UPDATE delivery SET attempt = 9 WHERE position = 3")
    assert (await snapshot(store, send_id)).doubt == 2


async def test_a_snapshot_names_who_left_those_in_doubt(store: Store) -> None:
    send_id = await store.sent(1)
    assert (await snapshot(store, send_id)).left_by == ""
    await store.ledger.leave(send_id, Actor("U0BOB", "C0ONCALL"))
    assert (await snapshot(store, send_id)).left_by == "U0BOB"


async def test_a_snapshot_tells_who_retried_it_and_what_it_repeats(store: Store) -> None:
    first = await store.sent(3, request_key="a")
    bob = Actor("U0BOB", "C0ONCALL")
    second = await store.sent(2, request_key="b", actor=bob, retry_of=first)
    third = await store.sent(1, request_key="c", retry_of=first)
    await store.sent(1, request_key="d", retry_of=second)
    snap = await snapshot(store, first)
    assert snap.retries == (Retry(second, "U0BOB", 2), Retry(third, "U0ALICE", 1))
    assert snap.retry_of is None
    assert (await snapshot(store, second)).retry_of == first


async def test_what_does_not_exist_has_neither_snapshot_nor_card(store: Store) -> None:
    assert await store.cards.snapshot(4711) is None
    assert await store.cards.card(4711) is None


async def test_a_card_remembers_its_place_and_what_it_shows(store: Store) -> None:
    send_id = await store.sent()
    before = await card(store, send_id)
    assert (before.place, before.ts, before.shown) == ("", "", "")
    assert (before.channel, before.actor) == ("C0ONCALL", "U0ALICE")
    assert "hooks.slack.com" not in repr(before)
    assert await store.cards.placed(before, "channel", "1700000000.000100", "digest")
    after = await card(store, send_id)
    assert (after.place, after.ts, after.shown) == ("channel", "1700000000.000100", "digest")


async def test_who_shows_a_card_last_learns_that_another_did_and_shows_it_once_more(
    store: Store,
) -> None:
    send_id = await store.sent()
    before = await card(store, send_id)
    assert await store.cards.placed(before, "channel", "1700000000.000100", "theirs")
    assert not await store.cards.placed(before, "channel", "1700000000.000200", "ours")
    after = await card(store, send_id)
    assert (after.place, after.ts, after.shown) == ("channel", "1700000000.000100", "")


async def test_a_private_card_that_was_given_already_is_not_given_again(store: Store) -> None:
    send_id = await store.sent()
    before = await card(store, send_id)
    assert await store.cards.placed(before, "private", "", "final")
    assert not await store.cards.placed(before, "private", "", "first")
    assert (await card(store, send_id)).shown == "final"


async def test_a_card_remembers_of_how_many_the_sender_was_told_and_how_often(
    store: Store,
) -> None:
    send_id, other = await store.sent(request_key="a"), await store.sent(request_key="b")
    before = await card(store, send_id)
    assert (before.told_of, before.notices, before.told_age) == (0, 0, None)
    await store.cards.told(send_id, 2)
    await store.cards.told(send_id, 3)
    after = await card(store, send_id)
    assert (after.told_of, after.notices) == (3, 2)
    assert after.told_age is not None
    assert after.told_age >= 0
    assert (await card(store, other)).notices == 0


async def test_that_some_were_reached_after_all_is_no_notice(store: Store) -> None:
    send_id = await store.sent()
    await store.cards.told(send_id, 3)
    await store.change("UPDATE card SET told_at = now() - interval '1 hour'")
    await store.cards.reached(send_id, 1)
    after = await card(store, send_id)
    assert (after.told_of, after.notices) == (1, 1)
    assert after.told_age is not None
    assert after.told_age >= 3600
