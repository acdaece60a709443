from bot.store.outbox import Settled
from commands.model import DeliveryState
from tests.bot.store.kit import Store

S = DeliveryState


async def test_a_snapshot_counts_and_lists_what_became_of_everybody(store: Store) -> None:
    send_id, owner = await store.sent(4), await store.worker()
    one, two, three = await store.outbox.turn(send_id, owner, (), 3)
    answers = [
        Settled(one.delivery_id, 1, S.ACCEPTED, "SM1", "200"),
        Settled(two.delivery_id, 1, S.FAILED, None, "400", 21211, "not valid"),
        Settled(three.delivery_id, 1, S.IN_DOUBT, None, "1001", None, "no answer"),
    ]
    await store.outbox.turn(send_id, owner, answers, 0)
    snap = await store.cards.snapshot(send_id)
    assert snap is not None
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
    snap = await store.cards.snapshot(send_id)
    assert snap is not None
    assert snap.tally == {(S.FAILED, "401"): 10_000}
    assert (len(snap.shown), len(snap.failed), len(snap.unknown)) == (200, 1_000, 0)


async def test_what_does_not_exist_has_neither_snapshot_nor_card(store: Store) -> None:
    assert await store.cards.snapshot(4711) is None
    assert await store.cards.card(4711) is None


async def test_a_card_remembers_its_place_and_that_the_sender_was_told(store: Store) -> None:
    send_id = await store.sent()
    before = await store.cards.card(send_id)
    assert before is not None
    assert (before.place, before.ts, before.shown, before.told) == ("", "", "", False)
    assert (before.channel, before.actor) == ("C0ONCALL", "U0ALICE")
    assert "hooks.slack.com" not in repr(before)
    await store.cards.placed(send_id, "channel", "1700000000.000100", "digest")
    await store.cards.told(send_id)
    after = await store.cards.card(send_id)
    assert after is not None
    assert (after.place, after.ts, after.shown) == ("channel", "1700000000.000100", "digest")
    assert after.told
