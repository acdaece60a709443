import asyncio
import contextlib
import json
import time
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.server import FakeSlack

ALICE, BOB, CHANNEL = "U0ALICE", "U0BOB", "C0ONCALL"
Json = dict[str, Any]
Buttons = Callable[..., list[Json]]


async def refused(call: Any) -> str:  # noqa: ANN401 - a coroutine of the SDK
    with pytest.raises(SlackApiError) as caught:
        await call
    return str(caught.value.response["error"])


async def test_auth_test_names_the_bot_and_its_scopes(web_client: AsyncWebClient) -> None:
    answer = await web_client.auth_test()
    assert (answer["user_id"], answer["bot_id"]) == ("U0SMSBOT", "B0SMSBOT")
    assert "usergroups:read" in answer.headers["x-oauth-scopes"]


async def test_tokens_are_checked(slack: FakeSlack, web_client: AsyncWebClient) -> None:
    assert await refused(web_client.auth_test(token="xoxb-other")) == "invalid_auth"
    assert await refused(web_client.auth_test(token=slack.app_token)) == "not_allowed_token_type"
    nobody = AsyncWebClient(base_url=slack.api_url)
    assert await refused(nobody.auth_test()) == "not_authed"
    assert await refused(web_client.api_call("chat.shout")) == "unknown_method"


async def test_a_missing_scope_is_named() -> None:
    async with FakeSlack(scopes=["commands"]) as slack:
        client = AsyncWebClient(token=slack.bot_token, base_url=slack.api_url)
        with pytest.raises(SlackApiError) as caught:
            await client.users_info(user=ALICE)
        assert caught.value.response["needed"] == "users:read"
        assert caught.value.response["provided"] == "commands"


async def test_a_post_is_on_everybodys_screen(slack: FakeSlack, web_client: AsyncWebClient) -> None:
    meta = {"event_type": "sms_send", "event_payload": {"id": "1"}}
    answer = await web_client.chat_postMessage(channel=CHANNEL, text="hi", metadata=meta)
    (message,) = slack.seen_by(BOB, CHANNEL)
    assert (message.text, message.ts) == ("hi", answer["ts"])
    assert slack.metadata(message) == meta
    assert "token" not in slack.calls[-1].args
    assert slack.calls[-1].args["metadata"] == meta


async def test_an_update_is_a_version_and_keeps_what_it_leaves_out(
    slack: FakeSlack, web_client: AsyncWebClient, buttons: Buttons
) -> None:
    meta = {"event_type": "sms_send", "event_payload": {}}
    blocks = buttons("retry")
    posted = await web_client.chat_postMessage(
        channel=CHANNEL, text="one", blocks=blocks, metadata=meta
    )
    await web_client.chat_update(channel=CHANNEL, ts=posted["ts"], text="two")
    await web_client.chat_update(channel=CHANNEL, ts=posted["ts"], text="three", blocks=[])
    message = slack.channel_messages("#oncall")[0]
    first, second, third = slack.history(message)
    assert [v.text for v in (first, second, third)] == ["one", "two", "three"]
    assert (first.blocks, second.blocks, third.blocks) == (blocks, blocks, [])
    assert message.metadata == meta
    assert first.at < second.at < third.at
    answer = await web_client.chat_update(channel=CHANNEL, ts=posted["ts"], text="x", metadata={})
    assert message.metadata is None
    assert answer["message"]["edited"]


@pytest.mark.parametrize(
    ("channel", "error"),
    [
        ("C0LOUNGE", "not_in_channel"),
        ("C0SECRET", "channel_not_found"),
        ("C0NOWHERE", "channel_not_found"),
        ("secret", "channel_not_found"),
        ("C0OLD", "is_archived"),
        ("U0SMSBOT", "channel_not_found"),
    ],
)
async def test_posts_go_only_where_the_bot_is(
    web_client: AsyncWebClient, channel: str, error: str
) -> None:
    assert await refused(web_client.chat_postMessage(channel=channel, text="hi")) == error


