"""The life of a message in the fake, its lists and its webhooks; and the fake as a process."""

import asyncio
import io
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import web
from multidict import MultiDict
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

from tests.twilio_core.kit import Ask
from twilio_core import InboundMessage, StatusCallback, open_http
from twilio_core.testing import (
    Delivered,
    Ends,
    FakeTwilio,
    Seen,
    Silence,
    Stored,
)
from twilio_core.testing.__main__ import main

TO, FROM = "+16175550001", "+15005550006"
SERVICE = "MG" + "0123456789abcdef" * 2


@asynccontextmanager
async def webhook(status: int = 204) -> AsyncIterator[tuple[str, list[tuple[str, MultiDict[str]]]]]:
    """Receive webhooks: their signatures and forms."""
    got: list[tuple[str, MultiDict[str]]] = []

    async def receive(request: web.BaseRequest) -> web.Response:
        form = MultiDict((name, str(value)) for name, value in (await request.post()).items())
        got.append((request.headers["X-Twilio-Signature"], form))
        return web.Response(status=status)

    runner = web.ServerRunner(web.Server(receive))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    yield f"http://127.0.0.1:{port}/hook?token=a", got
    await runner.cleanup()


@pytest.mark.parametrize(
    ("changes", "end", "walk"),
    [
        ({}, Ends("delivered", None), "sending sent delivered"),
        ({}, Ends("sent", None), "sending sent"),
        ({}, Ends("failed", 30008), "sending failed"),
        ({"To": "+15005553003"}, None, "sending sent undelivered"),
        (
            {"From": None, "MessagingServiceSid": SERVICE},
            Ends("delivered", None),
            "queued sending sent delivered",
        ),
    ],
)
async def test_a_delivery_walks_to_its_end_and_reports_each_step_signed(
    ask: Ask, changes: dict[str, Any], end: Ends | None, walk: str
) -> None:
    async with webhook() as (url, got):
        if end:
            ask.twilio.script(TO, end)
        sid = (await ask.post(**changes, StatusCallback=url)).json()["sid"]
        await ask.twilio.settle()
    said = sorted((StatusCallback.parse(form) for _, form in got), key=lambda c: c.status)
    assert sorted(each.status for each in said) == sorted(walk.split())
    assert {each.message_sid for each in said} == {sid}
    codes = {each.error_code for each in said if each.status == walk.rsplit(maxsplit=1)[-1]}
    assert codes == {end.error_code if end else 30003}
    validator = RequestValidator(ask.twilio.auth_token)
    assert all(validator.validate(url, dict(form), signed) for signed, form in got)
    assert {each.status for each in ask.twilio.callbacks} == {204}
    assert ask.twilio.messages[sid].from_


async def test_callbacks_can_repeat_and_go_back(ask: Ask) -> None:
    ask.twilio.step, ask.twilio.callback_copies = None, 2
    async with webhook() as (url, got):
        sid = (await ask.post(StatusCallback=url)).json()["sid"]
        await ask.twilio.move(sid, "delivered")
        await ask.twilio.move(sid, "sent")
    assert [form["MessageStatus"] for _, form in got] == ["delivered"] * 2 + ["sent"] * 2


async def test_a_callback_that_nobody_takes_is_remembered_as_such(ask: Ask) -> None:
    await ask.post(StatusCallback="http://127.0.0.1:1/")
    await ask.twilio.settle()
    assert {each.status for each in ask.twilio.callbacks} == {0}


async def test_a_callback_on_its_way_does_not_outlive_the_fake(ask: Ask) -> None:
    held = asyncio.Event()

    async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        held.set()
        await reader.read()
        writer.close()

    server = await asyncio.start_server(hold, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    await ask.post(StatusCallback=f"http://127.0.0.1:{port}/")
    await held.wait()
    await ask.twilio.stop()
    server.close()
    await ask.twilio.start()


async def test_a_waiting_message_can_be_canceled_and_then_stays_so(ask: Ask) -> None:
    ask.twilio.step = 1.0  # it waits for as long as the request takes
    sid = (await ask.post()).json()["sid"]
    response = await ask("POST", f"/Messages/{sid}.json", data={"Status": "canceled"})
    assert response.json()["status"] == "canceled"
    await ask.twilio.settle()
    assert ask.twilio.messages[sid].status == "canceled"


async def test_a_sent_message_cannot_be_canceled(ask: Ask) -> None:
    sid = (await ask.post()).json()["sid"]
    await ask.twilio.settle()
    response = await ask("POST", f"/Messages/{sid}.json", data={"Status": "canceled"})
    assert response.status_code == 400


async def test_a_body_can_be_redacted(ask: Ask) -> None:
    sid = (await ask.post()).json()["sid"]
    await ask("POST", f"/Messages/{sid}.json", data={"Body": ""})
    await ask("POST", f"/Messages/{sid}.json", data={"Bodi": "x"})
    assert ask.twilio.messages[sid].body == ""
    assert ask.twilio.violations == ["Bodi is not a field of this request"]


async def test_lists_come_in_pages_that_new_messages_do_not_shift(ask: Ask) -> None:
    sids = [(await ask.post()).json()["sid"] for _ in range(5)]
    first = (await ask("GET", f"/Messages.json?PageSize=2&To=%2B{TO[1:]}")).json()
    assert first["previous_page_uri"] is None
    assert f"To=%2B{TO[1:]}" in first["next_page_uri"]
    await ask.post()
    root = f"http://127.0.0.1:{ask.twilio.port}"
    second = (await ask("GET", root + first["next_page_uri"])).json()
    listed = [each["sid"] for each in first["messages"] + second["messages"]]
    assert listed == sids[::-1][:4]
    assert (second["page"], second["start"], second["end"]) == (1, 2, 3)


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("", 3),
        ("To=%2B16175550001", 1),
        ("From=%2B15005550006", 2),
        ("From=%2B16175550001", 1),
        ("DateSent={today}", 2),
        ("DateSent=2020-01-01", 0),
        ("DateSent%3E={today}", 2),
        ("DateSent%3C={today}", 0),
    ],
)
async def test_lists_are_filtered_as_twilio_filters_them(ask: Ask, query: str, count: int) -> None:
    await ask.post()
    await ask.twilio.settle()
    await ask.twilio.inbound(TO, FROM, "on it")
    ask.twilio.step = None
    await ask.post(To="+16175550002")  # queued: it has no date
    today = datetime.now(UTC).date().isoformat()
    page = (await ask("GET", f"/Messages.json?{query.format(today=today)}")).json()
    assert len(page["messages"]) == count


