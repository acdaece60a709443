"""The demo as somebody sees it: the real bot, a real PostgreSQL, lines typed by the test."""

import asyncio
import io
import os
import signal
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from bot.config import Settings
from bot.sandbox.demo import perform
from bot.sandbox.demo_lines import NextLine, lines_of
from bot.sandbox.demo_screen import ARROW, Screen, Seat
from bot.sandbox.demo_script import STEPS, Step, at_once
from bot.sandbox.model import Origin
from bot.sandbox.stage import Stage
from bot.sandbox.workspace import BOT_USER, Workspace

PLAYED = [step.caption for step in STEPS]


def typed(lines: Sequence[str]) -> NextLine:
    left = iter(lines)

    async def next_line() -> str | None:
        return next(left, None)

    return next_line


async def show(
    *lines: str,
    steps: Sequence[Step] = (),
    settings: list[Settings] | None = None,
    live: bool = False,
) -> str:
    """Hold a conversation; give what was on the terminal."""
    out = io.StringIO()
    console = Console(file=out, width=100, highlight=False, force_terminal=live, no_color=True)
    kept = settings if settings is not None else []
    await perform(console, typed(lines), at_once, live=live, steps=steps, prepare=kept.append)
    return out.getvalue()


@pytest.fixture(scope="module")
def script() -> dict[str, str]:
    """What the scripted part shows, by the caption of each step."""
    shown = asyncio.run(show(steps=STEPS))
    parts: dict[str, str] = {}
    for caption in reversed(PLAYED):
        shown, parts[caption] = shown.split(caption, 1)
    return parts


def step(script: dict[str, str], text: str) -> str:
    """Find the part in which a command is typed or a button pressed."""
    (found,) = (shown for shown in script.values() if text in shown)
    return found


def test_it_plays_a_success(script: dict[str, str]) -> None:
    shown = step(script, "/sms send alice,bob")
    assert "sms-bot  in #oncall" in shown
    assert "SMS to 2 recipients: Success" in shown
    assert "alice (••••••••1212) – sent" in shown


def test_it_plays_a_partial_failure_whose_number_the_sender_alone_is_told(
    script: dict[str, str],
) -> None:
    card, notice = step(script, "/sms send lab,dan").split("Only visible to you")
    assert "SMS to 3 recipients: Partial-Success" in card
    assert "+447700900123" not in card
    assert "1 of 3 failed" in notice
    assert "+447700900123: 21408" in notice
    assert "[ 1 ▸ Retry failed (1) ]" in notice


def test_it_presses_retry_failed_and_reaches_the_failed_one_alone(script: dict[str, str]) -> None:
    shown = step(script, "presses [ Retry failed (1) ]")
    assert "SMS to 1 recipient: Success" in shown
    assert "dan (•••••••••0123) – sent" in shown


def test_it_plays_a_refusal_with_the_line_of_sms_toml_that_would_allow_it(
    script: dict[str, str],
) -> None:
    shown = step(script, "/sms send +33")
    assert "Nothing was sent" in shown
    assert 'to = ["verified", "directory", "+1617", "+1500555", "+33199001234"]' in shown


def test_it_lists_the_recipients_and_turns_the_page(script: dict[str, str]) -> None:
    first, second = step(script, f"{ARROW} /sms recipients"), step(script, "presses [ Next ]")
    assert "│ Ada, on call       │ +16175550101  │ verified │" in first
    assert "Page 1 of 2" in first
    assert "Wim, on call" not in first
    assert "Wim, on call" in second
    assert "Page 2 of 2" in second


def test_numbers_to_paste_are_never_broken_in_two(script: dict[str, str]) -> None:
    listed = step(script, f"{ARROW} /sms recipients").split("To send to all of them:")[1]
    rows = [line.removeprefix("▌").strip() for line in listed.splitlines() if "," in line]
    assert len(rows) > 1
    assert all(row.endswith(",") for row in rows[:-1])


