"""Secrets that stand in files of their own, as systemd, Docker and Kubernetes hand them over."""

from pathlib import Path

import pytest

from bot.config import ConfigFaults, load, twilio_inputs
from bot.variables import SECRETS
from tests.bot.kit import ALERT

ACCOUNT = "AC" + "0a" * 16
PLAIN = {"TWILIO_ACCOUNT_SID": ACCOUNT, "TWILIO_FROM": "+15005550006"}
HIDDEN = {
    "SLACK_BOT_TOKEN": "xoxb-hidden-bot",
    "SLACK_APP_TOKEN": "xapp-hidden-app",
    "SLACK_SIGNING_SECRET": "hidden-signing",
    "TWILIO_AUTH_TOKEN": "hidden-auth",
    "TWILIO_API_SECRET": "hidden-key",
    "DATABASE_URL": "postgresql://sms:hidden@localhost/sms",
}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "sms.toml").write_text('region = "US"\n', encoding="utf-8")
    return tmp_path


def filed(home: Path, **values: str) -> dict[str, str]:
    """Put each value into a file, and give the variables that name the files."""
    for name, value in values.items():
        (home / name.lower()).write_text(f"{value}\n", encoding="utf-8")
    return {f"{name}_FILE": str(home / name.lower()) for name in values}


def faults(home: Path, environ: dict[str, str]) -> list[str]:
    with pytest.raises(ConfigFaults) as caught:
        load(environ, home)
    assert "hidden" not in str(caught.value)
    return [str(fault) for fault in caught.value.faults]


def test_every_secret_may_stand_in_a_file(home: Path) -> None:
    assert set(HIDDEN) == set(SECRETS)
    key = {"TWILIO_API_KEY": "SK" + "0b" * 16}
    settings = load({**PLAIN, **key, **filed(home, **HIDDEN)}, home).settings
    assert set(settings.secrets) == set(HIDDEN.values())


def test_a_relative_path_in_the_env_file_begins_at_its_folder(home: Path) -> None:
    filed(home, **HIDDEN)
    lines = [f"{n}_FILE={n.lower()}" for n in HIDDEN if n != "TWILIO_API_SECRET"]
    (home / ".env").write_text("\n".join(lines), encoding="utf-8")
    settings = load(PLAIN, home).settings
    assert settings.slack_bot_token.get_secret_value() == "xoxb-hidden-bot"


def test_a_file_and_a_value_for_the_same_secret_is_a_fault_that_names_both(home: Path) -> None:
    environ = {**PLAIN, **HIDDEN, **filed(home, SLACK_BOT_TOKEN="xoxb-hidden-other")}
    [fault, _key] = faults(home, environ)
    assert fault.startswith("SLACK_BOT_TOKEN_FILE: is set, and so is SLACK_BOT_TOKEN. Unset one")


def test_a_blank_value_beside_a_file_is_not_set(home: Path) -> None:
    given = filed(home, SLACK_BOT_TOKEN="xoxb-hidden-bot", SLACK_APP_TOKEN="xapp-hidden-app")
    environ = {**PLAIN, **given, "SLACK_BOT_TOKEN": " ", "TWILIO_AUTH_TOKEN": "hidden"}
    config = load({**environ, "TWILIO_AUTH_TOKEN_FILE": " "}, home)
    assert config.settings.slack_bot_token.get_secret_value() == "xoxb-hidden-bot"


def test_all_files_that_cannot_be_used_are_told_together_and_with_all_else(home: Path) -> None:
    (home / "empty").write_text("\n", encoding="utf-8")
    (home / "bytes").write_bytes(b"\xff")
    (home / "long").write_text("hidden" * 20_000, encoding="utf-8")
    found = faults(
        home,
        {
            "TWILIO_ACCOUNT_SID": "AC1",
            "SLACK_BOT_TOKEN_FILE": str(home / "gone"),
            "SLACK_APP_TOKEN_FILE": str(home / "empty"),
            "TWILIO_AUTH_TOKEN_FILE": str(home / "bytes"),
            "DATABASE_URL_FILE": str(home / "long"),
        },
    )
    assert [fault.partition(". ")[0] for fault in found] == [
        "SLACK_BOT_TOKEN_FILE: its file cannot be read (No such file or directory)",
        "SLACK_APP_TOKEN_FILE: its file is empty",
        "TWILIO_AUTH_TOKEN_FILE: its file is not text in UTF-8",
        "DATABASE_URL_FILE: its file is too long",
        "TWILIO_ACCOUNT_SID: is not AC and 32 hexadecimal digits",
        "TWILIO_FROM: is not set",
    ]


def test_what_a_file_holds_is_checked_as_a_value_is(home: Path) -> None:
    environ = {**PLAIN, **filed(home, SLACK_BOT_TOKEN="hidden", SLACK_APP_TOKEN="xapp-hidden-app")}
    [fault] = faults(home, {**environ, "TWILIO_AUTH_TOKEN": "hidden"})
    assert fault.startswith("SLACK_BOT_TOKEN: does not begin with xoxb-")


def test_commands_without_slack_read_the_files_too(home: Path) -> None:
    given = filed(home, TWILIO_AUTH_TOKEN="hidden-auth")
    assert twilio_inputs({**PLAIN, **given}, home).auth_token == "hidden-auth"
    with pytest.raises(ConfigFaults):
        twilio_inputs({**PLAIN, "TWILIO_AUTH_TOKEN_FILE": str(home / "gone")}, home)


def test_the_token_of_an_alert_may_stand_in_a_file(home: Path) -> None:
    (home / "sms.toml").write_text(ALERT, encoding="utf-8")
    whole = {**PLAIN, **{n: HIDDEN[n] for n in HIDDEN if "API" not in n}}
    config = load({**whole, **filed(home, PROM_TOKEN="hidden-alert")}, home)
    assert config.alert_tokens == ("hidden-alert",)
    [fault] = faults(home, {**whole, "PROM_TOKEN_FILE": str(home / "gone")})
    assert fault.startswith(
        "sms.toml, line 12: alert.token_env: PROM_TOKEN_FILE: its file cannot be read"
    )


def test_other_variables_that_end_alike_are_left_alone(home: Path) -> None:
    whole = {**PLAIN, **{n: HIDDEN[n] for n in HIDDEN if "API" not in n}}
    config = load({**whole, "HISTFILE": "/nowhere", "TLS_FILE": "/nowhere"}, home)
    assert config.variables()["TLS_FILE"] == "/nowhere"
