"""`/sms page` from the command to the phones, and to whoever has it."""

import asyncio
import signal

import pytest

from tests.bot.cable import cabled
from tests.scenarios.world import ALICE, BOB, ONCALL, POLICY, World, payload, shown
from twilio_core.testing import Ends, Error

ALICES, BOBS, LEADS = "+16175551212", "+16175551213", "+16175551299"
STEP = 300.0
PAGES = POLICY.replace('"recipients"]', '"recipients", "page"]')
DB = """
[[contact]]
name = "lead"
number = "+16175551299"

[[escalation]]
name = "db"
steps = [ {{ to = ["bob"], wait = "{wait}" }}, {{ to = ["lead"], wait = "{wait}" }} ]
repeat = {repeat}
"""


@pytest.fixture
async def oncall(stopped_world: World) -> World:
    """A world whose bot, still to be started, may page."""
    stopped_world.write_policy(PAGES + DB.format(wait="5m", repeat=1))
    return stopped_world


@pytest.fixture
async def paging(oncall: World) -> World:
    """A bot that may page."""
    await oncall.start()
    return oncall


def paged(world: World) -> list[str]:
    """Who was paged, in order; what only tells of an acknowledgement does not count."""
    return [to for to, body in world.sent() if "Reply" in body]


def told(world: World) -> list[tuple[str, str]]:
    """What else people got."""
    return [(to, body) for to, body in world.sent() if "Reply" not in body]


async def reached(world: World, *numbers: str) -> None:
    """Wait until these were paged, in this order as far as they are of different steps."""
    await world.wait(lambda: len(paged(world)) >= len(numbers))
    assert sorted(paged(world)) == sorted(numbers)


def stage(world: World) -> str:
    """Where the page is."""
    [(found,)] = world.rows("SELECT stage FROM page")
    return str(found)


async def becomes(world: World, expected: str) -> None:
    """Wait until the page is there."""
    await world.wait(lambda: stage(world) == expected)


async def says(world: World, words: str) -> str:
    """Wait until the page's card says this."""
    await world.wait(lambda: world.cards() and words in shown(world.cards()[0]))
    return shown(world.cards()[0])


async def idle(world: World) -> None:
    """Wait until no job of a page waits or runs."""
    jobs = "SELECT 1 FROM procrastinate_jobs WHERE task_name IN ('page', 'urgent')"
    await world.wait(lambda: not world.rows(jobs))


async def test_people_who_do_not_answer_are_paged_three_times_and_the_channel_is_called(
    paging: World,
) -> None:
    await paging.say("page alice, bob Water in the lab")
    for times in (1, 2, 3):
        await reached(paging, *[ALICES, BOBS] * times)
        await paging.pass_time(STEP)
    await becomes(paging, "exhausted")
    await says(paging, "NOBODY has acknowledged it")
    await paging.wait(lambda: len(paging.slack.channel_messages(ONCALL)) == 2)
    loud = paging.slack.channel_messages(ONCALL)[1]
    assert "<!channel>" in loud.text
    assert "Nobody has acknowledged page #1" in loud.text
    assert len(paged(paging)) == 6


async def test_an_sms_says_what_is_wrong_and_how_to_answer(paging: World) -> None:
    await paging.say("page bob Water in the lab, see https://x.example/1")
    await reached(paging, BOBS)
    [(code,)] = paging.rows("SELECT code FROM page")
    [(_, body)] = paging.sent()
    assert body == f"Water in the lab, see https://x.example/1 Reply {code} to ack"
    [post] = paging.twilio.posts
    assert post.form["ValidityPeriod"] == ["300"]


async def test_an_acknowledgement_stops_what_is_pending_and_everybody_paged_is_told(
    paging: World,
) -> None:
    await paging.say("page db Water in the lab")
    await reached(paging, BOBS)
    await paging.say("ack", user=ALICE)
    await paging.whisper("You have page #1 now")
    await says(paging, "alice has it")
    [(code,)] = paging.rows("SELECT code FROM page")
    await paging.wait(lambda: told(paging) == [(BOBS, f"alice has it: Water in the lab ({code})")])
    await paging.pass_time(STEP)
    await idle(paging)
    assert paged(paging) == [BOBS]


async def test_the_button_of_the_card_acknowledges_and_then_resolves(paging: World) -> None:
    await paging.say("page bob Water in the lab")
    await reached(paging, BOBS)
    await says(paging, "waiting for an acknowledgement")
    [card] = paging.cards()
    await paging.slack.click(ALICE, card, "sms_page_ack")
    await says(paging, "alice has it")
    await paging.slack.click(ALICE, card, "sms_page_resolve")
    await says(paging, "resolved by alice")
    await paging.wait(lambda: len(told(paging)) == 2)
    assert told(paging)[1][1].startswith("Resolved by alice: Water in the lab")


async def test_of_two_who_acknowledge_at_once_one_has_it_and_the_other_is_told_who(
    paging: World,
) -> None:
    await paging.say("page lead Water in the lab")
    await reached(paging, LEADS)
    await asyncio.gather(paging.say("ack 1", user=ALICE), paging.say("ack 1", user=BOB))
    [(by,)] = paging.rows("SELECT acked_user FROM page")
    other = BOB if by == ALICE else ALICE
    await paging.whisper("You have page #1 now", user=by)
    await paging.whisper("has page #1 already", user=other)
    await paging.wait(lambda: len(told(paging)) == 1)


