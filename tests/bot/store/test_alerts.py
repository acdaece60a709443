"""Alerts in the database: which page each is about, and when it ends."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.oncallfile import Escalation, Step
from bot.store.alerts import Alerts, Did, Route, Taken
from bot.store.marks import mark_pages
from bot.store.pages import acknowledge, note, resolve, tell
from commands.notice import Alarm, Notice, digest
from commands.oncall import Hand, Way
from tests.bot.store.kit import Store

ROUTE = Route(
    name="prom",
    channel="C0ONCALL",
    sender="+15005550006",
    escalation=Escalation("db", (Step(("alice",), timedelta(minutes=5)),), 2),
    storm=5,
    window=timedelta(minutes=5),
)
BOB = Hand("bob", Way.BUTTON, "U0BOB")


@pytest.fixture
def alerts(store: Store) -> Alerts:
    return Alerts(store.pool, store.jobs)


def notice(
    group: str = "g", firing: str = "", over: str = "", *, whole: bool = True, text: str = ""
) -> Notice:
    """A message about alerts that are called by one letter each."""
    alarms = [Alarm(key, firing=True, label=f"alert {key}") for key in firing]
    alarms += [Alarm(key, firing=False) for key in over]
    said = text or f"{len(firing)} firing in {group}"
    return Notice(digest(group), said, tuple(alarms), "https://example.org/1", whole)


async def stages(store: Store) -> Sequence[str]:
    return [stage for (stage,) in await store.rows("SELECT stage FROM page ORDER BY id")]


async def bodies(store: Store) -> Sequence[str]:
    return [body for (body,) in await store.rows("SELECT body FROM page ORDER BY id")]


async def joined(store: Store) -> Sequence[str]:
    found = await store.rows("SELECT detail FROM page_event WHERE what = 'joined' ORDER BY id")
    return [detail for (detail,) in found]


async def told(store: Store) -> Sequence[tuple[str, bool, int]]:
    """Each alert's name, whether it fires, and how often it was told."""
    rows = await store.rows("SELECT label, firing, times FROM alert ORDER BY page_id, key")
    return [(label, firing, times) for label, firing, times in rows]


async def acked(store: Store, page: int) -> None:
    async with store.pool.connection() as conn, conn.transaction():
        await acknowledge(conn, store.jobs, page, BOB)


async def later(store: Store, **span: float) -> None:
    """Let what was done be so long ago."""
    past = timedelta(**span)
    await store.change("UPDATE alert SET last = now() - %s, since = since - %s", past, past)
    await store.change(
        "UPDATE page SET created = created - %s, acked_at = acked_at - %s", past, past
    )
    await store.change("ALTER TABLE page_event DISABLE TRIGGER USER")
    await store.change("UPDATE page_event SET at = at - %s", past)
    await store.change("ALTER TABLE page_event ENABLE TRIGGER USER")


async def exhausted(store: Store, page: int) -> None:
    await store.change("UPDATE page SET stage = 'exhausted', due = NULL WHERE id = %s", page)
    async with store.pool.connection() as conn:
        await note(conn, page, "exhausted")


async def paged(store: Store, page: int) -> None:
    """Let a step of a page have reached alice."""
    async with store.pool.connection() as conn, conn.transaction():
        alice = [("+16175551212", "alice")]
        send = await tell(conn, store.jobs, page, "step", "text", alice, step=0)
    await store.change(
        "UPDATE delivery SET state = 'delivered', attempt = 1, code = '200', sid = 'SM' || id"
        " WHERE send_id = %s",
        send,
    )


async def resolved(store: Store, page: int) -> None:
    async with store.pool.connection() as conn, conn.transaction():
        await resolve(conn, store.jobs, page, BOB)


async def storm(alerts: Alerts, count: int = 5) -> None:
    """Open pages up to the limit."""
    for n in range(count):
        assert (await alerts.take(ROUTE, notice(f"own {n}", "a"))).did is Did.OPENED


def test_no_repr_shows_a_number() -> None:
    assert "5005550006" not in repr(ROUTE)


