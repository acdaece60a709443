"""Messages on their way are asked for at Twilio: how often, how, and until when."""

import asyncio
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from bot.drain import Unfinished
from bot.timetable import CALLED, SLOWEST
from bot.track import AT_ONCE, HANDFUL, ONE_BY_ONE
from tests.bot.drain.kit import NUMBERS
from tests.bot.engine import Engine
from twilio_core import Credentials, TwilioClient, open_http
from twilio_core.testing import ANY, Delayed, Error, Html, ServerError

SERVICE = "MG" + "0" * 31 + "1"


def all_are(engine: Engine, status: str, code: int | None = None) -> None:
    """Let every message have come so far."""
    for message in engine.twilio.messages.values():
        message.move(status, code)


async def look_at(engine: Engine) -> datetime | None:
    [(moment,)] = await engine.rows("SELECT look_at FROM send")
    assert moment is None or isinstance(moment, datetime)
    return moment


# What is learned


async def test_a_few_messages_are_asked_for_one_by_one(engine: Engine) -> None:
    send_id = await engine.posted(HANDFUL)
    all_are(engine, "delivered")
    assert await engine.track().run(send_id) is None
    assert await engine.states() == {"delivered": HANDFUL}
    assert engine.lists == []
    assert len(engine.gets) == HANDFUL


async def test_a_thousand_messages_cost_one_request_a_look(engine: Engine) -> None:
    send_id = await engine.posted(1_000)
    all_are(engine, "sent")
    assert isinstance(await engine.track().run(send_id), Unfinished)
    assert await engine.states() == {"sent": 1_000}
    assert len(engine.gets) == 1
    all_are(engine, "delivered")
    assert await engine.track().run(send_id) is None
    assert await engine.states() == {"delivered": 1_000}
    assert len(engine.gets) == 2
    assert engine.twilio.violations == []


async def test_of_many_sends_that_are_looked_at_only_a_few_ask_twilio_at_once(
    engine: Engine,
) -> None:
    engine.twilio.latency = 0.02
    sizes = [1, HANDFUL + 1] * (2 * AT_ONCE)
    sends = [await engine.posted(size, f"cmd:{n}") for n, size in enumerate(sizes)]

    http, under_way, most = open_http(), 0, 0

    async def count(request: httpx.Request) -> httpx.Response:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        try:
            return await http.send(request)
        finally:
            under_way -= 1

    credentials = Credentials(engine.twilio.account_sid, engine.twilio.auth_token)
    counted = httpx.AsyncClient(transport=httpx.MockTransport(count))
    engine.client = TwilioClient(counted, credentials, engine.twilio.url)
    track = engine.track()
    await asyncio.gather(*map(track.run, sends))
    await engine.client.aclose()
    await http.aclose()
    assert len(engine.gets) == len(sends)
    assert most == AT_ONCE


async def test_only_those_whose_end_is_not_known_are_asked_for(engine: Engine) -> None:
    send_id = await engine.posted(8)
    messages = list(engine.twilio.messages.values())
    for message in messages[:6]:
        message.move("delivered")
    await engine.track().run(send_id)
    asked = len(engine.gets)
    await engine.track().run(send_id)
    assert {request.resource[1] for request in engine.gets[asked:]} == {
        message.sid for message in messages[6:]
    }


@pytest.mark.parametrize("count", [1, 8])
async def test_a_message_that_failed_before_it_was_sent_is_seen(engine: Engine, count: int) -> None:
    send_id = await engine.posted(count)
    all_are(engine, "failed", 30006)
    assert await engine.track().run(send_id) is None
    assert await engine.states() == {"failed": count}
    [(code, error_code, reason)] = await engine.rows(
        "SELECT DISTINCT code, error_code, reason FROM delivery"
    )
    assert (code, error_code) == ("1001", 30006)
    assert reason.startswith("30006 ")


async def test_a_message_that_did_not_arrive_is_failed_on_the_card(engine: Engine) -> None:
    send_id = await engine.posted(1)
    await engine.change("DELETE FROM procrastinate_jobs")
    all_are(engine, "undelivered", 30003)
    assert await engine.track().run(send_id) is None
    assert await engine.states() == {"undelivered": 1}
    assert await engine.waiting("card") == [send_id]


