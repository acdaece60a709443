"""The App Home: what it says, and that Slack takes it whatever there is to say."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.sandbox.blocks import view_problems
from bot.slack.views.answers import plain
from bot.slack.views.home import CHANNELS, home_view, notice_view
from commands.home import Grant, Home, Overview
from commands.model import Action, Actor, AuditEntry, Kind
from commands.outcome import Row, Source
from commands.rules import ChannelRules, Contact, Group, Policy
from commands.site import Health, Reading
from commands.snapshot import Snapshot
from tests.bot.slack.views.kit import ACCEPTED, DELIVERED, FAILED, snapshot

ME = "U0ALICE"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
DATE = "<!date^1772366400^{date_short_pretty}, {time}|2026-03-01 12:00 UTC>"


def grant(number: str = "C1", **limits: Any) -> Grant:  # noqa: ANN401 - any key of a channel
    return Grant(ChannelRules(number, name="#secret", **limits), (Action.SEND, Action.RECIPIENTS))


def sent(**changes: Any) -> Snapshot:  # noqa: ANN401 - any attribute
    return snapshot(DELIVERED, ACCEPTED, FAILED, **{"created": NOON, "channel": "C1", **changes})


def overview(**changes: Any) -> Overview:  # noqa: ANN401 - any attribute
    values: dict[str, Any] = {
        "policy": Policy(channels={"C1": ChannelRules("C1")}, admins=("U0ADMIN", "S0SRE")),
        "reading": Reading(
            (
                ("poll", timedelta(seconds=5)),
                ("poll_until", timedelta(hours=4)),
                ("keep", timedelta()),
            )
        ),
        "refusals": (),
        "health": (Health("Database", well=True, text="PostgreSQL 18.1 answered in 0.4 ms"),),
        **changes,
    }
    return Overview(**values)


def drawn(home: Home) -> dict[str, Any]:
    """Draw a home that Slack takes."""
    view: dict[str, Any] = json.loads(json.dumps(home_view(home).to_dict()))
    assert view_problems(view) == []
    return view


def says(home: Home) -> str:
    """Give all its texts, a block a line."""
    return "\n".join(_text(block) for block in drawn(home)["blocks"])


def _text(block: Any) -> str:  # noqa: ANN401 - JSON
    if isinstance(block, dict):
        own = [block["text"]] if isinstance(block.get("text"), str) else []
        return "\n".join([*own, *filter(None, (_text(v) for v in block.values()))])
    if isinstance(block, list):
        return "\n".join(filter(None, map(_text, block)))
    return ""


def buttons(view: dict[str, Any]) -> list[str]:
    rows = [b["elements"] for b in view["blocks"] if b["type"] == "actions"]
    return [button["text"]["text"] for row in rows for button in row]


# -- what one may do ----------------------------------------------------------------------


def test_a_channel_is_told_by_its_id_with_what_is_allowed_and_its_limits() -> None:
    limits: dict[str, Any] = {
        "max_recipients": 50,
        "daily_limit": 5_000,
        "confirm_above": 10,
        "approve_above": 100,
    }
    said = says(Home(ME, (grant(**limits), grant("C2"))))
    assert (
        "<#C1>: send, recipients – at most 50 in one command; 5,000 in 24 hours; asks before "
        "sending to more than 10; a second person agrees to more than 100\n<#C2>: send, recipients"
    ) in said
    assert "secret" not in said


def test_who_may_send_nowhere_has_no_button_to_send() -> None:
    only_lists = Grant(ChannelRules("C1"), (Action.RECIPIENTS,))
    assert buttons(drawn(Home(ME, (only_lists,)))) == ["Refresh"]
    assert buttons(drawn(Home(ME, (grant(),)))) == ["Send SMS", "Refresh"]


def test_who_may_do_nothing_is_told_whom_to_ask_for_which_line() -> None:
    said = says(Home(ME, (), admins=("U0ADMIN", "U1")))
    assert "may not send or look up anything" in said
    assert "an admin of the bot (<@U0ADMIN>, <@U1>)" in said
    assert f'who = ["{ME}"]' in said
    assert "last sends" not in said


def test_without_an_admin_whoever_runs_the_bot_is_to_be_asked() -> None:
    assert "Ask whoever runs the bot to put" in says(Home(ME, ()))


def test_what_cannot_be_told_is_not_said_to_be_forbidden() -> None:
    said = says(Home(ME, (), untold=3, why_untold="Slack did not answer in time."))
    assert "Of 3 channels it cannot be told now" in said
    assert "Slack did not answer in time. Choose Refresh" in said
    assert "may not send" not in said


def test_where_all_but_the_admins_can_be_told_that_is_said() -> None:
    said = says(Home(ME, (grant(),), why_untold="Slack did not answer in time."))
    assert "cannot be told now whether you are an admin" in said


# -- sends --------------------------------------------------------------------------------


def test_a_send_tells_where_when_to_how_many_and_how_it_stands() -> None:
    again = sent(send_id=9, kind=Kind.PAGE, retry_of=7)
    said = says(Home(ME, (grant(),), sends=(again, sent())))
    assert f"*#9* in <#C1>, {DATE}, to 3 recipients, a page, again after #7" in said
    assert f"*#7* in <#C1>, {DATE}, to 3 recipients\nPartial-Success: 1 delivered, 1 sent" in said
    assert "Water in the <lab>" in said
    assert said.index("#9") < said.index("*#7*")


def test_who_has_sent_nothing_is_told_so() -> None:
    assert "None yet" in says(Home(ME, (grant(),)))


# -- the directory ------------------------------------------------------------------------


def test_contacts_and_groups_are_named_with_masked_numbers() -> None:
    rows = (
        Row("<alice>", "+16175551212", Source.CONTACT),
        Row("+16175551213", "whatsapp:+16175551213", Source.CONTACT),
        Row("ops", "", Source.GROUP, ("alice", "+16175551214")),
    )
    said = says(Home(ME, (grant(),), rows=rows, total=10_000))
    assert "*&lt;alice&gt;*: ••••••••1212\n" in said
    assert ": whatsapp:••••••••1213\n*ops*: group of 2\n… and 9,997 more" in said
    assert "1617555" not in said


# -- admins -------------------------------------------------------------------------------


def test_admins_see_the_policy_as_it_was_read() -> None:
    policy = Policy(
        region="US",
        admins=("U0ADMIN", "S0SRE"),
        channels={"C1": ChannelRules("C1"), "C2": ChannelRules("C2")},
        contacts=(Contact("a", "+1"),),
        groups=(Group("g"), Group("h")),
    )
    said = says(Home(ME, (), overview=overview(policy=policy)))
    assert "2 channels, 1 contacts, 2 groups" in said
    assert "region US, 2 admins and groups of admins" in said
    assert "poll 5s, poll_until 4h, keep 0s" in said
    assert "faulty" not in said


def test_admins_see_each_fault_of_an_edit_that_is_kept_out_without_numbers() -> None:
    faults = ("sms.toml, line 3: channel.alow: is no key", "sms.toml, line 9: +16175551212: twice")
    said = says(Home(ME, (), overview=overview(reading=Reading((), faults))))
    assert "faulty and not in force" in said
    assert faults[0] in said
    assert "line 9: +•••••••1212: twice" in said


def test_admins_see_refusals_with_neither_numbers_nor_bodies() -> None:
    entries = tuple(
        AuditEntry(
            Actor("U0BOB", where), "send", allowed=False, rule='to = ["+16175551212"]', at=NOON
        )
        for where in ("C1", "D1", "")
    )
    said = says(Home(ME, (), overview=overview(refusals=entries)))
    assert f'{DATE} <@U0BOB> in <#C1>: send – to = ["+•••••••1212"]' in said
    assert "<@U0BOB> in a direct message: send" in said
    assert "<@U0BOB> in no channel: send" in said
    assert "1617555" not in said


def test_long_rules_leave_room_for_ten_refusals() -> None:
    entry = AuditEntry(Actor(ME, "C1"), "recipients", allowed=False, rule="x" * 2_000, at=NOON)
    said = says(Home(ME, (), overview=overview(refusals=(entry,) * 10)))
    assert said.count("recipients – xxx") == 10


def test_without_refusals_that_is_said() -> None:
    assert "*The last refusals*\nNone." in says(Home(ME, (), overview=overview()))


def test_admins_see_in_words_how_each_neighbour_is_and_since_when() -> None:
    health = (
        Health("Slack", well=True, text="Socket Mode", moments=(("connected since", NOON),)),
        Health("Twilio", well=False, text="paused for 12 s more"),
    )
    said = says(Home(ME, (), overview=overview(health=health)))
    assert f"Slack: *well* – Socket Mode; connected since {DATE}" in said
    assert "Twilio: *in trouble* – paused for 12 s more" in said


# -- at the extremes ----------------------------------------------------------------------

LIMITS = dict.fromkeys(("max_recipients", "daily_limit", "confirm_above", "approve_above"), 10**12)


@pytest.mark.parametrize("count", [1, 25, 99, 100, 101, 1_000])
@pytest.mark.parametrize("limits", [{}, LIMITS])
def test_every_channel_is_listed_or_counted(count: int, limits: dict[str, int]) -> None:
    grants = tuple(grant(f"C{n:010}", **limits) for n in range(count))
    said = says(Home(ME, grants))
    listed = re.findall(r"<#C(\d+)>: send", said)
    assert [int(number) for number in listed] == [*range(len(listed))]
    assert len(listed) <= CHANNELS
    left = re.search(r"and ([\d,]+) more channels?;", said)
    assert len(listed) + (int(left[1].replace(",", "")) if left else 0) == count


def whole(text: str, name: str) -> Home:
    """Give a home as full as can be."""
    bad = tuple(f"line {n}: {text}" for n in range(200))
    refusal = AuditEntry(Actor(ME, "C" * 11), name, allowed=False, rule=text, at=NOON)
    return Home(
        user=ME,
        grants=tuple(grant(f"C{n:010}", **LIMITS) for n in range(300)),
        untold=5_000,
        why_untold="Slack did not answer in time. Nothing was sent.",
        sends=tuple(sent(send_id=2**63 - n, body=text, retry_of=2**63 - 1) for n in range(1, 6)),
        rows=(
            *(Row(name, f"messenger:{text or 'x'}", Source.CONTACT) for _ in range(19)),
            Row(name, "", Source.GROUP, (name,) * 10_000),
        ),
        total=20_000,
        admins=(ME,) * 100,
        overview=overview(
            reading=Reading(tuple((f"key_{n}", timedelta(days=90)) for n in range(6)), bad),
            refusals=(refusal,) * 10,
            health=tuple(
                Health(part, False, text, tuple(("last error X", NOON) for _ in range(3)))
                for part in ("Slack", "Twilio", "Database")
            ),
        ),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("\U0001f4a5" * 1_600, "\U0001f4a5" * 80),
        ("&" * 1_600, "&" * 80),
        ("<!channel>" * 160, "<!here>" * 11),
        ("6175551212 " * 140, "+16175551212"),
        ("", ""),
    ],
)
def test_slack_takes_the_fullest_home(text: str, name: str) -> None:
    said = says(whole(text, name))
    ours = re.sub(r"<!date\^[^>]+>|<[@#]\w+>", "", said)
    quoted = {line for line in ours.split("\n") if line.startswith("<!channel>")}
    for line in set(ours.split("\n")) - quoted:  # rich text stands for itself
        assert "<!" not in line
    assert "617555" not in said.replace(" ".join(text.split())[:59], "")


hostile = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)


@settings(max_examples=60, deadline=None)
@given(hostile, hostile)
def test_slack_takes_a_home_of_whatever_texts(text: str, name: str) -> None:
    drawn(whole(text, name))
    drawn(replace(whole(text, name), grants=(), untold=0, why_untold=""))


def test_slack_takes_the_notice_in_place_of_a_home() -> None:
    view = json.loads(json.dumps(notice_view(plain("x" * 5_000)).to_dict()))
    assert view_problems(view) == []
    assert buttons(view) == ["Refresh"]
