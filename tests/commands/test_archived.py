"""Nothing is sent from a channel that is archived in Slack."""

import pytest

from commands.dispatch import decide_doubt, look_at, retry_failed
from commands.model import Actor, Part, Recipient
from commands.outcome import Asked, LeftAlone, Outcome, Refused, Sending, SendingAgain
from tests.commands.conftest import ALICE, World

A = Recipient(ALICE.number, "alice")
PARTS = pytest.mark.parametrize("ask", ["submit", "retry", "again"])


@pytest.fixture
def world(world: World) -> World:
    """A channel with a send of which one failed and one is in doubt."""
    world.ledger.parts[5] = Part(5, "U0ME", "C1", "The text", (A,))
    world.ledger.doubtful[5, 1] = Part(5, "U0ME", "C1", "The text", (A,))
    return world


async def asked(world: World, ask: str) -> Outcome:
    """Ask for a send in one of the ways in which an archived channel may be named."""
    if ask == "submit":
        return await look_at(world.actor, "alice", "Water", "view:1", world.services)
    if ask == "retry":
        return await retry_failed(world.actor, 5, world.services)
    return await decide_doubt(world.actor, 5, 1, world.services, again=True)


@PARTS
async def test_what_an_archived_channel_asks_for_is_refused(world: World, ask: str) -> None:
    world.directory.gone = {"C1"}
    outcome = await asked(world, ask)
    assert isinstance(outcome, Refused)
    assert outcome.kind == "ChannelArchived"
    assert "archived in Slack" in outcome.text
    assert "unarchived" in outcome.remedy
    assert (world.ledger.sends, world.ledger.again) == ([], [])


@PARTS
async def test_what_any_other_channel_asks_for_is_done(world: World, ask: str) -> None:
    world.directory.gone = {"C2"}
    assert isinstance(await asked(world, ask), Asked | Sending | SendingAgain)


@PARTS
async def test_a_channel_outside_the_policy_is_not_asked_about(world: World, ask: str) -> None:
    world.actor, world.directory.gone = Actor("U0ME", "C2"), {"C2"}
    outcome = await asked(world, ask)
    assert isinstance(outcome, Refused)
    assert outcome.kind == "NotAllowed"
    assert world.directory.calls == []


async def test_those_in_doubt_may_be_left_as_they_are_in_an_archived_channel(
    world: World,
) -> None:
    world.directory.gone = {"C1"}
    outcome = await decide_doubt(world.actor, 5, 1, world.services, again=False)
    assert outcome == LeftAlone(5, 1)


async def test_no_command_that_is_typed_waits_for_the_look_up(world: World) -> None:
    world.directory.gone = {"C1"}
    assert isinstance(await world.say("send alice Water in the lab"), Sending)
    assert "archived C1" not in world.directory.calls
