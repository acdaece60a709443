"""Reads a recipient list: where it ends, and what each of its entries is."""

import re
from dataclasses import dataclass
from typing import Final

from commands.dressing import DRESSED, plain, unescape
from commands.errors import UsageError
from commands.forms import write
from commands.numbers import is_number


@dataclass(frozen=True)
class NumberEntry:
    """A number or channel address.

    Attributes:
        text: as typed; not yet known to be a possible number.
    """

    text: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class NameEntry:
    """A word that should be the name of a contact or of a group of sms.toml.

    Attributes:
        name: without a leading ``@``.
    """

    name: str

    def __str__(self) -> str:
        return self.name or "@"


@dataclass(frozen=True)
class UserEntry:
    """A Slack user.

    Attributes:
        user: Slack user id.
        label: the name Slack gave along, maybe empty.
    """

    user: str
    label: str = ""

    def __str__(self) -> str:
        return f"@{self.label or self.user}"


@dataclass(frozen=True)
class UserGroupEntry:
    """A Slack user group.

    Attributes:
        group: Slack user group id.
        label: the handle Slack gave along, maybe empty.
    """

    group: str
    label: str = ""

    def __str__(self) -> str:
        return f"@{self.label or self.group}"


@dataclass(frozen=True)
class VerifiedEntry:
    """All verified numbers of the Twilio account."""

    def __str__(self) -> str:
        return VERIFIED


Entry = NumberEntry | NameEntry | UserEntry | UserGroupEntry | VerifiedEntry

VERIFIED: Final = "verified"

_REMEDY = write("send", '/sms send alice, +16175551212, "(617) 555-1213" Water in the lab')
_BLANKS = re.compile(r"\s*")
_BARE = re.compile(rf"(?:{DRESSED.pattern}|[^\s,])+", re.VERBOSE)
_OPENING = "\"“”„'\u2018"
# a single quote closes only where an entry may end, so that O'Brien needs no care
_QUOTED = re.compile(r"[\"“”„]([^\"“”„]*)[\"“”]|['\u2018](.*?)['\u2019](?=[\s,]|\Z)", re.DOTALL)


def read_list(raw: str) -> tuple[tuple[Entry, ...], str]:
    """Split raw text into its leading recipient list and what follows, outer blanks stripped.

    The list ends at the first blank that does not touch a comma; quotes and Slack's dressing
    protect blanks and commas.

    Raises:
        UsageError: an entry is empty, or a quote is never closed.
    """
    entries: list[Entry] = []
    at = _skip(raw, 0)
    while True:
        token, at = take(raw, at)
        if not token.strip():
            raise UsageError(_gap(raw, at, first=not entries), _REMEDY)
        entries.append(to_entry(token))
        comma = _skip(raw, at)
        if raw[comma : comma + 1] != ",":
            return tuple(entries), raw[at:].strip()
        at = _skip(raw, comma + 1)


def take(raw: str, at: int) -> tuple[str, int]:
    """Give the word or the quoted text that starts at `at`, still dressed, and where it ends.

    Raises:
        UsageError: a quote is never closed, or goes on after it was closed.
    """
    if raw[at : at + 1] in tuple(_OPENING):
        return _unquote(raw, at)
    match = _BARE.match(raw, at)
    return (match[0], match.end()) if match else ("", at)


def to_entry(raw: str) -> Entry:
    """Tell what one entry of a recipient list is, from its raw text."""
    match = DRESSED.fullmatch(raw.strip())
    label = unescape(match["label"] or "").strip().removeprefix("@") if match else ""
    if match and match["user"]:
        return UserEntry(match["user"], label)
    if match and match["group"]:
        return UserGroupEntry(match["group"], label)
    if match and (match["scheme"] or "").lower() == "tel":
        return NumberEntry(unescape(match["rest"]))
    return _named(plain(raw).strip())


def _named(text: str) -> Entry:
    if text.casefold() == VERIFIED:
        return VerifiedEntry()
    return NumberEntry(text) if is_number(text) else NameEntry(text.removeprefix("@"))


def _unquote(raw: str, at: int) -> tuple[str, int]:
    match = _QUOTED.match(raw, at)
    if match is None:
        raise UsageError(
            f"The quote before “{plain(raw[at + 1 : at + 21])}” is never closed.", _REMEDY
        )
    end = match.end()
    if end < len(raw) and raw[end] != "," and not raw[end].isspace():
        raise UsageError(f"A comma or a blank is missing after {plain(match[0])}.", _REMEDY)
    return match[1] if match[1] is not None else match[2], end


def _skip(raw: str, at: int) -> int:
    match = _BLANKS.match(raw, at)
    return match.end() if match else at


def _gap(raw: str, at: int, *, first: bool) -> str:
    if at < len(raw):
        return "An entry of the recipient list is empty."
    return "There are no recipients." if first else "The recipient list ends with a comma."
