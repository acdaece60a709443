import re
import socket
from collections.abc import AsyncIterator

import aiohttp
import pytest

from bot.metrics import Metrics
from bot.web import CannotListen, Listener, routes


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
    listener = Listener("127.0.0.1", 0, routes(ready, metrics), 1.0)
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
    metrics.outcomes.labels("Sending").inc()
    status, text, kind = await asked(f"{address}/metrics")
    assert (status, kind) == (200, "text/plain; version=0.0.4; charset=utf-8")
    assert 'sms_commands_total{outcome="Sending"} 1.0' in text.splitlines()
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
