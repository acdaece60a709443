"""What docs/ and the README show as code is run, parsed, or looked up."""

import json
import pkgutil
import re
import shlex
import tomllib
from typing import Any

import pytest
import typer
import yaml
from typer.exceptions import TyperException
from typer.main import get_command

from bot.cli import app
from bot.oncallfile import Alert
from bot.policyfile import parse
from bot.policyschema import PolicyTables
from commands.alerts import read_notice
from commands.forms import FORMS
from commands.page import link_in
from commands.pagetext import page_text, told_text
from commands.segments import measure
from tests.contracts.pages import ROOT, Fence, coded, fences, pages, table
from tests.contracts.test_readme import keys_of
from twilio_core.testing.__main__ import _arguments as arguments_of_the_fake

LANGUAGES = {"console", "ini", "json", "nginx", "python", "sh", "sql", "text", "toml", "yaml"}
SNIPPETS = fences("python")
KEYS = set(keys_of(PolicyTables))
SMS_BOT: Any = get_command(app)


def test_every_block_says_what_language_it_is_in() -> None:
    assert {fence.language for fence in fences()} <= LANGUAGES


@pytest.mark.parametrize("number", range(len(SNIPPETS)))
def test_python_runs_against_the_fake_and_prints_what_is_shown(
    number: int, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = SNIPPETS[number].next
    code = compile(SNIPPETS[number].text, SNIPPETS[number].page, "exec")
    exec(code, {"__name__": "__main__"})  # noqa: S102 - it is our own
    assert shown
    assert (shown.language, shown.text) == ("text", capsys.readouterr().out)


def test_toml_is_a_policy_without_fault_or_is_marked_as_a_fragment() -> None:
    """A fence ```toml fragment``` shows a few lines: their keys have to exist, and no more."""
    for fence in fences("toml"):
        if fence.info == "toml":
            assert parse(fence.text, fence.page).policy.channels, fence.text
        else:
            assert fence.info == "toml fragment"
            assert set(tomllib.loads(fence.text)) <= KEYS


def test_json_and_yaml_can_be_read() -> None:
    for fence in fences("json"):
        json.loads(fence.text)
    for fence in fences("yaml"):
        assert yaml.safe_load(fence.text)


# -- commands ------------------------------------------------------------------------------


def typed() -> list[tuple[str, list[str]]]:
    """Give every command that a page shows, with the page's name, as words."""
    lines = [
        (fence.page, line.removeprefix("$ "))
        for fence in fences()
        for line in re.sub(r"\\\n", " ", fence.text).splitlines()
        if fence.language == "sh" or (fence.language == "console" and line.startswith("$ "))
    ]
    inline = [
        (page, each)
        for page, text in pages().items()
        for each in coded(text)
        if re.match(r"(sms-bot|make|python -m) ", each) and not re.search("[…[|]", each)
    ]
    return [
        (page, shlex.split(part, comments=True))
        for page, line in (*lines, *inline)
        for part in re.split(r" && | \| |; ", line)
    ]


def fault_of(words: list[str]) -> str:
    """Say what is wrong with the arguments of `sms-bot`; empty if nothing is."""
    command, left = SMS_BOT, list(words)
    while inner := getattr(command, "commands", {}):
        if not left or left[0] not in inner:
            return f"there is no command {left}" if left else ""
        command = inner[left.pop(0)]
    try:
        command.make_context("sms-bot", list(left))
    except typer.Exit:  # --help
        return ""
    except TyperException as error:
        # named in a sentence, a command stands without what it needs
        return str(error) if left else ""
    return ""


def test_every_sms_bot_that_is_shown_takes_these_arguments() -> None:
    shown = [(page, words[1:]) for page, words in typed() if words[:1] == ["sms-bot"]]
    assert {page for page, _ in shown} >= {"slack.md", "twilio.md", "policy.md", "oncall.md"}
    assert [(page, words, fault_of(words)) for page, words in shown if fault_of(words)] == []


def test_an_argument_that_there_is_not_would_be_found() -> None:
    assert fault_of(["page", "--to", "db"])
    assert fault_of(["send", "--too", "db"])
    assert fault_of(["contacts", "improt", "x.csv"])


def test_every_make_target_and_module_that_is_shown_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, flags=re.MULTILINE))
    for page, words in typed():
        if words[:1] == ["make"]:
            assert set(words[1:]) <= targets, page
        if words[:2] == ["python", "-m"]:
            assert pkgutil.resolve_name(words[2]), page
        if words[:3] == ["python", "-m", "twilio_core.testing"]:
            assert arguments_of_the_fake(words[3:]).port == 0, page


def test_every_command_of_slack_that_is_shown_has_a_verb() -> None:
    for page, text in pages().items():
        assert set(re.findall(r"(?<![\w@])/sms ([a-z]+)\b(?!-)", text)) <= set(FORMS), page


# -- alerts --------------------------------------------------------------------------------


def alerts_shown() -> list[tuple[Alert, Fence]]:
    """Give each alert that is shown as it is posted, with the route that it is posted to."""
    routes = {
        alert.name: alert
        for fence in fences("toml")
        if fence.page == "oncall.md"
        for alert in parse(fence.text).alerts
    }
    posted = [fence for fence in fences("json") if fence.info.startswith("json alert ")]
    return [(routes[fence.info.split(" ")[2]], fence) for fence in posted]


def test_an_alert_that_is_posted_gives_the_sms_that_is_shown() -> None:
    assert len(alerts_shown()) > 1
    for alert, fence in alerts_shown():
        notice = read_notice(fence.text.encode(), alert.shape)
        assert notice.firing
        assert fence.next
        assert page_text(notice.text, "47", notice.link) == fence.next.text.strip()


def test_what_curl_posts_is_what_its_route_reads() -> None:
    routes = {alert.name: alert for alert, _ in alerts_shown()}
    posts = [words for _, words in typed() if words[:1] == ["curl"]]
    assert posts
    ends = []
    for words in posts:
        [address] = [word for word in words if word.startswith("https://")]
        body = words[words.index("-d") + 1]
        notice = read_notice(body.encode(), routes[address.rpartition("/")[2]].shape)
        ends.append(notice.firing)
    assert set(ends) == {True, False}


def test_a_text_that_is_paged_gives_the_sms_that_is_shown() -> None:
    rows = table(pages()["oncall.md"], "text")
    assert rows
    for text, sms in rows:
        [body], [said] = coded(text), coded(sms)
        assert page_text(body, "47", link_in(body)) == said
        assert measure(said).segments == 1
    for said in ("alice has it:", "Resolved by alice:"):
        assert f"`{told_text(said, 'Water in the lab', '47')}`" in pages()["oncall.md"]
