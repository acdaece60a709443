"""Twilio's status callbacks over real HTTP: who may post them, and how each is answered."""

import asyncio
from collections.abc import AsyncIterator
from io import BytesIO

import aiohttp
import psycopg
import pytest
from procrastinate.exceptions import ConnectorException
from psycopg_pool import PoolTimeout
from slack_bolt.async_app import AsyncApp

from bot.store.statuses import Report
from bot.web import LIMIT, TWILIO_LIMIT, slack_events
from tests.bot.site import Site, listening
from twilio_core.webhooks import signature

GOOD = "7-1-" + "a" * 32
SENT = {"MessageSid": "SM1", "MessageStatus": "sent", "To": "+16175551212"}


class Desk:
    """Takes reports of delivery 7 with its token; fails as it is told to."""

    def __init__(self) -> None:
        self.heard: list[Report] = []
        self.fault: Exception | None = None

    async def hear(self, report: Report) -> bool:
        if self.fault:
            raise self.fault
        self.heard.append(report)
        return (report.delivery_id, report.token) == (7, "a" * 32)


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
async def site(desk: Desk) -> AsyncIterator[Site]:
    async with listening(desk.hear) as site:
        yield site


# Signed by Twilio


async def test_a_signed_callback_is_written_down_and_answered_without_a_body(
    site: Site, desk: Desk
) -> None:
    assert await site.post(GOOD, {**SENT, "ErrorCode": "30003"}) == 204
    [report] = desk.heard
    assert (report.delivery_id, report.attempt, report.token) == (7, 1, "a" * 32)
    assert (report.sid, report.status, report.source) == ("SM1", "sent", "callback")
    assert site.counted(204)


async def test_fields_that_are_new_to_us_and_empty_ones_are_no_obstacle(
    site: Site, desk: Desk
) -> None:
    form = {**SENT, "ErrorCode": "", "NewOfNextYear": "x", "Unicode": "\u00e9\u4e16 +&="}
    assert await site.post(GOOD, form) == 204
    assert desk.heard[0].error_code is None


@pytest.mark.parametrize(
    ("public_url", "signed_for"),
    [
        ("https://sms.example.com", "https://sms.example.com"),
        ("https://sms.example.com/", "https://sms.example.com"),
        ("https://example.com/bots/sms", "https://example.com/bots/sms"),
        ("https://example.com/bots/sms/", "https://example.com/bots/sms"),
        ("https://example.com:8443", "https://example.com:8443"),
        ("https://example.com:8443/sms", "https://example.com/sms"),
        ("https://example.com", "https://example.com:443"),
        ("http://example.com", "http://example.com:80"),
    ],
)
async def test_the_signature_is_over_the_public_address_whatever_proxies_make_of_it(
    desk: Desk, public_url: str, signed_for: str
) -> None:
    async with listening(desk.hear, public_url) as site:
        assert await site.post(GOOD, SENT, signed_for=f"{signed_for}/twilio/status/{GOOD}") == 204


async def test_a_query_that_twilio_signed_belongs_to_the_address(site: Site) -> None:
    assert await site.post(f"{GOOD}?bodySHA256=0a", SENT) == 204


# Not signed by Twilio


async def test_without_a_signature_nothing_is_heard(site: Site, desk: Desk) -> None:
    assert await site.post(GOOD, SENT, headers={}) == 403
    assert desk.heard == []
    assert site.counted(403)


async def test_without_a_signature_nothing_is_read(site: Site) -> None:
    async def endless() -> AsyncIterator[bytes]:
        yield b"x" * TWILIO_LIMIT * 2
        await asyncio.sleep(3600)

    async with asyncio.timeout(5):
        assert await site.raw(GOOD, endless(), {}) == 403


@pytest.mark.parametrize("given", ["", "x", "L/OH5YylLD5NRKLltdqwSvS0BnU=", "\u00e9"])
async def test_a_signature_that_is_made_up_is_refused(site: Site, desk: Desk, given: str) -> None:
    assert await site.post(GOOD, SENT, headers={"X-Twilio-Signature": given}) == 403
    assert desk.heard == []


async def test_a_signature_with_another_accounts_token_is_refused(site: Site, desk: Desk) -> None:
    site.token = "another"
    assert await site.post(GOOD, SENT) == 403
    assert desk.heard == []


@pytest.mark.parametrize(
    "signed_for",
    [
        f"https://sms.example.com/twilio/status/8-1-{'a' * 32}",
        f"https://sms.example.com/twilio/status/{GOOD}?x=1",
        f"https://other.example.com/twilio/status/{GOOD}",
        f"http://sms.example.com/twilio/status/{GOOD}",
    ],
)
async def test_a_signature_of_another_address_is_refused(
    site: Site, desk: Desk, signed_for: str
) -> None:
    assert await site.post(GOOD, SENT, signed_for=signed_for) == 403
    assert desk.heard == []


