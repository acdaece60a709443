"""The directory that admins keep in Slack, beside the one of sms.toml: changes, and their undoing.

Each change is one entry before and after. It is checked against the whole directory, and written
only if that is still the directory which it was checked against.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from commands.changes import Change
from commands.entries import NameEntry, to_entry
from commands.errors import Refusal, UsageError
from commands.forms import write
from commands.model import AuditEntry
from commands.names import fault_of
from commands.outcome import Changed
from commands.permission import permit_admin
from commands.rules import Contact, Group, Policy
from commands.services import Case

UNDO_WITHIN = timedelta(minutes=10)
"""How long a change can be undone by its button."""


def check_name(name: str, verb: str) -> str:
    """Give the name, if it will do for a contact or group.

    Raises:
        UsageError: it will not.
    """
    if fault := fault_of(name):
        what, remedy = fault
        raise UsageError(f"The name “{name}” {what}.", f"{remedy}. {write(verb)}")
    return name


def check_free(name: str, policy: Policy) -> None:
    """See that nothing has this name yet.

    Raises:
        Refusal: a contact or group has it.
    """
    if taken := policy.named(name):
        kind = "group" if isinstance(taken, Group) else "contact"
        raise Refusal(
            f"There is a {kind} of this name already: {taken.name}.",
            "Choose another name, or remove that one first.",
        )


def stored(name: str, policy: Policy) -> Contact | Group:
    """Give what has this name and is kept in Slack.

    Raises:
        Refusal: nothing has this name, or it stands in sms.toml.
    """
    entry = policy.named(name)
    if entry is None:
        raise Refusal(f"No contact or group is called “{name}”.", "/sms contacts lists the names.")
    if not entry.by:
        raise Refusal(
            f"{entry.name} stands in sms.toml, which cannot be changed from Slack.",
            "Change it on the bot's machine.",
        )
    return entry


async def make(change: Change, case: Case, action: str, said: str) -> Changed:
    """Check and write a change.

    Args:
        change: what is to be changed.
        case: who asks, where.
        action: the verb, for the audit.
        said: what was done, for the person who asked.

    Raises:
        Refusal: the asker is no admin, or the change does not fit the rest of the directory.
    """
    rule = (await permit_admin(case)).rule
    return await _write(change, case, action, said, rule)


async def undo(number: int, case: Case) -> Changed:
    """Undo a change, once and within `UNDO_WITHIN`.

    Raises:
        Refusal: it is too late, it was undone before, or the entry has changed since.
    """
    rule = (await permit_admin(case)).rule
    made = await case.services.book.made(number)
    if made is None:
        raise UsageError("There is no such change.", "/sms contacts shows the directory.")
    if made.undone:
        raise Refusal("This was undone before.", "/sms contacts shows the directory as it is.")
    if case.services.clock.now() - made.at > UNDO_WITHIN:
        raise Refusal(
            f"A change can be undone for {UNDO_WITHIN.seconds // 60} minutes.",
            "Change it anew; /sms help shows how.",
        )
    change = made.change.reverse
    if case.services.policy.named(change.name) != change.before:
        raise Refusal(
            f"{change.name} was changed again since.", "/sms contacts shows the directory as it is."
        )
    said = f"Undone: {change.name} is as it was before."
    return await _write(change, case, "undo", said, rule, undoes=number)


async def _write(
    change: Change, case: Case, action: str, said: str, rule: str, undoes: int | None = None
) -> Changed:
    policy, actor = case.services.policy, case.request.actor
    _check(change, policy)
    if change.after is not None:
        change = replace(change, after=replace(change.after, by=actor.user))
    entry = AuditEntry(actor, action, allowed=True, rule=rule, detail=_detail(change))
    number = await case.services.book.write(change, policy.edition, entry, undoes)
    if number is None:
        raise Refusal(
            "Somebody changed the directory at the same moment.", "Nothing was changed; try again."
        )
    return Changed(number, said, undoable=undoes is None)


def _detail(change: Change) -> str:
    """Say what changed without a number: the audit holds none."""
    kind = "group" if isinstance(change.after or change.before, Group) else "contact"
    done = "changed" if change.before and change.after else "added" if change.after else "removed"
    return f"{kind} {change.name} {done}"


def _check(change: Change, policy: Policy) -> None:
    """See that the directory still holds together after a change.

    Raises:
        Refusal: it would not.
    """
    if change.after is None:
        _check_unused(change.name, policy)
    elif isinstance(change.after, Contact):
        _check_link(change.after, policy)
    else:
        check_members(change.after, policy)


def _check_unused(name: str, policy: Policy) -> None:
    users = [group.name for group in policy.groups if name.casefold() in _folded(group)]
    if users:
        raise Refusal(
            f"{name} is a member of {', '.join(users)}.",
            f"Take it out first: /sms group remove {users[0]} {name}",
        )


def _check_link(contact: Contact, policy: Policy) -> None:
    linked = policy.contact_of.get(contact.slack)
    if linked and linked.name.casefold() != contact.name.casefold():
        raise Refusal(
            f"This person in Slack is the contact {linked.name} already.",
            f"Remove that one first: /sms contacts remove {linked.name}",
        )


def check_members(group: Group, policy: Policy) -> None:
    """See that a group has members that there are, and not itself.

    Raises:
        Refusal: it has not.
    """
    lines = [f"{name}: no contact or group has this name" for name in _unknown(group, policy)]
    if lines:
        whole = "\n".join(lines)
        raise Refusal(
            f"These cannot be members of {group.name}:\n{whole}",
            "Name contacts, groups or numbers; /sms contacts lists the names.",
        )
    if group.name.casefold() in _within(group, policy):
        raise Refusal(
            f"{group.name} would contain itself.", "Leave out the group that contains it."
        )


def _unknown(group: Group, policy: Policy) -> Iterator[str]:
    for member in group.members:
        entry = to_entry(member)
        # itself is known once it is made; that it may not be a member is told of next
        itself = member.casefold() == group.name.casefold()
        if isinstance(entry, NameEntry) and not itself and policy.named(entry.name) is None:
            yield member


def _within(group: Group, policy: Policy) -> set[str]:
    """Name all that a group contains, in whatever depth."""
    found: set[str] = set()
    waiting = list(_folded(group))
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            inner = policy.group_named.get(name)
            # as it will be, not as it is
            waiting += _folded(inner) if inner and name != group.name.casefold() else ()
    return found


def _folded(group: Group) -> frozenset[str]:
    return frozenset(member.casefold() for member in group.members)
