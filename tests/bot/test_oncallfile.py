"""What sms.toml says about pages, and the tokens that it names."""

from datetime import timedelta
from pathlib import Path

import pytest

from bot.faults import ConfigFaults, Fault
from bot.oncallfile import Alert
from bot.policyfile import PolicySource, parse, read_policy
from commands.notice import Fields, Format, Shape
from commands.oncall import Ladder, Rung

BASE = """\
[[channel]]
id = "C0ONCALL"
allow = ["send", "page"]

[[escalation]]
name = "db"
steps = [{ to = ["+16175551212"], wait = "5m" }, { to = ["<@U1>"], wait = "1h" }]
repeat = 2

[[alert]]
name = "ours"
channel = "C0ONCALL"
escalation = "db"
token_env = "ALERT_TOKEN"
"""
SET = {"ALERT_TOKEN": "t0ken"}


def faults(text: str, variables: dict[str, str] | None = None) -> list[Fault]:
    with pytest.raises(ConfigFaults) as caught:
        parse(text, variables=variables)
    return list(caught.value.faults)


def only(more: str) -> Fault:
    [fault] = faults(BASE + more)
    return fault


def alert(more: str = "", variables: dict[str, str] | None = None) -> Alert:
    return parse(BASE + more, variables=variables).alerts[0]


def test_an_alert_without_more_has_the_defaults() -> None:
    assert alert().shape == Shape(Format.AUTO, None, ("resolved", "closed", "ok"))
    assert (alert().storm, alert().storm_window) == (5, timedelta(minutes=5))


def test_every_key_of_an_alert_reaches_its_route() -> None:
    more = """\
format = "generic"
storm = 0
storm_window = "90s"
resolved = ["green", "all clear"]
fields = { text = "a.0.title", key = "a.0.id", status = "state", link = "url" }
"""
    fields = Fields("a.0.title", "a.0.id", "state", "url")
    assert alert(more).shape == Shape(Format.GENERIC, fields, ("green", "all clear"))
    assert (alert(more).storm, alert(more).storm_window) == (0, timedelta(seconds=90))


def test_fields_may_be_a_table_of_their_own() -> None:
    assert alert('[alert.fields]\ntext = "title"\n').shape.fields == Fields("title")


@pytest.mark.parametrize(
    ("more", "what", "remedy"),
    [
        ('format = "xml"', "alert.format: is no format of alerts", "auto, alertmanager, grafana"),
        ("storm = -1", "alert.storm: is negative", "Write 0 or more"),
        ('storm_window = "0s"', "alert.storm_window: does not wait", "5m"),
        ("resolved = []", "alert.resolved: is empty", "at least one"),
        ('resolved = [" "]', "alert.resolved: is blank", "resolved"),
        ('fields = { key = "id" }', "alert.fields.text: is missing", "text = …"),
        ('fields = { text = "a..b" }', "alert.fields.text: is no path", "incident.title"),
        ('fields = { text = "a", txet = "b" }', "alert.fields.txet: is no key", "mean text?"),
        ('format = "generic"', 'alert.format: is "generic", but', 'fields = { text = "path'),
        ('format = "grafana"\nfields = { text = "a" }', "alert.fields: is for", '"generic"'),
    ],
)
def test_a_fault_of_an_alert_names_its_line_and_its_remedy(
    more: str, what: str, remedy: str
) -> None:
    fault = only(more)
    assert fault.where == f"sms.toml, line {14 + more.count(chr(10)) + 1}"
    assert fault.what.startswith(what)
    assert remedy in fault.remedy


@pytest.mark.parametrize(
    ("was", "now", "what"),
    [
        ('id = "C0ONCALL"', 'id = ["C0ONCALL"]', "channel.id: is not text"),
        ('id = "C0ONCALL"', "id = { a = 1 }", "channel.id: is not text"),
        ('name = "ours"', 'name = "ours"\nformat = ["grafana"]', "alert.format: is no format"),
        ('channel = "C0ONCALL"', 'channel = ["C0ONCALL"]', "alert.channel: is not text"),
        ('escalation = "db"', 'escalation = ["db"]', "alert.escalation: is not text"),
        ('allow = ["send", "page"]', "allow = [[1], { a = 1 }]", "channel.allow: is not an action"),
    ],
)
def test_a_value_of_the_wrong_type_is_a_fault_like_any_other(was: str, now: str, what: str) -> None:
    assert any(fault.what.startswith(what) for fault in faults(BASE.replace(was, now)))