async def test_a_word_that_was_changed_on_the_way_is_refused(site: Site, desk: Desk) -> None:
    url = f"{site.public_url}/twilio/status/{GOOD}"
    signed = {"X-Twilio-Signature": signature(site.token, url, SENT)}
    assert await site.post(GOOD, {**SENT, "MessageStatus": "failed"}, headers=signed) == 403
    assert desk.heard == []


async def test_whoever_is_not_twilio_does_not_learn_which_addresses_exist(site: Site) -> None:
    for name in (GOOD, f"8-1-{'a' * 32}", "nonsense"):
        assert await site.post(name, SENT, headers={}) == 403


# Signed, but about nothing of ours


@pytest.mark.parametrize(
    "name", [f"8-1-{'a' * 32}", f"7-1-{'b' * 32}", "7-1-", "7-1", "nonsense", f"7-x-{'a' * 32}"]
)
async def test_an_address_that_is_none_of_ours_is_not_found(site: Site, name: str) -> None:
    assert await site.post(name, SENT) == 404


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"MessageSid": "SM1"},
        {"MessageStatus": "sent"},
        {"MessageSid": "", "MessageStatus": "sent"},
        {"Body": "STOP", "From": "+16175551212"},
    ],
)
async def test_what_names_no_message_or_no_status_is_a_bad_request(
    site: Site, desk: Desk, form: dict[str, str]
) -> None:
    assert await site.post(GOOD, form) == 400
    assert desk.heard == []
    assert site.counted(400)


async def test_what_is_no_form_is_a_bad_request_once_it_is_signed(site: Site) -> None:
    url = f"{site.public_url}/twilio/status/{GOOD}"
    signed = {"X-Twilio-Signature": signature(site.token, url, {})}
    assert await site.raw(GOOD, b"&&&", signed) == 400


async def test_only_posts_are_taken(site: Site) -> None:
    url = f"{site.address}/twilio/status/{GOOD}"
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        assert answer.status == 405


# Too large


async def test_what_is_too_large_is_not_read_to_its_end(site: Site, desk: Desk) -> None:
    assert await site.post(GOOD, {**SENT, "Body": "x" * TWILIO_LIMIT}) == 413
    assert desk.heard == []
    assert site.counted(413)


async def test_what_is_too_large_is_so_without_a_length_as_well(site: Site) -> None:
    async def parts() -> AsyncIterator[bytes]:
        for _ in range(17):
            yield b"x" * (TWILIO_LIMIT // 16)

    assert await site.raw(GOOD, parts(), {"X-Twilio-Signature": "x"}) == 413


async def test_the_limit_is_for_slacks_requests_as_well(desk: Desk) -> None:
    slack = slack_events(AsyncApp(token="xoxb-1", signing_secret="secret"))
    async with listening(desk.hear, "https://sms.example.com", slack) as site:
        url = f"{site.address}/slack/events"
        async with (
            aiohttp.ClientSession() as session,
            session.post(url, data=BytesIO(b"x" * (LIMIT + 1))) as answer,
        ):
            assert answer.status == 413


async def test_a_form_as_large_as_twilios_can_be_is_taken(site: Site, desk: Desk) -> None:
    assert await site.post(GOOD, {**SENT, "Body": "\u4e16" * 1600}) == 204


# What cannot be read


async def test_what_is_not_packed_as_it_says_is_a_bad_request(site: Site) -> None:
    told = {"Content-Encoding": "gzip", "X-Twilio-Signature": "x"}
    assert await site.raw(GOOD, b"abc", told) == 400
    assert site.counted(400)


async def test_slacks_requests_are_read_with_the_same_care(desk: Desk) -> None:
    slack = slack_events(AsyncApp(token="xoxb-1", signing_secret="secret"))
    async with listening(desk.hear, "https://sms.example.com", slack) as site:
        site.path = "/slack/events"
        assert await site.raw("", b"abc", {"Content-Encoding": "gzip"}) == 400


async def test_a_form_of_more_fields_than_twilio_sends_is_a_bad_request(
    site: Site, desk: Desk
) -> None:
    assert await site.post(GOOD, {**SENT, **{f"f{n}": "" for n in range(500)}}) == 400
    assert desk.heard == []


# A ledger that does not answer


@pytest.mark.parametrize(
    "fault",
    [
        psycopg.OperationalError("the connection was lost"),
        PoolTimeout("no connection in time"),
        ConnectorException("the connection was lost"),
        TimeoutError(),
        ConnectionResetError(),
    ],
)
async def test_what_cannot_be_written_is_refused_for_now(
    site: Site, desk: Desk, fault: Exception
) -> None:
    desk.fault = fault
    assert await site.post(GOOD, SENT) == 503
    assert site.counted(503)
    desk.fault = None
    assert await site.post(GOOD, SENT) == 204


async def test_callbacks_at_once_are_all_answered(site: Site, desk: Desk) -> None:
    answers = await asyncio.gather(*(site.post(GOOD, SENT) for _ in range(50)))
    assert answers == [204] * 50
    assert len(desk.heard) == 50
