"""Answers that Slack does not take at once."""

import asyncio
import re
from typing import Any

from bot.sandbox.server import FakeSlack
from bot.slack.message import Message
from bot.slack.replies import Replies
from bot.slack.views.answers import plain
from bot.slack.voice import Ear, Voice

ALICE, ONCALL = "U0ALICE", "C0ONCALL"
NUMBER = "+16175551212"


async def test_an_answer_is_tried_again_until_slack_takes_it(
    slack: FakeSlack, voice: Voice, told: list[Any]
) -> None:
    slack.fail("chat.postEphemeral", "internal_error", 2)
    await Replies(voice, (0.01, 0.01)).say(Ear(ALICE, ONCALL), plain("hello"))
    assert [m.text for m in slack.seen_by(ALICE, ONCALL)] == ["hello"]
    assert told == []


async def test_an_answer_is_given_up_in_the_end_and_that_is_logged(
    slack: FakeSlack, voice: Voice, told: list[Any]
) -> None:
    slack.outage()
    await Replies(voice, (0.01, 0.01)).say(Ear(ALICE, ONCALL), plain("hello"))
    assert [(e["event"], e["why"]) for e in told] == [("answer.lost", "HTTP 503")]


async def test_requests_that_take_longer_than_the_grace_are_ended(voice: Voice) -> None:
    replies = Replies(voice)
    endless = asyncio.create_task(asyncio.sleep(600))
    replies.keep(endless)
    await replies.drained(0.05)
    assert endless.cancelled()


async def test_nothing_under_way_is_nothing_to_wait_for(voice: Voice) -> None:
    await Replies(voice).drained(600)


async def test_the_error_that_a_person_is_told_of_is_found_in_the_log(
    voice: Voice, told: list[Any]
) -> None:
    heard: list[str] = []

    async def tell(message: Message) -> None:
        heard.append(message.text)

    async with Replies(voice).answering("command", tell):
        raise ValueError(NUMBER)
    [words], [line] = heard, told
    shown = re.search(r"\(error ([0-9a-f]{6})\)", words)
    assert shown
    assert (line["event"], line["error_id"], line["error"]) == (
        "request.failed",
        shown[1],
        "ValueError",
    )
    assert NUMBER not in repr(line)
