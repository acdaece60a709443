"""What a process tells admins of itself."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.pace import Pace
from bot.policyfile import PolicySource, read_policy
from bot.slack.link import Link
from bot.slots import Slots
from bot.store.database import Pool, open_pool
from bot.vitals import Vitals
from commands.site import Health

CHANNEL = '[timing]\nkeep = "30d"\n[[channel]]\nid = "C1"\n'


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[Pool]:
    opened = await open_pool(database_url)
    yield opened
    await opened.close()


@pytest.fixture
def link() -> Link:
    return Link()


@pytest.fixture
async def pace() -> Pace:
    return Pace(Slots(50))


@pytest.fixture
def source(tmp_path: Path) -> PolicySource:
    path = tmp_path / "sms.toml"
    path.write_text(CHANNEL, encoding="utf-8")
    return PolicySource(path, read_policy(path))


@pytest.fixture
def vitals(source: PolicySource, link: Link, pace: Pace, pool: Pool) -> Vitals:
    return Vitals(source, link, pace, pool)


async def part(vitals: Vitals, name: str) -> Health:
    [found] = [health for health in await vitals.health() if health.part == name]
    return found


def recent(moment: datetime) -> bool:
    return abs(datetime.now(UTC) - moment) < timedelta(minutes=1)


# -- sms.toml -----------------------------------------------------------------------------


def test_the_durations_in_force_are_told_by_their_keys(vitals: Vitals) -> None:
    timing = dict(vitals.reading().timing)
    assert timing["keep"] == timedelta(days=30)
    assert timing["poll"] == timedelta(seconds=5)


def test_a_faulty_edit_is_told_until_it_is_mended(vitals: Vitals, source: PolicySource) -> None:
    assert vitals.reading().faults == ()
    for text, faults in ((CHANNEL + "alow = 1\n", 1), (CHANNEL, 0)):
        source.path.write_text(text, encoding="utf-8")
        source.reload_if_changed()
        source.reload_if_changed()
        assert len(vitals.reading().faults) == faults


# -- Slack --------------------------------------------------------------------------------


async def test_a_worker_says_that_slack_does_not_reach_it(vitals: Vitals) -> None:
    slack = await part(vitals, "Slack")
    assert (slack.well, slack.moments) == (True, ())
    assert "a worker" in slack.text


async def test_a_socket_is_well_while_it_stands_and_tells_since_when(
    vitals: Vitals, link: Link
) -> None:
    link.reached(by_socket=True)
    slack = await part(vitals, "Slack")
    assert (slack.well, slack.text) == (False, "Socket Mode, not connected")
    link.connected()
    since = link.since
    link.connected()
    slack = await part(vitals, "Slack")
    assert (slack.well, slack.text) == (True, "Socket Mode")
    assert slack.moments == (("connected since", since),)
    link.lost()
    assert not (await part(vitals, "Slack")).well


async def test_over_http_the_last_call_decides(vitals: Vitals, link: Link) -> None:
    link.reached(by_socket=False)
    assert (await part(vitals, "Slack")).text == "HTTP"
    link.failing("ratelimited")
    slack = await part(vitals, "Slack")
    assert not slack.well
    assert slack.moments[0][0] == "last error ratelimited,"
    link.took()
    slack = await part(vitals, "Slack")
    assert slack.well
    assert [what for what, _ in slack.moments] == ["last took a call", "last error ratelimited,"]
    assert all(recent(at) for _, at in slack.moments)


# -- Twilio -------------------------------------------------------------------------------


async def test_a_twilio_that_was_not_asked_yet_is_well(vitals: Vitals) -> None:
    twilio = await part(vitals, "Twilio")
    assert (twilio.well, twilio.text, twilio.moments) == (True, "asked as fast as need be", ())


async def test_the_last_answer_of_twilio_is_told(vitals: Vitals, pace: Pace) -> None:
    pace.heard("accepted")
    [(what, at)] = (await part(vitals, "Twilio")).moments
    assert (what, recent(at)) == ("last answer accepted,", True)


async def test_a_pause_that_twilio_asked_for_is_told(vitals: Vitals, pace: Pace) -> None:
    await pace.throttled(12, begun=0.0)
    twilio = await part(vitals, "Twilio")
    assert not twilio.well
    assert re.fullmatch(r"paused for 1[0-2] s more, as Twilio asked", twilio.text)


async def test_a_slower_pace_is_told_and_no_trouble(vitals: Vitals, pace: Pace) -> None:
    await pace.throttled(None, begun=0.0)
    twilio = await part(vitals, "Twilio")
    assert twilio.well
    assert twilio.text == "slowed down to 25 requests at once, as Twilio asked"


async def test_connections_that_do_not_come_about_are_told(vitals: Vitals, pace: Pace) -> None:
    await pace.unreachable()
    await asyncio.sleep(0.01)
    twilio = await part(vitals, "Twilio")
    assert not twilio.well
    assert re.match(r"no connection for [0-2] s", twilio.text)


# -- the database -------------------------------------------------------------------------


async def test_the_database_is_asked_and_tells_its_version(vitals: Vitals) -> None:
    database = await part(vitals, "Database")
    assert database.well
    assert database.text.startswith("PostgreSQL 1")
    assert " answered in " in database.text


async def test_a_database_that_does_not_answer_is_told_as_soon(
    vitals: Vitals, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.vitals.PATIENCE", 0.1)
    async with asyncio.timeout(10):
        held = [await pool.getconn() for _ in range(10)]
        database = await part(vitals, "Database")
    for conn in held:
        await pool.putconn(conn)
    assert (database.well, database.text) == (False, "no answer (TimeoutError)")
