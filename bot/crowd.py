"""Everybody in the workspace and its user groups, as lists to be searched.

A list is read page by page, as often as Slack allows together with what else reads it; of a
workspace that is larger, the first are kept.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from slack_sdk.web.async_client import AsyncWebClient

from bot.roster import PAGES_A_MINUTE, name_of, standing_of
from bot.turns import Turns
from commands.offers import Member, UserGroup
from commands.person import PersonState

MOST: Final = 10_000
"""Members who are kept: more would only be more to leave out."""

_PAGE = 1000


class Crowd:
    """Reads the lists anew each time; who asks keeps them.

    Args:
        slack: gives the lists.
        pages: the turns of users.list.
    """

    def __init__(self, slack: AsyncWebClient, pages: Turns) -> None:
        self._slack = slack
        self._pages = pages

    async def members(self) -> tuple[Member, ...]:
        """Give who is active, and neither bot nor guest, `MOST` at most.

        Raises what a call of Slack may raise.
        """
        found: list[Member] = []
        cursor = ""
        while True:
            await self._pages.take(PAGES_A_MINUTE)
            page = await self._slack.users_list(limit=_PAGE, cursor=cursor or None)
            found += _members(page.get("members") or ())
            cursor = str((page.get("response_metadata") or {}).get("next_cursor") or "")
            if not cursor or len(found) >= MOST:
                return tuple(found[:MOST])

    async def user_groups(self) -> tuple[UserGroup, ...]:
        """Give the user groups that are not disabled.

        Raises what a call of Slack may raise.
        """
        answer = await self._slack.usergroups_list(include_count=True)
        return tuple(map(_user_group, answer.get("usergroups") or ()))


def _members(page: list[Mapping[str, Any]] | tuple[()]) -> Iterator[Member]:
    for member in page:
        user = str(member.get("id"))
        guest = any(member.get(key) for key in ("is_restricted", "is_ultra_restricted"))
        elsewhere = bool(member.get("is_stranger"))
        if standing_of(user, member) is PersonState.ACTIVE and not guest and not elsewhere:
            phone = (member.get("profile") or {}).get("phone")
            told = None if phone is None else str(phone).strip()
            yield Member(user, name_of(member), str(member.get("name") or ""), told)


def _user_group(told: Mapping[str, Any]) -> UserGroup:
    return UserGroup(
        group=str(told.get("id")),
        handle=str(told.get("handle") or told.get("name") or told.get("id")),
        name=str(told.get("name") or ""),
        count=int(told.get("user_count") or 0),
    )