async def test_an_alert_that_fires_opens_a_page_for_its_escalation(
    store: Store, alerts: Alerts
) -> None:
    assert await alerts.take(ROUTE, notice(firing="a")) == Taken(Did.OPENED, 1)
    rows = await store.rows(
        "SELECT stage, channel, source, sender, body, link, escalation, rounds, rule, storm"
        " FROM page"
    )
    assert rows == [
        (
            *("open", "C0ONCALL", "alert:prom", "+15005550006", "1 firing in g"),
            *("https://example.org/1", "db", 2, 'alert prom: escalation = "db"', False),
        )
    ]
    assert ("page", 1) in await store.waiting()


async def test_the_same_alert_firing_again_joins_its_page_and_changes_nothing_else(
    store: Store, alerts: Alerts
) -> None:
    await alerts.take(ROUTE, notice(firing="ab"))
    await store.forget_jobs()
    await store.change("UPDATE page_card SET stale = false")
    assert await alerts.take(ROUTE, notice(firing="ab")) == Taken(Did.JOINED, 1)
    assert await told(store) == [("alert a", True, 2), ("alert b", True, 2)]
    assert (await joined(store), await store.waiting()) == ([], [])


async def test_an_alert_that_is_new_to_its_group_joins_and_is_told_in_the_timeline(
    store: Store, alerts: Alerts
) -> None:
    await alerts.take(ROUTE, notice(firing="ab"))
    assert (await alerts.take(ROUTE, notice(firing="bc", over="a"))).page == 1
    assert await joined(store) == ["1 more firing, 1 resolved"]
    assert await told(store) == [
        ("alert a", False, 1),
        ("alert b", True, 2),
        ("alert c", True, 1),
    ]


async def test_a_page_says_what_its_group_says_last(store: Store, alerts: Alerts) -> None:
    await alerts.take(ROUTE, notice(firing="a"))
    await alerts.take(ROUTE, notice(firing="ab"))
    assert await bodies(store) == ["2 firing in g"]


async def test_what_still_fires_joins_its_page_however_long_a_person_has_had_it(
    store: Store, alerts: Alerts
) -> None:
    await alerts.take(ROUTE, notice(firing="ab"))
    await acked(store, 1)
    await later(store, hours=5)
    assert await alerts.take(ROUTE, notice(firing="a", whole=False)) == Taken(Did.JOINED, 1)
    assert await alerts.take(ROUTE, notice(firing="ab")) == Taken(Did.JOINED, 1)
    assert await stages(store) == ["acknowledged"]


async def test_what_is_new_to_a_page_that_a_person_has_pages(store: Store, alerts: Alerts) -> None:
    await alerts.take(ROUTE, notice(firing="a"))
    await acked(store, 1)
    assert await alerts.take(ROUTE, notice(firing="ab")) == Taken(Did.OPENED, 2)
    assert await alerts.take(ROUTE, notice(firing="abc")) == Taken(Did.JOINED, 2)
    assert await bodies(store) == ["1 firing in g", "2 of 3 firing: alert b; alert c"]
    assert await alerts.take(ROUTE, notice(over="abc")) == Taken(Did.RESOLVED, 2)
    assert await stages(store) == ["resolved", "resolved"]


async def test_what_was_over_and_fires_again_pages_though_a_person_has_its_page(
    store: Store, alerts: Alerts
) -> None:
    await alerts.take(ROUTE, notice(firing="ab"))
    await acked(store, 1)
    await alerts.take(ROUTE, notice(firing="a", over="b"))
    assert await alerts.take(ROUTE, notice(firing="ab")) == Taken(Did.OPENED, 2)
    assert await stages(store) == ["acknowledged", "open"]


async def test_what_is_never_told_as_over_pages_again_after_it_was_quiet_for_an_hour(
    store: Store, alerts: Alerts
) -> None:
    told = replace(notice(firing="a"), resolvable=False)
    await alerts.take(ROUTE, told)
    await acked(store, 1)
    await later(store, minutes=59)
    assert await alerts.take(ROUTE, told) == Taken(Did.JOINED, 1)
    await later(store, minutes=61)
    assert await alerts.take(ROUTE, told) == Taken(Did.OPENED, 2)
    assert await alerts.take(ROUTE, told) == Taken(Did.JOINED, 2)


