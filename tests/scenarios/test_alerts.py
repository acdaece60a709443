"""From an alert to the phones: what Alertmanager and Grafana post, and what people get of it."""

import asyncio
import json
from http import HTTPStatus
from io import BytesIO
from typing import Any

import aiohttp
import pytest

from bot.web import LIMIT
from tests.payloads import alert, alertmanager, grafana
from tests.scenarios.world import World, shown

TOKEN = "invented-token"
CHANNEL = "C0ONCALL"
ALICE_PHONE, BOB_PHONE = "+16175551212", "+16175551213"

POLICY = f"""
[[channel]]
id = "C0ONCALL"
name = "#oncall"
allow = ["page"]
who = ["*"]
to = ["directory"]

[[contact]]
name = "alice"
number = "{ALICE_PHONE}"
slack = "U0ALICE"

[[contact]]
name = "bob"
number = "{BOB_PHONE}"

[[escalation]]
name = "db"
steps = [{{ to = ["alice"], wait = "1h" }}, {{ to = ["bob"], wait = "1h" }}]

[[alert]]
name = "prom"
channel = "C0ONCALL"
escalation = "db"
token_env = "PROM_TOKEN"
"""


@pytest.fixture
async def oncall(stopped_world: World) -> World:
    """A bot that takes alerts."""
    stopped_world.write_policy(POLICY)
    stopped_world.told |= {"PROM_TOKEN": TOKEN}
    await stopped_world.start()
    return stopped_world


async def posted(
    world: World, *bodies: object, token: str = TOKEN, at_once: int = 20
) -> list[tuple[int, dict[str, Any]]]:
    """Post to the route as a source does, again after a 503; give status and answer of each."""
    assert world.bot
    url, gate = f"{world.bot.address}/alerts/prom", asyncio.Semaphore(at_once)
    headers = {"Authorization": f"Bearer {token}"}

    async def post(session: aiohttp.ClientSession, body: object) -> tuple[int, dict[str, Any]]:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        while True:
            async with gate, session.post(url, data=BytesIO(raw), headers=headers) as answer:
                if answer.status != HTTPStatus.SERVICE_UNAVAILABLE:
                    return answer.status, await answer.json()

    async with aiohttp.ClientSession() as session:
        return list(await asyncio.gather(*(post(session, body) for body in bodies)))


async def did(world: World, *bodies: object) -> list[str]:
    """What became of each, one after the other."""
    return [str(told["did"]) for _, told in await posted(world, *bodies, at_once=1)]


async def test_an_alert_pages_once_and_its_end_is_told_to_whom_it_paged(oncall: World) -> None:
    fires = alertmanager(alert(instance="web1:9100"))
    assert await did(oncall, fires, fires, fires) == ["opened", "joined", "joined"]
    await oncall.wait(lambda: oncall.held() == {ALICE_PHONE: 1})
    over = alertmanager(alert(instance="web1:9100", status="resolved"))
    assert await did(oncall, over, over) == ["resolved", "nothing"]
    await oncall.wait(lambda: len(oncall.sent()) == 2)
    (_, first), (to, last) = oncall.sent()
    assert first.startswith("InstanceDown (critical): job=node, instance=web1:9100 ")
    assert (to, last.partition(": ")[0]) == (ALICE_PHONE, "Resolved by alert prom")
    assert oncall.rows("SELECT stage FROM page") == [("resolved",)]


async def test_the_card_of_what_nobody_acknowledged_tells_which_page_goes_on_with_it(
    oncall: World,
) -> None:
    fires = alertmanager(alert(instance="web1:9100"))
    assert await did(oncall, fires) == ["opened"]
    await oncall.wait(lambda: len(oncall.sent()) == 1)
    await oncall.change("UPDATE page SET stage = 'exhausted', due = NULL")
    assert await did(oncall, fires) == ["opened"]
    [(number,)] = oncall.rows("SELECT max(id) FROM page")
    title = f"Page #1: goes on as page #{number}"
    await oncall.wait(lambda: any(title in shown(card) for card in oncall.cards(CHANNEL)))


async def test_a_group_of_grafanas_is_one_page_with_its_panel(oncall: World) -> None:
    assert await did(oncall, grafana()) == ["opened"]
    await oncall.wait(lambda: len(oncall.sent()) == 1)
    [(_, text)] = oncall.sent()
    assert text.startswith("Memory is short: Above 90 % for ten minutes in eu-1 ")
    assert "https://grafana.example.org/d/abc?orgId=1&viewPanel=4" in text


async def test_a_storm_of_500_alerts_is_five_pages_and_one_that_counts_the_others(
    oncall: World,
) -> None:
    storm = [alertmanager(alert(instance=f"web{n}"), group=f"Down{n}") for n in range(500)]
    answers = await posted(oncall, *storm)
    assert {status for status, _ in answers} == {200}
    rows = oncall.rows("SELECT storm, count(*), max(body) FROM page GROUP BY 1 ORDER BY 1")
    assert [(kind, count) for kind, count, _ in rows] == [(False, 5), (True, 1)]
    assert rows[1][2].startswith("Alert storm on prom: 495 alerts, such as ")
    await oncall.wait(lambda: oncall.held() == {ALICE_PHONE: 6})


async def test_what_is_forged_oversized_or_malformed_pages_nobody(oncall: World) -> None:
    fires = json.dumps(alertmanager()).encode()
    answers = await posted(oncall, fires, token="stolen")
    answers += await posted(oncall, fires.ljust(LIMIT + 1), b"{", {"alerts": []}, at_once=1)
    assert [status for status, _ in answers] == [401, 413, 400, 400]
    assert all(told["error"] for _, told in answers)
    assert oncall.rows("SELECT count(*) FROM page") == [(0,)]
    assert oncall.twilio.posts == []
