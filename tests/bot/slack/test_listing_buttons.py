"""Clicks under a listing: its pages are turned in place, and it is shared if allowed."""

from dataclasses import replace
from typing import Any

import pytest

from bot.sandbox.model import Message
from tests.bot.slack.kit import ALICE, ONCALL, ONE, Desk, Private, Wait


async def listing(desk: Desk, private: Private, text: str = "recipients phone") -> Message:
    desk.twilio.verified = [(f"+1617555{n:04}", f"Phone {n:02} & <co>") for n in range(45)]
    await desk.slack.command(ALICE, ONCALL, text)
    return private()[-1]


async def test_pages_are_turned_in_place_and_a_filter_of_slacks_own_signs_is_kept(
    either: Desk, private: Private, eventually: Wait
) -> None:
    answer = await listing(either, private, "recipients & <co>")
    assert "45 can be reached" in answer.text
    await either.slack.click(ALICE, answer, "sms_next")
    await eventually(lambda: "Page 2 of 3" in str(answer.blocks))
    assert "45 can be reached" in answer.text
    await either.slack.click(ALICE, answer, "sms_previous")
    await eventually(lambda: "Page 1 of 3" in str(answer.blocks))


async def test_a_page_of_what_is_no_longer_allowed_is_refused_beside_the_listing(
    at_desk: Desk, private: Private, eventually: Wait
) -> None:
    answer = await listing(at_desk, private)
    at_desk.policy = replace(at_desk.policy, channels={})
    await at_desk.slack.click(ALICE, answer, "sms_next")
    await eventually(lambda: len(private()) == 2)
    await at_desk.slack.click(ALICE, answer, "sms_share")
    await eventually(lambda: len(private()) == 3)
    assert "Page 1 of 3" in str(answer.blocks)
    assert at_desk.slack.channel_messages(ONCALL) == []


@pytest.mark.parametrize(("error", "words"), [
    ("not_in_channel", "/invite"), ("is_archived", "is archived in Slack"),
    ("invalid_blocks", "did not take it"), ("ratelimited", "in a minute"),
])  # fmt: skip
async def test_a_share_that_slack_does_not_take_says_why(
    at_desk: Desk, private: Private, eventually: Wait, error: str, words: str
) -> None:
    answer = await listing(at_desk, private)
    at_desk.slack.fail("chat.postMessage", error, 99)
    assert (await at_desk.slack.click(ALICE, answer, "sms_share")).error == ""
    await eventually(lambda: words in private()[-1].text)


async def test_an_answer_waits_for_a_slack_that_is_busy(
    at_desk: Desk, private: Private, eventually: Wait
) -> None:
    answer = await listing(at_desk, private)
    at_desk.slack.limit("response_url", 1, 1)
    await at_desk.slack.click(ALICE, answer, "sms_next")
    await eventually(lambda: "Page 2 of 3" in str(answer.blocks))


async def test_an_answer_that_nobody_takes_is_logged_and_costs_nothing_else(
    at_desk: Desk, private: Private, eventually: Wait, told: list[Any]
) -> None:
    answer = await listing(at_desk, private)
    at_desk.slack.fail("*", "token_revoked", 999)
    await at_desk.slack.click(ALICE, answer, "sms_next")
    await eventually(lambda: [e for e in told if e["event"] == "answer.lost"])
    assert "hooks" not in str(told)


async def test_a_listing_that_fails_on_a_click_is_told_privately(
    at_desk: Desk, private: Private, eventually: Wait
) -> None:
    answer = await listing(at_desk, private)
    at_desk.policy = replace(at_desk.policy, channels={})
    await at_desk.books.run("ALTER TABLE audit ADD CHECK (action = '') NOT VALID")
    await at_desk.slack.click(ALICE, answer, "sms_next")
    await eventually(lambda: "not certain" in private()[-1].text)


async def test_a_send_that_may_no_longer_be_seen_is_refused_beside_the_list(
    at_desk: Desk, private: Private, eventually: Wait
) -> None:
    await at_desk.books.send(ONE)
    await at_desk.slack.command(ALICE, ONCALL, "status")
    [listed] = private()
    at_desk.policy = replace(at_desk.policy, channels={})
    await at_desk.slack.click(ALICE, listed, "sms_details", "1")
    await eventually(lambda: len(private()) == 2)
    assert "not in sms.toml" in private()[-1].text
    assert "The last sends" in listed.text


async def test_a_send_that_was_removed_meanwhile_is_told_of_beside_the_list(
    at_desk: Desk, private: Private, eventually: Wait
) -> None:
    await at_desk.books.send(ONE)
    await at_desk.slack.command(ALICE, ONCALL, "status")
    [listed] = private()
    await at_desk.books.run("DELETE FROM send")
    await at_desk.slack.click(ALICE, listed, "sms_details", "1")
    await eventually(lambda: len(private()) == 2)
    assert private()[-1].text == "This channel has no send 1."
    assert "The last sends" in listed.text
