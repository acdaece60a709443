"""What was chosen of the composer's suggestions, as values that Slack carries and brings back.

A value is no text of the command: it is read into an `Entry` and never put together with others,
so that a name can hold whatever it likes. It is not believed either: what it names is resolved and
decided upon like what is typed.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Final

from commands.entries import (
    VERIFIED,
    Entry,
    NameEntry,
    NumberEntry,
    UserEntry,
    UserGroupEntry,
    VerifiedEntry,
)
from commands.errors import BadRecipients, Problem
from commands.rules import Policy

LONGEST: Final = 75
"""Characters of a value, the lesser of the two limits that Slack has had for it."""

_REMEDY = "Take these out of the list and choose anew."
_GONE = "is not in the directory any more, or is called something else now"
_UNREAD = "is no choice that was offered"

# Slack escapes & < > in some of the texts that it brings back
_PLAIN = re.compile(r"[^&<>\x00-\x1f]+")


@dataclass(frozen=True)
class Chosen:
    """What was chosen instead of typed.

    Attributes:
        recipients: values of suggestions, in order.
        sender: one of the channel's senders; empty where there was no choice.
    """

    recipients: tuple[str, ...] = field(default=(), repr=False)
    sender: str = ""


def of_name(name: str) -> str:
    """Give the value of a contact or a group: its name if that can be carried, else its digest."""
    value = f"name:{name}"
    if len(value) <= LONGEST and _PLAIN.fullmatch(name):
        return value
    return f"name#{hashlib.sha256(name.casefold().encode()).hexdigest()[:40]}"


def of_user(user: str) -> str:
    """Give the value of a Slack user."""
    return f"user:{user}"


def of_user_group(group: str) -> str:
    """Give the value of a Slack user group."""
    return f"group:{group}"


def of_number(address: str) -> str:
    """Give the value of a number or another address; empty if it is too long to be carried."""
    value = f"number:{address}"
    return value if len(value) <= LONGEST else ""


ALL_VERIFIED: Final = VERIFIED
"""The value of all verified numbers."""


def read(values: Sequence[str], policy: Policy) -> tuple[Entry, ...]:
    """Give what these values name, in order.

    Raises:
        BadRecipients: a name is gone since it was offered, or a value was never offered.
    """
    found = [(value, _entry(value, policy)) for value in values]
    problems = [
        Problem("A chosen name" if value.startswith("name#") else value, why)
        for value, why in found
        if isinstance(why, str)
    ]
    if problems:
        raise BadRecipients(problems, _REMEDY)
    return tuple(entry for _, entry in found if not isinstance(entry, str))


def _entry(value: str, policy: Policy) -> Entry | str:
    """Read one value; if it cannot be read, say why."""
    if value == ALL_VERIFIED:
        return VerifiedEntry()
    kind, _, rest = value.partition(":")
    if kind == "name" and rest:
        return NameEntry(rest)
    if kind == "number" and rest:
        return NumberEntry(rest)
    if kind == "user" and re.fullmatch(r"[UW][A-Z0-9]+", rest):
        return UserEntry(rest)
    if kind == "group" and re.fullmatch(r"S[A-Z0-9]+", rest):
        return UserGroupEntry(rest)
    return _of_digest(value, policy) if kind.startswith("name#") else _UNREAD


def _of_digest(value: str, policy: Policy) -> Entry | str:
    names = chain((c.name for c in policy.contacts), (g.name for g in policy.groups))
    return next((NameEntry(name) for name in names if of_name(name) == value), _GONE)
