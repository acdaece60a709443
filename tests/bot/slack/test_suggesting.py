"""The composer's listeners while it is filled in: whatever happens, it can be gone on with."""

from dataclasses import replace
from typing import Any, cast

from bot.sandbox.model import View
from commands.rules import Policy
from tests.bot.slack.kit import ALICE, AWAY, ONCALL, ONE, Desk, Wait


async def opened(desk: Desk) -> View:
    """Open the composer by the shortcut, which asks for the channel."""
    await desk.slack.global_shortcut(ALICE, "sms_compose")
    return desk.slack.top_view(ALICE)


def senders(view: View) -> list[str]:
    """The senders to choose from."""
    menus = [b["element"] for b in view.body["blocks"] if b["block_id"].startswith("sender:")]
    return [option["value"] for menu in menus for option in menu["options"]]


def with_senders(policy: Policy, channel: str, *senders: str) -> Policy:
    """Give the policy with these senders of a channel."""
    rules = replace(policy.channels[channel], senders=senders)
    return replace(policy, channels={**policy.channels, channel: rules})


async def test_an_error_offers_nobody_and_is_answered_in_time(
    either: Desk, told: list[Any]
) -> None:
    await either.slack.command(ALICE, ONCALL, "send")
    view = either.slack.top_view(ALICE)
    either.policy = cast("Policy", None)
    offered = await either.slack.suggest(ALICE, view, "people", "alice")
    assert (offered.options, offered.done.error) == ([], "")
    assert [e["what"] for e in told if e["event"] == "request.failed"] == ["suggestions"]


async def test_a_command_in_a_channel_with_a_choice_of_senders_offers_them(at_desk: Desk) -> None:
    at_desk.policy = with_senders(at_desk.policy, ONCALL, "MG1", ONE)
    await at_desk.slack.command(ALICE, ONCALL, "send")
    assert senders(at_desk.slack.top_view(ALICE)) == ["MG1", ONE]


async def test_the_senders_follow_the_channel_that_is_chosen_and_the_text_stays(
    at_desk: Desk, eventually: Wait
) -> None:
    at_desk.policy = with_senders(at_desk.policy, ONCALL, "MG1", ONE)
    view = await opened(at_desk)
    view.state["message"] = {"message": {"type": "plain_text_input", "value": "Water"}}
    await at_desk.slack.click(ALICE, view, "channel", ONCALL)
    await eventually(lambda: senders(view) == ["MG1", ONE])
    await at_desk.slack.click(ALICE, view, "channel", AWAY)
    await eventually(lambda: senders(view) == [])
    assert view.state["message"]["message"]["value"] == "Water"


async def test_who_may_not_send_from_a_channel_is_not_told_its_senders(at_desk: Desk) -> None:
    at_desk.policy = with_senders(at_desk.policy, ONCALL, "MG1", ONE)
    rules = replace(at_desk.policy.channels[ONCALL], who=("U0BOB",))
    at_desk.policy = replace(at_desk.policy, channels={ONCALL: rules})
    view = await opened(at_desk)
    await at_desk.slack.click(ALICE, view, "channel", ONCALL)
    await at_desk.listeners.drained(5)
    assert ONCALL in view.body["private_metadata"]
    assert senders(view) == []


async def test_a_composer_that_slack_does_not_change_can_still_be_submitted(
    at_desk: Desk,
) -> None:
    view = await opened(at_desk)
    at_desk.slack.fail("views.update", "internal_error")
    done = await at_desk.slack.click(ALICE, view, "channel", ONCALL)
    assert done.error == ""
    values = {"channel": ONCALL, "recipients": "alice", "message": "Water"}
    await at_desk.slack.submit(ALICE, view, values)
    await at_desk.slack.submit(ALICE, at_desk.slack.top_view(ALICE), {})
    assert await at_desk.sends() == 1


async def test_a_list_that_cannot_be_read_leaves_the_others(at_desk: Desk) -> None:
    for method in ("users.list", "usergroups.list"):
        at_desk.slack.fail(method, "missing_scope", 9)
    await at_desk.slack.command(ALICE, ONCALL, "send")
    view = at_desk.slack.top_view(ALICE)
    assert (await at_desk.slack.suggest(ALICE, view, "people", "alice")).texts == ["alice"]
    await at_desk.slack.suggest(ALICE, view, "people", "alice")
    asked = [call for call in at_desk.slack.calls if call.method == "users.list"]
    assert len(asked) == 1
