"""From whom a send comes, where its channel has several senders."""

from commands.choices import Chosen
from commands.dispatch import answer, look_at, retry_failed
from commands.model import Part, Recipient
from commands.outcome import Asked, Explained, Refused, Sending
from commands.question import Word
from commands.senders import choosable
from tests.commands.conftest import World

TWO = ("MG1", "+16175550100")


async def submitted(world: World, sender: str) -> object:
    """Submit the composer with this sender chosen."""
    chosen = Chosen(sender=sender)
    outcome = await look_at(world.actor, "alice", "Water", "view:1", world.services, chosen=chosen)
    if not isinstance(outcome, Asked):
        return outcome
    return await answer(world.actor, outcome.question.turn, Word.SEND, world.services)


async def test_a_send_comes_from_the_sender_that_was_chosen(world: World) -> None:
    world.rule(senders=TWO)
    assert isinstance(await submitted(world, "+16175550100"), Sending)
    assert world.ledger.sends[0].sender == "+16175550100"


async def test_a_send_without_a_choice_comes_from_the_channel_s_first_sender(world: World) -> None:
    world.rule(senders=TWO)
    await submitted(world, "")
    assert world.ledger.sends[0].sender == "MG1"


async def test_a_sender_that_is_not_the_channel_s_is_refused_with_the_line_to_write(
    world: World,
) -> None:
    world.rule(senders=TWO)
    refused = await submitted(world, "+19005550000")
    assert isinstance(refused, Refused)
    assert "does not send from +19005550000" in refused.text
    assert 'from = ["MG1", "+16175550100", "+19005550000"]' in refused.remedy
    assert world.ledger.sends == []
    assert world.audit.entries[0].rule == 'channel C1: from = ["MG1", "+16175550100"]'


async def test_a_channel_that_names_no_sender_sends_from_the_default_alone(world: World) -> None:
    assert isinstance(await submitted(world, "MG1"), Refused)
    await submitted(world, "+15005550006")
    assert world.ledger.sends[0].sender == "+15005550006"


async def test_a_retry_comes_from_where_the_send_came_from(world: World) -> None:
    world.rule(senders=TWO)
    alice = (Recipient("+16175551212", "alice"),)
    world.ledger.parts[5] = Part(5, "U1", "C1", "The text", alice, sender="+16175550100")
    await retry_failed(world.actor, 5, world.services)
    assert world.ledger.sends[0].sender == "+16175550100"


async def test_a_retry_of_what_came_from_a_sender_of_old_comes_from_the_first(
    world: World,
) -> None:
    world.rule(senders=TWO)
    alice = (Recipient("+16175551212", "alice"),)
    world.ledger.parts[5] = Part(5, "U1", "C1", "The text", alice, sender="+19005550000")
    await retry_failed(world.actor, 5, world.services)
    assert world.ledger.sends[0].sender == "MG1"


async def test_why_tells_of_the_senders_there_are_to_choose_from(world: World) -> None:
    world.rule(senders=TWO)
    told = await world.say("why send alice Water")
    assert isinstance(told, Explained)
    assert "come from MG1; the composer also offers +16175550100." in told.reason


def test_one_sender_is_no_choice(world: World) -> None:
    rules = world.policy.channels["C1"]
    assert choosable(None) == choosable(rules) == ()
    world.rule(senders=("MG1",))
    assert choosable(world.policy.channels["C1"]) == ()
    world.rule(senders=TWO)
    assert choosable(world.policy.channels["C1"]) == TWO
