"""`sms-bot init`, `check` and `--help`; and every command within this process."""

import asyncio
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bot.cli import app
from bot.sandbox.environ import environ
from bot.sandbox.server import FakeSlack
from tests.bot.cli.kit import ALICE, BOB, Shell
from twilio_core.testing import Silence


async def test_init_writes_both_files_and_never_overwrites(shell: Shell) -> None:
    ended = await shell.real("init")
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
        slack.add_user("U1", "one")
        slack.add_channel("C1", "one", ["U1"])
        given = environ(slack, shell.twilio, DATABASE_URL=database_url)
        well = await shell.real("check", **given)
        told = json.loads((await shell("check", "--json", **given)).out)
        ill = await shell("check", **{**given, "TWILIO_AUTH_TOKEN": "other"})
    assert (well.code, ill.code) == (0, 1)
    assert [line[:4] for line in well.out.splitlines()] == ["ok  "] * 11
    assert [line for line in ill.out.splitlines() if line.startswith("FAIL Twilio account: ")]
    assert "     → Check TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN" in ill.out
    assert told["ok"] is True
    assert [each["name"] for each in told["checks"]][:2] == ["configuration", "Slack token"]


async def test_help_names_every_command(shell: Shell) -> None:
    ended = await shell.real("--help")
    assert ended.code == 0
    for name in ("run", "worker", "init", "check", "send", "recipients", "demo"):
        assert f" {name} " in ended.out


async def test_an_unknown_command_is_told_on_standard_error(shell: Shell) -> None:
    ended = await shell.real("sned")
    assert (ended.code, ended.out) == (2, "")
    assert "sned" in ended.err


# The same in this process, where a debugger and a coverage tool can follow.


@pytest.fixture
def inside(shell: Shell, tmp_path: Path) -> Callable[..., Result]:
    def invoke(*words: str, **changes: str) -> Result:
        before = Path.cwd()
        os.chdir(tmp_path)
        try:
            given = {**dict.fromkeys(n for n in os.environ if "TWILIO" in n), **changes}
            return CliRunner().invoke(app, words, env={**shell.environ, **given})
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
    given = environ(slack, shell.twilio, DATABASE_URL=database_url)
    checked = await call(inside, "check", **given)
    assert checked.exit_code == 0
    faulty = await call(inside, "run")
    assert faulty.exit_code == 2
    assert faulty.stdout == ""
