"""Who may answer a page, which one is meant, and that the first answer counts."""

from dataclasses import replace
from datetime import timedelta

import pytest

from commands.dispatch import answer_page, timeline
from commands.model import Actor, Recipient
from commands.oncall import Ended, Hand, PageStage, Way
from commands.outcome import Acknowledged, LastSends, OnePage, OneSend, Outcome, Refused, Told
from commands.pageview import Done
from commands.policy import Contact
from tests.commands.conftest import ALICE, BOB, World
from tests.commands.fakes import NOW, sent
from tests.commands.pages_kit import viewed

ME = "U0ME"


@pytest.fixture
def paged(world: World) -> World:
    """Alice was paged from this channel."""
    world.pages.open(7, ALICE.number)
    world.directory.names = {ME: "Me Myself"}
    return world


def refused(outcome: Outcome) -> Refused:
    assert isinstance(outcome, Refused)
    assert outcome.remedy
    return outcome


def ended(outcome: Outcome) -> Ended:
    assert isinstance(outcome, Acknowledged)
    return outcome.ended


# -- the answer ---------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["ack", "ack 7", "ack #7"])
async def test_a_page_is_acknowledged_by_who_types_it(paged: World, text: str) -> None:
    assert await paged.say(text) == Acknowledged(
        Ended(7, True, PageStage.ACKNOWLEDGED, "Me Myself", ME, "47", NOW), resolves=False
    )
    assert paged.pages.hands[7] == Hand("Me Myself", Way.COMMAND, ME)


@pytest.mark.parametrize("text", ["resolve", "resolve 7"])
async def test_a_page_is_resolved_by_who_types_it(paged: World, text: str) -> None:
    outcome = await paged.say(text)
    assert isinstance(outcome, Acknowledged)
    assert outcome.resolves
    assert (outcome.ended.first, outcome.ended.stage) == (True, PageStage.RESOLVED)


async def test_who_comes_second_is_told_who_has_it(paged: World) -> None:
    await paged.say("ack 7")
    paged.actor = Actor("U0OTHER", "C1")
    late = ended(await paged.say("ack 7"))
    assert (late.first, late.by, late.user) == (False, "Me Myself", ME)


@pytest.mark.parametrize(
    ("resolves", "stage"), [(False, PageStage.ACKNOWLEDGED), (True, PageStage.RESOLVED)]
)
async def test_a_button_answers_as_the_command_does(
    paged: World, stage: PageStage, *, resolves: bool
) -> None:
    outcome = await answer_page(paged.actor, 7, paged.services, resolves=resolves)
    assert ended(outcome).stage is stage
    assert paged.pages.hands[7].way is Way.BUTTON


async def test_whoever_is_a_contact_is_told_by_that_name(paged: World) -> None:
    paged.actor = Actor("U0ALICE", "C1")
    assert ended(await paged.say("ack")).by == "alice"


async def test_a_page_that_was_removed_in_this_moment_is_none(paged: World) -> None:
    paged.pages.gone = {7}
    assert "no page 7" in refused(await paged.say("ack 7")).text


async def test_a_page_that_never_was_is_none(paged: World) -> None:
    assert "no page 8" in refused(await paged.say("ack 8")).text


@pytest.mark.parametrize("text", ["ack seven", "resolve -1"])
async def test_what_is_no_number_is_refused_with_how_to_write_it(paged: World, text: str) -> None:
    no = refused(await paged.say(text))
    assert "is not the number of a page" in no.text
    assert f"/sms {text.split(maxsplit=1)[0]} [id]" in no.remedy


# -- who may ------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["ack 7", "ack", "resolve 7"])
async def test_who_may_do_nothing_here_and_was_not_paged_cannot_answer(
    paged: World, text: str
) -> None:
    paged.rule(who=("U1",))
    assert refused(await paged.say(text)).kind == "NotAllowed"
    assert paged.pages.hands == {}


async def test_who_was_paged_can_answer_where_they_may_do_nothing(paged: World) -> None:
    paged.rule(who=("U1",))
    paged.actor = Actor("U0ALICE", "C1")
    assert ended(await paged.say("ack")).first


async def test_who_was_paged_can_answer_from_any_channel_by_the_number(paged: World) -> None:
    paged.actor = Actor("U0ALICE", "D9")
    assert ended(await paged.say("ack 7")).by == "alice"


async def test_who_was_not_paged_learns_nothing_of_another_channels_page(paged: World) -> None:
    rules = paged.policy.channels["C1"]
    paged.policy = replace(paged.policy, channels={"C1": rules, "C2": replace(rules, id="C2")})
    paged.actor = Actor(ME, "C2")
    hidden, absent = refused(await paged.say("ack 7")), refused(await paged.say("ack 8"))
    assert hidden == replace(absent, text=absent.text.replace("8", "7"))
    assert paged.pages.hands == {}


async def test_who_was_paged_need_not_know_the_number_in_any_channel(paged: World) -> None:
    paged.actor = Actor("U0ALICE", "D9")
    assert ended(await paged.say("ack")).page_id == 7


async def test_who_was_paged_by_the_phone_of_their_slack_profile_can_answer(paged: World) -> None:
    paged.policy = replace(paged.policy, contacts=())
    paged.directory.phones = {"U0NEW": Recipient("(617) 555-1212", "New")}
    paged.actor = Actor("U0NEW", "D9")
    assert ended(await paged.say("ack")).by == "U0NEW"


