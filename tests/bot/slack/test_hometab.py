"""A home that is opened is shown, whatever happens; one that is watched follows its sends."""

import asyncio
from typing import Any

import pytest

from bot.drain import Unfinished
from bot.sandbox.model import View
from bot.sandbox.server import FakeSlack
from bot.slack.hometab import HomeTab
from bot.store.homes import APART, Homes
from bot.tasks import Order, Task
from tests.bot.slack.kit import ALICE, BOB, ONCALL, ONE, Calls, Desk, Following, Shown, Wait

OLDER = "UPDATE home SET drawn = drawn - interval '2 s'"


@pytest.fixture
def tab(desk: Desk) -> HomeTab:
    return desk.home


async def opened(desk: Desk, eventually: Wait, user: str = ALICE) -> View:
    """Open a home, and wait until it is drawn."""
    assert (await desk.slack.open_home(user)).error == ""
    await eventually(lambda: user in desk.slack.workspace.homes)
    return desk.slack.home(user)


# -- opened -------------------------------------------------------------------------------


async def test_a_home_is_acknowledged_before_it_is_drawn(
    either: Desk, eventually: Wait, shown: Shown
) -> None:
    either.slack.latency = 2.0
    done = await either.slack.open_home(ALICE)
    assert done.error == ""
    assert ALICE not in either.slack.workspace.homes
    await eventually(lambda: ALICE in either.slack.workspace.homes)
    assert "What you may do" in shown(either.slack.home(ALICE))


async def test_a_redelivered_event_shows_the_same_home(
    either: Desk, eventually: Wait, shown: Shown
) -> None:
    done = await either.slack.open_home(ALICE)
    await eventually(lambda: ALICE in either.slack.workspace.homes)
    before = shown(either.slack.home(ALICE))
    assert (await either.slack.redeliver(done)).error == ""
    await asyncio.sleep(0.3)
    assert texts_of(shown(either.slack.home(ALICE))) == texts_of(before)


def texts_of(home: str) -> list[str]:
    return [part for part in home.split('"') if not part.startswith("b0")]


async def test_the_messages_tab_is_acknowledged_and_nothing_more(
    either: Desk, calls: Calls
) -> None:
    assert (await either.slack.open_home(ALICE, "messages")).error == ""
    await either.listeners.drained(5)
    assert calls("views.publish") == []


async def test_a_busy_slack_is_asked_again_until_it_takes_the_home(
    at_desk: Desk, eventually: Wait, calls: Calls
) -> None:
    at_desk.slack.limit("views.publish", 1, retry_after=1)
    await at_desk.slack.open_home(ALICE)
    await eventually(lambda: ALICE in at_desk.slack.workspace.homes)
    first, second = calls("views.publish")
    assert second.at - first.at >= 1


async def test_a_slack_that_stays_busy_is_given_up_and_that_is_logged(
    at_desk: Desk, eventually: Wait, calls: Calls, told: list[Any]
) -> None:
    at_desk.slack.limit("views.publish", 99, retry_after=1)
    await at_desk.slack.open_home(ALICE)
    await eventually(lambda: any(entry["event"] == "home.lost" for entry in told))
    assert len(calls("views.publish")) == 3


async def test_what_slack_refuses_for_good_is_logged_and_not_tried_again(
    at_desk: Desk, eventually: Wait, calls: Calls, told: list[Any]
) -> None:
    at_desk.slack.fail("views.publish", "not_enabled", times=99)
    await at_desk.slack.open_home(ALICE)
    await eventually(lambda: any(entry["event"] == "home.unshown" for entry in told))
    await at_desk.listeners.drained(5)
    assert len(calls("views.publish")) == 1


async def test_a_home_that_fails_says_so_in_its_place_and_is_logged_without_secrets(
    either: Desk, eventually: Wait, shown: Shown, told: list[Any]
) -> None:
    await either.books.run("DROP TABLE home")
    home = await opened(either, eventually)
    assert "your home cannot be shown" in shown(home)
    [entry] = [e for e in told if e["event"] == "request.failed"]
    assert (entry["what"], entry["error"]) == ("home", "UndefinedTable")
    assert either.slack.bot_token not in str(told)
    assert (await either.slack.open_home(BOB)).error == ""


async def test_a_home_that_fails_while_slack_is_out_of_reach_breaks_nothing(
    at_desk: Desk, eventually: Wait, told: list[Any]
) -> None:
    await at_desk.books.run("DROP TABLE home")
    at_desk.slack.fail("views.publish", "internal_error")
    assert (await at_desk.slack.open_home(ALICE)).error == ""
    await eventually(lambda: any(entry["event"] == "home.unshown" for entry in told))


