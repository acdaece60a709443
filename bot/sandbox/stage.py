"""Who is there and what they see: sets the workspace up, and reads the screens."""

from collections.abc import Iterable

from bot.sandbox.model import Channel, Json, Message, Place, User, UserGroup, Version, View
from bot.sandbox.workspace import BOT_USER, Workspace


class Stage:
    """The workspace as a scenario sets it up and looks at it.

    Attributes:
        workspace: the state behind it all.
    """

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace

    def add_user(  # noqa: PLR0913 - a user object has many fields
        self,
        user_id: str,
        name: str,
        phone: str = "",
        *,
        is_bot: bool = False,
        deleted: bool = False,
        restricted: bool = False,
        team: str = "",
        enterprise: str = "",
    ) -> User:
        """Let a person join, or change one; with a `team`, from another workspace."""
        user = User(user_id, name, phone, is_bot, deleted, restricted, team, enterprise)
        self.workspace.users[user_id] = user
        return user

    def add_user_group(
        self, group_id: str, name: str, members: Iterable[str], *, disabled: bool = False
    ) -> UserGroup:
        """Make a user group, or change one."""
        group = UserGroup(group_id, name, tuple(members), disabled)
        self.workspace.groups[group_id] = group
        return group

    def add_channel(
        self,
        channel_id: str,
        name: str,
        members: Iterable[str],
        bot_member: bool = True,  # noqa: FBT001, FBT002 - scenarios write it by name
        *,
        private: bool = False,
        archived: bool = False,
    ) -> Channel:
        """Make a channel."""
        inside = {*members} | ({BOT_USER} if bot_member else set())
        place = Place.PRIVATE if private else Place.PUBLIC
        channel = Channel(channel_id, name, inside, place, archived)
        self.workspace.channels[channel_id] = channel
        return channel

    def add_dm(self, channel_id: str, *members: str) -> Channel:
        """Make a direct conversation: of one person with the bot, or of several without it."""
        inside = {*members} if len(members) > 1 else {*members, BOT_USER}
        return self.workspace.direct(inside, channel_id)

    def escape(self, text: str) -> str:
        """Dress a text as Slack does in commands: @names, #channels, URLs, and & < >."""
        return self.workspace.escape(text)

    def seen_by(self, user: str, channel: str) -> list[Message]:
        """What one person sees in a channel, oldest first: its messages and private answers."""
        return self.workspace.visible(user, self.workspace.channel(channel).id)

    def channel_messages(self, channel: str) -> list[Message]:
        """What everybody sees in a channel; a user's id means their direct one with the bot."""
        return self.seen_by("", channel)

    def answers(self, message: Message) -> list[Message]:
        """What stands in a message's thread, oldest first."""
        return self.workspace.answers(message)

    def history(self, message: Message) -> list[Version]:
        """All versions of a message, oldest first, with their monotonic times."""
        return list(message.versions)

    def metadata(self, message: Message) -> Json | None:
        """A message's metadata."""
        return message.metadata

    def views(self, user: str) -> list[View]:
        """The modals a person has open, the top one last."""
        return self.workspace.stack(user)

    def top_view(self, user: str) -> View:
        """The modal a person sees; an IndexError if there is none."""
        return self.views(user)[-1]
