from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.faults import ConfigFaults, Fault
from bot.policyfile import parse, read_policy

FULL = """\
region = "gb"
admins = ["U0ADMIN", "S0SRE"]

[timing]
in_doubt = "0s"
poll = "0.5s"
keep = "30d"

[[channel]]
id = "C0ONCALL"
name = "#oncall"
allow = ["send", "recipients", "page"]
who = ["*", "U1", "W1", "S1"]
to = ["verified", "directory", "+", "+1617", "whatsapp:", "whatsapp:+44"]
max_recipients = 50
daily_limit = 500
confirm_above = 0
approve_above = 100
from = "+16175550100"
show_numbers = true

[[channel]]
id = "G1"

[[contact]]
name = "Alice"
number = "020 7946 0018"
slack = "U0ALICE"

[[contact]]
name = "bob"
number = "whatsapp:+16175551212"

[[group]]
name = "all"
members = ["oncall", "@bob"]

[[group]]
name = "oncall"
members = ["alice", "+1 617 555 1213"]

[[escalation]]
name = "db"
steps = [
  { to = ["oncall", "<@U1>"], wait = "5m" },
  { to = ["<!subteam^S0LEADS>", "+16175551214"], wait = "1h" },
]
repeat = 2

[[alert]]
name = "alertmanager"
channel = "C0ONCALL"
escalation = "db"
token_env = "ALERT_TOKEN"
"""


def faults(text: str) -> list[tuple[str, str, str]]:
    with pytest.raises(ConfigFaults) as caught:
        parse(text)
    return [(f.where, f.what, f.remedy) for f in caught.value.faults]


def only(text: str) -> tuple[str, str, str]:
    (fault,) = faults(text)
    return fault


def test_every_key_of_a_channel_reaches_its_rules() -> None:
    policy = parse(FULL).policy
    rules = policy.channels["C0ONCALL"]
    assert (policy.region, policy.admins) == ("GB", ("U0ADMIN", "S0SRE"))
    assert (rules.name, rules.allow) == ("#oncall", ("send", "recipients", "page"))
    assert rules.who == ("*", "U1", "W1", "S1")
    assert rules.to == ("verified", "directory", "+", "+1617", "whatsapp:", "whatsapp:+44")
    assert (rules.max_recipients, rules.daily_limit) == (50, 500)
    assert (rules.confirm_above, rules.approve_above) == (0, 100)
    assert (rules.sender, rules.show_numbers) == ("+16175550100", True)


def test_a_channel_may_name_several_senders_its_default_first() -> None:
    rules = parse(FULL.replace('"+16175550100"', '["Lab", "+16175550100"]')).policy.channels[
        "C0ONCALL"
    ]
    assert (rules.sender, rules.senders) == ("Lab", ("Lab", "+16175550100"))


def test_a_channel_without_keys_allows_nothing() -> None:
    rules = parse(FULL).policy.channels["G1"]
    assert (rules.allow, rules.who, rules.to, rules.sender) == ((), (), (), "")
    assert (rules.max_recipients, rules.daily_limit, rules.approve_above) == (None, None, None)


def test_numbers_of_the_directory_become_addresses_in_the_files_region() -> None:
    policy = parse(FULL).policy
    assert [c.number for c in policy.contacts] == ["+442079460018", "whatsapp:+16175551212"]
    assert [c.slack for c in policy.contacts] == ["U0ALICE", ""]
    assert [g.members for g in policy.groups] == [("oncall", "bob"), ("alice", "+16175551213")]


def test_escalations_and_alerts_come_in_the_files_order() -> None:
    file = parse(FULL)
    (ladder,) = file.policy.ladders
    assert [rung.to for rung in ladder.rungs] == [
        ("oncall", "<@U1>"),
        ("<!subteam^S0LEADS>", "+16175551214"),
    ]
    assert [rung.wait for rung in ladder.rungs] == [timedelta(minutes=5), timedelta(hours=1)]
    (alert,) = file.alerts
    assert (ladder.rounds, alert.escalation, alert.token_env) == (2, "db", "ALERT_TOKEN")


def test_what_timing_leaves_out_has_the_contracts_default() -> None:
    timing = parse(FULL).timing
    assert (timing.in_doubt, timing.poll) == (timedelta(0), timedelta(seconds=0.5))
    assert (timing.page_in_doubt, timing.keep) == (timedelta(seconds=30), timedelta(days=30))
    default = parse("").timing
    assert (default.in_doubt, default.poll) == (timedelta(minutes=2), timedelta(seconds=5))
    assert (default.poll_until, default.same_intent) == (timedelta(hours=4), timedelta(minutes=10))


def test_an_empty_file_allows_nothing() -> None:
    assert parse("").policy.channels == {}


