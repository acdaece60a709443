"""The same text to the same people: who is asked, and who is left out."""

from dataclasses import replace
from datetime import timedelta

import pytest

from commands.intent import intent_of
from commands.model import Actor, Turn
from commands.outcome import Answered, Asked, Awaiting, Sending
from commands.question import Stage, Word
from tests.commands.conftest import ALICE, World
from tests.commands.questions_kit import SECOND, TWO, A, B, approval, asked, refused, say


async def test_the_same_text_to_some_of_the_same_people_asks_first(world: World) -> None:
    await world.say("send alice Water in the lab")
    world.ledger.delivered = {ALICE.number}
    world.actor = Actor("U0OTHER", "C1")
    outcome = await asked(world, "send bob, alice  WATER in\nthe lab", "cmd:2")
    already = outcome.already
    assert already
    assert (already.send_id, already.actor, already.delivered) == (1, "U0ME", 1)
    assert already.missing(outcome.question.new.recipients) == (B,)
    assert len(world.ledger.sends) == 1


@pytest.mark.parametrize(
    "text", ["send alice Water in the barn", "send bob Water in the lab", "send alice Water"]
)
async def test_another_text_or_other_people_ask_nothing(world: World, text: str) -> None:
    await world.say("send alice Water in the lab")
    assert isinstance(await world.say(text, "cmd:2"), Sending)


async def test_nobody_is_asked_where_the_guard_is_off(world: World) -> None:
    world.same_intent = timedelta(0)
    await world.say(TWO)
    assert isinstance(await world.say(TWO, "cmd:2"), Sending)


async def test_who_was_not_reached_can_be_sent_to_without_a_question(world: World) -> None:
    world.ledger.unreached = {ALICE.number}
    await world.say("send alice Water")
    assert isinstance(await world.say("send alice Water", "cmd:2"), Sending)


async def test_sent_anyway_everybody_gets_it_once_more(world: World) -> None:
    await world.say("send alice Water in the lab")
    turn = (await asked(world, key="cmd:2")).question.turn
    assert await say(world, turn) == Sending(2, 2, repeated=False, segments=1)


async def test_sent_to_the_missing_one_the_others_get_nothing(world: World) -> None:
    await world.say("send alice Water in the lab")
    turn = (await asked(world, key="cmd:2")).question.turn
    assert await say(world, turn, Word.MISSING) == Sending(2, 1, repeated=False, segments=1)
    assert world.ledger.sends[1].recipients == (B,)


async def test_who_got_it_while_the_question_stood_is_not_missing(world: World) -> None:
    world.rule(confirm_above=1)
    turn = (await asked(world)).question.turn
    await world.say("send bob Water in the lab", "cmd:2")
    assert await say(world, turn, Word.MISSING) == Sending(2, 1, repeated=False, segments=1)
    assert world.ledger.sends[1].recipients == (A,)


async def test_with_nobody_missing_there_is_nothing_to_send(world: World) -> None:
    await world.say(TWO)
    turn = (await asked(world, key="cmd:2")).question.turn
    assert "have it by now" in refused(await say(world, turn, Word.MISSING)).text


async def test_the_missing_are_all_where_nobody_has_it(world: World) -> None:
    world.rule(confirm_above=1)
    turn = (await asked(world)).question.turn
    assert await say(world, turn, Word.MISSING) == Sending(1, 2, repeated=False, segments=1)


@pytest.mark.parametrize("same_intent", [timedelta(minutes=10), timedelta(0)])
@pytest.mark.parametrize("word", [Word.MISSING, Word.TRIM])
async def test_who_had_it_when_the_question_was_asked_is_left_out_however_late_it_is_answered(
    world: World, word: Word, same_intent: timedelta
) -> None:
    await world.say("send alice Water in the lab")
    turn = (await asked(world, key="cmd:2")).question.turn
    world.ledger.old, world.same_intent = {1}, same_intent
    outcome = await say(world, turn, word)
    if isinstance(outcome, Asked):
        outcome = await say(world, outcome.question.turn)
    assert outcome == Sending(2, 1, repeated=False, segments=1)
    assert world.ledger.sends[1].recipients == (B,)


