import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from aiohttp import web

from bot.config import Settings, load, load_settings
from bot.doctor import CHECKS, Check, Patient, examine
from bot.sandbox.environ import environ as pointed_at
from bot.sandbox.server import FakeSlack
from bot.store.facts import Facts
from tests.bot.doctor.kit import serving
from twilio_core.testing import ANY, FakeTwilio, Html

Connect = Callable[[Settings], Awaitable[Facts]]
WELL = Facts(18)


async def connects(settings: Settings) -> Facts:
    return WELL


def finds(facts: Facts) -> Connect:
    async def found(settings: Settings) -> Facts:
        return facts

    return found


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with FakeSlack() as slack:
        slack.add_user("U1", "one")
        slack.add_channel("C1", "one", ["U1"])
        yield slack


@pytest.fixture
async def twilio() -> AsyncIterator[FakeTwilio]:
    async with FakeTwilio() as twilio:
        yield twilio


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "sms.toml").write_text("[[channel]]\nid = 'C1'\n", encoding="utf-8")
    return tmp_path


@pytest.fixture
def environ(slack: FakeSlack, twilio: FakeTwilio) -> dict[str, str]:
    return pointed_at(slack, twilio)


async def look(
    environ: Mapping[str, str], home: Path, connect: Connect = connects, seconds: float = 5
) -> dict[str, Check]:
    found = await examine(connect, environ=environ, cwd=home, timeout=seconds)
    assert [check.name for check in found] == ["configuration", *(name for name, _ in CHECKS)]
    assert all(check.ok or check.remedy for check in found)
    shown = repr(found)
    secrets = [v for k, v in environ.items() if k.endswith(("TOKEN", "SECRET"))]
    assert not [secret for secret in secrets if secret and secret in shown]
    return {check.name: check for check in found}


def bad(found: Mapping[str, Check]) -> list[str]:
    return [name for name, check in found.items() if not check.ok]


async def test_all_is_well_where_everything_answers(environ: dict[str, str], home: Path) -> None:
    found = await look(environ, home)
    assert bad(found) == []
    assert found["configuration"].detail == f"{home / 'sms.toml'}, channels: 1"
    assert found["Slack token"].detail == "sms-bot in Sandbox"
    assert found["Slack scopes"].detail.startswith("all granted: channels:read, chat:write")
    assert found["Slack connection"].detail == "Socket Mode, Slack said hello"
    assert found["Slack channels"].detail == "C1: the bot is in it"
    assert found["Twilio account"].detail == "Fake Twilio is active"
    assert found["Twilio sender"].detail.startswith("number ••••••••0006 is the account's own")
    assert found["database"].detail == "PostgreSQL 18, embedded, schema up to date"
    assert not [check for check in found.values() if check.remedy]


async def test_each_look_gives_the_name_it_is_listed_by(
    environ: dict[str, str], home: Path
) -> None:
    seen = asyncio.ensure_future(connects(load_settings(environ, home)))
    patient = Patient(load_settings(environ, home), seen, load(environ, home).policy_file)
    assert [(await one(patient)).name for _, one in CHECKS] == [name for name, _ in CHECKS]


async def test_nothing_else_is_looked_at_while_the_environment_has_faults(home: Path) -> None:
    found = await look({}, home)
    assert bad(found) == list(found)
    assert "SLACK_BOT_TOKEN: is not set" in found["configuration"].detail.splitlines()
    assert found["database"].detail == "not looked at"


async def test_a_faulty_policy_file_does_not_keep_the_rest_from_being_looked_at(
    environ: dict[str, str], tmp_path: Path
) -> None:
    found = await look(environ, tmp_path)
    assert bad(found) == ["configuration", "Slack channels", "alert tokens"]
    assert "sms-bot init" in found["configuration"].remedy


async def test_a_policy_that_allows_no_channel_is_told(environ: dict[str, str], home: Path) -> None:
    (home / "sms.toml").write_text("", encoding="utf-8")
    assert (await look(environ, home))["configuration"].detail.endswith("allows no channel yet")


async def test_a_token_that_slack_refuses(environ: dict[str, str], home: Path) -> None:
    found = await look({**environ, "SLACK_BOT_TOKEN": "xoxb-other"}, home)
    assert bad(found) == ["Slack token", "Slack scopes", "Slack channels"]
    assert found["Slack token"].detail == "Slack refuses it: invalid_auth"
    assert found["Slack scopes"].detail == "Slack does not tell (invalid_auth)"
    assert found["Slack channels"].detail == "C1: Slack does not tell (invalid_auth)"