async def test_a_message_that_only_waits_is_no_news(engine: Engine) -> None:
    send_id = await engine.posted(1)
    await engine.change("DELETE FROM procrastinate_jobs")
    all_are(engine, "sending")
    assert isinstance(await engine.track().run(send_id), Unfinished)
    assert await engine.states() == {"accepted": 1}
    assert await engine.waiting("card") == []


async def test_a_message_of_a_messaging_service_is_followed_whatever_number_it_chose(
    engine: Engine,
) -> None:
    send_id = await engine.posted(8, sender=SERVICE)
    for message in engine.twilio.messages.values():
        message.from_ = "+15005550010"
    all_are(engine, "delivered")
    assert await engine.track().run(send_id) is None
    assert await engine.states() == {"delivered": 8}
    assert len(engine.gets) == 1


# What the list does not show


async def test_messages_that_the_list_does_not_show_are_asked_for_one_by_one(
    engine: Engine,
) -> None:
    engine.twilio.listing_lag = 3_600.0
    send_id = await engine.posted(8)
    all_are(engine, "delivered")
    assert await engine.track().run(send_id) is None
    assert await engine.states() == {"delivered": 8}


async def test_of_many_that_the_list_does_not_show_some_are_asked_for_at_each_look(
    engine: Engine,
) -> None:
    engine.twilio.listing_lag = 3_600.0
    send_id = await engine.posted(ONE_BY_ONE + 10)
    all_are(engine, "delivered")
    assert isinstance(await engine.track().run(send_id), Unfinished)
    assert await engine.states() == {"delivered": ONE_BY_ONE, "accepted": 10}
    assert await engine.track().run(send_id) is None
    assert await engine.states() == {"delivered": ONE_BY_ONE + 10}


@pytest.mark.parametrize("count", [3, 8])
async def test_a_message_that_is_gone_does_not_hide_the_others(engine: Engine, count: int) -> None:
    send_id = await engine.posted(count)
    all_are(engine, "delivered")
    engine.twilio.messages.popitem()
    assert isinstance(await engine.track().run(send_id), Unfinished)
    assert await engine.states() == {"delivered": count - 1, "accepted": 1}


async def test_a_busy_account_does_not_make_the_list_endless(engine: Engine) -> None:
    send_id = await engine.posted(8)
    for _ in range(3_000):
        engine.at_twilio("+16175559999", "Something else")
    all_are(engine, "delivered")
    await engine.track().run(send_id)
    assert len(engine.lists) < 30
    assert await engine.states() == {"delivered": 8}  # asked for one by one instead


async def test_messages_from_before_the_send_are_not_read_to_their_end(engine: Engine) -> None:
    long_ago = datetime.now(UTC) - timedelta(days=1)
    for _ in range(1_000):
        engine.at_twilio("+16175559999", "Something else", date_created=long_ago)
    send_id = await engine.posted(8)
    gone, _ = engine.twilio.messages.popitem()
    all_are(engine, "delivered")
    await engine.track().run(send_id)
    assert len(engine.lists) <= 2
    assert await engine.states() == {"delivered": 7, "accepted": 1}
    assert gone in {request.resource[1] for request in engine.gets if request not in engine.lists}


# A Twilio that does not answer


@pytest.mark.parametrize("outcome", [Html(503), Error(20429, 429), Error(20003, 401)])
async def test_a_look_that_fails_is_made_again_later(engine: Engine, outcome: Error) -> None:
    send_id = await engine.posted(8)
    all_are(engine, "delivered")
    engine.twilio.script(ANY, outcome)
    assert isinstance(await engine.track().run(send_id), Unfinished)
    assert await engine.states() == {"accepted": 8}
    assert await engine.track().run(send_id) is None
    assert await engine.states() == {"delivered": 8}


