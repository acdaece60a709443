"""A local Slack for scenarios and the demo: real sockets, real HTTP, no account.

    async with FakeSlack() as slack:
        slack.add_user("U0ALICE", "alice", phone="(617) 555-1212")
        slack.add_channel("C0ONCALL", "oncall", ["U0ALICE"])
        # start the bot with SLACK_API_URL=slack.api_url, SLACK_BOT_TOKEN=slack.bot_token and
        # SLACK_APP_TOKEN=slack.app_token; or, over HTTP, with SLACK_SIGNING_SECRET=
        # slack.signing_secret, after slack.events_url = "http://127.0.0.1:3000/slack/events"
        await slack.connected(5)
        done = await slack.command("U0ALICE", "C0ONCALL", "send +16175551212 hello")
        assert not done.error                      # e.g. operation_timeout, dispatch_failed
        card = slack.channel_messages("C0ONCALL")[-1]
        slack.history(card)                        # every version, with its monotonic time
        private = slack.seen_by("U0ALICE", "C0ONCALL")[-1]
        await slack.click("U0ALICE", private, "retry")
        modal = slack.top_view("U0ALICE")          # after views.open
        await slack.suggest("U0ALICE", modal, "people", "al")     # types into an external select
        await slack.submit("U0ALICE", modal, {"body": "hello"})   # values by block_id
        assert slack.violations == []              # Block Kit faults of what the bot sent

A person needs to be a member of the channel they act in; what nobody can do in Slack raises
`Impossible`. Faults are told, never random: `limit`, `fail`, `outage`, `latency`, `drop`,
`disconnect`, `fail_handshakes`. Time for triggers and response URLs is `clock`; signatures always
bear the real time, since Bolt checks them against it.
"""

import secrets
import time
from collections.abc import Callable, Collection
from types import TracebackType
from typing import Literal, Self

import aiohttp
from aiohttp import web

from bot.sandbox import events
from bot.sandbox.answers import Answers
from bot.sandbox.api import SCOPES, WebApi
from bot.sandbox.door import Door, Outage
from bot.sandbox.faults import Faults
from bot.sandbox.methods import Methods
from bot.sandbox.model import Answer, Call, Json, Retry
from bot.sandbox.people import People
from bot.sandbox.socket_mode import SocketMode
from bot.sandbox.workspace import APP, Workspace
from twilio_core.testing.port import HOST

Reason = Literal["warning", "refresh_requested", "link_disabled"]