async def test_a_scope_that_is_missing_is_named(environ: dict[str, str], home: Path) -> None:
    async with FakeSlack(scopes=["commands", "chat:write", "users:read"]) as poor:
        more = {
            "SLACK_API_URL": poor.api_url,
            "SLACK_BOT_TOKEN": poor.bot_token,
            "SLACK_APP_TOKEN": poor.app_token,
        }
        found = await look({**environ, **more}, home)
    assert bad(found) == ["Slack scopes", "Slack channels"]
    missing = "channels:read, groups:read, usergroups:read, users.profile:read"
    assert found["Slack scopes"].detail == f"missing: {missing}"
    assert "manifest.yml" in found["Slack scopes"].remedy
    assert "reinstall" in found["Slack scopes"].remedy


async def test_an_app_token_that_slack_refuses(environ: dict[str, str], home: Path) -> None:
    found = await look({**environ, "SLACK_APP_TOKEN": "xapp-other"}, home)
    assert bad(found) == ["Slack connection"]
    assert "connections:write" in found["Slack connection"].remedy


async def test_without_an_app_token_slack_calls_us(environ: dict[str, str], home: Path) -> None:
    found = await look({**environ, "SLACK_APP_TOKEN": "", "SLACK_SIGNING_SECRET": "hush"}, home)
    assert bad(found) == []
    assert "POST /slack/events" in found["Slack connection"].detail


@pytest.mark.parametrize("kind", ["html", "refused"])
async def test_a_slack_that_does_not_answer(
    environ: dict[str, str], home: Path, slack: FakeSlack, kind: str
) -> None:
    if kind == "html":
        slack.outage()
    else:
        environ["SLACK_API_URL"] = "http://127.0.0.1:9/api/"
    found = await look(environ, home)
    assert bad(found) == ["Slack token", "Slack scopes", "Slack connection", "Slack channels"]


async def test_credentials_that_twilio_refuses(environ: dict[str, str], home: Path) -> None:
    found = await look({**environ, "TWILIO_AUTH_TOKEN": "other-token"}, home)
    assert bad(found) == ["Twilio account", "Twilio sender"]
    assert "not looked up" in found["Twilio sender"].detail
    assert "TWILIO_AUTH_TOKEN" in found["Twilio account"].remedy


async def test_an_api_key_is_used_when_there_is_one(
    environ: dict[str, str], home: Path, twilio: FakeTwilio
) -> None:
    key = {"TWILIO_API_KEY": twilio.api_key, "TWILIO_API_SECRET": twilio.api_secret}
    assert bad(await look({**environ, **key, "TWILIO_AUTH_TOKEN": ""}, home)) == []


async def test_a_standard_key_is_well_though_it_does_not_show_the_account(
    environ: dict[str, str], home: Path, twilio: FakeTwilio
) -> None:
    twilio.standard_key = True
    key = {"TWILIO_API_KEY": twilio.api_key, "TWILIO_API_SECRET": twilio.api_secret}
    found = await look({**environ, **key}, home)
    assert bad(found) == []
    assert "the API key is right" in found["Twilio account"].detail
    wrong = await look({**environ, **key, "TWILIO_API_SECRET": "wrong"}, home)
    assert "Twilio account" in bad(wrong)


async def test_an_account_that_is_suspended(
    environ: dict[str, str], home: Path, twilio: FakeTwilio
) -> None:
    twilio.account_status = "suspended"
    found = await look(environ, home)
    assert bad(found) == ["Twilio account"]
    assert "suspended" in found["Twilio account"].detail


@pytest.mark.parametrize(
    ("answer", "ok", "words"),
    [
        ({"sid": None, "status": "active"}, False, "of no such account"),
        ({"sid": "AC" + "0" * 32, "status": "active"}, False, "of no such account"),
        ({"status": None}, True, "whether it is active is not told"),
    ],
)
async def test_an_account_that_was_not_seen_is_not_called_active(
    environ: dict[str, str], home: Path, answer: dict[str, object], *, ok: bool, words: str
) -> None:
    async def account(_request: web.Request) -> web.Response:
        return web.json_response({"sid": environ["TWILIO_ACCOUNT_SID"], **answer})

    async with serving(web.get("/{rest:.*}", account)) as url:
        found = (await look({**environ, "TWILIO_URL": f"{url}/"}, home))["Twilio account"]
    assert (found.ok, words in found.detail) == (ok, True)


async def test_what_only_reads_is_not_said_to_have_sent_anything(
    environ: dict[str, str], home: Path, twilio: FakeTwilio
) -> None:
    twilio.script(ANY, *[Html(503)] * 9)
    found = await look(environ, home)
    assert bad(found) == ["Twilio account", "Twilio sender"]
    assert not [check for check in found.values() if "may have been" in check.detail]


