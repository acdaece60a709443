from commands.dispatch import retry_failed
from commands.model import Part, Recipient
from commands.outcome import Refused, Sending
from tests.commands.conftest import ALICE, BOB, World

A, B = Recipient(ALICE.number, "alice"), Recipient(BOB.number, "Bob")


async def click(world: World, send_id: int = 5) -> object:
    return await retry_failed(world.actor, send_id, world.services, "https://a")


async def test_only_the_failed_part_is_sent_again(world: World) -> None:
    world.ledger.parts[5] = Part(5, "U1", "C1", "The text", (A,))
    assert await click(world) == Sending(1, 1, repeated=False, segments=1)
    (send,) = world.ledger.sends
    assert (send.retry_of, send.answer_url) == (5, "https://a")
    assert (send.body, send.recipients, send.command) == ("The text", (A,), "retry 5")
    assert send.actor.user == "U0ME"


async def test_two_clicks_at_the_same_moment_are_one_send(world: World) -> None:
    world.ledger.parts[5] = Part(5, "U1", "C1", "The text", (A,))
    assert await click(world) == Sending(1, 1, repeated=False, segments=1)
    assert await click(world) == Sending(1, 1, repeated=True, segments=1)
    assert len(world.ledger.sends) == 1


async def test_a_later_click_is_told_that_they_were_sent_to_again_before(world: World) -> None:
    world.ledger.parts[5] = Part(5, "U1", "C1", "The text", (), retries=1)
    outcome = await click(world)
    assert isinstance(outcome, Refused)
    assert "sent to again before" in outcome.text
    assert "later send" in outcome.remedy
    assert (world.ledger.sends, world.audit.entries) == ([], [])


async def test_who_failed_after_a_retry_is_sent_to_again_as_a_send_of_its_own(
    world: World,
) -> None:
    world.ledger.parts[5] = Part(5, "U1", "C1", "The text", (A,))
    await click(world)
    world.ledger.parts[5] = Part(5, "U1", "C1", "The text", (B,), retries=1)
    assert await click(world) == Sending(2, 1, repeated=False, segments=1)
    assert [send.recipients for send in world.ledger.sends] == [(A,), (B,)]


async def test_a_retry_counts_towards_the_daily_limit(world: World) -> None:
    world.ledger.parts[5] = Part(5, "U1", "C1", "The text", (A,))
    world.ledger.used = 10
    world.rule(daily_limit=10)
    outcome = await click(world)
    assert isinstance(outcome, Refused)
    assert outcome.kind == "OverLimit"
    assert world.ledger.sends == []


async def test_the_policy_of_now_decides_anew(world: World) -> None:
    world.ledger.parts[5] = Part(5, "U1", "C1", "The text", (A,))
    world.rule(to=("+44",))
    outcome = await click(world)
    assert isinstance(outcome, Refused)
    assert outcome.kind == "NotAllowed"
    assert world.ledger.sends == []
    assert [e.action for e in world.audit.entries] == ["retry"]


async def test_who_may_not_send_may_not_retry(world: World) -> None:
    world.ledger.parts[5] = Part(5, "U1", "C1", "The text", (A,))
    world.rule(who=())
    outcome = await click(world)
    assert isinstance(outcome, Refused)
    assert world.ledger.sends == []


async def test_a_send_of_another_channel_is_not_retried_here(world: World) -> None:
    world.ledger.parts[5] = Part(5, "U1", "C2", "The text", (A,))
    outcome = await click(world)
    assert isinstance(outcome, Refused)
    assert outcome.kind == "NotAllowed"
    assert "The text" not in outcome.text + outcome.remedy
    assert world.ledger.sends == []
    [entry] = world.audit.entries
    assert (entry.action, entry.allowed, entry.rule) == (
        "retry",
        False,
        "a send is retried in its own channel",
    )


async def test_where_nothing_failed_nothing_is_retried(world: World) -> None:
    world.ledger.parts[5] = Part(5, "U1", "C1", "The text", ())
    outcome = await click(world)
    assert isinstance(outcome, Refused)
    assert "Nothing of send 5 failed" in outcome.text
    assert world.ledger.sends == []


async def test_where_all_who_failed_have_opted_out_the_refusal_says_so(world: World) -> None:
    world.ledger.parts[5] = Part(5, "U1", "C1", "The text", (), retries=1, left_out=1)
    outcome = await click(world)
    assert isinstance(outcome, Refused)
    assert "has opted out by now" in outcome.text
    assert "START" in outcome.remedy
    assert world.ledger.sends == []


async def test_an_unknown_send_is_not_retried(world: World) -> None:
    outcome = await click(world, 6)
    assert isinstance(outcome, Refused)
    assert "no send 6" in outcome.text
