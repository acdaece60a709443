"""Pages as they are answered, drawn and told."""

from datetime import timedelta

from commands.errors import Problem
from commands.model import Actor, DeliveryState, Kind
from commands.oncall import Hand, PageStage, Way
from commands.page import Reached
from commands.pageview import PageView
from tests.bot.store.kit import report
from tests.bot.store.paging import ALICE, BOB, CAROL, DB, HAND, OTHER, Paging


async def viewed(paging: Paging, page_id: int) -> PageView:
    found = await paging.views.view(page_id)
    assert found is not None
    return found


# -- to be answered -----------------------------------------------------------------------


async def test_everybody_who_was_paged_can_answer_and_nobody_else(paging: Paging) -> None:
    page_id = await paging.paged(ALICE)
    await paging.fired(page_id, ALICE, BOB)
    found = await paging.views.answerable(page_id)
    assert found
    assert found.addresses == {ALICE.address, BOB.address}
    assert found.stage is PageStage.OPEN
    assert (found.channel, found.body) == ("C0ONCALL", "Water in the lab")
    assert await paging.views.answerable(4711) is None


async def test_nobody_can_answer_for_having_been_paged_before_anybody_was(paging: Paging) -> None:
    found = await paging.views.answerable(await paging.opened())
    assert found
    assert found.addresses == frozenset()


async def test_a_channels_pages_are_those_that_wait_and_its_last_ones_newest_first(
    paging: Paging,
) -> None:
    waits, old, last, elsewhere, resolved = [
        await paging.opened(request_key=f"cmd:{n}") for n in range(5)
    ]
    await paging.store.change("UPDATE page SET channel = 'C9' WHERE id = %s", elsewhere)
    for page_id in (old, last, resolved):
        await paging.views.resolve(page_id, HAND)
    found = await paging.views.lately("C0ONCALL", 2)
    assert [page.page_id for page in found] == [resolved, last, waits]


async def test_the_pages_that_wait_for_somebody_are_found_by_their_number_in_any_channel(
    paging: Paging,
) -> None:
    first = await paging.paged(ALICE)
    other = await paging.opened(request_key="b", actor=Actor("U0ALICE", "C9"))
    await paging.fired(other, BOB, CAROL)
    for addresses, expected in (({BOB.address}, [other]), ({ALICE.address}, [first]), ((), [])):
        found = await paging.views.paged(addresses)
        assert [page.page_id for page in found] == expected
    await paging.views.acknowledge(other, HAND)
    assert await paging.views.paged({BOB.address}) == ()


# -- to be shown --------------------------------------------------------------------------


async def test_a_page_that_has_just_been_opened_is_shown_without_people(paging: Paging) -> None:
    page = await viewed(paging, await paging.opened(DB))
    assert (page.stage, page.source, page.escalation) == (PageStage.OPEN, "alert:prod", "db")
    assert (page.link, page.steps, page.fired) == ("https://x.example/1", 4, 0)
    assert page.due
    assert (page.people.recipients, page.people.kind, page.missed) == (0, Kind.PAGE, "")
    assert (page.acked, page.resolved, page.waited) == (None, None, None)
    assert (page.alerts, page.firing) == (0, 0)


async def test_everybody_is_shown_once_with_their_latest_message_in_the_order_first_paged(
    paging: Paging,
) -> None:
    page_id = await paging.paged(BOB, ALICE)
    await paging.become(page_id, "undelivered")
    await paging.fired(page_id, CAROL, ALICE)
    people = (await viewed(paging, page_id)).people
    assert [(p.recipient.name, p.state) for p in people.shown] == [
        ("bob", DeliveryState.UNDELIVERED),
        ("alice", DeliveryState.QUEUED),
        ("carol", DeliveryState.QUEUED),
    ]
    assert people.recipients == 3
    assert [p.recipient.name for p in people.failed] == ["bob"]


async def test_what_tells_of_an_acknowledgement_is_not_shown_as_a_page(paging: Paging) -> None:
    page_id = await paging.paged()
    await paging.views.acknowledge(page_id, HAND)
    people = (await viewed(paging, page_id)).people
    assert {p.state for p in people.shown} == {DeliveryState.ACCEPTED}