async def test_a_slack_in_trouble_is_not_taken_for_one_that_refuses_the_token(
    environ: dict[str, str], home: Path, slack: FakeSlack
) -> None:
    slack.outage(kind="html")
    token = (await look(environ, home))["Slack token"]
    assert (token.ok, token.detail) == (False, "no answer from Slack (HTTP 503)")
    assert "SLACK_BOT_TOKEN" not in token.remedy


async def test_a_trial_account_is_well_but_limited(
    environ: dict[str, str], home: Path, twilio: FakeTwilio
) -> None:
    twilio.trial = True
    found = await look(environ, home)
    assert bad(found) == []
    assert "verified numbers only" in found["Twilio account"].detail


async def test_a_twilio_that_does_not_answer(
    environ: dict[str, str], home: Path, twilio: FakeTwilio
) -> None:
    await twilio.refuse()
    found = await look(environ, home)
    assert bad(found) == ["Twilio account", "Twilio sender"]
    assert "Twilio" not in found["clock"].detail
    assert "TWILIO_URL" in found["Twilio account"].remedy


async def test_a_database_that_cannot_be_reached_shows_no_password(
    environ: dict[str, str], home: Path
) -> None:
    async def fails(settings: Settings) -> Facts:
        assert settings.database_url
        raise OSError(f"cannot connect to {settings.database_url.get_secret_value()}")

    url = "postgresql://sms:pass-word@127.0.0.1:1/sms"
    found = await look({**environ, "DATABASE_URL": url}, home, fails)
    assert bad(found) == ["database"]
    assert found["database"].detail == "OSError: cannot connect to [redacted]"
    assert "DATABASE_URL" in found["database"].remedy


async def test_an_embedded_database_that_cannot_start(environ: dict[str, str], home: Path) -> None:
    async def fails(settings: Settings) -> Facts:
        raise PermissionError

    found = await look(environ, home, fails)
    assert found["database"].detail == "PermissionError"
    assert str(home / ".sms-bot") in found["database"].remedy


async def test_looks_go_side_by_side(environ: dict[str, str], home: Path) -> None:
    slack_asked, twilio_asked = asyncio.Event(), asyncio.Event()

    async def slack(_request: web.Request) -> web.Response:
        slack_asked.set()
        await twilio_asked.wait()
        return web.json_response({"ok": False, "error": "account_inactive"})

    async def twilio(_request: web.Request) -> web.Response:
        twilio_asked.set()
        await slack_asked.wait()
        return web.json_response({"code": 20003}, status=401)

    routes = web.post("/api/{method}", slack), web.get("/2010-04-01/{rest:.*}", twilio)
    async with serving(*routes) as url:
        environ["SLACK_API_URL"] = f"{url}/api/"
        environ["TWILIO_URL"] = f"{url}/2010-04-01/Accounts/"
        found = await look(environ, home, seconds=20)
    assert "account_inactive" in found["Slack token"].detail
    assert "credentials" in found["Twilio account"].detail


async def test_none_holds_up_the_answer(
    environ: dict[str, str], home: Path, slack: FakeSlack, twilio: FakeTwilio
) -> None:
    async def hangs(settings: Settings) -> Facts:
        await asyncio.sleep(600)
        return WELL

    slack.latency = twilio.latency = 600
    found = await look(environ, home, hangs, seconds=0.3)
    slow = {name for name, check in found.items() if "within 0.3 s" in check.detail}
    assert slow == {
        *("Slack token", "Slack scopes", "Slack connection", "Slack channels"),
        *("Twilio account", "Twilio sender", "database", "clock"),
    }
    assert found["database"].detail == "no answer within 0.3 s"


def test_a_check_is_a_frozen_value() -> None:
    check = Check("x", ok=True, detail="y")
    assert replace(check, detail="z") == Check("x", ok=True, detail="z")


async def test_of_a_password_that_the_driver_takes_for_a_host_nothing_is_shown(
    environ: dict[str, str], home: Path
) -> None:
    async def connects(settings: Settings) -> Facts:
        assert settings.database_url
        url = settings.database_url.get_secret_value()
        async with await psycopg.AsyncConnection.connect(url, connect_timeout=2):
            return WELL

    url = "postgresql://sms:pass@hidden-tail@127.0.0.1:1/sms"
    found = await look({**environ, "DATABASE_URL": url}, home, connects)
    assert bad(found) == ["database"]
    assert "hidden-tail" not in str(found["database"])


async def test_scopes_that_slack_does_not_tell_are_not_called_missing(
    environ: dict[str, str], home: Path
) -> None:
    async def auth_test(_request: web.Request) -> web.Response:
        return web.json_response({"ok": True, "user": "sms", "team": "Sandbox"})

    async with serving(web.post("/api/auth.test", auth_test)) as url:
        found = await look({**environ, "SLACK_API_URL": f"{url}/api/"}, home)
    assert found["Slack scopes"].ok
    assert "does not tell which scopes" in found["Slack scopes"].detail
