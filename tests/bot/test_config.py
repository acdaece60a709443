import os
import stat
from pathlib import Path

import pytest

from bot.config import (
    SLACK_API_URL,
    TWILIO_URL,
    ConfigFaults,
    Settings,
    load,
    load_settings,
    twilio_inputs,
)
from bot.policyfile import parse
from bot.starters import starter, write_starters
from tests.bot.kit import ALERT

ACCOUNT = "AC" + "0a" * 16
KEY = "SK" + "0b" * 16
GOOD = {
    "SLACK_BOT_TOKEN": "xoxb-hidden-bot",
    "SLACK_APP_TOKEN": "xapp-hidden-app",
    "TWILIO_ACCOUNT_SID": ACCOUNT,
    "TWILIO_AUTH_TOKEN": "hidden-auth-token",
    "TWILIO_FROM": "+15005550006",
}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "sms.toml").write_text('region = "US"\n', encoding="utf-8")
    return tmp_path


def without(*names: str) -> dict[str, str]:
    return {name: value for name, value in GOOD.items() if name not in names}


def faults(home: Path, environ: dict[str, str]) -> dict[str, str]:
    with pytest.raises(ConfigFaults) as caught:
        load(environ, home)
    return {fault.where: fault.what for fault in caught.value.faults}


def test_a_full_environment_gives_settings_with_the_contracts_defaults(home: Path) -> None:
    config = load(GOOD, home)
    settings = config.settings
    assert (settings.slack_api_url, settings.twilio_url) == (SLACK_API_URL, TWILIO_URL)
    assert (settings.host, settings.port, settings.log_level) == ("127.0.0.1", 3000, "INFO")
    assert settings.sms_data_dir == home / ".sms-bot"
    assert config.policy_path == settings.sms_config == home / "sms.toml"
    assert (settings.database_url, settings.public_url, settings.log_format) == (None, None, None)
    assert config.policy.region == "US"


def test_the_environment_wins_over_the_env_file(home: Path) -> None:
    (home / ".env").write_text("PORT=1\nHOST=::1\nLONELY\nSMS_DATA_DIR=data\n", encoding="utf-8")
    settings = load({**GOOD, "PORT": "2"}, home).settings
    assert (settings.port, settings.host, settings.sms_data_dir) == (2, "::1", home / "data")


def test_a_dollar_in_the_env_file_is_itself(home: Path) -> None:
    (home / ".env").write_text("TWILIO_AUTH_TOKEN=a${HOME}b\n", encoding="utf-8")
    token = load(without("TWILIO_AUTH_TOKEN"), home).settings.twilio_auth_token
    assert token is not None
    assert token.get_secret_value() == "a${HOME}b"


def test_an_env_file_that_cannot_be_decoded_is_a_fault(home: Path) -> None:
    (home / ".env").write_bytes(b"A=\xff\n")
    assert str(home / ".env") in faults(home, GOOD)
    with pytest.raises(ConfigFaults):
        twilio_inputs(GOOD, home)
    with pytest.raises(ConfigFaults):
        load_settings(GOOD, home)


def test_the_process_environment_and_directory_are_the_defaults(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(home)
    for name, value in {**GOOD, "PORT": "4444", "PUBLIC_URL": "", "SMS_CONFIG": ""}.items():
        monkeypatch.setenv(name, value)
    assert load().settings.port == load_settings().port == 4444
    assert twilio_inputs().account_sid == ACCOUNT


def test_only_the_given_environment_is_read(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "4444")
    monkeypatch.setenv("port", "5555")
    assert load(GOOD, home).settings.port == 3000


def test_blank_counts_as_unset_and_outer_blanks_are_dropped(home: Path) -> None:
    blank = {"PORT": "  ", "PUBLIC_URL": "", "LOG_FORMAT": "", "DATABASE_URL": " "}
    settings = load({**GOOD, **blank, "HOST": " 0.0.0.0\n"}, home).settings
    assert (settings.port, settings.public_url, settings.host) == (3000, None, "0.0.0.0")  # noqa: S104


def test_all_faults_of_environment_and_file_come_together(home: Path) -> None:
    (home / "sms.toml").write_text('regoin = "US"\n', encoding="utf-8")
    assert list(faults(home, {})) == [
        "SLACK_BOT_TOKEN",
        "SLACK_APP_TOKEN",
        "TWILIO_ACCOUNT_SID",
        "TWILIO_AUTH_TOKEN",
        "TWILIO_FROM",
        "sms.toml, line 1",
    ]


def test_a_missing_policy_file_sends_to_init(tmp_path: Path) -> None:
    with pytest.raises(ConfigFaults) as caught:
        load({**GOOD, "SMS_CONFIG": "elsewhere.toml"}, tmp_path)
    (fault,) = caught.value.faults
    assert fault.where == str(tmp_path / "elsewhere.toml")
    assert "sms-bot init" in fault.remedy


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SLACK_BOT_TOKEN", "xoxp-wrong"),
        ("SLACK_APP_TOKEN", "xoxb-wrong"),
        ("SLACK_API_URL", "slack.example/api"),
        ("SLACK_API_URL", "https:///api"),
        ("SLACK_API_URL", "https://[::1/"),
        ("TWILIO_ACCOUNT_SID", "AC123"),
        ("TWILIO_ACCOUNT_SID", ACCOUNT + "0"),
        ("TWILIO_FROM", "twelve-letters"),
        ("TWILIO_FROM", "MG1234567890"),
        ("TWILIO_FROM", "https://sender.example"),
        ("TWILIO_URL", "ftp://api.twilio.com/"),
        ("TWILIO_URL", "https://api.twilio.com/a b"),
        ("TWILIO_URL", "https://api..twilio.com/"),
        ("SLACK_API_URL", "https://xn--/api/"),
        ("TWILIO_URL", "https://api.twilio.com:0/"),
        ("PUBLIC_URL", "https://me:secret@example.com"),
        ("PUBLIC_URL", "https://example.com/?a=b"),
        ("DATABASE_URL", "mysql://localhost/sms"),
        ("DATABASE_URL", "postgresql:sms"),
        ("DATABASE_URL", "postgresql://localhost:port/sms"),
        ("PORT", "65536"),
        ("PORT", "-1"),
        ("PORT", "http"),
        ("LOG_FORMAT", "xml"),
        ("LOG_LEVEL", "LOUD"),
    ],
)
def test_a_wrong_value_is_one_fault_of_its_variable_and_is_not_quoted(
    home: Path, name: str, value: str
) -> None:
    with pytest.raises(ConfigFaults) as caught:
        load({**GOOD, name: value}, home)
    (fault,) = caught.value.faults
    assert fault.where == name
    assert fault.remedy
    assert value not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    "sender",
    ["+15005550006", "12345", "ACME Corp", "MG" + "0f" * 16, "whatsapp:+15005550006", "a"],
)
def test_every_shape_of_sender_is_taken(home: Path, sender: str) -> None:
    assert load({**GOOD, "TWILIO_FROM": sender}, home).settings.twilio_from == sender


