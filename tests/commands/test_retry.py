from commands.dispatch import retry_failed
from commands.model import FailedPart, Recipient
from commands.outcome import Refused, Sending
from tests.commands.conftest import ALICE, World

A = Recipient(ALICE.number, "alice")


async def click(world: World, send_id: int = 5) -> object:
    return await retry_failed(world.actor, send_id, world.services, "https://a")


async def test_only_the_failed_part_is_sent_again_and_once(world: World) -> None:
    world.ledger.parts[5] = FailedPart(5, "U1", "C1", "The text", (A,))
    assert await click(world) == Sending(1, 1, repeated=False, segments=1)
    assert await click(world) == Sending(1, 1, repeated=True, segments=1)
    (send,) = world.ledger.sends
    assert (send.request_key, send.retry_of, send.answer_url) == ("retry:5", 5, "https://a")
    assert (send.body, send.recipients, send.command) == ("The text", (A,), "retry 5")
    assert send.actor.user == "U0ME"


async def test_the_policy_of_now_decides_anew(world: World) -> None:
    world.ledger.parts[5] = FailedPart(5, "U1", "C1", "The text", (A,))
    world.rule(to=("+44",))
    outcome = await click(world)
    assert isinstance(outcome, Refused)
    assert outcome.kind == "NotAllowed"
    assert world.ledger.sends == []
    assert [e.action for e in world.audit.entries] == ["retry"]


async def test_who_may_not_send_may_not_retry(world: World) -> None:
    world.ledger.parts[5] = FailedPart(5, "U1", "C1", "The text", (A,))
    world.rule(who=())
    outcome = await click(world)
    assert isinstance(outcome, Refused)
    assert world.ledger.sends == []


async def test_a_send_of_another_channel_is_not_retried_here(world: World) -> None:
    world.ledger.parts[5] = FailedPart(5, "U1", "C2", "The text", (A,))
    outcome = await click(world)
    assert isinstance(outcome, Refused)
    assert outcome.kind == "NotAllowed"
    assert "The text" not in outcome.text + outcome.remedy
    assert world.ledger.sends == []


async def test_where_nothing_failed_nothing_is_retried(world: World) -> None:
    world.ledger.parts[5] = FailedPart(5, "U1", "C1", "The text", ())
    outcome = await click(world)
    assert isinstance(outcome, Refused)
    assert "Nothing of send 5 failed" in outcome.text
    assert world.ledger.sends == []


async def test_an_unknown_send_is_not_retried(world: World) -> None:
    outcome = await click(world, 6)
    assert isinstance(outcome, Refused)
    assert "no send 6" in outcome.text
