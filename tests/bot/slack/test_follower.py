"""The card of a send: true, in one place, and never lost."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from bot.sandbox.model import Message
from bot.sandbox.server import FakeSlack
from bot.slack.follower import Follower
from bot.slack.voice import Voice
from tests.bot.slack.kit import AWAY, ONCALL, ONE, TWO, Books, Calls, Private, Shown, Wait

Following = Callable[[int], "asyncio.Task[bool]"]


@pytest.fixture
def stopping() -> asyncio.Event:
    return asyncio.Event()


@pytest.fixture
async def follow(books: Books, voice: Voice, stopping: asyncio.Event) -> AsyncIterator[Following]:
    """Start the job of a card, as a process would."""
    follower = Follower(books.cards, voice, lambda _channel: True, stopping)
    tasks: list[asyncio.Task[bool]] = []

    def start(send_id: int) -> "asyncio.Task[bool]":
        tasks.append(asyncio.create_task(follower.run(send_id)))
        return tasks[-1]

    yield start
    for task in tasks:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def status(message: Message) -> Any:  # noqa: ANN401 - JSON
    return (message.metadata or {})["event_payload"]["status"]


async def test_a_card_goes_from_sending_to_the_result_in_one_message(
    slack: FakeSlack, books: Books, follow: Following, eventually: Wait, private: Private
) -> None:
    send = await books.send(ONE)
    job = follow(send)
    await eventually(lambda: slack.channel_messages(ONCALL))
    await books.settle(ONE, "accepted")
    assert await job is True
    [card] = slack.channel_messages(ONCALL)
    versions = slack.history(card)
    assert [v.metadata["event_payload"]["status"] for v in versions if v.metadata] == [
        "Sending",
        "Success",
    ]
    assert private() == []


async def test_an_unchanged_send_is_not_told_to_slack_again(
    books: Books, follow: Following, eventually: Wait, calls: Calls, slack: FakeSlack
) -> None:
    send = await books.send(ONE)
    job = follow(send)
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
    job = follow(send)
    await eventually(lambda: slack.channel_messages(ONCALL))
    for number in numbers:
        await books.settle(number, "accepted")
        await asyncio.sleep(0.1)
    await job
    [card] = slack.channel_messages(ONCALL)
    times = [v.at for v in slack.history(card)]
    assert len(times) - 1 <= times[-1] - times[0] + 1
    assert status(card) == "Success"


async def test_the_sender_alone_is_told_of_failures_once_even_after_a_restart(
    books: Books, follow: Following, private: Private, shown: Shown
) -> None:
    send = await books.send(ONE, TWO)
    await books.settle(ONE, "accepted")
    await books.settle(TWO, "failed", "400")
    await follow(send)
    await follow(send)
    [notice] = private()
    assert "1 of 2 failed" in notice.text
    assert TWO in shown(notice)
    assert "Retry failed (1)" in shown(notice)


async def test_after_a_restart_the_same_message_is_updated(
    slack: FakeSlack, books: Books, follow: Following, eventually: Wait, stopping: asyncio.Event
) -> None:
    send = await books.send(ONE)
    stopping.set()
    assert await follow(send) is False
    assert len(slack.channel_messages(ONCALL)) == 1
    await books.settle(ONE, "accepted")
    stopping.clear()
    assert await follow(send) is True
    [card] = slack.channel_messages(ONCALL)
    assert status(card) == "Success"


async def test_a_stopping_process_waits_for_who_is_on_the_way_to_twilio(
    slack: FakeSlack, books: Books, follow: Following, eventually: Wait, stopping: asyncio.Event
) -> None:
    send = await books.send(ONE)
    await books.settle(ONE, "sending")
    stopping.set()
    job = follow(send)
    await eventually(lambda: slack.channel_messages(ONCALL))
    assert not job.done()
    await books.settle(ONE, "accepted")
    assert await job is True
    assert status(slack.channel_messages(ONCALL)[0]) == "Success"


async def test_a_process_that_stops_does_not_wait_for_a_slack_that_is_down(
    slack: FakeSlack, books: Books, follow: Following, stopping: asyncio.Event, calls: Calls,
    eventually: Wait,
) -> None:  # fmt: skip
    slack.limit("chat.postMessage", 999, 600)
    job = follow(await books.send(ONE))
    await eventually(lambda: calls("chat.postMessage"))
    stopping.set()
    assert await asyncio.wait_for(job, 10) is False


async def test_where_the_bot_is_no_member_a_fast_result_is_told_privately_at_once(
    books: Books, follow: Following, private: Private, slack: FakeSlack
) -> None:
    send = await books.send(ONE, channel=AWAY)
    await books.settle(ONE, "accepted")
    assert await follow(send) is True
    [answer] = private(channel=AWAY)
    assert "Success" in answer.text
    assert slack.channel_messages(AWAY) == []


async def test_a_private_answer_that_takes_long_comes_first_with_a_refresh_button_then_final(
    books: Books, follow: Following, private: Private, eventually: Wait, shown: Shown
) -> None:
    send = await books.send(ONE, channel=AWAY)
    job = follow(send)
    await asyncio.sleep(0.5)
    assert private(channel=AWAY) == []
    await books.grow_older(2)
    await eventually(lambda: private(channel=AWAY))
    assert "sms_refresh" in str(private(channel=AWAY)[0].blocks)
    await books.settle(ONE, "failed", "400")
    assert await job is True
    first, final = private(channel=AWAY)
    assert "Sending" in first.text
    assert "Failed" in final.text
    assert ONE in shown(final)


async def test_a_private_answer_is_not_repeated_after_a_restart(
    books: Books, follow: Following, private: Private
) -> None:
    send = await books.send(ONE, channel=AWAY)
    await books.settle(ONE, "accepted")
    await follow(send)
    await follow(send)
    assert len(private(channel=AWAY)) == 1


@pytest.mark.parametrize("error", ["invalid_blocks", "msg_too_long", "missing_scope"])
async def test_a_card_that_slack_will_never_take_is_tried_once_and_told_privately(
    slack: FakeSlack, books: Books, follow: Following, private: Private, calls: Calls, shown: Shown,
    error: str,
) -> None:  # fmt: skip
    slack.fail("chat.postMessage", error, 99)
    send = await books.send(ONE)
    await books.settle(ONE, "failed", "400")
    assert await follow(send) is True
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
    assert await follow(send) is True
    assert len(calls("chat.postMessage")) == 2
    assert [entry["event"] for entry in told] == ["card.private", "answer.lost"]
    assert ONE not in str(told)


async def test_a_card_deleted_by_a_person_goes_on_privately(
    slack: FakeSlack, books: Books, follow: Following, private: Private, eventually: Wait
) -> None:
    send = await books.send(ONE)
    job = follow(send)
    await eventually(lambda: slack.channel_messages(ONCALL))
    slack.channel_messages(ONCALL)[0].deleted = True
    await books.settle(ONE, "accepted")
    assert await job is True
    assert slack.channel_messages(ONCALL) == []
    assert "Success" in private()[-1].text


async def test_a_bot_removed_from_the_channel_goes_on_privately(
    slack: FakeSlack, books: Books, follow: Following, private: Private, eventually: Wait
) -> None:
    send = await books.send(ONE)
    job = follow(send)
    await eventually(lambda: slack.channel_messages(ONCALL))
    slack.fail("chat.update", "not_in_channel", 99)
    await books.settle(ONE, "accepted")
    assert await job is True
    assert "Success" in private()[-1].text


@pytest.mark.parametrize("kind", ["html", "refused"])
async def test_a_card_waits_for_slack_to_come_back(
    slack: FakeSlack, books: Books, follow: Following, told: list[Any], kind: Any,  # noqa: ANN401
    eventually: Wait,
) -> None:  # fmt: skip
    slack.outage(kind=kind)
    send = await books.send(ONE, TWO)
    await books.settle(ONE, "accepted")
    await books.settle(TWO, "failed", "400")
    job = follow(send)
    await eventually(lambda: told)
    await slack.recover()
    assert await job is True
    [card] = slack.channel_messages(ONCALL)
    assert status(card) == "Partial-Success"
    assert {entry["event"] for entry in told} == {"slack.down"}


async def test_a_failure_notice_that_slack_is_too_busy_for_is_told_later(
    slack: FakeSlack, books: Books, follow: Following, private: Private, calls: Calls
) -> None:
    slack.limit("response_url", 1, 1)
    send = await books.send(ONE)
    await books.settle(ONE, "failed", "400")
    assert await follow(send) is True
    assert len(private()) == 1
    assert len(calls("chat.postMessage")) == 1


async def test_a_send_that_is_gone_needs_no_card(follow: Following, slack: FakeSlack) -> None:
    assert await follow(404) is True
    assert slack.calls == []


async def test_the_sender_alone_is_told_in_full_who_may_have_been_sent_to(
    books: Books, follow: Following, private: Private, shown: Shown
) -> None:
    send = await books.send(ONE, TWO)
    await books.settle(ONE, "accepted")
    await books.settle(TWO, "in_doubt", "1001")
    await follow(send)
    await follow(send)
    [notice] = private()
    assert notice.text.endswith("1 may have been sent")
    assert TWO in shown(notice)
    assert "Retry failed" not in shown(notice)