async def test_a_composer_that_slack_does_not_open_from_the_home_is_told_in_a_message(
    at_desk: Desk, eventually: Wait
) -> None:
    home = await opened(at_desk, eventually)
    at_desk.slack.fail("views.open", "expired_trigger_id")
    assert (await at_desk.slack.click(ALICE, home, "sms_home_send")).error == ""
    await eventually(lambda: at_desk.slack.channel_messages(ALICE))
    assert "type /sms send again" in at_desk.slack.channel_messages(ALICE)[0].text


async def test_a_drawing_that_is_overtaken_is_drawn_once_more(
    slack: FakeSlack, desk: Desk, tab: HomeTab, calls: Calls, eventually: Wait
) -> None:
    slack.latency = 2.0
    first = asyncio.create_task(tab.opened(ALICE))
    await eventually(lambda: calls("views.publish"))
    homes = Homes(desk.books.pool)
    assert await homes.shown(await homes.opened(ALICE), "by another process")
    await first
    assert len(calls("views.publish")) == 2


# -- live ---------------------------------------------------------------------------------


async def test_the_card_of_who_has_opened_their_home_has_it_drawn(
    desk: Desk, tab: HomeTab, follow: Following
) -> None:
    send = await desk.books.send(ONE)
    await desk.books.settle(ONE, "accepted")
    follow.jobs.taken(Task.HOME)
    await follow.start(send)
    assert Task.HOME not in {order.task for order in follow.jobs.deferred}
    await tab.opened(ALICE)
    await follow.start(send)
    assert Order(Task.HOME, send) in follow.jobs.deferred


async def test_a_send_that_changed_is_shown_anew(
    desk: Desk, tab: HomeTab, shown: Shown, calls: Calls
) -> None:
    send = await desk.books.send(ONE)
    await tab.opened(ALICE)
    assert "Sending: 1 waiting" in shown(desk.slack.home(ALICE))
    await desk.books.run(OLDER)
    await desk.books.settle(ONE, "accepted")
    assert await tab.run(send) is None
    assert "Success: 1 sent" in shown(desk.slack.home(ALICE))


async def test_within_a_second_a_home_waits_for_its_turn(
    desk: Desk, tab: HomeTab, calls: Calls
) -> None:
    send = await desk.books.send(ONE)
    await tab.opened(ALICE)
    left = await tab.run(send)
    assert left is not None
    assert 0 < left.after <= APART
    assert len(calls("views.publish")) == 1


async def test_a_home_that_did_not_change_is_not_published_again(
    desk: Desk, tab: HomeTab, calls: Calls
) -> None:
    send = await desk.books.send(ONE)
    await tab.opened(ALICE)
    for _ in range(3):
        await desk.books.run(OLDER)
        assert await tab.run(send) is None
    assert len(calls("views.publish")) == 1
    await tab.opened(ALICE)
    assert len(calls("views.publish")) == 2


async def test_the_home_of_who_does_not_look_any_more_is_left_alone(
    desk: Desk, tab: HomeTab, calls: Calls
) -> None:
    send = await desk.books.send(ONE)
    assert await tab.run(send) is None
    assert await tab.run(404) is None
    assert calls("views.publish") == []


async def test_a_busy_slack_puts_a_change_off_as_long_as_it_asks(
    desk: Desk, tab: HomeTab, shown: Shown
) -> None:
    send = await desk.books.send(ONE)
    await tab.opened(ALICE)
    await desk.books.settle(ONE, "accepted")
    await desk.books.run(OLDER)
    desk.slack.limit("views.publish", 1, retry_after=7)
    assert await tab.run(send) == Unfinished(7.0)
    await desk.books.run(OLDER)
    desk.slack.fail("views.publish", "internal_error")
    assert await tab.run(send) == Unfinished(5.0)
    await desk.books.run(OLDER)
    assert await tab.run(send) is None
    assert "Success: 1 sent" in shown(desk.slack.home(ALICE))


# -- what it shows ------------------------------------------------------------------------


async def test_another_persons_sends_are_not_shown(desk: Desk, tab: HomeTab, shown: Shown) -> None:
    await desk.books.send(ONE)
    await tab.opened(BOB)
    assert "Water in the lab" not in shown(desk.slack.home(BOB))
    await tab.opened(ALICE)
    assert f"<#{ONCALL}>" in shown(desk.slack.home(ALICE))
    assert "Water in the lab" in shown(desk.slack.home(ALICE))
