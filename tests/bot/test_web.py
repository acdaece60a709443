import re
import socket
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web
from structlog.testing import capture_logs

from bot.metrics import Metrics
from bot.web import CannotListen, Listener, routes

NUMBER = "+16175551212"


class Ready:
    """The reason why the process is not ready; empty if it is."""

    reason = ""

    async def __call__(self) -> str:
        return self.reason


@pytest.fixture
def ready() -> Ready:
    return Ready()


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
async def address(ready: Ready, metrics: Metrics) -> AsyncIterator[str]:
    listener = Listener("127.0.0.1", 0, routes(ready, metrics), 1.0, metrics)
    yield await listener.start()
    await listener.stop()


async def asked(url: str) -> tuple[int, str, str]:
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return answer.status, await answer.text(), answer.headers["Content-Type"]


async def test_a_process_that_lives_says_so_even_if_it_is_not_ready(
    address: str, ready: Ready
) -> None:
    ready.reason = "the database does not answer"
    assert (await asked(f"{address}/healthz"))[:2] == (200, "ok\n")


async def test_a_ready_process_answers_200(address: str) -> None:
    assert (await asked(f"{address}/readyz"))[:2] == (200, "ready\n")


async def test_a_process_that_is_not_ready_answers_503_with_the_reason(
    address: str, ready: Ready
) -> None:
    ready.reason = "Slack is not connected"
    assert (await asked(f"{address}/readyz"))[:2] == (503, "Slack is not connected\n")


async def test_metrics_are_in_the_form_that_prometheus_reads(
    address: str, metrics: Metrics
) -> None:
    metrics.outcomes.labels("send", "Sending").inc()
    status, text, kind = await asked(f"{address}/metrics")
    assert (status, kind) == (200, "text/plain; version=0.0.4; charset=utf-8")
    assert 'sms_commands_total{outcome="Sending",verb="send"} 1.0' in text.splitlines()
    assert all(
        line.startswith("#") or re.fullmatch(r"[a-z_]+(\{[^}]*\})? \S+", line)
        for line in text.splitlines()
    )


async def test_nothing_else_is_served(address: str) -> None:
    assert (await asked(f"{address}/slack/events"))[0] == 404


async def test_a_taken_port_is_told(ready: Ready, metrics: Metrics) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(CannotListen, match="address already in use"):
            await Listener("127.0.0.1", port, routes(ready, metrics), 1.0).start()


async def test_a_host_of_another_machine_is_told(ready: Ready, metrics: Metrics) -> None:
    with pytest.raises(CannotListen):
        await Listener("nowhere.invalid", 0, routes(ready, metrics), 1.0).start()


async def test_an_address_of_ipv6_is_in_brackets(ready: Ready, metrics: Metrics) -> None:
    listener = Listener("::1", 0, routes(ready, metrics), 1.0)
    address = await listener.start()
    assert re.fullmatch(r"http://\[::1\]:\d+", address)
    assert (await asked(f"{address}/healthz"))[0] == 200
    await listener.stop()


async def test_what_fails_is_answered_with_an_id_that_the_log_knows() -> None:
    async def fails(_request: web.Request) -> web.Response:
        raise ValueError(NUMBER)

    metrics = Metrics()
    listener = Listener("127.0.0.1", 0, [web.post("/x/{name}", fails)], 1.0, metrics)
    address = await listener.start()
    with capture_logs() as lines:
        async with aiohttp.ClientSession() as session, session.post(f"{address}/x/1") as answer:
            status, told = answer.status, await answer.json()
    await listener.stop()
    [line] = lines
    assert (status, told["error_id"]) == (500, line["error_id"])
    assert (line["event"], line["route"], line["error"]) == (
        "http.failed",
        "/x/{name}",
        "ValueError",
    )
    assert NUMBER not in repr((line, told))
    counted = 'sms_http_requests_total{route="/x/{name}",status="500"} 1.0'
    assert counted in metrics.text().decode()


async def test_requests_are_counted_by_route_and_those_for_nothing_together(
    address: str, metrics: Metrics
) -> None:
    for path in ("/healthz", "/wp-admin", "/etc/passwd"):
        await asked(f"{address}{path}")
    counted = metrics.text().decode()
    assert 'sms_http_requests_total{route="/healthz",status="200"} 1.0' in counted
    assert 'sms_http_requests_total{route="other",status="404"} 2.0' in counted
