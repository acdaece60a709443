"""Whom Twilio and Slack know, within the time that a command has."""

import asyncio

import pytest

from bot.directory import TimelyDirectory
from bot.sandbox.server import FakeSlack
from bot.sandbox.workspace import TEAM
from commands.errors import LookupFailed
from commands.person import Person, PersonState
from tests.bot.directory.conftest import LAB, Hurried
from twilio_core.testing import Error, FakeTwilio


async def test_verified_numbers_are_read_once_however_many_ask(
    within: Hurried, twilio: FakeTwilio
) -> None:
    asked = [within(5).verified() for _ in range(5)]
    assert await asyncio.gather(*asked) == [(LAB,)] * 5
    assert await within(5).verified() == (LAB,)
    assert len(twilio.requests) == 1


async def test_an_account_without_verified_numbers_is_remembered_as_well(
    within: Hurried, twilio: FakeTwilio
) -> None:
    twilio.verified = []
    assert await within(5).verified() == ()
    assert await within(5).verified() == ()
    assert len(twilio.requests) == 1


async def test_a_slow_twilio_ends_the_command_in_time_and_the_next_one_finds_the_answer(
    within: Hurried, twilio: FakeTwilio
) -> None:
    twilio.latency = 0.5
    with pytest.raises(LookupFailed, match="Twilio did not answer in time"):
        await within(0.1).verified()
    assert await within(5).verified() == (LAB,)
    assert len(twilio.requests) == 1


async def test_twilios_refusal_is_told_with_its_reason_and_not_remembered(
    within: Hurried, twilio: FakeTwilio
) -> None:
    twilio.script("*", Error(20003, 401))
    with pytest.raises(LookupFailed, match="did not give the verified numbers") as failed:
        await within(5).verified()
    assert "sms-bot check" in failed.value.remedy
    assert await within(5).verified() == (LAB,)


async def test_a_refusal_that_nobody_waits_for_any_more_goes_unnoticed(
    within: Hurried, twilio: FakeTwilio
) -> None:
    twilio.latency = 0.3
    twilio.script("*", Error(20003, 401))
    with pytest.raises(LookupFailed, match="in time"):
        await within(0.05).verified()
    await asyncio.sleep(0.6)


async def phone(directory: TimelyDirectory, user: str) -> str:
    return (await directory.people([user]))[user].phone


def asked(slack: FakeSlack, method: str) -> int:
    return sum(call.method == method for call in slack.calls)


async def test_a_user_is_known_by_name_phone_and_workspace(within: Hurried) -> None:
    assert await within(5).people(["U0ALICE", "U0BOB"]) == {
        "U0ALICE": Person("U0ALICE", "alice", "(617) 555-1212", team=TEAM),
        "U0BOB": Person("U0BOB", "bob", team=TEAM),
    }


async def test_whom_slack_does_not_know_is_nobody(within: Hurried) -> None:
    found = await within(5).people(["U0NOBODY"])
    assert found["U0NOBODY"].standing is PersonState.UNKNOWN


async def test_a_phone_that_the_user_object_leaves_out_is_read_from_the_profile(
    within: Hurried, slack: FakeSlack
) -> None:
    slack.workspace.sparse = True
    assert await phone(within(5), "U0ALICE") == "(617) 555-1212"


async def test_a_person_is_asked_for_once_however_many_ask(
    within: Hurried, slack: FakeSlack
) -> None:
    slack.latency = 0.1
    many = [phone(within(5), "U0ALICE") for _ in range(5)]
    assert await asyncio.gather(*many) == ["(617) 555-1212"] * 5
    assert await within(5).user_name("U0ALICE") == "alice"
    assert asked(slack, "users.info") == 1


async def test_who_had_no_number_is_asked_for_anew_once_it_is_filled_in(
    within: Hurried, slack: FakeSlack
) -> None:
    assert await phone(within(5), "U0BOB") == ""
    slack.add_user("U0BOB", "bob", phone="(617) 555-1213")
    assert await phone(within(5), "U0BOB") == "(617) 555-1213"


@pytest.mark.parametrize("error", ["missing_scope", "ratelimited", "internal_error"])
async def test_a_refused_look_up_of_a_phone_says_that_nothing_was_sent(
    within: Hurried, slack: FakeSlack, error: str
) -> None:
    slack.fail("users.info", error)
    with pytest.raises(LookupFailed, match=rf"\({error}\)\. Nothing was sent"):
        await within(5).people(["U0ALICE"])
    assert await phone(within(5), "U0ALICE") == "(617) 555-1212"


@pytest.mark.parametrize("kind", ["html", "refused"])
async def test_an_outage_of_slack_ends_a_look_up_but_not_a_name(
    within: Hurried, slack: FakeSlack, kind: str
) -> None:
    slack.outage(kind="html" if kind == "html" else "refused")
    with pytest.raises(LookupFailed):
        await within(5).people(["U0ALICE"])
    with pytest.raises(LookupFailed):
        await within(5).group_members("S0SRE")
    assert await within(5).user_name("U0ALICE") == "U0ALICE"


