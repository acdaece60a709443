"""Whether a channel is archived, as far as Slack tells."""

import asyncio

import pytest

from bot.sandbox.server import FakeSlack
from tests.bot.directory.conftest import Hurried


@pytest.fixture
def channels(slack: FakeSlack) -> FakeSlack:
    """An open channel, an archived one, and private ones with and without the bot."""
    slack.add_channel("C0ONCALL", "oncall", ["U0ALICE"], bot_member=False)
    slack.add_channel("C0OLD", "old", ["U0ALICE"], archived=True)
    slack.add_channel("G0OLD", "gold", ["U0ALICE"], private=True, archived=True)
    slack.add_channel("G0ALIEN", "alien", [], private=True, bot_member=False, archived=True)
    return slack


def looks(slack: FakeSlack) -> int:
    """How often Slack was asked about a channel."""
    return sum(call.method == "conversations.info" for call in slack.calls)


@pytest.mark.parametrize(
    ("channel", "archived"), [("C0ONCALL", False), ("C0OLD", True), ("G0OLD", True)]
)
async def test_whether_a_channel_is_archived_is_looked_up(
    within: Hurried, channels: FakeSlack, channel: str, *, archived: bool
) -> None:
    assert await within(5).archived(channel) is archived
    assert looks(channels) == 1


async def test_that_a_channel_is_open_is_remembered(within: Hurried, channels: FakeSlack) -> None:
    assert not await within(5).archived("C0ONCALL")
    channels.workspace.channels["C0ONCALL"].archived = True
    assert not await within(5).archived("C0ONCALL")
    assert looks(channels) == 1


async def test_that_a_channel_is_archived_is_asked_anew_as_somebody_may_have_mended_it(
    within: Hurried, channels: FakeSlack
) -> None:
    assert await within(5).archived("C0OLD")
    assert await within(5).archived("C0OLD")
    channels.workspace.channels["C0OLD"].archived = False
    assert not await within(5).archived("C0OLD")


@pytest.mark.parametrize("error", ["missing_scope", "channel_not_found", "ratelimited"])
async def test_where_slack_does_not_tell_a_channel_is_taken_for_open_and_asked_about_again(
    within: Hurried, channels: FakeSlack, error: str
) -> None:
    channels.fail("conversations.info", error, 1)
    assert not await within(5).archived("C0OLD")
    assert await within(5).archived("C0OLD")


@pytest.mark.parametrize("channel", ["G0ALIEN", "C0NOWHERE", ""])
async def test_a_channel_that_the_bot_cannot_see_is_taken_for_open(
    within: Hurried, channels: FakeSlack, channel: str
) -> None:
    assert channels.calls == []
    assert not await within(5).archived(channel)


@pytest.mark.parametrize("seconds", [0.1, 50])
async def test_a_slow_slack_does_not_hold_up_a_send_for_it(
    within: Hurried, channels: FakeSlack, seconds: float
) -> None:
    channels.latency = 40.0
    async with asyncio.timeout(30):  # Slack has not answered by then
        assert not await within(seconds).archived("C0OLD")
