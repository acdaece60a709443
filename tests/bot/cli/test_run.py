"""`sms-bot run` and `sms-bot worker`: how they start, refuse to start and end."""

import asyncio
import signal
import socket

import psycopg
import pytest

from bot.sandbox.environ import environ
from bot.sandbox.server import FakeSlack
from tests.bot.cli.kit import Shell


@pytest.fixture
def bot(shell: Shell, slack: FakeSlack, database_url: str) -> Shell:
    """A shell in which the bot can run."""
    (shell.folder / "sms.toml").write_text("", encoding="utf-8")
    shell.environ |= environ(slack, shell.twilio, DATABASE_URL=database_url)
    return shell


async def test_run_with_a_faulty_configuration_lists_every_fault_and_exits_2(
    shell: Shell,
) -> None:
    (shell.folder / "sms.toml").write_text("region = 'Atlantis'\n", encoding="utf-8")
    ended = await shell("run", TWILIO_FROM="", PORT="port")
    assert (ended.code, ended.out) == (2, "")
    for where in ("SLACK_BOT_TOKEN: ", "SLACK_APP_TOKEN: ", "TWILIO_FROM: ", "PORT: ", "sms.toml"):
        assert [line for line in ended.err.splitlines() if where in line]


async def test_run_serves_slack_and_ends_with_0_when_told_to(bot: Shell, slack: FakeSlack) -> None:
    process = await bot.start("run")
    await slack.connected(30)
    process.send_signal(signal.SIGTERM)
    ended = await bot.end(process)
    assert (ended.code, ended.out) == (0, "")


async def test_worker_runs_without_slack_and_ends_with_0_when_told_to(
    bot: Shell, slack: FakeSlack
) -> None:
    process = await bot.start("worker", LOG_FORMAT="json")
    assert process.stderr is not None
    async with asyncio.timeout(30):
        while b'"ready"' not in await process.stderr.readline():
            pass
        await asyncio.sleep(0.5)
    assert slack.connections == 0
    process.send_signal(signal.SIGINT)
    assert (await bot.end(process)).code == 0


async def test_run_says_that_the_port_is_taken(bot: Shell) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ended = await bot("run", PORT=str(taken.getsockname()[1]))
    assert ended.code == 2
    assert ended.err.splitlines()[-1].startswith("HOST, PORT: cannot listen: ")
    assert "address already in use" in ended.err


async def test_run_says_that_the_database_cannot_be_reached(bot: Shell) -> None:
    ended = await bot("run", DATABASE_URL="postgresql://sms:p4ss@127.0.0.1:1/sms")
    assert ended.code == 2
    assert ended.err.splitlines()[-1].startswith(
        "DATABASE_URL: the database cannot be used: nothing listens there. See that it runs"
    )
    assert "p4ss" not in ended.err


async def test_run_says_that_the_database_belongs_to_a_newer_version(
    bot: Shell, database_url: str
) -> None:
    with psycopg.connect(database_url) as conn:
        conn.execute("INSERT INTO migration (name) VALUES ('9999_future')")
    ended = await bot("run")
    assert ended.code == 2
    assert "9999_future, made by a newer version of sms-bot. Start that version" in ended.err


async def test_run_says_that_there_is_no_place_for_the_embedded_database(bot: Shell) -> None:
    (bot.folder / "file").write_text("")
    ended = await bot("run", DATABASE_URL="", SMS_DATA_DIR=str(bot.folder / "file"))
    assert ended.code == 2
    assert ended.err.splitlines()[-1].startswith("SMS_DATA_DIR: no embedded database: ")


async def test_run_says_that_slack_refuses_the_token(bot: Shell) -> None:
    ended = await bot("run", SLACK_BOT_TOKEN="xoxb-other")
    assert ended.code == 2
    assert ended.err.splitlines()[-1].startswith("SLACK_BOT_TOKEN: is refused by Slack")