async def test_what_pages_again_is_the_matter_of_one_page(store: Store, alerts: Alerts) -> None:
    told = replace(notice(firing="a"), resolvable=False)
    await alerts.take(ROUTE, told)
    await acked(store, 1)
    await later(store, minutes=61)
    await alerts.take(ROUTE, told)
    assert await store.rows("SELECT stage, resolved_by, resolved_how FROM page WHERE id = 1") == [
        ("resolved", "page #2", "alert")
    ]


async def test_what_joins_an_open_page_is_the_matter_of_that_alone(
    store: Store, alerts: Alerts
) -> None:
    await alerts.take(ROUTE, replace(notice(firing="a"), resolvable=False))
    await acked(store, 1)
    await alerts.take(ROUTE, notice(firing="b", whole=False))
    await later(store, minutes=61)
    once_more = replace(notice(firing="a", whole=False), resolvable=False)
    assert await alerts.take(ROUTE, once_more) == Taken(Did.JOINED, 2)
    assert await stages(store) == ["resolved", "open"]


async def test_alerts_that_change_two_pages_lock_their_cards_in_one_order(
    store: Store, alerts: Alerts
) -> None:
    await alerts.take(ROUTE, notice(firing="a"))
    await acked(store, 1)
    await alerts.take(ROUTE, notice(firing="ab"))
    async with store.pool.connection() as conn, conn.transaction():
        await mark_pages(conn, store.jobs, [1])
        more = asyncio.create_task(alerts.take(ROUTE, notice(firing="bc", over="a")))
        await store.someone_waits()
        await mark_pages(conn, store.jobs, [1, 2])
    assert (await more).did is Did.JOINED
    assert await stages(store) == ["resolved", "open"]


async def test_groups_and_routes_have_pages_of_their_own(store: Store, alerts: Alerts) -> None:
    other = replace(ROUTE, name="other")
    for route, group in ((ROUTE, "g"), (ROUTE, "h"), (other, "g")):
        assert (await alerts.take(route, notice(group, "a"))).did is Did.OPENED
    assert await alerts.take(other, notice("g", over="a")) == Taken(Did.RESOLVED, 3)
    assert await stages(store) == ["open", "open", "resolved"]


async def test_a_page_ends_with_the_last_of_its_alerts(store: Store, alerts: Alerts) -> None:
    await alerts.take(ROUTE, notice(firing="ab", whole=False))
    assert await alerts.take(ROUTE, notice(over="a", whole=False)) == Taken(Did.JOINED, 1)
    assert (await stages(store), await joined(store)) == (["open"], ["1 resolved"])
    assert await alerts.take(ROUTE, notice(over="b", whole=False)) == Taken(Did.RESOLVED, 1)
    rows = await store.rows("SELECT stage, resolved_by, resolved_how FROM page")
    assert rows == [("resolved", "alert prom", "alert")]


async def test_what_a_whole_group_does_not_name_any_more_is_over(
    store: Store, alerts: Alerts
) -> None:
    await alerts.take(ROUTE, notice(firing="ab"))
    await alerts.take(ROUTE, notice(firing="a"))
    assert await told(store) == [("alert a", True, 2), ("alert b", False, 1)]
    assert (await alerts.take(ROUTE, notice(over="a"))).did is Did.RESOLVED


async def test_what_one_source_does_not_name_may_fire_by_another(
    store: Store, alerts: Alerts
) -> None:
    ours, theirs = replace(notice(firing="a"), teller="1"), replace(notice(firing="b"), teller="2")
    await alerts.take(ROUTE, ours)
    for each in (theirs, ours, theirs):
        assert (await alerts.take(ROUTE, each)).did is Did.JOINED
    over = replace(notice(over="b"), teller="2")
    assert (await alerts.take(ROUTE, over)).did is Did.JOINED
    assert [firing for _, firing, _ in await told(store)] == [True, False]


async def test_what_any_source_says_is_over_is(store: Store, alerts: Alerts) -> None:
    await alerts.take(ROUTE, replace(notice(firing="a"), teller="1"))
    over = replace(notice(over="a"), teller="2")
    assert (await alerts.take(ROUTE, over)).did is Did.RESOLVED


