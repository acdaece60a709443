"""Commands, clicks and modals: each acknowledged in time, each answered privately."""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any, LiteralString, Protocol

import psycopg
import pytest
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient

from bot import web
from bot.core import Core
from bot.directory import LiveDirectory
from bot.metrics import Metrics
from bot.policyfile import parse
from bot.sandbox.model import Call, Message
from bot.sandbox.server import FakeSlack
from bot.slack.connection import SocketConnection
from bot.slack.identity import Identity
from bot.slack.listeners import Listeners
from bot.slack.views.card import failure_notice, private_card
from bot.slack.voice import Ear, Voice
from bot.store.cards import Cards
from bot.store.ledger import PostgresLedger
from commands.rules import Policy
from twilio_core import Credentials, TwilioClient, open_http
from twilio_core.testing import FakeTwilio

ALICE, BOB, ONCALL, AWAY = "U0ALICE", "U0BOB", "C0ONCALL", "C0AWAY"
ONE = "+16175551212"
BODY = "The reactor melts"

Calls = Callable[..., list[Call]]
Private = Callable[..., list[Message]]
Wait = Callable[[Callable[[], object]], Awaitable[None]]
Shown = Callable[[Message], str]

POLICY = """
[[channel]]
id = "C0ONCALL"
allow = ["send", "recipients"]
who = ["*"]
to = ["verified", "directory", "+1"]

[[channel]]
id = "C0AWAY"
allow = ["send", "recipients"]
who = ["*"]
to = ["+1", "directory"]

[[contact]]
name = "alice"
number = "+16175551212"
"""


class Books(Protocol):
    @property
    def ledger(self) -> PostgresLedger: ...
    @property
    def cards(self) -> Cards: ...
    async def send(self, *numbers: str, channel: str = ..., url: bool = ...) -> int: ...
    async def settle(self, number: str, state: str, code: str = ...) -> None: ...
    async def run(self, sql: LiteralString, *params: object) -> None: ...


@dataclass
class Desk:
    """The listeners behind a real connection to Slack, and what they stand on."""

    slack: FakeSlack
    twilio: FakeTwilio
    listeners: Listeners
    voice: Voice
    books: Books
    policy: Policy = field(default_factory=lambda: parse(POLICY).policy)

    async def sends(self) -> int:
        """How many sends the ledger has."""
        count = 0
        while await self.books.cards.card(count + 1):
            count += 1
        return count


@pytest.fixture
async def twilio() -> AsyncIterator[FakeTwilio]:
    async with FakeTwilio() as server:
        yield server


@pytest.fixture
async def desk(
    slack: FakeSlack, twilio: FakeTwilio, client: AsyncWebClient, voice: Voice, books: Books
) -> AsyncIterator[Desk]:
    credentials = Credentials(twilio.account_sid, twilio.auth_token)
    account = TwilioClient(open_http(), credentials, twilio.url)
    core = Core(lambda: made.policy, LiveDirectory(account, client), books.ledger, "+15005550006")
    listeners = Listeners(core, voice, books.cards, client, Metrics())
    made = Desk(slack, twilio, listeners, voice, books)
    yield made
    await listeners.drained(0)
    await account.aclose()


def bolt(desk: Desk, client: AsyncWebClient, secret: str | None = None) -> AsyncApp:
    identity = Identity(client, desk.slack.bot_token)

    async def authorize() -> AuthorizeResult:
        return await identity.authorize()

    app = AsyncApp(
        authorize=authorize,
        signing_secret=secret,
        request_verification_enabled=secret is not None,
    )
    desk.listeners.register(app)
    return app


@asynccontextmanager
async def by_socket(desk: Desk, client: AsyncWebClient) -> AsyncIterator[Desk]:
    """Let Slack reach the listeners by Socket Mode."""
    connection = SocketConnection(bolt(desk, client), desk.slack.app_token, client)
    connection.start()
    await desk.slack.connected(10)
    yield desk
    await connection.stop(1)


@asynccontextmanager
async def by_http(desk: Desk, client: AsyncWebClient) -> AsyncIterator[Desk]:
    """Let Slack reach the listeners by signed requests."""
    app = bolt(desk, client, desk.slack.signing_secret)
    listener = web.Listener("127.0.0.1", 0, [web.slack_events(app)], 1)
    desk.slack.events_url = f"{await listener.start()}/slack/events"
    yield desk
    await listener.stop()


@pytest.fixture
async def at_desk(desk: Desk, client: AsyncWebClient) -> AsyncIterator[Desk]:
    """Slack reaches the listeners."""
    async with by_socket(desk, client) as ready:
        yield ready


@pytest.fixture(params=[by_socket, by_http])
async def either(
    request: pytest.FixtureRequest, desk: Desk, client: AsyncWebClient
) -> AsyncIterator[Desk]:
    """Slack reaches the listeners, once in each way."""
    async with request.param(desk, client) as ready:
        yield ready


