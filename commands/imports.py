"""The directory from a table: what each row means, and all that is wrong with them."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from commands.book import check_members
from commands.changes import Change
from commands.entries import NameEntry, NumberEntry, to_entry
from commands.errors import Refusal
from commands.names import fault_of
from commands.numbers import BadNumber, to_address
from commands.rules import Contact, Group, Policy

_USER = re.compile(r"[UW][A-Z0-9]+")


@dataclass(frozen=True)
class Line:
    """One row of the table, as it is written there.

    Attributes:
        number: of the line in its file.
        name: of a contact or group.
        address: a contact's number; empty for a group.
        slack: a contact's Slack user id, empty if unknown.
        members: a group's members; empty for a contact.
        surplus: whether there is more in the row than columns.
    """

    number: int
    name: str
    address: str = ""
    slack: str = ""
    members: tuple[str, ...] = ()
    surplus: bool = False

    def __repr__(self) -> str:
        """Show the line's number alone: the rest may be numbers of people."""
        return f"Line({self.number})"


@dataclass(frozen=True)
class Wrong:
    """What is wrong with one line.

    Attributes:
        number: of the line.
        what: what is wrong.
        remedy: what to do.
    """

    number: int
    what: str
    remedy: str


def plan(lines: Sequence[Line], policy: Policy) -> tuple[tuple[Change, ...], tuple[Wrong, ...]]:
    """Give the changes that make the directory hold these lines, or what is wrong with them.

    Entries that are there already are replaced, or left alone if they are the same; others stay.
    """
    found = [(line, _read(line, policy)) for line in lines]
    wrong = [each for _, each in found if isinstance(each, Wrong)]
    entries = [(line, each) for line, each in found if not isinstance(each, Wrong)]
    whole = _with([entry for _, entry in entries], policy)
    wrong += _repeated(entries)
    wrong += _links(entries, whole)
    wrong += _members(entries, whole)
    changes = [Change(policy.named(entry.name), entry) for _, entry in entries]
    changed = tuple(change for change in changes if change.before != change.after)
    return changed, tuple(sorted(wrong, key=lambda each: each.number))


def _read(line: Line, policy: Policy) -> Contact | Group | Wrong:
    if line.surplus:
        what = "it has more cells than there are columns"
        return Wrong(line.number, what, "Put what has a separator in it into double quotes")
    if fault := fault_of(line.name):
        what, remedy = fault
        return Wrong(line.number, f"the name “{line.name}” {what}", remedy)
    there = policy.named(line.name)
    if there is not None and not there.by:
        return Wrong(line.number, f"{there.name} stands in sms.toml", "Leave it out here, or there")
    if line.address and line.members:
        return Wrong(
            line.number, "it has a number and members", "A contact has a number, a group members"
        )
    if line.members:
        return _group(line, policy)
    return _contact(line, policy)


def _contact(line: Line, policy: Policy) -> Contact | Wrong:
    if not line.address:
        return Wrong(line.number, "the number is missing", "Write it with + and its country code")
    if line.slack and not _USER.fullmatch(line.slack):
        remedy = "Copy the id (U… or W…) in Slack's profile menu, or leave it out"
        return Wrong(line.number, f"“{line.slack}” is not a Slack user id", remedy)
    address = _address(line.address, policy)
    if isinstance(address, BadNumber):
        what = f"the number “{line.address}” cannot be texted: {address.why}"
        return Wrong(line.number, what, "Write it with + and its country code")
    return Contact(line.name, address, line.slack)


def _group(line: Line, policy: Policy) -> Group | Wrong:
    members = []
    for member in line.members:
        entry = to_entry(member)
        address = _address(entry.text, policy) if isinstance(entry, NumberEntry) else ""
        if isinstance(address, BadNumber):
            what = f"the member “{member}” cannot be texted: {address.why}"
            return Wrong(line.number, what, "Write it with + and its country code")
        if not isinstance(entry, NumberEntry | NameEntry):
            what = f"“{member}” cannot be a member of a group"
            return Wrong(line.number, what, "Name contacts, groups or numbers")
        members.append(address or str(entry))
    return Group(line.name, tuple(dict.fromkeys(members)))


def _address(text: str, policy: Policy) -> str | BadNumber:
    try:
        return to_address(text, policy.region)
    except BadNumber as error:
        return error


def _with(entries: Sequence[Contact | Group], policy: Policy) -> Policy:
    """Give the policy as it would be."""
    new = {entry.name.casefold() for entry in entries}
    contacts = [c for c in policy.contacts if c.name.casefold() not in new]
    groups = [g for g in policy.groups if g.name.casefold() not in new]
    contacts += [entry for entry in entries if isinstance(entry, Contact)]
    groups += [entry for entry in entries if isinstance(entry, Group)]
    return replace(policy, contacts=tuple(contacts), groups=tuple(groups))


_Entries = Sequence[tuple[Line, Contact | Group]]


def _repeated(entries: _Entries) -> Iterator[Wrong]:
    first: dict[str, int] = {}
    for line, entry in entries:
        at = first.setdefault(entry.name.casefold(), line.number)
        if at != line.number:
            yield Wrong(line.number, f"{entry.name} is there already, in line {at}", "Keep one")


def _links(entries: _Entries, whole: Policy) -> Iterator[Wrong]:
    """Two contacts for one person in Slack: only the first would ever be used."""
    for line, entry in entries:
        if isinstance(entry, Contact) and entry.slack:
            linked = whole.contact_of[entry.slack]
            if linked.name.casefold() != entry.name.casefold():
                what = f"{entry.slack} is the contact {linked.name} already"
                yield Wrong(line.number, what, "Link one of the two")


def _members(entries: _Entries, whole: Policy) -> Iterator[Wrong]:
    for line, entry in entries:
        if isinstance(entry, Group):
            try:
                check_members(entry, whole)
            except Refusal as no:
                yield Wrong(line.number, no.text.replace("\n", " ").rstrip("."), no.remedy)
