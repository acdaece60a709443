"""Whatever answers in Twilio's place: one error of the tree, one host, and no number told."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from twilio_core import AccountRefused, Credentials, NewMessage, TwilioClient, TwilioError
from twilio_core.answers import Answer, decipher, integer
from twilio_core.messages import Message

SECRET = "c2VjcmV0LXRva2Vu"
NUMBER = "+16175551212"

texts = st.text(st.characters(codec=None), max_size=12)
numbers = st.sampled_from([0, -1, 20003, 30008, 10**12, 10**40, 2**31, True, 1.5, float("inf")])
leaves = st.none() | numbers | texts | st.sampled_from([NUMBER, f"to {NUMBER} <!channel>", "20429"])
_NAMES = (
    *("sid", "status", "to", "code", "message", "type", "detail", "error_code", "num_segments"),
    *("date_created", "next_page_uri", "messages", "outgoing_caller_ids", "phone_number"),
)
values = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_NAMES), inner, max_size=4)
    ),
    max_leaves=6,
)
addresses = st.one_of(
    texts,
    st.sampled_from(
        ["", "/b", "//evil.example/", "https://evil.example/", "https://[::1", "\ud800"]
    ),
    st.text("/:@[].?#\\xn-1\u3002\uff0f", max_size=12).map("//{}".format),
)
HUGE = {
    b"deep": b"[" * 50_000,
    b"long": b'{"code": ' + b"1" * 5_000 + b"}",
    b"page": b"<html>503</html>" * 1_000,
}
"""Bodies by what they are called where a failure is told."""

bodies = st.one_of(
    values.map(lambda value: json.dumps(value).encode()),
    st.dictionaries(st.sampled_from(_NAMES), values, max_size=6).map(
        lambda value: json.dumps(value).encode()
    ),
    addresses.map(
        lambda uri: json.dumps({"outgoing_caller_ids": [], "next_page_uri": uri}).encode()
    ),
    st.binary(max_size=20),
    st.sampled_from(sorted(HUGE)),
)


def header(text: str) -> str:
    """Make a text one that a header can carry at all."""
    return re.sub(r"[^\t -~\x80-\xff]", "", text)


fields = st.fixed_dictionaries(
    {},
    optional={
        "location": addresses.map(header),
        "retry-after": st.sampled_from(["1e308", "-1", "nan", "soon", "9" * 400]),
        "etag": texts.map(header),
        "content-type": st.sampled_from(["application/json", "x", "text/html; charset=no"]),
    },
).map(lambda named: [(k.encode(), v.encode("latin-1")) for k, v in named.items()])

answers = st.builds(
    httpx.Response,
    st.sampled_from([200, 201, 204, 301, 302, 304, 307, 400, 401, 404, 429, 500, 503, 599]),
    headers=fields,
    content=bodies,
)


async def _listed(client: TwilioClient) -> list[Message]:
    return [message async for message in client.list_messages(to=NUMBER)]


ASKED: dict[str, Callable[[TwilioClient], Awaitable[Any]]] = {
    "create": lambda client: client.create(NewMessage(NUMBER, "+15005550006", "hi")),
    "fetch": lambda client: client.fetch("SM/../x"),
    "cancel": lambda client: client.cancel("SM1"),
    "account": lambda client: client.account(),
    "verified": lambda client: client.verified(),
    "list": _listed,
}


@settings(max_examples=150)
@given(st.sampled_from(sorted(ASKED)), answers)
def test_whatever_is_answered_ends_in_a_result_or_in_the_tree(
    asked: str, answer: httpx.Response
) -> None:
    hosts = set()

    def respond(request: httpx.Request) -> httpx.Response:
        hosts.add((request.url.scheme, request.url.host, request.url.port))
        content = HUGE.get(answer.content, answer.content)
        return httpx.Response(answer.status_code, headers=answer.headers, content=content)

    async def ask() -> None:
        http = httpx.AsyncClient(transport=httpx.MockTransport(respond))
        client = TwilioClient(http, Credentials("AC1", SECRET), "https://here/Accounts/")
        try:
            await ASKED[asked](client)
        except TwilioError as error:
            told = f"{error} {error!r} {error.reason}"
            assert SECRET not in told
            assert NUMBER not in told
        finally:
            await client.aclose()

    asyncio.run(ask())
    assert hosts == {("https", "here", None)}


@given(st.integers() | st.integers().map(str) | st.floats() | texts)
@example(10**40)
@example("9" * 5_000)
def test_a_code_is_one_that_a_database_can_hold(given_: object) -> None:
    code = integer(given_)
    assert code is None or 0 <= code < 2**31


@pytest.mark.parametrize(
    "date",
    [
        f"Mon, 01 Jan {'9' * 20} 00:00:00 +0000",
        f"Mon, 01 Jan 2026 00:00:00 +{'9' * 20}",
        "Mon, 99 Jan 2026 99:99:99 +0000",
    ],
)
def test_a_date_that_no_calendar_has_is_none(date: str) -> None:
    message = Message.parse({"sid": "SM1", "date_created": date})
    assert message is not None
    assert message.date_created is None


async def test_half_a_character_in_an_address_is_no_address() -> None:
    page = {"outgoing_caller_ids": [], "next_page_uri": "/\ud800"}

    def respond(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=json.dumps(page).encode())

    http = httpx.AsyncClient(transport=httpx.MockTransport(respond))
    client = TwilioClient(http, Credentials("AC1", SECRET), "https://here/Accounts/")
    with pytest.raises(AccountRefused, match="no usable address"):
        await client.verified()
    await client.aclose()


def test_a_reason_is_short_and_without_numbers_whatever_the_answer_says() -> None:
    said = f"{NUMBER} (617) 555-1212 " + "x" * 100_000
    body = json.dumps({"code": 29999, "message": said}).encode()
    with pytest.raises(TwilioError) as caught:
        decipher(Answer(400, {}, body))
    assert len(caught.value.reason) <= 200
    assert "1212" not in caught.value.reason
