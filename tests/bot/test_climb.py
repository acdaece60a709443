"""The job of a page: it fires what is due, and leaves the rest to a later one."""

import asyncio
import math
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta

import aiohttp
import pytest

from bot.climb import AGAIN, GIVE_UP, SLOWLY, Climb
from bot.core import Core
from bot.directory import LiveDirectory
from bot.drain import Unfinished
from bot.jobs import Jobs
from bot.lease import Lease
from bot.policyfile import parse
from bot.sandbox.server import FakeSlack
from bot.slack.identity import Identity
from bot.slack.voice import web_client
from bot.store.book import Book
from bot.store.database import Pool
from bot.store.questions import PostgresQuestions
from commands.oncall import Ladder, Rung
from tests.bot.store.kit import store_over
from tests.bot.store.paging import HAND, PLAIN, Paging
from twilio_core import Credentials, TwilioClient, open_http
from twilio_core.testing import FakeTwilio

POLICY = """
region = "US"

[[channel]]
id = "C0ONCALL"
allow = ["page"]
who = ["*"]
to = ["directory", "+1617"]

[[contact]]
name = "alice"
number = "+16175551212"

[[contact]]
name = "bob"
number = "+16175551213"
"""
WAIT = timedelta(minutes=5)
LEADS = "<!subteam^S0LEADS|@leads>"
TWO = Ladder((Rung(("alice",), WAIT), Rung((LEADS,), WAIT)), 2)


@dataclass
class Cliff(Paging):
    """Pages, and the job that climbs them."""

    climb: Climb
    slack: FakeSlack

    async def left(self, page_id: int) -> Unfinished | None:
        """Run the job of a page."""
        return await self.climb.run(page_id)

    async def sent(self, page_id: int) -> list[tuple[int, str, str]]:
        """Which steps have gone to whom, and what they said."""
        rows = await self.store.rows(
            "SELECT page_step, address, body FROM send s JOIN delivery d ON d.send_id = s.id"
            " WHERE page_id = %s ORDER BY s.id, position",
            page_id,
        )
        return [(step, address, body) for step, address, body in rows]


@pytest.fixture
async def cliff(pool: Pool) -> AsyncIterator[Cliff]:
    jobs = Jobs(pool, Lease(math.inf))
    await jobs.open()
    store = store_over(pool, jobs)
    async with FakeSlack() as slack, FakeTwilio() as twilio, aiohttp.ClientSession() as session:
        slack.add_user("U0LEAD", "lead", phone="(617) 555-1299")
        slack.add_user_group("S0LEADS", "leads", ["U0LEAD"])
        client = web_client(slack.bot_token, slack.api_url, session)
        credentials = Credentials(twilio.account_sid, twilio.auth_token)
        account = TwilioClient(open_http(), credentials, twilio.url)
        paging = Paging(store)
        core = Core(
            lambda: parse(POLICY).policy,
            LiveDirectory(account, client, Identity(client, slack.bot_token).home),
            store.ledger,
            Book(pool),
            "+15005550006",
            store.cards,
            PostgresQuestions(pool, jobs),
            paging.views,
            lambda: timedelta(0),
        )
        yield Cliff(store, Climb(paging.steps, core), slack)
        await account.aclose()


async def test_the_first_step_fires_at_once_with_how_to_answer(cliff: Cliff) -> None:
    page_id = await cliff.opened(PLAIN)
    assert await cliff.left(page_id) is None
    code = (await cliff.row(page_id))["code"]
    text = f"Water in the lab. Reply {code} to ack"
    assert await cliff.sent(page_id) == [
        (0, "+16175551212", text),
        (0, "+16175551213", text),
    ]


async def test_before_it_is_due_nothing_happens_however_often_the_job_runs(cliff: Cliff) -> None:
    page_id = await cliff.opened(PLAIN)
    for _ in range(3):
        assert await cliff.left(page_id) is None
    assert len(await cliff.sent(page_id)) == 2


