"""Whom Twilio and Slack know, looked up live: `commands.ports.Directory`.

Twilio's verified numbers are kept for a minute and read once however many ask at once. Every
look-up has to end before the command's deadline, because Slack waits 3 s for an answer; a read of
the verified numbers goes on behind it, so that asking again finds them.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.voice import SLACK_ERRORS, error_of
from commands.errors import LookupFailed
from commands.model import Recipient
from twilio_core import TwilioClient, TwilioError
from twilio_core.activity import judge

KEPT = 60.0
"""Seconds for which a directory's answer is good."""

_MOST_NAMES = 10_000
_NO_GROUP = frozenset({"no_such_subteam", "subteam_not_found"})

T = TypeVar("T")


@dataclass
class _Kept(Generic[T]):
    """One answer, its age, and the look-up under way."""

    ask: Callable[[], Awaitable[T]]
    value: T | None = None
    until: float = 0.0
    running: asyncio.Task[T] | None = field(default=None, repr=False)

    async def get(self) -> T:
        if self.value is not None and time.monotonic() < self.until:
            return self.value
        if self.running is None or self.running.done():
            self.running = asyncio.ensure_future(self._refresh())
            # who waited may have left at the deadline: then nobody else fetches the error
            self.running.add_done_callback(lambda task: task.cancelled() or task.exception())
        return await asyncio.shield(self.running)

    async def _refresh(self) -> T:
        self.value = await self.ask()
        self.until = time.monotonic() + KEPT
        return self.value


class LiveDirectory:
    """One for the process; `before` gives a command its view of it."""

    def __init__(self, twilio: TwilioClient, slack: AsyncWebClient) -> None:
        self._verified = _Kept(lambda: _read_verified(twilio))
        self._slack = slack
        self._names: dict[str, tuple[float, str]] = {}

    def before(self, deadline: float) -> "TimelyDirectory":
        """Give a view whose look-ups end at `deadline`, in the event loop's time."""
        return TimelyDirectory(self, deadline)

    async def verified(self) -> tuple[Recipient, ...]:
        """Give the verified numbers, at most `KEPT` seconds old."""
        try:
            return await self._verified.get()
        except TwilioError as error:
            raise LookupFailed(
                f"Twilio did not give the verified numbers: {judge(error).of_a_read()}.",
                "Nothing was sent. `sms-bot check` on the bot's machine tells what to mend.",
            ) from error

    async def user_phone(self, user: str) -> Recipient | None:
        """Give the phone of a user's profile as typed there, None without one."""
        try:
            answer = await self._slack.users_profile_get(user=user)
        except SLACK_ERRORS as exc:
            if error_of(exc) in {"user_not_found", "users_not_found"}:
                return None
            raise _slack_failed(exc) from exc
        profile = answer.get("profile") or {}
        phone = str(profile.get("phone") or "").strip()
        name = str(profile.get("display_name") or profile.get("real_name") or user)
        return Recipient(phone, name) if phone else None

    async def user_name(self, user: str) -> str:
        """Give a user's display name; the id if Slack does not tell it."""
        kept = self._names.get(user)
        if kept and time.monotonic() < kept[0]:
            return kept[1]
        try:
            answer = await self._slack.users_info(user=user)
        except SLACK_ERRORS:
            return user
        person = answer.get("user") or {}
        profile = person.get("profile") or {}
        name = profile.get("display_name") or person.get("real_name") or person.get("name") or user
        if len(self._names) >= _MOST_NAMES:
            self._names.clear()
        self._names[user] = (time.monotonic() + KEPT, str(name))
        return str(name)

    async def group_members(self, group: str) -> tuple[str, ...]:
        """Give the members of a user group; none of one that Slack does not know."""
        try:
            answer = await self._slack.usergroups_users_list(usergroup=group)
        except SLACK_ERRORS as exc:
            if error_of(exc) in _NO_GROUP:
                return ()
            raise _slack_failed(exc) from exc
        return tuple(str(user) for user in answer.get("users") or ())


class TimelyDirectory:
    """`commands.ports.Directory` for one command: late answers are no answers."""

    def __init__(self, directory: LiveDirectory, deadline: float) -> None:
        self._directory = directory
        self._deadline = deadline

    async def verified(self) -> tuple[Recipient, ...]:
        """See `LiveDirectory.verified`."""
        return await self._in_time(self._directory.verified(), "Twilio")

    async def user_phone(self, user: str) -> Recipient | None:
        """See `LiveDirectory.user_phone`."""
        return await self._in_time(self._directory.user_phone(user), "Slack")

    async def user_name(self, user: str) -> str:
        """See `LiveDirectory.user_name`."""
        try:
            return await self._in_time(self._directory.user_name(user), "Slack")
        except LookupFailed:
            return user

    async def group_members(self, group: str) -> tuple[str, ...]:
        """See `LiveDirectory.group_members`."""
        return await self._in_time(self._directory.group_members(group), "Slack")

    async def _in_time(self, answer: Awaitable[T], whose: str) -> T:
        try:
            async with asyncio.timeout_at(self._deadline):
                return await answer
        except TimeoutError as exc:
            raise LookupFailed(
                f"{whose} did not answer in time. Nothing was sent.",
                "Try again in a few seconds.",
            ) from exc


async def _read_verified(twilio: TwilioClient) -> tuple[Recipient, ...]:
    callers = await twilio.verified()
    return tuple(Recipient(c.phone_number, c.friendly_name) for c in callers if c.phone_number)


def _slack_failed(exc: BaseException) -> LookupFailed:
    return LookupFailed(
        f"Slack did not answer a look-up ({error_of(exc)}). Nothing was sent.",
        "Try again; if it stays so, `sms-bot check` on the bot's machine tells what to mend.",
    )