async def test_new_messages_can_be_missing_from_lists(ask: Ask) -> None:
    ask.twilio.listing_lag = 60
    await ask.post()
    assert (await ask("GET", "/Messages.json")).json()["messages"] == []


async def test_an_unchanged_list_of_caller_ids_is_304(ask: Ask) -> None:
    ask.twilio.verified = [(TO, "me")]
    first = await ask("GET", "/OutgoingCallerIds.json")
    known = {"If-None-Match": first.headers["ETag"]}
    assert (await ask("GET", "/OutgoingCallerIds.json", headers=known)).status_code == 304
    ask.twilio.verified.append((FROM, "you"))
    assert (await ask("GET", "/OutgoingCallerIds.json", headers=known)).status_code == 200


async def test_caller_ids_come_fifty_at_a_time_unless_asked(ask: Ask) -> None:
    ask.twilio.verified = [(f"+1617555{n:04d}", "") for n in range(60)]
    page = (await ask("GET", "/OutgoingCallerIds.json")).json()
    assert len(page["outgoing_caller_ids"]) == 50
    assert page["next_page_uri"]


async def test_an_inbound_message_is_listed_and_posted_signed(ask: Ask) -> None:
    async with webhook() as (url, got):
        ask.twilio.inbound_url = url
        message = await ask.twilio.inbound(TO, FROM, "on it")
    ((signed, form),) = got
    read = InboundMessage.parse(form)
    assert (read.message_sid, read.from_, read.to, read.body) == (message.sid, TO, FROM, "on it")
    assert RequestValidator(ask.twilio.auth_token).validate(url, dict(form), signed)
    (listed,) = (await ask("GET", "/Messages.json")).json()["messages"]
    assert (listed["direction"], listed["status"]) == ("inbound", "received")


async def test_a_reply_names_the_service_that_wrote_to_the_person(ask: Ask) -> None:
    service = "MG" + "a" * 32
    await ask.post(From="", MessagingServiceSid=service)
    async with webhook() as (url, got):
        ask.twilio.inbound_url = url
        await ask.twilio.inbound(TO, FROM, "on it")
    ((_, form),) = got
    assert InboundMessage.parse(form).messaging_service_sid == service


async def test_stop_and_start_do_what_they_do_at_twilio(ask: Ask) -> None:
    await ask.twilio.inbound(TO, FROM, " stop ")
    assert await ask.code() == 21610
    await ask.twilio.inbound(TO, FROM, "START")
    assert await ask.code() is None


@pytest.mark.parametrize(("body", "count"), [("x" * 160, "1"), ("x" * 161, "2"), ("é" * 71, "2")])
async def test_segments_are_counted_roughly(ask: Ask, body: str, count: str) -> None:
    assert (await ask.post(Body=body)).json()["num_segments"] == count


async def test_it_runs_as_a_process_of_its_own() -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "twilio_core.testing", "--port", "0", "--verified", f"{TO},{FROM}"),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    facts = json.loads(await process.stdout.readline())
    async with open_http() as http:
        url = f"{facts['url']}{facts['account_sid']}/OutgoingCallerIds.json"
        answer = await http.get(url, auth=(facts["api_key"], facts["api_secret"]))
    assert len(answer.json()["outgoing_caller_ids"]) == 2
    process.send_signal(signal.SIGTERM)
    assert await process.wait() == 0


class HangUp(io.StringIO):
    """Where the fake says that it is ready; whereupon it is told to end."""

    def flush(self) -> None:
        os.kill(os.getpid(), signal.SIGTERM)


def test_its_one_line_says_all_that_a_client_needs() -> None:
    said = HangUp()
    main(["--latency", "0.5", "--step", "1", "--limit", "3"], said)
    facts = json.loads(said.getvalue())
    assert facts.keys() == {"url", "account_sid", "auth_token", "api_key", "api_secret"}


async def test_a_client_that_left_during_the_silence_is_not_missed(
    ask: Ask, eventually: Callable[..., Awaitable[None]]
) -> None:
    ask.twilio.script(TO, Silence())
    waiting = asyncio.create_task(ask.post())
    await eventually(lambda: ask.twilio.posts)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert (await ask.post()).status_code == 201  # it serves the next one
    await ask.twilio.stop()
    await ask.twilio.start()


def test_the_fakes_values_show_neither_numbers_nor_text_in_a_log() -> None:
    message = Stored("AC1", TO, FROM, "secret words", "queued", callback="http://x/token")
    seen = Seen("POST", "/", {}, {"To": [TO], "Body": ["secret words"]}, 0.0)
    fake = FakeTwilio(verified=[(TO, "me")])
    fake.messages[message.sid] = message
    shown = repr([message, seen, fake, Delivered("http://x/token", {"To": TO}, 200)])
    for each in (TO, FROM, "secret words", "token=", fake.auth_token, fake.api_secret):
        assert each not in shown
