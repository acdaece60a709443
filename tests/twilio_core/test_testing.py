"""The fake is held to what the facts say of Twilio."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.twilio_core.kit import FORM, Ask
from twilio_core.testing import (
    ANY,
    Delayed,
    Error,
    FakeTwilio,
    Html,
    Late,
    Reset,
    Silence,
)

TO, FROM = "+16175550001", "+15005550006"
SERVICE = "MG" + "0123456789abcdef" * 2


async def test_a_message_is_created_with_201(ask: Ask) -> None:
    response = await ask.post()
    assert response.status_code == 201
    assert response.headers["Twilio-Request-Id"].startswith("RQ")
    assert response.json()["num_segments"] == "1"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"To": None}, 21604),
        ({"To": "banana"}, 21211),
        ({"To": "+1"}, 21211),
        ({"From": None}, 21603),
        ({"From": ""}, 21603),
        ({"From": "a name that is too long"}, 21212),
        ({"From": None, "MessagingServiceSid": "MGx"}, 21701),
        ({"Body": None}, 21602),
        ({"Body": "x" * 1601}, 21617),
        ({"Body": "\U0001f525" * 801}, 21617),
        ({"To": FROM}, 21266),
        ({"MediaUrl": "banana"}, 21620),
        ({"MediaUrl": ["https://x/"] * 11}, 21623),
        ({"Body": None, "ContentSid": "HX1"}, 21655),
        ({"StatusCallback": "banana"}, 21609),
        ({"ValidityPeriod": "0"}, 21624),
        ({"ValidityPeriod": "36001"}, 21624),
        ({"ValidityPeriod": "soon"}, 21624),
        ({"ScheduleType": "fixed"}, 35111),
        ({"ScheduleType": "fixed", "SendAt": "2026-01-01T00:00:00Z"}, 35118),
        ({"From": "+15005550001"}, 21212),
        ({"From": "+15005550007"}, 21606),
        ({"From": "+15005550008"}, 21611),
        ({"To": "+15005550001"}, 21211),
        ({"To": "+15005550002"}, 21612),
        ({"To": "+15005550003"}, 21408),
        ({"To": "+15005550004"}, 21610),
        ({"To": "+15005550009"}, 21614),
    ],
)
async def test_what_twilio_refuses_is_refused(ask: Ask, changes: dict[str, Any], code: int) -> None:
    assert await ask.code(**changes) == code
    assert ask.twilio.messages == {}
    assert ask.twilio.violations == []


@pytest.mark.parametrize("when", ["soon", "in a minute", "in a year"])
async def test_a_schedule_too_near_too_far_or_unreadable_is_refused(ask: Ask, when: str) -> None:
    spans = {"in a minute": timedelta(minutes=1), "in a year": timedelta(days=365)}
    send_at = (datetime.now(UTC) + spans[when]).isoformat() if when in spans else when
    schedule = {"ScheduleType": "fixed", "SendAt": send_at}
    if when == "soon":
        schedule.pop("ScheduleType")
        assert await ask.code(**schedule) == 35114
        return
    assert await ask.code(**schedule, From=None, MessagingServiceSid=SERVICE) == 35114


@pytest.mark.parametrize(
    ("changes", "violation"),
    [
        ({"Bodi": "hi"}, "Bodi is not a field of this request"),
        ({"To": [TO, TO]}, "To is given more than once"),
        ({"SmartEncoded": "yes"}, "SmartEncoded is malformed"),
        ({"Attempt": "many"}, "Attempt is malformed"),
        ({"MaxPrice": "cheap"}, "MaxPrice is malformed"),
        ({"RiskCheck": "maybe"}, "RiskCheck is malformed"),
        ({"ApplicationSid": "AP1"}, "ApplicationSid is malformed"),
    ],
)
async def test_what_twilio_passes_over_is_remembered(
    ask: Ask, changes: dict[str, Any], violation: str
) -> None:
    assert (await ask.post(**changes)).status_code == 201
    assert ask.twilio.violations == [violation]


async def test_well_formed_options_are_no_violation(ask: Ask) -> None:
    options = {"SmartEncoded": "true", "Attempt": "1", "MaxPrice": "0.05", "RiskCheck": "disable"}
    media = ["https://x/1", "https://x/2"]
    response = await ask.post(**options, PersistentAction=["a", "b"], MediaUrl=media, Body=None)
    assert response.json()["sid"].startswith("MM")
    assert ask.twilio.violations == []


async def test_an_odd_query_is_remembered(ask: Ask) -> None:
    await ask("GET", "/Messages.json?DateSent=%3E2026-01-01&Size=3&PageSize=7")
    await ask("GET", "/OutgoingCallerIds.json?Number=1")
    assert ask.twilio.violations == [
        "DateSent is malformed",
        "Size is not a field of this request",
        "Number is not a field of this request",
    ]


@pytest.mark.parametrize(
    ("auth", "path", "status", "code"),
    [
        (("AC1", "wrong"), ".json", 401, 20003),
        (None, "/Calls.json", 404, 20404),
        (None, "/Messages/SM1.json", 404, 20404),
        (None, "/Messages", 404, 20404),
    ],
)
async def test_who_and_where_are_checked(
    ask: Ask, auth: tuple[str, str] | None, path: str, status: int, code: int
) -> None:
    response = await ask("GET", path, auth=auth)
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert response.json()["status"] == status


async def test_another_account_and_another_method_are_refused(ask: Ask) -> None:
    other = ask.twilio.url + "AC" + "0" * 32 + ".json"
    assert (await ask("GET", other)).json()["code"] == 20404
    assert (await ask("POST", "/OutgoingCallerIds.json")).status_code == 405
    bare = await ask.http.get(ask.twilio.url + ask.twilio.account_sid + ".json")
    assert bare.json()["code"] == 20003


async def test_a_suspended_account_sends_nothing(ask: Ask) -> None:
    ask.twilio.account_status = "suspended"
    assert await ask.code() == 20005
    assert (await ask("GET", ".json")).json()["status"] == "suspended"


async def test_a_trial_account_sends_to_verified_numbers_only(ask: Ask) -> None:
    ask.twilio.trial = True
    assert await ask.code() == 21608
    ask.twilio.verified.append((TO, "me"))
    assert await ask.code() is None
    assert (await ask("GET", ".json")).json()["type"] == "Trial"


async def test_the_daily_cap_counts_what_was_sent(ask: Ask) -> None:
    ask.twilio.daily_cap = 1
    await ask.twilio.inbound(TO, FROM, "hello")
    assert await ask.code() is None
    response = await ask.post()
    assert (response.status_code, response.json()["code"]) == (429, 63038)


async def test_too_many_at_once_are_throttled_and_not_taken(ask: Ask) -> None:
    ask.twilio.limit, ask.twilio.latency = 2, 0.05
    statuses = [each.status_code for each in await asyncio.gather(*(ask.post() for _ in range(5)))]
    assert sorted(statuses) == [201, 201, 429, 429, 429]
    assert len(ask.twilio.messages) == 2
    assert ask.twilio.peak == 5


async def test_test_credentials_keep_nothing_and_read_nothing(ask: Ask) -> None:
    ask.twilio.test_credentials = True
    assert await ask.code() is None
    assert await ask.code(From="+15005550005") == 21606
    assert await ask.code(From=None, MessagingServiceSid=SERVICE) == 21606
    assert (await ask("GET", "/Messages.json")).json()["code"] == 20008
    assert ask.twilio.messages == {}


@pytest.mark.parametrize(
    ("number", "status", "taken"),
    [("0429", 429, 0), ("0500", 500, 1), ("0503", 503, 0), ("1234", 201, 1), ("3005", 201, 1)],
)
async def test_magic_numbers_need_no_script(ask: Ask, number: str, status: int, taken: int) -> None:
    assert (await ask.post(To="+1500555" + number)).status_code == status
    assert len(ask.twilio.messages) == taken


async def test_the_throttled_number_is_throttled_once(ask: Ask) -> None:
    codes = [await ask.code(To="+15005550429") for _ in range(2)]
    assert codes == [20429, None]


async def test_a_script_is_met_in_order_and_then_over(ask: Ask) -> None:
    ask.twilio.script(TO, Error(21610), Html(503, accepted=True), Delayed(0.01))
    statuses = [(await ask.post()).status_code for _ in range(4)]
    assert statuses == [400, 503, 201, 201]
    assert len(ask.twilio.messages) == 3


async def test_what_stands_for_a_number_is_met_each_time_after_what_is_scripted(ask: Ask) -> None:
    ask.twilio.standing[TO] = Error(21614)
    ask.twilio.script(TO, Error(21610))
    codes = [(await ask.post()).json()["code"] for _ in range(3)]
    assert codes == [21610, 21614, 21614]
    assert (await ask.post(To="+16175550002")).status_code == 201
    del ask.twilio.standing[TO]
    assert (await ask.post()).status_code == 201


async def test_a_delay_of_any_request_ends_in_its_usual_answer(ask: Ask) -> None:
    ask.twilio.script(ANY, Delayed(0.01), Delayed(0.01))
    assert await ask.code(To="+15005550001") == 21211
    assert (await ask("GET", ".json")).status_code == 200


async def test_a_late_answer_is_about_a_message_that_is_already_on_its_way(
    ask: Ask, eventually: Callable[..., Awaitable[None]]
) -> None:
    ask.twilio.script(TO, Late(0.3))
    waiting = asyncio.create_task(ask.post())
    await eventually(lambda: [m.status for m in ask.twilio.messages.values()] == ["delivered"])
    assert not waiting.done()
    answer = await waiting
    assert (answer.status_code, answer.json()["status"]) == (201, "queued")


@pytest.mark.parametrize("accepted", [True, False])
async def test_silence_and_reset_say_nothing_of_what_was_taken(
    ask: Ask,
    accepted: bool,  # noqa: FBT001 - a test's parameter
) -> None:
    ask.twilio.script(TO, Reset(accepted), Silence(accepted))
    with pytest.raises(httpx.TransportError):
        await ask.post()
    with pytest.raises(httpx.ReadTimeout):
        await ask.http.post(
            ask.twilio.url + ask.twilio.account_sid + "/Messages.json",
            data=FORM,
            auth=(ask.twilio.api_key, ask.twilio.api_secret),
            timeout=0.1,
        )
    assert len(ask.twilio.messages) == 2 * accepted


async def test_silence_ends_with_the_fake(
    fake: FakeTwilio, ask: Ask, eventually: Callable[..., Awaitable[None]]
) -> None:
    fake.script(TO, Silence())
    waiting = asyncio.create_task(ask.post())
    await eventually(lambda: fake.posts)
    await fake.stop()
    with pytest.raises(httpx.TransportError):
        await waiting
    await fake.listen()


async def test_an_outage_refuses_connections_until_it_ends(ask: Ask) -> None:
    await ask.post()
    await ask.twilio.refuse()
    for _ in range(2):  # on the connection that was kept, then on a new one
        with pytest.raises(httpx.TransportError):
            await ask.post()
    await ask.twilio.refuse()
    await ask.twilio.listen()
    assert (await ask.post()).status_code == 201
