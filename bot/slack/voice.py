"""Everything the bot says to Slack, with what each refusal means for the next step.

A call takes 10 s at most. Nothing is waited out here, not even a 429: what may pass is raised as
`SlackDown`, and the caller, who knows what else is due, tries again later.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.slack.link import Link
from bot.slack.message import Message

TIMEOUT = 10
"""Seconds for one call to Slack."""

SLACK_ERRORS = (SlackApiError, aiohttp.ClientError, TimeoutError, OSError)
"""What a call of the Web API may raise."""

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_NOT_HERE = frozenset(
    {"not_in_channel", "channel_not_found", "is_archived", "restricted_action", "no_permission"}
)
_PASSING = frozenset(
    {"ratelimited", "rate_limited", "internal_error", "fatal_error", "service_unavailable",
     "request_timeout", "team_added_to_org", "update_failed", "message_limit_exceeded"}
)  # fmt: skip


class NotMember(Exception):
    """The bot may not post in this channel; the answer has to be private."""


class SlackDown(Exception):
    """Slack did not take the call, but may later. `retry_after` is in seconds, None if unsaid."""

    def __init__(self, why: str, retry_after: float | None = None) -> None:
        super().__init__(why)
        self.retry_after = retry_after


class NotShown(Exception):
    """Slack refused the call for good; the text is Slack's error name."""


class _Redirected(aiohttp.ClientError):
    """Slack's address leads elsewhere, which is not asked."""


