"""The tables of sms.toml and the shape of each key; what spans tables is in `policychecks`."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Annotated

import phonenumbers
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from bot.senders import SENDER_REMEDY, sender_shape
from commands.model import Action
from commands.names import fault_of
from commands.notice import RESOLVED, Format

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def wrong(what: str, remedy: str) -> PydanticCustomError:
    """Make the error of a key whose value cannot be used."""
    return PydanticCustomError("wrong", "{what}", {"what": what, "remedy": remedy})


def duration(value: object) -> timedelta:
    """Read ``30s``, ``2m``, ``4h`` or ``90d``."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd])", value) if isinstance(value, str) else None
    try:
        if found:
            return timedelta(**{_UNITS[found[2]]: float(found[1])})
    except OverflowError:
        pass
    raise wrong("is not a duration", 'Write a number and s, m, h or d in quotes, such as "30s"')


def _text(accept: Callable[[str], object], what: str, remedy: str) -> AfterValidator:
    def check(value: str) -> str:
        if not accept(value):
            raise wrong(what, remedy)
        return value

    return AfterValidator(check)


def _shape(pattern: str, what: str, remedy: str) -> AfterValidator:
    return _text(re.compile(pattern).fullmatch, what, remedy)


def _region(value: str) -> str:
    if value.upper() not in phonenumbers.SUPPORTED_REGIONS:
        raise wrong("is not a region", 'Write the two letters of a country, such as "US" or "GB"')
    return value.upper()


def _action(value: object) -> Action:
    known = ", ".join(Action)
    try:
        return Action(str(value))
    except ValueError:
        raise wrong("is not an action", f"Write one of {known}") from None


def _format(value: object) -> Format:
    known = ", ".join(Format)
    try:
        return Format(str(value))
    except ValueError:
        raise wrong("is no format of alerts", f"Write one of {known}") from None


def _waiting(value: timedelta) -> timedelta:
    if not value:
        raise wrong("does not wait at all", 'Write how long to wait, such as "5m"')
    return value


def _name(value: str) -> str:
    if fault := fault_of(value):
        raise wrong(*fault)
    return value


def _once(values: list[str]) -> list[str]:
    if len(set(values)) < len(values):
        raise wrong("names a sender twice", "Name each once, the default first")
    return values


_IDS = "Copy the id: in Slack's profile menu, or at the end of a group's or channel's address"
User = Annotated[
    str, _shape(r"[UW][A-Z0-9]+", "is not a Slack user id", f"{_IDS}. Users: U… or W…")
]
Member = Annotated[
    str,
    _shape(r"[UWS][A-Z0-9]+", "is not a Slack id", f"{_IDS}. Users: U… or W…; user groups: S…"),
]
Who = Annotated[
    str,
    _shape(
        r"\*|[UWS][A-Z0-9]+",
        'is neither "*" nor a Slack id',
        f'{_IDS}. Users: U… or W…; user groups: S…; everybody in the channel: "*"',
    ),
]
ChannelId = Annotated[
    str, _shape(r"[CGD][A-Z0-9]+", "is not a Slack channel id", f"{_IDS}. Channels: C…, G… or D…")
]
Reach = Annotated[
    str,
    _shape(
        r"verified|directory|\+[0-9]*|[a-z][a-z0-9_]*:(?!//)\S*",
        "is no class or prefix of recipients",
        'Write "verified", "directory", a prefix such as "+1617", or a channel such as "whatsapp:"',
    ),
]
Name = Annotated[str, AfterValidator(_name)]
AlertName = Annotated[
    str,
    _shape(
        r"[A-Za-z0-9._-]+",
        "cannot stand in the address /alerts/NAME",
        "Write letters, digits, dots, dashes and underscores only",
    ),
]
Variable = Annotated[
    str,
    _shape(
        r"[A-Za-z_][A-Za-z0-9_]*",
        "is not the name of a variable",
        "Write the name, such as ALERT_TOKEN; the token itself goes into the environment",
    ),
]
FieldPath = Annotated[
    str,
    _shape(
        r"[^.\s]{1,100}(\.[^.\s]{1,100}){0,19}",
        "is no path into JSON",
        'Write the names down to it with dots between them, such as "incident.title"',
    ),
]
Word = Annotated[str, _shape(r"\S(.*\S)?", "is blank", 'Write a word, such as "resolved"')]
Sender = Annotated[str, _text(sender_shape, "is nothing that Twilio can send from", SENDER_REMEDY)]
Duration = Annotated[timedelta, BeforeValidator(duration)]
Count = Annotated[int, Field(gt=0)]
Threshold = Annotated[int, Field(ge=0)]


class Table(BaseModel):
    """A table of sms.toml: an unknown key is a typo, and nothing is coerced."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)


class TimingTable(Table):
    """``[timing]``."""

    in_doubt: Duration = timedelta(minutes=2)
    page_in_doubt: Duration = timedelta(seconds=30)
    poll: Duration = timedelta(seconds=5)
    poll_until: Duration = timedelta(hours=4)
    same_intent: Duration = timedelta(minutes=10)
    keep: Duration = timedelta(days=90)


class ChannelTable(Table):
    """``[[channel]]``: what is left out is denied."""

    id: ChannelId
    name: str = ""
    allow: list[Annotated[Action, BeforeValidator(_action)]] = []
    who: list[Who] = []
    to: list[Reach] = []
    max_recipients: Count | None = None
    daily_limit: Count | None = None
    confirm_above: Threshold | None = None
    approve_above: Threshold | None = None
    senders: Annotated[
        list[Sender],
        Field(alias="from", min_length=1, max_length=100),  # what a menu of Slack's holds
        BeforeValidator(lambda value: value if isinstance(value, list) else [value]),
        AfterValidator(_once),
    ] = []
    show_numbers: bool = False


class ContactTable(Table):
    """``[[contact]]``."""

    name: Name
    number: str
    slack: User | None = None


class GroupTable(Table):
    """``[[group]]``."""

    name: Name
    members: list[str]


class StepTable(Table):
    """One of an escalation's ``steps``."""

    to: Annotated[list[str], Field(min_length=1)]
    wait: Annotated[Duration, AfterValidator(_waiting)]


class EscalationTable(Table):
    """``[[escalation]]``."""

    name: Name
    steps: Annotated[list[StepTable], Field(min_length=1)]
    repeat: Count = 1


class FieldsTable(Table):
    """``fields`` of an alert: where JSON of no known source has what."""

    text: FieldPath
    key: FieldPath = ""
    status: FieldPath = ""
    link: FieldPath = ""


class AlertTable(Table):
    """``[[alert]]``."""

    name: AlertName
    channel: ChannelId
    escalation: str
    token_env: Variable
    format: Annotated[Format, BeforeValidator(_format)] = Format.AUTO
    storm: Threshold = 5
    storm_window: Annotated[Duration, AfterValidator(_waiting)] = timedelta(minutes=5)
    fields: FieldsTable | None = None
    resolved: Annotated[list[Word], Field(min_length=1)] = list(RESOLVED)


class PolicyTables(Table):
    """The whole file."""

    region: Annotated[str, AfterValidator(_region)] = "US"
    admins: list[Member] = []
    timing: TimingTable = TimingTable()
    channel: list[ChannelTable] = []
    contact: list[ContactTable] = []
    group: list[GroupTable] = []
    escalation: list[EscalationTable] = []
    alert: list[AlertTable] = []