@pytest.mark.parametrize(
    ("old", "new", "line", "what"),
    [
        ('"gb"', '"Britain"', 1, "region: is not a region"),
        ('"U0ADMIN"', '"@admin"', 2, "admins: is not a Slack id"),
        ('"30d"', '"30"', 7, "timing.keep: is not a duration"),
        ('"30d"', "30", 7, "timing.keep: is not a duration"),
        ('"30d"', '"99999999999999d"', 7, "timing.keep: is not a duration"),
        ('id = "C0ONCALL"\nname', 'id = "#oncall"\nname', 10, "channel.id: is not a Slack channel"),
        ('name = "#oncall"', "name = 5", 11, "channel.name: is not text"),
        ('"page"]', '"shout"]', 12, "channel.allow: is not an action"),
        ('["*"', '["everybody"', 13, 'channel.who: is neither "*"'),
        ('"+1617"', '"1617"', 14, "channel.to: is no class or prefix"),
        ("= 50\n", "= 0\n", 15, "channel.max_recipients: is not positive"),
        ("= 500\n", '= "500"\n', 16, "channel.daily_limit: is not a whole number"),
        ("confirm_above = 0", "confirm_above = -1", 17, "channel.confirm_above: is negative"),
        ("confirm_above = 0", "confirm_above = 101", 17, "channel.confirm_above: is 101, more"),
        ('"+16175550100"', '"a sender too long"', 19, "channel.from: is nothing that Twilio can"),
        ('"+16175550100"', '["911", "911"]', 19, "channel.from: names a sender twice"),
        ('"+16175550100"', "[]", 19, "channel.from: is empty"),
        ('"+16175550100"', "5", 19, "channel.from: is not text"),
        ('"+16175550100"', '["911", 5]', 19, "channel.from: is not text"),
        ("= true", '= "yes"', 20, "channel.show_numbers: is neither true nor false"),
        ('id = "G1"', 'id = "C0ONCALL"', 23, 'channel.id: "C0ONCALL" is there twice'),
        ('id = "G1"', 'name = "x"', 22, "channel.id: is missing"),
        ('"Alice"', '"Al ice"', 26, "contact.name: has blanks"),
        ('"Alice"', '"Al,ice"', 26, "contact.name: has blanks, commas"),
        ('"Alice"', "'Al\"ice'", 26, "contact.name: has blanks, commas or quotes"),
        ('"Alice"', '"Verified"', 26, "contact.name: is reserved"),
        ('"Alice"', '"911"', 26, "contact.name: would be read as a number"),
        ('"Alice"', '"@al"', 26, "contact.name: would be read as"),
        ('"020 7946 0018"', '"020"', 27, 'contact.number: "020" cannot be texted'),
        ('"U0ALICE"', '"alice"', 28, "contact.slack: is not a Slack user id"),
        ('"bob"\nnum', '"ALICE"\nnum', 31, 'contact.name: "ALICE" is there twice'),
        ('"all"', '"Bob"', 35, 'group.name: "Bob" is a contact too'),
        ('"all"', '"OnCall"', 39, 'group.name: "oncall" is there twice'),
        ('["oncall", "@bob"]', '["oncal"]', 36, 'group.members: "oncal" is no contact or group'),
        ('["oncall", "@bob"]', '["<@U1>"]', 36, 'group.members: "<@U1>" cannot be a member'),
        ('["oncall", "@bob"]', "5", 36, "group.members: is not a list"),
        ('"+1 617 555 1213"', '"+1617"', 40, 'group.members: "+1617" cannot be texted'),
        ('["oncall", "<@U1>"]', '["nobody"]', 45, 'escalation.steps.to: "nobody" is no contact'),
        ('["oncall", "<@U1>"]', "[]", 45, "escalation.steps.to: is empty"),
        ('"+16175551214"', '"+1"', 46, 'escalation.steps.to: "+1" cannot be texted'),
        ('"1h"', '"0s"', 46, "escalation.steps.wait: does not wait at all"),
        ("repeat = 2", "repeat = 0", 48, "escalation.repeat: is not positive"),
        ('"alertmanager"', '"a/b"', 51, "alert.name: cannot stand in the address"),
        ('channel = "C0ONCALL"', 'channel = "C0"', 52, 'alert.channel: "C0" is no [[channel]]'),
        ('escalation = "db"', 'escalation = "d"', 53, 'alert.escalation: "d" is no [[escalation]]'),
        ('"ALERT_TOKEN"', '"$ALERT"', 54, "alert.token_env: is not the name of a variable"),
    ],
)
def test_a_fault_names_its_line_and_what_is_wrong(old: str, new: str, line: int, what: str) -> None:
    assert FULL.count(old) >= 1
    found = faults(FULL.replace(old, new, 1))
    assert (f"sms.toml, line {line}", True) in [(w, text.startswith(what)) for w, text, _ in found]
    assert all(remedy for _, _, remedy in found)


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("regoin = 'US'", "Did you mean region?"),
        ("[timing]\npol = '5s'", "Did you mean poll?"),
        ("[[channel]]\nid = 'C1'\nform = '12345'", "Did you mean from?"),
        ("[[escalation]]\nname='a'\nsteps=[{to=['+16175551212'],wait='5m',wiat=1}]", "wait?"),
        ("[[contacts]]\nname = 'a'", "Did you mean contact?"),
        ("[[group]]\nname = 'a'\nmembers = []\nzzz = 1", "Known here: name, members"),
    ],
)
def test_an_unknown_key_is_told_with_the_nearest_known_one(text: str, remedy: str) -> None:
    assert remedy in only(text)[2]