@pytest.mark.parametrize("outcome", [Error(21211), Ends("undelivered", 30005)])
async def test_a_step_of_which_nobody_is_reached_is_not_waited_out(
    oncall: World, outcome: Error | Ends
) -> None:
    oncall.expect_callbacks()
    oncall.twilio.step = 0.1
    oncall.twilio.script(BOBS, outcome)
    await oncall.start()
    await oncall.say("page db Water in the lab")
    await reached(oncall, BOBS, LEADS)


async def test_where_nobody_at_all_is_reached_the_channel_is_called_at_once(paging: World) -> None:
    for number in (ALICES, BOBS):
        paging.twilio.script(number, Error(21211))
    await paging.say("page alice, bob Water in the lab")
    await paging.wait(lambda: len(paging.slack.channel_messages(ONCALL)) == 2)
    assert "has reached nobody so far" in paging.slack.channel_messages(ONCALL)[1].text
    await paging.pass_time(STEP)
    await reached(paging, *[ALICES, BOBS] * 2)


async def test_a_timer_survives_a_restart_in_the_middle_of_its_wait(paging: World) -> None:
    await paging.say("page db Water in the lab")
    await reached(paging, BOBS)
    await paging.stop()
    await paging.start()
    await paging.pass_time(STEP)
    await reached(paging, BOBS, LEADS)


async def test_a_step_that_comes_due_while_everything_is_down_fires_at_the_next_start(
    oncall: World,
) -> None:
    process = await oncall.spawn()
    await oncall.say("page db Water in the lab")
    await reached(oncall, BOBS)
    process.send_signal(signal.SIGKILL)
    await process.wait()
    await oncall.pass_time(86_400)
    await oncall.start()
    await reached(oncall, BOBS, LEADS)


async def test_a_timer_that_the_queue_has_lost_fires_all_the_same(paging: World) -> None:
    await paging.say("page db Water in the lab")
    await reached(paging, BOBS)
    await paging.change("DELETE FROM procrastinate_jobs WHERE task_name = 'page'")
    await paging.pass_time(STEP + 10)
    await reached(paging, BOBS, LEADS)


async def test_a_timer_fires_once_though_the_connections_to_the_database_have_gone_silent(
    oncall: World,
) -> None:
    async with cabled(oncall.database_url) as (cable, url):
        oncall.told |= {"DATABASE_URL": url}
        await oncall.start()
        await oncall.say("page db Water in the lab")
        await reached(oncall, BOBS)
        await cable.die()
        await oncall.pass_time(STEP)
        await oncall.wait(lambda: LEADS in paged(oncall), 60)
        await oncall.stop()
    assert paged(oncall) == [BOBS, LEADS]


async def test_the_steps_of_an_escalation_fire_by_the_clock(oncall: World) -> None:
    oncall.write_policy(PAGES + DB.format(wait="0.5s", repeat=1))
    await oncall.start()
    await oncall.say("page db Water in the lab")
    await becomes(oncall, "exhausted")
    await reached(oncall, BOBS, LEADS)
    [(apart,)] = oncall.rows(
        "SELECT min(gap) >= interval '0.5 s' FROM (SELECT created - lag(created)"
        " OVER (ORDER BY id) AS gap FROM send) AS gaps"
    )
    assert apart


async def test_a_page_goes_before_an_ordinary_send_that_is_under_way(oncall: World) -> None:
    await oncall.start(in_flight=2)
    oncall.twilio.latency = 0.1
    numbers = [f"+1617555{n:04}" for n in range(3000, 3060)]
    await oncall.say(f"send {','.join(numbers)} Lunch is ready")
    await oncall.wait(lambda: len(oncall.twilio.posts) >= 4)
    await oncall.say("page bob Water in the lab")
    await reached(oncall, BOBS)
    assert len(oncall.twilio.posts) < 60


async def test_a_page_in_the_channel_masks_numbers_and_tells_how_it_stands(paging: World) -> None:
    await paging.say("page +16175551288 Water in the lab")
    text = await says(paging, "waiting for an acknowledgement")
    await paging.wait(lambda: payload(paging.cards()[0])["accepted"] == 1)
    text = shown(paging.cards()[0])
    assert "+16175551288" not in text
    assert "1288" in text
    assert "step 1 of 3" in text


async def test_a_redelivered_page_is_the_same_page(paging: World) -> None:
    done = await paging.say("page bob Water in the lab")
    await paging.slack.redeliver(done)
    await reached(paging, BOBS)
    assert paging.rows("SELECT count(*) FROM page") == [(1,)]


async def test_the_same_page_by_an_escalation_asks_first_and_pages_again_if_confirmed(
    paging: World,
) -> None:
    await paging.say("page db Water in the lab")
    await reached(paging, BOBS)
    await paging.say("page db WATER in the lab", user=BOB)
    question = await paging.whisper("It is paged in 2 steps", user=BOB)
    assert paged(paging) == [BOBS]
    await paging.slack.click(BOB, question, "sms_confirm")
    await reached(paging, BOBS, BOBS)


async def test_a_large_page_waits_for_a_second_person(oncall: World) -> None:
    oncall.write_policy(PAGES.replace('"whatsapp:"]', '"whatsapp:"]\napprove_above = 1'))
    await oncall.start()
    await oncall.say("page alice, bob Water in the lab")
    await oncall.wait(lambda: oncall.slack.channel_messages(ONCALL))
    assert oncall.twilio.posts == []
    [question] = oncall.slack.channel_messages(ONCALL)
    await oncall.slack.click(BOB, question, "sms_approve")
    await reached(oncall, ALICES, BOBS)
