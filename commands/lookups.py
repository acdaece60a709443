"""Two directories over the port: one asks the world each thing once, one asks nobody."""

from collections.abc import Collection, Mapping

from commands.model import Recipient
from commands.person import Person, PersonState
from commands.ports import Directory


class Lookups:
    """Remembers the answers of a `Directory` for the life of one command."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._verified: tuple[Recipient, ...] | None = None
        self._people: dict[str, Person] = {}
        self._names: dict[str, str] = {}
        self._members: dict[str, tuple[str, ...]] = {}

    async def verified(self) -> tuple[Recipient, ...]:
        """Give the account's verified numbers with their friendly names."""
        if self._verified is None:
            self._verified = await self._directory.verified()
        return self._verified

    async def people(self, users: Collection[str]) -> Mapping[str, Person]:
        """Give each of these Slack users by id."""
        if new := [user for user in users if user not in self._people]:
            self._people |= await self._directory.people(new)
        return {user: self._people[user] for user in users}

    async def user_name(self, user: str) -> str:
        """Give a Slack user's readable name; the id itself if it cannot be had."""
        if user not in self._names:
            self._names[user] = await self._directory.user_name(user)
        return self._names[user]

    async def group_members(self, group: str) -> tuple[str, ...]:
        """Give the user ids of a Slack user group."""
        if group not in self._members:
            self._members[group] = await self._directory.group_members(group)
        return self._members[group]

    async def group_exists(self, group: str) -> bool:
        """Tell whether a Slack user group is there and not disabled."""
        return await self._directory.group_exists(group)

    async def is_guest(self, user: str, team: str) -> bool:
        """Tell whether who acts from the workspace `team` is of another organization than we."""
        return await self._directory.is_guest(user, team)

    async def archived(self, channel: str) -> bool:
        """Tell whether a channel is archived in Slack; False where it cannot be told."""
        return await self._directory.archived(channel)


class Nobody:
    """A directory that knows nobody, for what must not wait on the network."""

    async def verified(self) -> tuple[Recipient, ...]:
        """Give no numbers."""
        return ()

    async def people(self, users: Collection[str]) -> Mapping[str, Person]:
        """Give people whom nobody knows."""
        return {user: Person(user, user, standing=PersonState.UNKNOWN) for user in users}

    async def user_name(self, user: str) -> str:
        """Give the id itself."""
        return user

    async def group_members(self, group: str) -> tuple[str, ...]:  # noqa: ARG002 - the port's shape
        """Give no members."""
        return ()

    async def group_exists(self, group: str) -> bool:  # noqa: ARG002 - as above
        """Know no group."""
        return False

    async def is_guest(self, user: str, team: str) -> bool:  # noqa: ARG002 - as above
        """Take everybody for a guest, as what is not known is denied."""
        return True

    async def archived(self, channel: str) -> bool:  # noqa: ARG002 - as above
        """Know of no archived channel."""
        return False
