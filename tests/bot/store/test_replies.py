"""What people write back: done once, however often it is heard."""

import asyncio

import pytest

from bot.store.pages import resolve, tell
from bot.store.replies import Outcome
from commands.oncall import Hand, Way
from commands.rules import Contact
from tests.bot.store.kit import Store
from tests.bot.store.reply_kit import (
    ALICE,
    BOB,
    STRANGER,
    happened,
    kept,
    paged,
    posts,
    say,
    stage,
    told,
)

O = Outcome  # noqa: E741 - as short as the states elsewhere


# Acknowledge


@pytest.mark.parametrize("body", ["ack", " 1 ", "47", "#47", "ACK 47"])
async def test_a_reply_acknowledges_the_page(store: Store, body: str) -> None:
    page = await paged(store)
    assert await say(store, body) is O.ACK
    assert await stage(store, page) == ("acknowledged", "alice", "")


async def test_everybody_paged_is_told_who_has_it(store: Store) -> None:
    page = await paged(store)
    await say(store, "1", BOB)
    text = "bob has it: Water in the lab (47)"
    assert await told(store, page) == [(ALICE, text), (BOB, text)]


async def test_whoever_the_directory_knows_is_called_by_its_name_and_slack_id(
    store: Store,
) -> None:
    page = await paged(store, people=[(ALICE, "")])
    await say(store, "1", contact=Contact("Alice A.", ALICE, "U0ALICE"))
    [found] = await store.rows(
        "SELECT acked_by, acked_user, acked_how FROM page WHERE id = %s", page
    )
    assert found == ("Alice A.", "U0ALICE", "sms")


@pytest.mark.parametrize("name", ["", "+1 617 555 0000"])
async def test_whoever_has_no_name_is_shown_by_four_digits(store: Store, name: str) -> None:
    page = await paged(store, people=[(ALICE, name)])
    await say(store, "1")
    assert await stage(store, page) == ("acknowledged", "••••••••0000", "")


async def test_a_code_picks_one_of_two_open_pages(store: Store) -> None:
    water, fire = await paged(store), await paged(store, "58", body="Fire on the roof")
    assert await say(store, "47") is O.ACK
    assert (await stage(store, water))[0] == "acknowledged"
    assert (await stage(store, fire))[0] == "open"


async def test_without_a_code_who_has_two_open_pages_is_asked_which(store: Store) -> None:
    await paged(store, ago=90)
    fire = await paged(store, "58", body="Fire on the roof")
    assert await say(store, "ack") is O.UNCLEAR
    assert await told(store, fire) == [
        (ALICE, "Open: 58, 47. Reply 58 to acknowledge that one."),
    ]
    assert [each[0] for each in await store.rows("SELECT stage FROM page")] == ["open"] * 2


async def test_a_page_of_others_is_not_in_the_way(store: Store) -> None:
    await paged(store, people=[(BOB, "bob")])
    fire = await paged(store, "58", body="Fire", people=[(ALICE, "alice")])
    assert await say(store, "ack") is O.ACK
    assert (await stage(store, fire))[0] == "acknowledged"


async def test_the_code_of_a_page_of_others_does_not_acknowledge_it(store: Store) -> None:
    water = await paged(store, people=[(BOB, "bob")])
    fire = await paged(store, "58", body="Fire", people=[(ALICE, "alice")])
    assert await say(store, "ack 47") is O.UNCLEAR
    assert (await stage(store, water))[0] == "open"
    [(_, asked)] = await told(store, fire)
    assert asked == "No page has the code 47. Open: 58. Reply 58 to acknowledge that one."


async def ended(store: Store, page: int) -> None:
    await store.change("UPDATE page SET stage = 'exhausted', due = NULL WHERE id = %s", page)


async def test_a_page_that_sent_somebody_nothing_for_a_week_is_not_acknowledged_any_more(
    store: Store,
) -> None:
    await ended(store, await paged(store, ago=8 * 86_400))
    assert await say(store, "1") is O.UNKNOWN


async def test_a_page_of_a_week_ago_that_is_open_is_acknowledged(store: Store) -> None:
    page = await paged(store, ago=8 * 86_400)
    assert await say(store, "1") is O.ACK
    assert (await stage(store, page))[0] == "acknowledged"


