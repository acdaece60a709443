"""The doctor on channels, senders, the database, clocks, addresses and tokens."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import psycopg
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.config import Settings
from bot.doctor import Check, examine, report
from bot.sandbox.environ import environ as pointed_at
from bot.sandbox.server import FakeSlack
from bot.store.facts import Facts, read_facts
from bot.store.migrate import migrate
from twilio_core.testing import FakeTwilio, Owned

SENDER = "+15005550006"
SERVICE = "MG" + "0a" * 16
CHANNEL = """
[[channel]]
id = "C1"
name = "#one"
allow = ["send", "page"]
who = ["*"]
to = ["+1"]
"""
ALERTS = """
[[contact]]
name = "one"
number = "+16175551212"

[[escalation]]
name = "db"
steps = [ { to = ["one"], wait = "5m" } ]

[[alert]]
name = "ci"
channel = "C1"
escalation = "db"
token_env = "CI_TOKEN"
"""


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with FakeSlack() as slack:
        slack.add_user("U1", "one")
        yield slack


@pytest.fixture
async def twilio() -> AsyncIterator[FakeTwilio]:
    async with FakeTwilio() as twilio:
        yield twilio


@pytest.fixture
def environ(slack: FakeSlack, twilio: FakeTwilio) -> dict[str, str]:
    return pointed_at(slack, twilio, CI_TOKEN="0123456789abcdef" * 2)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "sms.toml").write_text(CHANNEL, encoding="utf-8")
    return tmp_path


Look = Callable[..., Awaitable[Check]]


@pytest.fixture
def look(environ: Mapping[str, str], home: Path) -> Look:
    """Give one check by its name."""

    async def one(name: str, facts: Facts = Facts(18), **changes: str) -> Check:  # noqa: B008
        async def seen(_settings: Settings) -> Facts:
            return facts

        found = await examine(seen, environ={**environ, **changes}, cwd=home, timeout=5)
        return next(check for check in found if check.name == name)

    return one


def add(home: Path, text: str) -> None:
    path = home / "sms.toml"
    path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")


# Channels


async def test_a_channel_without_the_bot_is_advised_to_invite_it(
    look: Look, slack: FakeSlack
) -> None:
    slack.add_channel("C1", "one", ["U1"], bot_member=False)
    found = await look("Slack channels")
    assert found.ok
    assert found.detail.startswith("C1 #one: the bot is not in it")
    assert "/invite" in found.remedy


async def test_a_channel_of_alerts_without_the_bot_is_a_fault(
    look: Look, slack: FakeSlack, home: Path
) -> None:
    slack.add_channel("C1", "one", ["U1"], bot_member=False)
    add(home, ALERTS)
    found = await look("Slack channels")
    assert not found.ok
    assert "alerts are shown nowhere" in found.detail


async def test_an_archived_channel_is_a_fault(look: Look, slack: FakeSlack) -> None:
    slack.add_channel("C1", "one", ["U1"])
    slack.workspace.channels["C1"].archived = True
    found = await look("Slack channels")
    assert not found.ok
    assert found.detail == "C1 #one is archived: nothing is sent from it"


@pytest.mark.parametrize("alerts", [False, True])
async def test_of_a_channel_that_slack_does_not_know_both_reasons_are_told(
    look: Look, home: Path, *, alerts: bool
) -> None:
    add(home, ALERTS if alerts else "")
    found = await look("Slack channels")
    assert found.ok is not alerts
    assert "private" in found.detail
    assert "none with this id" in found.detail
    assert "correct its id" in found.remedy


async def test_the_channel_that_wants_something_comes_first(
    look: Look, slack: FakeSlack, home: Path
) -> None:
    add(home, "[[channel]]\nid = 'C2'\n")
    slack.add_channel("C1", "one", ["U1"])
    slack.add_channel("C2", "two", ["U1"], bot_member=False)
    lines = (await look("Slack channels")).detail.splitlines()
    assert [line.split(":")[0] for line in lines] == ["C2", "C1 #one"]


async def test_no_channel_is_nothing_to_look_at(look: Look, home: Path) -> None:
    (home / "sms.toml").write_text("", encoding="utf-8")
    assert (await look("Slack channels")).detail == "sms.toml names none"


# Connection


async def test_a_websocket_that_does_not_come_about_is_a_fault(
    look: Look, slack: FakeSlack
) -> None:
    slack.fail_handshakes(1)
    found = await look("Slack connection")
    assert not found.ok
    assert "WSServerHandshakeError" in found.detail
    assert "WebSockets" in found.remedy


async def test_a_connection_too_many_is_told(look: Look, slack: FakeSlack) -> None:
    told = {"type": "disconnect", "reason": "too_many_websockets"}

    async def link(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json(told)
        await socket.close()
        return socket

    async def opened(request: web.Request) -> web.Response:
        return web.json_response({"ok": True, "url": f"ws://{request.host}/link"})

    async with serving(
        web.get("/link", link), web.post("/api/apps.connections.open", opened)
    ) as url:
        found = await look("Slack connection", SLACK_API_URL=f"{url}/api/")
    assert not found.ok
    assert found.detail == "Socket Mode: Slack says too_many_websockets"


async def test_nothing_stays_connected(look: Look, slack: FakeSlack) -> None:
    assert (await look("Slack connection")).ok
    for _ in range(100):
        if not slack.connections:
            break
        await asyncio.sleep(0.01)
    assert slack.connections == 0


# Senders


@pytest.mark.parametrize(
    ("sender", "detail", "advised"),
    [
        ("ACME", "alphanumeric sender ACME: it is one way", True),
        (SERVICE, f"Messaging Service {SERVICE}: its numbers", False),
        ("12345", "short code •2345: that the account has it is not looked up", False),
        ("whatsapp:+15005550006", "channel address whatsapp:••••••••0006: that", False),
    ],
)
async def test_what_is_not_looked_up_is_said(
    look: Look, sender: str, detail: str, *, advised: bool
) -> None:
    found = await look("Twilio sender", TWILIO_FROM=sender)
    assert found.ok
    assert found.detail.startswith(detail)
    assert bool(found.remedy) is advised


async def test_a_number_of_somebody_else_is_a_fault(look: Look, twilio: FakeTwilio) -> None:
    twilio.owned = []
    found = await look("Twilio sender")
    assert not found.ok
    assert found.detail == "number ••••••••0006 is none of the account's numbers"


async def test_a_number_that_cannot_send_messages_is_a_fault(
    look: Look, twilio: FakeTwilio
) -> None:
    twilio.owned = [Owned(SENDER, sms=False)]
    found = await look("Twilio sender")
    assert not found.ok
    assert "capability SMS" in found.remedy


PUBLIC = "https://sms.example.com/x"
INBOUND = f"{PUBLIC}/twilio/inbound"


@pytest.mark.parametrize(
    ("owned", "words"),
    [
        (Owned(SENDER, sms_url=INBOUND), "what comes in is posted to this bot"),
        (Owned(SENDER), "replies are posted nowhere"),
        (Owned(SENDER, sms_url=f"{INBOUND}2"), "replies are posted to another address"),
        (Owned(SENDER, sms_url=INBOUND, sms_method="GET"), "replies come by GET"),
        (Owned(SENDER, sms_url=INBOUND, sms_application_sid="AP1"), "an application (AP1) decides"),
    ],
)
async def test_where_replies_go_is_compared_with_the_public_address(
    look: Look, twilio: FakeTwilio, owned: Owned, words: str
) -> None:
    twilio.owned = [owned]
    found = await look("Twilio sender", PUBLIC_URL=PUBLIC)
    assert found.ok
    assert words in found.detail
    assert (INBOUND in found.remedy) is ("this bot" not in words)
    assert twilio.violations == []


async def test_the_senders_of_channels_are_looked_at_too(
    look: Look, twilio: FakeTwilio, home: Path
) -> None:
    add(home, f'from = ["+16175550100", "{SENDER}"]\n')
    found = await look("Twilio sender")
    assert not found.ok
    assert len(found.detail.splitlines()) == 2
    assert found.detail.startswith("number ••••••••0100 is none of the account's numbers")


# Database


@pytest.mark.parametrize(
    ("facts", "ok", "words"),
    [
        (Facts(13), False, "PostgreSQL 13, embedded is too old"),
        (Facts(18, unknown="0099_x"), False, "changed by a newer sms-bot (0099_x)"),
        (Facts(18, ("0001_ledger",), may_create=False), False, "may not create tables"),
        (Facts(18, ("0001_ledger",), fresh=True), True, "empty: the first start sets it up"),
        (Facts(18, ("0006_traces",)), True, "the next start brings it up to date: 0006_traces"),
        (Facts(18, ("procrastinate/1", "procrastinate/2")), True, "2 of the job queue"),
        (Facts(18), True, "PostgreSQL 18, embedded, schema up to date"),
    ],
)
async def test_what_the_database_is_like_is_judged(
    look: Look, facts: Facts, *, ok: bool, words: str
) -> None:
    found = await look("database", facts)
    assert (found.ok, words in found.detail) == (ok, True)


async def test_a_database_is_looked_at_without_being_changed(empty_database: str) -> None:
    async with await psycopg.AsyncConnection.connect(empty_database, autocommit=True) as conn:
        fresh = await read_facts(conn)
        assert (fresh.fresh, fresh.unknown, fresh.may_create) == (True, "", True)
        assert "0006_traces" in fresh.missing
        await migrate(conn)
        whole = await read_facts(conn)
        assert (whole.fresh, whole.missing) == (False, ())
        assert abs(whole.ahead) < 5
        await conn.execute("DELETE FROM migration WHERE name = '0006_traces'")
        await conn.execute("INSERT INTO migration VALUES ('0099_newer')")
        other = await read_facts(conn)
        assert (other.missing, other.unknown) == (("0006_traces",), "0099_newer")


# Clock


@asynccontextmanager
async def serving(*routes: web.RouteDef) -> AsyncIterator[str]:
    app = web.Application()
    app.add_routes(routes)
    async with TestServer(app) as server:
        yield str(server.make_url("")).rstrip("/")


def dated(seconds: float) -> web.RouteDef:
    """Serve anything, with a clock that is so much ahead."""

    async def answer(_request: web.Request) -> web.Response:
        date = format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)
        return web.Response(headers={"Date": date})

    return web.route("*", "/{rest:.*}", answer)


@pytest.mark.parametrize(
    ("ahead", "ok", "advised"), [(0, True, False), (-30, True, True), (400, False, True)]
)
async def test_clocks_may_differ_by_seconds_and_not_by_minutes(
    look: Look, ahead: float, *, ok: bool, advised: bool
) -> None:
    async with serving(dated(ahead)) as url:
        found = await look("clock", SLACK_API_URL=f"{url}/api/")
    assert (found.ok, bool(found.remedy)) == (ok, advised)
    assert "Slack" in found.detail
    assert "Twilio" in found.detail


async def test_the_clock_of_the_database_counts_too(look: Look) -> None:
    found = await look("clock", Facts(18, ahead=-7.0))
    assert found.ok
    assert "the database -7.0 s" in found.detail
    assert "NTP" in found.remedy


async def test_without_anybody_to_ask_nothing_is_said_of_the_clock(
    environ: dict[str, str], home: Path
) -> None:
    async def fails(_settings: Settings) -> Facts:
        raise OSError

    nowhere = {"SLACK_API_URL": "http://127.0.0.1:9/", "TWILIO_URL": "http://127.0.0.1:9/"}
    checks = await examine(fails, environ={**environ, **nowhere}, cwd=home, timeout=5)
    [found] = [check for check in checks if check.name == "clock"]
    assert (found.ok, found.detail) == (True, "nobody tells the time to compare it with")


# Public address


def answering(status: int, text: str, path: str = "/healthz") -> web.RouteDef:
    async def answer(_request: web.Request) -> web.Response:
        headers = {"Location": "https://elsewhere.example/"} if status == 302 else {}
        return web.Response(text=text, status=status, headers=headers)

    return web.get(path, answer)


@pytest.mark.parametrize(
    ("status", "text", "ok", "words"),
    [
        (200, "ok\n", True, "/healthz answers"),
        (200, "<html>", False, "something else answers (200)"),
        (404, "", False, "something else answers (404)"),
        (401, "", False, "something else answers (401)"),
        (302, "", False, "redirected (302)"),
        (502, "", True, "a proxy answers 502, without a bot behind it"),
    ],
)
async def test_what_answers_at_the_public_address_is_judged(
    look: Look, status: int, text: str, *, ok: bool, words: str
) -> None:
    async with serving(answering(status, text)) as url:
        found = await look("public address", PUBLIC_URL=url)
    assert (found.ok, words in found.detail) == (ok, True)
    assert f"{url}/twilio/inbound" in found.detail


async def test_the_address_that_is_signed_is_shown_with_its_path(look: Look) -> None:
    async with serving(answering(200, "ok", "/sms/healthz")) as url:
        found = await look("public address", PUBLIC_URL=f"{url}/sms/")
    assert found.ok
    assert f"computed over {url}/sms/twilio/status/… and {url}/sms/twilio/inbound" in found.detail
    assert "a proxy has to take /sms off" in found.detail
    assert "https://" in found.remedy


async def test_a_bot_that_does_not_run_yet_is_advised_and_no_fault(look: Look) -> None:
    found = await look("public address", PUBLIC_URL="http://127.0.0.1:9")
    assert found.ok
    assert "Start the bot" in found.remedy


async def test_a_host_that_is_unknown_is_a_fault(look: Look) -> None:
    found = await look("public address", PUBLIC_URL="https://nowhere.invalid")
    assert not found.ok
    assert "DNS" in found.remedy


@pytest.mark.parametrize("host", ["10.0.0.7", "localhost", "bot.internal"])
async def test_a_private_address_cannot_be_reached_by_twilio(look: Look, host: str) -> None:
    found = await look(
        "public address",
        PUBLIC_URL=f"https://{host}:1",
        TWILIO_URL="https://twilio.invalid/2010-04-01/Accounts/",
    )
    assert not found.ok
    assert "private network" in found.detail


# Tokens, and the whole


async def test_a_token_that_could_be_guessed_is_a_fault(look: Look, home: Path) -> None:
    add(home, ALERTS)
    found = await look("alert tokens", CI_TOKEN="secret")
    assert not found.ok
    assert "openssl rand" in found.remedy
    assert "secret" not in found.detail
    assert (await look("alert tokens")).ok


async def test_without_a_policy_nothing_is_said_of_its_parts(look: Look, home: Path) -> None:
    (home / "sms.toml").write_text("[[", encoding="utf-8")
    assert (await look("alert tokens")).detail == "not looked at"
    assert (await look("Slack channels")).detail == "not looked at"
    assert (await look("Twilio sender")).ok


def test_a_report_for_machines_has_every_field() -> None:
    found = (Check("a", ok=True, detail="x"), Check("b", ok=False, detail="y", remedy="z"))
    assert report(found) == {
        "ok": False,
        "checks": [
            {"name": "a", "ok": True, "detail": "x", "remedy": ""},
            {"name": "b", "ok": False, "detail": "y", "remedy": "z"},
        ],
    }
