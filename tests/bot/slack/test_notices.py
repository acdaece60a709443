"""What the sender alone is told: of failures and doubts, and of everything where the bot is no
member."""

import asyncio
import re

import pytest

from bot.drain import Unfinished
from bot.sandbox.server import FakeSlack
from bot.slack.follower import NOTICE_PAUSE
from bot.tasks import Order, Task
from tests.bot.slack.kit import AWAY, ONE, TWO, Books, Calls, Following, Private, Shown, Wait

THREE = "+16175551214"


# -- notices ------------------------------------------------------------------------------


async def test_the_sender_alone_is_told_of_failures_at_once_and_once(
    books: Books, follow: Following, private: Private, shown: Shown
) -> None:
    send = await books.send(ONE, TWO)
    await books.settle(ONE, "accepted")
    await books.settle(TWO, "failed", "400")
    books.jobs.deferred.clear()
    assert await follow.start(send) is None
    assert books.jobs.deferred == [Order(Task.NOTICE, send)]
    await follow.whole(send)
    await follow.whole(send)
    [notice] = private()
    assert "1 of 2 failed" in notice.text
    assert TWO in shown(notice)
    assert "Retry failed (1)" in shown(notice)


async def test_the_sender_alone_is_told_in_full_who_may_have_been_sent_to(
    books: Books, follow: Following, private: Private, shown: Shown
) -> None:
    send = await books.send(ONE, TWO)
    await books.settle(ONE, "accepted")
    await books.doubt(TWO, looked_for=False)
    await follow.whole(send)
    [notice] = private()
    assert "1 of 2 unknown" in notice.text
    assert TWO in shown(notice)
    assert "Send again (1)" in shown(notice)
    assert "Retry failed" not in shown(notice)


async def test_failed_numbers_that_one_message_has_no_room_for_are_in_further_ones(
    books: Books, follow: Following, private: Private, shown: Shown
) -> None:
    numbers = [f"+1617555{n:04}" for n in range(2_500)]
    send = await books.send(*numbers)
    await books.run("UPDATE delivery SET state = 'failed', code = '400'")
    await follow.whole(send)
    first, *others = private()
    assert "2,500 of 2,500 failed" in first.text
    assert [each.text for each in others] == [
        "SMS #1, failed numbers 922 to 1,842 of 2,500",
        "SMS #1, failed numbers 1,843 to 2,500 of 2,500",
    ]
    told = re.findall(r"\+1617555\d{4}", " ".join(map(shown, others)))
    assert told == numbers[921:]
    assert ",".join(numbers[:921]) in shown(first)


async def test_nobody_is_told_before_it_is_clear_how_many_failed(
    books: Books, follow: Following, private: Private
) -> None:
    send = await books.send(ONE, TWO)
    await books.settle(ONE, "failed", "400")
    await books.doubt(TWO, looked_for=True)
    await books.grow_older(2)
    await follow.whole(send)
    assert private() == []
    assert await follow.follower.notify(send) is None
    assert private() == []


async def test_failures_that_trickle_in_are_told_together_with_growing_pauses(
    books: Books, follow: Following, private: Private
) -> None:
    numbers = [f"+1617555{n:04}" for n in range(9)]
    send = await books.send(*numbers)
    for number in numbers:
        await books.settle(number, "accepted")
    pauses = []
    for number in numbers:
        await books.hear(send, number, "undelivered", 30003)
        assert await follow.start(send) is None
        [notice] = books.jobs.taken(Task.NOTICE)
        pauses.append(notice.after)
        assert await follow.follower.notify(send) is None
    steps = [NOTICE_PAUSE * 2**n for n in (0, 1, 2, 3, 4, 5, 5, 5)]
    assert pauses[0] == 0
    assert all(0 < pause <= step for pause, step in zip(pauses[1:], steps, strict=True))
    assert all(pause > step / 2 for pause, step in zip(pauses[2:], steps[1:], strict=True))
    assert [n.text.split(": ")[1] for n in private()] == [f"{n} of 9 failed" for n in range(1, 10)]


async def test_failures_that_come_while_a_notice_waits_are_in_it(
    books: Books, follow: Following, private: Private, shown: Shown
) -> None:
    send = await books.send(ONE, TWO, THREE)
    for number in (ONE, TWO, THREE):
        await books.settle(number, "accepted")
    await books.hear(send, ONE, "undelivered", 30003)
    await follow.whole(send)
    await books.hear(send, TWO, "undelivered", 30003)
    assert await follow.start(send) is None
    await books.hear(send, THREE, "failed", 30008)
    await follow.whole(send)
    await follow.whole(send)
    first, second = private()
    assert "1 of 3 failed" in first.text
    assert "3 of 3 failed" in second.text
    assert f"{ONE},{TWO},{THREE}" in shown(second)


async def test_after_a_long_silence_a_notice_comes_at_once(books: Books, follow: Following) -> None:
    send = await books.send(ONE, TWO)
    await books.settle(ONE, "failed", "400")
    await books.settle(TWO, "accepted")
    await follow.whole(send)
    await books.run("UPDATE card SET told_at = now() - interval '1 hour'")
    await books.hear(send, TWO, "undelivered", 30003)
    assert await follow.start(send) is None
    assert books.jobs.taken(Task.NOTICE) == [Order(Task.NOTICE, send)]


async def test_a_doubt_that_turns_into_a_failure_is_not_told_twice(
    books: Books, follow: Following, private: Private
) -> None:
    send = await books.send(ONE)
    await books.doubt(ONE, looked_for=False)
    await follow.whole(send)
    await books.hear(send, ONE, "undelivered", 30003)
    await follow.whole(send)
    assert len(private()) == 1


