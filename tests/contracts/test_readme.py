import asyncio
import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel
from slack_bolt.async_app import AsyncApp
from typer.main import get_command

from bot.cli import app
from bot.config import SLACK_API_URL, TWILIO_URL, Settings
from bot.core import PROMPT
from bot.gateway import ATTEMPTS
from bot.intake import alerts
from bot.jobs import GRACE
from bot.metrics import Metrics
from bot.policyfile import PolicySource, parse
from bot.policyschema import PolicyTables
from bot.slack.listeners import ACK_LIMIT
from bot.slack.surface import COMMAND
from bot.slack.views.card import LISTED, STATES
from bot.slack.views.listing import PAGE
from bot.store.alerts import Route, Taken
from bot.store.outbox import DEAD_AFTER
from bot.store.replies import Reply
from bot.store.statuses import Report
from bot.variables import SECRETS
from bot.web import routes, slack_events, twilio_inbound, twilio_status
from commands.entries import read_list
from commands.forms import FORMS
from commands.home import REFUSALS, ROWS, SENDS
from commands.model import TRANSITIONS
from commands.notice import Notice
from commands.segments import MAX_BODY
from commands.status import LAST
from twilio_core.testing import FakeTwilio

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
HEADS = re.findall(r"^#+ (.+)$", README, flags=re.MULTILINE)
PICTURE = ROOT / "docs" / "card.png"


def section(title: str) -> str:
    """Give the text under a heading, down to the next of its own level or above."""
    head = re.search(rf"^(#+) {re.escape(title)}\n", README, flags=re.MULTILINE)
    assert head, title
    rest = README[head.end() :]
    after = re.search(rf"^#{{1,{len(head[1])}}} ", rest, flags=re.MULTILINE)
    return rest[: after.start()] if after else rest


def rows(text: str, first: str) -> list[list[str]]:
    """Give the cells of the table whose first column is called `first`."""
    table = text[text.index(f"| {first} |") :].split("\n\n", 1)[0]
    lines = table.splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def coded(text: str) -> list[str]:
    return re.findall(r"`([^`]+)`", text)


def blocks(language: str) -> list[str]:
    found = re.findall(rf"^( *)```{language}\n(.*?)^ *```$", README, flags=re.DOTALL | re.MULTILINE)
    assert found
    return [re.sub(rf"^{indent}", "", text, flags=re.MULTILINE) for indent, text in found]


def test_the_table_of_variables_has_exactly_those_that_are_read() -> None:
    named = [name for first, *_ in rows(README, "variable") for name in coded(first)]
    assert named == [name.upper() for name in Settings.model_fields]


def test_the_defaults_shown_are_those_of_the_code() -> None:
    shown = {coded(name)[0]: default for name, _, default in rows(README, "variable")}
    fields = {name.upper(): field for name, field in Settings.model_fields.items()}
    assert shown["SLACK_API_URL"] == f"`{SLACK_API_URL}`"
    assert shown["TWILIO_URL"] == f"`{TWILIO_URL}`"
    for name in ("HOST", "PORT", "LOG_LEVEL"):
        assert shown[name] == f"`{fields[name].default}`"
    without = {name for name, default in shown.items() if default == "–"}
    assert without <= {name for name, field in fields.items() if field.default is None}


def test_every_variable_named_anywhere_exists() -> None:
    named = set(re.findall(r"\b(?:SLACK|TWILIO|SMS|LOG)_[A-Z_]+\b|\b[A-Z]+_URL\b", README))
    constants = {"DEFAULT_URL"}  # of twilio_core
    known = {name.upper() for name in Settings.model_fields}
    assert named - constants <= known | {f"{name}_FILE" for name in SECRETS}


def test_the_commands_shown_are_those_that_help_names() -> None:
    shown = [coded(first)[0] for first, *_ in rows(README, "type")]
    forms = [form for verb in FORMS for form in FORMS[verb].split(", ")]
    assert shown == [FORMS["send"], "/sms send", *forms[1:]]