def test_where_the_bot_is_no_member_its_answer_is_private(script: dict[str, str]) -> None:
    shown = step(script, f"alice in #random {ARROW} /sms send bob")
    assert "Only visible to you" in shown
    assert "SMS to 1 recipient: Success" in shown


def test_it_ends_by_saying_what_twilio_got_and_where_to_go_on(script: dict[str, str]) -> None:
    last = script[PLAYED[-1]]
    assert "The local Twilio was asked for 11 messages and took 10." in last
    assert "README.md" in last


async def test_a_command_may_be_typed_with_and_without_its_slash() -> None:
    shown = await show("send alice one", "/sms send bob two")
    assert "alice (••••••••1212) – sent" in shown
    assert "bob (••••••••1213) – sent" in shown


async def test_a_button_is_pressed_by_its_number() -> None:
    shown = await show("recipients lab", "1", "9")
    assert "[ 1 ▸ Share in channel ]" in shown
    assert "shared by @alice" in shown
    assert "There is no button 9" in shown


async def test_one_can_change_the_channel_and_be_somebody_else() -> None:
    shown = await show("#random", "as bob", "send carol hello", "#nowhere", "as nobody")
    assert f"bob in #random {ARROW} send carol hello" in shown
    assert "from @bob" in shown
    assert "There is no #nowhere" in shown
    assert "Nobody is called nobody" in shown


async def test_a_private_answer_cannot_be_pressed_by_somebody_else() -> None:
    shown = await show("recipients", "as bob", "1")
    assert "somebody else's screen" in shown


async def test_what_means_nothing_is_answered_with_what_can_be_typed() -> None:
    shown = await show("help", "order pizza")
    _, explained = shown.split("“order pizza” means nothing here")
    assert "press a button of the last answers" in explained


async def test_the_composer_asks_for_its_fields_and_shows_its_errors() -> None:
    shown = await show("send", "alice, nobody", "Hello", "alice", "", "")
    before, after = shown.split("nobody: no contact or group has this name")
    assert "Or typed, as in the command  Numbers, contacts, groups" in before
    assert "[alice, nobody]" in after
    assert "alice (••••••••1212) – sent" in after
    assert "▌ Hello" in after


async def test_the_shortcut_asks_for_the_channel_too() -> None:
    shown = await show("shortcut", "#random", "bob", "", "Hello", "", "quit", "never read")
    assert "Channel  Choose it first" in shown
    assert "Slack does not submit without it." in shown
    assert "bob (+16175551213) – sent" in shown
    assert "never read" not in shown


async def test_the_preview_leads_back_or_to_plain_characters_by_its_button() -> None:
    text = "Don\u2019t open " + "x" * 70
    shown = await show("send", "alice", text, "back", "", "", "1", "")
    assert shown.count("What will be sent") == 3
    assert "Encoding: UCS-2" in shown
    assert "Encoding: GSM-7" in shown
    assert "▌ Don't open xxx" in shown


async def test_the_composer_can_be_left_without_sending() -> None:
    shown = await show("send", "cancel", "")
    assert "Closed; nothing was sent." in shown
    assert "Nothing new." in shown
    assert "asked for 0 messages" in shown


async def test_a_terminal_shows_the_card_while_it_is_on_its_way() -> None:
    shown = await show("send +15005550429 hello", live=True)  # taken at the second attempt
    assert shown.index("SMS to 1 recipient: Sending") < shown.index("SMS to 1 recipient: Success")


async def test_the_end_of_input_stops_everything() -> None:
    kept: list[Settings] = []
    await show("help", settings=kept)
    (settings,) = kept
    for url in (settings.slack_api_url, settings.twilio_url):
        with pytest.raises(urllib.error.URLError, match="refused"):
            await asyncio.to_thread(urllib.request.urlopen, url)
    assert not settings.sms_config.parent.exists()


# -- the screen -------------------------------------------------------------------------------

ALICE, ONCALL = "U0ALICE", "C0ONCALL"


