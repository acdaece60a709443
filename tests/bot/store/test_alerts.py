"""Alerts in the database: which page each is about, and when it ends."""

import asyncio
from dataclasses import replace

from bot.store.alerts import Alerts, Did, Taken
from bot.store.marks import mark_pages
from tests.bot.store.alerting import (
    ROUTE,
    acked,
    bodies,
    joined,
    later,
    notice,
    stages,
    told,
)
from tests.bot.store.kit import Store


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


async def test_one_route_does_not_wait_for_another(store: Store, alerts: Alerts) -> None:
    async with store.pool.connection() as conn, conn.transaction():
        await conn.execute("SELECT pg_advisory_xact_lock(hashtextextended('alert:prom', 2))")
        waits = asyncio.create_task(alerts.take(ROUTE, notice(firing="a")))
        await store.someone_waits()
        other = replace(ROUTE, name="other")
        assert (await alerts.take(other, notice(firing="a"))).did is Did.OPENED
    await waits


async def test_two_messages_of_one_alert_at_once_open_one_page(store: Store) -> None:
    processes = [Alerts(store.pool, store.jobs) for _ in range(5)]
    taken = await asyncio.gather(*(p.take(ROUTE, notice(firing="a")) for p in processes))
    assert sorted(each.did for each in taken) == ["joined"] * 4 + ["opened"]
    assert await store.count("page") == 1
