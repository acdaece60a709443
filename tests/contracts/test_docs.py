"""What docs/ says is what the code does: names, links, tables and figures."""

import pkgutil
import re
from pathlib import Path

import pytest

from bot import climb, directory, gateway, heart, lease, roster, timetable
from bot.config import Settings
from bot.intake import READING
from bot.jobs import GRACE
from bot.metrics import Metrics
from bot.policyfile import parse
from bot.policyschema import PolicyTables
from bot.senders import sender_shape
from bot.slack import identity
from bot.slack.surface import COMMAND, EVENT_TYPE, SCOPES
from bot.store import alerts, claims, looks
from bot.tasks import Task
from commands import optout, reply
from commands.alertgroups import LABELS
from commands.model import Kind
from commands.notice import KEPT
from commands.oncall import PAGE_MOVES
from commands.optout import Word
from commands.page import ROUNDS, WAIT
from commands.reply import read_reply
from tests.contracts import layers
from tests.contracts.pages import (
    DOCS,
    ROOT,
    anchors,
    coded,
    fences,
    pages,
    prose,
    section,
    table,
)
from tests.contracts.test_readme import keys_of
from twilio_core.activity import run
from twilio_core.client import DEFAULT_URL
from twilio_core.codes import _MEANINGS, TABLE, Scope
from twilio_core.testing import FakeTwilio

PAGES = pages()
KEYS = set(keys_of(PolicyTables))
VARIABLES = {name.upper() for name in Settings.model_fields}

OTHERS = frozenset({"DEFAULT_URL", "SMS_MOVE_TO"})
"""A constant of the library, and the variable of one command alone."""


@pytest.fixture(scope="module")
def source() -> str:
    """Everything the code says, texts that go on in the next line put together."""
    files = sorted(
        p for name in ("bot", "commands", "twilio_core") for p in (ROOT / name).rglob("*.py")
    )
    whole = "\n".join(path.read_text(encoding="utf-8") for path in files)
    return re.sub(r'"\n\s*f?"', "", whole).replace('\\"', '"')


def said(source: str, words: str) -> bool:
    """Tell whether the code says this; an ellipsis stands for whatever is filled in."""
    parts = [part.strip() for part in re.split(r"…", words)]
    return all(part in source for part in parts)


# -- names and links -----------------------------------------------------------------------


def test_every_link_leads_somewhere() -> None:
    for name, text in PAGES.items():
        for link in re.findall(r"\]\(([^)\s]+)\)", prose(text)):
            if re.match("https?://", link):
                continue
            path, _, anchor = link.partition("#")
            target = (DOCS / path).resolve() if path else DOCS / name
            assert target.exists(), (name, link)
            if anchor:
                assert anchor in anchors(target.read_text(encoding="utf-8")), (name, link)


def test_every_address_outside_is_reached_by_tls() -> None:
    for name, text in PAGES.items():
        found = re.findall(r"[(<](http://[^)>\s]+)", prose(text))
        assert not found, name


def test_every_file_that_is_named_exists() -> None:
    for name, text in PAGES.items():
        for each in coded(prose(text)):
            if re.fullmatch(r"(bot|commands|docs|tests|twilio_core)/[\w./-]*", each):
                assert (ROOT / each).exists(), (name, each)


def test_every_name_of_python_that_is_named_exists() -> None:
    for name, text in PAGES.items():
        for each in coded(prose(text)):
            if re.fullmatch(r"(bot|commands|tests|twilio_core)(\.\w+)+", each):
                assert pkgutil.resolve_name(each) is not None, (name, each)


def test_every_variable_that_is_named_exists() -> None:
    tokens = {a.token_env for f in fences("toml") if f.info == "toml" for a in parse(f.text).alerts}
    known = VARIABLES | OTHERS | tokens
    for name, text in PAGES.items():
        named = set(
            re.findall(r"\b(?:SLACK|TWILIO|SMS|LOG)_[A-Z_]+\b|\b[A-Z]+_(?:URL|TOKEN)\b", text)
        )
        assert named <= known, name


def test_every_key_of_sms_toml_that_is_named_exists() -> None:
    for name, text in PAGES.items():
        for each in coded(prose(text)):
            if found := re.fullmatch(r"(\[\[)?([a-z_]+)(\]\]| = .+)", each):
                assert found[2] in KEYS, (name, each)


def test_every_metric_that_is_named_is_measured() -> None:
    measured = set(re.findall(r"^# TYPE (\w+) ", Metrics().text().decode(), flags=re.MULTILINE))
    for name, text in PAGES.items():
        named = set(re.findall(r"`(sms_\w+)", text)) - {EVENT_TYPE}
        assert named <= measured, name


# -- slack.md ------------------------------------------------------------------------------


def test_the_scopes_are_those_that_are_asked_for() -> None:
    assert {coded(scope)[0] for scope, _ in table(PAGES["slack.md"], "scope")} == SCOPES