async def test_who_is_looked_for_at_twilio_is_shown_so(paging: Paging) -> None:
    page_id = await paging.paged()
    await paging.store.change(
        "UPDATE delivery SET state = 'in_doubt', sid = NULL, code = '1001', doubted = now(),"
        " next_check = CASE WHEN position = 1 THEN now() END"
    )
    people = (await viewed(paging, page_id)).people
    assert (len(people.unknown), people.looking) == (2, 1)


async def test_whom_the_steps_of_the_latest_round_have_missed_is_shown(paging: Paging) -> None:
    page_id = await paging.opened(DB)
    for _ in range(2):
        await paging.fired(page_id, reached=Reached((), (Problem("leads", "no members"),)))
    missed = "step 1: leads: no members; step 2: leads: no members"
    assert (await viewed(paging, page_id)).missed == missed
    await paging.fired(page_id, ALICE)
    assert (await viewed(paging, page_id)).missed == "step 2: leads: no members"
    await paging.fired(page_id, ALICE)
    assert (await viewed(paging, page_id)).missed == ""


async def test_who_has_it_and_who_resolved_it_are_shown_with_when_and_how(paging: Paging) -> None:
    page_id = await paging.paged()
    await paging.store.change("UPDATE page SET created = created - interval '90 s'")
    await paging.views.acknowledge(page_id, HAND)
    await paging.views.resolve(page_id, OTHER)
    page = await viewed(paging, page_id)
    assert page.acked
    assert page.resolved
    assert (page.acked.by, page.acked.user, page.acked.how) == ("alice", "U0ALICE", "command")
    assert (page.resolved.by, page.resolved.user, page.resolved.how) == ("bob", "", "sms")
    assert page.waited
    assert timedelta(seconds=90) <= page.waited < timedelta(seconds=120)
    assert page.due is None


async def test_how_many_alerts_a_page_is_about_is_shown(paging: Paging) -> None:
    page_id = await paging.opened()
    await paging.store.change(
        "INSERT INTO alert (page_id, route, key, firing)"
        " SELECT %s, 'prod', n::text, n > 1 FROM generate_series(1, 3) n",
        page_id,
    )
    page = await viewed(paging, page_id)
    assert (page.alerts, page.firing) == (3, 2)


async def test_a_page_that_never_was_is_not_shown(paging: Paging) -> None:
    assert await paging.views.view(4711) is None
    assert await paging.views.timeline(4711) is None


# -- what happened ------------------------------------------------------------------------


async def test_everything_that_happened_is_told_in_its_order_with_who_and_how(
    paging: Paging,
) -> None:
    page_id = await paging.opened()
    await paging.fired(page_id, ALICE)
    worker = await paging.store.worker()
    [(send,)] = await paging.store.rows("SELECT id FROM send")
    [claim] = await paging.store.outbox.turn(send, worker, (), 1)
    news = report(
        claim.delivery_id, "undelivered", sid="SM1", source="callback", reason="30003 off"
    )
    await paging.store.change("UPDATE delivery SET state = 'accepted', sid = 'SM1'")
    await paging.store.statuses.apply([news])
    await paging.views.acknowledge(page_id, Hand("bob", Way.BUTTON, "U0BOB"))
    told = await paging.views.timeline(page_id)
    assert told
    assert [(e.what, e.who, e.how, e.detail) for e in told.entries] == [
        ("asked", "U0ALICE", "slack", ""),
        ("step", "", "", "step 1 of 3: alice"),
        ("sending", "alice", "drain", "step 1"),
        ("undelivered", "alice", "callback", "step 1: 30003 off"),
        ("acknowledged", "bob", "button", ""),
    ]
    assert told.page.stage is PageStage.ACKNOWLEDGED


async def test_who_has_no_name_is_told_by_the_last_digits_and_what_was_only_told_as_that(
    paging: Paging,
) -> None:
    page_id = await paging.paged()
    await paging.store.change("UPDATE delivery SET name = ''")
    await paging.views.acknowledge(page_id, HAND)
    [(told,)] = await paging.store.rows("SELECT id FROM send WHERE page_step IS NULL")
    await paging.store.outbox.halt(told, "401", 20003, "no account")
    found = await paging.views.timeline(page_id)
    assert found
    last = found.entries[-1]
    assert (last.who, last.detail) == ("••••••••0001", "told what became of it: no account")