async def test_a_slow_slack_ends_each_look_up_in_time(within: Hurried, slack: FakeSlack) -> None:
    slack.latency = 30.0
    hurried = within(0.2)
    with pytest.raises(LookupFailed, match="Slack did not answer in time"):
        await hurried.people(["U0ALICE"])
    with pytest.raises(LookupFailed, match="Slack did not answer in time"):
        await hurried.group_members("S0SRE")
    assert await hurried.user_name("U0ALICE") == "U0ALICE"


async def test_what_came_too_late_is_found_by_the_next_try(
    within: Hurried, slack: FakeSlack
) -> None:
    slack.latency = 0.4
    late = within(0.1)
    with pytest.raises(LookupFailed):
        await late.group_members("S0SRE")
    with pytest.raises(LookupFailed):
        await late.people(["U0ALICE"])
    assert await within(5).group_members("S0SRE") == ("U0ALICE", "U0BOB")
    assert await phone(within(5), "U0ALICE") == "(617) 555-1212"
    assert len(slack.calls) == 2


async def test_slacks_pause_is_kept_and_told(within: Hurried, slack: FakeSlack) -> None:
    slack.limit("users.info", 1, retry_after=1)
    with pytest.raises(LookupFailed) as failed:
        await within(0.2).people(["U0ALICE"])
    assert failed.value.remedy == "Try again in 1 seconds, as Slack asks."
    assert asked(slack, "users.info") == 1
    assert await phone(within(5), "U0ALICE") == "(617) 555-1212"
    first, second = (call for call in slack.calls if call.method == "users.info")
    assert second.at - first.at >= 1


async def test_a_name_is_asked_for_once(within: Hurried, slack: FakeSlack) -> None:
    assert await within(5).user_name("U0BOB") == "bob"
    assert await within(5).user_name("U0BOB") == "bob"
    assert len(slack.calls) == 1


async def test_a_user_group_gives_its_members_and_is_asked_for_once(
    within: Hurried, slack: FakeSlack
) -> None:
    assert await within(5).group_members("S0SRE") == ("U0ALICE", "U0BOB")
    assert await within(5).group_exists("S0SRE")
    assert len(slack.calls) == 1


@pytest.mark.parametrize("group", ["S0NONE", "S0OFF", "S0EMPTY"])
async def test_a_group_that_is_unknown_disabled_or_empty_has_nobody_until_that_is_mended(
    within: Hurried, slack: FakeSlack, group: str
) -> None:
    slack.add_user_group("S0OFF", "off", ["U0ALICE"], disabled=True)
    slack.add_user_group("S0EMPTY", "empty", [])
    assert await within(5).group_members(group) == ()
    assert await within(5).group_exists(group) is (group == "S0EMPTY")
    assert len(slack.calls) == 1
    slack.add_user_group(group, "mended", ["U0BOB"])
    assert await within(5).group_members(group) == ("U0BOB",)


async def test_a_user_group_that_slack_does_not_give_is_a_failed_look_up(
    slack: FakeSlack, within: Hurried
) -> None:
    slack.fail("usergroups.users.list", "fatal_error", times=10)
    with pytest.raises(LookupFailed, match="fatal_error"):
        await within(5).group_members("S0SRE")


async def test_more_user_groups_than_are_kept_are_still_answered(
    within: Hurried, slack: FakeSlack
) -> None:
    for number in range(1010):
        slack.add_user_group(f"S{number}", f"g{number}", ["U0ALICE"])
        await within(5).group_members(f"S{number}")
    before = len(slack.calls)
    await within(5).group_members("S1009")
    assert len(slack.calls) == before
    await within(5).group_members("S0")
    assert len(slack.calls) == before + 1


async def test_the_payload_tells_who_is_a_guest_without_a_call(
    within: Hurried, slack: FakeSlack
) -> None:
    assert not await within(5).is_guest("U0ALICE", TEAM)
    assert await within(5).is_guest("U0ZED", "T0ELSEWHERE")
    assert [call.method for call in slack.calls] == ["auth.test"]


async def test_where_the_payload_names_no_workspace_the_user_object_tells(
    within: Hurried, slack: FakeSlack
) -> None:
    slack.add_user("U0ZED", "zed", team="T0ELSEWHERE")
    assert not await within(5).is_guest("U0ALICE", "")
    assert await within(5).is_guest("U0ZED", "")
    assert await within(5).is_guest("U0NOBODY", "")


async def test_within_an_organization_people_of_other_workspaces_are_no_guests(
    within: Hurried, slack: FakeSlack
) -> None:
    slack.workspace.enterprise = "E0OURS"
    slack.add_user("U0SIS", "sis", team="T0SISTER", enterprise="E0OURS")
    slack.add_user("U0ZED", "zed", team="T0ELSEWHERE", enterprise="E0THEIRS")
    assert not await within(5).is_guest("U0SIS", "T0SISTER")
    assert await within(5).is_guest("U0ZED", "T0ELSEWHERE")


async def test_as_long_as_slack_has_not_said_who_we_are_nobody_can_be_told_from_a_guest(
    within: Hurried, slack: FakeSlack
) -> None:
    slack.outage()
    with pytest.raises(LookupFailed, match="whether you are a guest") as failed:
        await within(5).is_guest("U0ALICE", TEAM)
    assert failed.value.remedy == "Try again in a few seconds."