async def test_who_told_an_alert_last_is_whose_silence_ends_it(
    store: Store, alerts: Alerts
) -> None:
    for teller in ("1", "2"):
        await alerts.take(ROUTE, replace(notice(firing="ab"), teller=teller))
    await alerts.take(ROUTE, replace(notice(firing="a"), teller="1"))
    assert [firing for _, firing, _ in await told(store)] == [True, True]
    await alerts.take(ROUTE, replace(notice(firing="a"), teller="2"))
    assert [firing for _, firing, _ in await told(store)] == [True, False]


async def test_a_page_is_shown_anew_when_one_of_its_alerts_ends(
    store: Store, alerts: Alerts
) -> None:
    await alerts.take(ROUTE, notice(firing="ab", whole=False))
    await store.change("UPDATE page_card SET stale = false")
    await store.forget_jobs()
    await alerts.take(ROUTE, notice(over="a", whole=False))
    assert await store.waiting() == [("page_card", 1)]


async def test_an_alert_that_comes_back_keeps_its_page_open(store: Store, alerts: Alerts) -> None:
    await alerts.take(ROUTE, notice(firing="ab", whole=False))
    await alerts.take(ROUTE, notice(over="a", whole=False))
    await alerts.take(ROUTE, notice(firing="a", whole=False))
    assert await alerts.take(ROUTE, notice(over="b", whole=False)) == Taken(Did.JOINED, 1)
    assert await joined(store) == ["1 resolved", "1 more firing", "1 resolved"]


async def test_a_resolution_of_what_nobody_knows_does_nothing(store: Store, alerts: Alerts) -> None:
    assert await alerts.take(ROUTE, notice(over="a")) == Taken(Did.NOTHING)
    await alerts.take(ROUTE, notice(firing="a"))
    assert (await alerts.take(ROUTE, notice(over="a"))).did is Did.RESOLVED
    assert await alerts.take(ROUTE, notice(over="a")) == Taken(Did.NOTHING)
    assert await stages(store) == ["resolved"]


async def test_an_alert_that_was_resolved_and_fires_again_opens_a_new_page(
    store: Store, alerts: Alerts
) -> None:
    await alerts.take(ROUTE, notice(firing="a"))
    await alerts.take(ROUTE, notice(over="a"))
    assert await alerts.take(ROUTE, notice(firing="a")) == Taken(Did.OPENED, 2)


async def test_a_page_that_nobody_acknowledged_is_resolved_too(
    store: Store, alerts: Alerts
) -> None:
    await alerts.take(ROUTE, notice(firing="a"))
    await store.change("UPDATE page SET stage = 'exhausted', due = NULL")
    assert await alerts.take(ROUTE, notice(over="a")) == Taken(Did.RESOLVED, 1)


async def test_what_nobody_acknowledged_and_fires_on_goes_on_as_a_new_page(
    store: Store, alerts: Alerts
) -> None:
    await alerts.take(ROUTE, notice(firing="ab"))
    await paged(store, 1)
    await exhausted(store, 1)
    await later(store, minutes=11)
    assert await alerts.take(ROUTE, notice(firing="a", whole=False)) == Taken(Did.OPENED, 3)
    assert await store.rows("SELECT stage, resolved_by, resolved_how FROM page ORDER BY id") == [
        ("resolved", "page #3", "alert"),
        ("open", "", ""),
    ]
    assert await store.count("send") == 1  # nobody was told anything
    assert await alerts.take(ROUTE, notice(over="a", whole=False)) == Taken(Did.JOINED, 3)
    await paged(store, 3)
    assert await alerts.take(ROUTE, notice(over="b", whole=False)) == Taken(Did.RESOLVED, 3)
    resolutions = "SELECT page_id FROM send WHERE page_step IS NULL"
    assert await store.rows(resolutions) == [(3,)]


async def test_what_nobody_acknowledged_does_not_page_anew_at_once(
    store: Store, alerts: Alerts
) -> None:
    await alerts.take(ROUTE, notice(firing="a"))
    await exhausted(store, 1)
    assert await alerts.take(ROUTE, notice(firing="a")) == Taken(Did.JOINED, 1)
    await later(store, minutes=9)
    assert await alerts.take(ROUTE, notice(firing="a")) == Taken(Did.JOINED, 1)
    assert await stages(store) == ["exhausted"]


