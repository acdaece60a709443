"""The card of a send in its channel: true, in one place, and never lost."""

import asyncio
from typing import Any

import pytest

from bot.drain import Unfinished
from bot.sandbox.model import Message, Version
from bot.sandbox.server import FakeSlack
from bot.store.marks import PACE
from bot.tasks import Order, Task
from tests.bot.slack.kit import ONCALL, ONE, TWO, Books, Calls, Following, Private, Shown, Wait


def told_by(message: Message | Version) -> dict[str, Any]:
    payload: dict[str, Any] = (message.metadata or {})["event_payload"]
    return payload


def status(message: Message | Version) -> object:
    return told_by(message)["status"]


# -- the send -----------------------------------------------------------------------------


async def test_a_card_goes_from_sending_to_the_result_in_one_message(
    slack: FakeSlack, books: Books, follow: Following, eventually: Wait, private: Private
) -> None:
    send = await books.send(ONE)
    job = follow.start(send)
    await eventually(lambda: slack.channel_messages(ONCALL))
    await books.settle(ONE, "accepted")
    assert await job is None
    [card] = slack.channel_messages(ONCALL)
    assert [status(version) for version in slack.history(card)] == ["Sending", "Success"]
    assert private() == []


async def test_an_unchanged_send_is_not_told_to_slack_again(
    books: Books, follow: Following, eventually: Wait, calls: Calls, slack: FakeSlack
) -> None:
    send = await books.send(ONE)
    job = follow.start(send)
    await eventually(lambda: slack.channel_messages(ONCALL))
    await asyncio.sleep(1.5)
    assert calls("chat.update") == []
    await books.settle(ONE, "accepted")
    await job
    assert len(calls("chat.update")) == 1


async def test_a_burst_of_changes_is_one_update_and_the_last_one_arrives(
    slack: FakeSlack, books: Books, follow: Following, eventually: Wait
) -> None:
    numbers = [f"+1617555{n:04}" for n in range(12)]
    send = await books.send(*numbers)
    job = follow.start(send)
    await eventually(lambda: slack.channel_messages(ONCALL))
    for number in numbers:
        await books.settle(number, "accepted")
        await asyncio.sleep(0.1)
    await job
    [card] = slack.channel_messages(ONCALL)
    times = [v.at for v in slack.history(card)]
    assert len(times) - 1 <= times[-1] - times[0] + 1
    assert status(card) == "Success"


async def test_a_send_that_is_gone_needs_no_card(follow: Following, slack: FakeSlack) -> None:
    assert await follow.start(404) is None
    assert await follow.follower.notify(404) is None
    assert slack.calls == []


# -- two processes ------------------------------------------------------------------------


async def test_of_two_cards_that_are_posted_at_once_one_stays(
    slack: FakeSlack, books: Books, follow: Following, shown: Shown
) -> None:
    send = await books.send(ONE)
    await books.settle(ONE, "accepted")
    slack.latency = 1.0  # so that both have read that there is none
    assert [*await asyncio.gather(follow.start(send), follow.start(send))] == [None, None]
    cards = slack.channel_messages(ONCALL)
    assert sorted("another message" in shown(card) for card in cards) == [False, True]
    [kept] = [card for card in cards if card.metadata]
    await books.hear(send, ONE, "delivered")
    await follow.whole(send)
    assert told_by(kept)["delivered"] == 1


async def test_a_card_that_another_process_showed_meanwhile_is_shown_once_more(
    slack: FakeSlack, books: Books, follow: Following, eventually: Wait, calls: Calls
) -> None:
    send = await books.send(ONE)
    await books.settle(ONE, "accepted")
    await follow.whole(send)
    await books.hear(send, ONE, "sent")
    slack.latency = 2.0
    job = follow.start(send)
    await eventually(lambda: len(calls("chat.update")) == 1)
    await books.run("UPDATE card SET shown = 'what the other process showed'")
    books.jobs.deferred.clear()
    await job
    assert books.jobs.taken(Task.CARD) == [Order(Task.CARD, send, PACE)]
    slack.latency = 0.0
    await follow.whole(send)
    assert len(calls("chat.update")) == 2
    assert books.jobs.taken(Task.CARD) == []