def test_faults_within_one_table_and_between_tables_come_together_in_line_order() -> None:
    text = FULL.replace('"gb"', '"xx"').replace('"@bob"', '"bobby"').replace('"1h"', '"x"')
    assert [where for where, _, _ in faults(text)] == [
        "sms.toml, line 1",
        "sms.toml, line 36",
        "sms.toml, line 46",
    ]


def test_an_unknown_member_is_told_with_the_nearest_name() -> None:
    text = FULL.replace('["oncall", "@bob"]', '["alcie"]')
    assert only(text)[2] == 'Did you mean "Alice"?'


def test_an_unknown_escalation_is_told_with_the_nearest_name_if_there_is_one() -> None:
    near = FULL.replace('escalation = "db"', 'escalation = "dbs"')
    far = FULL.replace('escalation = "db"', 'escalation = "xyz"')
    assert only(near)[2] == 'Did you mean "db"?'
    assert only(far)[2] == "Add it, or name one that is there"


def test_groups_that_contain_themselves_are_told_at_each_link() -> None:
    text = """\
[[group]]
name = "a"
members = ["b"]
[[group]]
name = "b"
members = [
  "+16175551212",
  "A",
]
[[group]]
name = "c"
members = ["a"]
"""
    assert [(where, what) for where, what, _ in faults(text)] == [
        ("sms.toml, line 3", 'group.members: through "b" the group "a" contains itself'),
        ("sms.toml, line 8", 'group.members: through "A" the group "b" contains itself'),
    ]


def test_tables_of_the_wrong_kind_are_faults_of_their_line() -> None:
    found = faults('\ntiming = 5\nchannel = "C1"\ngroup = [1]\n')
    assert [(where, what) for where, what, _ in found] == [
        ("sms.toml, line 2", "timing: is not a table"),
        ("sms.toml, line 3", "channel: is not a list"),
        ("sms.toml, line 4", "group: is not a table"),
    ]


def test_a_token_pasted_as_the_name_of_its_variable_is_not_quoted() -> None:
    text = FULL.replace('"ALERT_TOKEN"', '"secret-token"')
    with pytest.raises(ConfigFaults) as caught:
        parse(text)
    assert "secret-token" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('a = 1\nregion "US"\n', 2),
        ("region = 'US'\nregion = 'GB'\n", 2),
        ("region = 'US'\n\nadmins = [\n", 3),
        ("[timing]\n[timing]\n", 2),
        ("a = " + "[" * 9999, 1),
        ("a = " + "9" * 9999, 1),
    ],
)
def test_a_syntax_error_names_its_own_line(text: str, line: int) -> None:
    where, what, remedy = only(text)
    assert where == f"sms.toml, line {line}"
    assert what.startswith("is not TOML: ")
    assert remedy


@given(st.integers(0, len(FULL)), st.integers(0, 40), st.text('[]{}=",#\n+a1', max_size=5))
def test_whatever_is_in_the_file_parsing_ends_in_a_policy_or_in_faults(
    at: int, cut: int, put: str
) -> None:
    found: tuple[Fault, ...] = ()
    try:
        parse(FULL[:at] + put + FULL[at + cut :])
    except ConfigFaults as exc:
        found = exc.faults
    assert all(f.where.startswith("sms.toml, line ") and f.remedy for f in found)


def test_a_file_that_is_no_text_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "sms.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigFaults, match="cannot be read"):
        read_policy(tmp_path / "sms.toml")
    with pytest.raises(ConfigFaults, match="cannot be read"):
        read_policy(tmp_path)


def test_a_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    path = tmp_path / "sms.toml"
    path.write_text("\ufeffregion = 'GB'", encoding="utf-8")
    assert read_policy(path).policy.region == "GB"