async def test_a_step_pages_whoever_is_in_the_user_group_when_it_fires(cliff: Cliff) -> None:
    page_id = await cliff.opened(TWO)
    await cliff.left(page_id)
    cliff.slack.add_user("U0NEW", "new", phone="(617) 555-1288")
    cliff.slack.add_user_group("S0LEADS", "leads", ["U0NEW"])
    await cliff.due(page_id)
    await cliff.left(page_id)
    assert [to for _, to, _ in await cliff.sent(page_id)] == ["+16175551212", "+16175551288"]


async def test_the_link_of_a_page_is_in_every_sms(cliff: Cliff) -> None:
    page_id = await cliff.opened(Ladder(PLAIN.rungs, 1, link="https://x.example/1"))
    await cliff.left(page_id)
    assert all("https://x.example/1" in body for _, _, body in await cliff.sent(page_id))


async def test_a_ladder_is_gone_through_as_often_as_it_says_and_ends_loudly(cliff: Cliff) -> None:
    page_id = await cliff.opened(TWO)
    for _ in range(4):
        await cliff.left(page_id)
        await cliff.due(page_id)
    await cliff.left(page_id)
    assert [step for step, _, _ in await cliff.sent(page_id)] == [0, 1, 2, 3]
    row = await cliff.row(page_id)
    assert row["stage"] == "exhausted"
    [(kind, words)] = await cliff.said(page_id)
    assert kind == "loud"
    assert f"Nobody has acknowledged page #{page_id} (code {row['code']})" in words
    assert words.endswith("Water in the lab")


async def test_a_page_that_somebody_has_pages_nobody_else(cliff: Cliff) -> None:
    page_id = await cliff.opened(TWO)
    await cliff.left(page_id)
    await cliff.due(page_id)
    await cliff.views.acknowledge(page_id, HAND)
    await cliff.left(page_id)
    assert {to for _, to, _ in await cliff.sent(page_id)} == {"+16175551212"}


@pytest.mark.parametrize("state", ["failed", "undelivered"])
async def test_a_step_that_reached_nobody_fires_the_next_at_once(cliff: Cliff, state: str) -> None:
    page_id = await cliff.opened(TWO)
    await cliff.left(page_id)
    await cliff.become(page_id, state)
    await cliff.left(page_id)
    assert [step for step, _, _ in await cliff.sent(page_id)] == [0, 1]


async def test_a_step_without_anybody_fires_the_next_at_once_and_is_told(cliff: Cliff) -> None:
    page_id = await cliff.opened(Ladder((Rung(("nobody",), WAIT), Rung(("bob",), WAIT)), 1))
    await cliff.left(page_id)
    assert [(step, to) for step, to, _ in await cliff.sent(page_id)] == [(1, "+16175551213")]
    details = [detail for what, _, _, detail in await cliff.noted(page_id) if what == "missed"]
    assert details
    assert details[0].startswith("step 1: nobody: no contact or group")


async def test_a_ladder_that_reaches_nobody_says_so_once_and_waits(cliff: Cliff) -> None:
    page_id = await cliff.opened(PLAIN)
    await cliff.left(page_id)
    await cliff.become(page_id, "undelivered")
    for _ in range(2):
        await cliff.left(page_id)
    [(kind, words)] = await cliff.said(page_id)
    assert (kind, "has reached nobody so far" in words) == ("loud", True)
    assert len(await cliff.sent(page_id)) == 2


async def test_a_step_of_which_nobody_can_be_looked_up_is_tried_again_soon(cliff: Cliff) -> None:
    cliff.slack.fail("usergroups.users.list", "fatal_error")
    page_id = await cliff.opened(Ladder((Rung((LEADS,), WAIT),), 1))
    assert await cliff.left(page_id) == Unfinished(AGAIN)
    assert await cliff.sent(page_id) == []
    await cliff.left(page_id)
    assert [to for _, to, _ in await cliff.sent(page_id)] == ["+16175551299"]