# -- what becomes of it later -------------------------------------------------------------


async def test_while_twilio_is_looked_at_the_job_ends_and_the_card_says_so(
    slack: FakeSlack, books: Books, follow: Following, shown: Shown, private: Private
) -> None:
    send = await books.send(ONE, TWO)
    await books.settle(ONE, "accepted")
    await books.doubt(TWO, looked_for=True)
    await books.grow_older(2)
    await follow.whole(send)
    [card] = slack.channel_messages(ONCALL)
    assert (status(card), told_by(card)["statusCode"]) == ("Sending", "")
    assert "Looking at Twilio" in shown(card)
    assert private() == []


async def test_changes_that_come_together_lead_to_one_more_update(
    books: Books, follow: Following, calls: Calls, slack: FakeSlack
) -> None:
    send = await books.send(ONE, TWO)
    await books.settle(ONE, "accepted")
    await books.settle(TWO, "accepted")
    await follow.whole(send)
    books.jobs.deferred.clear()
    await books.hear(send, ONE, "sent")
    await books.hear(send, TWO, "delivered")
    await books.hear(send, ONE, "delivered")
    assert books.jobs.deferred == [Order(Task.CARD, send, PACE)]
    await follow.whole(send)
    assert len(calls("chat.update")) == 1
    assert told_by(slack.channel_messages(ONCALL)[0])["delivered"] == 2


async def test_a_change_after_an_update_leads_to_another(
    books: Books, follow: Following, calls: Calls
) -> None:
    send = await books.send(ONE)
    await books.settle(ONE, "accepted")
    for updates, word in enumerate(("sent", "delivered"), 1):
        await follow.whole(send)
        await books.hear(send, ONE, word)
        assert books.jobs.taken(Task.CARD) == [Order(Task.CARD, send, PACE)]
        await follow.whole(send)
        assert len(calls("chat.update")) == updates


async def test_news_that_change_nothing_lead_to_no_update(books: Books, follow: Following) -> None:
    send = await books.send(ONE)
    await books.settle(ONE, "delivered")
    await follow.whole(send)
    for word in ("queued", "sent", "delivered", "undelivered"):
        await books.hear(send, ONE, word)
    assert books.jobs.deferred == []


async def test_an_update_that_slack_does_not_take_is_tried_again_and_then_shows_the_last_state(
    slack: FakeSlack, books: Books, follow: Following
) -> None:
    send = await books.send(ONE)
    await books.settle(ONE, "accepted")
    await follow.whole(send)
    slack.limit("chat.update", 1, 7)
    await books.hear(send, ONE, "sent")
    assert await follow.start(send) == Unfinished(7.0)
    await books.hear(send, ONE, "delivered")
    assert await follow.start(send) is None
    [card] = slack.channel_messages(ONCALL)
    assert told_by(card)["delivered"] == 1


# -- a process that stops -----------------------------------------------------------------


async def test_after_a_restart_the_same_message_is_updated(
    slack: FakeSlack, books: Books, follow: Following, stopping: asyncio.Event
) -> None:
    send = await books.send(ONE)
    stopping.set()
    assert await follow.start(send) == Unfinished(0.0)
    assert len(slack.channel_messages(ONCALL)) == 1
    await books.settle(ONE, "accepted")
    stopping.clear()
    assert await follow.start(send) is None
    [card] = slack.channel_messages(ONCALL)
    assert status(card) == "Success"


async def test_a_stopping_process_waits_for_who_is_on_the_way_to_twilio(
    slack: FakeSlack, books: Books, follow: Following, eventually: Wait, stopping: asyncio.Event
) -> None:
    send = await books.send(ONE)
    await books.settle(ONE, "sending")
    stopping.set()
    job = follow.start(send)
    await eventually(lambda: slack.channel_messages(ONCALL))
    assert not job.done()
    await books.settle(ONE, "accepted")
    assert await job is None
    assert status(slack.channel_messages(ONCALL)[0]) == "Success"


