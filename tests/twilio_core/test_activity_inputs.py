"""What the activity makes of its inputs, before and while it sends."""

import asyncio
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.twilio_core.kit import BLANKS, OUTPUTS, A, B, Inputs, outputs
from twilio_core.activity import run
from twilio_core.testing import (
    FakeTwilio,
)


@pytest.mark.parametrize(("name", "code", "message"), BLANKS)
@pytest.mark.parametrize("blank", ["", " \t\n", None, [], "missing"])
async def test_a_blank_input_is_named(
    twilio: FakeTwilio, inputs: Inputs, name: str, code: str, message: str, blank: object
) -> None:
    given = inputs(A) | {name: blank}
    if blank == "missing":
        del given[name]
    result = await run(given)
    to = "" if name == "to" else A
    assert result == outputs(code, "Failed", message, failed=to)
    assert twilio.requests == []


@pytest.mark.parametrize("first", range(len(BLANKS)))
async def test_the_first_blank_input_wins_in_the_order_of_the_contract(
    inputs: Inputs, first: int
) -> None:
    blanks = {name: "" for name, _, _ in BLANKS[first:]}
    assert (await run(inputs(A) | blanks))["statusCode"] == BLANKS[first][1]


async def test_a_list_of_commas_is_a_blank_to(inputs: Inputs) -> None:
    assert (await run(inputs(" , ,, ")))["statusCode"] == "502"


async def test_an_unknown_method_names_the_two_before_anything_is_checked() -> None:
    result = await run({"method": "Send Fax"})
    assert (result["statusCode"], result["status"]) == ("1001", "Failed")
    assert "Send SMS" in result["message"]
    assert "Retrieve Recipients" in result["message"]


@pytest.mark.parametrize("method", [None, "", " ", "Send SMS", " Send SMS "])
async def test_sending_is_the_default_method(inputs: Inputs, method: str | None) -> None:
    assert (await run(inputs(A, method=method)))["statusCode"] == "200"


@pytest.mark.parametrize("body", ["x" * 1601, "\U0001f525" * 801])
async def test_400_before_anything_is_sent_when_the_body_is_too_long(
    twilio: FakeTwilio, inputs: Inputs, body: str
) -> None:
    result = await run(inputs(f"{A},{B}", messageBody=body))
    lines = "\n".join(f"{each}: 21617 the message is over 1,600 characters" for each in (A, B))
    assert result == outputs("400", "Failed", lines, failed=f"{A},{B}")
    assert twilio.requests == []


@pytest.mark.parametrize("body", ["x" * 1600, "\U0001f525" * 800, "lone \ud83d half", "a&b=c\0"])
async def test_any_body_up_to_the_limit_goes_out(
    twilio: FakeTwilio, inputs: Inputs, body: str
) -> None:
    assert (await run(inputs(A, messageBody=body)))["statusCode"] == "200"
    (message,) = twilio.messages.values()
    assert message.body == body.replace("\ud83d", "\N{REPLACEMENT CHARACTER}")


async def test_entries_are_trimmed_and_sent_once_in_order(
    twilio: FakeTwilio, inputs: Inputs
) -> None:
    result = await run(inputs(f" {B} ,, {A},{B}\n"), concurrency=1)
    assert result["message"] == f"SMS sent successfully to: {B},{A}"
    assert [each.form["To"] for each in twilio.posts] == [[B], [A]]


async def test_a_service_is_a_sender_of_its_own_field(twilio: FakeTwilio, inputs: Inputs) -> None:
    service = "MG" + "0123456789abcdef" * 2
    assert (await run(inputs(A, sender=service)))["statusCode"] == "200"
    assert twilio.posts[0].form["MessagingServiceSid"] == [service]
    assert "From" not in twilio.posts[0].form


@pytest.mark.parametrize("slash", ["", "/"])
async def test_the_url_may_end_with_or_without_a_slash(
    twilio: FakeTwilio, inputs: Inputs, slash: str
) -> None:
    result = await run(inputs(A, urlString=f" {twilio.url.rstrip('/')}{slash} "))
    assert result["statusCode"] == "200"


async def test_odd_types_are_read_as_text(twilio: FakeTwilio, inputs: Inputs) -> None:
    given = inputs([A, None, 16175550002], messageBody=42, sender=12345)
    assert (await run(given))["failedNumbers"] == "16175550002"
    assert {name: twilio.posts[0].form[name] for name in ("Body", "From")} == {
        "Body": ["42"],
        "From": ["12345"],
    }


def explode(*_: object) -> str:
    raise RuntimeError


ENDLESS: list[object] = []
ENDLESS.append(ENDLESS)
AWKWARD = [
    10**5000,
    type("Awkward", (), {"__str__": explode})(),
    type("Awkward", (list,), {"__iter__": explode})(),
    ENDLESS,
]


@pytest.mark.parametrize("value", AWKWARD, ids=["huge", "raising", "raising list", "endless"])
async def test_what_cannot_be_read_as_text_is_blank(inputs: Inputs, value: object) -> None:
    assert (await run(inputs(A, messageBody=value)))["statusCode"] == "501"


async def test_text_of_a_class_of_its_own_is_read_as_text(
    twilio: FakeTwilio, inputs: Inputs
) -> None:
    odd = type("Odd", (str,), {"strip": explode, "split": explode})
    assert (await run(inputs(odd(A))))["statusCode"] == "200"


async def test_bytes_are_text_and_not_a_list_of_numbers(twilio: FakeTwilio, inputs: Inputs) -> None:
    assert (await run(inputs(A.encode())))["statusCode"] == "200"
    assert [post.form["To"] for post in twilio.posts] == [[A]]


class Closed(dict[str, object]):
    get = explode


async def test_a_mapping_that_cannot_be_read_is_blank_throughout() -> None:
    assert (await run(Closed()))["statusCode"] == "504"


anything = st.one_of(st.none(), st.text(), st.integers(), st.binary(), st.lists(st.text()))
names = st.sampled_from(
    ["accountSid", "authToken", "urlString", "method", "messageBody", "to", "from"]
)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(changes=st.dictionaries(names, anything))
def test_no_input_makes_it_raise(changes: dict[str, object]) -> None:
    def refuse(_: httpx.Request) -> httpx.Response:
        return httpx.Response(400, json={"code": 21211})

    base = {"accountSid": "AC1", "authToken": "t", "urlString": "http://x/", "to": A}
    given = {**base, "messageBody": "hi", "from": "+1", **changes}
    result = asyncio.run(run(given, transport=httpx.MockTransport(refuse)))
    assert result.keys() == OUTPUTS
    assert all(isinstance(value, str) for value in result.values())


@pytest.mark.parametrize("nothing", [None, [], "text", 5])
async def test_what_is_no_mapping_is_blank_throughout(nothing: Any) -> None:  # noqa: ANN401 - any
    assert (await run(nothing))["statusCode"] == "504"
