"""Every row of section 4 of the contract, through real sockets against the fake."""

import asyncio
import json
import socket
import string
from collections.abc import Awaitable, Callable

import httpx
import pytest
import respx
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.twilio_core.kit import OUTPUTS, A, B, C, Inputs, outputs
from twilio_core.activity import execute, run
from twilio_core.outcome import Fate
from twilio_core.testing import (
    Delayed,
    Error,
    FakeTwilio,
    Html,
    Raw,
    Reset,
    ServerError,
    Silence,
)


async def test_200_when_every_recipient_was_accepted(twilio: FakeTwilio, inputs: Inputs) -> None:
    result = await run(inputs(f"{A},{B}"))
    assert result == outputs("200", "Success", f"SMS sent successfully to: {A},{B}")
    assert {each.to for each in twilio.messages.values()} == {A, B}


async def test_201_when_some_were_accepted(inputs: Inputs) -> None:
    result = await run(inputs(f"{A},+15005550001"))
    line = "+15005550001: 21211 the number is not valid"
    assert result == outputs("201", "Partial-Success", line, failed="+15005550001")


@pytest.mark.parametrize(
    ("outcome", "code", "reason"),
    [
        (Error(21610), "400", "21610 the recipient has opted out; only their START opens this"),
        (Error(20003, 401), "401", "20003 Twilio does not accept the credentials"),
        (Error(20404, 404), "404", "20404 Twilio does not know this account"),
        (Error(20004, 405, "Method not allowed"), "405", "20004 Method not allowed"),
        (Error(20429, 429), "429", "20429 too many requests"),
        (Error(63038, 429), "429", "63038 the account's daily message limit is reached"),
    ],
)
async def test_the_status_of_twilio_when_all_were_refused_with_it(
    twilio: FakeTwilio, inputs: Inputs, outcome: Error, code: str, reason: str
) -> None:
    twilio.script(A, outcome)
    result = await run(inputs(A))
    assert (result["statusCode"], result["status"]) == (code, "Failed")
    assert result["message"].startswith(f"{A}: {reason}")
    assert (result["failedNumbers"], result["unknownNumbers"]) == (A, "")


@pytest.mark.parametrize("accepted", [True, False])
@pytest.mark.parametrize("kind", [ServerError, Html])
@pytest.mark.parametrize("status", [500, 503])
async def test_500_and_503_are_unknown_never_failed(
    twilio: FakeTwilio,
    inputs: Inputs,
    kind: Callable[[int, bool], ServerError | Html],
    status: int,
    accepted: bool,  # noqa: FBT001 - a test's parameter
) -> None:
    twilio.script(A, kind(status, accepted))
    result = await run(inputs(A))
    assert (result["statusCode"], result["status"]) == (str(status), "Failed")
    assert (result["failedNumbers"], result["unknownNumbers"]) == ("", A)
    assert len(twilio.posts) == 1


async def test_901_when_nobody_listens(inputs: Inputs) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/Accounts"
        result = await run(inputs(f"{A},{B}", urlString=url))
    lines = "\n".join(f"{each}: no connection to the Twilio URL" for each in (A, B))
    assert result == outputs("901", "Failed", lines, failed=f"{A},{B}")


@pytest.mark.parametrize(
    "url",
    [
        "api.twilio.com/2010-04-01/Accounts/",
        "ftp://127.0.0.1/",
        "http://",
        "http://[::1",
        "http://127.0.0.1:banana/",
        "http://user:secret@127.0.0.1/",
        "http://127.0.0.1/?a=b",
        "http://127.0.0.1/#top",
        "http://exa mple/",
        "https://api..twilio.com/2010-04-01/Accounts/",
        "http://xn--/",
        "\ud800",
        "x" * 70_000,
    ],
)
async def test_901_when_the_url_is_no_address(inputs: Inputs, url: str) -> None:
    result = await run(inputs(A, urlString=url))
    assert (result["statusCode"], result["failedNumbers"]) == ("901", A)
    assert "secret" not in result["message"]