async def test_what_is_new_to_a_page_that_nobody_acknowledged_pages_at_once(
    store: Store, alerts: Alerts
) -> None:
    await alerts.take(ROUTE, notice(firing="a"))
    await exhausted(store, 1)
    assert await alerts.take(ROUTE, notice(firing="ab")) == Taken(Did.OPENED, 2)
    assert await stages(store) == ["resolved", "open"]


async def test_a_storm_that_nobody_acknowledged_goes_on_without_what_left_it(
    store: Store, alerts: Alerts
) -> None:
    await storm(alerts)
    await alerts.take(ROUTE, notice("s1", "a"))
    await alerts.take(ROUTE, notice("s2", "b"))
    await exhausted(store, 6)
    await later(store, minutes=11)
    assert await alerts.take(ROUTE, notice("s1", "a")) == Taken(Did.OPENED, 7)
    assert (await stages(store))[5] == "exhausted"
    assert await alerts.take(ROUTE, notice("s2", "b")) == Taken(Did.OPENED, 8)
    assert (await stages(store))[5] == "resolved"


async def test_a_storm_goes_on_as_the_next_one(store: Store, alerts: Alerts) -> None:
    await storm(alerts)
    await alerts.take(ROUTE, notice("s1", "a"))
    await alerts.take(ROUTE, notice("s2", "b"))
    await exhausted(store, 6)
    await later(store, minutes=11)
    for n in range(5):
        await alerts.take(ROUTE, notice(f"more {n}", "a"))
    assert await alerts.take(ROUTE, notice("s1", "a")) == Taken(Did.FOLDED, 12)
    such = "such as alert b; alert a"
    assert (await bodies(store))[-1] == f"Alert storm on prom: 2 alerts, {such}"
    assert (await stages(store))[5] == "resolved"
    assert await alerts.take(ROUTE, notice("s1", over="a")) == Taken(Did.JOINED, 12)
    assert (await bodies(store))[-1] == "Alert storm on prom: 1 alert, such as alert b"


async def test_a_storm_that_a_person_has_counts_alerts_for_its_window_only(
    store: Store, alerts: Alerts
) -> None:
    await storm(alerts)
    await alerts.take(ROUTE, notice("s1", "a"))
    await acked(store, 6)
    assert await alerts.take(ROUTE, notice("s1", "a")) == Taken(Did.JOINED, 6)
    assert await alerts.take(ROUTE, notice("s2", "b")) == Taken(Did.FOLDED, 6)
    await later(store, minutes=6)
    assert await alerts.take(ROUTE, notice("s2", "b")) == Taken(Did.OPENED, 7)


async def test_what_is_new_to_its_group_is_none_of_an_old_storms(
    store: Store, alerts: Alerts
) -> None:
    await storm(alerts)
    await alerts.take(ROUTE, notice("s1", "a"))
    await later(store, minutes=6)
    assert await alerts.take(ROUTE, notice("s1", "ab")) == Taken(Did.OPENED, 7)
    assert await alerts.take(ROUTE, notice("s1", "a", whole=False)) == Taken(Did.JOINED, 6)


async def test_a_storm_names_what_fires_now(store: Store, alerts: Alerts) -> None:
    await storm(alerts)
    for name in "abc":
        await alerts.take(ROUTE, notice(f"s{name}", name))
    await alerts.take(ROUTE, notice("sa", over="a"))
    assert (await bodies(store))[-1] == "Alert storm on prom: 2 alerts, such as alert b; alert c"


async def test_one_route_does_not_wait_for_another(store: Store, alerts: Alerts) -> None:
    async with store.pool.connection() as conn, conn.transaction():
        await conn.execute("SELECT pg_advisory_xact_lock(hashtextextended('alert:prom', 2))")
        waits = asyncio.create_task(alerts.take(ROUTE, notice(firing="a")))
        await store.someone_waits()
        other = replace(ROUTE, name="other")
        assert (await alerts.take(other, notice(firing="a"))).did is Did.OPENED
    await waits


async def test_what_a_person_resolved_is_left_alone_for_a_while(
    store: Store, alerts: Alerts
) -> None:
    await alerts.take(ROUTE, notice(firing="ab"))
    await resolved(store, 1)
    assert await alerts.take(ROUTE, notice(firing="ab")) == Taken(Did.NOTHING, 1)
    assert await alerts.take(ROUTE, notice(firing="a")) == Taken(Did.NOTHING, 1)
    assert await stages(store) == ["resolved"]


