"""The values of the local Slack: people, places, messages, views and what became of a delivery."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

Json = dict[str, Any]
"""A JSON object, as it goes over the wire."""


class Refused(Exception):
    """Slack says no.

    Attributes:
        error: Slack's word for it, e.g. ``not_in_channel``.
        extra: further fields of the answer.
    """

    def __init__(self, error: str, **extra: object) -> None:
        super().__init__(error)
        self.error = error
        self.extra = extra


class Impossible(ValueError):
    """A person cannot do this in Slack: no such button, not in that channel, a required field."""


@dataclass(frozen=True)
class User:
    """A person, or the bot.

    Attributes:
        id: ``U…`` or ``W…``.
        name: the handle, without ``@``.
        phone: free text of the profile, empty if the person gave none.
        is_bot: whether it is an app's user.
        deleted: whether the account is deactivated.
        restricted: whether it is one of the workspace's own guest accounts.
        team: id of the workspace, if it is another one than ours (Slack Connect).
        enterprise: id of the organization, empty outside Enterprise Grid.
    """

    id: str
    name: str
    phone: str = ""
    is_bot: bool = False
    deleted: bool = False
    restricted: bool = False
    team: str = ""
    enterprise: str = ""


@dataclass(frozen=True)
class UserGroup:
    """A user group (``S…``), the ids of its members, and whether somebody has disabled it."""

    id: str
    name: str
    members: tuple[str, ...]
    disabled: bool = False


class Place(StrEnum):
    """What kind of conversation a channel is."""

    PUBLIC = "public"
    PRIVATE = "private"
    DIRECT = "direct"


@dataclass
class Channel:
    """A conversation.

    Attributes:
        id: ``C…``, ``G…`` or ``D…``.
        name: without ``#``; what Slack tells of it in commands is `told_name`.
        members: user ids, the bot's among them if it is a member.
        place: public, private or direct.
        archived: archived channels take no messages.
    """

    id: str
    name: str
    members: set[str]
    place: Place = Place.PUBLIC
    archived: bool = False

    @property
    def told_name(self) -> str:
        """The `channel_name` of payloads: Slack hides the names of private places."""
        names = {Place.PRIVATE: "privategroup", Place.DIRECT: "directmessage"}
        return names.get(self.place, self.name)


class Origin(StrEnum):
    """Where a message came from; it decides who may change it and how."""

    POST = "chat.postMessage"
    EPHEMERAL = "chat.postEphemeral"
    ACK = "ack"
    RESPONSE_URL = "response_url"
    SLACK = "slack"
    PERSON = "person"


@dataclass(frozen=True)
class Version:
    """One state of a message.

    Attributes:
        text: the plain text.
        blocks: its blocks, ids filled in.
        metadata: ``{event_type, event_payload}``, None without.
        at: when it came to be, in seconds of `time.monotonic`.
    """

    text: str
    blocks: list[Json]
    metadata: Json | None
    at: float


@dataclass(eq=False)
class Message:
    """A message, with all its versions.

    Attributes:
        ts: Slack's id of it in its channel.
        channel: the channel's id.
        author: user id; empty for Slack itself.
        origin: how it came there.
        visible_to: the one person who sees it; empty for everybody in the channel.
        versions: oldest first, never empty.
        deleted: gone from the screen.
        thread: `ts` of the message that it answers; empty if it stands in the channel itself.
    """

    ts: str
    channel: str
    author: str
    origin: Origin
    visible_to: str = ""
    versions: list[Version] = field(default_factory=list)
    deleted: bool = False
    thread: str = ""

    @property
    def text(self) -> str:
        """The present text."""
        return self.versions[-1].text

    @property
    def blocks(self) -> list[Json]:
        """The present blocks."""
        return self.versions[-1].blocks

    @property
    def metadata(self) -> Json | None:
        """The present metadata."""
        return self.versions[-1].metadata

    @property
    def ephemeral(self) -> bool:
        """Whether one person alone sees it."""
        return bool(self.visible_to)


@dataclass(eq=False)
class View:
    """A modal on somebody's screen, or their App Home.

    Attributes:
        id: ``V…``.
        user: who sees it.
        body: what the app gave: title, blocks, private_metadata and so on.
        hash: changes with every update.
        root: id of the first view of the stack.
        previous: id of the view below, empty for the first.
        state: what is entered, ``{block_id: {action_id: {...}}}``.
        errors: what the app said of the entries, by block_id.
        offered: the options that the app gave for external selects, by action_id and value.
        open: whether it is still on the screen.
    """

    id: str
    user: str
    body: Json
    hash: str
    root: str
    previous: str = ""
    state: Json = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    offered: dict[str, dict[str, Json]] = field(default_factory=dict)
    open: bool = True


@dataclass
class Trigger:
    """A trigger_id: who may be shown a view because of it, from when, and whether it was used."""

    user: str
    created: float
    used: bool = False


@dataclass
class ResponseUrl:
    """What stands behind a response_url.

    Attributes:
        user: who sees ephemeral answers.
        channel: where answers go.
        created: by the workspace's clock, in seconds.
        source: the message whose button was pressed; None for a command.
        uses: how often it was answered to.
    """

    user: str
    channel: str
    created: float
    source: Message | None = None
    uses: int = 0


@dataclass(frozen=True)
class Call:
    """One call of the Web API or of a response_url.

    Attributes:
        method: e.g. ``chat.postMessage``; ``response_url`` for those.
        args: what was sent, JSON strings decoded, without the token.
        at: when it came, in seconds of `time.monotonic`.
        error: Slack's answer, empty if ok.
    """

    method: str
    args: Json
    at: float
    error: str = ""


@dataclass(frozen=True)
class Answer:
    """What the bot answered to one delivery.

    Attributes:
        transport: ``socket``, ``http``, or ``none`` where nobody listens.
        status: HTTP status; 200 for a Socket Mode ack, 0 for no answer.
        text: the raw body (HTTP), or the ack's payload as JSON; empty for an empty ack.
        body: the same as an object: JSON decoded, plain text as ``{"text": …}``.
        elapsed: seconds from delivery to ack, or to giving up.
        timed_out: no ack within the limit (3 s unless configured).
    """

    transport: str
    status: int = 0
    text: str = ""
    body: Json = field(default_factory=dict)
    elapsed: float = 0.0
    timed_out: bool = False


@dataclass(frozen=True)
class Retry:
    """Why an event is delivered once more.

    Attributes:
        number: 1 for the first time.
        reason: ``http_timeout`` or ``http_error``.
    """

    number: int
    reason: str


@dataclass(frozen=True)
class Delivered:
    """One thing that a person did, and the bot's ack.

    Attributes:
        kind: ``slash_commands``, ``interactive`` or ``events_api``.
        payload: what the bot was given.
        envelope_id: of Socket Mode; also made up for HTTP.
        answer: what came back.
        error: what Slack tells the person, e.g. ``operation_timeout``; empty if all is well.
    """

    kind: str
    payload: Json
    envelope_id: str
    answer: Answer
    error: str = ""

    @property
    def timed_out(self) -> bool:
        """Whether the ack did not come in time."""
        return self.answer.timed_out

    @property
    def status(self) -> int:
        """HTTP status of the ack."""
        return self.answer.status

    @property
    def body(self) -> Json:
        """The ack's body as an object."""
        return self.answer.body

    @property
    def elapsed(self) -> float:
        """Seconds until the ack."""
        return self.answer.elapsed

    @property
    def trigger_id(self) -> str:
        """The payload's trigger_id; empty for a closed view."""
        return str(self.payload.get("trigger_id", ""))

    @property
    def response_url(self) -> str:
        """The payload's response_url; empty where Slack gives none."""
        return str(self.payload.get("response_url", ""))


@dataclass(frozen=True)
class Offered:
    """What an external select shows for what was typed into it.

    Attributes:
        done: the request, and the app's answer.
        groups: the options by the labels of their groups; without groups under an empty label.
    """

    done: Delivered
    groups: dict[str, list[Json]]

    @property
    def options(self) -> list[Json]:
        """All options, in order."""
        return [option for group in self.groups.values() for option in group]

    @property
    def texts(self) -> list[str]:
        """What each option says."""
        return [str(option["text"]["text"]) for option in self.options]
