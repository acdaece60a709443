"""Reads what was typed after `/sms`: text -> a verb and its arguments."""

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from commands.dressing import Text, plain, undress
from commands.entries import Entry, UserEntry, read_list, take, to_entry
from commands.errors import UsageError
from commands.forms import FORMS, write


@dataclass(frozen=True)
class Send:
    """Send a message.

    Attributes:
        entries: the recipients as typed.
        message: the text, mentions without a name still open.
        sender: which of the channel's senders was chosen; empty for its first.
    """

    entries: tuple[Entry, ...]
    message: Text
    sender: str = ""


@dataclass(frozen=True)
class Compose:
    """Open the composer."""


@dataclass(frozen=True)
class Recipients:
    """List who can be reached.

    Attributes:
        filter: part of a name or number; empty for all.
    """

    filter: str = ""


@dataclass(frozen=True)
class Page:
    """Page until somebody acknowledges.

    Attributes:
        entries: the recipients as typed, or the name of one escalation.
        message: the text, mentions without a name still open.
    """

    entries: tuple[Entry, ...]
    message: Text


@dataclass(frozen=True)
class Ack:
    """Say that one has a page.

    Attributes:
        id: its number; None for the one that waits in this channel.
    """

    id: int | None = None


@dataclass(frozen=True)
class Resolve:
    """Say that a page is over.

    Attributes:
        id: its number; None for the one that is not resolved in this channel.
    """

    id: int | None = None


@dataclass(frozen=True)
class Status:
    """Show the last sends, or one.

    Attributes:
        id: number of the send; None for the last ones.
    """

    id: int | None = None


@dataclass(frozen=True)
class Contacts:
    """List the directory."""


@dataclass(frozen=True)
class ContactsAdd:
    """Add a contact.

    Attributes:
        name: how the contact will be called.
        number: as typed.
        slack: Slack user id of the person, empty if none was mentioned.
    """

    name: str
    number: str
    slack: str = ""


@dataclass(frozen=True)
class ContactsRemove:
    """Remove a contact.

    Attributes:
        name: how the contact is called.
    """

    name: str


class Edit(StrEnum):
    """What is done to a group."""

    SET = "set"
    CREATE = "create"
    ADD = "add"
    REMOVE = "remove"
    DELETE = "delete"


@dataclass(frozen=True)
class Group:
    """Change a group of the directory.

    Attributes:
        name: how the group is called.
        members: as typed; none to delete it.
        edit: what is done; without a word for it, the group has these members from now on.
    """

    name: str
    members: tuple[Entry, ...] = ()
    edit: Edit = Edit.SET


@dataclass(frozen=True)
class Help:
    """Say what can be typed here."""


Explainable = (
    Send
    | Compose
    | Recipients
    | Page
    | Ack
    | Resolve
    | Status
    | Contacts
    | ContactsAdd
    | ContactsRemove
    | Group
    | Help
)


@dataclass(frozen=True)
class Why:
    """Say which rule would allow or refuse a command.

    Attributes:
        command: what would be done.
        text: the command as typed, Slack's dressing undone.
    """

    command: Explainable
    text: str


Command = Explainable | Why


def parse(text: str) -> Command:
    """Read a whole command; the verb may be in any case.

    Raises:
        UsageError: it is none; the remedy shows how to write it.
    """
    verb, rest = _split(text)
    if verb.casefold() != "why":
        return _explainable(verb, rest)
    while verb.casefold() == "why":  # a loop, so that no text can exhaust the stack
        explained, (verb, rest) = rest, _split(rest)
    if not verb:
        raise UsageError(
            "There is no command to explain.", write("why", "/sms why send alice Water in the lab")
        )
    return Why(_explainable(verb, rest), plain(explained))


def _explainable(verb: str, rest: str) -> Explainable:
    if not verb:
        return Help()
    reader = _READERS.get(verb.casefold())
    if reader is None:
        raise UsageError(f"There is no command “{plain(verb)}”.", _nearest(verb.casefold()))
    return reader(rest)


def read_recipients(raw: str) -> tuple[Entry, ...]:
    """Read a recipient list that stands alone, as in the composer.

    Raises:
        UsageError: the list is empty or faulty, or something follows it.
    """
    entries, rest = read_list(raw)
    if rest:
        raise UsageError(
            f"A comma is missing before “{plain(rest)}”.",
            'Separate recipients by commas, and quote what has blanks: alice, "(617) 555-1212"',
        )
    return entries


