"""Storms of alerts: one page that counts what would be many."""

import asyncio
from dataclasses import replace

from bot.store.alerts import Alerts, Did, Taken
from commands.notice import Alarm
from tests.bot.store.alerting import (
    ROUTE,
    acked,
    bodies,
    exhausted,
    joined,
    later,
    notice,
    stages,
    storm,
)
from tests.bot.store.kit import Store


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


async def test_a_storm_leaves_the_other_connections_alone(store: Store, alerts: Alerts) -> None:
    async with store.pool.connection() as conn, conn.transaction():
        await conn.execute("LOCK page")
        storm = [asyncio.create_task(alerts.take(ROUTE, notice(f"g{n}", "a"))) for n in range(50)]
        await store.someone_waits()
        waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        assert await store.rows(waits) == [(1,)]
    await asyncio.gather(*storm)


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