async def long_unanswered(cliff: Cliff) -> None:
    """Let nobody have been looked up for as long as that is tried, nor be from now on."""
    cliff.slack.fail("usergroups.users.list", "fatal_error", times=99)
    await cliff.store.change(
        "UPDATE page SET unanswered = now() - make_interval(secs => %s)", GIVE_UP + 1
    )


async def test_where_nobody_can_be_looked_up_for_long_the_next_step_fires(cliff: Cliff) -> None:
    page_id = await cliff.opened(Ladder((Rung((LEADS,), WAIT), Rung(("bob",), WAIT)), 1))
    await long_unanswered(cliff)
    assert await cliff.left(page_id) is None
    assert [(step, to) for step, to, _ in await cliff.sent(page_id)] == [(1, "+16175551213")]


async def test_where_nobody_can_be_looked_up_for_long_those_of_the_round_before_are_paged(
    cliff: Cliff,
) -> None:
    page_id = await cliff.opened(Ladder((Rung((LEADS,), WAIT),), 2))
    await cliff.left(page_id)
    await cliff.due(page_id)
    await long_unanswered(cliff)
    await cliff.left(page_id)
    leads = "+16175551299"
    assert [(step, to) for step, to, _ in await cliff.sent(page_id)] == [(0, leads), (1, leads)]


async def test_where_there_is_nobody_else_the_channel_is_told_and_it_goes_on_slowly(
    cliff: Cliff,
) -> None:
    page_id = await cliff.opened(Ladder((Rung((LEADS,), WAIT),), 1))
    await long_unanswered(cliff)
    assert await cliff.left(page_id) == Unfinished(SLOWLY)
    [(kind, words)] = await cliff.said(page_id)
    assert (kind, "has reached nobody so far" in words) == ("loud", True)
    assert (await cliff.row(page_id))["fired"] == 0


async def test_a_step_that_comes_early_and_finds_nobody_is_tried_for_as_long_as_any(
    cliff: Cliff,
) -> None:
    page_id = await cliff.opened(TWO)
    await cliff.left(page_id)
    await cliff.become(page_id, "failed")
    cliff.slack.fail("usergroups.users.list", "fatal_error")
    assert await cliff.left(page_id) == Unfinished(AGAIN)
    assert (await cliff.standing(page_id)).left <= 0
    await cliff.left(page_id)
    assert [step for step, _, _ in await cliff.sent(page_id)] == [0, 1]


async def test_those_who_are_known_are_paged_at_once_and_the_others_once_they_are_found(
    cliff: Cliff,
) -> None:
    cliff.slack.fail("usergroups.users.list", "fatal_error", times=2)
    page_id = await cliff.opened(Ladder((Rung((LEADS, "bob"), WAIT),), 1))
    assert await cliff.left(page_id) == Unfinished(AGAIN)
    assert [to for _, to, _ in await cliff.sent(page_id)] == ["+16175551213"]
    assert await cliff.left(page_id) is None
    assert [(step, to) for step, to, _ in await cliff.sent(page_id)] == [
        (0, "+16175551213"),
        (0, "+16175551299"),
    ]


async def test_who_cannot_be_found_for_long_is_not_looked_up_any_more(cliff: Cliff) -> None:
    cliff.slack.fail("usergroups.users.list", "fatal_error", times=99)
    page_id = await cliff.opened(Ladder((Rung((LEADS, "bob"), WAIT),), 1))
    await cliff.left(page_id)
    await long_unanswered(cliff)
    assert await cliff.left(page_id) is None
    assert (await cliff.row(page_id))["unanswered"] is None


async def test_a_page_that_is_gone_is_nothing_to_do(cliff: Cliff) -> None:
    assert await cliff.left(4711) is None


async def test_a_step_that_two_jobs_find_due_at_once_fires_once(cliff: Cliff) -> None:
    page_id = await cliff.opened(PLAIN)
    await asyncio.gather(*(cliff.left(page_id) for _ in range(5)))
    assert len(await cliff.sent(page_id)) == 2
