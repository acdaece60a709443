"""`sms-bot audit`: what it prints, and how it ends."""

import asyncio
import csv
import io
import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner

from bot.auditview import read_options
from bot.cli import app
from bot.faults import ConfigFaults
from bot.store import embedded
from bot.store.migrate import migrate
from tests.bot.cli.kit import Ended, Shell

NOON = datetime(2026, 3, 1, 12, 30, 15, 250_000, tzinfo=UTC)
RULE = 'channel C0ONCALL: allow = ["send"]'
HEAD = "at,team,channel,user,action,allowed,rule,detail,send\r\n"

_INSERT = """
INSERT INTO audit (at, team, channel, actor, action, allowed, rule, detail, send_id)
VALUES (%s, 'T1', %s, %s, 'send', %s, %s, %s, %s)
"""


def keep(
    url: str,
    at: datetime = NOON,
    *,
    channel: str = "C0ONCALL",
    user: str = "U0ALICE",
    rule: str = RULE,
    detail: str = "3 recipients",
    send: int | None = 12,
) -> None:
    """Put one entry into the audit; without a send it is a refusal."""
    with psycopg.connect(url) as conn:
        conn.execute(_INSERT, (at, channel, user, send is not None, rule, detail, send))


@pytest.fixture
def bot(with_database: Shell) -> Shell:
    """A shell with a database, but without Slack, Twilio and sms.toml."""
    return with_database


async def test_each_entry_is_one_line_with_the_oldest_first(bot: Shell, database_url: str) -> None:
    later = NOON + timedelta(hours=1)
    keep(database_url, later, user="U0BOB", rule=f"{RULE}, no page", detail="", send=None)
    keep(database_url)
    ended = await bot.real("audit")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.splitlines() == [
        f"2026-03-01T12:30:15Z  allowed  U0ALICE  C0ONCALL  send  {RULE}  3 recipients  #12",
        f"2026-03-01T13:30:15Z  refused  U0BOB  C0ONCALL  send  {RULE}, no page",
    ]


async def test_json_is_one_object_a_line(bot: Shell, database_url: str) -> None:
    keep(database_url, detail="two\nlines, caf\u00e9")
    keep(database_url, send=None)
    ended = await bot("audit", "--json")
    first, second = map(json.loads, ended.out.splitlines())
    assert first == {
        "at": "2026-03-01T12:30:15.250000Z",
        "team": "T1",
        "channel": "C0ONCALL",
        "user": "U0ALICE",
        "action": "send",
        "allowed": True,
        "rule": RULE,
        "detail": "two\nlines, caf\u00e9",
        "send": 12,
    }
    assert (second["allowed"], second["send"]) == (False, None)
    assert list(first) == list(second) == HEAD.strip().split(",")
    assert ended.out.isascii()


async def test_csv_has_a_header_and_every_value_as_it_is(bot: Shell, database_url: str) -> None:
    keep(database_url, detail='=1+1, "quoted"\r\nand more')
    keep(database_url, send=None)
    ended = await bot("audit", "--csv")
    assert ended.code == 0
    assert ended.out.startswith(HEAD)
    _, first, second = csv.reader(io.StringIO(ended.out, newline=""))
    at = "2026-03-01T12:30:15.250000Z"
    assert first == [
        *(at, "T1", "C0ONCALL", "U0ALICE", "send", "true"),
        *(RULE, '=1+1, "quoted"\r\nand more', "12"),
    ]
    assert second[5:] == ["false", RULE, "3 recipients", ""]


@pytest.mark.parametrize(
    ("words", "out"), [(["audit"], ""), (["audit", "--json"], ""), (["audit", "--csv"], HEAD)]
)
async def test_an_audit_without_entries_is_an_empty_success(
    bot: Shell, words: list[str], out: str
) -> None:
    assert await bot(*words) == Ended(0, out, "")


async def test_json_and_csv_exclude_each_other(bot: Shell) -> None:
    ended = await bot("audit", "--json", "--csv")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("--json, --csv: there is one form at a time.")