async def test_an_alert_that_a_person_did_not_know_of_pages_at_once(
    store: Store, alerts: Alerts
) -> None:
    await alerts.take(ROUTE, notice(firing="a"))
    await resolved(store, 1)
    assert await alerts.take(ROUTE, notice(firing="ab")) == Taken(Did.OPENED, 2)
    assert await alerts.take(ROUTE, notice(firing="ab")) == Taken(Did.JOINED, 2)


async def test_an_alert_that_came_back_after_a_person_resolved_it_pages_at_once(
    store: Store, alerts: Alerts
) -> None:
    await alerts.take(ROUTE, notice(firing="a"))
    await resolved(store, 1)
    assert await alerts.take(ROUTE, notice(over="a")) == Taken(Did.NOTHING)
    assert await alerts.take(ROUTE, notice(firing="a")) == Taken(Did.OPENED, 2)


async def test_an_alert_that_still_fires_long_after_a_person_resolved_it_pages_again(
    store: Store, alerts: Alerts
) -> None:
    await alerts.take(ROUTE, notice(firing="a"))
    await resolved(store, 1)
    await store.change("UPDATE page SET resolved_at = resolved_at - interval '61 minutes'")
    assert await alerts.take(ROUTE, notice(firing="a")) == Taken(Did.OPENED, 2)


async def test_two_messages_of_one_alert_at_once_open_one_page(store: Store) -> None:
    processes = [Alerts(store.pool, store.jobs) for _ in range(5)]
    taken = await asyncio.gather(*(p.take(ROUTE, notice(firing="a")) for p in processes))
    assert sorted(each.did for each in taken) == ["joined"] * 4 + ["opened"]
    assert await store.count("page") == 1


async def test_a_storm_leaves_the_other_connections_alone(store: Store, alerts: Alerts) -> None:
    async with store.pool.connection() as conn, conn.transaction():
        await conn.execute("LOCK page")
        storm = [asyncio.create_task(alerts.take(ROUTE, notice(f"g{n}", "a"))) for n in range(50)]
        await store.someone_waits()
        waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        assert await store.rows(waits) == [(1,)]
    await asyncio.gather(*storm)


async def test_an_alert_waits_for_a_person_who_resolves_its_page_at_this_moment(
    store: Store, alerts: Alerts
) -> None:
    await alerts.take(ROUTE, notice(firing="a"))
    async with store.pool.connection() as conn, conn.transaction():
        await resolve(conn, store.jobs, 1, BOB)
        more = asyncio.create_task(alerts.take(ROUTE, notice(firing="ab")))
        await store.someone_waits()
    assert await more == Taken(Did.OPENED, 2)


async def test_beyond_the_rate_alerts_fold_into_one_page_that_counts_them(
    store: Store, alerts: Alerts
) -> None:
    await storm(alerts)
    assert await alerts.take(ROUTE, notice("s1", "a")) == Taken(Did.FOLDED, 6)
    assert await alerts.take(ROUTE, notice("s2", "bc")) == Taken(Did.FOLDED, 6)
    rows = await store.rows("SELECT body, link, storm FROM page WHERE id = 6")
    such = "such as alert a; alert b; alert c"
    assert rows == [(f"Alert storm on prom: 3 alerts, {such}", "", True)]
    assert await store.count("page") == 6


async def test_a_storm_says_how_many_from_its_first_message_on(
    store: Store, alerts: Alerts
) -> None:
    await storm(alerts)
    await alerts.take(ROUTE, notice("s1", "a"))
    assert (await bodies(store))[-1] == "Alert storm on prom: 1 alert, such as alert a"


async def test_an_alert_in_a_storm_counts_once_however_often_it_is_told(
    store: Store, alerts: Alerts
) -> None:
    await storm(alerts)
    await alerts.take(ROUTE, notice("s1", "a"))
    await alerts.take(ROUTE, notice("s2", "b"))
    assert await alerts.take(ROUTE, notice("s1", "a")) == Taken(Did.JOINED, 6)
    assert "2 alerts" in (await bodies(store))[-1]