def test_every_command_typed_anywhere_has_a_verb_that_there_is() -> None:
    assert set(re.findall(rf"{COMMAND} (\w+)", README)) <= set(FORMS)


def test_every_example_of_a_recipient_reads_as_one_entry() -> None:
    examples = [e for _, cell in rows(README, "entry") for e in coded(cell)]
    assert examples
    for example in examples:
        entries, rest = read_list(example)
        assert (len(entries), rest) == (1, "")


def test_the_command_line_shown_is_the_one_there_is() -> None:
    whole: Any = get_command(app)
    there = [
        f"sms-bot {name}{inner}"
        for name, command in whole.commands.items()
        for inner in ([f" {each}" for each in getattr(command, "commands", ())] or [""])
    ]
    told = [coded(first)[0] for first, *_ in rows(README, "command")]
    assert sorted(re.sub(r" (?:[A-Z]+|\[--[a-z]+\])$", "", each) for each in told) == sorted(there)
    assert set(re.findall(r"(?:\$ |`)sms-bot ([a-z]+)", README)) == set(whole.commands)


def test_the_make_targets_shown_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, flags=re.MULTILINE))
    shown = set(re.findall(r"(?:\$ |`)make ([a-z]+)", README))
    assert shown == {"bench", "demo", "test"}
    assert shown <= targets


def test_the_states_and_their_moves_are_drawn_from_the_code() -> None:
    shown = {
        coded(state)[0]: (words, {*coded(moves)}) for state, words, moves in rows(README, "state")
    }
    assert shown == {
        state.value: (STATES[state][1], {each.value for each in moves})
        for state, moves in TRANSITIONS.items()
    }


def test_the_toml_shown_is_a_policy_without_fault() -> None:
    for text in blocks("toml"):
        assert parse(text, "README").policy.channels


def keys_of(table: type[BaseModel]) -> Iterator[str]:
    """Name the keys of a table, and of the tables within it."""
    for name, field in table.model_fields.items():
        yield field.alias or name
        inner = next(iter(get_args(field.annotation)), field.annotation)
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            yield from keys_of(inner)


def keys_in(data: object) -> Iterator[str]:
    """Name the keys of a TOML document, and of the tables within it."""
    if isinstance(data, dict):
        yield from data
    for inner in (
        data.values() if isinstance(data, dict) else data if isinstance(data, list) else ()
    ):
        yield from keys_in(inner)


def test_every_key_of_sms_toml_is_told_of() -> None:
    assert set(keys_in(tomllib.loads(blocks("toml")[-1]))) == set(keys_of(PolicyTables))


def test_the_example_in_python_prints_what_is_shown(tmp_path: Path) -> None:
    (example,), (shown,) = blocks("python"), [t for t in blocks("text") if "statusCode" in t]
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", example],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == shown


async def cli(folder: Path, command: str, **variables: str) -> tuple[int, str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "bot", *shlex.split(command)),
        cwd=folder,
        env={**kept, "PYTHONPATH": str(ROOT), **variables},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    return process.returncode or 0, out.decode(), err.decode()


def shown_after(command: str) -> str:
    """Give what the README prints between this command and the next."""
    after = next(t.split(f"$ {command}\n")[1] for t in blocks("console") if f"$ {command}\n" in t)
    return after.split("\n$ ")[0].strip()


