"""Who may call as Slack, and what becomes of a payload that is not as Slack's are."""

import asyncio
import copy
import time
from collections.abc import Iterator
from typing import Any, cast

import pytest
import structlog
from hypothesis import example, given, settings
from hypothesis import strategies as st
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.response import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient

from bot.config import load_settings
from bot.metrics import Metrics
from bot.sandbox import events
from bot.sandbox.server import FakeSlack
from bot.slack import surface
from bot.slack.bolt import bolt
from bot.slack.connection import SocketConnection
from bot.slack.listeners import Listeners, Tools
from bot.slack.replies import Replies
from bot.slack.requests import Signed, genuine
from bot.slack.views.composer import CHANNEL, PEOPLE
from tests.bot.slack.kit import ALICE, ONCALL, ONE, Desk, by_http

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
BODY = b"token=x&command=%2Fsms&text=help"
STAMP = "1531420618"
AT = float(STAMP)


def signed(body: bytes, stamp: str = STAMP, secret: str = SECRET) -> str:
    """Sign as Slack does, by code that is not the bot's."""
    return events.signed(body.decode(), secret, float(stamp))["X-Slack-Signature"]


def test_slacks_own_vector() -> None:
    body = (
        b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow"
        b"&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner"
        b"&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands"
        b"%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN"
        b"&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
    )
    given_ = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
    assert genuine(SECRET, body, STAMP, given_, AT)


@pytest.mark.parametrize("age", [-300, 0, 300])
def test_a_fresh_signature_is_slacks(age: float) -> None:
    assert genuine(SECRET, BODY, STAMP, signed(BODY), AT + age)


@pytest.mark.parametrize("age", [-301, 301, 1e12])
def test_an_old_one_is_a_replay_and_one_from_the_future_none_at_all(age: float) -> None:
    assert not genuine(SECRET, BODY, STAMP, signed(BODY), AT + age)


@pytest.mark.parametrize("stamp", ["", "banana", "-1", "1.5", " 1", "1" * 400, "\u0661", "0x10"])
def test_a_timestamp_that_is_none_is_nobodys(stamp: str) -> None:
    assert not genuine(SECRET, BODY, stamp, signed(BODY), AT)


@pytest.mark.parametrize(
    "given_", ["", "v0=", "v1=" + signed(BODY)[3:], "v0=é", "\udcff", "x" * 9999]
)
def test_a_made_up_signature_is_nobodys(given_: str) -> None:
    assert not genuine(SECRET, BODY, STAMP, given_, AT)


def test_an_empty_secret_signs_nothing() -> None:
    assert not genuine("", BODY, STAMP, signed(BODY, secret=""), AT)


@given(st.text(max_size=40).map(str.encode), st.binary(max_size=40))
@example(b"text=help", b"text=help")
def test_a_signature_is_of_one_body_alone(body: bytes, other: bytes) -> None:
    assert genuine(SECRET, other, STAMP, signed(body), AT) is (body == other)
    assert not genuine("another", body, STAMP, signed(body), AT)


# -- payloads of another shape than Slack's ------------------------------------------------

_PERSON = {"user": {"id": "U1", "team_id": "T1"}, "team": {"id": "T1"}, "trigger_id": "1.2"}
_VIEW = {"id": "V1", "private_metadata": "{}", "blocks": [], "state": {"values": {}}}
_ACTIONS = (surface.RETRY, surface.AGAIN, surface.REFRESH, surface.NEXT, surface.SHARE,
            surface.STATUS, surface.DETAILS, surface.UNDO, surface.CONFIRM, surface.APPROVE,
            surface.PAGE_ACK, surface.PAGE_REFRESH, surface.HOME_SEND, surface.HOME_REFRESH,
            CHANNEL)  # fmt: skip
