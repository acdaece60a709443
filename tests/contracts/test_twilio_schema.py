"""Twilio's own description of its API, held against what we send and what the fake does."""

import json
import re
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from twilio_core import Credentials, NewMessage, TwilioClient, open_http
from twilio_core.testing import FakeTwilio, rules

SPEC = Path(__file__).parents[3] / "shared" / "specs" / "twilio_messaging.openapi.json"
if not SPEC.exists():
    pytest.skip("Twilio's description is not at hand", allow_module_level=True)

DOCUMENT: dict[str, Any] = json.loads(SPEC.read_text())
ACCOUNT = "/2010-04-01/Accounts/{AccountSid}"
MESSAGES, ONE = f"{ACCOUNT}/Messages.json", f"{ACCOUNT}/Messages/{{Sid}}.json"
CALLER_IDS = f"{ACCOUNT}/OutgoingCallerIds.json"
FORM_TYPE = "application/x-www-form-urlencoded"
TO, FROM = "+16175550001", "+15005550006"
SERVICE = "MG" + "0123456789abcdef" * 2


def resolved(node: Any) -> Any:  # noqa: ANN401 - any JSON
    """Put what is referred to in place, and read `nullable` as OpenAPI 3.0 means it."""
    if isinstance(node, list):
        return [resolved(each) for each in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return resolved(DOCUMENT["components"]["schemas"][node["$ref"].rpartition("/")[2]])
    plain = {name: resolved(each) for name, each in node.items() if name != "nullable"}
    return {"anyOf": [plain, {"type": "null"}]} if node.get("nullable") else plain


def form_schema(path: str) -> dict[str, Any]:
    schema: dict[str, Any] = resolved(
        DOCUMENT["paths"][path]["post"]["requestBody"]["content"][FORM_TYPE]["schema"]
    )
    return schema


def answer_schema(path: str, method: str, status: str) -> dict[str, Any]:
    content = DOCUMENT["paths"][path][method]["responses"][status]["content"]
    schema: dict[str, Any] = resolved(content["application/json"]["schema"])
    return schema


def bare(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Return a field's rule without its prose."""
    return {
        name: bare(each) if isinstance(each, dict) else each
        for name, each in spec.items()
        if name != "description"
    }


def typed(form: rules.Form, schema: Mapping[str, Any]) -> dict[str, Any]:
    """Read form values as the types that the schema gives them, so that it can judge them."""
    kinds: dict[str, Any] = {"integer": int, "number": float}
    read: dict[str, Any] = {}
    for name, values in form.items():
        kind = schema["properties"].get(name, {}).get("type", "string")
        read[name] = list(values) if kind == "array" else kinds.get(kind, str)(values[0])
    return read


def check(value: object, schema: Mapping[str, Any]) -> None:
    errors = list(Draft202012Validator(dict(schema)).iter_errors(value))
    assert errors == []


@pytest.fixture
async def twilio() -> AsyncIterator[FakeTwilio]:
    async with FakeTwilio() as fake:
        yield fake
    assert fake.violations == []


@pytest.fixture
async def client(twilio: FakeTwilio) -> AsyncIterator[TwilioClient]:
    credentials = Credentials(twilio.account_sid, twilio.auth_token)
    opened = TwilioClient(open_http(), credentials, twilio.url)
    yield opened
    await opened.aclose()


FULL = NewMessage(
    to=TO,
    sender=SERVICE,
    body="hi",
    media_urls=("https://example.com/1", "https://example.com/2"),
    content_sid="HX" + "0" * 32,
    content_variables="{}",
    status_callback="https://example.com/status",
    validity_period=300,
    send_at=datetime.now(UTC) + timedelta(hours=1),
)
MESSAGES_TO_SEND = [
    FULL,
    NewMessage(TO, FROM, "hi"),
    NewMessage(TO, "12345", "x" * 1600),
    NewMessage(TO, "ACME Ops", "hi"),
    NewMessage("whatsapp:" + TO, "whatsapp:" + FROM, "hi"),
    NewMessage(TO, FROM, media_urls=("https://example.com/1",)),
    NewMessage(TO, FROM, content_sid="HX" + "0" * 32),
]


@pytest.mark.parametrize("message", MESSAGES_TO_SEND)
async def test_what_is_sent_is_what_twilio_describes(
    twilio: FakeTwilio, client: TwilioClient, message: NewMessage
) -> None:
    await client.create(message)
    schema = form_schema(MESSAGES)
    check(typed(twilio.posts[0].form, schema), schema)


def test_every_option_of_a_message_is_among_the_fields_checked() -> None:
    unset = [name for name, value in vars(FULL).items() if not value]
    assert unset == []


async def test_a_cancellation_is_what_twilio_describes(
    twilio: FakeTwilio, client: TwilioClient
) -> None:
    sid = (await client.create(FULL)).sid
    await client.cancel(sid)
    schema = form_schema(ONE)
    form = typed(twilio.requests[-1].form, schema)
    check(form, schema | {"additionalProperties": False})


async def test_every_query_is_among_twilios_parameters(
    twilio: FakeTwilio, client: TwilioClient
) -> None:
    now = datetime.now(UTC)
    dates = {
        "date_sent_after": now - timedelta(days=1),
        "date_sent_before": now + timedelta(minutes=1),
    }
    for _ in range(2):
        await client.create(NewMessage(TO, FROM, "hi"))
    await twilio.settle()
    twilio.verified = [(f"+1617555{n:04d}", "") for n in range(1001)]
    assert [each async for each in client.list_messages(to=TO, from_=FROM, page_size=1, **dates)]
    await client.verified()
    for seen in twilio.requests:
        if seen.method == "GET":
            path = MESSAGES if seen.resource == ["Messages"] else CALLER_IDS
            named = {each["name"] for each in DOCUMENT["paths"][path]["get"]["parameters"]}
            assert set(seen.query) <= named


@pytest.mark.parametrize(
    ("table", "described"),
    [
        (rules.CREATE, form_schema(MESSAGES)["properties"]),
        (rules.UPDATE, form_schema(ONE)["properties"]),
    ],
)
def test_the_fakes_fields_are_twilios(table: rules.Fields, described: Mapping[str, Any]) -> None:
    assert {name: bare(spec) for name, spec in described.items()} == table


@pytest.mark.parametrize(
    ("table", "path"), [(rules.LIST_MESSAGES, MESSAGES), (rules.LIST_CALLER_IDS, CALLER_IDS)]
)
def test_the_fakes_parameters_are_twilios(table: rules.Fields, path: str) -> None:
    parameters = DOCUMENT["paths"][path]["get"]["parameters"]
    described = {each["name"]: each["schema"] for each in parameters if each["in"] == "query"}
    assert described == table


numbers = st.from_regex(
    re.compile(r"(\+?[0-9]{0,16}|[a-z]{0,9}:.{0,3}|[A-Za-z0-9 ]{0,13})"), fullmatch=True
)


@given(to=numbers, sender=numbers)
def test_the_fake_takes_an_address_just_where_twilios_pattern_does(to: str, sender: str) -> None:
    form = {"To": [to], "From": [sender], "Body": ["hi"]}
    refusal = rules.refuse(form, datetime.now(UTC))
    fits = Draft202012Validator(form_schema(MESSAGES)).is_valid(typed(form, form_schema(MESSAGES)))
    if to != sender and not sender.startswith("+1500555"):
        assert (refusal is None) == fits


async def test_the_fakes_answers_are_twilios(twilio: FakeTwilio) -> None:
    twilio.verified = [(TO, "me"), (FROM, "you")]
    auth = (twilio.account_sid, twilio.auth_token)
    root = twilio.url + twilio.account_sid
    async with httpx.AsyncClient(auth=auth) as http:
        forms = [{"From": FROM}, {"MessagingServiceSid": SERVICE}, {"From": "ACME Ops"}]
        for form in forms:
            created = await http.post(
                f"{root}/Messages.json", data={"To": TO, "Body": "hi", **form}
            )
            check(created.json(), answer_schema(MESSAGES, "post", "201"))
        await http.post(
            f"{root}/Messages.json", data={"To": "+15005553003", "Body": "x", **forms[0]}
        )
        await twilio.settle()
        await twilio.inbound(TO, FROM, "on it")
        one = await http.get(f"{root}/Messages/{created.json()['sid']}.json")
        check(one.json(), answer_schema(ONE, "get", "200"))
        for path, pattern in (("Messages", MESSAGES), ("OutgoingCallerIds", CALLER_IDS)):
            page = await http.get(f"{root}/{path}.json?PageSize=1")
            following = parse_qs(urlsplit(page.json()["next_page_uri"]).query)
            assert following["PageToken"]
            whole = await http.get(f"{root}/{path}.json")
            check(page.json(), answer_schema(pattern, "get", "200"))
            check(whole.json(), answer_schema(pattern, "get", "200"))
            described = answer_schema(pattern, "get", "200")["properties"]
            assert set(whole.json()) == set(described)


async def test_the_fakes_messages_have_every_field_of_twilios(twilio: FakeTwilio) -> None:
    message = await twilio.inbound(TO, FROM, "on it")
    assert set(message.json()) == set(answer_schema(MESSAGES, "post", "201")["properties"])
