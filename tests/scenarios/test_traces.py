"""What an operator finds in the log: one id from the command to the callback."""

import re
from collections.abc import Iterator

import aiohttp
import pytest
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs
from structlog.typing import EventDict

from tests.payloads import alert, alertmanager
from tests.scenarios.world import ALICE, POLICY, World
from twilio_core.testing import Error

PAGES = POLICY.replace('"recipients"]', '"recipients", "page"]')
CAUTIOUS = POLICY.replace('who = ["*"]', 'who = ["*"]\nconfirm_above = 1', 1)

TOKEN = "invented-token-of-some-length"
ROUTE = """
[[escalation]]
name = "db"
steps = [ { to = ["alice"], wait = "5m" } ]

[[alert]]
name = "ci"
channel = "C0ONCALL"
escalation = "db"
token_env = "CI_TOKEN"
"""


@pytest.fixture
def lines() -> Iterator[list[EventDict]]:
    """Every line of the log, as the formatters get it."""
    with capture_logs(processors=[merge_contextvars]) as found:
        yield found


@pytest.fixture
async def called(stopped_world: World, lines: list[EventDict]) -> World:
    """A bot that Twilio can call, and that may page."""
    stopped_world.expect_callbacks()
    stopped_world.write_policy(PAGES)
    stopped_world.twilio.step = 0.02
    await stopped_world.start()
    return stopped_world


def found_by(lines: list[EventDict], trace: str) -> list[str]:
    """Search the log for an id."""
    return [line["event"] for line in lines if line.get("request_id") == trace]


def written(world: World, table: str) -> str:
    """Read the id that the ledger has."""
    if table == "page":
        return str(world.rows("SELECT trace FROM page")[0][0])
    return str(world.rows("SELECT trace FROM send ORDER BY id")[0][0])


async def test_one_id_leads_from_the_command_to_twilio_and_to_the_callback(
    called: World, lines: list[EventDict]
) -> None:
    await called.say("send +16175551212 Water in the lab")
    await called.agreed(sent=1)
    trace = written(called, "send")
    story = found_by(lines, trace)
    assert story[:2] == ["request.answered", "twilio.answered"]
    assert set(story[2:]) == {"delivery.heard"}
    [asked] = [line for line in lines if line["event"] == "twilio.answered"]
    [post] = called.twilio.posts
    assert re.fullmatch("RQ[0-9a-f]{32}", asked["twilio_request_id"])
    assert (asked["task"], asked["send"]) == ("drain", 1)
    assert post.form["Body"] == ["Water in the lab"]
    heard = [line for line in lines if line["event"] == "delivery.heard"]
    assert [line["state"] for line in heard][-1] == "delivered"


async def test_one_id_leads_from_a_page_through_its_step_to_the_callback(
    called: World, lines: list[EventDict]
) -> None:
    await called.say("page alice Water in the lab")
    await called.wait(lambda: any(line["event"] == "delivery.heard" for line in lines))
    story = found_by(lines, written(called, "page"))
    assert story[:3] == ["request.answered", "page.step", "twilio.answered"]
    assert "delivery.heard" in story
    [step] = [line for line in lines if line["event"] == "page.step"]
    assert (step["task"], step["page"]) == ("page", 1)


async def test_a_send_that_was_asked_about_bears_the_id_of_its_command(
    stopped_world: World, lines: list[EventDict]
) -> None:
    stopped_world.write_policy(CAUTIOUS)
    await stopped_world.start()
    await stopped_world.say("send +16175551212, +16175551213 Water")
    question = await stopped_world.whisper("Send")
    await stopped_world.slack.click(ALICE, question, "sms_confirm")
    await stopped_world.wait(lambda: set(stopped_world.states().values()) == {"accepted"})
    story = found_by(lines, written(stopped_world, "send"))
    assert story[0] == "request.answered"
    assert story.count("twilio.answered") == 2


async def test_no_line_of_the_log_holds_a_text_or_a_number(
    called: World, lines: list[EventDict]
) -> None:
    called.twilio.script("+16175551213", Error(21610))
    await called.say("send +16175551212, +16175551213 Water in the lab")
    await called.agreed(sent=1, failed=1)
    assert lines
    for line in lines:
        assert not re.search(r"Water|6175551", repr(line)), line


async def test_every_line_of_a_job_says_which_and_about_what(
    called: World, lines: list[EventDict]
) -> None:
    await called.say("send +16175551212 Water in the lab")
    await called.agreed(sent=1)
    by_job = [line for line in lines if "task" in line]
    assert by_job
    assert all(line["send"] == 1 and line["request_id"] for line in by_job)


async def test_one_id_leads_from_an_alert_to_the_step_of_its_page(
    stopped_world: World, lines: list[EventDict]
) -> None:
    stopped_world.write_policy(PAGES + ROUTE)
    stopped_world.told |= {"CI_TOKEN": TOKEN}
    bot = await stopped_world.start()
    async with (
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {TOKEN}"}) as session,
        session.post(f"{bot.address}/alerts/ci", json=alertmanager(alert("disk"))) as answer,
    ):
        assert answer.status == 200
    trace = written(stopped_world, "page")
    told = {"alert.taken", "page.step", "twilio.answered"}
    await stopped_world.wait(lambda: told <= set(found_by(lines, trace)))