# -- a Slack that does not take it --------------------------------------------------------


@pytest.mark.parametrize("kind", ["html", "refused"])
async def test_a_card_waits_for_slack_with_growing_pauses_and_shows_the_last_state_in_the_end(
    slack: FakeSlack, books: Books, follow: Following, told: list[Any], kind: Any,  # noqa: ANN401
) -> None:  # fmt: skip
    slack.outage(kind=kind)
    send = await books.send(ONE, TWO)
    await books.settle(ONE, "accepted")
    pauses = [await follow.start(send) for _ in range(7)]
    assert pauses == [Unfinished(seconds) for seconds in (1, 2, 4, 8, 16, 30, 30)]
    await books.settle(TWO, "failed", "400")
    await slack.recover()
    assert await follow.start(send) is None
    [card] = slack.channel_messages(ONCALL)
    assert status(card) == "Partial-Success"
    assert {entry["event"] for entry in told} == {"slack.down"}


async def test_after_an_outage_the_next_one_begins_with_a_short_pause(
    slack: FakeSlack, books: Books, follow: Following
) -> None:
    send = await books.send(ONE)
    await books.settle(ONE, "accepted")
    slack.outage()
    pauses = [await follow.start(send) for _ in range(3)]
    await slack.recover()
    assert await follow.start(send) is None
    slack.outage()
    await books.settle(ONE, "delivered")
    pauses.append(await follow.start(send))
    assert pauses == [Unfinished(seconds) for seconds in (1, 2, 4, 1)]


async def test_a_slack_that_names_a_time_is_left_alone_until_then(
    slack: FakeSlack, books: Books, follow: Following
) -> None:
    slack.limit("chat.postMessage", 1, 600)
    send = await books.send(ONE)
    assert await follow.start(send) == Unfinished(600.0)


@pytest.mark.parametrize("error", ["invalid_blocks", "msg_too_long", "missing_scope"])
async def test_a_card_that_slack_will_never_take_is_tried_once_and_told_privately(
    slack: FakeSlack, books: Books, follow: Following, private: Private, calls: Calls, shown: Shown,
    error: str,
) -> None:  # fmt: skip
    slack.fail("chat.postMessage", error, 99)
    send = await books.send(ONE)
    await books.settle(ONE, "failed", "400")
    await follow.whole(send)
    assert len(calls("chat.postMessage")) == 1
    [answer] = private()
    assert ONE in shown(answer)
    assert "sms_retry" in str(answer.blocks)


async def test_what_nobody_can_be_told_ends_and_is_logged_without_the_number(
    slack: FakeSlack, books: Books, follow: Following, told: list[Any], calls: Calls
) -> None:
    slack.fail("*", "account_inactive", 999)
    send = await books.send(ONE, url=False)
    await books.settle(ONE, "failed", "400")
    await follow.whole(send)
    assert len(calls("chat.postMessage")) == 2
    assert [entry["event"] for entry in told] == ["card.private", "answer.lost"]
    assert ONE not in str(told)


async def test_a_card_deleted_by_a_person_goes_on_privately(
    slack: FakeSlack, books: Books, follow: Following, private: Private, eventually: Wait
) -> None:
    send = await books.send(ONE)
    job = follow.start(send)
    await eventually(lambda: slack.channel_messages(ONCALL))
    slack.channel_messages(ONCALL)[0].deleted = True
    await books.settle(ONE, "accepted")
    assert await job is None
    assert slack.channel_messages(ONCALL) == []
    assert "Success" in private()[-1].text


async def test_a_bot_removed_from_the_channel_goes_on_privately(
    slack: FakeSlack, books: Books, follow: Following, private: Private, eventually: Wait
) -> None:
    send = await books.send(ONE)
    job = follow.start(send)
    await eventually(lambda: slack.channel_messages(ONCALL))
    slack.fail("chat.update", "not_in_channel", 99)
    await books.settle(ONE, "accepted")
    assert await job is None
    assert "Success" in private()[-1].text