def _split(text: str) -> tuple[str, str]:
    """Give the first word and the rest without outer blanks."""
    verb, rest = [*text.split(None, 1), "", ""][:2]
    return verb, rest.strip()


def _send(rest: str) -> Send | Compose:
    return Send(*_addressed("send", rest)) if rest else Compose()


def _page(rest: str) -> Page:
    return Page(*_addressed("page", rest))


def _addressed(verb: str, rest: str) -> tuple[tuple[Entry, ...], Text]:
    try:
        entries, raw = read_list(rest)
    except UsageError as fault:
        example = f'/sms {verb} alice, +16175551212, "(617) 555-1213" Water in the lab'
        raise UsageError(fault.text, write(verb, example)) from None
    message = undress(raw)
    if not message.users and not message.filled({}).strip():
        raise UsageError(
            "The message is empty: nothing follows the recipients.",
            write(verb, f"/sms {verb} alice, bob Water in the lab"),
        )
    return entries, message


def _recipients(rest: str) -> Recipients:
    return Recipients(plain(rest).strip('"“”„ '))


def _status(rest: str) -> Status:
    return Status(_number("status", rest, "a send"))


def _ack(rest: str) -> Ack:
    return Ack(_number("ack", rest, "a page"))


def _resolve(rest: str) -> Resolve:
    return Resolve(_number("resolve", rest, "a page"))


def _number(verb: str, rest: str, of: str) -> int | None:
    digits = rest.removeprefix("#")
    if not rest:
        return None
    if not (digits.isascii() and digits.isdecimal() and len(digits) < len(str(2**63))):
        raise UsageError(f"“{plain(rest)}” is not the number of {of}.", write(verb))
    return int(digits)


def _contacts(rest: str) -> Contacts | ContactsAdd | ContactsRemove:
    what, *words = _words(rest) or [""]
    match plain(what).casefold(), words:
        case "", []:
            return Contacts()
        case "add", [name, *number] if number:
            return _contact(name, number)
        case "remove", [name]:
            return ContactsRemove(plain(name).strip().removeprefix("@"))
    raise UsageError("That is not how the directory is changed.", write("contacts"))


def _contact(name: str, number: list[str]) -> ContactsAdd:
    """Read what is to be added; a person may be mentioned as the name, or after the number."""
    called, last = to_entry(name), to_entry(number[-1])
    slack = called.user if isinstance(called, UserEntry) else ""
    if isinstance(last, UserEntry) and len(number) > 1:
        slack, number = last.user, number[:-1]
    label = called.label if isinstance(called, UserEntry) else plain(name).strip()
    # a number may be typed with blanks
    return ContactsAdd(label.removeprefix("@"), " ".join(plain(n).strip() for n in number), slack)


def _group(rest: str) -> Group:
    words = _words(rest)
    edit = Edit.SET
    if words and words[0].casefold() in _EDITS:
        edit, words = Edit(words[0].casefold()), words[1:]
    enough = 1 if edit is Edit.DELETE else 2
    if len(words) < enough or (edit is Edit.DELETE and len(words) > 1):
        raise UsageError("A group needs a name and at least one member.", write("group"))
    return Group(plain(words[0]).strip().removeprefix("@"), tuple(map(to_entry, words[1:])), edit)


_EDITS = frozenset(Edit) - {Edit.SET}


def _help(_rest: str) -> Help:
    return Help()


def _words(raw: str) -> list[str]:
    """Split at blanks and commas, keeping what is quoted together and Slack's dressing on."""
    words: list[str] = []
    at = 0
    while at < len(raw):
        word, end = take(raw, at)
        words += [word] if word.strip() else []
        at = max(end, at + 1)
    return words


def _nearest(verb: str) -> str:
    near = difflib.get_close_matches(verb, FORMS, n=1)
    return f"Did you mean {FORMS[near[0]]}?" if near else "/sms help lists what can be typed here."


_READERS: Mapping[str, Callable[[str], Explainable]] = MappingProxyType(
    {
        "send": _send,
        "recipients": _recipients,
        "page": _page,
        "ack": _ack,
        "resolve": _resolve,
        "status": _status,
        "contacts": _contacts,
        "group": _group,
        "help": _help,
    }
)
