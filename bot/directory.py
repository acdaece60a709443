"""Whom Twilio and Slack know, looked up live: `commands.ports.Directory`.

Twilio's verified numbers are kept for a minute, Slack's people and user groups for five, and each
is read once however many ask. Every look-up has to end before the command's deadline, because Slack
waits 3 s for an answer; what was begun goes on behind it, so that asking again finds it.
"""

import asyncio
import math
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import structlog
from slack_sdk.web.async_client import AsyncWebClient

from bot.crowd import Crowd
from bot.kept import Kept, Shelf
from bot.roster import KEPT, Roster
from bot.slack.identity import Home
from bot.slack.voice import SLACK_ERRORS, error_of
from commands.errors import LookupFailed
from commands.model import Recipient
from commands.person import Person
from twilio_core import TwilioClient, TwilioError
from twilio_core.activity import judge

_VERIFIED_KEPT = 60.0
"""Seconds for which Twilio's verified numbers are good."""

_MOMENTS = 20.0
"""Seconds for which a user group is good to who is paged by it."""

_LAST = 604_800.0
"""Seconds for which whom a page has looked up is remembered, should Slack not tell."""

_GLANCE = 0.7
"""Seconds that a look at a channel may take: whoever submits the composer waits for it."""

_MOST_GROUPS = _MOST_CHANNELS = _MOST_LAST = 1000
_NO_GROUP = frozenset({"no_such_subteam", "subteam_not_found"})

T = TypeVar("T")

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class _Group:
    """A user group as Slack tells it: it gives no members of one that is disabled."""

    exists: bool
    members: tuple[str, ...] = ()


class LiveDirectory:
    """One for the process; `before` gives a command its view of it.

    Args:
        twilio: gives the verified numbers.
        slack: gives people and user groups.
        home: tells where we are at home in Slack, None if Slack has not told yet.

    Attributes:
        crowd: everybody and every user group of the workspace, to be searched.
    """

    def __init__(
        self,
        twilio: TwilioClient,
        slack: AsyncWebClient,
        home: Callable[[], Awaitable[Home | None]],
    ) -> None:
        self._verified = Kept(lambda: _read_verified(twilio), _VERIFIED_KEPT)
        self._slack = slack
        self._home = home
        self._roster = Roster(slack)
        self.crowd = Crowd(slack, self._roster.pages)
        self._groups: dict[str, Kept[_Group]] = {}
        self._open: Shelf[bool] = Shelf(KEPT, _MOST_CHANNELS)
        self._last: Shelf[Person] = Shelf(_LAST, _MOST_LAST)

    def before(self, deadline: float, *, urgent: bool = False) -> "TimelyDirectory":
        """Give a view whose look-ups end at `deadline`, in the event loop's time.

        An `urgent` one is for who is on duty now: see `group_members`. Where Slack fails, or does
        not tell in time, it gives people and the members of user groups as they were last.
        """
        return TimelyDirectory(self, deadline, urgent=urgent)

    def held(self) -> float:
        """Give the seconds for which Slack wants no look-up of a person."""
        return self._roster.held()

    async def verified(self) -> tuple[Recipient, ...]:
        """Give the verified numbers, at most a minute old."""
        try:
            return await self._verified.get()
        except TwilioError as error:
            raise LookupFailed(
                f"Twilio did not give the verified numbers: {judge(error).of_a_read()}.",
                "Nothing was sent. `sms-bot check` on the bot's machine tells what to mend.",
            ) from error

    async def people(self, users: Collection[str]) -> Mapping[str, Person]:
        """Give each of these Slack users, at most five minutes old.

        Who has no number is asked for anew the next time: the refusal told how to mend it.
        """
        found = await self._people(users)
        self._roster.forget(user for user, person in found.items() if not person.reachable)
        self.remember(person for user, person in found.items() if self._last.get(user))
        return found

    def remember(self, people: Iterable[Person]) -> None:
        """Keep who was looked up for a page, for `last`."""
        for person in people:
            self._last.put(person.user, person)

    def last(self, users: Collection[str]) -> Mapping[str, Person]:
        """Give those of these users who are remembered."""
        return {user: person for user in users if (person := self._last.get(user))}

    def last_members(self, group: str) -> tuple[str, ...]:
        """Give a user group's members as they were last; none of one that was never read."""
        kept = self._groups.get(group)
        return kept.value.members if kept and kept.value else ()

    async def user_name(self, user: str) -> str:
        """Give a user's display name; the id if Slack does not tell it."""
        try:
            return (await self._people((user,)))[user].name
        except LookupFailed:
            return user

    async def group_members(self, group: str, *, urgent: bool = False) -> tuple[str, ...]:
        """Give the members of a user group; none of one that Slack does not know.

        An `urgent` asker gets them as they were within the last moments, for schedules fill user
        groups.
        """
        return (await self._group(group, urgent=urgent)).members

    async def group_exists(self, group: str) -> bool:
        """Tell whether Slack knows a user group; a disabled one it does not.

        One without members is asked for anew the next time: the refusal told how to mend it.
        """
        found = await self._group(group)
        if not found.members:
            self._groups.pop(group, None)
        return found.exists

    async def is_guest(self, user: str, team: str) -> bool:
        """Tell whether somebody is of another organization; mostly without a call.

        A payload says from which workspace the person acts. If that is ours, or we belong to no
        Enterprise Grid, it is answered. Within a Grid people of other workspaces are no guests,
        and only users.info tells their organization. Its `is_stranger` is not asked: it is false
        for somebody from elsewhere who shares a channel with us.
        """
        home = await self._home()
        if home is None:
            raise LookupFailed(
                "Slack has not told yet which workspace the bot belongs to, so it cannot be told "
                "whether you are a guest. Nothing was sent.",
                "Try again in a few seconds.",
            )
        if team and (team == home.team or not home.enterprise):
            return team != home.team
        person = (await self._people((user,)))[user]
        same = home.enterprise and person.enterprise == home.enterprise
        return not (same or person.team == home.team)

    async def archived(self, channel: str) -> bool:
        """Tell whether a channel is archived; False where Slack does not tell.

        That it is not is good for five minutes. That it is, is asked anew the next time: the
        refusal told how to mend it. Without the scope, or of a private channel without the bot,
        Slack tells nothing: https://docs.slack.dev/reference/methods/conversations.info
        """
        if self._open.get(channel):
            return False
        try:
            answer = await self._slack.conversations_info(channel=channel)
        except SLACK_ERRORS as exc:
            log.info("channel.unknown", channel=channel, error=error_of(exc))
            return False
        archived = bool((answer.get("channel") or {}).get("is_archived"))
        if not archived:
            self._open.put(channel, value=True)
        return archived

    async def _people(self, users: Collection[str]) -> Mapping[str, Person]:
        try:
            return await self._roster.people(users)
        except SLACK_ERRORS as exc:
            raise _slack_failed(exc) from exc

    async def _group(self, group: str, *, urgent: bool = False) -> _Group:
        kept = self._groups.get(group)
        if kept is None:
            if len(self._groups) >= _MOST_GROUPS:
                del self._groups[next(iter(self._groups))]
            kept = self._groups[group] = Kept(partial(self._read_group, group), KEPT)
        try:
            return await kept.get(_MOMENTS if urgent else None)
        except SLACK_ERRORS as exc:
            raise _slack_failed(exc) from exc

    async def _read_group(self, group: str) -> _Group:
        try:
            answer = await self._slack.usergroups_users_list(usergroup=group)
        except SLACK_ERRORS as exc:
            if error_of(exc) in _NO_GROUP:
                return _Group(exists=False)
            raise
        return _Group(exists=True, members=tuple(str(user) for user in answer.get("users") or ()))