@pytest.mark.parametrize("port", [0, 65535])
def test_ports_reach_from_0_to_65535(home: Path, port: int) -> None:
    assert load({**GOOD, "PORT": str(port)}, home).settings.port == port


def test_addresses_end_with_one_slash(home: Path) -> None:
    urls = {
        "SLACK_API_URL": "http://127.0.0.1:9/api",
        "TWILIO_URL": "http://127.0.0.1:8/Accounts//",
        "PUBLIC_URL": "https://sms.example.com",
    }
    settings = load({**GOOD, **urls}, home).settings
    assert settings.slack_api_url == "http://127.0.0.1:9/api/"
    assert settings.twilio_url == "http://127.0.0.1:8/Accounts/"
    assert settings.public_url == "https://sms.example.com/"


@pytest.mark.parametrize("url", ["postgres://h/db", "postgresql:///db", "postgresql://u:p@h:5/d"])
def test_postgresql_addresses_are_taken(home: Path, url: str) -> None:
    found = load({**GOOD, "DATABASE_URL": url}, home).settings.database_url
    assert found is not None
    assert found.get_secret_value() == url


def test_a_signing_secret_stands_in_for_an_app_token(home: Path) -> None:
    environ = without("SLACK_APP_TOKEN")
    assert faults(home, environ)["SLACK_APP_TOKEN"]
    assert load({**environ, "SLACK_SIGNING_SECRET": "hush"}, home).settings.slack_app_token is None


def test_an_api_key_replaces_the_auth_token_unless_webhooks_are_used(home: Path) -> None:
    pair = {"TWILIO_API_KEY": KEY, "TWILIO_API_SECRET": "hidden"}
    environ = {**without("TWILIO_AUTH_TOKEN"), **pair}
    assert load(environ, home).settings.twilio_auth_token is None
    found = faults(home, {**environ, "PUBLIC_URL": "https://sms.example.com"})
    assert "PUBLIC_URL" in found["TWILIO_AUTH_TOKEN"]


@pytest.mark.parametrize(
    ("there", "missing"),
    [("TWILIO_API_KEY", "TWILIO_API_SECRET"), ("TWILIO_API_SECRET", "TWILIO_API_KEY")],
)
def test_half_an_api_key_is_a_fault_of_the_missing_half(
    home: Path, there: str, missing: str
) -> None:
    assert faults(home, {**GOOD, there: KEY}) == {missing: f"is not set, but {there} is"}


def test_an_api_key_of_the_wrong_shape_is_a_fault(home: Path) -> None:
    pair = {"TWILIO_API_KEY": "SK1", "TWILIO_API_SECRET": "hidden"}
    assert list(faults(home, {**GOOD, **pair})) == ["TWILIO_API_KEY"]


def test_case_of_log_settings_does_not_matter(home: Path) -> None:
    settings = load({**GOOD, "LOG_FORMAT": "JSON", "LOG_LEVEL": "debug"}, home).settings
    assert (settings.log_format, settings.log_level) == ("json", "DEBUG")


