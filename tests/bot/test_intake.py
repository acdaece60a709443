"""`POST /alerts/{name}` on a real socket: who is let in, and what they are told."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import psycopg
import pytest
from structlog.testing import capture_logs

from bot import intake
from bot.metrics import Metrics
from bot.policyfile import PolicySource, parse
from bot.store.alerts import Did, Route, Taken
from bot.store.codes import NoCodeError
from bot.web import LIMIT, Listener
from commands.notice import Notice
from tests.payloads import alertmanager

POLICY = """
[[channel]]
id = "C0ONCALL"
allow = ["page"]
from = "+16175550100"

[[escalation]]
name = "db"
steps = [{ to = ["+16175551212"], wait = "5m" }]

[[alert]]
name = "prom"
channel = "C0ONCALL"
escalation = "db"
token_env = "PROM_TOKEN"
storm = 3
storm_window = "1m"
"""
TOKEN = "invented-token"
BODY = json.dumps(alertmanager()).encode()


@dataclass
class Intake:
    """A listener whose store only remembers; `fault` is raised in its place."""

    source: PolicySource
    metrics: Metrics = field(default_factory=Metrics)
    taken: list[tuple[Route, Notice]] = field(default_factory=list)
    fault: Exception | None = None
    address: str = ""

    async def take(self, route: Route, notice: Notice) -> Taken:
        if self.fault:
            raise self.fault
        self.taken.append((route, notice))
        return Taken(Did.OPENED, 7)

    async def post(
        self, body: bytes = BODY, name: str = "prom", **headers: str
    ) -> tuple[int, dict[str, object]]:
        url = f"{self.address}/alerts/{name}"
        headers = {"Authorization": f"Bearer {TOKEN}", **headers}
        async with (
            aiohttp.ClientSession() as session,
            session.post(url, data=BytesIO(body), headers=headers) as answer,
        ):
            return answer.status, await answer.json()

    def counted(self) -> list[str]:
        """The outcomes that were counted once."""
        lines = self.metrics.text().decode().splitlines()
        return [
            x.split('"')[1] for x in lines if x.startswith("sms_alerts_total{") and "} 1.0" in x
        ]


def policy(text: str = POLICY, token: str = TOKEN) -> PolicySource:
    return PolicySource(Path("sms.toml"), parse(text, variables={"PROM_TOKEN": token}))


@pytest.fixture
async def gate() -> AsyncIterator[Intake]:
    async with listening() as made:
        yield made


@pytest.fixture
async def hurried() -> AsyncIterator[Intake]:
    """One that waits for no body."""
    async with listening(reading=0.1) as made:
        yield made


@asynccontextmanager
async def listening(reading: float = intake.READING) -> AsyncIterator[Intake]:
    made = Intake(policy())
    route = intake.alerts(made.source, "+15005550006", made.take, made.metrics, reading=reading)
    listener = Listener("127.0.0.1", 0, [route], 1.0)
    made.address = await listener.start()
    yield made
    await listener.stop()


async def test_an_alert_is_answered_with_what_became_of_it(gate: Intake) -> None:
    assert await gate.post() == (200, {"page": 7, "did": "opened"})
    assert gate.counted() == ["opened"]


async def test_a_route_is_what_sms_toml_says_now(gate: Intake) -> None:
    await gate.post()
    gate.source.current = parse(
        POLICY.replace('from = "+16175550100"', "").replace("storm = 3", "storm = 0"),
        variables={"PROM_TOKEN": TOKEN},
    )
    await gate.post()
    first, second = (route for route, _ in gate.taken)
    assert (first.channel, first.ladder.escalation) == ("C0ONCALL", "db")
    assert (first.window, first.source) == (timedelta(minutes=1), "alert:prom")
    assert (first.sender, first.storm) == ("+16175550100", 3)
    assert (second.sender, second.storm) == ("+15005550006", 0)


async def test_a_name_that_sms_toml_does_not_have_is_not_found(gate: Intake) -> None:
    status, told = await gate.post(name="secrets")
    assert status == 404
    assert "[[alert]]" in str(told["error"])
    assert gate.counted() == ["unknown"]


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer wrong",
        f"Bearer {TOKEN}x",
        f"Basic {TOKEN}",
        TOKEN,
        "Bearer é",
    ],
)
async def test_whoever_does_not_have_the_token_is_not_let_in(gate: Intake, header: str) -> None:
    status, told = await gate.post(Authorization=header)
    assert status == 401
    assert "Authorization: Bearer" in str(told["error"])
    assert (gate.taken, gate.counted()) == ([], ["forbidden"])


async def test_the_scheme_counts_in_any_case_of_letters(gate: Intake) -> None:
    assert (await gate.post(Authorization=f"bearer {TOKEN}"))[0] == 200


async def test_who_is_not_let_in_is_told_how_to_ask(gate: Intake) -> None:
    async with aiohttp.ClientSession() as session:
        answer = await session.post(f"{gate.address}/alerts/prom")
    assert (answer.status, answer.headers["WWW-Authenticate"]) == (401, "Bearer")


async def test_a_route_without_a_token_is_closed(gate: Intake) -> None:
    gate.source.current = parse(POLICY)
    assert (await gate.post(Authorization="Bearer "))[0] == 401


async def test_a_body_of_just_the_limit_is_taken_and_a_longer_one_is_not(gate: Intake) -> None:
    assert (await gate.post(BODY.ljust(LIMIT)))[0] == 200
    status, told = await gate.post(BODY.ljust(LIMIT + 1))
    assert status == 413
    assert "1,048,576" in str(told["error"])
    assert (len(gate.taken), sorted(gate.counted())) == (1, ["opened", "too_large"])


class Threads(ThreadPoolExecutor):
    """Remembers what was asked for."""

    def __init__(self) -> None:
        super().__init__(2)
        self.asked: list[str] = []

    def submit(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - as it is there
        self.asked.append(str(args))
        return super().submit(*args, **kwargs)


@pytest.mark.parametrize(("size", "threads"), [(intake.AT_ONCE, 0), (intake.AT_ONCE + 1, 1)])
async def test_a_long_body_is_read_where_it_is_in_nobodys_way(
    gate: Intake, size: int, threads: int
) -> None:
    pool = Threads()
    asyncio.get_running_loop().set_default_executor(pool)
    assert (await gate.post(BODY.ljust(size)))[0] == 200
    assert sum("read_notice" in each for each in pool.asked) == threads


async def test_a_long_body_that_is_malformed_is_told_so(gate: Intake) -> None:
    assert (await gate.post(b"{}".ljust(LIMIT)))[0] == 400


async def test_a_malformed_body_is_answered_with_what_to_mend(gate: Intake) -> None:
    status, told = await gate.post(b'{"alerts": []}')
    assert (status, told) == (400, {"error": '"alerts" must be a list of at least one alert'})
    assert (gate.taken, gate.counted()) == ([], ["malformed"])


@pytest.mark.parametrize("fault", [psycopg.OperationalError("x"), TimeoutError(), OSError("x")])
async def test_what_the_database_does_not_take_is_to_be_sent_again(
    gate: Intake, fault: Exception
) -> None:
    gate.fault = fault
    status, told = await gate.post()
    assert status == 503
    assert told["error"] == "it may not be written down; send it again"
    assert gate.counted() == ["unwritten"]


async def test_where_too_many_pages_wait_an_alert_is_to_be_sent_again(gate: Intake) -> None:
    gate.fault = NoCodeError()
    status, told = await gate.post()
    error = "too many pages wait for an acknowledgement; send it again"
    assert (status, told) == (503, {"error": error})
    assert gate.counted() == ["unwritten"]


async def raw(gate: Intake, head: str, body: bytes) -> bytes:
    """Post bytes as they are; give the first line of the answer."""
    parts = urlsplit(gate.address)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    lines = (
        "POST /alerts/prom HTTP/1.1",
        "Host: x",
        f"Authorization: Bearer {TOKEN}",
        head,
        "",
        "",
    )
    writer.write("\r\n".join(lines).encode() + body)
    line = await reader.readline()
    writer.close()
    return line


async def test_a_body_that_does_not_come_is_not_waited_for(hurried: Intake) -> None:
    assert b" 408 " in await raw(hurried, "Content-Length: 100", b"{")
    assert (hurried.taken, hurried.counted()) == ([], ["slow"])


async def test_a_body_that_cannot_be_unpacked_is_malformed(
    gate: Intake, caplog: pytest.LogCaptureFixture
) -> None:
    head = "Content-Encoding: gzip\r\nContent-Length: 4"
    assert b" 400 " in await raw(gate, head, b"\x07abc")
    assert (gate.taken, gate.counted()) == ([], ["broken"])
    assert [r for r in caplog.records if r.levelno >= logging.ERROR] == []


async def test_a_database_that_hangs_is_not_waited_for() -> None:
    async def hang(_route: Route, _notice: Notice) -> Taken:
        await asyncio.Event().wait()
        raise AssertionError

    gate = Intake(policy())
    route = intake.alerts(gate.source, "+15005550006", hang, gate.metrics, patience=0.01)
    listener = Listener("127.0.0.1", 0, [route], 1.0)
    gate.address = await listener.start()
    assert (await gate.post())[0] == 503
    await listener.stop()


async def test_no_log_line_holds_a_token_or_what_an_alert_says(gate: Intake) -> None:
    with capture_logs() as lines:
        await gate.post(Authorization="Bearer stolen-token")
        await gate.post(b'{"alerts": "InstanceDown"}')
        gate.fault = psycopg.OperationalError("InstanceDown")
        await gate.post()
    assert [line["event"] for line in lines] == [
        "alert.forbidden",
        "alert.malformed",
        "alert.unwritten",
    ]
    assert all(word not in str(lines) for word in ("stolen", TOKEN, "InstanceDown"))
