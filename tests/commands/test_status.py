"""Who may see what was sent from a channel, and how much of it."""

from dataclasses import replace

import pytest

from commands.model import Actor
from commands.outcome import Explained, Helped, LastSends, OneSend, Refused
from tests.commands.conftest import World
from tests.commands.fakes import sent

ME, BOB = "U0ME", "U0BOB"


@pytest.fixture
def told(world: World) -> World:
    """A channel with three sends beside one that has one."""
    sends = (sent(1), sent(2, actor=BOB), sent(3, channel="C2"), sent(4))
    world.history.sends = {each.send_id: each for each in sends}
    return world


async def refusal(world: World, text: str) -> Refused:
    outcome = await world.say(text)
    assert isinstance(outcome, Refused)
    return outcome


async def numbers(world: World) -> list[int]:
    outcome = await world.say("status")
    assert isinstance(outcome, LastSends)
    return [each.send_id for each in outcome.sends]


async def test_the_sends_of_this_channel_are_listed_newest_first(told: World) -> None:
    assert await numbers(told) == [4, 2, 1]


async def test_ten_sends_are_listed(world: World) -> None:
    world.history.sends = {n: sent(n) for n in range(1, 13)}
    assert await numbers(world) == [*range(12, 2, -1)]


async def test_a_channel_without_sends_has_an_empty_list(world: World) -> None:
    assert await numbers(world) == []


@pytest.mark.parametrize("text", ["status 1", "status #1"])
async def test_ones_own_send_is_shown_with_whole_numbers(told: World, text: str) -> None:
    assert await told.say(text) == OneSend(sent(1), own=True, masked=False)


async def test_the_send_of_somebody_else_is_shown_masked(told: World) -> None:
    assert await told.say("status 2") == OneSend(sent(2, actor=BOB), own=False, masked=True)


async def test_where_the_channel_shows_numbers_they_are_shown_of_everybody(told: World) -> None:
    told.rule(show_numbers=True)
    assert await told.say("status 2") == OneSend(sent(2, actor=BOB), own=False, masked=False)


async def test_another_channels_send_is_refused_as_one_that_does_not_exist(told: World) -> None:
    hidden, absent = await refusal(told, "status 3"), await refusal(told, "status 9")
    assert hidden == replace(absent, text=absent.text.replace("9", "3"))
    assert "/sms status" in hidden.remedy
    assert told.audit.entries == []


@pytest.mark.parametrize("action", ["send", "recipients", "page"])
async def test_one_action_that_is_allowed_is_enough(told: World, action: str) -> None:
    told.rule(allow=(action,))
    assert await numbers(told) == [4, 2, 1]


async def test_a_user_group_of_who_may_look_too(told: World) -> None:
    told.rule(who=("S1",))
    told.directory.groups = {"S1": (ME,)}
    assert await numbers(told) == [4, 2, 1]


@pytest.mark.parametrize("text", ["status", "status 1", "status 9"])
@pytest.mark.parametrize(
    ("keys", "remedy"), [({"allow": ()}, 'allow = ["send"]'), ({"who": (BOB,)}, "U0ME")]
)
async def test_who_may_do_nothing_here_sees_nothing(
    told: World, text: str, keys: dict[str, object], remedy: str
) -> None:
    told.rule(**keys)
    refused = await refusal(told, text)
    assert refused.kind == "NotAllowed"
    assert remedy in refused.remedy
    assert [(e.action, e.allowed) for e in told.audit.entries] == [("status", False)]


async def test_a_channel_that_is_not_in_the_policy_shows_nothing(told: World) -> None:
    told.actor = Actor(ME, "C2")
    assert "not in sms.toml" in (await refusal(told, "status 3")).text


async def test_a_silent_directory_shows_nothing(told: World) -> None:
    told.rule(who=("S1",))
    told.directory.down = True
    assert (await refusal(told, "status")).kind == "LookupFailed"


@pytest.mark.parametrize("text", ["status", "status 2"])
async def test_why_names_the_rule_that_lets_one_look(told: World, text: str) -> None:
    told.rule(allow=("page",))
    assert await told.say(f"why {text}") == Explained(
        allowed=True,
        command=text,
        reason="This channel lets everybody use page. Who may do anything here may see what was "
        "sent from here.",
        rule='channel C1: allow = ["page"]',
    )


@pytest.mark.parametrize("text", ["status 3", "status 9"])
async def test_why_tells_no_more_of_another_channels_send_than_status(
    told: World, text: str
) -> None:
    outcome = await told.say(f"why {text}")
    assert isinstance(outcome, Explained)
    assert not outcome.allowed
    assert outcome.reason == (await refusal(told, text)).text
    assert outcome.rule == ""


async def test_help_lists_it_wherever_anything_is_allowed(told: World) -> None:
    told.rule(allow=("page",))
    outcome = await told.say("help")
    assert isinstance(outcome, Helped)
    assert any(line.startswith("/sms status [id]: ") for line in outcome.lines)
    told.rule(who=(BOB,))
    outcome = await told.say("help")
    assert isinstance(outcome, Helped)
    assert not any("/sms status" in line for line in outcome.lines)
