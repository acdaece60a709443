"""Alerts that fire on: after a person has resolved their page, or nobody has acknowledged it."""

import asyncio

from bot.store.alerts import Alerts, Did, Taken
from bot.store.pages import resolve
from tests.bot.store.alerting import (
    BOB,
    ROUTE,
    exhausted,
    later,
    notice,
    paged,
    resolved,
    stages,
)
from tests.bot.store.kit import Store


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


async def test_an_alert_waits_for_a_person_who_resolves_its_page_at_this_moment(
    store: Store, alerts: Alerts
) -> None:
    await alerts.take(ROUTE, notice(firing="a"))
    async with store.pool.connection() as conn, conn.transaction():
        await resolve(conn, store.jobs, 1, BOB)
        more = asyncio.create_task(alerts.take(ROUTE, notice(firing="ab")))
        await store.someone_waits()
    assert await more == Taken(Did.OPENED, 2)