async def test_the_week_counts_from_a_pages_last_message_to_its_writer(store: Store) -> None:
    page = await paged(store, ago=8 * 86_400, people=[(ALICE, "alice")])
    async with store.pool.connection() as conn, conn.transaction():
        await tell(conn, store.jobs, page, "step:1", "Water", [(BOB, "bob")], step=1)
    await store.change("UPDATE delivery SET state = 'sent', sid = 'SM1' WHERE address = %s", BOB)
    await ended(store, page)
    assert await say(store, "1", ALICE) is O.UNKNOWN
    assert await say(store, "1", BOB) is O.ACK


# Two at once


async def test_of_two_who_acknowledge_at_once_one_has_it_and_both_are_told_so(
    store: Store,
) -> None:
    page = await paged(store)
    said = await asyncio.gather(say(store, "1", ALICE), say(store, "ack", BOB))
    assert sorted(map(str, said)) == ["ack", "late"]
    winner = "alice" if said[0] is O.ACK else "bob"
    assert await stage(store, page) == ("acknowledged", winner, "")
    assert {text for _, text in await told(store, page)} == {
        f"{winner} has it: Water in the lab (47)"
    }
    assert sorted(to for to, _ in await told(store, page)) == [ALICE, BOB]


async def test_whom_the_page_did_not_reach_is_told_who_has_it_too(store: Store) -> None:
    page = await paged(store)
    await store.change("UPDATE delivery SET state = 'failed', sid = NULL WHERE address = %s", ALICE)
    await say(store, "1", BOB)
    assert await say(store, "47", ALICE) is O.LATE
    text = "bob has it: Water in the lab (47)"
    assert await told(store, page) == [(BOB, text), (ALICE, text)]


@pytest.mark.parametrize("state", ["queued", "failed", "canceled", "suppressed"])
async def test_who_was_not_sent_a_page_acknowledges_another_one_or_none(
    store: Store, state: str
) -> None:
    water = await paged(store, ago=3600)
    await store.change("UPDATE page SET stage = 'exhausted', due = NULL")
    fire = await paged(store, "58", body="Fire", people=[(ALICE, "alice")])
    await store.change(
        "UPDATE delivery SET state = %s, sid = NULL"
        " WHERE send_id IN (SELECT id FROM send WHERE page_id = %s)",
        state,
        fire,
    )
    assert await say(store, "ack") is O.ACK
    assert (await stage(store, water))[0] == "acknowledged"
    assert (await stage(store, fire))[0] == "open"
    assert await say(store, "ack 58") is O.ACK
    assert (await stage(store, fire))[0] == "acknowledged"


async def test_a_page_is_about_nothing_that_was_written_before_its_message_went_out(
    store: Store,
) -> None:
    water = await paged(store, ago=3600)
    await store.change("UPDATE page SET stage = 'exhausted', due = NULL")
    fire = await paged(store, "58", body="Fire", ago=600)
    await store.change(
        "UPDATE delivery SET attempted = now()"
        " WHERE send_id IN (SELECT id FROM send WHERE page_id = %s)",
        fire,
    )
    assert await say(store, "ack", ago=60) is O.ACK
    assert (await stage(store, water))[0] == "acknowledged"
    assert (await stage(store, fire))[0] == "open"


async def test_who_acknowledges_minutes_later_is_told_who_has_it(store: Store) -> None:
    page = await paged(store, ago=900)
    await say(store, "1", BOB)
    await store.change("UPDATE page SET acked_at = acked_at - interval '5 minutes'")
    await store.change("UPDATE send SET created = created - interval '5 minutes'")
    assert await say(store, "1", ALICE) is O.LATE
    assert (await told(store, page))[-1] == (ALICE, "bob has it: Water in the lab (47)")
    assert await stage(store, page) == ("acknowledged", "bob", "")


async def test_who_acknowledges_what_is_over_is_told_who_resolved_it(store: Store) -> None:
    page = await paged(store, people=[(ALICE, "alice")])
    async with store.pool.connection() as conn, conn.transaction():
        await resolve(conn, store.jobs, page, Hand("carol", Way.BUTTON, "U0CAROL"))
    await store.change("UPDATE page SET resolved_at = resolved_at - interval '5 minutes'")
    assert await say(store, "1") is O.LATE
    assert (await told(store, page))[-1] == (ALICE, "Resolved by carol: Water in the lab (47)")