async def test_who_was_reached_after_all_and_fails_again_is_told_anew(
    books: Books, follow: Following, private: Private
) -> None:
    send = await books.send(ONE)
    await books.doubt(ONE, looked_for=False)
    await follow.whole(send)
    await books.hear(send, ONE, "sent")
    await follow.whole(send)
    await books.hear(send, ONE, "undelivered", 30003)
    await follow.whole(send)
    assert ["unknown" in notice.text for notice in private()] == [True, False]


async def test_a_notice_that_was_overtaken_by_good_news_is_not_given(
    books: Books, follow: Following, private: Private
) -> None:
    send = await books.send(ONE)
    await books.doubt(ONE, looked_for=False)
    assert await follow.start(send) is None
    await books.hear(send, ONE, "delivered")
    assert await follow.follower.notify(send) is None
    assert private() == []


async def test_a_notice_waits_for_slack_with_growing_pauses_and_is_given_in_the_end(
    slack: FakeSlack, books: Books, follow: Following, private: Private
) -> None:
    send = await books.send(ONE)
    await books.settle(ONE, "failed", "400")
    assert await follow.start(send) is None
    slack.outage()
    pauses = [await follow.follower.notify(send) for _ in range(4)]
    assert pauses == [Unfinished(seconds) for seconds in (1, 2, 4, 8)]
    await slack.recover()
    assert await follow.follower.notify(send) is None
    assert len(private()) == 1


async def test_a_slack_that_names_a_time_for_the_notice_gets_no_second_card(
    slack: FakeSlack, books: Books, follow: Following, private: Private, calls: Calls
) -> None:
    slack.limit("response_url", 1, 3)
    send = await books.send(ONE)
    await books.settle(ONE, "failed", "400")
    assert await follow.start(send) is None
    assert await follow.follower.notify(send) == Unfinished(3.0)
    assert await follow.follower.notify(send) is None
    assert len(private()) == 1
    assert len(calls("chat.postMessage")) == 1


# -- where the bot is no member -----------------------------------------------------------


async def test_where_the_bot_is_no_member_a_fast_result_is_told_privately_at_once(
    books: Books, follow: Following, private: Private, slack: FakeSlack
) -> None:
    send = await books.send(ONE, channel=AWAY)
    await books.settle(ONE, "accepted")
    await follow.whole(send)
    [answer] = private(channel=AWAY)
    assert "Success" in answer.text
    assert slack.channel_messages(AWAY) == []


async def test_a_private_answer_that_takes_long_comes_first_with_a_refresh_button_then_final(
    books: Books, follow: Following, private: Private, eventually: Wait, shown: Shown
) -> None:
    send = await books.send(ONE, channel=AWAY)
    await books.grow_older(-60)
    job = follow.start(send)
    await asyncio.sleep(0.5)
    assert private(channel=AWAY) == []
    await books.grow_older(62)
    await eventually(lambda: private(channel=AWAY))
    assert "sms_refresh" in str(private(channel=AWAY)[0].blocks)
    await books.settle(ONE, "failed", "400")
    assert await job is None
    first, final = private(channel=AWAY)
    assert "Sending" in first.text
    assert "Failed" in final.text
    assert ONE in shown(final)
    assert books.jobs.taken(Task.NOTICE) == []


async def test_a_private_answer_says_first_that_twilio_is_looked_at_and_then_what_came_of_it(
    books: Books, follow: Following, private: Private, shown: Shown
) -> None:
    send = await books.send(ONE, channel=AWAY)
    await books.doubt(ONE, looked_for=True)
    await books.grow_older(2)
    await follow.whole(send)
    await follow.whole(send)
    [first] = private(channel=AWAY)
    assert "Looking at Twilio" in shown(first)
    await books.doubt(ONE, looked_for=False)
    await follow.whole(send)
    final = private(channel=AWAY)[-1]
    assert "Unknown" in final.text
    assert "Send again (1)" in shown(final)
    assert len(private(channel=AWAY)) == 2


async def test_a_private_answer_waits_a_moment_for_a_doubt_to_be_resolved(
    books: Books, follow: Following, private: Private
) -> None:
    send = await books.send(ONE, channel=AWAY)
    await books.grow_older(-60)
    await books.doubt(ONE, looked_for=True)
    job = follow.start(send)
    await asyncio.sleep(0.5)
    await books.hear(send, ONE, "sent")
    assert await job is None
    [answer] = private(channel=AWAY)
    assert "Success" in answer.text


async def test_a_private_answer_is_not_repeated_after_a_restart(
    books: Books, follow: Following, private: Private
) -> None:
    send = await books.send(ONE, channel=AWAY)
    await books.settle(ONE, "failed", "400")
    await follow.whole(send)
    await follow.whole(send)
    assert len(private(channel=AWAY)) == 1


@pytest.mark.parametrize("word", ["undelivered", "failed"])
async def test_what_fails_after_a_private_answer_is_told_by_a_notice(
    books: Books, follow: Following, private: Private, shown: Shown, word: str
) -> None:
    send = await books.send(ONE, TWO, channel=AWAY)
    await books.settle(ONE, "accepted")
    await books.settle(TWO, "accepted")
    await follow.whole(send)
    await books.hear(send, TWO, word, 30003)
    await follow.whole(send)
    answer, notice = private(channel=AWAY)
    assert "Success" in answer.text
    assert "1 of 2 failed" in notice.text
    assert TWO in shown(notice)


async def test_what_was_delivered_after_a_private_answer_needs_no_word(
    books: Books, follow: Following, private: Private
) -> None:
    send = await books.send(ONE, channel=AWAY)
    await books.settle(ONE, "accepted")
    await follow.whole(send)
    await books.hear(send, ONE, "delivered")
    await follow.whole(send)
    assert len(private(channel=AWAY)) == 1
