from dataclasses import replace

import pytest

from commands.outcome import Explained, Refused
from tests.commands.conftest import World
from tests.commands.pages_kit import DB

RULE = 'channel C1: allow = ["send", "recipients", "page"]'


async def explain(world: World, text: str) -> Explained:
    outcome = await world.say(f"why {text}")
    assert isinstance(outcome, Explained)
    assert outcome.command == text
    assert world.ledger.sends == []
    assert world.audit.entries == []
    return outcome


async def test_an_allowed_send_is_explained_and_not_sent(world: World) -> None:
    assert await explain(world, "send alice, bob Hi") == Explained(
        allowed=True,
        command="send alice, bob Hi",
        reason="This channel lets everybody use send, and reaches all 2 recipients."
        " 2 SMS in all: 1 segment each.",
        rule=RULE,
    )


async def test_what_would_be_counted_is_said(world: World) -> None:
    world.rule(daily_limit=5)
    explained = await explain(world, "send alice Hi")
    assert explained.reason == (
        "This channel lets everybody use send, and reaches this recipient."
        " 1 would be counted towards daily_limit = 5. 1 SMS in all: 1 segment each."
    )


async def test_what_makes_a_text_long_is_named_with_the_plain_one(world: World) -> None:
    text = "It\u2019s the lab\u2019s pump – call" + " now" * 20
    explained = await explain(world, f"send alice, bob {text}")
    assert "4 SMS in all: 2 segments each" in explained.reason
    assert "because of “\u2019”, “–”. " in explained.reason
    plain = "It's the lab's pump - call" + " now" * 20
    assert explained.reason.endswith(f"would make it 1 segment each: {plain}")


async def test_where_plain_characters_do_not_help_it_is_said(world: World) -> None:
    explained = await explain(world, "send alice 🔥🚒🚑✈жд now")
    assert "because of “🔥”" in explained.reason
    assert "and 1 more. Plain characters would make it no shorter." in explained.reason


@pytest.mark.parametrize("text", ["send", "recipients", "recipients al"])
async def test_an_allowed_action_is_explained(world: World, text: str) -> None:
    explained = await explain(world, text)
    assert explained.allowed
    assert explained.rule == RULE


async def test_help_is_allowed_everywhere(world: World) -> None:
    world.rule(allow=())
    explained = await explain(world, "help")
    assert explained.allowed
    assert explained.rule == ""


@pytest.mark.parametrize("text", ["send alice Hi", "send", "recipients"])
async def test_a_refusal_is_explained_with_its_rule_and_its_remedy(world: World, text: str) -> None:
    world.rule(who=("U1",))
    explained = await explain(world, text)
    assert not explained.allowed
    assert explained.rule == 'channel C1: who = ["U1"]'
    assert 'who = ["U1", "U0ME"]' in explained.remedy


async def test_bad_recipients_are_explained(world: World) -> None:
    explained = await explain(world, "send nobody Hi")
    assert not explained.allowed
    assert "nobody: no contact" in explained.reason


async def test_what_is_no_command_is_refused(world: World) -> None:
    outcome = await world.say("why send alice")
    assert isinstance(outcome, Refused)
    assert outcome.kind == "UsageError"


async def test_a_silent_directory_explains_nothing(world: World) -> None:
    world.directory.down = True
    outcome = await world.say("why send verified Hi")
    assert isinstance(outcome, Refused)
    assert outcome.kind == "LookupFailed"


async def test_of_many_odd_characters_five_are_named_and_the_others_counted(world: World) -> None:
    five = await explain(world, "send alice ①②③④⑤")
    assert "“④”, “⑤”. Plain" in five.reason
    six = await explain(world, "send alice ①②③④⑤⑥")
    assert "because of “①”, “②”, “③”, “④”, “⑤” and 1 more." in six.reason


async def test_why_recipients_asks_for_the_right_to_list_and_why_send_for_that_to_send(
    world: World,
) -> None:
    world.rule(allow=("recipients",))
    assert (await explain(world, "recipients")).allowed
    assert not (await explain(world, "send")).allowed
    world.rule(allow=("send",))
    assert not (await explain(world, "recipients")).allowed
    assert (await explain(world, "send")).allowed


DB_RULE = "The escalation db has 2 steps, gone through 2 times at most"


@pytest.mark.parametrize("text", ["page alice Hi", "page db Hi"])
async def test_an_allowed_page_is_explained_and_not_paged(world: World, text: str) -> None:
    world.policy = replace(world.policy, ladders=(DB,))
    explained = await explain(world, text)
    assert (explained.allowed, explained.rule) == (True, RULE)
    assert explained.reason.startswith("This channel lets everybody use page")
    assert (DB_RULE in explained.reason) == ("db" in text)


async def test_an_escalation_of_one_step_is_told_as_such(world: World) -> None:
    world.policy = replace(world.policy, ladders=(replace(DB, rungs=DB.rungs[:1], rounds=1),))
    assert "has 1 step, gone through once;" in (await explain(world, "page db Hi")).reason


async def test_a_page_that_is_not_allowed_is_explained_with_its_remedy(world: World) -> None:
    world.rule(allow=("send",))
    explained = await explain(world, "page alice Hi")
    assert not explained.allowed
    assert 'allow = ["send", "page"]' in explained.remedy


@pytest.mark.parametrize("verb", ["page", "send"])
async def test_the_questions_that_would_come_first_are_told(world: World, verb: str) -> None:
    world.rule(confirm_above=1, approve_above=1)
    explained = await explain(world, f"{verb} alice, bob Hi")
    assert "asked first: confirm_above = 1." in explained.reason
    assert "have to agree: approve_above = 1." in explained.reason


async def test_a_page_that_would_say_the_same_is_told_of(world: World) -> None:
    await world.say("page alice Hi")
    outcome = await world.say("why page alice Hi", "cmd:2")
    assert isinstance(outcome, Explained)
    assert "a page with the same text was opened a moment ago" in outcome.reason


@pytest.mark.parametrize("text", ["ack", "ack 7", "resolve"])
async def test_who_may_answer_a_page_is_explained_and_nothing_is_answered(
    world: World, text: str
) -> None:
    world.pages.open(7)
    explained = await explain(world, text)
    assert explained.allowed
    assert explained.reason.startswith("You may answer page 7.")
    assert "so may everybody who was paged" in explained.reason
    assert world.pages.hands == {}


async def test_who_may_do_nothing_here_is_told_what_would_let_them_answer(world: World) -> None:
    world.pages.open(7)
    world.rule(who=("U1",))
    explained = await explain(world, "ack")
    assert not explained.allowed
    assert 'who = ["U1", "U0ME"]' in explained.remedy


async def test_without_a_page_why_says_what_the_answer_would(world: World) -> None:
    explained = await explain(world, "ack")
    assert not explained.allowed
    assert explained.reason.startswith("No page waits here")