class TimelyDirectory:
    """`commands.ports.Directory` for one command: late answers are no answers."""

    def __init__(self, directory: LiveDirectory, deadline: float, *, urgent: bool = False) -> None:
        self._directory = directory
        self._deadline = deadline
        self._urgent = urgent

    async def verified(self) -> tuple[Recipient, ...]:
        """See `LiveDirectory.verified`."""
        return await self._in_time(self._directory.verified(), "Twilio")

    async def people(self, users: Collection[str]) -> Mapping[str, Person]:
        """See `LiveDirectory.people`, and `LiveDirectory.before` for an urgent one."""
        try:
            found = await self._in_time(self._directory.people(users), "Slack")
        except LookupFailed:
            last = self._directory.last(users) if self._urgent else {}
            if len(last) < len(set(users)):
                raise
            log.warning("people.stale", count=len(last))
            return last
        if self._urgent:
            self._directory.remember(found.values())
        return found

    async def user_name(self, user: str) -> str:
        """See `LiveDirectory.user_name`."""
        try:
            return await self._in_time(self._directory.user_name(user), "Slack")
        except LookupFailed:
            return user

    async def group_members(self, group: str) -> tuple[str, ...]:
        """See `LiveDirectory.group_members`."""
        members = self._directory.group_members(group, urgent=self._urgent)
        try:
            return await self._in_time(members, "Slack")
        except LookupFailed:
            last = self._directory.last_members(group) if self._urgent else ()
            if not last:
                raise
            log.warning("group.stale", group=group)
            return last

    async def group_exists(self, group: str) -> bool:
        """See `LiveDirectory.group_exists`."""
        return await self._in_time(self._directory.group_exists(group), "Slack")

    async def is_guest(self, user: str, team: str) -> bool:
        """See `LiveDirectory.is_guest`."""
        return await self._in_time(self._directory.is_guest(user, team), "Slack")

    async def archived(self, channel: str) -> bool:
        """See `LiveDirectory.archived`; False too if it takes longer than `_GLANCE`."""
        soon = min(self._deadline, asyncio.get_running_loop().time() + _GLANCE)
        try:
            async with asyncio.timeout_at(soon):
                return await self._directory.archived(channel)
        except TimeoutError:
            return False

    async def _in_time(self, answer: Awaitable[T], whose: str) -> T:
        try:
            async with asyncio.timeout_at(self._deadline):
                return await answer
        except TimeoutError as exc:
            held = math.ceil(self._directory.held()) if whose == "Slack" else 0
            raise LookupFailed(
                f"{whose} did not answer in time. Nothing was sent.",
                f"Try again in {f'{held} seconds, as Slack asks' if held else 'a few seconds'}.",
            ) from exc


async def _read_verified(twilio: TwilioClient) -> tuple[Recipient, ...]:
    callers = await twilio.verified()
    return tuple(Recipient(c.phone_number, c.friendly_name) for c in callers if c.phone_number)


def _slack_failed(exc: BaseException) -> LookupFailed:
    return LookupFailed(
        f"Slack did not answer a look-up ({error_of(exc)}). Nothing was sent.",
        "Try again; if it stays so, `sms-bot check` on the bot's machine tells what to mend.",
    )
