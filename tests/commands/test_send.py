from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from commands.dispatch import look_at
from commands.model import Actor, NewSend, Recipient
from commands.outcome import Asked, ComposerAsked, Refused, Sending
from tests.commands.conftest import ALICE, BOB, World
from tests.commands.fakes import NOW

TEXT = "send alice, bob Water in the lab"


def refused(outcome: object) -> Refused:
    assert isinstance(outcome, Refused)
    assert outcome.text
    assert outcome.remedy
    return outcome


async def test_a_send_is_committed_with_all_it_needs(world: World) -> None:
    world.rule(daily_limit=500)
    assert await world.say(TEXT, "cmd:7") == Sending(1, 2, repeated=False, segments=1)
    assert world.ledger.sends == [
        NewSend(
            request_key="cmd:7",
            actor=Actor("U0ME", "C1"),
            body="Water in the lab",
            recipients=(Recipient(ALICE.number, "alice"), Recipient(BOB.number, "Bob")),
            sender="+15005550006",
            rule='channel C1: allow = ["send", "recipients", "page"]',
            command=TEXT,
            daily_limit=500,
            answer_url="https://answer",
            guard=timedelta(minutes=10),
        )
    ]
    assert world.audit.entries == []
    assert world.directory.calls == []


async def test_a_redelivered_command_is_the_same_send(world: World) -> None:
    await world.say(TEXT)
    assert await world.say(TEXT) == Sending(1, 2, repeated=True, segments=1)
    assert len(world.ledger.sends) == 1


async def test_the_channel_s_sender_goes_before_the_default(world: World) -> None:
    world.rule(senders=("MG1",))
    await world.say(TEXT)
    assert world.ledger.sends[0].sender == "MG1"


async def test_mentions_become_names_each_looked_up_once(world: World) -> None:
    world.directory.names = {"U1": "Una"}
    await world.say("send alice ask <@U1>, <@U2|deux> or <@U1>\n“now”")
    assert world.ledger.sends[0].body == "ask @Una, @deux or @Una\n“now”"
    assert world.directory.calls == ["name U1"]


KEYS: list[tuple[dict[str, Any], str]] = [
    ({"allow": ("recipients",)}, "NotAllowed"),
    ({"who": ("U1",)}, "NotAllowed"),
    ({"to": ("+44",)}, "NotAllowed"),
    ({"max_recipients": 1}, "OverLimit"),
    ({"daily_limit": 1}, "OverLimit"),
]


@pytest.mark.parametrize(("keys", "kind"), KEYS)
async def test_each_key_refuses_commits_nothing_and_is_audited(
    world: World, keys: dict[str, Any], kind: str
) -> None:
    world.rule(**keys)
    outcome = refused(await world.say(TEXT))
    assert outcome.kind == kind
    assert f"{next(iter(keys))} = " in outcome.remedy
    assert world.ledger.sends == []
    (entry,) = world.audit.entries
    assert (entry.actor, entry.action, entry.allowed) == (world.actor, "send", False)
    assert entry.rule.startswith(f"channel C1: {next(iter(keys))} = ")
    assert (entry.detail, entry.at) == (kind, NOW)


@pytest.mark.parametrize(
    "keys",
    [
        {"allow": ("send",)},
        {"who": ("U0ME",)},
        {"to": ("+1617",)},
        {"max_recipients": 2},
        {"daily_limit": 2},
        {"confirm_above": 2},
        {"approve_above": 2},
    ],
)
async def test_each_key_allows_up_to_what_it_says(world: World, keys: dict[str, Any]) -> None:
    world.rule(**keys)
    assert isinstance(await world.say(TEXT), Sending)


async def test_the_daily_limit_tells_what_is_used_and_what_would_help(world: World) -> None:
    world.rule(daily_limit=10)
    world.ledger.used = 9
    outcome = refused(await world.say(TEXT))
    assert "9 of the 10" in outcome.text
    assert "at most 1 now" in outcome.remedy
    assert outcome.remedy.endswith("daily_limit = 11")


async def test_an_unknown_channel_is_refused(world: World) -> None:
    world.actor = replace(world.actor, channel="C9")
    outcome = refused(await world.say(TEXT))
    assert 'id = "C9"' in outcome.remedy
    assert world.ledger.sends == []


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("send alice", "UsageError"),
        ("send alice, Hi", "UsageError"),
        ("send nobody Hi", "BadRecipients"),
        ("send alice, 911 Hi", "BadRecipients"),
        ("send alice " + "x" * 1601, "UsageError"),
        ("send alice " + "😀" * 801, "UsageError"),
        ("send alice a\0b", "UsageError"),
        ("send alice a\ud800b", "UsageError"),
        ("sned alice Hi", "UsageError"),
    ],
)
async def test_what_is_wrong_with_the_text_is_no_business_of_the_audit(
    world: World, text: str, kind: str
) -> None:
    assert refused(await world.say(text)).kind == kind
    assert world.ledger.sends == []
    assert world.audit.entries == []


async def test_a_text_too_long_is_told_by_how_much(world: World) -> None:
    outcome = refused(await world.say("send alice " + "😀" * 801))
    assert "1,602" in outcome.text
    assert "by 2." in outcome.remedy
    assert isinstance(await world.say("send alice " + "😀" * 800), Sending)


async def test_who_may_not_send_causes_no_look_up(world: World) -> None:
    world.rule(who=("U1",), to=("verified",))
    refused(await world.say("send <@U2>, verified, <!subteam^S1> ask <@U3>"))
    assert world.directory.calls == []