async def test_only_what_is_asked_for_is_printed(bot: Shell, database_url: str) -> None:
    now = datetime.now(UTC)
    keep(database_url, now - timedelta(hours=3), send=1)
    keep(database_url, now, send=2)
    keep(database_url, now, channel="C0OTHER", send=3)
    keep(database_url, now, user="U0BOB", send=4)
    words = ("--since", "2h", "--channel", "C0ONCALL", "--user", "U0ALICE")
    ended = await bot("audit", "--json", *words)
    assert [json.loads(line)["send"] for line in ended.out.splitlines()] == [2]


async def test_control_characters_cannot_forge_a_line_or_reach_the_terminal(
    bot: Shell, database_url: str
) -> None:
    keep(database_url, rule="a\nb\r\x1b[2K\x9b\u2028", detail="\u202ec \u00e9")
    ended = await bot("audit")
    [line] = ended.out.splitlines()
    assert line.endswith(r"  a\nb\r\x1b[2K\x9b\u2028  \u202ec " + "\u00e9  #12")


# --since


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("30m", NOON - timedelta(minutes=30)),
        ("24h", NOON - timedelta(hours=24)),
        ("7d", NOON - timedelta(days=7)),
        ("2026-02-28", datetime(2026, 2, 28, tzinfo=UTC)),
        ("2026-02-28T14:30", datetime(2026, 2, 28, 14, 30, tzinfo=UTC)),
        ("2026-02-28 14:30:05", datetime(2026, 2, 28, 14, 30, 5, tzinfo=UTC)),
        ("2026-02-28T14:30:05.250000Z", datetime(2026, 2, 28, 14, 30, 5, 250_000, tzinfo=UTC)),
        ("2026-02-28T14:30+01:00", datetime(2026, 2, 28, 13, 30, tzinfo=UTC)),
    ],
)
def test_since_is_a_duration_or_a_date_in_utc(typed: str, meant: datetime) -> None:
    assert read_options(typed, None, None, now=NOON).since == meant


async def test_a_time_without_a_zone_is_utc_wherever_the_machine_is(
    bot: Shell, database_url: str
) -> None:
    keep(database_url)
    ended = await bot("audit", "--since", "2026-03-01T12:30", TZ="America/New_York")
    assert ended.out.startswith("2026-03-01T12:30:15Z  ")


@pytest.mark.parametrize(
    "typed",
    [
        *("", "yesterday", "24", "-1h", "1w", "2026", "2026-02-30", "14:30"),
        *("999999d", "9" * 400 + "d", "0001-01-01T00:00+01:00"),  # before the calendar begins
    ],
)
def test_a_since_that_is_neither_is_told_with_what_to_write(typed: str) -> None:
    with pytest.raises(ConfigFaults) as caught:
        read_options(typed, None, None, now=NOON)
    [fault] = caught.value.faults
    assert str(fault).startswith("--since: is no duration, date or time that can be used. Write ")


async def test_every_option_that_cannot_be_used_is_told(bot: Shell) -> None:
    words = ("--since", "yesterday", "--channel", "#oncall", "--user", "alice")
    ended = await bot("audit", *words)
    assert (ended.code, ended.out) == (2, "")
    since, channel, user = ended.err.splitlines()
    assert "such as 30m, 24h or 7d" in since
    assert channel.startswith("--channel: is not a Slack channel id. Copy the id")
    assert user.startswith("--user: is not a Slack user id. Copy the id")


# how it ends


async def test_a_configuration_that_is_faulty_is_told_as_by_run(bot: Shell) -> None:
    ended = await bot("audit", SLACK_BOT_TOKEN="", PORT="port")
    assert (ended.code, ended.out) == (2, "")
    assert re.findall(r"^\w+: ", ended.err, flags=re.MULTILINE) == ["SLACK_BOT_TOKEN: ", "PORT: "]


async def test_a_database_that_cannot_be_reached_is_told_as_by_run(bot: Shell) -> None:
    ended = await bot("audit", "--csv", DATABASE_URL="postgresql://sms:p4ss@127.0.0.1:1/sms")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("DATABASE_URL: the database cannot be used: nothing listens there.")
    assert "p4ss" not in ended.err


