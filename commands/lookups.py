"""Two directories over the port: one asks the world each thing once, one asks nobody."""

from commands.model import Recipient
from commands.ports import Directory


class Lookups:
    """Remembers the answers of a `Directory` for the life of one command."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._verified: tuple[Recipient, ...] | None = None
        self._phones: dict[str, Recipient | None] = {}
        self._names: dict[str, str] = {}
        self._members: dict[str, tuple[str, ...]] = {}

    async def verified(self) -> tuple[Recipient, ...]:
        """Give the account's verified numbers with their friendly names."""
        if self._verified is None:
            self._verified = await self._directory.verified()
        return self._verified

    async def user_phone(self, user: str) -> Recipient | None:
        """Give the phone of a Slack user's profile as typed there, or None without one."""
        if user not in self._phones:
            self._phones[user] = await self._directory.user_phone(user)
        return self._phones[user]

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


class Nobody:
    """A directory that knows nobody, for what must not wait on the network."""

    async def verified(self) -> tuple[Recipient, ...]:
        """Give no numbers."""
        return ()

    async def user_phone(self, user: str) -> Recipient | None:  # noqa: ARG002 - the port's shape
        """Give no phone."""
        return None

    async def user_name(self, user: str) -> str:
        """Give the id itself."""
        return user

    async def group_members(self, group: str) -> tuple[str, ...]:  # noqa: ARG002 - as above
        """Give no members."""
        return ()