@pytest.mark.parametrize(("to", "calls"), [(("verified",), ["verified"]), (("+1617",), [])])
async def test_twilio_is_asked_only_where_its_list_decides(
    world: World, to: tuple[str, ...], calls: list[str]
) -> None:
    world.rule(to=to)
    world.directory.numbers = [Recipient(ALICE.number)]
    assert isinstance(await world.say("send alice Hi"), Sending)
    assert world.directory.calls == calls


async def test_verified_is_asked_for_once_a_command(world: World) -> None:
    world.rule(to=("verified",))
    world.directory.numbers = [Recipient("+16505550000", "Lab")]
    assert isinstance(await world.say("send verified Hi"), Sending)
    assert world.directory.calls == ["verified"]


async def test_a_silent_directory_is_a_refusal_not_a_crash(world: World) -> None:
    world.directory.down = True
    outcome = refused(await world.say("send verified Hi"))
    assert outcome == Refused("Nobody answered.", "Try again.", "LookupFailed")
    assert world.ledger.sends == []


async def test_a_member_of_a_user_group_may_send(world: World) -> None:
    world.rule(who=("U1", "S1", "S2", "S3"))
    world.directory.groups = {"S2": ("U0ME",), "S3": ("U0ME",)}
    assert isinstance(await world.say(TEXT), Sending)
    assert world.ledger.sends[0].actor.groups == {"S2"}
    assert world.directory.calls == ["group S1", "group S2"]


@pytest.mark.parametrize("who", [("*",), ("S1",)])
async def test_a_guest_may_not_send_and_nobody_is_looked_up_for_them(
    world: World, who: tuple[str, ...]
) -> None:
    world.rule(who=who)
    world.directory.groups = {"S1": ("U0ME",)}
    world.directory.guests = {"U0ME"}
    world.actor = replace(world.actor, team="T1")
    no = refused(await world.say("send <@U1> Hi"))
    assert no.kind == "NotAllowed"
    assert "guest" in no.text
    assert world.directory.placed == [("U0ME", "T1")]
    assert "people U1" not in world.directory.calls
    assert world.audit.entries[0].rule.startswith("channel C1: who = ")


async def test_a_guest_who_is_named_may_send_and_nobody_is_asked_about_it(world: World) -> None:
    world.rule(who=("*", "U0ME"))
    world.directory.guests = {"U0ME"}
    assert isinstance(await world.say(TEXT), Sending)
    assert world.directory.placed == []


async def test_who_may_be_a_guest_is_refused(world: World) -> None:
    world.directory.unclear = {"U0ME"}
    no = refused(await world.say(TEXT))
    assert no.kind == "LookupFailed"
    assert "whether you are a guest" in no.text
    assert world.ledger.sends == []


async def test_a_member_of_no_group_may_not(world: World) -> None:
    world.rule(who=("S1",))
    assert refused(await world.say(TEXT)).kind == "NotAllowed"


@pytest.mark.parametrize("who", [("*", "S1"), ("U0ME", "S1"), ("S2", "S1")])
async def test_no_group_is_looked_up_for_who_is_known_already(
    world: World, who: tuple[str, ...]
) -> None:
    world.rule(who=who)
    world.actor = replace(world.actor, groups=frozenset({"S2"}))
    assert isinstance(await world.say(TEXT), Sending)
    assert world.directory.calls == []


async def test_send_alone_asks_for_the_composer(world: World) -> None:
    assert await world.say("send") == ComposerAsked()


@pytest.mark.parametrize("keys", [{"allow": ()}, {"who": ("U1",)}, {"allow": (), "who": ("S1",)}])
async def test_the_composer_is_refused_where_sending_is(world: World, keys: dict[str, Any]) -> None:
    world.rule(**keys)
    assert refused(await world.say("send")).kind == "NotAllowed"
    assert world.directory.calls == []


async def test_the_composer_waits_for_no_user_group(world: World) -> None:
    world.rule(who=("S1",))
    assert await world.say("send") == ComposerAsked()
    assert world.directory.calls == []


async def test_the_composer_is_refused_in_an_unknown_channel(world: World) -> None:
    world.actor = replace(world.actor, channel="C9")
    assert refused(await world.say("send")).kind == "NotAllowed"


async def test_what_the_composer_submits_takes_the_same_way(world: World) -> None:
    outcome = await look_at(
        world.actor,
        "alice ,<@U0ALICE>",
        " a &amp; <@U1>\nb ",
        "view:1",
        world.services,
        "https://a",
    )
    assert isinstance(outcome, Asked)
    assert world.ledger.sends == []
    new = outcome.question.new
    assert (new.request_key, new.answer_url) == ("view:1", "https://a")
    assert (new.body, outcome.question.folded) == ("a &amp; <@U1>\nb", 1)


@pytest.mark.parametrize(
    ("people", "message", "says"),
    [
        ("alice", " \n", "message is empty"),
        ("", "Hi", "no recipients"),
        ("alice bob", "Hi", "comma is missing"),
        ("nobody", "Hi", "nobody: no contact"),
    ],
)
async def test_the_composer_s_faults_are_refused(
    world: World, people: str, message: str, says: str
) -> None:
    outcome = await look_at(world.actor, people, message, "view:1", world.services)
    assert says in refused(outcome).text
    assert world.ledger.sends == []


async def test_the_composer_s_refusals_are_audited_as_a_send(world: World) -> None:
    world.rule(who=())
    refused(await look_at(world.actor, "alice", "Hi", "view:1", world.services))
    assert world.audit.entries[0].action == "send"