GENUINE: list[tuple[str, dict[str, Any]]] = [
    ("slash_commands", {"command": "/sms", "text": "help", "user_id": "U1", "channel_id": "C1",
                        "trigger_id": "1.2", "response_url": "https://hooks.slack.com/x"}),
    *(("interactive", {**_PERSON, "type": "block_actions", "channel": {"id": "C1"},
                       "actions": [{"type": "button", "action_id": action, "value": "1"}]})
      for action in _ACTIONS),
    ("interactive", {**_PERSON, "type": "view_submission",
                     "view": {**_VIEW, "callback_id": surface.COMPOSE}}),
    ("interactive", {**_PERSON, "type": "view_submission",
                     "view": {**_VIEW, "callback_id": surface.PREVIEW}}),
    ("interactive", {**_PERSON, "type": "block_suggestion", "action_id": PEOPLE,
                     "block_id": "b", "value": "a", "view": _VIEW}),
    ("interactive", {**_PERSON, "type": "shortcut", "callback_id": surface.COMPOSE}),
    ("interactive", {**_PERSON, "type": "message_action", "callback_id": surface.FORWARD,
                     "channel": {"id": "C1"}, "message": {"text": "x"}, "message_ts": "1.2"}),
    ("events_api", {"type": "event_callback", "team_id": "T1", "event":
                    {"type": "app_home_opened", "user": "U1", "tab": "home"}}),
]  # fmt: skip

odd = st.recursive(
    st.sampled_from([None, True, 0, -1, 10**30, 1.5, "", "\0", "\ud800", "x" * 999, "<!channel>"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.just("id"), inner, max_size=1),
    max_leaves=3,
)


def paths(node: object, here: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Name every place in a payload."""
    inside = enumerate(node) if isinstance(node, list) else ()
    for key, value in node.items() if isinstance(node, dict) else inside:
        yield (*here, key)
        yield from paths(value, (*here, key))


@st.composite
def payloads(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """Draw a payload of Slack's with one or two places lost, or filled with something else."""
    kind, whole = draw(st.sampled_from(GENUINE))
    payload = copy.deepcopy(whole)
    for _ in range(draw(st.integers(1, 2))):
        *outer, last = draw(st.sampled_from(sorted(paths(payload), key=str)))
        inside: Any = payload
        for key in outer:
            inside = inside[key]
        if draw(st.booleans()):
            inside[last] = draw(odd)
        else:
            del inside[last]
        if not payload:
            break
    return kind, payload


class Unreachable:
    """What is behind the door: whoever asks it for anything has been let in, and it fails."""

    def __getattr__(self, name: str) -> object:
        raise RuntimeError(name)


class Mute(Unreachable):
    """A voice that nobody hears."""

    async def whisper(self, *_: object, **__: object) -> None:
        """Say nothing."""

    async def publish(self, *_: object, **__: object) -> None:
        """Show nothing."""


class Known:
    """An identity without a Slack."""

    async def authorize(self) -> AuthorizeResult:
        """Who we are."""
        return AuthorizeResult(enterprise_id=None, team_id="T1", bot_token="xoxb-1")


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> AsyncApp:
    """The listeners, with nothing behind them."""
    told = load_settings(
        {
            "SLACK_BOT_TOKEN": "xoxb-1-abc",
            "SLACK_SIGNING_SECRET": SECRET,
            "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
            "TWILIO_AUTH_TOKEN": "token",
            "TWILIO_FROM": "+15005550006",
        },
        tmp_path_factory.mktemp("door"),
    )
    app = bolt(told, cast("Any", Known()))
    nothing, mute = cast("Any", Unreachable()), cast("Any", Mute())
    Listeners(
        Tools(nothing, mute, nothing, nothing, Metrics(), Replies(mute, pauses=()), nothing)
    ).register(app)
    return app


async def post(
    app: AsyncApp, body: bytes, kind: str = "text/plain", **changes: str
) -> BoltResponse:
    now = time.time()
    headers = events.signed(body.decode("utf-8", "replace"), SECRET, now)
    headers |= {"Content-Type": kind, **{k.replace("_", "-"): v for k, v in changes.items()}}

    async def read() -> bytes:
        return body

    return await Signed(app, SECRET).answer(headers, read, now, peer="192.0.2.1")


@settings(max_examples=120)
@given(payloads())
@example(("interactive", {"type": "block_actions", "actions": []}))
@example(("events_api", {"type": "event_callback", "event": 5}))
def test_an_odd_payload_has_a_proper_answer_and_tells_the_log_nothing(
    door: AsyncApp, odd_one: tuple[str, dict[str, Any]]
) -> None:
    kind, payload = odd_one
    body = events.encoded(kind, payload).encode("utf-8", "replace")
    form = events.headers_of(kind, None)["Content-Type"]
    with structlog.testing.capture_logs() as logs:
        answer = asyncio.run(post(door, body, form))
    assert answer.status in {200, 400, 404}
    assert answer.status == 200 or logs
    assert "<!channel>" not in str(logs)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"payload=notjson", events.FORM),
        (b"payload=%5B%5D&payload=%7B", events.FORM),
        (b'{"a": ' * 20_000, events.JSON),
        (b'{"a": ' + b"1" * 5_000 + b"}", events.JSON),
        (b'{"team": 5}', events.JSON),
        (b'{"authorizations": 5}', events.JSON),
        (b'{"type": "block_actions", "actions": []}', events.JSON),
        (b"command=/sms", events.FORM),
    ],
)
async def test_a_signed_body_that_cannot_be_read_is_a_bad_request_with_a_line_in_the_log(
    door: AsyncApp, body: bytes, kind: str, told: list[Any]
) -> None:
    assert (await post(door, body, kind)).status == 400
    assert [line["event"] for line in told] == ["request.malformed"]


