"""`Retrieve Recipients`: the rows of section 4 of the contract that concern it."""

import pytest

from tests.twilio_core.kit import BLANKS, A, B, Inputs, outputs
from twilio_core.activity import PageStore, execute, run
from twilio_core.testing import (
    ANY,
    Error,
    FakeTwilio,
    Html,
    Outcome,
    Raw,
    Reset,
    ServerError,
)

RECIPIENTS = "Retrieve Recipients"


@pytest.mark.parametrize("method", [RECIPIENTS, "Retrive Recipients", " retrieve recipients "])
async def test_recipients_are_the_verified_numbers_of_all_pages(
    twilio: FakeTwilio, inputs: Inputs, method: str
) -> None:
    numbers = [f"+1617555{n:04d}" for n in range(2001)]
    twilio.verified = [(each, f"phone {each}") for each in numbers]
    result = await run(inputs("", method=method, messageBody="", sender=""))
    assert result == outputs("200", "Success", ",".join(numbers))
    assert len(twilio.requests) == 3


async def test_an_account_without_verified_numbers_is_a_success(inputs: Inputs) -> None:
    assert await run(inputs(method=RECIPIENTS)) == outputs("200", "Success", "")


@pytest.mark.parametrize(("name", "code", "message"), BLANKS[:3])
async def test_recipients_check_only_the_account(
    inputs: Inputs, name: str, code: str, message: str
) -> None:
    given = inputs("", messageBody="", sender="", method=RECIPIENTS) | {name: ""}
    assert await run(given) == outputs(code, "Failed", message)


@pytest.mark.parametrize(
    ("outcome", "code", "message"),
    [
        (Error(20003, 401), "401", "20003 Twilio does not accept the credentials"),
        (Error(20404, 404), "404", "20404 Twilio does not know this account"),
        (Error(20429, 429), "429", "20429 too many requests"),
        (ServerError(500), "500", "20500 Twilio had an error"),
        (Html(503), "503", "Twilio was out of service"),
        (Reset(), "1001", "the connection broke"),  # twice: aiohttp asks a GET once more
        (Raw(200, b"<html>hello</html>"), "1001", "the answer is not one of Twilio's"),
        (Raw(200, b"{}"), "1001", "the answer is not one of Twilio's"),
        (Raw(304), "1001", "nothing changed, but no earlier list is kept here (HTTP 304)"),
        (Raw(502), "1001", "Twilio did not answer properly (HTTP 502)"),
        (Raw(302), "1001", "the Twilio URL redirects without saying where to (HTTP 302)"),
        (Error(20403, 403), "1001", "20403 these credentials may not do this (HTTP 403)"),
    ],
)
async def test_what_goes_wrong_with_recipients_is_told(
    twilio: FakeTwilio, inputs: Inputs, outcome: Error, code: str, message: str
) -> None:
    twilio.script(ANY, outcome, outcome)
    result = await run(inputs(method=RECIPIENTS))
    assert (result["statusCode"], result["status"], result["failedNumbers"]) == (code, "Failed", "")
    assert result["message"].startswith(message)


async def test_901_for_recipients_when_nobody_listens(twilio: FakeTwilio, inputs: Inputs) -> None:
    await twilio.refuse()
    assert (await run(inputs(method=RECIPIENTS)))["statusCode"] == "901"
    await twilio.listen()
    assert (await run(inputs(method=RECIPIENTS)))["statusCode"] == "200"


async def test_304_answers_from_the_list_of_an_earlier_call(
    twilio: FakeTwilio, inputs: Inputs
) -> None:
    twilio.verified = [(A, "a"), (B, "b")]
    given = inputs(method=RECIPIENTS)
    first = await run(given)
    twilio.script(ANY, Raw(304))
    assert await run(given) == first == outputs("200", "Success", f"{A},{B}")


async def test_the_earlier_list_is_not_shown_to_another_secret(
    twilio: FakeTwilio, inputs: Inputs
) -> None:
    twilio.verified = [(A, "a")]
    await run(inputs(method=RECIPIENTS))
    twilio.script(ANY, Raw(304))
    result = await run(inputs(method=RECIPIENTS, authToken="other"))
    assert result["statusCode"] == "1001"


async def test_the_store_of_lists_forgets_the_account_unused_longest(
    twilio: FakeTwilio, inputs: Inputs
) -> None:
    twilio.verified = [(A, "a")]
    store = PageStore(size=1)
    given = inputs(method=RECIPIENTS)
    await execute(given, store=store)
    await execute(given | {"accountSid": "ACother"}, store=store)
    twilio.script(ANY, Raw(304))
    assert (await execute(given, store=store)).status_code == "1001"


@pytest.mark.parametrize("outcome", [Html(503), Error(20500, 500), Reset(), Raw(200, b"<html>")])
async def test_a_read_that_fails_does_not_speak_of_sending(
    twilio: FakeTwilio, inputs: Inputs, outcome: Outcome
) -> None:
    twilio.script(ANY, outcome, outcome)
    message = (await run(inputs(method=RECIPIENTS)))["message"]
    assert message
    assert "may have been" not in message
