"""Questions before sending in the database: asked once, answered once, closed with their send."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.store.purge import Purge
from bot.store.questions import Place, PostgresQuestions
from commands.model import Actor, AuditEntry, Committed, Kind, NewSend, Recipient, Turn
from commands.question import AlreadySent, Question, Stage
from tests.bot.store.kit import Store, draft

GUARD = timedelta(minutes=10)


@pytest.fixture
def questions(store: Store) -> PostgresQuestions:
    return PostgresQuestions(store.pool, store.jobs)


def answering(question: Question, approver: str = "") -> NewSend:
    return replace(question.new, answers=question.turn, approver=approver)


def same(number: int, *recipients: int, **changes: object) -> NewSend:
    """A guarded send of the same text to some of the people."""
    people = tuple(Recipient(f"+1617555{n:04}") for n in recipients)
    return draft(1, request_key=f"cmd:{number}", recipients=people, guard=GUARD, **changes)


async def test_a_question_is_kept_with_all_that_its_send_needs(
    questions: PostgresQuestions,
) -> None:
    new = draft(
        2, kind=Kind.PAGE, retry_of=5, aware=frozenset({3, 4}), approver="U0BOB", body="a\0b"
    )
    question = await questions.ask(new, Stage.CONFIRM, 7)
    assert question == await questions.question(1)
    assert (question.turn, question.stage, question.folded) == (Turn(1, 1), Stage.CONFIRM, 7)
    assert question.new == replace(new, command="", body="ab")


async def test_one_request_asks_once(store: Store, questions: PostgresQuestions) -> None:
    entry = AuditEntry(Actor("U0ALICE", "C0ONCALL"), "ask", allowed=True, rule="r")
    first = await questions.ask(draft(2), Stage.APPROVE, 0, entry)
    assert await questions.ask(draft(3), Stage.CONFIRM, 1, entry) == first
    assert await questions.question(9) is None
    assert [len(await store.waiting()), await store.count("audit")] == [2, 1]


async def test_what_waits_for_a_second_person_is_shown_now_and_when_it_ends(
    store: Store, questions: PostgresQuestions
) -> None:
    entry = AuditEntry(Actor("U0ALICE", "C0ONCALL"), "ask", allowed=True, rule="r")
    await questions.ask(draft(), Stage.APPROVE, 0, entry)
    waits = await store.rows(
        "SELECT task_name, args->>'send_id', scheduled_at > now() + interval '14 minutes'"
        " FROM procrastinate_jobs ORDER BY id"
    )
    assert waits == [("question", "1", None), ("question", "1", True)]
    assert await store.rows("SELECT action, rule FROM audit") == [("ask", "r")]


async def test_a_turn_is_taken_once(store: Store, questions: PostgresQuestions) -> None:
    question = await questions.ask(draft(), Stage.CONFIRM, 0)
    moves = [replace(question, stage=s, decided_by="U1") for s in (Stage.CANCELED, Stage.DECLINED)]
    entry = AuditEntry(Actor("U1", "C0ONCALL"), "answer", allowed=True, rule="r")
    done = await asyncio.gather(*(questions.move(each, entry) for each in moves))
    [moved] = [each for each in done if each]
    assert moved == await questions.question(1)
    assert (moved.turn, moved.decided_by) == (Turn(1, 2), "U1")
    assert await store.count("audit") == 1


async def test_whatever_becomes_of_what_the_channel_sees_is_shown_there(
    store: Store, questions: PostgresQuestions
) -> None:
    question = await questions.ask(draft(), Stage.APPROVE, 0)
    await store.forget_jobs()
    assert await questions.move(replace(question, stage=Stage.DECLINED))
    assert await store.waiting() == [("question", 1)]


async def test_what_only_the_sender_sees_needs_no_job(
    store: Store, questions: PostgresQuestions
) -> None:
    question = await questions.ask(draft(), Stage.CONFIRM, 0)
    assert await questions.move(replace(question, stage=Stage.CANCELED))
    assert await store.waiting() == []


async def test_a_question_that_a_second_person_agreed_to_is_shown_in_the_channel_to_its_end(
    store: Store, questions: PostgresQuestions
) -> None:
    question = await questions.ask(draft(), Stage.APPROVE, 0)
    await store.forget_jobs()
    agreed = replace(question.new, approver="U0BOB")
    again = await questions.move(replace(question, stage=Stage.CONFIRM, new=agreed))
    assert again
    assert await store.waiting() == [("question", 1), ("question", 1)]
    await store.forget_jobs()
    assert await questions.move(replace(again, stage=Stage.CANCELED))
    assert await store.waiting() == [("question", 1)]


async def test_a_question_that_is_asked_anew_takes_over_all_of_its_new_send(
    questions: PostgresQuestions,
) -> None:
    question = await questions.ask(draft(), Stage.CONFIRM, 0)
    new = replace(question.new, sender="MG1", rule="other", answer_url="https://other")
    moved = await questions.move(replace(question, new=new, folded=3))
    assert moved
    assert (moved.new, moved.folded) == (new, 3)


async def test_a_question_that_goes_on_has_its_whole_time_again(
    store: Store, questions: PostgresQuestions
) -> None:
    question = await questions.ask(draft(), Stage.CONFIRM, 0)
    await store.change("UPDATE question SET expires = now() + interval '1 minute'")
    moved = await questions.move(replace(question, new=replace(question.new, body="b")))
    assert moved
    assert moved.new.body == "b"
    assert moved.expires >= question.expires


async def test_a_question_is_closed_by_the_commit_of_its_send(
    store: Store, questions: PostgresQuestions
) -> None:
    question = await questions.ask(draft(), Stage.APPROVE, 0)
    await store.forget_jobs()
    assert await store.ledger.commit(answering(question, "U0BOB")) == Committed(1)
    closed = await questions.question(1)
    assert closed
    assert (closed.stage, closed.send_id, closed.decided_by) == (Stage.SENT, 1, "U0BOB")
    assert ("question", 1) in await store.waiting()
    assert await store.rows("SELECT detail FROM audit") == [("3 recipients, agreed by U0BOB",)]
    assert await questions.move(replace(closed, stage=Stage.CANCELED)) is None


async def test_a_closed_question_tells_to_whom_it_went_in_the_end(
    questions: PostgresQuestions, store: Store
) -> None:
    question = await questions.ask(draft(3), Stage.CONFIRM, 0)
    fewer = replace(answering(question), recipients=question.new.recipients[:1])
    await store.ledger.commit(fewer)
    closed = await questions.question(1)
    assert closed
    assert closed.new.recipients == fewer.recipients


async def test_of_two_answers_at_once_one_counts(
    store: Store, questions: PostgresQuestions
) -> None:
    question = await questions.ask(draft(), Stage.CONFIRM, 0)
    done = await asyncio.gather(*(store.ledger.commit(answering(question)) for _ in range(2)))
    assert sorted(each.repeated for each in done if isinstance(each, Committed)) == [False, True]
    assert await store.count("send") == 1


async def test_a_send_whose_question_was_canceled_is_not_written(
    store: Store, questions: PostgresQuestions
) -> None:
    question = await questions.ask(draft(), Stage.CONFIRM, 0)
    canceled = await questions.move(replace(question, stage=Stage.CANCELED))
    assert await store.ledger.commit(answering(question)) == canceled
    assert await store.count("send") == 0


async def test_it_is_remembered_where_a_second_person_is_asked(
    questions: PostgresQuestions,
) -> None:
    await questions.ask(draft(), Stage.APPROVE, 0)
    assert await questions.place(1) == Place("", "")
    await questions.placed(1, Place("1.2", "digest"))
    assert await questions.place(1) == Place("1.2", "digest")
    assert await questions.place(9) == Place("", "")


async def test_a_question_goes_a_day_after_its_end(
    store: Store, questions: PostgresQuestions
) -> None:
    for number, hours in enumerate((-1, 23, 25)):
        await questions.ask(draft(request_key=f"cmd:{number}"), Stage.CONFIRM, 0)
        await store.change(
            "UPDATE question SET expires = now() - make_interval(hours => %s)"
            " WHERE request_key = %s",
            hours,
            f"cmd:{number}",
        )
    assert await Purge(store.pool).step(3600.0) == 1
    assert await store.rows("SELECT request_key FROM question ORDER BY 1") == [
        ("cmd:0",),
        ("cmd:1",),
    ]


# -- the same to the same -----------------------------------------------------------------


async def test_the_same_text_to_some_of_the_same_people_is_not_written(store: Store) -> None:
    await store.ledger.commit(same(1, 1, 2))
    await store.change("UPDATE delivery SET state = 'delivered', sid = 'SM1' WHERE position = 1")
    asked = same(2, 2, 1, 3, body="  WATER in\nthe lab")
    already = await store.ledger.commit(asked)
    assert isinstance(already, AlreadySent)
    assert already == await store.ledger.already(asked)
    assert (already.send_id, already.actor, already.delivered) == (1, "U0ALICE", 1)
    assert [r.address for r in already.missing(asked.recipients)] == ["+16175550003"]
    assert await store.count("send") == 1


@pytest.mark.parametrize("state", ["failed", "undelivered", "canceled", "suppressed"])
async def test_who_did_not_get_it_does_not_have_it(store: Store, state: str) -> None:
    await store.ledger.commit(same(1, 1))
    await store.change("UPDATE delivery SET state = %s, sid = 'SM1'", state)
    assert await store.ledger.commit(same(2, 1)) == Committed(2)


@pytest.mark.parametrize("state", ["queued", "in_doubt", "accepted", "sent"])
async def test_who_may_get_it_has_it(store: Store, state: str) -> None:
    await store.ledger.commit(same(1, 1))
    await store.change("UPDATE delivery SET state = %s, sid = 'SM1'", state)
    assert isinstance(await store.ledger.commit(same(2, 1)), AlreadySent)


async def test_what_was_sent_longer_ago_or_to_others_does_not_count(store: Store) -> None:
    await store.ledger.commit(same(1, 1))
    assert await store.ledger.commit(same(2, 2)) == Committed(2)
    await store.change("UPDATE send SET created = now() - interval '10 minutes'")
    assert await store.ledger.commit(same(3, 1, 2)) == Committed(3)


async def test_nothing_is_looked_for_without_a_guard(store: Store) -> None:
    await store.ledger.commit(same(1, 1))
    assert await store.ledger.commit(replace(same(2, 1), guard=timedelta(0))) == Committed(2)


async def test_a_redelivered_request_is_not_its_own_double(store: Store) -> None:
    await store.ledger.commit(same(1, 1))
    assert await store.ledger.commit(same(1, 1)) == Committed(1, repeated=True)


async def test_what_the_sender_is_aware_of_asks_nothing_but_counts(store: Store) -> None:
    await store.ledger.commit(same(1, 1))
    aware = same(2, 1, 2, aware=frozenset({1}))
    assert await store.ledger.commit(aware) == Committed(2)
    again = await store.ledger.commit(same(3, 1, 2, 3, aware=frozenset({1})))
    assert isinstance(again, AlreadySent)
    assert (again.send_id, again.sends) == (2, frozenset({1, 2}))


@pytest.mark.parametrize("guard", [GUARD, timedelta(0)])
async def test_what_the_sender_was_told_of_is_found_however_long_ago_it_was(
    store: Store, guard: timedelta
) -> None:
    await store.ledger.commit(same(1, 1))
    await store.change("UPDATE send SET created = now() - interval '1 hour'")
    asked = replace(same(2, 1, 2, aware=frozenset({1})), guard=guard)
    assert await store.ledger.already(asked) is None
    already = await store.ledger.already(asked, told=True)
    assert already
    assert already.reached == {"+16175550001"}


async def test_of_two_who_send_the_same_at_once_one_is_asked(store: Store) -> None:
    done = await asyncio.gather(*(store.ledger.commit(same(n, 1, n)) for n in range(2, 8)))
    assert len([each for each in done if isinstance(each, Committed)]) == 1
