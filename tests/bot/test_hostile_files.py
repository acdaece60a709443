"""Whatever stands in the environment, in .env, in sms.toml or in a table: values, or faults."""

import json
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot import directoryfile
from bot.config import Settings, load
from bot.faults import ConfigFaults
from bot.policyfile import parse
from commands.names import fault_of

GOOD = {
    "SLACK_BOT_TOKEN": "xoxb-hidden-bot",
    "SLACK_APP_TOKEN": "xapp-hidden-app",
    "TWILIO_ACCOUNT_SID": "AC" + "0a" * 16,
    "TWILIO_AUTH_TOKEN": "hidden-auth-token",
    "TWILIO_FROM": "+15005550006",
}
NAMES = [name.upper() for name in Settings.model_fields]
SECRET = ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET", "TWILIO_AUTH_TOKEN",
          "TWILIO_API_SECRET", "DATABASE_URL")  # fmt: skip

anything = st.text(st.characters(codec=None), max_size=12)
beginnings = st.sampled_from(
    ["", "xoxb-", "xapp-", "https://", "http://[", "postgresql://u:", "AC", "MG", "whatsapp:", "+1"]
)
values = st.builds("{}{}".format, beginnings, anything)
secrets = st.builds("{}s3cr3t{}".format, beginnings, anything)
environs = st.fixed_dictionaries(
    {}, optional={name: secrets if name in SECRET else values for name in NAMES}
)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("home")
    (folder / "sms.toml").write_text('region = "US"\n', encoding="utf-8")
    return folder


@settings(max_examples=150)
@given(environs)
@example({"SMS_CONFIG": "a\0b"})
@example({"SLACK_BOT_TOKEN": "xoxb-\udcff"})
def test_whatever_the_environment_holds_is_settings_or_faults(
    home: Path, environ: dict[str, str]
) -> None:
    try:
        config = load({**GOOD, **environ}, home)
    except ConfigFaults as faults:
        told = str(faults)
    else:
        told = repr(config)
        for value in config.settings.model_dump(mode="json").values():
            assert "\0" not in str(value)
    assert "s3cr3t" not in told
    assert "hidden" not in told


@settings(max_examples=60)
@given(st.binary(max_size=60) | st.text("HOST=ab\"'\\\n\0#$ {}", max_size=60).map(str.encode))
def test_whatever_the_env_file_holds_is_settings_or_faults(home: Path, content: bytes) -> None:
    (home / ".env").write_bytes(content)
    with suppress(ConfigFaults):
        load(GOOD, home)
    (home / ".env").unlink()


words = anything | st.sampled_from(["C1", "U1", "S1", "*", "send", "+1", "alice", "5m", "verified"])
texts = words.map(lambda text: json.dumps(text.encode("utf-8", "replace").decode()))
cells = st.one_of(
    texts,
    st.lists(texts, max_size=3).map(lambda items: f"[{', '.join(items)}]"),
    st.integers().map(str),
    st.sampled_from(["true", "1e400", "2026-01-01", "{}", "[[]]", "[{ to = ['+16175551212'] }]"]),
)
keys = st.sampled_from(
    ["id", "name", "allow", "who", "to", "from", "number", "slack", "members", "steps", "repeat",
     "channel", "escalation", "token_env", "format", "fields", "storm", "storm_window", "keep"]
)  # fmt: skip
heads = st.sampled_from(
    ["[[channel]]", "[[contact]]", "[[group]]", "[[escalation]]", "[[alert]]", "[timing]"]
)
tables = st.builds(
    lambda head, rows: "\n".join([head, *(f"{key} = {cell}" for key, cell in rows.items())]),
    heads,
    st.dictionaries(keys, cells, max_size=6),
)


@settings(max_examples=150)
@given(st.lists(tables, max_size=3).map("\n".join))
def test_whatever_the_tables_of_sms_toml_hold_is_a_policy_or_faults(text: str) -> None:
    with suppress(ConfigFaults):
        policy = parse(text, variables={"alice": "token"}).policy
        names = [*(c.name for c in policy.contacts), *(g.name for g in policy.groups)]
        assert [name for name in names if fault_of(name)] == []


rows = st.lists(st.lists(anything, max_size=5).map(",".join), max_size=5).map("\n".join)


@settings(max_examples=100)
@given(rows | rows.map("name,number,slack,members\n{}".format))
def test_whatever_a_table_holds_is_lines_or_a_fault(home: Path, text: str) -> None:
    path = home / "people.csv"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    with suppress(ConfigFaults):
        assert "+1" not in repr(directoryfile.read(path))