@pytest.mark.parametrize("page", ["slack.md", "twilio.md"])
def test_what_the_bot_is_said_to_say_it_says(page: str, source: str) -> None:
    rows = [
        cell
        for part in re.split(r"(?=^\| it says \|)", PAGES[page], flags=re.MULTILINE)[1:]
        for cell, _ in table(part, "it says")
    ]
    assert rows
    for cell in rows:
        for words in coded(cell):
            text = words.split(": is not set")[-1] or "is not set"
            assert said(source, text), words


def test_what_the_log_is_said_to_say_it_says(source: str) -> None:
    for text in (PAGES["slack.md"], PAGES["twilio.md"]):
        for event in re.findall(r"`((?:slack|callback|page|alert)\.[a-z]+)`", text):
            assert f'"{event}"' in source, event


def test_a_token_is_given_up_only_for_what_slack_will_never_take() -> None:
    assert "token_revoked" in identity._HOPELESS
    assert "gives up if Slack refuses the token for good" in PAGES["slack.md"]


def test_user_groups_are_kept_for_as_long_as_is_said() -> None:
    assert roster.KEPT == 300
    assert "kept for five minutes" in PAGES["slack.md"]
    assert f"within the last {directory._MOMENTS:g} s" in PAGES["oncall.md"]
    assert f"The command is `{COMMAND}`" in PAGES["slack.md"]


# -- twilio.md -----------------------------------------------------------------------------


def test_the_kinds_of_sender_are_those_that_are_taken() -> None:
    rows = table(PAGES["twilio.md"], "sender")
    shown = {kind.casefold(): coded(example)[0] for kind, example, *_ in rows}
    assert {sender_shape(example).casefold(): example for example in shown.values()} == shown
    assert sender_shape("+") == ""


def test_the_codes_are_those_that_are_known_each_with_its_meaning() -> None:
    text = section(PAGES["twilio.md"], "Error codes")
    shown = [dict(table(part, "code")) for part in text.split("\n### ")[1:]]
    known = [{str(code): meaning for code, meaning in _MEANINGS[scope].items()} for scope in Scope]
    assert shown == known
    rest = set(TABLE) - {int(code) for each in shown for code in each}
    assert f"Codes {min(rest)} to {max(rest)} are about a schedule" in text


def test_the_times_of_looking_at_twilio_are_those_of_the_code() -> None:
    text, timing = PAGES["twilio.md"], parse("").timing
    hours = timing.poll_until.total_seconds() / 3600
    assert f"`poll` ({timing.poll.total_seconds():g} s)" in text
    assert f"every {timetable.SLOWEST / 60:g} min, until `poll_until` ({hours:g} h)" in text
    assert f"every {looks.PAGING:g} s while a page waits" in text
    assert (looks.LATER, looks.FEW) == (60.0, 20)
    assert f"every {looks.SELDOM / 60:g} min while one of the last day is unresolved" in text
    assert "up to 20 people" in text
    assert f"{timetable.CALLED / 60:g} minutes after the message" in text
    assert f"until {gateway.ATTEMPTS} answers to one message were so" in text
    assert f"after {gateway.GIVE_UP[Kind.SEND]:g} s without any, a page after 10 min" in text
    assert gateway.GIVE_UP[Kind.PAGE] == 600


def test_the_words_that_opt_out_and_in_are_those_that_are_heard() -> None:
    line = re.search(r"- Out: (.+?)In: (.+?)Each", PAGES["twilio.md"], flags=re.DOTALL)
    assert line
    told = dict.fromkeys(coded(line[1]), Word.STOP) | dict.fromkeys(coded(line[2]), Word.START)
    assert told == optout._WORDS


# -- oncall.md -----------------------------------------------------------------------------


def test_the_stages_of_a_page_and_their_moves_are_those_of_the_code() -> None:
    rows = table(PAGES["oncall.md"], "a page is")
    shown = {coded(stage)[0]: {*coded(moves)} for stage, _, moves in rows}
    assert shown == {str(stage): {*map(str, moves)} for stage, moves in PAGE_MOVES.items()}


def test_each_reply_means_what_is_said() -> None:
    meant: dict[str, list[reply.Said]] = {}
    for cell, means in table(PAGES["oncall.md"], "reply"):
        meant.setdefault(means, []).append(read_reply(coded(cell)[0]))
    assert meant == {
        "acknowledges the page that is open for you": [reply.Ack(), reply.Ack()],
        "acknowledges the page with this code": [reply.Ack("47"), reply.Ack("47")],
        "resolves the page that you have, or that is open for you": [reply.Resolve()],
        "resolves the page with this code": [reply.Resolve("47")],
        "is shown under the page's card as your words": [reply.Words()],
        "opts out of this sender: no further page reaches you": [reply.OptWord(Word.STOP)],
    }


def test_what_is_answered_to_an_alert_is_what_the_code_answers() -> None:
    shown = [coded(did)[0] for did, _ in table(PAGES["oncall.md"], "`did`")]
    assert shown == [str(each) for each in alerts.Did]


