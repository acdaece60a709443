"""Asking and answering questions before sending, as the tests of them do."""

from commands.dispatch import answer
from commands.model import Actor, Recipient, Turn
from commands.outcome import Asked, Awaiting, Outcome, Refused
from commands.question import Question, Word
from tests.commands.conftest import ALICE, BOB, World

TWO = "send alice, bob Water in the lab"
A, B = Recipient(ALICE.number, "alice"), Recipient(BOB.number, "Bob")
SECOND = Actor("U0SECOND", "C1")


async def asked(world: World, text: str = TWO, key: str = "cmd:1") -> Asked:
    outcome = await world.say(text, key)
    assert isinstance(outcome, Asked)
    return outcome


async def say(
    world: World, turn: Turn, word: Word = Word.SEND, actor: Actor | None = None
) -> Outcome:
    return await answer(actor or world.actor, turn, word, world.services)


async def approval(world: World) -> Question:
    world.rule(approve_above=1)
    outcome = await world.say(TWO)
    assert isinstance(outcome, Awaiting)
    return outcome.question


def refused(outcome: Outcome) -> Refused:
    assert isinstance(outcome, Refused)
    assert outcome.remedy
    return outcome