@pytest.mark.parametrize("phone", ["12", "(617) 555-1299"])
async def test_a_phone_that_was_not_paged_gives_no_right_to_answer(
    paged: World, phone: str
) -> None:
    paged.directory.phones = {"U0NEW": Recipient(phone, "New")}
    paged.actor = Actor("U0NEW", "D9")
    assert refused(await paged.say("ack 7")).kind == "NotAllowed"


async def test_who_was_paged_can_answer_where_slack_does_not_name_them(paged: World) -> None:
    paged.directory.down = True
    paged.actor = Actor("U0ALICE", "D9")
    assert ended(await paged.say("ack 7")).by == "alice"


async def test_who_asked_for_a_page_can_end_it_from_anywhere(paged: World) -> None:
    paged.actor = Actor("U0ASKED", "D9")
    assert ended(await paged.say("resolve 7")).stage is PageStage.RESOLVED


async def test_who_is_linked_to_another_number_was_not_paged(paged: World) -> None:
    paged.policy = replace(paged.policy, contacts=(ALICE, Contact("Bob", BOB.number, "U0BOB")))
    paged.actor = Actor("U0BOB", "C2")
    assert refused(await paged.say("ack 7")).kind == "NotAllowed"


# -- which one is meant -------------------------------------------------------------------


async def test_without_a_page_nothing_can_be_acknowledged(world: World) -> None:
    assert "No page waits here, nor for you" in refused(await world.say("ack")).text


async def test_another_channels_page_is_not_meant(world: World) -> None:
    world.pages.open(7, channel="C2")
    assert "No page waits" in refused(await world.say("ack")).text


async def test_of_several_that_wait_one_has_to_be_named(paged: World) -> None:
    paged.pages.open(8)
    no = refused(await paged.say("ack"))
    assert "#8 Water in the lab\n#7 Water in the lab" in no.text
    assert "/sms ack 12" in no.remedy
    assert paged.pages.hands == {}


async def test_the_one_that_waits_is_meant_before_one_that_nobody_took(paged: World) -> None:
    paged.pages.open(8, stage=PageStage.EXHAUSTED)
    assert ended(await paged.say("ack")).page_id == 7


async def test_a_page_that_nobody_took_is_acknowledged_late(world: World) -> None:
    world.pages.open(8, stage=PageStage.EXHAUSTED)
    assert ended(await world.say("ack")).first


async def test_a_page_that_somebody_has_is_not_meant_by_ack_and_is_by_resolve(
    paged: World,
) -> None:
    await paged.say("ack")
    assert "No page waits" in refused(await paged.say("ack")).text
    assert ended(await paged.say("resolve")).stage is PageStage.RESOLVED


# -- what is shown ------------------------------------------------------------------------


@pytest.mark.parametrize("shows", [True, False])
async def test_status_shows_a_page_with_numbers_as_its_channel_does(
    paged: World, *, shows: bool
) -> None:
    paged.rule(show_numbers=shows)
    page = viewed(paged.pages.kept[7])
    assert await paged.say("status 7") == OnePage(page, masked=not shows)


async def test_status_shows_no_page_of_another_channel(world: World) -> None:
    world.pages.open(7, channel="C2")
    assert "This channel has no send 7" in refused(await world.say("status 7")).text


async def test_status_still_shows_a_send(paged: World) -> None:
    paged.history.sends = {8: sent(8)}
    assert isinstance(await paged.say("status 8"), OneSend)


async def test_who_may_answer_a_page_is_told_what_happened_to_it(paged: World) -> None:
    outcome = await timeline(paged.actor, 7, paged.services)
    assert isinstance(outcome, Told)
    assert [each.what for each in outcome.timeline.entries] == ["asked"]


async def test_who_may_not_answer_a_page_is_not_told_what_happened_to_it(paged: World) -> None:
    paged.rule(who=("U1",))
    assert refused(await timeline(paged.actor, 7, paged.services)).kind == "NotAllowed"


async def test_a_page_that_was_removed_in_this_moment_has_no_timeline(paged: World) -> None:
    paged.pages.gone = {7}
    assert "no page 7" in refused(await timeline(paged.actor, 7, paged.services)).text


def test_how_long_a_page_waited_is_told_once_somebody_has_it(paged: World) -> None:
    page = viewed(paged.pages.kept[7])
    assert page.waited is None
    done = Done("alice", "U0ALICE", "sms", NOW + timedelta(seconds=90))
    assert replace(page, acked=done).waited == timedelta(seconds=90)


async def test_status_of_a_pages_message_shows_its_page(paged: World) -> None:
    paged.history.sends = {8: replace(sent(8), page_id=7)}
    assert isinstance(await paged.say("status 8"), OnePage)


async def test_status_of_a_message_whose_page_was_removed_shows_the_message(world: World) -> None:
    world.history.sends = {8: replace(sent(8), page_id=7)}
    assert isinstance(await world.say("status 8"), OneSend)


async def test_status_lists_the_last_pages_of_this_channel(paged: World) -> None:
    paged.pages.open(9, channel="C2")
    outcome = await paged.say("status")
    assert isinstance(outcome, LastSends)
    assert [page.page_id for page in outcome.pages] == [7]
