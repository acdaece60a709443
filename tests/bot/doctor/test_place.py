"""The doctor on the database, the clocks and the public address."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import psycopg
import pytest
from aiohttp import web

from bot.config import Settings
from bot.doctor import examine
from bot.store.facts import Facts, read_facts
from bot.store.migrate import migrate
from tests.bot.doctor.kit import Look, serving

# Database


@pytest.mark.parametrize(
    ("facts", "ok", "words"),
    [
        (Facts(13), False, "PostgreSQL 13, embedded is too old"),
        (Facts(18, unknown="0099_x"), False, "changed by a newer sms-bot (0099_x)"),
        (Facts(18, ("0001_ledger",), may_create=False), False, "may not create tables"),
        (Facts(18, ("0001_ledger",), fresh=True), True, "empty: the first start sets it up"),
        (
            Facts(18, ("0007_throttled",)),
            True,
            "the next start brings it up to date: 0007_throttled",
        ),
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
        assert "0007_throttled" in fresh.missing
        await migrate(conn)
        whole = await read_facts(conn)
        assert (whole.fresh, whole.missing) == (False, ())
        assert abs(whole.ahead) < 5
        await conn.execute("DELETE FROM migration WHERE name = '0007_throttled'")
        await conn.execute("INSERT INTO migration VALUES ('0099_newer')")
        other = await read_facts(conn)
        assert (other.missing, other.unknown) == (("0007_throttled",), "0099_newer")


# Clock


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
