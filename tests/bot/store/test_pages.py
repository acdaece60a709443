"""Pages in the database: opened once, each with its code, unless something speaks against it."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.store.codes import NoCodeError
from bot.store.pages import open_page
from bot.store.questions import PostgresQuestions
from commands.model import Committed, Kind, LimitReached, NewSend
from commands.oncall import Ladder, Rung
from commands.question import AlreadySent, Question, Stage
from tests.bot.store.kit import draft
from tests.bot.store.paging import DB, HAND, PLAIN, WAIT, Paging

GUARD = timedelta(minutes=10)


def page(key: str = "cmd:1", **changes: object) -> NewSend:
    return draft(2, **{"kind": Kind.PAGE, "ladder": PLAIN, "request_key": key, **changes})


# -- opened -------------------------------------------------------------------------------


async def test_an_opened_page_has_its_jobs_and_its_card_and_nobody_is_posted_to_yet(
    paging: Paging,
) -> None:
    page_id = await paging.opened(DB, body="Water\0")
    row = await paging.row(page_id)
    assert (row["stage"], row["fired"], row["rounds"]) == ("open", 0, 2)
    assert (row["body"], row["escalation"], row["source"]) == ("Water", "db", "alert:prod")
    assert await paging.store.waiting() == [("page", page_id), ("page_card", page_id)]
    assert [await paging.store.count(t) for t in ("page_card", "send", "delivery")] == [1, 0, 0]
    assert await paging.noted(page_id) == [("asked", "U0ALICE", "alert", "")]


async def test_who_asked_for_a_page_by_which_rule_is_audited(paging: Paging) -> None:
    page_id = await paging.opened(approver="U0BOB")
    assert await paging.store.rows(
        "SELECT actor, action, allowed, rule, detail, send_id FROM audit"
    ) == [
        (
            *("U0ALICE", "page", True, "channel C0ONCALL"),
            *("2 recipients, agreed by U0BOB", page_id),
        )
    ]


async def test_one_number_names_either_a_send_or_a_page(paging: Paging) -> None:
    first = await paging.store.sent(1, request_key="a")
    numbers = [first, await paging.opened(), await paging.store.sent(1, request_key="b")]
    assert numbers == [1, 2, 3]


async def test_a_page_that_is_asked_for_twice_at_once_is_one(paging: Paging) -> None:
    done = await asyncio.gather(*(paging.store.ledger.commit(page()) for _ in range(10)))
    assert sorted(d.repeated for d in done if isinstance(d, Committed)) == [False] + [True] * 9
    assert await paging.store.waiting() == [("page", 1), ("page_card", 1)]


async def test_pages_that_are_opened_at_once_have_codes_of_two_digits_each_their_own(
    paging: Paging,
) -> None:
    await asyncio.gather(*(paging.opened(request_key=f"cmd:{n}") for n in range(20)))
    codes = [code for (code,) in await paging.store.rows("SELECT code FROM page")]
    assert len(set(codes)) == 20
    assert {len(code) for code in codes} == {2}


async def test_a_code_is_not_given_again_while_somebody_may_still_answer_by_it(
    paging: Paging,
) -> None:
    await paging.opened(request_key="mine")
    await paging.store.change("UPDATE page SET stage = 'exhausted', due = NULL")
    codes = set()
    for n in range(90):  # as often as there are codes of two digits
        page_id = await paging.opened(request_key=f"cmd:{n}")
        codes.add((await paging.row(page_id))["code"])
        await paging.views.resolve(page_id, HAND)
    assert (await paging.row(1))["code"] not in codes


async def test_where_all_codes_of_two_digits_are_taken_one_has_three(paging: Paging) -> None:
    await paging.opened(request_key="mine")
    await paging.store.change(
        "INSERT INTO page (request_key, team, channel, actor, source, sender, body, intent, code,"
        " steps, rounds, rule) SELECT n::text, team, channel, actor, source, sender, body, intent,"
        " n::text, steps, rounds, rule FROM page, generate_series(10, 99) n WHERE n::text <> code"
    )
    page_id = await paging.opened(request_key="further")
    assert (await paging.row(page_id))["code"] == "100"


async def test_where_all_codes_are_taken_no_page_is_opened(paging: Paging) -> None:
    await paging.opened(request_key="mine")
    await paging.store.change(
        "INSERT INTO page (request_key, team, channel, actor, source, sender, body, intent, code,"
        " steps, rounds, rule) SELECT n::text, team, channel, actor, source, sender, body, intent,"
        " n::text, steps, rounds, rule FROM page, generate_series(10, 999) n WHERE n::text <> code"
    )
    with pytest.raises(NoCodeError, match="too many pages wait"):
        await paging.opened(request_key="further")


async def test_a_page_without_a_ladder_is_a_mistake_of_ours(paging: Paging) -> None:
    async with paging.store.pool.connection() as conn:
        with pytest.raises(ValueError, match="ladder"):
            await open_page(conn, paging.store.jobs, page(ladder=None))


# -- what speaks against it ---------------------------------------------------------------


@pytest.mark.parametrize("ladder", [PLAIN, DB])
async def test_the_same_text_by_the_same_ladder_is_told(paging: Paging, ladder: Ladder) -> None:
    first = await paging.opened(ladder=ladder, body="Water in  the LAB", guard=GUARD)
    found = await paging.store.ledger.commit(page("cmd:2", ladder=ladder, guard=GUARD))
    assert isinstance(found, AlreadySent)
    assert (found.send_id, found.actor) == (first, "U0ALICE")
    assert found.sends == {first}
    assert await paging.store.count("page") == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"body": "Fire"},
        {"ladder": DB},
        {"ladder": replace(PLAIN, rungs=(Rung(("alice",), WAIT),))},
        {"aware": frozenset({1})},
        {"guard": timedelta(0)},
        {"guard": timedelta(microseconds=1)},
    ],
)
async def test_another_text_or_ladder_or_what_the_sender_knows_of_speaks_against_nothing(
    paging: Paging, changes: dict[str, object]
) -> None:
    await paging.opened(guard=GUARD)
    new = page("cmd:2", **{"guard": GUARD, **changes})
    assert await paging.store.ledger.commit(new) == Committed(2)


async def test_what_the_sender_has_been_told_of_is_told_again_when_the_question_is_drawn_anew(
    paging: Paging,
) -> None:
    await paging.opened(guard=GUARD)
    aware = page("cmd:2", guard=GUARD, aware=frozenset({1}))
    found = await paging.store.ledger.already(aware, told=True)
    assert found
    assert found.send_id == 1


async def test_two_who_page_the_same_at_the_same_moment_page_once(paging: Paging) -> None:
    both = (page(key, guard=GUARD) for key in ("a", "b"))
    done = await asyncio.gather(*map(paging.store.ledger.commit, both))
    assert sorted(type(each).__name__ for each in done) == ["AlreadySent", "Committed"]


async def test_a_page_over_the_daily_limit_is_not_opened(paging: Paging) -> None:
    assert await paging.store.ledger.commit(page(daily_limit=1)) == LimitReached(0, 1)
    assert [await paging.store.count("page"), await paging.store.waiting()] == [0, []]


async def test_the_messages_of_a_page_count_towards_the_daily_limit(paging: Paging) -> None:
    await paging.paged()
    limited = page("cmd:2", daily_limit=3)
    assert await paging.store.ledger.commit(limited) == LimitReached(2, 3)


async def test_a_page_closes_the_question_that_came_first_whose_ladder_is_kept(
    paging: Paging,
) -> None:
    questions = PostgresQuestions(paging.store.pool, paging.store.jobs)
    question = await questions.ask(page(ladder=DB, recipients=()), Stage.APPROVE, 0)
    assert question.new.ladder == DB
    answered = replace(question.new, answers=question.turn, approver="U0BOB")
    assert await paging.store.ledger.commit(answered) == Committed(1)
    closed = await questions.question(1)
    assert closed
    assert (closed.stage, closed.send_id) == (Stage.SENT, 1)
    again = await paging.store.ledger.commit(replace(answered, request_key="cmd:2"))
    assert isinstance(again, Question)
    assert await paging.store.count("page") == 1