async def test_leaving_out_who_has_it_asks_anew_about_the_others(world: World) -> None:
    await world.say("send alice Water in the lab")
    turn = (await asked(world, key="cmd:2")).question.turn
    outcome = await say(world, turn, Word.TRIM)
    assert isinstance(outcome, Asked)
    assert (outcome.already, outcome.preview.recipients) == (None, (B,))
    assert outcome.question.turn == Turn(1, 2)


async def test_an_older_button_sends_nothing_and_its_sender_is_asked_what_is_asked_by_now(
    world: World,
) -> None:
    await world.say("send alice Water in the lab")
    turn = (await asked(world, key="cmd:2")).question.turn
    trimmed = await say(world, turn, Word.TRIM)
    assert await say(world, turn) == trimmed
    assert isinstance(await say(world, turn, Word.SEND, SECOND), Answered)
    assert len(world.ledger.sends) == 1


async def test_a_change_that_comes_too_late_only_tells_what_came_of_it(world: World) -> None:
    await world.say("send alice Water in the lab")
    question = (await asked(world, key="cmd:2")).question
    world.questions.faster = replace(question, stage=Stage.EXPIRED, turn=Turn(1, 2))
    assert await say(world, question.turn, Word.TRIM) == Answered(world.questions.faster)


async def test_what_was_sent_while_the_question_stood_asks_once_more(world: World) -> None:
    world.rule(confirm_above=1)
    turn = (await asked(world)).question.turn
    world.rule(confirm_above=None)
    await world.say("send bob Water in the lab", "cmd:2")
    outcome = await say(world, turn)
    assert isinstance(outcome, Asked)
    assert outcome.already
    assert (outcome.already.send_id, outcome.question.turn) == (1, Turn(1, 2))
    assert isinstance(await say(world, outcome.question.turn), Sending)


async def test_what_was_sent_while_a_second_person_thought_asks_the_sender_once_more(
    world: World,
) -> None:
    question = await approval(world)
    await world.say("send bob Water in the lab", "cmd:2")
    outcome = await say(world, question.turn, Word.APPROVE, SECOND)
    assert isinstance(outcome, Asked)
    assert (outcome.question.stage, outcome.question.new.approver) == (Stage.CONFIRM, "U0SECOND")
    assert isinstance(await say(world, outcome.question.turn), Sending)


async def test_before_a_second_person_the_sender_is_asked_about_the_same_text(
    world: World,
) -> None:
    await world.say("send alice Water in the lab")
    world.rule(approve_above=1)
    turn = (await asked(world, key="cmd:2")).question.turn
    assert isinstance(await say(world, turn), Awaiting)


async def test_a_question_that_moved_on_meanwhile_is_told_as_it_stands(world: World) -> None:
    question = await approval(world)
    await world.say("send bob Water in the lab", "cmd:2")
    world.questions.faster = replace(question, stage=Stage.DECLINED, turn=Turn(1, 2))
    told = await say(world, question.turn, Word.APPROVE, SECOND)
    assert told == Answered(world.questions.faster)


async def test_a_second_person_is_not_asked_about_what_was_canceled_meanwhile(
    world: World,
) -> None:
    world.rule(confirm_above=1, approve_above=1)
    question = (await asked(world)).question
    world.questions.faster = replace(question, stage=Stage.CANCELED, turn=Turn(1, 2))
    assert await say(world, question.turn) == Answered(world.questions.faster)


def test_case_and_blanks_do_not_make_another_text() -> None:
    assert intent_of(" Water\n in the LAB") == intent_of("water in the lab")
    assert intent_of("Strasse") == intent_of("Straße")
    assert intent_of("water!") != intent_of("water")