class FakeSlack(People):
    """One workspace with the app installed, served on a free port of 127.0.0.1.

    Attributes:
        bot_token: for SLACK_BOT_TOKEN.
        app_token: for SLACK_APP_TOKEN.
        signing_secret: for SLACK_SIGNING_SECRET.
        calls: what was called, oldest first.
        events_url: the app's request URL, for HTTP delivery while no socket is connected.
        ack_limit: seconds an ack may take; Slack's 3.
    """

    def __init__(
        self,
        *,
        scopes: Collection[str] = SCOPES,
        clock: Callable[[], float] = time.time,
        ack_limit: float = 3.0,
        should_escape: bool = True,
        strict_rates: bool = False,
        events_url: str = "",
        ping_interval: float = 10.0,
    ) -> None:
        super().__init__(Workspace(clock), should_escape=should_escape)
        self.bot_token = f"xoxb-sandbox-{secrets.token_hex(8)}"
        self.app_token = f"xapp-1-{APP}-{secrets.token_hex(8)}"
        self.signing_secret = secrets.token_hex(16)
        self.events_url = events_url
        self.ack_limit = ack_limit
        self._faults = Faults(clock, strict_rates=strict_rates)
        self._sockets = SocketMode(ping_interval)
        methods = Methods(self.workspace, self.violations, self._socket_url)
        tokens = {self.bot_token: "bot", self.app_token: "app"}
        self._api = WebApi(methods, self._faults, self._sockets, tokens, scopes)
        self.calls: list[Call] = self._api.calls
        self._door = Door()

    async def __aenter__(self) -> Self:
        app = web.Application()
        answers = Answers(self.workspace, self._faults, self.calls, self.violations)
        app.router.add_route("*", "/api/{method}", self._api.handle)
        app.router.add_get("/link/", self._sockets.handle)
        app.router.add_post("/{kind:commands|actions}/{team}/{id}", answers.handle)
        await self._door.open(app)
        self._session = aiohttp.ClientSession()
        self._http = events.SignedHttp(self._session)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._sockets.close()
        await self._session.close()
        await self._door.close()

    @property
    def base_url(self) -> str:
        """Scheme, host and port."""
        return f"http://{HOST}:{self._door.port}"

    @property
    def api_url(self) -> str:
        """For SLACK_API_URL."""
        return f"{self.base_url}/api/"

    def _socket_url(self) -> str:
        ticket = self._sockets.ticket()
        return f"ws://{HOST}:{self._door.port}/link/?ticket={ticket}&app_id={APP}"

    # -- Socket Mode and HTTP -------------------------------------------------------------

    async def connected(self, timeout: float = 5.0, *, count: int = 1) -> None:  # noqa: ASYNC109
        """Wait until there are `count` sockets; TimeoutError if there are not."""
        await self._sockets.connected(timeout, count)

    @property
    def connections(self) -> int:
        """How many sockets there are."""
        return self._sockets.live

    @property
    def late_acks(self) -> list[Json]:
        """Socket Mode acks that came too late or twice."""
        return self._sockets.late_acks

    async def disconnect(
        self, reason: Reason = "refresh_requested", grace: float | None = None
    ) -> None:
        """Announce the end of every socket; it comes `grace` seconds later (by reason)."""
        await self._sockets.disconnect(reason, grace)

    def drop(self) -> None:
        """Break every socket's TCP connection."""
        self._sockets.drop()

    def fail_handshakes(self, times: int, status: int = 500) -> None:
        """Refuse the next WebSocket handshakes; their addresses never work again."""
        self._sockets.fail_handshakes(times, status)

    async def post_raw(
        self,
        kind: str,
        payload: Json,
        *,
        secret: str | None = None,
        age: float = 0,
        retry: Retry | None = None,
    ) -> Answer:
        """Post to `events_url`, for instance with a wrong secret or an old signature.

        `kind` is ``slash_commands``, ``interactive`` or ``events_api``, `age` in seconds.
        """
        body = events.encoded(kind, payload)
        key = self.signing_secret if secret is None else secret
        headers = events.signed(body, key, time.time() - age) | events.headers_of(kind, retry)
        return await self._http.post(self.events_url, body, headers, self.ack_limit)

    async def carry(
        self, kind: str, payload: Json, envelope_id: str, retry: Retry | None = None
    ) -> Answer:
        """Deliver over the next socket in turn, else to `events_url`, else to nobody."""
        if self._sockets.live:
            deliver = self._sockets.deliver
            return await deliver(kind, payload, envelope_id, self.ack_limit, retry)
        if self.events_url:
            return await self.post_raw(kind, payload, retry=retry)
        return Answer("none")

    # -- faults ---------------------------------------------------------------------------

    @property
    def latency(self) -> float:
        """Seconds that each answer of the Web API takes."""
        return self._faults.latency

    @latency.setter
    def latency(self, seconds: float) -> None:
        self._faults.latency = seconds

    def limit(self, method: str, times: float, retry_after: int) -> None:
        """Answer the next calls of a method (``*``: any; ``response_url``) with 429."""
        self._faults.limit(method, times, retry_after)

    def fail(self, method: str, error: str, times: float = 1) -> None:
        """Answer the next calls of a method with an error of Slack's."""
        self._faults.fail(method, error, times)

    def outage(self, seconds: float | None = None, kind: Outage = "html") -> None:
        """Answer everything with a 503 page, or refuse connections; None: until `recover`.

        Sockets that are connected stay so: `drop` them too, if they shall go.
        """
        self._door.shut(seconds, kind)

    async def recover(self) -> None:
        """End an outage."""
        await self._door.reopen()
