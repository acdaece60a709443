import base64
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from tests.twilio_core.kit import Clients
from twilio_core import (
    AccountRefused,
    Credentials,
    NewMessage,
    OutcomeUnknown,
    Rejected,
    Throttled,
    TwilioClient,
    TwilioError,
    Unreachable,
)
from twilio_core.testing import ANY, FakeTwilio, Raw

TO, FROM = "+16175550001", "+15005550006"
SERVICE = "MG" + "0123456789abcdef" * 2
MESSAGE = NewMessage(TO, FROM, "hi")


async def test_a_created_message_has_a_sid_and_a_request_id(
    twilio: FakeTwilio, clients: Clients
) -> None:
    message = await clients().create(MESSAGE)
    assert twilio.messages[message.sid].to == message.to == TO
    assert message.status == "queued"
    assert message.request_id.startswith("RQ")
    assert message.date_created
    assert message.date_created.tzinfo


async def test_an_api_key_is_as_good_as_the_token(twilio: FakeTwilio, clients: Clients) -> None:
    key = Credentials(twilio.account_sid, "", twilio.api_key, twilio.api_secret)
    assert (await clients(credentials=key).create(MESSAGE)).sid


async def test_an_error_carries_code_status_and_request_id(clients: Clients) -> None:
    with pytest.raises(Rejected) as caught:
        await clients().create(NewMessage("+15005550001", FROM, "hi"))
    error = caught.value
    assert (error.code, error.status, error.reason) == (21211, 400, "the number is not valid")
    assert error.request_id.startswith("RQ")


async def test_a_message_can_be_read_again(twilio: FakeTwilio, clients: Clients) -> None:
    client = clients()
    created = await client.create(MESSAGE)
    await twilio.settle()
    assert (await client.fetch(created.sid)).status == "delivered"


async def test_a_scheduled_message_can_be_canceled_but_not_twice(
    twilio: FakeTwilio, clients: Clients
) -> None:
    client = clients()
    later = datetime.now(UTC) + timedelta(hours=1)
    message = await client.create(NewMessage(TO, SERVICE, "hi", send_at=later))
    assert message.status == "scheduled"
    assert (await client.cancel(message.sid)).status == "canceled"
    with pytest.raises(Rejected):
        await client.cancel(message.sid)


@pytest.mark.parametrize("sid", ["SM" + "0" * 32, "../x", "a/b?c#d", "\ud800"])
async def test_a_message_that_is_not_there_does_not_condemn_the_account(
    clients: Clients, sid: str
) -> None:
    with pytest.raises(Rejected, match="no such message"):
        await clients().fetch(sid)


async def test_the_account_is_told(clients: Clients, twilio: FakeTwilio) -> None:
    account = await clients().account()
    assert (account.sid, account.status, account.type) == (twilio.account_sid, "active", "Full")


@pytest.mark.parametrize(
    "credentials", [Credentials("AC0", "x"), Credentials("AC/../0", "é\ud800"), Credentials("")]
)
async def test_wrong_credentials_are_told(clients: Clients, credentials: Credentials) -> None:
    with pytest.raises(AccountRefused):
        await clients(credentials=credentials).account()


async def test_messages_are_listed_over_all_pages_newest_first(
    twilio: FakeTwilio, clients: Clients
) -> None:
    client = clients()
    sids = [(await client.create(MESSAGE)).sid for _ in range(7)]
    await client.create(NewMessage("+16175550002", FROM, "hi"))
    listed = [each.sid async for each in client.list_messages(to=TO, from_=FROM, page_size=3)]
    assert listed == sids[::-1]
    assert len(twilio.requests) == 8 + 3


async def test_a_page_is_asked_for_only_when_it_is_wanted(
    twilio: FakeTwilio, clients: Clients
) -> None:
    client = clients()
    for _ in range(3):
        await client.create(MESSAGE)
    messages = client.list_messages(page_size=1)
    await anext(messages)
    await messages.aclose()  # type: ignore[attr-defined]
    assert len(twilio.requests) == 3 + 1