async def test_a_post_to_a_person_opens_one_direct_conversation(
    slack: FakeSlack, web_client: AsyncWebClient
) -> None:
    first = await web_client.chat_postMessage(channel=ALICE, text="psst")
    second = await web_client.chat_postMessage(channel=ALICE, text="again")
    assert first["channel"] == second["channel"]
    assert first["channel"].startswith("D")
    assert [m.text for m in slack.channel_messages(ALICE)] == ["psst", "again"]
    assert slack.add_dm("D0OTHER", ALICE).id == first["channel"]
    assert slack.add_dm("D0PAIR", ALICE, BOB).told_name == "directmessage"
    assert await refused(web_client.chat_postMessage(channel="D0PAIR", text="hi")) == (
        "channel_not_found"
    )


async def test_bad_contents_are_refused(slack: FakeSlack, web_client: AsyncWebClient) -> None:
    async def post(**content: object) -> str:
        content = {k: json.dumps(v) if k != "text" else v for k, v in content.items()}
        return await refused(
            web_client.api_call("chat.postMessage", json={"channel": CHANNEL} | content)
        )

    assert await post(text=" ") == "no_text"
    assert await post(blocks=[{"type": "divider", "x": 1}]) == "invalid_blocks"
    assert slack.violations == ["invalid additional property: x [json-pointer:/blocks/0]"]
    assert await post(text="hi", metadata="no object") == "invalid_metadata_format"
    assert await post(text="hi", metadata={"event_type": "x"}) == "invalid_metadata_schema"
    huge = {"event_type": "x", "event_payload": {"x": "y" * 20_000}}
    assert await post(text="hi", metadata=huge) == "metadata_too_large"
    assert await post(text="x" * 40_001) == "msg_too_long"
    broken = {"channel": CHANNEL, "blocks": "[{"}
    call = web_client.api_call("chat.postMessage", params=broken)
    assert await refused(call) == "invalid_blocks_format"
    assert slack.channel_messages(CHANNEL) == []


async def test_requests_may_be_json_form_or_query(slack: FakeSlack) -> None:
    url, token = slack.api_url + "chat.postMessage", slack.bot_token
    args = {"channel": CHANNEL, "text": "hi"}
    bearer = {"Authorization": f"Bearer {token}"}
    async with aiohttp.ClientSession() as http:

        async def said(**request: Any) -> Json:  # noqa: ANN401 - arguments of aiohttp
            async with http.post(url, **request) as response:
                body: Json = await response.json()
                return body

        assert (await said(json=args, headers=bearer))["ok"]
        assert (await said(data=args | {"token": token}))["ok"]
        assert (await said(params=args | {"token": token}))["ok"]
        kind = bearer | {"Content-Type": "application/json"}
        assert (await said(data="{", headers=kind))["error"] == "invalid_json"
        assert (await said(data="[]", headers=kind))["error"] == "json_not_object"


async def test_an_ephemeral_is_for_one_member_and_cannot_be_updated(
    slack: FakeSlack, web_client: AsyncWebClient
) -> None:
    sent = await web_client.chat_postEphemeral(channel=CHANNEL, user=ALICE, text="psst")
    assert [m.text for m in slack.seen_by(ALICE, CHANNEL)] == ["psst"]
    assert slack.seen_by(BOB, CHANNEL) == []
    update = web_client.chat_update(channel=CHANNEL, ts=sent["message_ts"], text="x")
    assert await refused(update) == "message_not_found"
    stranger = web_client.chat_postEphemeral(channel=CHANNEL, user="U0X", text="psst")
    assert await refused(stranger) == "user_not_in_channel"


async def test_updates_are_for_own_messages_in_living_channels(
    slack: FakeSlack, web_client: AsyncWebClient
) -> None:
    assert await refused(web_client.chat_update(channel=CHANNEL, ts="1.1", text="x")) == (
        "message_not_found"
    )
    await slack.command(ALICE, CHANNEL, "help")  # nobody listens: Slack complains in private
    posted = await web_client.chat_postMessage(channel=CHANNEL, text="one")
    slack.workspace.channels[CHANNEL].archived = True
    update = web_client.chat_update(channel=CHANNEL, ts=posted["ts"], text="x")
    assert await refused(update) == "is_archived"