def test_alerts_of_a_channel_that_may_not_page_are_told_with_the_line_that_lets_it() -> None:
    [fault] = faults(BASE.replace('["send", "page"]', '["send"]'))
    assert (fault.where, fault.what) == (
        "sms.toml, line 12",
        'alert.channel: "C0ONCALL" does not allow page',
    )
    assert fault.remedy == ('Write allow = ["send", "page"] under [[channel]] id = "C0ONCALL"')
    assert faults(BASE.replace('allow = ["send", "page"]\n', ""))[0].remedy.startswith(
        'Write allow = ["page"]'
    )


def test_a_token_is_read_from_the_variable_and_shown_nowhere() -> None:
    found = alert(variables=SET)
    assert found.token.get_secret_value() == "t0ken"
    assert "t0ken" not in repr(parse(BASE, variables=SET))


@pytest.mark.parametrize("variables", [{}, {"ALERT_TOKEN": " "}])
def test_a_token_that_is_not_set_is_a_fault_of_its_line(variables: dict[str, str]) -> None:
    [fault] = faults(BASE, variables)
    assert fault.where == "sms.toml, line 14"
    assert fault.what == "alert.token_env: names a variable that is not set"
    assert "in the environment or in .env" in fault.remedy


@pytest.mark.parametrize("token", ["s3cret_token", "S3CRET_TOKEN", "S3CRET0123456789"])
def test_a_token_in_the_place_of_its_variable_is_not_quoted(token: str) -> None:
    text = BASE.replace("ALERT_TOKEN", token)
    [fault] = faults(text, {})
    assert token not in str(fault)
    assert token not in repr(parse(text))


def test_no_repr_shows_whom_an_escalation_pages() -> None:
    assert "6175551212" not in repr(parse(BASE).policy.ladders)


def test_who_asks_for_no_tokens_reads_the_file_without_them() -> None:
    assert alert().token.get_secret_value() == ""


def test_an_escalation_is_a_ladder_of_its_steps() -> None:
    rungs = (
        Rung(("+16175551212",), timedelta(minutes=5)),
        Rung(("<@U1>",), timedelta(hours=1)),
    )
    assert parse(BASE).policy.ladders == (Ladder(rungs, 2, "db"),)


@pytest.fixture
def source(tmp_path: Path) -> tuple[PolicySource, dict[str, str]]:
    """A policy that is read again with variables that may change."""
    path, variables = tmp_path / "sms.toml", dict(SET)
    path.write_text(BASE, encoding="utf-8")
    return PolicySource(path, read_policy(path, variables), lambda: variables), variables


def edited(source: PolicySource, text: str) -> tuple[Fault, ...]:
    source.path.write_text(text, encoding="utf-8")
    source.reload_if_changed()
    return source.reload_if_changed().faults


def test_an_edit_that_names_an_unset_token_keeps_the_old_policy(
    source: tuple[PolicySource, dict[str, str]],
) -> None:
    policy, _ = source
    [fault] = edited(policy, BASE.replace("ALERT_TOKEN", "OTHER_TOKEN"))
    assert fault.what == "alert.token_env: names a variable that is not set"
    assert policy.current.alerts[0].token.get_secret_value() == "t0ken"


def test_an_edit_takes_a_token_that_was_set_meanwhile(
    source: tuple[PolicySource, dict[str, str]],
) -> None:
    policy, variables = source
    variables["OTHER_TOKEN"] = "new"
    assert edited(policy, BASE.replace("ALERT_TOKEN", "OTHER_TOKEN")) == ()
    assert policy.current.alerts[0].token.get_secret_value() == "new"
