"""Questions before sending: who is asked, who may answer, and that each answer counts once."""

from dataclasses import replace

import pytest

from commands.dispatch import expire, look_at, retry_failed, withdraw
from commands.model import Actor, Part, Turn
from commands.outcome import Answered, Asked, Awaiting, Explained, Sending
from commands.preview import context
from commands.question import LIFE, Stage, Word
from tests.commands.conftest import ALICE, World
from tests.commands.questions_kit import SECOND, TWO, A, B, approval, asked, refused, say

# -- confirm_above ------------------------------------------------------------------------


async def test_a_send_to_more_than_confirm_above_asks_its_sender_first(world: World) -> None:
    world.rule(confirm_above=1)
    outcome = await asked(world)
    assert (outcome.above, outcome.already) == (1, None)
    assert outcome.preview.recipients == (A, B)
    assert world.ledger.sends == []


async def test_confirmed_it_is_sent_as_it_was_shown(world: World) -> None:
    world.rule(confirm_above=1)
    outcome = await asked(world)
    assert await say(world, outcome.question.turn) == Sending(1, 2, repeated=False, segments=1)
    (sent,) = world.ledger.sends
    assert (sent.request_key, sent.recipients, sent.answer_url) == (
        "cmd:1",
        (A, B),
        "https://answer",
    )
    assert world.questions.kept[1].stage is Stage.SENT


async def test_a_second_click_sends_nothing_and_tells_what_came_of_it(world: World) -> None:
    world.rule(confirm_above=1)
    turn = (await asked(world)).question.turn
    await say(world, turn)
    again = await say(world, turn)
    assert isinstance(again, Answered)
    assert (again.question.stage, again.question.send_id) == (Stage.SENT, 1)
    assert len(world.ledger.sends) == 1


async def test_an_answer_that_somebody_else_has_just_given_counts(world: World) -> None:
    world.rule(confirm_above=1)
    question = (await asked(world)).question
    world.questions.faster = replace(question, stage=Stage.CANCELED, turn=Turn(1, 2))
    assert await say(world, question.turn) == Answered(world.questions.faster)
    assert world.ledger.sends == []


async def test_a_redelivered_command_asks_the_same_question(world: World) -> None:
    world.rule(confirm_above=1)
    first, second = await asked(world), await asked(world)
    assert first.question == second.question


async def test_a_redelivered_command_whose_question_is_answered_asks_no_more(world: World) -> None:
    world.rule(confirm_above=1)
    await say(world, (await asked(world)).question.turn, Word.CANCEL)
    again = await world.say(TWO)
    assert isinstance(again, Answered)
    assert again.question.stage is Stage.CANCELED


async def test_canceled_nothing_is_sent_and_it_is_audited(world: World) -> None:
    world.rule(confirm_above=1)
    outcome = await say(world, (await asked(world)).question.turn, Word.CANCEL)
    assert isinstance(outcome, Answered)
    assert (outcome.question.stage, outcome.question.decided_by) == (Stage.CANCELED, "U0ME")
    assert world.ledger.sends == []
    (entry,) = world.questions.entries
    assert (entry.action, entry.actor.user, entry.actor.channel) == ("canceled", "U0ME", "C1")


@pytest.mark.parametrize("word", [Word.SEND, Word.MISSING, Word.TRIM, Word.PLAIN, Word.CANCEL])
async def test_nobody_but_the_sender_answers_what_the_sender_is_asked(
    world: World, word: Word
) -> None:
    world.rule(confirm_above=1)
    turn = (await asked(world)).question.turn
    outcome = refused(await say(world, turn, word, SECOND))
    assert outcome.kind == "NotAllowed"
    assert world.ledger.sends == []
    assert world.questions.kept[1].turn == turn


async def test_what_the_policy_forbids_by_now_is_not_sent_and_stays_a_question(
    world: World,
) -> None:
    world.rule(confirm_above=1)
    turn = (await asked(world)).question.turn
    world.rule(to=("+44",))
    assert refused(await say(world, turn)).kind == "NotAllowed"
    assert world.questions.kept[1].stage is Stage.CONFIRM


async def test_nothing_is_sent_from_a_channel_that_was_archived_while_the_question_stood(
    world: World,
) -> None:
    world.rule(confirm_above=1)
    turn = (await asked(world)).question.turn
    world.directory.gone = {"C1"}
    assert refused(await say(world, turn)).kind == "ChannelArchived"
    assert world.ledger.sends == []


async def test_a_modal_which_stands_in_no_channel_answers_in_that_of_the_question(
    world: World,
) -> None:
    world.rule(confirm_above=1)
    turn = (await asked(world)).question.turn
    world.rule(to=("+44",))
    refused(await say(world, turn, actor=Actor("U0ME", "")))
    assert world.audit.entries[0].actor.channel == "C1"
    world.rule(to=("directory",))
    assert isinstance(await say(world, turn, actor=Actor("U0ME", "")), Sending)