@pytest.fixture
def screen() -> Screen:
    """Alice's screen, nothing on it yet."""
    stage = Stage(Workspace())
    stage.add_user(ALICE, "alice")
    stage.add_channel(ONCALL, "oncall", [ALICE])
    return Screen(stage, Console(file=io.StringIO(), width=80, record=True), live=False)


def test_of_a_card_that_changes_later_only_the_new_lines_are_shown(screen: Screen) -> None:
    workspace, seat = screen.slack.workspace, Seat(ALICE, ONCALL)
    settled = {"event_type": "sms_send", "event_payload": {"id": 7, "statusCode": "200"}}
    card = workspace.post(ONCALL, BOT_USER, Origin.POST, "Success\nalice – sent", metadata=settled)
    assert screen.catch_up(seat)
    assert not screen.catch_up(seat)
    screen.console.export_text()
    workspace.edit(card, "Success\nalice – delivered", [], settled)
    screen.catch_up(seat)
    shown = [line.rstrip() for line in screen.console.export_text().splitlines()]
    assert shown == ["▌ the card #7 has changed", "▌ alice – delivered", ""]


def test_what_the_bot_writes_to_a_person_directly_is_shown_wherever_they_are(
    screen: Screen,
) -> None:
    workspace = screen.slack.workspace
    direct = workspace.direct({ALICE, BOT_USER})
    workspace.post(direct.id, BOT_USER, Origin.POST, "psst")
    screen.catch_up(Seat(ALICE, ONCALL))
    shown = screen.console.export_text()
    assert "in your direct messages" in shown
    assert "psst" in shown


async def test_who_waits_in_vain_is_told_how_to_look_again(screen: Screen) -> None:
    screen.slack.workspace.post(
        ONCALL,
        BOT_USER,
        Origin.POST,
        "Sending",
        metadata={"event_type": "sms_send", "event_payload": {"id": 7, "statusCode": ""}},
    )
    await replace(screen, patience=0.1).follow(Seat(ALICE, ONCALL))
    assert "Enter looks again" in screen.console.export_text()


# -- lines ------------------------------------------------------------------------------------


async def test_lines_are_read_from_a_pipe_to_its_end() -> None:
    reading, writing = os.pipe()
    next_line = lines_of(reading)
    os.write(writing, "send alice h\u00e9\r\n\nlast".encode())
    os.close(writing)
    assert [await next_line() for _ in range(5)] == ["send alice h\u00e9", "", "last", None, None]
    os.close(reading)


# -- the process ------------------------------------------------------------------------------


@pytest.fixture
def temporary() -> Iterator[Path]:
    """A folder for temporary files, short enough for a socket's name."""
    with tempfile.TemporaryDirectory(prefix="sms-bot-test-") as folder:
        yield Path(folder)


@pytest.fixture
def demo(temporary: Path) -> Iterator["subprocess.Popen[str]"]:
    """`sms-bot demo` with pipes for a terminal."""
    with subprocess.Popen(
        [sys.executable, "-m", "bot", "demo"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env={**os.environ, "TMPDIR": str(temporary), "PYTHONUTF8": "1"},
    ) as process:
        yield process
        process.kill()


def test_piped_commands_are_carried_out_and_nothing_is_left_behind(
    demo: "subprocess.Popen[str]", temporary: Path
) -> None:
    shown, errors = demo.communicate("send alice Hello from a pipe\n", 120)
    assert (demo.returncode, errors) == (0, "")
    assert "The page of this demo: http://127.0.0.1:" in shown
    assert f"{ARROW} send alice Hello from a pipe" in shown
    assert shown.index("It types a few commands") < shown.index("Hello from a pipe")
    assert list(temporary.iterdir()) == []


def test_ctrl_c_leaves_cleanly(demo: "subprocess.Popen[str]", temporary: Path) -> None:
    assert demo.stdout
    while "1/" not in demo.stdout.readline():
        pass
    demo.send_signal(signal.SIGINT)
    demo.send_signal(signal.SIGINT)
    _, errors = demo.communicate(timeout=120)
    assert (demo.returncode, errors) == (0, "")
    assert list(temporary.iterdir()) == []