async def test_dates_are_asked_for_with_the_sign_in_the_key(
    twilio: FakeTwilio, clients: Clients
) -> None:
    client = clients()
    await client.create(MESSAGE)
    await twilio.settle()
    soon = datetime.now(UTC) + timedelta(minutes=1)
    ago = soon - timedelta(hours=1)
    between = client.list_messages(date_sent_after=ago, date_sent_before=soon)
    assert len([each async for each in between]) == 1
    assert [each async for each in client.list_messages(date_sent_after=soon)] == []
    assert set(twilio.requests[-1].query) == {"DateSent>", "PageSize"}


@pytest.mark.parametrize("size", [0, 1001])
async def test_an_impossible_page_size_is_refused(clients: Clients, size: int) -> None:
    with pytest.raises(ValueError, match="page_size"):
        await anext(clients().list_messages(page_size=size))


async def test_what_has_no_sid_in_a_list_is_passed_over() -> None:
    body = {"messages": [{"sid": "SM1"}, {"status": "queued"}], "next_page_uri": None}
    async with opened(lambda _: httpx.Response(200, json=body)) as client:
        assert [each.sid async for each in client.list_messages()] == ["SM1"]


async def test_verified_numbers_come_with_their_names(twilio: FakeTwilio, clients: Clients) -> None:
    twilio.verified = [(TO, "Alice"), (FROM, "")]
    caller_ids = await clients().verified()
    assert [(each.phone_number, each.friendly_name) for each in caller_ids] == twilio.verified


async def test_five_thousand_verified_numbers_are_five_requests(
    twilio: FakeTwilio, clients: Clients
) -> None:
    twilio.verified = [(f"+1617555{n:04d}", "") for n in range(5000)]
    assert len(await clients().verified()) == 5000
    assert len(twilio.requests) == 5


async def test_an_unchanged_list_is_not_sent_again_and_a_changed_page_is(
    twilio: FakeTwilio, clients: Clients
) -> None:
    twilio.verified = [(f"+1617555{n:04d}", "") for n in range(1500)]
    client = clients()
    first = await client.verified()
    assert await client.verified() == first
    twilio.verified[1200] = ("+16179999999", "new")
    again = await client.verified()
    assert again[1200].friendly_name == "new"
    assert len(again) == 1500


class opened:  # noqa: N801 - reads as the context manager it is
    """A client over a function, for answers that no real Twilio gives."""

    def __init__(self, answer: Callable[[httpx.Request], httpx.Response]) -> None:
        self.seen: list[httpx.Request] = []

        def remember(request: httpx.Request) -> httpx.Response:
            self.seen.append(request)
            return answer(request)

        http = httpx.AsyncClient(transport=httpx.MockTransport(remember))
        self.client = TwilioClient(http, Credentials("AC1", "t"), "https://here/Accounts/")

    async def __aenter__(self) -> TwilioClient:
        return self.client

    async def __aexit__(self, *_: object) -> None:
        await self.client.aclose()


def caller_page(next_uri: str | None) -> httpx.Response:
    item = {"sid": "PN1", "phone_number": TO}
    return httpx.Response(200, json={"outgoing_caller_ids": [item], "next_page_uri": next_uri})


@pytest.mark.parametrize(
    "uri",
    ["https://elsewhere/x.json", "//elsewhere/x", "http://here/x", "https://here:1/x", "//xn--/x"],
)
async def test_a_next_page_elsewhere_is_not_asked_for(uri: str) -> None:
    world = opened(lambda _: caller_page(uri))
    async with world as client:
        with pytest.raises(AccountRefused, match="another host"):
            await client.verified()
    assert [each.url.host for each in world.seen] == ["here"]


async def test_a_next_page_without_an_address_is_an_error() -> None:
    async with opened(lambda _: caller_page("https://[::1")) as client:
        with pytest.raises(AccountRefused, match="no usable address"):
            await client.verified()