async def test_the_timeline_tells_who_came_late(store: Store) -> None:
    page = await paged(store)
    await say(store, "1", BOB)
    await say(store, "1", ALICE)
    assert await happened(store, page) == [
        ("acknowledged", "bob", "sms"),
        ("late", "alice", "sms"),
    ]


# Resolve


async def test_resolve_closes_the_page_that_one_has(store: Store) -> None:
    page = await paged(store)
    await say(store, "1")
    assert await say(store, "Resolved.") is O.RESOLVE
    assert await stage(store, page) == ("resolved", "alice", "alice")


async def test_of_two_who_resolve_one_is_late(store: Store) -> None:
    page = await paged(store)
    assert await say(store, "resolve 47", BOB) is O.RESOLVE
    assert await say(store, "47 resolve", ALICE) is O.LATE
    assert await stage(store, page) == ("resolved", "", "bob")


# Words


async def test_anything_else_is_shown_as_that_persons_words(store: Store) -> None:
    page = await paged(store)
    assert await say(store, " <!channel> *on* my way\0 ", BOB) is O.WORDS
    assert await posts(store, page) == [("reply", "bob", "<!channel> *on* my way")]
    [entry] = await store.rows("SELECT who, detail FROM page_event WHERE what = 'replied'")
    assert entry == ("bob", "<!channel> *on* my way")
    assert (await stage(store, page))[0] == "open"


async def test_a_picture_without_words_is_told_as_that(store: Store) -> None:
    page = await paged(store)
    assert await say(store, "") is O.WORDS
    assert await posts(store, page) == [("reply", "alice", "(no text)")]


# Each once


async def test_a_reply_that_is_heard_twice_is_done_once(store: Store) -> None:
    page = await paged(store)
    assert await say(store, "on my way", sid="SM1") is O.WORDS
    assert await say(store, "on my way", sid="SM1") is None
    assert len(await posts(store, page)) == 1


async def test_a_reply_that_two_processes_hear_at_once_is_done_once(store: Store) -> None:
    page = await paged(store)
    said = await asyncio.gather(*(say(store, "on my way", sid="SM1") for _ in range(5)))
    assert sorted(map(str, said)) == ["None"] * 4 + ["words"]
    assert len(await posts(store, page)) == 1


async def test_what_could_not_be_done_is_done_when_it_is_heard_again(store: Store) -> None:
    page = await paged(store)
    await store.change("ALTER TABLE page_post RENAME TO away")
    with pytest.raises(Exception, match="page_post"):
        await say(store, "on my way", sid="SM1")
    await store.change("ALTER TABLE away RENAME TO page_post")
    assert await say(store, "on my way", sid="SM1") is O.WORDS
    assert len(await posts(store, page)) == 1


async def test_an_ack_that_is_read_late_is_not_about_a_page_that_came_after_it(
    store: Store,
) -> None:
    old = await paged(store, ago=600)
    await store.change("UPDATE page SET stage = 'exhausted', due = NULL WHERE id = %s", old)
    new = await paged(store, "58", body="Fire", ago=0)
    assert await say(store, "1", ago=45) is O.ACK
    assert (await stage(store, old))[0] == "acknowledged"
    assert (await stage(store, new))[0] == "open"


async def test_a_reply_without_a_date_is_of_now_by_the_clock_that_pages_have(
    store: Store,
) -> None:
    page = await paged(store, ago=0)
    assert await say(store, "1", ago=None) is O.ACK
    assert (await stage(store, page))[0] == "acknowledged"
    assert await store.rows("SELECT at = received FROM reply") == [(True,)]


# Strangers


@pytest.mark.parametrize("body", ["hello", "1", "47", "resolve", "HELP"])
async def test_of_a_stranger_nothing_is_kept_but_that_they_wrote(store: Store, body: str) -> None:
    page = await paged(store)
    said = await say(store, body, STRANGER)
    assert said is (O.HELP if body == "HELP" else O.UNKNOWN)
    assert await kept(store) == [(str(said), None, "", "", "")]
    assert (await stage(store, page))[0] == "open"
    assert await told(store, page) == []


async def test_of_somebody_who_was_paged_the_words_are_kept_with_the_page(store: Store) -> None:
    page = await paged(store)
    await say(store, "on my way")
    assert await kept(store) == [("words", page, ALICE, "alice", "on my way")]