@pytest.mark.parametrize(
    ("outcome", "why"),
    [
        (Error(20403, 403), "20403 these credentials may not do this (HTTP 403)"),
        (Raw(418), "Twilio refused the request without saying why (HTTP 418)"),
        (Raw(302, headers={"Location": "/elsewhere"}), "lose the message (HTTP 302)"),
        (Raw(308, headers={"Location": "http://127.0.0.2:1/"}), "another host"),
    ],
)
async def test_1001_for_any_other_refusal_says_which(
    twilio: FakeTwilio, inputs: Inputs, outcome: Error | Raw, why: str
) -> None:
    twilio.script(A, outcome)
    result = await run(inputs(A))
    assert (result["statusCode"], result["failedNumbers"]) == ("1001", A)
    assert why in result["message"]


@pytest.mark.parametrize(
    "outcome",
    [
        Reset(accepted=True),
        Reset(accepted=False),
        Html(502),
        Raw(201, b""),
        Raw(201, b"{}"),
        Raw(201, b"[1]"),
        Raw(201, b'{"sid": '),
        Raw(200, b"<html>Welcome to the hotel</html>"),
        Raw(201, b'{"sid": null}'),
    ],
)
async def test_1001_and_unknown_when_it_may_have_been_sent(
    twilio: FakeTwilio, inputs: Inputs, outcome: Raw | Reset | Html
) -> None:
    twilio.script(A, outcome)
    result = await run(inputs(A))
    assert (result["statusCode"], result["status"]) == ("1001", "Failed")
    assert (result["failedNumbers"], result["unknownNumbers"]) == ("", A)
    assert len(twilio.posts) == 1


async def test_202_when_none_was_accepted_for_different_reasons(
    twilio: FakeTwilio, inputs: Inputs
) -> None:
    twilio.script(B, ServerError(500))
    result = await run(inputs(f"+15005550001,{B}"))
    lines = (
        "+15005550001: 21211 the number is not valid\n"
        f"{B}: 20500 Twilio had an error of its own; the message may have been sent"
    )
    assert result == outputs("202", "Failed", lines, failed="+15005550001", unknown=B)


async def test_one_status_for_two_twilio_codes_is_still_that_status(inputs: Inputs) -> None:
    result = await run(inputs("+15005550001,+15005550009"))
    assert result["statusCode"] == "400"


async def test_a_refusal_of_the_account_stops_the_rest_at_once(
    twilio: FakeTwilio, inputs: Inputs
) -> None:
    twilio.script(B, Error(20005, 401))
    result = await run(inputs(f"{A},{B},{C},+16175550004"), concurrency=1)
    assert [each.form["To"] for each in twilio.posts] == [[A], [B]]
    assert (result["statusCode"], result["failedNumbers"]) == ("201", f"{B},{C},+16175550004")
    assert result["message"].splitlines() == [
        f"{B}: 20005 the Twilio account is not active",
        f"{C}: 20005 not sent, because the Twilio account is not active",
        "+16175550004: 20005 not sent, because the Twilio account is not active",
    ]


async def test_401_for_all_when_the_first_is_refused(twilio: FakeTwilio, inputs: Inputs) -> None:
    many = ",".join(f"+1617555{n:04d}" for n in range(500))
    result = await run(inputs(many, authToken="wrong"), concurrency=5)
    assert (result["statusCode"], result["failedNumbers"]) == ("401", many)
    assert len(twilio.posts) <= 5


async def test_what_was_in_flight_at_the_refusal_is_told_as_it_ended(
    twilio: FakeTwilio, inputs: Inputs
) -> None:
    twilio.script(A, Delayed(0.1))
    twilio.script(B, Error(20003, 401))
    result = await run(inputs(f"{A},{B},{C}"), concurrency=2)
    assert result["failedNumbers"] == f"{B},{C}"
    assert {each.to for each in twilio.messages.values()} == {A}


async def test_never_more_in_flight_than_asked_for(twilio: FakeTwilio, inputs: Inputs) -> None:
    twilio.latency, twilio.limit = 0.005, 7
    result = await run(inputs(",".join(f"+1617555{n:04d}" for n in range(60))), concurrency=7)
    assert result["statusCode"] == "200"
    assert twilio.peak == 7


