"""A page is sent once more, some minutes later, to those whose phone was off."""

import pytest

from bot.again import RULE, Again
from commands.model import Actor, Kind, NewSend, Recipient
from commands.retry import retry_key
from tests.bot.drain.kit import NUMBERS
from tests.bot.engine import BODY, SENDER, Engine


async def failed(engine: Engine, *codes: int | None, kind: Kind = Kind.PAGE) -> int:
    """Post a send whose messages end so: undelivered with a code, or delivered for None."""
    send_id = await engine.posted(len(codes), kind=kind)
    for message, code in zip(engine.twilio.messages.values(), codes, strict=True):
        message.move("delivered" if code is None else "undelivered", code)
    await engine.track().run(send_id)
    return send_id


async def repeat(engine: Engine, send_id: int) -> None:
    again = Again(engine.ledger, engine.outbox())
    assert await again.run(send_id) is None


async def repetitions(engine: Engine) -> list[tuple[int, str]]:
    """Each recipient of a send that repeats another, with that other send."""
    rows = await engine.rows(
        "SELECT retry_of, address FROM send s JOIN delivery d ON d.send_id = s.id"
        " WHERE retry_of IS NOT NULL ORDER BY d.id"
    )
    return [(retry_of, address) for retry_of, address in rows]


async def test_only_those_whose_failure_may_pass_are_sent_to_again(engine: Engine) -> None:
    send_id = await failed(engine, 30003, 30006, None, 30017)
    await repeat(engine, send_id)
    assert await repetitions(engine) == [(send_id, NUMBERS[0]), (send_id, NUMBERS[3])]


async def test_the_repetition_is_a_page_with_the_same_words_from_the_same_sender(
    engine: Engine,
) -> None:
    send_id = await failed(engine, 30003)
    await repeat(engine, send_id)
    assert await engine.rows(
        "SELECT kind, body, sender, actor, channel, count(*) FROM send GROUP BY 1, 2, 3, 4, 5"
    ) == [("page", BODY, SENDER, "U0ALICE", "C0ONCALL", 2)]


async def test_the_repetition_is_from_the_pages_sender_whatever_the_default_is(
    engine: Engine,
) -> None:
    send_id = await failed(engine, 30003)
    other = "+15005550009"
    await engine.rows("UPDATE send SET sender = %s RETURNING id", other)
    await repeat(engine, send_id)
    assert await engine.rows("SELECT sender FROM send") == [(other,), (other,)]


async def test_the_audit_tells_by_which_rule_it_was_sent(engine: Engine) -> None:
    send_id = await failed(engine, 30003)
    await repeat(engine, send_id)
    [(rule, detail)] = await engine.rows("SELECT rule, detail FROM audit ORDER BY id DESC LIMIT 1")
    assert (rule, detail) == (RULE, f"1 recipients, again after send {send_id}")


async def test_however_often_the_job_runs_there_is_one_repetition(engine: Engine) -> None:
    send_id = await failed(engine, 30003, 30008)
    for _ in range(3):
        await repeat(engine, send_id)
    assert len(await repetitions(engine)) == 2


async def test_a_page_that_failed_for_good_is_not_sent_again(engine: Engine) -> None:
    send_id = await failed(engine, 30006, 30005)
    assert await engine.waiting("again") == []
    await repeat(engine, send_id)
    assert await repetitions(engine) == []


async def test_who_was_sent_to_again_by_a_person_is_not_sent_to_once_more(engine: Engine) -> None:
    send_id = await failed(engine, 30003, 30003)
    await engine.ledger.commit(
        NewSend(
            retry_key(send_id, 0),
            Actor("U0ALICE", "C0ONCALL"),
            BODY,
            (Recipient(NUMBERS[0]), Recipient(NUMBERS[1])),
            SENDER,
            "rule",
            retry_of=send_id,
        )
    )
    await repeat(engine, send_id)
    assert len(await repetitions(engine)) == 2


async def test_a_click_at_the_same_moment_and_the_repetition_are_one_send(engine: Engine) -> None:
    send_id = await failed(engine, 30003)
    part = await engine.ledger.failed_part(send_id)
    assert part is not None
    await repeat(engine, send_id)
    clicked = NewSend(
        retry_key(send_id, part.retries),
        Actor("U0ALICE", "C0ONCALL"),
        BODY,
        part.recipients,
        SENDER,
        "rule",
        retry_of=send_id,
    )
    await engine.ledger.commit(clicked)
    assert len(await repetitions(engine)) == 1


@pytest.mark.parametrize("kind", [Kind.SEND, Kind.PAGE])
async def test_a_page_is_repeated_by_itself_and_a_plain_send_is_not(
    engine: Engine, kind: Kind
) -> None:
    send_id = await failed(engine, 30003, kind=kind)
    assert await engine.waiting("again") == ([send_id] if kind is Kind.PAGE else [])


async def test_the_repetition_of_a_page_is_not_repeated(engine: Engine) -> None:
    await repeat(engine, await failed(engine, 30003))
    await engine.change("DELETE FROM procrastinate_jobs")
    [(second,)] = await engine.rows("SELECT id FROM send WHERE retry_of IS NOT NULL")
    await engine.drain().run(second, await engine.worker())
    for message in engine.twilio.messages.values():
        message.move("undelivered", 30003)
    await engine.track().run(second)
    assert await engine.states_of(second) == ["undelivered"]
    assert await engine.waiting("again") == []


async def test_the_repetition_comes_some_minutes_later(engine: Engine) -> None:
    await failed(engine, 30003)
    [(soon, late)] = await engine.rows(
        "SELECT scheduled_at < now() + interval '4 min', scheduled_at > now() + interval '6 min'"
        " FROM procrastinate_jobs WHERE task_name = 'again'"
    )
    assert not soon
    assert not late


async def test_a_page_that_is_gone_needs_nothing(engine: Engine) -> None:
    await repeat(engine, 4711)
    assert await repetitions(engine) == []
