"""Messages in doubt are looked for at Twilio: what is found there, and what is not."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from bot.drain import Unfinished
from bot.gateway import FOUND
from bot.reconcile import AT_ONCE, SOONEST
from tests.bot.drain.kit import NUMBERS
from tests.bot.engine import BODY, Engine
from twilio_core import Credentials, Message, TwilioClient, open_http
from twilio_core.testing import ANY, Delayed, Html, ServerError

SERVICE = "MG" + "0" * 31 + "1"
TRIAL = "Sent from your Twilio trial account - "


async def doubted(engine: Engine, count: int = 1, key: str = "cmd:1", **changes: object) -> int:
    """Post a send whose every message ends in doubt; Twilio has none of them."""
    for number in NUMBERS[:count]:
        engine.twilio.script(number, ServerError(500))
    return await engine.posted(count, key, **changes)


async def sid_of(engine: Engine, send_id: int) -> str | None:
    [(sid,)] = await engine.rows("SELECT sid FROM delivery WHERE send_id = %s", send_id)
    assert sid is None or isinstance(sid, str)
    return sid


# Found


async def test_a_message_that_twilio_has_is_accepted_with_its_sid_and_not_sent_again(
    engine: Engine,
) -> None:
    engine.twilio.script(NUMBERS[0], ServerError(500, accepted=True))
    send_id = await engine.posted(1)
    assert await engine.states_of(send_id) == ["in_doubt"]
    assert await engine.reconcile().run(send_id) is None
    [(state, sid, code, reason)] = await engine.rows(
        "SELECT state, sid, code, reason FROM delivery"
    )
    assert (state, sid, code, reason) == ("accepted", *engine.twilio.messages, "200", FOUND)
    assert len(engine.twilio.posts) == 1
    assert engine.twilio.violations == []


@pytest.mark.parametrize(
    ("status", "code", "state"),
    [
        ("delivered", None, "delivered"),
        ("sent", None, "sent"),
        ("undelivered", 30003, "undelivered"),
        ("failed", 30006, "failed"),
        ("canceled", None, "canceled"),
        ("a word of next year", None, "accepted"),
    ],
)
async def test_what_became_of_a_found_message_meanwhile_is_known_at_once(
    engine: Engine, status: str, code: int | None, state: str
) -> None:
    send_id = await doubted(engine)
    engine.at_twilio(NUMBERS[0]).move(status, code)
    assert await engine.reconcile().run(send_id) is None
    assert await engine.states_of(send_id) == [state]


async def test_each_recipient_in_doubt_is_looked_for_by_itself(engine: Engine) -> None:
    for number in NUMBERS[:3]:
        engine.twilio.script(number, ServerError(500, accepted=number != NUMBERS[1]))
    send_id = await engine.posted(4)
    assert isinstance(await engine.reconcile().run(send_id), Unfinished)
    assert await engine.states_of(send_id) == ["accepted", "in_doubt", "accepted", "accepted"]


async def test_the_sentence_that_a_trial_account_adds_is_seen_through(engine: Engine) -> None:
    send_id = await doubted(engine)
    found = engine.at_twilio(NUMBERS[0], TRIAL + BODY)
    await engine.reconcile().run(send_id)
    assert await sid_of(engine, send_id) == found.sid


async def test_blanks_that_twilio_cuts_off_make_no_difference(engine: Engine) -> None:
    send_id = await doubted(engine, body=f" {BODY}\n")
    found = engine.at_twilio(NUMBERS[0], BODY)
    await engine.reconcile().run(send_id)
    assert await sid_of(engine, send_id) == found.sid


async def test_a_message_that_the_list_shows_late_is_found_then(engine: Engine) -> None:
    engine.twilio.listing_lag = 1.0
    engine.twilio.script(NUMBERS[0], ServerError(500, accepted=True))
    send_id, looks = await engine.posted(1), 0
    async with asyncio.timeout(20):
        while left := await engine.reconcile().run(send_id):
            looks += 1
            await asyncio.sleep(left.after)
    assert looks > 0
    assert await engine.states_of(send_id) == ["accepted"]
    assert len(engine.twilio.posts) == 1


async def test_of_two_messages_that_fit_the_older_one_is_taken(engine: Engine) -> None:
    send_id = await doubted(engine)
    older = engine.at_twilio(NUMBERS[0])
    engine.at_twilio(NUMBERS[0])
    await engine.reconcile().run(send_id)
    assert await sid_of(engine, send_id) == older.sid


# Not this one


async def nothing_fits(engine: Engine, send_id: int) -> bool:
    left = await engine.reconcile().run(send_id)
    return left is not None and await engine.states_of(send_id) == ["in_doubt"]


async def test_a_message_to_somebody_else_is_not_it(engine: Engine) -> None:
    send_id = await doubted(engine)
    engine.at_twilio(NUMBERS[1])
    assert await nothing_fits(engine, send_id)


async def test_a_message_from_another_sender_is_not_it(engine: Engine) -> None:
    send_id = await doubted(engine)
    engine.at_twilio(NUMBERS[0], from_="+15005550010")
    assert await nothing_fits(engine, send_id)


@pytest.mark.parametrize("body", [f"{BODY}!", BODY.lower(), "", f"{TRIAL}{TRIAL}{BODY}"])
async def test_a_message_with_another_text_is_not_it(engine: Engine, body: str) -> None:
    send_id = await doubted(engine)
    engine.at_twilio(NUMBERS[0], body)
    assert await nothing_fits(engine, send_id)


async def test_a_message_from_before_the_attempt_is_not_it(engine: Engine) -> None:
    send_id = await doubted(engine)
    before = datetime.now(UTC) - timedelta(minutes=1)
    engine.at_twilio(NUMBERS[0], date_created=before)
    assert await nothing_fits(engine, send_id)


async def test_an_inbound_message_is_not_it(engine: Engine) -> None:
    send_id = await doubted(engine)
    engine.at_twilio(NUMBERS[0], direction="inbound")
    assert await nothing_fits(engine, send_id)


async def test_a_message_of_the_second_of_the_attempt_is_it(engine: Engine) -> None:
    send_id = await doubted(engine)
    [(attempted,)] = await engine.rows("SELECT attempted FROM delivery")
    found = engine.at_twilio(NUMBERS[0], date_created=attempted.replace(microsecond=0))
    await engine.reconcile().run(send_id)
    assert await sid_of(engine, send_id) == found.sid


async def test_a_message_that_the_ledger_knows_is_not_it(engine: Engine) -> None:
    first = await engine.posted(1, "first")
    send_id = await doubted(engine, key="second")
    [known] = engine.twilio.messages.values()
    known.date_created = datetime.now(UTC)
    assert await nothing_fits(engine, send_id)
    assert await engine.states_of(first) == ["accepted"]


async def test_a_message_belongs_to_one_of_two_doubts_only(engine: Engine) -> None:
    first = await doubted(engine, key="first")
    second = await doubted(engine, key="second")
    engine.at_twilio(NUMBERS[0])
    reconcile = engine.reconcile()
    await reconcile.run(first)
    await reconcile.run(second)
    assert await engine.states() == {"accepted": 1, "in_doubt": 1}


async def test_two_processes_that_find_one_message_at_once_give_it_to_one_doubt(
    engine: Engine,
) -> None:
    first = await doubted(engine, key="first")
    second = await doubted(engine, key="second")
    engine.at_twilio(NUMBERS[0])
    engine.twilio.latency = 0.2  # so that both have looked before either has written
    await asyncio.gather(engine.reconcile().run(first), engine.reconcile().run(second))
    assert await engine.states() == {"accepted": 1, "in_doubt": 1}


async def test_two_doubts_and_two_messages_are_one_each(engine: Engine) -> None:
    sends = [await doubted(engine, key=key) for key in ("first", "second")]
    for _ in sends:
        engine.at_twilio(NUMBERS[0])
    for send_id in sends:
        await engine.reconcile().run(send_id)
    assert {await sid_of(engine, send_id) for send_id in sends} == set(engine.twilio.messages)


# A Messaging Service


async def test_a_message_of_a_messaging_service_is_found_whatever_number_it_chose(
    engine: Engine,
) -> None:
    engine.twilio.script(NUMBERS[0], ServerError(500, accepted=True))
    send_id = await engine.posted(1, sender=SERVICE)
    [message] = engine.twilio.messages.values()
    message.from_ = "+15005550010"
    assert await engine.reconcile().run(send_id) is None
    assert await sid_of(engine, send_id) == message.sid
    assert ["From" in request.query for request in engine.lists] == [False]


@pytest.mark.parametrize("service", ["", "MG" + "0" * 31 + "2"])
async def test_what_another_sender_sent_is_not_the_messaging_services(
    engine: Engine, service: str
) -> None:
    send_id = await doubted(engine, sender=SERVICE)
    engine.at_twilio(NUMBERS[0], service=service)
    assert await nothing_fits(engine, send_id)


# How Twilio is asked


async def test_messages_from_before_the_attempt_are_not_read_to_their_end(engine: Engine) -> None:
    send_id = await doubted(engine)
    long_ago = datetime.now(UTC) - timedelta(hours=1)
    for _ in range(300):
        engine.at_twilio(NUMBERS[0], "Something else", date_created=long_ago)
    await engine.reconcile().run(send_id)
    assert len(engine.lists) == 1


async def test_a_list_that_is_only_roughly_in_order_hides_nothing(engine: Engine) -> None:
    send_id = await doubted(engine)
    found = engine.at_twilio(NUMBERS[0])
    long_ago = datetime.now(UTC) - timedelta(hours=1)
    for _ in range(15):
        engine.at_twilio(NUMBERS[0], "Something else", date_created=long_ago)
    await engine.reconcile().run(send_id)
    assert await sid_of(engine, send_id) == found.sid


async def test_many_other_messages_to_the_same_number_are_read_through(engine: Engine) -> None:
    send_id = await doubted(engine)
    found = engine.at_twilio(NUMBERS[0])
    for _ in range(60):
        engine.at_twilio(NUMBERS[0], "Something else")
    await engine.reconcile().run(send_id)
    assert await sid_of(engine, send_id) == found.sid


async def test_only_a_few_lists_are_asked_for_at_once(engine: Engine) -> None:
    engine.twilio.latency = 0.02
    send_id = await doubted(engine, 30)

    class Counted(TwilioClient):
        now = most = 0

        async def list_messages(self, **asked: object) -> AsyncIterator[Message]:
            Counted.now += 1
            Counted.most = max(Counted.most, Counted.now)
            try:
                async for message in super().list_messages(**asked):  # type: ignore[arg-type]
                    yield message
            finally:
                Counted.now -= 1

    credentials = Credentials(engine.twilio.account_sid, engine.twilio.auth_token)
    engine.client = Counted(open_http(), credentials, engine.twilio.url)
    await engine.reconcile().run(send_id)
    await engine.client.aclose()
    assert len(engine.lists) == 30
    assert Counted.most <= AT_ONCE


async def test_more_doubts_than_one_look_is_for_have_the_next_a_second_later(
    engine: Engine,
) -> None:
    for number in NUMBERS[:120]:
        engine.twilio.script(number, ServerError(500, accepted=True))
    send_id = await engine.posted(120)
    reconcile = engine.reconcile()
    assert await reconcile.run(send_id) == Unfinished(SOONEST)
    assert await engine.states() == {"accepted": 100, "in_doubt": 20}
    assert await reconcile.run(send_id) is None
    assert await engine.states() == {"accepted": 120}


async def test_nobody_is_looked_for_before_it_is_due(engine: Engine) -> None:
    send_id = await doubted(engine)
    left = await engine.reconcile().run(send_id)
    assert left is not None
    assert left.after > 0
    asked = len(engine.gets)
    await engine.change("UPDATE delivery SET next_check = now() + interval '1 min'")
    again = await engine.reconcile().run(send_id)
    assert again is not None
    assert again.after > 30
    assert len(engine.gets) == asked


async def test_a_send_that_is_gone_needs_nothing(engine: Engine) -> None:
    assert await engine.reconcile().run(4711) is None


async def test_one_list_that_cannot_be_had_does_not_keep_the_others_from_being_read(
    engine: Engine,
) -> None:
    for number in NUMBERS[:2]:
        engine.twilio.script(number, ServerError(500, accepted=True))
    send_id = await engine.posted(2)
    engine.twilio.script(ANY, Html(503), Delayed(0.0))
    assert isinstance(await engine.reconcile().run(send_id), Unfinished)
    assert await engine.states() == {"accepted": 1, "in_doubt": 1}