async def test_a_storm_ends_with_the_last_alert_that_it_counts(
    store: Store, alerts: Alerts
) -> None:
    await storm(alerts)
    await alerts.take(ROUTE, notice("s1", "a"))
    await alerts.take(ROUTE, notice("s2", "b"))
    assert await alerts.take(ROUTE, notice("s1", over="a")) == Taken(Did.JOINED, 6)
    assert await alerts.take(ROUTE, notice("s2", over="b")) == Taken(Did.RESOLVED, 6)


async def test_the_timeline_of_a_storm_does_not_list_each_alert_that_ends(
    store: Store, alerts: Alerts
) -> None:
    await storm(alerts)
    await alerts.take(ROUTE, notice("s1", "a"))
    await alerts.take(ROUTE, notice("s2", "b"))
    await alerts.take(ROUTE, notice("s1", over="a"))
    assert await joined(store) == []


async def test_what_has_a_page_of_its_own_stays_with_it_in_a_storm(
    store: Store, alerts: Alerts
) -> None:
    await storm(alerts)
    assert await alerts.take(ROUTE, notice("own 2", "ab")) == Taken(Did.JOINED, 3)
    assert await alerts.take(ROUTE, notice("own 2", over="ab")) == Taken(Did.RESOLVED, 3)


async def test_pages_count_by_when_they_were_opened_even_if_they_have_ended(
    store: Store, alerts: Alerts
) -> None:
    await storm(alerts)
    await alerts.take(ROUTE, notice("own 1", over="a"))
    await store.change("UPDATE page SET created = created - interval '4 minutes'")
    assert (await alerts.take(ROUTE, notice("s1", "a"))).did is Did.FOLDED


async def test_once_a_storm_is_over_alerts_have_pages_of_their_own_again(
    store: Store, alerts: Alerts
) -> None:
    await storm(alerts)
    await alerts.take(ROUTE, notice("s1", "a"))
    await store.change("UPDATE page SET created = created - interval '6 minutes'")
    await store.change("UPDATE alert SET since = since - interval '6 minutes'")
    assert (await alerts.take(ROUTE, notice("s2", "b"))).did is Did.OPENED


async def test_the_page_of_a_storm_is_none_of_those_that_begin_one(
    store: Store, alerts: Alerts
) -> None:
    await storm(alerts)
    await alerts.take(ROUTE, notice("s1", "a"))
    await store.change("UPDATE page SET created = created - interval '6 minutes' WHERE id = 1")
    await store.change("UPDATE alert SET since = since - interval '6 minutes'")
    assert (await alerts.take(ROUTE, notice("s2", "b"))).did is Did.OPENED


async def test_a_storm_lasts_while_as_many_alerts_come_as_would_begin_it(
    store: Store, alerts: Alerts
) -> None:
    await storm(alerts)
    for n in range(5):
        await alerts.take(ROUTE, notice(f"s{n}", "a"))
    await store.change("UPDATE page SET created = created - interval '6 minutes'")
    assert await alerts.take(ROUTE, notice("s5", "b")) == Taken(Did.FOLDED, 6)


async def test_a_storm_that_ended_is_not_joined_by_the_next(store: Store, alerts: Alerts) -> None:
    await storm(alerts)
    await alerts.take(ROUTE, notice("s1", "a"))
    await alerts.take(ROUTE, notice("s1", over="a"))
    assert await alerts.take(ROUTE, notice("s2", "b")) == Taken(Did.FOLDED, 7)


async def test_a_route_may_have_no_storms(store: Store, alerts: Alerts) -> None:
    calm = replace(ROUTE, storm=0)
    for n in range(7):
        assert (await alerts.take(calm, notice(f"g{n}", "a"))).did is Did.OPENED


async def test_the_storm_of_one_route_leaves_the_others_alone(store: Store, alerts: Alerts) -> None:
    await storm(alerts)
    await alerts.take(ROUTE, notice("s1", "a"))
    assert (await alerts.take(replace(ROUTE, name="other"), notice("g", "a"))).did is Did.OPENED


async def test_an_alert_without_a_name_counts_in_a_storm(store: Store, alerts: Alerts) -> None:
    await storm(alerts)
    bare = replace(notice("s1"), alarms=(Alarm("", firing=True),))
    await alerts.take(ROUTE, bare)
    assert (await bodies(store))[-1] == "Alert storm on prom: 1 alert"