def test_unknown_variables_are_ignored(home: Path) -> None:
    settings = load({**GOOD, "TWILIO_FORM": "x", "SLACK_TOKEN": "y", "SMS_X": "z"}, home).settings
    assert settings == load(GOOD, home).settings


def test_no_secret_shows_in_a_repr(home: Path) -> None:
    more = {
        "SLACK_SIGNING_SECRET": "hidden-signing",
        "TWILIO_API_KEY": KEY,
        "TWILIO_API_SECRET": "hidden-api",
        "DATABASE_URL": "postgresql://u:hidden-db@h/x",
    }
    config = load({**GOOD, **more}, home)
    assert "hidden" not in f"{config!r} {config.settings} {config.settings!r}"
    assert "hidden" not in repr(twilio_inputs({**GOOD, **more}, home))
    assert len(config.settings.secrets) == 6


def test_settings_are_frozen(home: Path) -> None:
    settings = load(GOOD, home).settings
    with pytest.raises(ValueError, match="frozen"):
        settings.port = 1


def test_twilio_inputs_are_raw_and_blank_when_unset(tmp_path: Path) -> None:
    inputs = twilio_inputs({}, tmp_path)
    assert (inputs.account_sid, inputs.auth_token, inputs.sender) == ("", "", "")
    assert (inputs.api_key, inputs.api_secret, inputs.url) == ("", "", TWILIO_URL)


def test_a_twilio_url_set_to_nothing_stays_blank(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("TWILIO_FROM=+15005550006\n", encoding="utf-8")
    inputs = twilio_inputs({"TWILIO_URL": ""}, tmp_path)
    assert (inputs.url, inputs.sender) == ("", "+15005550006")


def test_init_writes_both_files_once_and_keeps_the_secrets_to_their_owner(tmp_path: Path) -> None:
    policy, env = tmp_path / "sms.toml", tmp_path / ".env"
    assert write_starters(tmp_path) == [(policy, True), (env, True)]
    assert stat.S_IMODE(env.stat().st_mode) == 0o600
    env.write_text("mine", encoding="utf-8")
    policy.unlink()
    assert write_starters(tmp_path) == [(policy, True), (env, False)]
    assert env.read_text(encoding="utf-8") == "mine"


def test_init_does_not_write_through_a_dangling_link(tmp_path: Path) -> None:
    (tmp_path / ".env").symlink_to(tmp_path / "gone")
    assert write_starters(tmp_path)[1] == (tmp_path / ".env", False)
    assert not (tmp_path / "gone").exists()


def test_the_starting_policy_parses_as_it_is_and_with_its_examples_uncommented() -> None:
    text = starter("sms.toml")
    assert parse(text).policy.channels == {}
    head, examples = text.split("# [timing]", 1)
    lines = ("[timing]" + examples).splitlines()
    code = [line.removeprefix("# ") for line in lines if not line.startswith(("# One", "# The"))]
    prose = ("Whom", "An address")
    full = parse(head + "\n".join(line for line in code if not line.startswith(prose)))
    assert [len(part) for part in (full.policy.channels, full.policy.ladders, full.alerts)] == [
        1
    ] * 3
    assert full.timing == parse(text).timing


def test_the_starting_env_names_every_variable_and_nothing_else() -> None:
    lines = [line.removeprefix("# ") for line in starter("env.example").splitlines()]
    named = {line.partition("=")[0] for line in lines if "=" in line}
    assert named == {name.upper() for name in Settings.model_fields}


def test_the_starting_env_lacks_only_what_is_the_users(home: Path) -> None:
    (home / ".env").write_text(starter("env.example"), encoding="utf-8")
    assert set(faults(home, {})) == set(GOOD)
    assert os.fspath(load(GOOD, home).policy_path)


def test_the_token_of_an_alert_comes_from_the_environment_or_the_env_file(home: Path) -> None:
    (home / "sms.toml").write_text(ALERT, encoding="utf-8")
    assert load({**GOOD, "PROM_TOKEN": "hidden-one\n"}, home).alert_tokens == ("hidden-one",)
    (home / ".env").write_text("PROM_TOKEN=hidden-two\n", encoding="utf-8")
    config = load(GOOD, home)
    assert config.alert_tokens == ("hidden-two",)
    assert "hidden" not in repr(config)


def test_an_alert_without_its_token_is_told_with_all_other_faults(home: Path) -> None:
    (home / "sms.toml").write_text(ALERT, encoding="utf-8")
    found = faults(home, {**without("TWILIO_FROM"), "PROM_TOKEN": " "})
    assert list(found) == ["TWILIO_FROM", "sms.toml, line 12"]
    assert "names a variable that is not set" in found["sms.toml, line 12"]


def test_variables_are_read_anew_for_a_file_that_is_read_anew(home: Path) -> None:
    config = load(GOOD, home)
    (home / ".env").write_text("PROM_TOKEN=later\nEMPTY=\n", encoding="utf-8")
    assert config.variables()["PROM_TOKEN"] == "later"
    assert "EMPTY" not in config.variables()
    (home / ".env").write_bytes(b"\xff")
    assert config.variables() == GOOD
