"""`/sms page` up to its commit, and whom a step reaches when it fires."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from commands.entries import NameEntry, NumberEntry, UserEntry, UserGroupEntry, to_entry
from commands.model import Kind, Recipient
from commands.numbers import is_number
from commands.oncall import Ladder, Rung
from commands.outcome import Asked, Awaiting, Outcome, Paging, Refused
from commands.page import ROUNDS, WAIT, Reached, dressed, link_in, whom
from commands.question import Word
from tests.commands.conftest import ALICE, World
from tests.commands.pages_kit import DB
from tests.commands.questions_kit import SECOND, A, B, say

BY_DB = "page db Water in the lab"
BY_NAME = "page alice, bob Water in the lab"
ANN = Recipient("+16175550001", "Ann")


@pytest.fixture
def escalating(world: World) -> World:
    """A policy with an escalation."""
    world.policy = replace(world.policy, ladders=(DB,))
    return world


def refused(outcome: Outcome) -> Refused:
    assert isinstance(outcome, Refused)
    return outcome


def rung(*to: str) -> Rung:
    return Rung(to, timedelta(minutes=5))


async def reach(world: World, *to: str, channel: str = "C1") -> Reached:
    return await whom(rung(*to), channel, world.services.policy, world.directory)


# -- the command --------------------------------------------------------------------------


async def test_people_who_are_named_are_one_step_repeated_every_five_minutes_three_times(
    world: World,
) -> None:
    assert await world.say(BY_NAME) == Paging(1, "", repeated=False)
    [new] = world.ledger.sends
    assert (new.kind, new.recipients, new.body) == (Kind.PAGE, (A, B), "Water in the lab")
    assert new.ladder == Ladder((Rung(("alice", "bob"), timedelta(minutes=5)),), 3)
    assert (WAIT.total_seconds(), ROUNDS) == (300, 3)


@pytest.mark.parametrize("name", ["db", "DB", "@db"])
async def test_an_escalation_pages_by_its_steps_without_looking_anybody_up(
    escalating: World, name: str
) -> None:
    escalating.directory.down = True
    text = f"page {name} Water in the lab"
    assert await escalating.say(text) == Paging(1, "db", repeated=False)
    [new] = escalating.ledger.sends
    assert (new.ladder, new.recipients) == (DB, ())
    assert escalating.directory.calls == []


async def test_an_escalation_goes_before_a_group_of_the_same_name(world: World) -> None:
    world.policy = replace(world.policy, ladders=(replace(DB, escalation="oncall"),))
    assert await world.say("page oncall Water") == Paging(1, "oncall", repeated=False)


async def test_beside_others_the_name_of_an_escalation_is_a_name_like_any_other(
    escalating: World,
) -> None:
    assert "db: no contact" in refused(await escalating.say("page db, alice Water")).text


async def test_the_first_address_of_the_text_is_kept_whole_in_its_sms(escalating: World) -> None:
    text = "Water, see <https://x.example/run|https://x.example/run>, or <https://y.example>"
    await escalating.say(f"page db {text}")
    await escalating.say(f"page alice {text}", "cmd:2")
    links = [new.ladder.link for new in escalating.ledger.sends if new.ladder]
    assert links == ["https://x.example/run"] * 2


@pytest.mark.parametrize("text", [BY_DB, BY_NAME])
async def test_the_same_command_delivered_twice_is_one_page(escalating: World, text: str) -> None:
    await escalating.say(text)
    again = await escalating.say(text)
    assert isinstance(again, Paging)
    assert again.repeated
    assert len(escalating.ledger.sends) == 1


@pytest.mark.parametrize("text", [BY_DB, BY_NAME])
async def test_where_pages_are_not_allowed_nobody_is_paged(escalating: World, text: str) -> None:
    escalating.rule(allow=("send",))
    no = refused(await escalating.say(text))
    assert no.kind == "NotAllowed"
    assert 'allow = ["send", "page"]' in no.remedy
    assert escalating.ledger.sends == []


@pytest.mark.parametrize("text", ["page alice", "page db"])
async def test_a_page_without_a_text_is_refused(escalating: World, text: str) -> None:
    assert refused(await escalating.say(text)).kind == "UsageError"


async def test_one_bad_entry_refuses_the_whole_page(world: World) -> None:
    assert "nobody: no contact" in refused(await world.say("page alice, nobody Water")).text
    assert world.ledger.sends == []


async def test_people_whom_the_channel_does_not_reach_are_not_paged_by_name(world: World) -> None:
    assert "+442071838750" in refused(await world.say("page +442071838750 Water")).text


async def test_the_daily_limit_counts_whom_a_page_names(world: World) -> None:
    world.rule(daily_limit=1)
    assert refused(await world.say(BY_NAME)).kind == "OverLimit"


# -- questions before it ------------------------------------------------------------------


async def test_a_large_page_is_confirmed_by_its_sender_and_pages_by_the_same_ladder(
    world: World,
) -> None:
    world.rule(confirm_above=1)
    asked = await world.say(BY_NAME)
    assert isinstance(asked, Asked)
    assert world.ledger.sends == []
    assert await say(world, asked.question.turn) == Paging(1, "", repeated=False)
    [new] = world.ledger.sends
    assert new.ladder
    assert new.ladder.rungs == (Rung(("alice", "bob"), WAIT),)


async def test_a_larger_page_waits_for_a_second_person_who_may_page(world: World) -> None:
    world.rule(approve_above=1)
    waiting = await world.say(BY_NAME)
    assert isinstance(waiting, Awaiting)
    done = await say(world, waiting.question.turn, Word.APPROVE, SECOND)
    assert done == Paging(1, "", repeated=False)
    [new] = world.ledger.sends
    assert (new.approver, new.kind) == ("U0SECOND", Kind.PAGE)


async def test_who_may_only_send_cannot_agree_to_a_page(world: World) -> None:
    world.rule(approve_above=1)
    waiting = await world.say(BY_NAME)
    assert isinstance(waiting, Awaiting)
    world.rule(allow=("send",))
    no = refused(await say(world, waiting.question.turn, Word.APPROVE, SECOND))
    assert no.kind == "NotAllowed"


@pytest.mark.parametrize("text", [BY_DB, BY_NAME])
async def test_the_same_text_by_the_same_ladder_asks_first(escalating: World, text: str) -> None:
    await escalating.say(text)
    asked = await escalating.say(text.upper().replace("PAGE", "page"), "cmd:2")
    assert isinstance(asked, Asked)
    assert asked.already
    assert (asked.already.send_id, len(escalating.ledger.sends)) == (1, 1)
    again = await say(escalating, asked.question.turn)
    assert again == Paging(2, "db" if text == BY_DB else "", repeated=False)


# -- whom a step reaches ------------------------------------------------------------------


async def test_a_step_reaches_whoever_is_in_the_user_group_when_it_fires(world: World) -> None:
    world.directory.groups = {"S0LEADS": ("U0ALICE",)}
    assert await reach(world, "<!subteam^S0LEADS>", "bob") == Reached((A, B))
    world.directory.groups = {"S0LEADS": ("U0ANN",)}
    world.directory.phones = {"U0ANN": ANN}
    assert await reach(world, "<!subteam^S0LEADS>", "bob") == Reached((ANN, B))


async def test_everybody_of_a_step_is_paged_once(world: World) -> None:
    reached = await reach(world, ALICE.number, "oncall", "alice")
    assert reached.recipients == (A, Recipient("+16175551214"))


async def test_who_cannot_be_found_is_told_and_the_others_are_paged(world: World) -> None:
    reached = await reach(world, "nobody", "alice")
    assert reached.recipients == (A,)
    assert [p.entry for p in reached.missed] == ["nobody"]
    assert not reached.unanswered


async def test_whom_the_channel_may_not_reach_is_told_and_the_others_are_paged(
    world: World,
) -> None:
    reached = await reach(world, "+442071838750", "alice")
    assert reached.recipients == (A,)
    [missed] = reached.missed
    assert missed.entry == "+442071838750"
    assert 'channel C1: to = ["directory", "+1617"]' in missed.why


async def test_a_channel_that_left_sms_toml_pages_nobody_and_says_why(world: World) -> None:
    reached = await reach(world, "alice", channel="C9")
    assert reached.recipients == ()
    assert "not in sms.toml any more" in reached.missed[0].why


async def test_where_slack_does_not_answer_those_who_are_known_are_paged(world: World) -> None:
    world.directory.down = True
    reached = await reach(world, "<!subteam^S0LEADS|@leads>", "alice")
    assert (reached.recipients, reached.unanswered) == ((A,), True)
    assert [p.entry for p in reached.missed] == ["@leads"]


async def test_verified_numbers_are_reached_where_the_channel_reaches_them(world: World) -> None:
    world.rule(to=("verified",))
    world.directory.numbers = [Recipient("+442071838750", "Lab")]
    assert await reach(world, "verified") == Reached((Recipient("+442071838750", "Lab"),))


async def test_where_twilio_does_not_answer_who_might_be_verified_is_asked_about_again(
    world: World,
) -> None:
    world.rule(to=("verified",))
    world.directory.down = True
    reached = await reach(world, "alice")
    assert (reached.recipients, reached.unanswered) == ((), True)


async def test_nobody_is_kept_waiting_for_twilios_list_who_is_reached_without_it(
    world: World,
) -> None:
    world.rule(to=("verified", "directory"))
    world.directory.down = True
    assert await reach(world, "alice") == Reached((A,))
    assert world.directory.calls == []


# -- what a step keeps --------------------------------------------------------------------

LABELS = st.text("ab &<>|@;ampltg\"',.é ", max_size=8).map(str.strip)


@given(st.text("ab1 &<>|@;:ampltgverifiedU+6175()\"',.é", min_size=1, max_size=12))
def test_what_was_typed_is_read_the_same_again_when_its_step_fires(typed: str) -> None:
    entry = to_entry(typed)
    assume(not isinstance(entry, NumberEntry) or is_number(entry.text))
    assert to_entry(dressed(entry)) == entry


@given(LABELS)
def test_a_person_or_user_group_is_found_again_whatever_they_are_called(label: str) -> None:
    assert to_entry(dressed(UserEntry("U1", label))) == UserEntry("U1", label)
    assert to_entry(dressed(UserGroupEntry("S1", label))) == UserGroupEntry("S1", label)


@pytest.mark.parametrize("name", ["verified", "24", "<@U1>", "R&D", "&amp;", ""])
def test_a_name_stays_a_name(name: str) -> None:
    assert to_entry(dressed(NameEntry(name))) == NameEntry(name)


@pytest.mark.parametrize(
    ("text", "link"),
    [
        ("no address", ""),
        ("see https://x.example/a?b=1.", "https://x.example/a?b=1"),
        ("(https://x.example/a)", "https://x.example/a"),
        ("http://a.example, https://b.example", "http://a.example"),
        ("https://", ""),
    ],
)
def test_an_address_ends_where_its_sentence_goes_on(text: str, link: str) -> None:
    assert link_in(text) == link
