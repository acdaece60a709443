"""Slack's people: few are asked for one by one, many are found in the list of all.

Slack allows users.info 100 times a minute and users.list 20 times
(docs.slack.dev/apis/web-api/rate-limits), so 300 members of a user group are one to a few pages of
users.list, never a call each. Whatever is read is kept, and a reading goes on behind the deadline
of the command that began it.
"""

import asyncio
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

import structlog
from slack_sdk.web.async_client import AsyncWebClient

from bot.kept import Shelf, behind
from bot.slack.voice import SLACK_ERRORS, error_of, pause_of
from bot.turns import Turns
from commands.person import Person, PersonState

KEPT: Final = 300.0
"""Seconds for which Slack's word on a person or a user group is good."""

FEW: Final = 16
"""More people than this are looked for in the list of all."""

_AT_ONCE = 8
_MOST = 20_000
_BYSTANDERS = 10_000
"""Of those who were not asked for, at most so many are kept: a list may be of 100,000."""

_PAGE = 1000
"""Slack's limit; it may give fewer."""

_A_MINUTE = 90
_IN_BULK = 60
"""Singles a minute when there are many, so that a lone @user need not queue behind a group."""

PAGES_A_MINUTE = 18
_TRIES = 5

_NOBODY = frozenset({"user_not_found", "users_not_found", "user_not_visible"})
_SLACKBOT = "USLACKBOT"  # users.info says of it `is_bot: false`

log = structlog.get_logger(__name__)


class Roster:
    """Everybody in Slack who was asked for in the last minutes.

    Attributes:
        pages: the turns of users.list, for whoever else reads it.
    """

    def __init__(self, slack: AsyncWebClient) -> None:
        self._slack = slack
        self._known: Shelf[Person] = Shelf(KEPT, _MOST)
        self._asking: dict[str, asyncio.Task[Person]] = {}
        self._wanted: set[str] = set()
        self._reading: asyncio.Task[None] | None = None
        self._singles, self.pages = Turns(), Turns()
        self._slots = asyncio.Semaphore(_AT_ONCE)

    async def people(self, users: Collection[str]) -> Mapping[str, Person]:
        """Give each of `users`, also who is not known there.

        Raises what a call of Slack may raise; who was found by then is kept.
        """
        if len(self._missing(users)) > FEW and not self.pages.held():
            await self._look_through(users)
        found = {user: known for user in users if (known := self._known.get(user))}
        missing = [user for user in users if user not in found]
        most = _A_MINUTE if len(missing) <= FEW else _IN_BULK
        asked = await asyncio.gather(*(self._single(user, most) for user in missing))
        return found | {person.user: person for person in asked}

    def forget(self, users: Iterable[str]) -> None:
        """Ask for these anew the next time."""
        for user in users:
            self._known.drop(user)

    def held(self) -> float:
        """Give the seconds for which Slack wants no look-up of a person."""
        return self._singles.held()

    def _missing(self, users: Collection[str]) -> set[str]:
        return {user for user in users if self._known.get(user) is None}

    # -- one by one -----------------------------------------------------------------------

    async def _single(self, user: str, most: int) -> Person:
        task = self._asking.get(user)
        if task is None:
            task = self._asking[user] = behind(self._ask(user, most))
            task.add_done_callback(lambda _: self._asking.pop(user, None))
        return await asyncio.shield(task)

    async def _ask(self, user: str, most: int) -> Person:
        tries = 0
        while True:
            await self._singles.take(most)
            if known := self._known.get(user):  # the list of all was faster
                return known
            try:
                async with self._slots:
                    person = await self._info(user)
            except SLACK_ERRORS as exc:
                pause, tries = pause_of(exc), tries + 1
                if pause is None or tries == _TRIES:
                    raise
                self._singles.hold(pause)
            else:
                self._known.put(user, person)
                return person

    async def _info(self, user: str) -> Person:
        try:
            answer = await self._slack.users_info(user=user)
            member = answer.get("user") or {}
            if "phone" not in (member.get("profile") or {}):
                profile = await self._slack.users_profile_get(user=user)
                member = {**member, "profile": profile.get("profile")}
        except SLACK_ERRORS as exc:
            if error_of(exc) in _NOBODY:
                return Person(user, user, standing=PersonState.UNKNOWN)
            raise
        return _person(user, member)

    # -- the list of all ------------------------------------------------------------------

    async def _look_through(self, users: Collection[str]) -> None:
        """Read the list of all until everybody wanted is found; one reading serves all."""
        self._wanted |= self._missing(users)
        if self._reading is None or self._reading.done():
            self._reading = behind(self._read())
        await asyncio.shield(self._reading)

    async def _read(self) -> None:
        """Read page by page; whom a failure leaves out is asked for one by one."""
        cursor = ""
        try:
            while self._wanted:
                await self.pages.take(PAGES_A_MINUTE)
                page = await self._slack.users_list(limit=_PAGE, cursor=cursor or None)
                for member in page.get("members") or ():
                    self._note(member)
                cursor = str((page.get("response_metadata") or {}).get("next_cursor") or "")
                if not cursor:
                    break
        except SLACK_ERRORS as exc:
            self.pages.hold(pause_of(exc) or 0)
            log.warning("people.unlisted", error=error_of(exc))
        finally:
            self._wanted.clear()

    def _note(self, member: Mapping[str, Any]) -> None:
        user = str(member.get("id"))
        if user in self._wanted or len(self._known) < _BYSTANDERS:
            self._known.put(user, _person(user, member))
        self._wanted.discard(user)


def _person(user: str, member: Mapping[str, Any]) -> Person:
    """Read a user object (docs.slack.dev/reference/objects/user-object)."""
    profile = member.get("profile") or {}
    return Person(
        user=user,
        name=name_of(member),
        phone=str(profile.get("phone") or "").strip(),
        standing=standing_of(user, member),
        team=str(member.get("team_id") or ""),
        enterprise=str((member.get("enterprise_user") or {}).get("enterprise_id") or ""),
    )


def name_of(member: Mapping[str, Any]) -> str:
    """Read what a user object calls somebody: the display name before the full one."""
    profile = member.get("profile") or {}
    names = (profile.get("display_name"), profile.get("real_name"), member.get("real_name"))
    return str(next(filter(None, names), None) or member.get("name") or member.get("id"))


def standing_of(user: str, member: Mapping[str, Any]) -> PersonState:
    """Read whether somebody can be reached at all."""
    if member.get("deleted"):
        return PersonState.DEACTIVATED
    return PersonState.BOT if member.get("is_bot") or user == _SLACKBOT else PersonState.ACTIVE