async def test_what_was_read_before_a_look_failed_is_kept(engine: Engine) -> None:
    send_id = await engine.posted(3)
    all_are(engine, "delivered")
    engine.twilio.script(ANY, Delayed(0.0), Html(503))
    assert isinstance(await engine.track().run(send_id), Unfinished)
    assert await engine.states() == {"delivered": 1, "accepted": 2}


# When


async def test_the_first_looks_are_close_together_and_the_later_ones_are_not(
    engine: Engine,
) -> None:
    send_id, pauses = await engine.posted(1), []
    for _ in range(4):
        left = await engine.track().run(send_id)
        assert left is not None
        pauses.append(left.after)
        await engine.age(400.0)
    assert pauses[0] == 5.0
    assert pauses == sorted(pauses)
    assert 190 < pauses[1] < pauses[2] < pauses[3]
    await engine.age(3_600.0)
    assert await engine.track().run(send_id) == Unfinished(SLOWEST)


async def test_the_next_look_stands_in_the_ledger(engine: Engine) -> None:
    send_id = await engine.posted(1)
    assert await engine.track().run(send_id) == Unfinished(5.0)
    moment = await look_at(engine)
    assert moment is not None
    all_are(engine, "delivered")
    await engine.track().run(send_id)
    assert await look_at(engine) is None


async def test_after_four_hours_the_last_known_state_stands(engine: Engine) -> None:
    send_id = await engine.posted(1)
    await engine.age(4 * 3_600.0)
    assert await engine.track().run(send_id) is None
    assert await look_at(engine) is None
    assert await engine.states() == {"accepted": 1}
    assert engine.gets == []


async def test_with_zero_seconds_twilio_is_not_asked(engine: Engine) -> None:
    engine.clock.tune(poll=0)
    send_id = await engine.posted(1)
    assert await engine.waiting("track") == []
    assert await engine.track().run(send_id) is None
    assert engine.gets == []


async def test_an_edit_to_zero_seconds_ends_the_looking_that_is_under_way(engine: Engine) -> None:
    send_id = await engine.posted(1)
    assert isinstance(await engine.track().run(send_id), Unfinished)
    asked = len(engine.gets)
    engine.clock.tune(poll=0)
    assert await engine.track().run(send_id) is None
    assert await look_at(engine) is None
    assert len(engine.gets) == asked


async def test_where_twilio_calls_us_the_first_look_is_ten_minutes_later(engine: Engine) -> None:
    engine.clock.called_back = True
    send_id = await engine.posted(1)
    assert await engine.track().run(send_id) == Unfinished(CALLED)


async def test_who_is_still_queued_keeps_the_looking_alive(engine: Engine) -> None:
    send_id = await engine.posted(2)
    all_are(engine, "delivered")
    await engine.change("UPDATE delivery SET state = 'queued', sid = NULL WHERE position = 2")
    assert isinstance(await engine.track().run(send_id), Unfinished)
    assert await engine.states() == {"delivered": 1, "queued": 1}


async def test_after_an_outage_who_is_still_queued_is_asked_about_soon(engine: Engine) -> None:
    send_id = await engine.posted(2)
    await engine.change("UPDATE delivery SET state = 'queued', sid = NULL WHERE position = 2")
    await engine.age(600.0)
    assert await engine.track().run(send_id) == Unfinished(5.0)


async def test_who_is_looked_for_keeps_the_looking_alive_and_who_is_given_up_does_not(
    engine: Engine,
) -> None:
    engine.twilio.script(NUMBERS[1], ServerError(500))
    send_id = await engine.posted(2)
    all_are(engine, "delivered")
    assert isinstance(await engine.track().run(send_id), Unfinished)
    await engine.age(200.0)
    await engine.reconcile().run(send_id)
    assert await engine.track().run(send_id) is None
    assert await engine.states() == {"delivered": 1, "in_doubt": 1}


async def test_a_send_of_which_nothing_was_accepted_is_not_asked_for(engine: Engine) -> None:
    engine.twilio.script(NUMBERS[0], Error(21211))
    send_id = await engine.posted(1)
    assert await engine.track().run(send_id) is None
    assert engine.gets == []


async def test_a_send_that_is_gone_needs_nothing(engine: Engine) -> None:
    assert await engine.track().run(4711) is None