async def _stay(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    response = await handler(request)
    if response.status in _REDIRECTS:
        response.close()
        raise _Redirected
    return response


def open_session() -> aiohttp.ClientSession:
    """Open what carries the calls: no redirect is followed, for messages go with every hop."""
    return aiohttp.ClientSession(middlewares=(_stay,))


class _Client(AsyncWebClient):
    """Keeps its timeout: slack_sdk's own is for the sessions that it opens itself."""

    async def api_call(self, *args: Any, **kwargs: Any) -> AsyncSlackResponse:  # noqa: ANN401 - the SDK's
        async with asyncio.timeout(self.timeout):
            return await super().api_call(*args, **kwargs)


def web_client(
    token: str, base_url: str, session: aiohttp.ClientSession, timeout: int = TIMEOUT
) -> AsyncWebClient:
    """Build the one Web API client of a process; `timeout` is in seconds, for one call."""
    return _Client(token=token, base_url=base_url, session=session, timeout=timeout)


def error_of(exc: BaseException) -> str:
    """Name what went wrong in a call: Slack's word, an HTTP status, or the exception's class."""
    if not isinstance(exc, SlackApiError):
        return type(exc).__name__
    data = getattr(exc.response, "data", None)  # a broken body comes as aiohttp's response
    error = data.get("error") if isinstance(data, dict) else None
    return str(error or f"HTTP {_status(exc)}")


def pause_of(exc: BaseException) -> float | None:
    """Give the seconds that Slack wants to be left alone (Retry-After), None if it does not say."""
    if not isinstance(exc, SlackApiError):
        return None
    return _seconds(exc.response.headers.get("Retry-After"))


@dataclass(frozen=True)
class Ear:
    """One person to be told something privately, and by which ways.

    Attributes:
        user: Slack user id.
        channel: Slack channel id, where they are.
        url: a response_url, empty if there is none.
        until: when that URL ends, None for not soon.
    """

    user: str
    channel: str
    url: str = field(default="", repr=False)
    until: datetime | None = None


class Voice:
    """Posts, updates and whispers."""

    def __init__(self, client: AsyncWebClient, session: aiohttp.ClientSession) -> None:
        self._client = client
        self._session = session
        self.link = Link()
        """How the calls go, for who wants to know."""

    async def post(self, channel: str, message: Message, *, under: str = "") -> str:
        """Post in a channel, or `under` a message there, and give the message's timestamp.

        Raises:
            NotMember: the bot is not in the channel.
            SlackDown: try again later.
            NotShown: Slack will not take it.
        """
        thread = {"thread_ts": under} if under else {}
        answer = await self._call(
            "chat.postMessage", channel=channel, **message.payload(), **thread
        )
        return str(answer["ts"])

    async def update(self, channel: str, ts: str, message: Message) -> None:
        """Replace a message of ours. Raises as `post` does."""
        await self._call("chat.update", channel=channel, ts=ts, **message.payload())

    async def publish(self, user: str, view: Mapping[str, object]) -> None:
        """Show a person their App Home. Raises as `post` does."""
        await self._call("views.publish", user_id=user, view=view)

    async def whisper(self, ear: Ear, message: Message, *, replace: bool = False) -> None:
        """Tell one person alone, by the first way that works.

        The response_url needs no membership but ends after 30 minutes or 5 uses; then an
        ephemeral message in the channel, then a direct message.

        Args:
            ear: who is told.
            message: what.
            replace: put it in the place of the message whose button gave the response_url.

        Raises:
            SlackDown: try again later.
            NotShown: no way worked.
        """
        why = "no way to answer"
        for way in self._ways(ear, replace=replace):
            try:
                await way(message)
            except (NotMember, NotShown) as refused:
                why = str(refused)
            else:
                return
        raise NotShown(why)

    def _ways(self, ear: Ear, *, replace: bool) -> list[Callable[[Message], Awaitable[object]]]:
        alive = ear.url and (ear.until is None or datetime.now(UTC) < ear.until)
        return [
            *([partial(self._answer, ear.url, replace=replace)] if alive else []),
            *([partial(self._aside, ear.channel, ear.user)] if ear.channel else []),
            partial(self.post, ear.user),
        ]

    async def _aside(self, channel: str, user: str, message: Message) -> None:
        payload = {k: v for k, v in message.payload().items() if k != "metadata"}
        await self._call("chat.postEphemeral", channel=channel, user=user, **payload)

    async def _answer(self, url: str, message: Message, *, replace: bool) -> None:
        # without retry handlers, which would log the URL: whoever has it can answer
        webhook = AsyncWebhookClient(url, session=self._session, retry_handlers=[])
        try:
            async with asyncio.timeout(self._client.timeout):
                got = await webhook.send(
                    text=message.text,
                    blocks=[dict(block) for block in message.blocks],
                    response_type="ephemeral",
                    replace_original=replace,
                )
        except (aiohttp.ClientError, TimeoutError, OSError) as exc:
            raise SlackDown(type(exc).__name__) from exc
        if _passes(got.status_code):
            raise SlackDown(f"HTTP {got.status_code}", _seconds(got.headers.get("Retry-After")))
        if got.status_code != 200:  # noqa: PLR2004 - HTTP's OK
            raise NotShown(f"response_url: HTTP {got.status_code}")

    async def _call(self, method: str, **arguments: object) -> dict[str, object]:
        try:
            answer = await self._client.api_call(method, json=arguments)
        except SLACK_ERRORS as exc:
            refusal = _refusal(exc)
            if isinstance(refusal, SlackDown):
                self.link.failing(str(refusal))
            raise refusal from exc
        self.link.took()
        return dict(answer.data) if isinstance(answer.data, dict) else {}


def _refusal(exc: BaseException) -> NotMember | SlackDown | NotShown:
    error = error_of(exc)
    if error in _NOT_HERE:
        return NotMember(error)
    return SlackDown(error, pause_of(exc)) if passes(exc) else NotShown(error)


def passes(exc: BaseException) -> bool:
    """Tell whether a call that failed may be taken later, as it is."""
    if not isinstance(exc, SlackApiError):
        return True
    error = error_of(exc)
    # an OK that nobody can read is not Slack's: a proxy's page, or an answer that broke off
    unread = error == f"HTTP {HTTPStatus.OK}"
    return error in _PASSING or unread or _passes(_status(exc))


def _status(exc: SlackApiError) -> int:
    """Give the HTTP status, which a broken body's response has under another name."""
    response = exc.response
    return int(getattr(response, "status_code", 0) or getattr(response, "status", 0))


def _passes(status: int) -> bool:
    return status == 429 or status >= 500  # noqa: PLR2004 - HTTP's classes


def _seconds(header: object) -> float | None:
    try:
        return float(str(header))
    except ValueError:
        return None