async def test_pages_in_a_circle_end_in_an_error() -> None:
    world = opened(lambda request: caller_page("/b" if request.url.path == "/a" else "/a"))
    async with world as client:
        with pytest.raises(OutcomeUnknown):
            await client.verified()
    assert len(world.seen) == 3


async def test_the_next_page_is_asked_for_verbatim() -> None:
    token = "PageToken=PA%2Bx%3D&Page=1"
    pages = iter([f"/2010/x.json?{token}", None])
    world = opened(lambda _: caller_page(next(pages)))
    async with world as client:
        assert len(await client.verified()) == 2
    assert str(world.seen[1].url) == f"https://here/2010/x.json?{token}"


@pytest.mark.parametrize(("status", "location"), [(302, "/moved"), (308, "https://here/moved")])
async def test_a_read_follows_a_redirect_with_its_credentials(status: int, location: str) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/moved":
            return httpx.Response(200, json={"sid": "AC1"})
        return httpx.Response(status, headers={"Location": location})

    world = opened(answer)
    async with world as client:
        assert (await client.account()).sid == "AC1"
    basic = "Basic " + base64.b64encode(b"AC1:t").decode()
    assert [each.headers["Authorization"] for each in world.seen] == [basic, basic]


async def test_a_send_follows_a_307_as_the_same_send() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/moved":
            return httpx.Response(201, json={"sid": "SM1"})
        return httpx.Response(307, headers={"Location": "/moved"})

    world = opened(answer)
    async with world as client:
        assert (await client.create(MESSAGE)).sid == "SM1"
    assert [(each.method, each.content) for each in world.seen] == [
        ("POST", world.seen[0].content)
    ] * 2


async def test_another_host_never_hears_of_a_redirect() -> None:
    world = opened(lambda _: httpx.Response(307, headers={"Location": "https://elsewhere/"}))
    async with world as client:
        with pytest.raises(AccountRefused):
            await client.create(MESSAGE)
        with pytest.raises(AccountRefused):
            await client.account()
    assert {each.url.host for each in world.seen} == {"here"}


async def test_redirects_without_end_are_given_up() -> None:
    world = opened(lambda _: httpx.Response(307, headers={"Location": "/again"}))
    async with world as client:
        with pytest.raises(AccountRefused, match="without end"):
            await client.create(MESSAGE)
    assert len(world.seen) == 6


async def test_an_http_client_that_follows_redirects_is_told_not_to() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        assert request.url.host == "here"
        return httpx.Response(302, headers={"Location": "https://elsewhere/"})

    transport = httpx.MockTransport(answer)
    async with httpx.AsyncClient(transport=transport, follow_redirects=True) as http:
        with pytest.raises(AccountRefused):
            await TwilioClient(http, Credentials("AC1", "t"), "https://here/").account()


@pytest.mark.parametrize("url", ["banana", "http://[::1", "https://x:y@z/"])
async def test_a_url_that_is_none_is_unreachable(clients: Clients, url: str) -> None:
    with pytest.raises(Unreachable):
        await clients(url).account()


async def test_throttling_tells_how_long_to_wait(twilio: FakeTwilio, clients: Clients) -> None:
    twilio.script(ANY, Raw(429, b'{"code": 20429}', {"Retry-After": "3"}))
    with pytest.raises(Throttled) as caught:
        await clients().create(MESSAGE)
    assert caught.value.retry_after == 3.0


async def test_a_closed_client_ends_in_the_tree_too(clients: Clients) -> None:
    client = clients()
    await client.aclose()
    with pytest.raises(TwilioError):
        await client.create(MESSAGE)


async def test_pages_without_end_end_in_an_error() -> None:
    def next_page(request: httpx.Request) -> httpx.Response:
        return caller_page(f"/p?Page={int(request.url.params.get('Page', 0)) + 1}")

    world = opened(next_page)
    async with world as client:
        with pytest.raises(OutcomeUnknown):
            await client.verified()
    assert len(world.seen) == 1000