async def test_a_question_about_a_channel_that_left_the_policy_is_refused(world: World) -> None:
    world.rule(confirm_above=1)
    text = "Don\u2019t " + "x" * 70
    turn = (await asked(world, f"send alice, bob {text}")).question.turn
    world.policy = replace(world.policy, channels={})
    plain = await say(world, turn, Word.PLAIN)
    assert isinstance(plain, Asked)
    assert refused(await say(world, plain.question.turn)).kind == "NotAllowed"


async def test_who_may_send_by_a_user_group_is_asked_for_it_again_when_they_confirm(
    world: World,
) -> None:
    world.rule(confirm_above=1, who=("S1",))
    world.directory.groups = {"S1": ("U0ME",)}
    turn = (await asked(world)).question.turn
    world.directory.groups = {"S1": ()}
    assert refused(await say(world, turn)).kind == "NotAllowed"
    world.directory.groups = {"S1": ("U0ME",)}
    assert isinstance(await say(world, turn), Sending)


async def test_a_question_ends_unanswered_after_its_time(world: World) -> None:
    world.rule(confirm_above=1)
    turn = (await asked(world)).question.turn
    world.clock.moment += LIFE
    outcome = await say(world, turn)
    assert isinstance(outcome, Answered)
    assert (outcome.question.stage, outcome.question.decided_by) == (Stage.EXPIRED, "")
    assert world.ledger.sends == []


async def test_there_is_no_question_to_answer(world: World) -> None:
    outcome = refused(await say(world, Turn(9, 1)))
    assert outcome.kind == "UsageError"


async def test_a_word_that_the_question_does_not_ask_for_changes_nothing(world: World) -> None:
    world.rule(confirm_above=1)
    question = (await asked(world)).question
    assert await say(world, question.turn, Word.APPROVE, SECOND) == Answered(question)


# -- approve_above ------------------------------------------------------------------------


async def test_a_send_to_more_than_approve_above_waits_for_a_second_person(world: World) -> None:
    question = await approval(world)
    assert question.stage is Stage.APPROVE
    assert world.ledger.sends == []
    (entry,) = world.questions.entries
    assert (entry.action, entry.rule) == ("ask", "channel C1: approve_above = 1")


async def test_agreed_by_a_second_person_it_is_sent_for_the_first(world: World) -> None:
    question = await approval(world)
    outcome = await say(world, question.turn, Word.APPROVE, SECOND)
    assert outcome == Sending(1, 2, repeated=False, segments=1)
    (sent,) = world.ledger.sends
    assert (sent.actor.user, sent.approver) == ("U0ME", "U0SECOND")
    assert world.questions.kept[1].decided_by == "U0SECOND"


async def test_nobody_agrees_to_their_own_send(world: World) -> None:
    question = await approval(world)
    outcome = refused(await say(world, question.turn, Word.APPROVE))
    assert (outcome.kind, world.ledger.sends) == ("NotAllowed", [])
    assert "approve_above = 1" in world.audit.entries[0].rule


async def test_who_may_not_send_here_cannot_agree(world: World) -> None:
    world.rule(who=("U0ME",))
    question = await approval(world)
    assert refused(await say(world, question.turn, Word.APPROVE, SECOND)).kind == "NotAllowed"
    assert world.ledger.sends == []


async def test_nobody_agrees_from_another_channel(world: World) -> None:
    question = await approval(world)
    elsewhere = replace(SECOND, channel="C2")
    outcome = refused(await say(world, question.turn, Word.APPROVE, elsewhere))
    assert "another channel" in outcome.text


async def test_a_first_person_who_may_not_send_any_more_is_not_helped_by_a_second(
    world: World,
) -> None:
    question = await approval(world)
    world.rule(who=("U0SECOND",))
    outcome = refused(await say(world, question.turn, Word.APPROVE, SECOND))
    assert "Who asked for it may not send it any more" in outcome.text
    assert world.ledger.sends == []


async def test_a_second_person_is_not_told_whom_the_first_may_not_reach_any_more(
    world: World,
) -> None:
    question = await approval(world)
    world.rule(to=("+44",))
    outcome = refused(await say(world, question.turn, Word.APPROVE, SECOND))
    assert ALICE.number not in outcome.text + outcome.remedy
    assert world.audit.entries[0].rule == 'channel C1: to = ["+44"]'


@pytest.mark.parametrize(
    ("user", "stage"), [("U0SECOND", Stage.DECLINED), ("U0ME", Stage.CANCELED)]
)
async def test_declined_by_another_or_taken_back_by_its_sender(
    world: World, user: str, stage: Stage
) -> None:
    question = await approval(world)
    outcome = await say(world, question.turn, Word.DECLINE, Actor(user, "C1"))
    assert isinstance(outcome, Answered)
    assert (outcome.question.stage, outcome.question.decided_by) == (stage, user)
    assert world.ledger.sends == []