def test_the_timeline_says_what_is_said_of_it(source: str) -> None:
    for cell, _ in table(PAGES["oncall.md"], "the timeline says"):
        for words in coded(cell):
            plain = words.removeprefix("SMS to …: ").replace(
                "Answered too late by …", "Answered too late"
            )
            assert said(source, plain.replace(" (…)", "")), words


def test_the_times_of_a_page_are_those_of_the_code() -> None:
    text = PAGES["oncall.md"]
    assert f"every {WAIT.seconds // 60} minutes, {ROUNDS} times in all" in text
    assert f"every {climb.AGAIN:g} s for\n  {climb.GIVE_UP:g} s" in text
    assert f"after {gateway.VALIDITY // 60} minutes" in text
    assert alerts.QUIET.total_seconds() == 3600
    assert "quiet for an hour" in text
    assert f"{KEPT:,} alerts are read at most, those that fire first, and {LABELS} labels" in text
    assert f"{alerts.AGAIN.total_seconds() / 60:g} minutes\n  later at the earliest" in text
    assert f"did not come within {READING:g} s" in text
    grace = parse("").timing.page_in_doubt.total_seconds()
    assert f"`page_in_doubt` ({grace:g} s)" in text
    keep = parse("").timing.keep.days
    assert f"{keep} days if left out" in text


# -- architecture.md -----------------------------------------------------------------------


def test_the_layers_are_drawn_as_the_code_has_them() -> None:
    page = layers.PAGE.read_text(encoding="utf-8")
    assert page == layers.written(page), "run python -m tests.contracts.layers"


def test_the_tables_are_those_of_the_schema() -> None:
    steps = (ROOT / "bot" / "store" / "migrations").glob("*.sql")
    text = "\n".join(step.read_text(encoding="utf-8") for step in sorted(steps))
    there = re.findall(r"^CREATE TABLE (\w+)", text, flags=re.MULTILINE)
    rows = table(section(PAGES["architecture.md"], "The ledger"), "table")
    assert sorted(coded(name)[0] for name, _ in rows) == sorted(there)


def test_the_jobs_are_those_that_there_are() -> None:
    rows = table(PAGES["architecture.md"], "job")
    assert [coded(name)[0] for name, *_ in rows] == [str(task) for task in Task]


def test_the_times_of_a_takeover_are_those_of_the_code() -> None:
    text = PAGES["architecture.md"]
    assert f"| {lease.LEASE:g} s without a beat |" in text
    assert f"| {claims.DEAD_AFTER:g} s without a beat |" in text
    assert heart.BEAT == 1.0
    assert GRACE > lease.LEASE


# -- twilio_core.md ------------------------------------------------------------------------


def test_every_module_of_twilio_core_is_told_of() -> None:
    there = {p.stem for p in (ROOT / "twilio_core").glob("*.py")} - {"__init__"} | {"testing"}
    rows = table(PAGES["twilio_core.md"], "module")
    assert {coded(name)[0] for name, _ in rows} == {f"twilio_core.{name}" for name in there}


def test_every_class_of_the_error_tree_is_told_of() -> None:
    rows = table(PAGES["twilio_core.md"], "class")
    names = {coded(name)[0] for name, *_ in rows}
    root = pkgutil.resolve_name("twilio_core.errors.TwilioError")
    assert names == {each.__name__ for each in root.__subclasses__()}


def test_every_method_of_the_client_is_told_of() -> None:
    client = pkgutil.resolve_name("twilio_core.TwilioClient")
    there = {name for name in vars(client) if not name.startswith("_")}
    rows = table(PAGES["twilio_core.md"], "method")
    assert {coded(name)[0].partition("(")[0] for name, *_ in rows} == there


def test_every_scope_and_every_outcome_of_the_fake_is_told_of() -> None:
    scopes = {coded(name)[0] for name, _ in table(PAGES["twilio_core.md"], "scope")}
    assert scopes == {str(scope) for scope in Scope}
    outcome = pkgutil.resolve_name("twilio_core.testing.Outcome")
    there = {each.__name__ for each in outcome.__args__}
    rows = table(PAGES["twilio_core.md"], "outcome")
    assert {coded(name)[0].partition("(")[0] for name, _ in rows} == there


async def test_every_input_of_the_activity_is_told_of() -> None:
    named = [name for cell, _ in table(PAGES["twilio_core.md"], "input") for name in coded(cell)]
    assert DEFAULT_URL.endswith("/Accounts/")
    async with FakeTwilio() as twilio:
        values = ["x"] * 2 + [twilio.url, "Send SMS", "Hello", "+16175551212", "+15005550006"]
        inputs = dict(zip(named, values, strict=True))
        inputs |= {"accountSid": twilio.account_sid, "authToken": twilio.auth_token}
        assert (await run(inputs))["statusCode"] == "200"


def test_no_page_stands_alone() -> None:
    """Each is linked from another page, or from the README."""
    whole = "\n".join([*PAGES.values(), (ROOT / "README.md").read_text(encoding="utf-8")])
    for name in PAGES:
        assert re.search(rf"\]\((?:docs/)?{re.escape(name)}[)#]", whole), name
    assert Path(DOCS).is_dir()
