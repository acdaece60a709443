"""The command line as a script sees it: a process, its exit code and its two streams."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest
from typer.testing import CliRunner, Result

from bot.cli import app
from bot.sandbox.server import FakeSlack
from twilio_core.testing import Error, FakeTwilio, Html, Outcome, Raw, ServerError, Silence

ALICE, BOB, WRONG = "+16175551212", "+16175551213", "+15005550001"


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def result(self) -> dict[str, Any]:
        """The one JSON object on standard output."""
        [line] = self.out.splitlines()
        found: dict[str, Any] = json.loads(line)
        return found


@dataclass
class Shell:
    """A working directory and an environment of their own."""

    folder: Path
    twilio: FakeTwilio
    environ: dict[str, str] = field(default_factory=dict)

    async def start(self, *words: str, **changes: str) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "bot", *words),
            cwd=self.folder,
            env=self.given(changes),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def given(self, changes: Mapping[str, str]) -> dict[str, str]:
        root = str(Path(__file__).parents[2])
        kept = {k: v for k, v in os.environ.items() if k in {"PATH", "HOME", "SYSTEMROOT"}}
        return {**kept, "PYTHONPATH": root, "PYTHONUTF8": "1", **self.environ, **changes}

    async def __call__(self, *words: str, **changes: str) -> Ended:
        process = await self.start(*words, **changes)
        return await self.end(process)

    async def end(self, process: asyncio.subprocess.Process) -> Ended:
        try:
            async with asyncio.timeout(60):
                out, err = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        ended = Ended(process.returncode or 0, out.decode(), err.decode())
        secrets = [v for k, v in self.environ.items() if k.endswith(("TOKEN", "SECRET"))]
        assert not [s for s in secrets if s and s in ended.out + ended.err]
        assert "Traceback" not in ended.err
        return ended


@pytest.fixture
async def twilio() -> AsyncIterator[FakeTwilio]:
    async with FakeTwilio(step=None) as fake:
        yield fake


@pytest.fixture
def shell(tmp_path: Path, twilio: FakeTwilio) -> Shell:
    environ = {
        "TWILIO_ACCOUNT_SID": twilio.account_sid,
        "TWILIO_AUTH_TOKEN": twilio.auth_token,
        "TWILIO_FROM": "+15005550006",
        "TWILIO_URL": twilio.url,
    }
    return Shell(tmp_path, twilio, environ)


# send


async def test_send_prints_one_object_and_exits_0_when_all_accept(shell: Shell) -> None:
    ended = await shell("send", "--to", f"{ALICE}, {BOB}", "--body", "Water 🌊")
    assert (ended.code, ended.err) == (0, "")
    result = ended.result
    assert {k: result[k] for k in ("statusCode", "status", "failedNumbers", "unknownNumbers")} == {
        "statusCode": "200",
        "status": "Success",
        "failedNumbers": "",
        "unknownNumbers": "",
    }
    assert result["message"] == f"SMS sent successfully to: {ALICE},{BOB}"
    assert [sorted(r) for r in result["recipients"]] == [
        ["code", "error_code", "reason", "sid", "to"]
    ] * 2
    assert [post.form["Body"][0] for post in shell.twilio.posts] == ["Water 🌊"] * 2


async def test_send_exits_1_on_a_partial_success_and_names_who_failed(shell: Shell) -> None:
    ended = await shell("send", "--to", f"{ALICE},{WRONG}", "--body", "x")
    assert ended.code == 1
    assert (ended.result["statusCode"], ended.result["status"]) == ("201", "Partial-Success")
    assert ended.result["failedNumbers"] == WRONG
    assert ended.result["message"] == f"{WRONG}: 21211 the number is not valid"


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        (Error(21211, 400), "400"),
        (Error(20003, 401), "401"),
        (Error(20404, 404), "404"),
        (Error(20004, 405), "405"),
        (Error(20429, 429), "429"),
        (ServerError(500), "500"),
        (Html(503), "503"),
        (Raw(418, b"teapot"), "1001"),
    ],
)
async def test_send_exits_2_with_the_status_that_twilio_gave(
    shell: Shell, outcome: Outcome, code: str
) -> None:
    shell.twilio.script(ALICE, outcome)
    ended = await shell("send", "--to", ALICE, "--body", "x")
    assert (ended.code, ended.result["statusCode"], ended.result["status"]) == (2, code, "Failed")
    assert ended.err == ""


async def test_send_gives_202_when_nobody_accepts_for_different_reasons(shell: Shell) -> None:
    shell.twilio.script(BOB, Error(20004, 405))
    ended = await shell("send", "--to", f"{WRONG},{BOB}", "--body", "x")
    assert (ended.code, ended.result["statusCode"]) == (2, "202")


async def test_send_gives_901_without_a_connection(shell: Shell) -> None:
    await shell.twilio.refuse()
    ended = await shell("send", "--to", ALICE, "--body", "x")
    assert (ended.code, ended.result["statusCode"]) == (2, "901")
    assert ended.result["failedNumbers"] == ALICE


async def test_send_calls_a_number_without_an_answer_unknown_and_never_failed(
    shell: Shell,
) -> None:
    shell.twilio.script(ALICE, ServerError(500, accepted=True))
    ended = await shell("send", "--to", ALICE, "--body", "x")
    assert (ended.result["failedNumbers"], ended.result["unknownNumbers"]) == ("", ALICE)


@pytest.mark.parametrize(
    ("changes", "words", "code", "message"),
    [
        ({}, ["--to", ALICE, "--body", " "], "501", "SMS body is blank"),
        ({}, ["--to", " , ", "--body", "x"], "502", "To field is blank"),
        ({"TWILIO_FROM": ""}, ["--to", ALICE, "--body", "x"], "503", "From field is blank"),
        ({"TWILIO_URL": ""}, [], "504", "Url String field is blank"),
        ({"TWILIO_ACCOUNT_SID": " "}, [], "505", "Account SID field is blank"),
        ({"TWILIO_AUTH_TOKEN": ""}, [], "506", "Auth Token String field is blank"),
        ({"TWILIO_AUTH_TOKEN": "", "TWILIO_API_KEY": " "}, [], "506", "Auth Token String field is"),
    ],
)
async def test_send_says_which_field_is_blank(
    shell: Shell, changes: dict[str, str], words: list[str], code: str, message: str
) -> None:
    ended = await shell("send", *words, **changes)
    assert (ended.code, ended.result["statusCode"], ended.result["status"]) == (2, code, "Failed")
    assert ended.result["message"].startswith(message)
    assert shell.twilio.requests == []


async def test_send_takes_an_api_key_instead_of_the_auth_token(shell: Shell) -> None:
    key = {"TWILIO_API_KEY": shell.twilio.api_key, "TWILIO_API_SECRET": shell.twilio.api_secret}
    ended = await shell("send", "--to", ALICE, "--body", "x", TWILIO_AUTH_TOKEN="", **key)
    assert ended.code == 0


async def test_send_takes_another_sender(shell: Shell) -> None:
    ended = await shell("send", "--to", ALICE, "--body", "x", "--from", "ACME")
    assert ended.code == 0
    assert [post.form["From"] for post in shell.twilio.posts] == [["ACME"]]


async def test_send_reads_the_env_file_of_the_working_directory(shell: Shell) -> None:
    lines = [f"{name}={value}" for name, value in shell.environ.items()]
    (shell.folder / ".env").write_text("\n".join(lines), encoding="utf-8")
    given, shell.environ = shell.environ, {}
    ended = await shell("send", "--to", ALICE, "--body", "x")
    assert ended.code == 0
    assert given["TWILIO_AUTH_TOKEN"] not in ended.out


async def test_send_tells_an_env_file_that_cannot_be_read(shell: Shell) -> None:
    (shell.folder / ".env").write_bytes(b"\xff\xfe=")
    ended = await shell("send", "--to", ALICE, "--body", "x")
    assert (ended.code, ended.out) == (2, "")
    assert ".env: cannot be read" in ended.err


async def test_send_tells_its_result_on_a_terminal_that_knows_ascii_alone(shell: Shell) -> None:
    shell.twilio.script(ALICE, Error(99999, 400, "caf\u00e9 \u2026"))
    narrow = {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    ended = await shell("send", "--to", ALICE, "--body", "\u00fc", **narrow)
    assert ended.code == 2
    assert "caf\u00e9" in ended.result["message"]


# recipients


async def test_recipients_prints_the_numbers_ready_to_be_sent_to(shell: Shell) -> None:
    shell.twilio.verified = [(ALICE, "Alice"), (BOB, BOB)]
    ended = await shell("recipients")
    assert (ended.code, ended.err) == (0, "")
    assert ended.result["message"] == f"{ALICE},{BOB}"
    again = await shell("send", "--to", ended.result["message"], "--body", "x")
    assert again.code == 0


async def test_recipients_of_an_account_without_any_is_an_empty_success(shell: Shell) -> None:
    ended = await shell("recipients")
    assert (ended.code, ended.result["statusCode"], ended.result["message"]) == (0, "200", "")


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        (Error(20003, 401), "401"),
        (Error(20404, 404), "404"),
        (Error(20429, 429), "429"),
        (ServerError(500), "500"),
        (Html(503), "503"),
        (Raw(200, b"[]"), "1001"),
    ],
)
async def test_recipients_exits_2_with_the_status_that_twilio_gave(
    shell: Shell, outcome: Outcome, code: str
) -> None:
    shell.twilio.script("*", outcome)
    ended = await shell("recipients")
    assert (ended.code, ended.result["statusCode"], ended.result["status"]) == (2, code, "Failed")


# init, check, help


async def test_init_writes_both_files_and_never_overwrites(shell: Shell) -> None:
    ended = await shell("init")
    assert (ended.code, ended.out) == (0, "")
    assert ended.err.splitlines() == ["sms.toml: written", ".env: written"]
    assert (shell.folder / ".env").stat().st_mode & 0o077 == 0
    (shell.folder / "sms.toml").write_text("mine", encoding="utf-8")
    again = await shell("init")
    assert again.err.splitlines() == [
        "sms.toml: exists, left as it is",
        ".env: exists, left as it is",
    ]
    assert (shell.folder / "sms.toml").read_text(encoding="utf-8") == "mine"


async def test_what_init_writes_lacks_only_the_secrets(shell: Shell) -> None:
    await shell("init")
    slack = {"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_APP_TOKEN": "xapp-1"}
    ended = await shell("check", DATABASE_URL="postgresql://127.0.0.1:1/x", **slack)
    assert ended.out.splitlines()[0].startswith("ok   configuration: ")


async def test_check_prints_a_line_for_each_look_and_exits_0_only_if_all_is_well(
    shell: Shell, database_url: str
) -> None:
    (shell.folder / "sms.toml").write_text("[[channel]]\nid = 'C1'\n", encoding="utf-8")
    async with FakeSlack() as slack:
        given = {
            "SLACK_BOT_TOKEN": slack.bot_token,
            "SLACK_APP_TOKEN": slack.app_token,
            "SLACK_API_URL": slack.api_url,
            "DATABASE_URL": database_url,
        }
        well = await shell("check", **given)
        ill = await shell("check", **{**given, "TWILIO_AUTH_TOKEN": "other"})
    assert (well.code, ill.code) == (0, 1)
    assert [line[:4] for line in well.out.splitlines()] == ["ok  "] * 6
    assert [line for line in ill.out.splitlines() if line.startswith("FAIL Twilio account: ")]
    assert "     → Check TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN" in ill.out


async def test_help_names_every_command(shell: Shell) -> None:
    ended = await shell("--help")
    assert ended.code == 0
    for name in ("run", "worker", "init", "check", "send", "recipients", "demo"):
        assert f" {name} " in ended.out


async def test_an_unknown_command_is_told_on_standard_error(shell: Shell) -> None:
    ended = await shell("sned")
    assert (ended.code, ended.out) == (2, "")
    assert "sned" in ended.err


# run


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with FakeSlack() as fake:
        yield fake


@pytest.fixture
def bot(shell: Shell, slack: FakeSlack, database_url: str) -> Shell:
    """A shell in which the bot can run."""
    (shell.folder / "sms.toml").write_text("", encoding="utf-8")
    shell.environ |= {
        "SLACK_BOT_TOKEN": slack.bot_token,
        "SLACK_APP_TOKEN": slack.app_token,
        "SLACK_API_URL": slack.api_url,
        "DATABASE_URL": database_url,
        "PORT": "0",
    }
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


# The same in this process, where a debugger and a coverage tool can follow.


@pytest.fixture
def inside(shell: Shell, tmp_path: Path) -> Callable[..., Result]:
    def invoke(*words: str, **changes: str) -> Result:
        before = Path.cwd()
        os.chdir(tmp_path)
        try:
            environ = {**dict.fromkeys(n for n in os.environ if "TWILIO" in n), **changes}
            return CliRunner().invoke(app, words, env={**shell.environ, **environ})
        finally:
            os.chdir(before)

    return invoke


async def test_the_commands_can_be_called_within_a_process(
    inside: Callable[..., Result], shell: Shell, slack: FakeSlack, database_url: str
) -> None:
    call = asyncio.to_thread
    shell.twilio.script(BOB, Silence())
    sent = await call(inside, "send", "--to", ALICE, "--body", "x")
    assert (sent.exit_code, json.loads(sent.stdout)["statusCode"]) == (0, "200")
    listed = await call(inside, "recipients")
    assert (listed.exit_code, listed.stderr) == (0, "")
    assert (await call(inside, "init")).exit_code == 0
    given = {"SLACK_BOT_TOKEN": slack.bot_token, "SLACK_APP_TOKEN": slack.app_token}
    given |= {"SLACK_API_URL": slack.api_url, "DATABASE_URL": database_url}
    checked = await call(inside, "check", **given)
    assert checked.exit_code == 0
    faulty = await call(inside, "run")
    assert faulty.exit_code == 2
    assert faulty.stdout == ""
