"""What people write back about a page whose message was asked of Twilio more than once."""

import pytest

from bot.store.pages import open_page, tell
from bot.store.replies import Outcome
from commands.model import DeliveryState, Kind
from tests.bot.store.kit import Store, accepted, draft
from tests.bot.store.reply_kit import ALICE, LADDER, paged, say, stage

O = Outcome  # noqa: E741 - as short as the states elsewhere
S = DeliveryState


async def asked_again(store: Store, first: DeliveryState) -> int:
    """Page alice; Twilio's answer a minute ago was this, and is yes now. Give the page."""
    new = draft(0, request_key="page", kind=Kind.PAGE, ladder=LADDER)
    async with store.pool.connection() as conn, conn.transaction():
        page = (await open_page(conn, store.jobs, new)).send_id
        send = await tell(conn, store.jobs, page, "step:0", "Water", [(ALICE, "alice")], step=0)
    assert send is not None
    await store.change("UPDATE send SET created = now() - interval '61 s'")
    await store.change(
        "UPDATE delivery SET state = %s, attempt = 1, attempted = now() - interval '1 minute',"
        " doubted = now() - interval '1 minute', next_check = now()",
        first,
    )
    for state, source in (("sending", "drain"), (first, "answer")):
        await store.change(
            "INSERT INTO event (delivery_id, at, state, source)"
            " SELECT id, now() - interval '1 minute', %s, %s FROM delivery",
            state,
            source,
        )
    if first is S.IN_DOUBT:
        assert await store.doubts.resend(send, await store.ids(send), None) == 1
    owner = await store.worker()
    [claim] = await store.outbox.turn(send, owner, (), 1)
    await store.outbox.record(send, owner, [accepted(claim)])
    return page


@pytest.mark.parametrize("body", ["ack", "1"])
async def test_a_reply_from_between_a_doubt_and_its_second_request_is_about_the_page(
    store: Store, body: str
) -> None:
    page = await asked_again(store, S.IN_DOUBT)
    assert await say(store, body, ago=45) is O.ACK
    assert await stage(store, page) == ("acknowledged", "alice", "")


async def test_a_reply_from_before_the_first_request_is_not_about_the_page(store: Store) -> None:
    page = await asked_again(store, S.IN_DOUBT)
    assert await say(store, "ack", ago=120) is O.UNKNOWN
    assert (await stage(store, page))[0] == "open"


async def test_a_request_that_did_not_arrive_is_nothing_that_one_can_reply_to(
    store: Store,
) -> None:
    fire = await asked_again(store, S.QUEUED)
    assert await say(store, "ack", ago=45) is O.UNKNOWN
    assert (await stage(store, fire))[0] == "open"


async def test_the_page_that_was_sent_last_is_meant_also_where_another_began_later(
    store: Store,
) -> None:
    water = await asked_again(store, S.IN_DOUBT)
    fire = await paged(store, "58", body="Fire", ago=30)
    await store.change("UPDATE page SET stage = 'exhausted', due = NULL")
    assert await say(store, "ack") is O.ACK
    assert (await stage(store, water))[0] == "acknowledged"
    assert (await stage(store, fire))[0] == "exhausted"