async def test_send_and_recipients_print_what_is_shown(tmp_path: Path) -> None:
    verified = [("+16175551212", "Ada"), ("+16175551213", "Bob")]
    async with FakeTwilio(verified=verified) as twilio:
        account = {
            "TWILIO_ACCOUNT_SID": twilio.account_sid,
            "TWILIO_AUTH_TOKEN": twilio.auth_token,
            "TWILIO_FROM": "+15005550006",
            "TWILIO_URL": twilio.url,
        }
        piped = re.search(r"\$ sms-bot (send .*) \| python3 -m json.tool\n", README)
        assert piped
        code, out, _ = await cli(tmp_path, piped[1], **account)
        found, shown = json.loads(out), json.loads(shown_after(piped[0][2:-1]))
        for each in (found, shown):
            assert re.fullmatch("SM[0-9a-f]{32}", each["recipients"][0].pop("sid"))
        assert (code, found) == (1, shown)
        code, out, _ = await cli(tmp_path, "recipients", **account)
        assert (code, out.strip()) == (0, shown_after("sms-bot recipients"))


async def test_init_says_what_is_shown_and_check_then_asks_for_what_is_missing(
    tmp_path: Path,
) -> None:
    assert await cli(tmp_path, "init") == (0, "", shown_after("sms-bot init") + "\n")
    code, out, _ = await cli(tmp_path, "check")
    assert code == 1
    assert "SLACK_BOT_TOKEN: is not set" in out


def test_the_routes_shown_are_those_that_are_served() -> None:
    async def ready() -> str:
        return ""

    async def hear(_report: Report) -> bool:
        return True

    async def listen(_reply: Reply) -> None: ...

    async def take(_route: Route, _notice: Notice) -> Taken:
        raise NotImplementedError

    source = PolicySource(Path("sms.toml"), parse(""))
    served = [
        *routes(ready, Metrics()),
        twilio_status("https://sms.example.com/", "token", hear, Metrics()),
        twilio_inbound("https://sms.example.com/", "token", listen, Metrics()),
        alerts(source, "+15005550006", take, Metrics()),
        slack_events(AsyncApp(signing_secret="shh", token="xoxb-1"), "shh"),
    ]
    shown = [coded(first)[0] for first, *_ in rows(README, "route")]
    assert shown == [f"{route.method} {route.path}" for route in served]


def test_the_metrics_shown_are_those_that_are_measured() -> None:
    text = Metrics().text().decode()
    measured = re.findall(r"^# TYPE (\w+) (?:counter|histogram)", text, flags=re.MULTILINE)
    shown = re.findall(r"`(sms_\w+)`", section("Operating it"))
    assert sorted(shown) == sorted(measured)


def test_the_limits_shown_are_those_of_the_code() -> None:
    assert f"A message has at most {MAX_BODY:,} UTF-16 units" in README
    assert f"A card lists up to {LISTED} recipients" in README
    assert f"{PAGE} a page" in README
    assert f"see the last {LAST} sends" in README
    assert f"your last {SENDS} sends, the first {ROWS} contacts" in README
    assert f"the last {REFUSALS} refusals" in README
    assert f"`failed` at the {ATTEMPTS}th such answer" in README
    assert f"silent for {DEAD_AFTER:g} s" in README
    assert f"for at most\n{GRACE:g} s" in README
    assert f"have {PROMPT:g} s, because Slack waits\n  for {ACK_LIMIT:g} s" in README


def test_every_link_within_the_project_leads_somewhere() -> None:
    anchors = {re.sub(r"[^\w -]", "", head).strip().lower().replace(" ", "-") for head in HEADS}
    links = re.findall(r"\]\(([^)]+)\)", README)
    assert links
    for link in links:
        path, _, anchor = link.partition("#")
        assert (ROOT / path).exists(), link
        assert not anchor or anchor in anchors, link


def test_the_picture_is_a_png_of_moderate_size() -> None:
    assert f"]({PICTURE.relative_to(ROOT)})" in README
    data = PICTURE.read_bytes()
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    assert len(data) < 300_000


def test_the_script_of_the_picture_is_executable_and_reads_as_bash() -> None:
    script = ROOT / "docs" / "picture" / "make"
    assert script.stat().st_mode & 0o111
    subprocess.run(["bash", "-n", script], check=True)  # noqa: S607 - any bash will do