async def test_people_and_groups_are_looked_up(web_client: AsyncWebClient) -> None:
    info = await web_client.users_info(user=ALICE)
    assert info["user"]["name"] == "alice"
    profile = await web_client.users_profile_get(user=ALICE)
    assert profile["profile"]["phone"] == "(617) 555-1212"
    groups = await web_client.usergroups_list(include_users=True)
    assert groups["usergroups"][0]["users"] == [ALICE, BOB]
    assert "users" not in (await web_client.usergroups_list())["usergroups"][0]
    assert (await web_client.usergroups_users_list(usergroup="S0SRE"))["users"] == [ALICE, BOB]
    assert await refused(web_client.usergroups_users_list(usergroup="S0X")) == "no_such_subteam"
    assert await refused(web_client.users_info(user="U0X")) == "user_not_found"
    assert await refused(web_client.users_info(user="")) == "user_not_found"


async def test_everybody_is_listed_page_by_page(
    slack: FakeSlack, web_client: AsyncWebClient
) -> None:
    slack.add_user("U0CY", "cy", deleted=True)
    slack.add_user("U0TEMP", "temp", restricted=True)
    slack.add_user("U0ZED", "zed", team="T0ELSEWHERE")
    first = await web_client.users_list(limit=3)
    cursor = first["response_metadata"]["next_cursor"]
    last = await web_client.users_list(limit=3, cursor=cursor)
    members = {m["id"]: m for m in (*first["members"], *last["members"])}
    assert list(members) == ["U0SMSBOT", ALICE, BOB, "U0CY", "U0TEMP"]
    assert [len(page["members"]) for page in (first, last)] == [3, 2]
    assert last["response_metadata"]["next_cursor"] == ""
    assert members[ALICE]["profile"]["phone"] == "(617) 555-1212"
    assert members["U0CY"]["deleted"]
    assert members["U0TEMP"]["is_restricted"]
    assert members["U0SMSBOT"]["is_bot"]


async def test_a_list_wants_a_limit_it_knows_and_a_cursor_it_gave(
    slack: FakeSlack, web_client: AsyncWebClient
) -> None:
    assert len((await web_client.users_list())["members"]) == 3
    for limit in ("0", "1001", "-1", "many"):
        call = web_client.api_call("users.list", params={"limit": limit})
        assert await refused(call) == "invalid_limit"
    assert await refused(web_client.users_list(limit=3, cursor="bmV4dA==")) == "invalid_cursor"
    for number in range(1000):
        slack.add_user(f"U{number}", f"n{number}")
    assert await refused(web_client.users_list()) == "limit_required"
    assert len((await web_client.users_list(limit=1000))["members"]) == 1000


async def test_somebody_from_elsewhere_is_told_by_the_workspace(
    slack: FakeSlack, web_client: AsyncWebClient
) -> None:
    slack.workspace.enterprise = "E0OURS"
    slack.add_user("U0ZED", "zed", team="T0ELSEWHERE", enterprise="E0THEIRS")
    zed = (await web_client.users_info(user="U0ZED"))["user"]
    assert (zed["team_id"], zed["is_stranger"]) == ("T0ELSEWHERE", False)
    assert zed["enterprise_user"]["enterprise_id"] == "E0THEIRS"
    ours = await web_client.auth_test()
    assert (ours["team_id"], ours["enterprise_id"]) == ("T0SANDBOX", "E0OURS")


async def test_a_disabled_group_is_given_only_to_who_asks_for_it(
    slack: FakeSlack, web_client: AsyncWebClient
) -> None:
    slack.add_user_group("S0SRE", "sre", [ALICE], disabled=True)
    assert slack.escape("@sre") == "@sre"
    assert await refused(web_client.usergroups_users_list(usergroup="S0SRE")) == "no_such_subteam"
    assert (await web_client.usergroups_list())["usergroups"] == []
    told = await web_client.usergroups_users_list(usergroup="S0SRE", include_disabled=True)
    assert told["users"] == [ALICE]
    (group,) = (await web_client.usergroups_list(include_disabled=True))["usergroups"]
    assert group["date_delete"] > 0


