"""*Send again* and *Leave it*: what becomes of those in doubt is their sender's decision."""

import pytest

from commands.dispatch import decide_doubt
from commands.model import Actor, AuditEntry, Part, Recipient
from commands.outcome import LeftAlone, Outcome, Refused, SendingAgain
from tests.commands.conftest import ALICE, BOB, World
from tests.commands.fakes import NOW

A, B = Recipient(ALICE.number, "alice"), Recipient(BOB.number, "Bob")
SEND, ATTEMPT = 5, 2


def doubtful(
    world: World, *whom: Recipient, user: str = "U0ME", channel: str = "C1", left_by: str = ""
) -> None:
    part = Part(SEND, user, channel, "The text", whom, left_by=left_by)
    world.ledger.doubtful[SEND, ATTEMPT] = part


async def click(world: World, *, again: bool, attempt: int = ATTEMPT) -> Outcome:
    return await decide_doubt(world.actor, SEND, attempt, world.services, again=again)


async def refusal(world: World, *, again: bool) -> Refused:
    """Click, and hold that it was refused and left no trace in the ledger."""
    outcome = await click(world, again=again)
    assert isinstance(outcome, Refused)
    assert "The text" not in outcome.text + outcome.remedy
    assert (world.ledger.again, world.ledger.left, world.ledger.sends) == ([], [], [])
    return outcome


async def test_send_again_queues_those_in_doubt_of_the_attempts_that_the_button_knew(
    world: World,
) -> None:
    doubtful(world, A, B)
    assert await click(world, again=True) == SendingAgain(SEND, 2)
    [(send, attempt, user, rule)] = world.ledger.again
    assert (send, attempt, user) == (SEND, ATTEMPT, "U0ME")
    assert "C1" in rule
    assert world.ledger.sends == []


async def test_send_again_tells_who_was_left_out_for_having_opted_out(world: World) -> None:
    doubtful(world, A, B)
    world.ledger.out = {("+15005550006", A.address)}
    assert await click(world, again=True) == SendingAgain(SEND, 1, left_out=1)


async def test_leave_it_sends_nothing_and_is_kept(world: World) -> None:
    doubtful(world, A)
    assert await click(world, again=False) == LeftAlone(SEND, 1)
    assert world.ledger.left == [(SEND, "U0ME")]
    assert world.ledger.again == []


async def test_leaving_twice_is_answered_twice_and_kept_once(world: World) -> None:
    doubtful(world, A, left_by="U0ME")
    assert await click(world, again=False) == LeftAlone(SEND, 1)
    assert world.ledger.left == []


async def test_who_left_them_may_still_send_again(world: World) -> None:
    doubtful(world, A, left_by="U0ME")
    assert await click(world, again=True) == SendingAgain(SEND, 1)


async def test_where_somebody_was_faster_nobody_is_sent_to_and_the_answer_says_so(
    world: World,
) -> None:
    doubtful(world, A)
    world.ledger.faster = True
    assert await click(world, again=True) == SendingAgain(SEND, 0)


@pytest.mark.parametrize("again", [True, False])
async def test_nobody_but_the_sender_decides_and_a_try_is_kept(
    world: World,
    again: bool,  # noqa: FBT001
) -> None:
    doubtful(world, A, user="U0OTHER")
    refused = await refusal(world, again=again)
    assert refused.kind == "NotAllowed"
    assert "somebody else" in refused.text
    assert world.audit.entries == [
        AuditEntry(
            actor=Actor("U0ME", "C1"),
            action="again" if again else "leave",
            allowed=False,
            rule="doubts are decided by the sender",
            detail="NotAllowed",
            at=NOW,
        )
    ]


@pytest.mark.parametrize("again", [True, False])
async def test_a_send_of_another_channel_is_not_decided_here_and_a_try_is_kept(
    world: World,
    again: bool,  # noqa: FBT001
) -> None:
    doubtful(world, A, channel="C2")
    assert (await refusal(world, again=again)).kind == "NotAllowed"
    [entry] = world.audit.entries
    assert (entry.allowed, entry.rule) == (False, "a send is retried in its own channel")


@pytest.mark.parametrize("again", [True, False])
async def test_nobody_in_doubt_is_told_and_is_no_refusal_worth_an_entry(
    world: World,
    again: bool,  # noqa: FBT001
) -> None:
    doubtful(world)
    assert "Nobody of send 5 is in doubt any more" in (await refusal(world, again=again)).text
    assert world.audit.entries == []


@pytest.mark.parametrize("again", [True, False])
async def test_an_unknown_send_is_told(
    world: World,
    again: bool,  # noqa: FBT001
) -> None:
    assert "no send 5" in (await refusal(world, again=again)).text


async def test_who_may_not_send_any_more_may_not_send_again_but_may_leave_it(
    world: World,
) -> None:
    doubtful(world, A)
    world.rule(who=("U0OTHER",))
    assert (await refusal(world, again=True)).kind == "NotAllowed"
    [entry] = world.audit.entries
    assert (entry.action, entry.allowed) == ("again", False)
    assert await click(world, again=False) == LeftAlone(SEND, 1)


async def test_who_may_not_be_reached_any_more_is_not_sent_to_again(world: World) -> None:
    doubtful(world, A)
    world.rule(to=("+44",))
    assert (await refusal(world, again=True)).kind == "NotAllowed"
    assert [e.action for e in world.audit.entries] == ["again"]
