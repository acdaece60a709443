"""Which messages are on their way, and when Twilio is asked about them next."""

from bot.store.journeys import Itinerary, Journeys
from bot.store.outbox import Claim
from tests.bot.store.kit import Store, accepted, report, sid

FOLLOW = 3600.0


async def on_their_way(store: Store, count: int = 1, **changes: object) -> list[Claim]:
    """Commit a send that Twilio has taken, and give its claims."""
    send_id, owner = await store.sent(count, **changes), await store.worker()
    claims = await store.outbox.turn(send_id, owner, (), count)
    await store.outbox.turn(send_id, owner, [accepted(claim) for claim in claims], 0)
    return claims


async def journeys(store: Store, send_id: int = 1) -> Journeys:
    """Ask for what is on its way of a send that is there."""
    found = await Itinerary(store.pool).journeys(send_id, FOLLOW)
    assert found is not None
    return found


async def test_messages_whose_end_is_not_known_are_on_their_way(store: Store) -> None:
    one, two, three, four = await on_their_way(store, 4)
    await store.statuses.apply(
        [
            report(two.delivery_id, "sent"),
            report(three.delivery_id, "delivered"),
            report(four.delivery_id, "undelivered"),
        ]
    )
    found = await journeys(store)
    assert found.open == {sid(each.delivery_id): each.delivery_id for each in (one, two)}
    assert (found.sender, found.waiting, found.over) == ("+15005550006", False, False)
    assert [(found.created,)] == await store.rows("SELECT created FROM send")
    assert "SM" not in repr(found)


async def test_the_age_of_a_send_is_that_of_its_last_request(store: Store) -> None:
    await on_their_way(store, 2)
    await store.change("UPDATE send SET created = now() - interval '2 days'")
    await store.change(
        "UPDATE delivery SET attempted = now() - make_interval(mins => 20 * position)"
    )
    assert 1200 <= (await journeys(store)).age < 2400


async def test_a_send_that_nobody_was_asked_for_yet_waits_and_has_no_age(store: Store) -> None:
    found = await journeys(store, await store.sent())
    assert (found.open, found.age, found.waiting, found.over) == ({}, 0.0, True, False)


async def test_once_every_message_has_come_to_its_end_the_following_is_over(store: Store) -> None:
    [claim] = await on_their_way(store)
    await store.statuses.apply([report(claim.delivery_id, "delivered")])
    assert (await journeys(store)).over


async def test_whoever_is_being_sent_to_or_looked_for_may_have_a_journey_yet(
    store: Store,
) -> None:
    send_id, owner = await store.sent(1), await store.worker()
    await store.outbox.turn(send_id, owner, (), 1)
    assert (await journeys(store)).waiting
    await store.doubted(send_id, looked_for=True)
    assert (await journeys(store)).waiting
    await store.doubts.give_up(await store.ids(send_id))
    assert (await journeys(store)).over


async def test_a_message_is_followed_for_so_long_after_its_own_request(store: Store) -> None:
    old, young = await on_their_way(store, 2)
    await store.change(
        "UPDATE delivery SET attempted = now() - make_interval(secs => %s) WHERE id = %s",
        FOLLOW + 60,
        old.delivery_id,
    )
    assert list((await journeys(store)).open.values()) == [young.delivery_id]


async def test_messages_of_other_sends_are_none_of_its_journeys(store: Store) -> None:
    await on_their_way(store, request_key="a")
    [mine] = await on_their_way(store, request_key="b")
    assert list((await journeys(store, 2)).open.values()) == [mine.delivery_id]


async def test_a_send_that_is_gone_has_no_journeys(store: Store) -> None:
    assert await Itinerary(store.pool).journeys(4711, FOLLOW) is None


async def test_the_next_look_is_kept_until_there_is_none(store: Store) -> None:
    send_id, other = await store.sent(request_key="a"), await store.sent(request_key="b")
    itinerary = Itinerary(store.pool)
    await itinerary.look_at(send_id, 600.0)
    asked = "SELECT look_at > now() + interval '5 minutes' FROM send ORDER BY id"
    assert await store.rows(asked) == [(True,), (False,)]
    await itinerary.look_at(send_id, None)
    found = await store.rows("SELECT id FROM send WHERE look_at IS NOT NULL")
    assert found == [(other,)]