async def test_a_long_list_does_not_become_a_task_for_each() -> None:
    tasks = 0

    async def count(_: httpx.Request) -> httpx.Response:
        nonlocal tasks
        tasks = max(tasks, len(asyncio.all_tasks()))
        await asyncio.sleep(0)
        return httpx.Response(201, json={"sid": "SM1"})

    many = ",".join(f"+1617555{n:04d}" for n in range(1000))
    given = {"accountSid": "AC1", "authToken": "t", "urlString": "http://x/", "messageBody": "hi"}
    transport = httpx.MockTransport(count)
    result = await run({**given, "to": many, "from": "+1"}, transport=transport, concurrency=3)
    assert result["statusCode"] == "200"
    assert tasks <= 3 + 1


async def test_a_concurrency_below_one_is_one(inputs: Inputs) -> None:
    assert (await run(inputs(f"{A},{B}"), concurrency=0))["statusCode"] == "200"


async def test_silence_is_unknown_and_nobody_is_asked_twice(
    twilio: FakeTwilio, inputs: Inputs
) -> None:
    def silent(_: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("x")

    result = await run(inputs(A), transport=httpx.MockTransport(silent))
    line = f"{A}: Twilio did not answer in time; it may have been processed"
    assert result == outputs("1001", "Failed", line, unknown=A)


async def test_respx_routes_fit_the_transport(inputs: Inputs) -> None:
    router = respx.Router()
    route = router.post(path__regex="/Messages.json$").respond(201, json={"sid": "SM9"})
    transport = httpx.MockTransport(router.async_handler)
    result = await execute(inputs(A), transport=transport)
    assert route.call_count == 1
    assert result.recipients[0].sid == "SM9"


async def test_the_json_carries_each_recipient(twilio: FakeTwilio, inputs: Inputs) -> None:
    result = await execute(inputs(f"{A},+15005550001"))
    (sid,) = twilio.messages
    shown = json.loads(json.dumps(result.as_json()))
    assert shown.keys() == OUTPUTS | {"recipients"}
    assert shown["recipients"] == [
        {"to": A, "code": "200", "sid": sid, "error_code": None, "reason": ""},
        {
            "to": "+15005550001",
            "code": "400",
            "sid": None,
            "error_code": 21211,
            "reason": "the number is not valid",
        },
    ]
    assert [each.fate for each in result.recipients] == [Fate.ACCEPTED, Fate.FAILED]


async def test_an_api_key_stands_in_for_the_token(twilio: FakeTwilio, inputs: Inputs) -> None:
    pair = (twilio.api_key, twilio.api_secret)
    result = await execute(inputs(A, authToken=""), api_key=pair)
    assert result.status_code == "200"


async def test_an_empty_api_key_is_none(inputs: Inputs) -> None:
    result = await execute(inputs(A, authToken=""), api_key=("", ""))
    assert result.status_code == "506"


fates = st.sampled_from(
    [None, Error(21211), Error(20429, 429), ServerError(500), Reset(), Raw(201, b"{}"), Html(503)]
)


@settings(max_examples=25, deadline=None)
@given(plan=st.lists(fates, min_size=1, max_size=8))
def test_the_numbers_are_told_apart_whatever_happens(plan: list[Error | None]) -> None:
    async def scenario() -> None:
        async with FakeTwilio(step=None) as twilio:
            numbers = [f"+1617{string.digits[n]}550000" for n in range(len(plan))]
            for number, outcome in zip(numbers, plan, strict=True):
                if outcome:
                    twilio.script(number, outcome)
            given = {"accountSid": twilio.account_sid, "authToken": twilio.auth_token}
            rest = {"urlString": twilio.url, "messageBody": "hi", "from": "+15005550006"}
            result = await execute({**given, **rest, "to": ",".join(numbers)})
            failed = set(filter(None, result.failed_numbers.split(",")))
            unknown = set(filter(None, result.unknown_numbers.split(",")))
            accepted = {each.to for each in result.recipients if each.sid}
            assert failed | unknown | accepted == set(numbers)
            assert len(failed) + len(unknown) + len(accepted) == len(numbers)
            assert not failed & {each.to for each in twilio.messages.values()}

    asyncio.run(scenario())


async def test_silence_after_acceptance_is_unknown(
    twilio: FakeTwilio, inputs: Inputs, eventually: Callable[..., Awaitable[None]]
) -> None:
    twilio.script(A, Silence(accepted=True))
    sending = asyncio.create_task(run(inputs(A)))
    await eventually(lambda: twilio.messages)
    await twilio.refuse()  # the connection breaks while Twilio has the message
    assert (await sending)["unknownNumbers"] == A
