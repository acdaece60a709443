"""Status callbacks from Twilio to the ledger, through a proxy that cuts off a path prefix."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import psycopg
import pytest
from psycopg import sql

from bot.inbox import Inbox
from bot.web import STATUS_PATH
from tests.bot.drain.kit import NUMBERS
from tests.bot.engine import Engine
from tests.bot.kit import Eventually
from tests.bot.site import Site, listening, proxied
from twilio_core.testing import Ends, Late, Reset, ServerError


@dataclass
class Line:
    """Twilio, a proxy, the listener and the ledger."""

    engine: Engine
    site: Site

    def answers(self) -> list[int]:
        """What each callback was answered with."""
        return [each.status for each in self.engine.twilio.callbacks]

    async def moved(self, *statuses: str) -> None:
        """Let every message go through these, each told by a callback."""
        for status in statuses:
            for sid in list(self.engine.twilio.messages):
                await self.engine.twilio.move(sid, status)

    async def events(self) -> list[str]:
        found = await self.engine.rows("SELECT state FROM event ORDER BY id")
        return [state for (state,) in found]


@pytest.fixture
async def line(engine: Engine) -> AsyncIterator[Line]:
    inbox = Inbox(engine.statuses)
    token = engine.twilio.auth_token
    writing = asyncio.create_task(inbox.run())
    async with (
        proxied("/bots/sms") as (public_url, aim),
        listening(inbox.hear, public_url, token=token) as site,
    ):
        aim(site.address)
        engine.status_url = f"{public_url}{STATUS_PATH}"
        yield Line(engine, site)
        await engine.twilio.stop()
    writing.cancel()
    await asyncio.gather(writing, return_exceptions=True)


async def test_each_message_is_followed_to_the_handset(line: Line) -> None:
    line.engine.twilio.step = 0.01
    line.engine.twilio.script(NUMBERS[1], Ends("undelivered", 30003))
    await line.engine.posted(3)
    await line.engine.twilio.settle()
    assert await line.engine.states() == {"delivered": 2, "undelivered": 1}
    assert set(line.answers()) == {204}


async def test_callbacks_that_are_repeated_change_nothing_more(line: Line) -> None:
    await line.engine.posted(1)
    line.engine.twilio.callback_copies = 3
    await line.moved("sent", "delivered")
    assert await line.events() == ["sending", "accepted", "sent", "delivered"]
    assert line.answers() == [204] * 6


async def test_callbacks_that_come_in_the_wrong_order_do_not_move_a_message_back(
    line: Line,
) -> None:
    await line.engine.posted(1)
    await line.moved("delivered", "sent", "queued", "failed")
    assert await line.events() == ["sending", "accepted", "delivered"]
    assert line.answers() == [204] * 4


async def test_a_callback_that_overtakes_the_answer_to_its_own_request_is_heard(
    line: Line, eventually: Eventually
) -> None:
    engine = line.engine
    engine.twilio.step = 0.01
    engine.twilio.script(NUMBERS[0], Late(0.5))
    send_id, worker = await engine.sent(1), await engine.worker()
    sending = asyncio.create_task(engine.drain().run(send_id, worker))
    await eventually(lambda: engine.twilio.messages)
    await engine.twilio.settle()
    assert not sending.done()
    assert await engine.states() == {"delivered": 1}
    assert await sending is None
    assert await engine.states() == {"delivered": 1}
    assert await engine.rows("SELECT sid FROM delivery") == [(*engine.twilio.messages,)]
    assert len(engine.twilio.posts) == 1


@pytest.mark.parametrize("outcome", [ServerError(500, accepted=True), Reset(accepted=True)])
async def test_a_callback_resolves_a_doubt(line: Line, outcome: ServerError | Reset) -> None:
    engine = line.engine
    engine.twilio.script(NUMBERS[0], outcome)
    send_id = await engine.posted(1)
    assert await engine.states() == {"in_doubt": 1}
    await line.moved("sent")
    assert await engine.states() == {"sent": 1}
    assert await engine.reconcile().run(send_id) is None
    assert engine.gets == []
    assert len(engine.twilio.posts) == 1


async def test_the_callback_of_an_attempt_that_was_given_up_says_nothing_bad_of_the_next(
    line: Line,
) -> None:
    engine = line.engine
    engine.clock.tune(page_in_doubt=0)
    engine.twilio.script(NUMBERS[0], ServerError(500, accepted=True))
    send_id = await engine.posted(1, kind="page")
    await engine.reconcile().run(send_id)
    await engine.drain().run(send_id, await engine.worker())
    first, second = engine.twilio.messages
    await engine.twilio.move(first, "failed", 30006)
    await engine.twilio.move(second, "delivered")
    assert await engine.rows("SELECT state, sid FROM delivery") == [("delivered", second)]
    assert line.answers() == [204, 204]


async def test_the_callback_of_a_removed_send_is_not_found(line: Line) -> None:
    await line.engine.posted(1)
    await line.engine.change("DELETE FROM send")
    await line.moved("sent")
    assert line.answers() == [404]


async def test_the_address_of_one_send_does_not_speak_for_another(line: Line) -> None:
    engine = line.engine
    await engine.posted(1, "first")
    await engine.posted(1, "second")
    [(one, token), (other, _)] = await engine.rows(
        "SELECT d.id, token FROM delivery d JOIN send s ON s.id = d.send_id ORDER BY d.id"
    )
    form = {"MessageSid": "SM1", "MessageStatus": "delivered"}
    assert await line.site.post(f"{other}-1-{token}", form) == 404
    assert await line.site.post(f"{one}-1-{token}", form) == 204
    assert await engine.states() == {"accepted": 2}  # the SID is none of theirs


@asynccontextmanager
async def cut_off(postgres: str, url: str) -> AsyncIterator[None]:
    """Refuse every connection to the database for the length of the block."""
    name = url.partition("?")[0].rpartition("/")[2]
    allow = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}")
    end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
    with psycopg.connect(postgres, autocommit=True) as conn:
        conn.execute(allow.format(sql.Identifier(name), sql.SQL("false")))
        conn.execute(end, (name,))
        yield
        conn.execute(allow.format(sql.Identifier(name), sql.SQL("true")))


async def test_without_the_database_twilio_is_told_to_come_back_and_then_heard(
    line: Line, postgres: str
) -> None:
    await line.engine.posted(1)
    async with cut_off(postgres, line.engine.url):
        await line.moved("sent")
    async with asyncio.timeout(30):
        while line.answers()[-1] != 204:
            await line.moved("sent")
    assert line.answers()[0] == 503
    assert await line.engine.states() == {"sent": 1}


async def test_hundreds_of_callbacks_at_once_are_all_written_down(line: Line) -> None:
    engine = line.engine
    await engine.posted(100)
    statuses = [engine.twilio.move(sid, "delivered") for sid in engine.twilio.messages]
    engine.twilio.callback_copies = 5
    await asyncio.gather(*statuses)
    assert await engine.states() == {"delivered": 100}
    assert line.answers() == [204] * 500