async def test_a_database_without_an_audit_is_told(bot: Shell, empty_database: str) -> None:
    ended = await bot("audit", "--csv", DATABASE_URL=empty_database)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("DATABASE_URL, SMS_DATA_DIR: there is no audit yet. `sms-bot run`")


async def test_no_embedded_database_is_made_in_order_to_be_read(bot: Shell) -> None:
    ended = await bot("audit", DATABASE_URL="")
    assert (ended.code, ended.out) == (2, "")
    assert "there is no audit yet" in ended.err
    assert list(bot.folder.iterdir()) == []


@pytest.fixture
def data() -> Iterator[Path]:
    """A folder with an embedded database in which there is one entry, and nobody who uses it."""
    # pytest closes its own folders to other users, and for root the server is one
    made = Path(tempfile.mkdtemp(prefix="sms-bot-test-"))
    server = embedded.start(made)

    async def prepare() -> None:
        async with await psycopg.AsyncConnection.connect(server.url, autocommit=True) as conn:
            await migrate(conn)

    asyncio.run(prepare())
    keep(server.url)
    server.stop()
    yield made
    shutil.rmtree(made, ignore_errors=True)


def test_an_embedded_database_is_started_for_it_and_stopped_after_it(
    data: Path, bot: Shell
) -> None:
    ended = asyncio.run(bot.real("audit", DATABASE_URL="", SMS_DATA_DIR=str(data)))
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith("2026-03-01T12:30:15Z  allowed  ")
    assert not (data / "postgres" / "postmaster.pid").exists()


@pytest.mark.parametrize("entries", [1, 3_000])
async def test_a_reader_that_has_seen_enough_ends_it_quietly(
    bot: Shell, database_url: str, entries: int
) -> None:
    with psycopg.connect(database_url) as conn:
        values = (NOON, "C1", "U1", True, RULE, "", 1)
        conn.cursor().executemany(_INSERT, [values] * entries)
    reader, writer = os.pipe()
    os.close(reader)
    assert await printed_to(writer, bot) == (0, "")


async def test_a_full_disk_is_told(bot: Shell, database_url: str) -> None:
    keep(database_url)
    code, err = await printed_to(os.open("/dev/full", os.O_WRONLY), bot)
    assert (code, err.count("\n")) == (2, 1)
    assert err.startswith("standard output: cannot be written: No space left on device. ")


async def printed_to(target: int, bot: Shell) -> tuple[int | None, str]:
    """Run the command with `target`, which is then closed, as its standard output."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "audit"),
        cwd=bot.folder,
        env=bot.given({}),
        stdout=target,
        stderr=asyncio.subprocess.PIPE,
    )
    os.close(target)
    async with asyncio.timeout(30):
        _, err = await process.communicate()
    return process.returncode, err.decode()


# The same in this process, where a debugger and a coverage tool can follow.


@pytest.mark.parametrize(
    ("words", "code", "out"),
    [
        ([], 0, "2026-03-01T12:30:15Z  refused  "),
        (["--json"], 0, '{"at": "2026-03-01T12:30:15.250000Z", '),
        (["--csv"], 0, HEAD.strip()),
        (["--json", "--csv"], 2, ""),
        (["--since", "yesterday"], 2, ""),
    ],
)
def test_the_audit_can_be_asked_for_within_a_process(
    bot: Shell, database_url: str, words: list[str], code: int, out: str
) -> None:
    keep(database_url, send=None)
    ended = CliRunner().invoke(app, ["audit", *words], env=bot.environ)
    assert ended.exit_code == code
    assert ended.stdout.startswith(out)
    assert bool(ended.stdout) != bool(ended.stderr)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("postgresql://127.0.0.1:1/x", "DATABASE_URL: the database cannot be used: "),
        ("", "DATABASE_URL, SMS_DATA_DIR: there is no audit yet. "),
    ],
)
def test_what_is_in_the_way_is_told_within_a_process(bot: Shell, url: str, told: str) -> None:
    given = {**bot.environ, "DATABASE_URL": url, "SMS_DATA_DIR": str(bot.folder / "none")}
    ended = CliRunner().invoke(app, ["audit"], env=given)
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert ended.stderr.startswith(told)
