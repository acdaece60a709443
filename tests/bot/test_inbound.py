"""People's replies over real HTTP: who may post them, and how each is answered."""

import asyncio
from collections.abc import AsyncIterator
from io import BytesIO

import aiohttp
import psycopg
import pytest
from procrastinate.exceptions import ConnectorException
from psycopg_pool import PoolTimeout

from bot.hearing import Hearing
from bot.metrics import Metrics
from bot.store.replies import Replies, Reply
from bot.web import INBOUND_PATH, TWILIO_LIMIT
from commands.rules import Policy
from tests.bot.engine import Engine
from tests.bot.listening import Process
from tests.bot.site import Site, proxied, reachable
from tests.bot.store.reply_kit import ALICE, BOB, FROM, paged, posts, stage, told
from twilio_core.testing import FakeTwilio

ON_MY_WAY = {"MessageSid": "SM1", "From": ALICE, "To": FROM, "Body": "on my way"}


class Desk:
    """Takes replies; fails as it is told to."""

    def __init__(self) -> None:
        self.heard: list[Reply] = []
        self.fault: Exception | None = None

    async def hear(self, reply: Reply) -> str:
        if self.fault:
            raise self.fault
        self.heard.append(reply)
        return "words"


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
async def site(desk: Desk) -> AsyncIterator[Site]:
    async with reachable(desk.hear) as site:
        yield site


# Signed by Twilio


async def test_a_signed_reply_is_heard_and_answered_without_a_body(site: Site, desk: Desk) -> None:
    form = {**ON_MY_WAY, "MessagingServiceSid": "MG1", "OptOutType": "STOP", "NewOfNextYear": "x"}
    assert await site.post("", form) == 204
    [reply] = desk.heard
    assert (reply.sid, reply.from_, reply.to, reply.body) == ("SM1", ALICE, FROM, "on my way")
    assert (reply.service, reply.opt_out_type) == ("MG1", "STOP")
    assert reply.at is None  # now, by the database's clock
    assert site.counted(204)


async def test_a_reply_without_words_is_heard(site: Site, desk: Desk) -> None:
    assert await site.post("", {**ON_MY_WAY, "Body": "", "NumMedia": "1"}) == 204
    assert desk.heard[0].body == ""


async def test_a_query_that_twilio_signed_belongs_to_the_address(site: Site) -> None:
    assert await site.post("?bodySHA256=0a", ON_MY_WAY) == 204


async def test_the_signature_is_over_the_public_address_behind_a_proxy(desk: Desk) -> None:
    async with proxied("/bots/sms") as (front, aim), reachable(desk.hear, front) as site:
        aim(site.address)
        site.address = front
        assert await site.post("", ON_MY_WAY) == 204


# Not signed by Twilio


@pytest.mark.parametrize("headers", [{}, {"X-Twilio-Signature": "x"}])
async def test_a_reply_that_twilio_did_not_sign_is_not_heard(
    site: Site, desk: Desk, headers: dict[str, str]
) -> None:
    assert await site.post("", ON_MY_WAY, headers=headers) == 403
    assert desk.heard == []
    assert site.counted(403)


@pytest.mark.parametrize(
    "signed_for",
    ["https://sms.example.com/twilio/status/", "https://other.example.com/twilio/inbound"],
)
async def test_a_signature_for_another_address_is_refused(
    site: Site, desk: Desk, signed_for: str
) -> None:
    assert await site.post("", ON_MY_WAY, signed_for=signed_for) == 403
    assert desk.heard == []


async def test_a_get_is_no_reply(site: Site) -> None:
    url = f"{site.address}{INBOUND_PATH}"
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        assert answer.status == 405


# What is wrong with it


@pytest.mark.parametrize("missing", ["MessageSid", "From"])
async def test_a_reply_that_does_not_say_enough_is_a_bad_request(
    site: Site, desk: Desk, missing: str
) -> None:
    form = {name: value for name, value in ON_MY_WAY.items() if name != missing}
    assert await site.post("", form) == 400
    assert desk.heard == []


async def test_a_body_beyond_all_measure_is_not_read(site: Site) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded", "X-Twilio-Signature": "x"}
    assert await site.raw("", BytesIO(b"a" * (TWILIO_LIMIT + 1)), headers) == 413
    assert site.counted(413)


@pytest.mark.parametrize(
    "fault", [psycopg.OperationalError(), PoolTimeout(), ConnectorException(), TimeoutError()]
)
async def test_what_cannot_be_written_down_now_is_twilios_to_tell_again(
    site: Site, desk: Desk, fault: Exception
) -> None:
    desk.fault = fault
    assert await site.post("", ON_MY_WAY) == 503
    desk.fault = None
    assert await site.post("", ON_MY_WAY) == 204


# With a ledger


@pytest.fixture
async def live(engine: Engine) -> AsyncIterator[FakeTwilio]:
    """An account whose replies reach the ledger by webhook."""

    async def directory() -> Policy:
        return Policy()

    twilio = engine.twilio
    hearing = Hearing(Replies(engine.pool, engine.jobs), directory, Metrics())
    async with (
        proxied("/sms") as (front, aim),
        reachable(hearing.hear, front, twilio.auth_token) as to,
    ):
        aim(to.address)
        twilio.inbound_url = f"{front}{INBOUND_PATH}"
        yield twilio


async def test_a_reply_by_webhook_acknowledges_the_page(engine: Engine, live: FakeTwilio) -> None:
    page = await paged(engine)
    await live.inbound(BOB, FROM, "1")
    assert await stage(engine, page) == ("acknowledged", "bob", "")
    assert [call.status for call in live.callbacks] == [204]


async def test_of_two_who_acknowledge_at_once_both_calls_are_answered_and_one_has_it(
    engine: Engine, live: FakeTwilio
) -> None:
    page = await paged(engine)
    await asyncio.gather(live.inbound(ALICE, FROM, "1"), live.inbound(BOB, FROM, "ack"))
    assert [call.status for call in live.callbacks] == [204, 204]
    assert len(await told(engine, page)) == 2
    found = await engine.rows("SELECT outcome FROM reply ORDER BY 1")
    assert found == [("ack",), ("late",)]


async def test_a_webhook_that_comes_twice_is_heard_once(engine: Engine, live: FakeTwilio) -> None:
    page = await paged(engine)
    reply = await live.inbound(BOB, FROM, "on my way")
    await live._courier.post(live.inbound_url, reply.inbound_form())
    assert [call.status for call in live.callbacks] == [204, 204]
    assert len(await posts(engine, page)) == 1


async def test_what_a_webhook_told_is_not_heard_again_by_polling(
    engine: Engine, live: FakeTwilio
) -> None:
    page = await paged(engine)
    await live.inbound(BOB, FROM, "on my way")
    await Process(engine, called_back=True).look()
    assert engine.lists
    assert len(await posts(engine, page)) == 1


async def test_what_a_lost_webhook_left_behind_is_found_by_polling(
    engine: Engine, live: FakeTwilio
) -> None:
    page = await paged(engine)
    live.inbound_url = ""
    await live.inbound(BOB, FROM, "1")
    await Process(engine, called_back=True).look()
    assert (await stage(engine, page))[0] == "acknowledged"


async def test_a_stop_to_a_service_is_the_services(engine: Engine, live: FakeTwilio) -> None:
    service = "MG" + "a" * 32
    await engine.posted(1, sender=service)
    await live.inbound(ALICE, FROM, "STOP")
    assert await engine.ledger.opted_out(service) == {ALICE}