async def test_a_send_over_both_limits_is_confirmed_first_and_then_agreed_to(
    world: World,
) -> None:
    world.rule(confirm_above=1, approve_above=1)
    turn = (await asked(world)).question.turn
    waits = await say(world, turn)
    assert isinstance(waits, Awaiting)
    assert (waits.above, waits.question.turn) == (1, Turn(1, 2))
    assert isinstance(await say(world, waits.question.turn, Word.APPROVE, SECOND), Sending)


async def test_a_redelivered_command_waits_for_the_same_second_person(world: World) -> None:
    question = await approval(world)
    again = await world.say(TWO)
    assert isinstance(again, Awaiting)
    assert again.question == question
    await say(world, question.turn, Word.DECLINE, SECOND)
    assert isinstance(await world.say(TWO), Answered)


async def test_a_question_is_closed_by_its_end_and_not_before(world: World) -> None:
    question = await approval(world)
    assert await expire(1, world.services) == question
    world.clock.moment += LIFE
    ended = await expire(1, world.services)
    assert ended
    assert ended.stage is Stage.EXPIRED
    assert await expire(1, world.services) == ended
    assert await expire(9, world.services) is None


async def test_a_question_that_nobody_can_be_asked_is_canceled_by_nobody(world: World) -> None:
    ended = await withdraw(await approval(world), world.services)
    assert (ended.stage, ended.decided_by) == (Stage.CANCELED, "")


# -- a retry ------------------------------------------------------------------------------


@pytest.mark.parametrize(("rule", "kind"), [("confirm_above", Asked), ("approve_above", Awaiting)])
async def test_a_retry_asks_like_any_send_and_again_after_it_was_canceled(
    world: World, rule: str, kind: type
) -> None:
    world.rule(**{rule: 1})
    world.ledger.parts[5] = Part(5, "U1", "C1", "The text", (A, B))
    outcome = await retry_failed(world.actor, 5, world.services)
    assert isinstance(outcome, kind)
    await say(world, Turn(1, 1), Word.CANCEL)
    again = await retry_failed(world.actor, 5, world.services)
    assert isinstance(again, kind)
    assert world.questions.kept[1].turn == Turn(1, 3)


async def test_the_composer_asks_anew_what_has_ended_unanswered(world: World) -> None:
    first = await look_at(world.actor, "alice", "Hi", "view:1", world.services)
    assert isinstance(first, Asked)
    world.clock.moment += LIFE
    await say(world, first.question.turn)
    again = await look_at(world.actor, "alice", "Hi", "view:1", world.services)
    assert isinstance(again, Asked)
    assert isinstance(await say(world, again.question.turn), Sending)


def test_a_character_is_shown_where_it_stands() -> None:
    text = "Please do\nnot open the door\u2026 now"
    assert context(text, "\u2026") == "Horizontal ellipsis in “pen the door[…] now”"


async def test_a_retry_whose_question_nobody_answered_is_asked_about_anew(world: World) -> None:
    world.rule(confirm_above=1)
    world.ledger.parts[5] = Part(5, "U1", "C1", "The text", (A, B))
    await retry_failed(world.actor, 5, world.services)
    world.clock.moment += LIFE
    again = await retry_failed(world.actor, 5, world.services)
    assert isinstance(again, Asked)
    assert isinstance(await say(world, again.question.turn), Sending)


async def test_a_retry_whose_sender_has_changed_is_asked_about_anew(world: World) -> None:
    world.rule(confirm_above=1, senders=("MG1",))
    world.ledger.parts[5] = Part(5, "U1", "C1", "The text", (A, B))
    first = await retry_failed(world.actor, 5, world.services)
    assert isinstance(first, Asked)
    world.rule(senders=("MG2",))
    assert "does not send from MG1" in refused(await say(world, first.question.turn)).text
    again = await retry_failed(world.actor, 5, world.services)
    assert isinstance(again, Asked)
    assert again.question.new.sender == "MG2"
    assert isinstance(await say(world, again.question.turn), Sending)


# -- why ----------------------------------------------------------------------------------


async def test_why_tells_which_questions_would_come_first(world: World) -> None:
    await world.say("send alice Water in the lab")
    world.rule(confirm_above=1, approve_above=1)
    outcome = await world.say(f"why {TWO}", "cmd:2")
    assert isinstance(outcome, Explained)
    assert outcome.allowed
    assert "confirm_above = 1" in outcome.reason
    assert "approve_above = 1" in outcome.reason
    assert "1 of 2 have the same text by send 1" in outcome.reason
    assert world.questions.kept == {}