async def test_limits_and_errors_are_told_beforehand(
    slack: FakeSlack, web_client: AsyncWebClient
) -> None:
    slack.limit("chat.postMessage", 1, 7)
    with pytest.raises(SlackApiError) as caught:
        await web_client.chat_postMessage(channel=CHANNEL, text="hi")
    assert caught.value.response.status_code == 429
    assert caught.value.response.headers["Retry-After"] == "7"
    assert caught.value.response["error"] == "ratelimited"
    slack.fail("*", "fatal_error")
    assert await refused(web_client.chat_postMessage(channel=CHANNEL, text="hi")) == "fatal_error"
    await web_client.chat_postMessage(channel=CHANNEL, text="hi")
    assert [c.error for c in slack.calls] == ["ratelimited", "fatal_error", ""]


async def test_strict_rates_allow_one_post_a_second_a_channel(
    clock: Callable[[], float], pass_time: Callable[[float], None]
) -> None:
    async with FakeSlack(clock=clock, strict_rates=True) as slack:
        slack.add_channel("C0A", "a", [])
        slack.add_channel("C0B", "b", [])
        client = AsyncWebClient(token=slack.bot_token, base_url=slack.api_url)
        await client.chat_postMessage(channel="C0A", text="hi")
        await client.chat_postMessage(channel="C0B", text="hi")
        assert await refused(client.chat_postMessage(channel="C0A", text="hi")) == "ratelimited"
        pass_time(1)
        await client.chat_postMessage(channel="C0A", text="hi")
        for _ in range(20):
            await client.usergroups_list()
        assert await refused(client.usergroups_list()) == "ratelimited"
        for _ in range(20):
            await client.users_list(limit=1)
        assert await refused(client.users_list(limit=1)) == "ratelimited"


async def test_an_outage_is_a_page_or_a_closed_door(
    slack: FakeSlack, web_client: AsyncWebClient
) -> None:
    slack.outage()
    with pytest.raises(SlackApiError) as caught:
        await web_client.auth_test()
    assert caught.value.response.status_code == 503
    async with aiohttp.ClientSession() as http:
        kept_alive = await http.get(slack.api_url + "auth.test")
        await kept_alive.read()
        slack.outage(kind="refused")
        with pytest.raises(aiohttp.ClientError):
            await http.get(slack.api_url + "auth.test")
    with pytest.raises(aiohttp.ClientConnectorError):
        await web_client.auth_test()
    await slack.recover()
    await web_client.auth_test()


async def test_an_outage_may_end_by_itself_or_with_the_server(
    slack: FakeSlack, web_client: AsyncWebClient
) -> None:
    slack.outage(0.05, "refused")
    async with asyncio.timeout(20):
        while True:
            with contextlib.suppress(aiohttp.ClientConnectorError):
                await web_client.auth_test()
                break
            await asyncio.sleep(0.01)
    slack.outage(60, "refused")


async def test_latency_is_waited(slack: FakeSlack, web_client: AsyncWebClient) -> None:
    slack.latency = 0.1
    started = time.monotonic()
    await web_client.auth_test()
    assert time.monotonic() - started > 0.09
    assert slack.latency == 0.1


async def test_a_channel_tells_whether_it_is_archived(web_client: AsyncWebClient) -> None:
    for channel, archived in ((CHANNEL, False), ("C0OLD", True), ("C0LOUNGE", False)):
        told = await web_client.conversations_info(channel=channel)
        assert told["channel"]["is_archived"] is archived


@pytest.mark.parametrize(
    ("channel", "error"),
    [("C0SECRET", "channel_not_found"), ("C0NOWHERE", "channel_not_found")],
)
async def test_a_channel_that_the_bot_cannot_see_is_told_of_by_nothing(
    web_client: AsyncWebClient, channel: str, error: str
) -> None:
    assert await refused(web_client.conversations_info(channel=channel)) == error


async def test_a_direct_conversation_needs_a_scope_of_its_own(
    slack: FakeSlack, web_client: AsyncWebClient
) -> None:
    direct = slack.workspace.direct({ALICE, "U0SMSBOT"}).id
    assert await refused(web_client.conversations_info(channel=direct)) == "missing_scope"