# -- commands -----------------------------------------------------------------------------


async def test_an_answer_with_blocks_comes_with_the_acknowledgement(
    either: Desk, private: Private, calls: Calls
) -> None:
    done = await either.slack.command(ALICE, ONCALL, "help")
    assert (done.error, done.body["response_type"]) == ("", "ephemeral")
    [answer] = private()
    assert "/sms send" in str(answer.blocks)
    assert calls("response_url") == []


async def test_a_send_is_acknowledged_without_a_word_once_it_is_committed(either: Desk) -> None:
    done = await either.slack.command(ALICE, ONCALL, f"send alice {BODY}")
    assert (done.error, done.body) == ("", {})
    assert await either.sends() == 1


async def test_a_hostile_refusal_pings_nobody(either: Desk, private: Private) -> None:
    await either.slack.command(ALICE, ONCALL, "send <!channel>&*`x` hello")
    [answer] = private()
    assert "<!channel>" not in answer.text + str(answer.blocks)


async def test_an_error_in_the_ledger_is_told_privately_and_logged_without_the_message(
    either: Desk, private: Private, told: list[Any], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    await either.books.run("ALTER TABLE send ADD CHECK (body <> 'The reactor melts')")
    done = await either.slack.command(ALICE, ONCALL, f"send alice {BODY}")
    assert done.error == ""
    [answer] = private()
    assert "not certain that this was stored" in answer.text
    [entry] = [e for e in told if e["event"] == "request.failed"]
    assert entry["error"] == "CheckViolation"
    others = "\n".join(record.getMessage() for record in caplog.records)
    for secret in (BODY, ONE, either.slack.bot_token, either.slack.app_token):
        assert secret not in str(told)
        assert secret not in others


async def test_an_answer_too_late_for_slack_is_told_through_the_response_url(
    at_desk: Desk, private: Private, eventually: Wait, database_url: str
) -> None:
    async with await psycopg.AsyncConnection.connect(database_url) as other:
        await other.execute("LOCK TABLE audit")
        done = await at_desk.slack.command(ALICE, ONCALL, "send +442071838750 Water")
        assert done.error == "operation_timeout"
        await other.rollback()
    await eventually(lambda: any("+44" in str(m.blocks) for m in private()))


async def test_a_slow_listing_follows_after_the_acknowledgement(
    at_desk: Desk, private: Private, eventually: Wait
) -> None:
    at_desk.twilio.latency = 2.4
    at_desk.twilio.verified = [("+442071838750", "Lab")]
    done = await at_desk.slack.command(ALICE, ONCALL, "recipients")
    assert done.error == ""
    assert "follows here" in private()[0].text
    await eventually(lambda: "2 can be reached" in private()[-1].text)


async def test_a_slow_listing_that_fails_in_the_end_is_told(
    at_desk: Desk, private: Private, eventually: Wait, database_url: str
) -> None:
    async with await psycopg.AsyncConnection.connect(database_url) as other:
        at_desk.policy = replace(at_desk.policy, channels={})
        await other.execute("LOCK TABLE audit")
        done = await at_desk.slack.command(ALICE, ONCALL, "recipients")
        assert done.error == ""
        await at_desk.books.run("SELECT pg_terminate_backend(l.pid) FROM pg_locks l JOIN"
                                " pg_class c ON c.oid = l.relation WHERE c.relname = 'audit'"
                                " AND NOT l.granted")  # fmt: skip
        await eventually(lambda: "not certain" in private()[-1].text)
        await other.rollback()


# -- the composer -------------------------------------------------------------------------


async def test_a_composer_that_slack_does_not_open_is_answered_with_what_to_type(
    either: Desk, private: Private
) -> None:
    either.slack.fail("views.open", "expired_trigger_id")
    done = await either.slack.command(ALICE, ONCALL, "send")
    assert done.error == ""
    [answer] = private()
    assert "expired_trigger_id" in answer.text
    assert "type /sms send again" in answer.text
    assert await either.sends() == 0


async def test_a_slow_slack_does_not_cost_the_acknowledgement_of_a_composer(
    at_desk: Desk, private: Private
) -> None:
    at_desk.slack.latency = 30.0
    done = await at_desk.slack.command(ALICE, ONCALL, "send")
    assert done.error == ""
    assert "TimeoutError" in private()[0].text


async def test_a_shortcut_whose_composer_does_not_open_is_answered_in_a_direct_message(
    at_desk: Desk, eventually: Wait
) -> None:
    at_desk.slack.fail("views.open", "expired_trigger_id")
    done = await at_desk.slack.global_shortcut(ALICE, "sms_compose")
    assert done.error == ""
    await eventually(lambda: at_desk.slack.channel_messages(ALICE))
    assert "type /sms send again" in at_desk.slack.channel_messages(ALICE)[0].text


async def test_a_submission_that_fails_keeps_the_composer_open_and_says_so(either: Desk) -> None:
    await either.slack.command(ALICE, ONCALL, "send")
    await either.books.run("ALTER TABLE send ADD CHECK (body <> 'The reactor melts')")
    view = either.slack.top_view(ALICE)
    done = await either.slack.submit(ALICE, view, {"recipients": "alice", "message": BODY})
    assert done.error == ""
    assert view.open
    assert "not certain that this was stored" in view.errors["recipients"]


async def test_a_refusal_for_the_channel_of_a_shortcut_stands_under_the_channel(
    either: Desk,
) -> None:
    either.slack.add_channel("C0QUIET", "quiet", [ALICE])
    await either.slack.global_shortcut(ALICE, "sms_compose")
    view = either.slack.top_view(ALICE)
    values = {"channel": "C0QUIET", "recipients": "alice", "message": "hello"}
    assert (await either.slack.submit(ALICE, view, values)).error == ""
    assert list(view.errors) == ["channel"]


async def test_a_submission_is_one_send_in_the_channel_that_was_chosen(either: Desk) -> None:
    await either.slack.global_shortcut(ALICE, "sms_compose")
    view = either.slack.top_view(ALICE)
    values = {"channel": AWAY, "recipients": "alice", "message": "hello"}
    await either.slack.submit(ALICE, view, values)
    assert not view.open
    card = await either.books.cards.card(1)
    assert card is not None
    assert (card.channel, card.actor) == (AWAY, ALICE)


# -- buttons ------------------------------------------------------------------------------


async def failed_send(desk: Desk, channel: str = ONCALL) -> int:
    send = await desk.books.send(ONE, channel=channel)
    await desk.books.settle(ONE, "failed", "400")
    return send


async def notice(desk: Desk, send: int, ear: Ear) -> None:
    snap = await desk.books.cards.snapshot(send)
    assert snap is not None
    await desk.voice.whisper(ear, failure_notice(snap))


async def test_retry_failed_sends_again_once_and_keeps_the_list_of_numbers(
    either: Desk, private: Private, eventually: Wait, shown: Shown
) -> None:
    await notice(either, await failed_send(either), Ear(ALICE, ONCALL))
    [message] = private()
    assert (await either.slack.click(ALICE, message, "sms_retry")).error == ""
    await eventually(lambda: "Sending again to 1, as #2" in private()[-1].text)
    await either.slack.click(ALICE, message, "sms_retry")
    await eventually(lambda: "retried before, as #2" in private()[-1].text)
    assert await either.sends() == 2
    assert ONE in shown(message)


async def test_retry_failed_works_from_the_direct_message_that_the_notice_came_as(
    at_desk: Desk, eventually: Wait
) -> None:
    send = await failed_send(at_desk, AWAY)
    await notice(at_desk, send, Ear(ALICE, AWAY))
    [message] = at_desk.slack.channel_messages(ALICE)
    await at_desk.slack.click(ALICE, message, "sms_retry")
    await eventually(lambda: "as #2" in str([m.text for m in at_desk.slack.seen_by(ALICE, ALICE)]))
    card = await at_desk.books.cards.card(2)
    assert card is not None
    assert card.channel == AWAY


async def test_retry_failed_by_another_is_decided_for_that_person(
    at_desk: Desk, private: Private, eventually: Wait
) -> None:
    rules = at_desk.policy.channels[ONCALL]
    at_desk.policy = replace(at_desk.policy, channels={ONCALL: replace(rules, who=(ALICE,))})
    await notice(at_desk, await failed_send(at_desk), Ear(BOB, ONCALL))
    await at_desk.slack.click(BOB, private(BOB)[0], "sms_retry")
    await eventually(lambda: len(private(BOB)) == 2)
    assert "who" in str(private(BOB)[1].blocks)
    assert await at_desk.sends() == 1


async def test_a_retry_that_fails_is_told_privately(
    at_desk: Desk, private: Private, eventually: Wait, told: list[Any]
) -> None:
    await notice(at_desk, await failed_send(at_desk), Ear(ALICE, ONCALL))
    await at_desk.books.run("ALTER TABLE audit ADD CHECK (action = '')  NOT VALID")
    done = await at_desk.slack.click(ALICE, private()[0], "sms_retry")
    assert done.error == ""
    await eventually(lambda: "not certain" in private()[-1].text)
    assert ONE not in str(told)


async def test_refresh_shows_the_state_of_now_in_the_same_message_also_in_a_direct_one(
    at_desk: Desk, eventually: Wait
) -> None:
    send = await at_desk.books.send(ONE, channel=AWAY)
    snap = await at_desk.books.cards.snapshot(send)
    assert snap is not None
    await at_desk.voice.whisper(Ear(ALICE, AWAY), private_card(snap))
    [message] = at_desk.slack.channel_messages(ALICE)
    await at_desk.books.settle(ONE, "accepted")
    await at_desk.slack.click(ALICE, message, "sms_refresh")
    await eventually(lambda: "Success" in message.text)


async def test_a_send_of_somebody_else_is_not_shown_by_refresh(
    at_desk: Desk, private: Private, eventually: Wait, shown: Shown
) -> None:
    snap = await at_desk.books.cards.snapshot(await at_desk.books.send(ONE))
    assert snap is not None
    await at_desk.voice.whisper(Ear(BOB, ONCALL), private_card(snap))
    [message] = private(BOB)
    await at_desk.books.settle(ONE, "accepted")
    await at_desk.slack.click(BOB, message, "sms_refresh")
    await eventually(lambda: "Only who sent it" in private(BOB)[-1].text)
    assert "Sending" in message.text


async def listing(desk: Desk, private: Private, text: str = "recipients phone") -> Message:
    desk.twilio.verified = [(f"+1617555{n:04}", f"Phone {n:02} & <co>") for n in range(45)]
    await desk.slack.command(ALICE, ONCALL, text)
    return private()[-1]


async def test_pages_are_turned_in_place_and_a_filter_of_slacks_own_signs_is_kept(
    either: Desk, private: Private, eventually: Wait
) -> None:
    answer = await listing(either, private, "recipients & <co>")
    assert "45 can be reached" in answer.text
    await either.slack.click(ALICE, answer, "sms_next")
    await eventually(lambda: "Page 2 of 3" in str(answer.blocks))
    assert "45 can be reached" in answer.text
    await either.slack.click(ALICE, answer, "sms_previous")
    await eventually(lambda: "Page 1 of 3" in str(answer.blocks))


async def test_a_page_of_what_is_no_longer_allowed_is_refused_beside_the_listing(
    at_desk: Desk, private: Private, eventually: Wait
) -> None:
    answer = await listing(at_desk, private)
    at_desk.policy = replace(at_desk.policy, channels={})
    await at_desk.slack.click(ALICE, answer, "sms_next")
    await eventually(lambda: len(private()) == 2)
    await at_desk.slack.click(ALICE, answer, "sms_share")
    await eventually(lambda: len(private()) == 3)
    assert "Page 1 of 3" in str(answer.blocks)
    assert at_desk.slack.channel_messages(ONCALL) == []


@pytest.mark.parametrize(("error", "words"), [
    ("not_in_channel", "/invite"), ("invalid_blocks", "did not take it"),
    ("ratelimited", "in a minute"),
])  # fmt: skip
async def test_a_share_that_slack_does_not_take_says_why(
    at_desk: Desk, private: Private, eventually: Wait, error: str, words: str
) -> None:
    answer = await listing(at_desk, private)
    at_desk.slack.fail("chat.postMessage", error, 99)
    assert (await at_desk.slack.click(ALICE, answer, "sms_share")).error == ""
    await eventually(lambda: words in private()[-1].text)


async def test_an_answer_waits_for_a_slack_that_is_busy(
    at_desk: Desk, private: Private, eventually: Wait
) -> None:
    answer = await listing(at_desk, private)
    at_desk.slack.limit("response_url", 1, 1)
    await at_desk.slack.click(ALICE, answer, "sms_next")
    await eventually(lambda: "Page 2 of 3" in str(answer.blocks))


async def test_an_answer_that_nobody_takes_is_logged_and_costs_nothing_else(
    at_desk: Desk, private: Private, eventually: Wait, told: list[Any]
) -> None:
    answer = await listing(at_desk, private)
    at_desk.slack.fail("*", "token_revoked", 999)
    await at_desk.slack.click(ALICE, answer, "sms_next")
    await eventually(lambda: [e for e in told if e["event"] == "answer.lost"])
    assert "hooks" not in str(told)


async def test_a_listing_that_fails_on_a_click_is_told_privately(
    at_desk: Desk, private: Private, eventually: Wait
) -> None:
    answer = await listing(at_desk, private)
    at_desk.policy = replace(at_desk.policy, channels={})
    await at_desk.books.run("ALTER TABLE audit ADD CHECK (action = '') NOT VALID")
    await at_desk.slack.click(ALICE, answer, "sms_next")
    await eventually(lambda: "not certain" in private()[-1].text)


async def test_a_stop_waits_for_requests_under_way_and_ends_those_that_take_too_long(
    at_desk: Desk, private: Private
) -> None:
    at_desk.twilio.latency = 2.4
    at_desk.twilio.verified = [("+442071838750", "Lab")]
    await at_desk.slack.command(ALICE, ONCALL, "recipients")
    await at_desk.listeners.drained(5)
    assert "2 can be reached" in private()[-1].text