@pytest.mark.parametrize("body", [b"payload=notjson", b"{" * 50_000, b"\xff", b"ssl_check=1", b""])
async def test_nothing_is_read_of_a_body_that_slack_has_not_signed(
    door: AsyncApp, body: bytes, told: list[Any]
) -> None:
    answer = await post(door, body, X_Slack_Signature="v0=" + "0" * 64)
    assert answer.status == 401
    assert [line["event"] for line in told] == ["slack.unsigned"]


@pytest.mark.parametrize("age", [None, 301])
async def test_a_body_without_a_fresh_signature_is_not_even_waited_for(
    door: AsyncApp, age: float | None
) -> None:
    headers = {} if age is None else events.signed("x", SECRET, AT - age)

    async def read() -> bytes:
        raise AssertionError

    assert (await Signed(door, SECRET).answer(headers, read, AT)).status == 401


async def test_a_request_that_nobody_listens_to_is_not_found(
    door: AsyncApp, told: list[Any]
) -> None:
    assert (await post(door, b"command=/other&user_id=U1", events.FORM)).status == 404
    assert [line["event"] for line in told] == ["request.unhandled"]


async def test_a_signed_request_that_is_played_again_is_one_send(
    desk: Desk, client: AsyncWebClient
) -> None:
    payload = {"command": "/sms", "text": f"send {ONE} Water", "user_id": ALICE,
               "channel_id": ONCALL, "trigger_id": "1.2.3", "response_url": ""}  # fmt: skip
    async with by_http(desk, client):
        for _ in range(3):
            assert (await desk.slack.post_raw("slash_commands", payload)).status == 200
        assert (await desk.slack.post_raw("slash_commands", payload, age=301)).status == 401
    assert await desk.sends() == 1


async def test_an_odd_payload_by_socket_mode_leaves_the_connection_as_it_is(
    door: AsyncApp, slack: FakeSlack, client: AsyncWebClient, told: list[Any]
) -> None:
    connection = SocketConnection(door, slack.app_token, client)
    connection.start()
    await slack.connected(10)
    odd_ones: list[dict[str, Any]] = [{"team": 5}, {"type": "block_actions", "actions": []}]
    slack.ack_limit = 0.2  # there will be none
    for number, payload in enumerate(odd_ones):
        await slack.carry("interactive", payload, f"e{number}")
    assert [line["event"] for line in told if "malformed" in line["event"]] == [
        "request.malformed",
        "request.malformed",
    ]
    slack.ack_limit = 3.0
    done = await slack.command(ALICE, ONCALL, "help")
    await connection.stop(1)
    assert done.error == ""


def test_what_slack_signs_with_is_in_no_repr(door: AsyncApp) -> None:
    assert SECRET not in repr(Signed(door, SECRET))
