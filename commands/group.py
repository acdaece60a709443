"""The verb `group`: make, fill, empty and delete the groups that are kept in Slack."""

from collections.abc import Iterator, Sequence

from commands.book import check_free, check_name, make, stored
from commands.changes import Change
from commands.entries import Entry, NameEntry, NumberEntry, UserEntry, to_entry
from commands.errors import Problem, Refusal
from commands.numbers import BadNumber, to_address
from commands.outcome import Changed
from commands.parser import Edit, Group
from commands.permission import permit_admin
from commands.rules import Contact, Policy
from commands.rules import Group as Kept
from commands.services import Case


async def group(command: Group, case: Case) -> Changed:
    """Change a group.

    Raises:
        Refusal: it does not fit the rest of the directory, or the asker is no admin.
    """
    await permit_admin(case)
    policy = case.services.policy
    if command.edit is Edit.DELETE:
        gone = _stored(command.name, policy)
        return await make(Change(gone, None), case, "group", f"Deleted the group {gone.name}.")
    before = _before(command, policy)
    name = before.name if before else check_name(command.name, "group")
    given = _members(command.members, policy, removing=command.edit is Edit.REMOVE)
    after = Kept(name, _after(command.edit, before, given))
    if before == after:
        raise Refusal(f"That is what {name} is already: {_listed(after)}.", "Nothing was changed.")
    said = f"The group {name} is now: {_listed(after)}."
    return await make(Change(before, after), case, "group", said)


def _before(command: Group, policy: Policy) -> Kept | None:
    """Give the group that is changed, None for a new one."""
    if command.edit is Edit.CREATE or (
        command.edit is Edit.SET and policy.named(command.name) is None
    ):
        check_free(command.name, policy)
        return None
    return _stored(command.name, policy)


def _stored(name: str, policy: Policy) -> Kept:
    found = stored(name, policy)
    if isinstance(found, Contact):
        raise Refusal(f"{found.name} is a contact.", "Choose another name for the group.")
    return found


def _after(edit: Edit, before: Kept | None, given: tuple[str, ...]) -> tuple[str, ...]:
    there = before.members if before else ()
    if edit is Edit.ADD:
        return _once((*there, *given))
    if edit is not Edit.REMOVE or before is None:
        return _once(given)
    out = {member.casefold() for member in given}
    missing = out - {member.casefold() for member in there}
    if missing:
        raise Refusal(
            f"Not in {before.name}: {', '.join(sorted(missing))}.", f"It is: {_listed(before)}."
        )
    left = tuple(member for member in there if member.casefold() not in out)
    if not left:
        raise Refusal(
            f"Nobody would be left in {before.name}.", f"Delete it: /sms group delete {before.name}"
        )
    return left


def _once(members: Sequence[str]) -> tuple[str, ...]:
    """Keep each member once, in the order given; names are the same in any case."""
    first = {member.casefold(): member for member in reversed(members)}
    return tuple(dict.fromkeys(first[member.casefold()] for member in members))


def _members(entries: Sequence[Entry], policy: Policy, *, removing: bool) -> tuple[str, ...]:
    found = list(_read(entries, policy, removing=removing))
    problems = [each for each in found if isinstance(each, Problem)]
    if problems:
        lines = "\n".join(f"{problem.entry}: {problem.why}" for problem in problems)
        raise Refusal(
            f"Nothing was changed. These cannot be members:\n{lines}",
            "Name contacts, groups or numbers.",
        )
    return tuple(each for each in found if isinstance(each, str))


def _read(entries: Sequence[Entry], policy: Policy, *, removing: bool) -> Iterator[str | Problem]:
    for entry in entries:
        match entry:
            case NumberEntry(text):
                yield _number(text, policy)
            case NameEntry(name):
                known = policy.named(name)
                # a name that is in the group and nowhere else can still be taken out of it
                yield known.name if known else name if removing else _unknown(name)
            case UserEntry(user) if contact := policy.contact_of.get(user):
                yield contact.name
            case UserEntry():
                remedy = f"/sms contacts add NAME NUMBER {entry}"
                yield Problem(str(entry), f"no contact is linked to them; first {remedy}")
            case _:
                yield Problem(str(entry), "a group holds contacts, groups and numbers only")


def _number(text: str, policy: Policy) -> str | Problem:
    try:
        return to_address(text, policy.region)
    except BadNumber as error:
        return Problem(text, error.why)


def _unknown(name: str) -> Problem:
    return Problem(name, "no contact or group has this name")


def _listed(group: Kept) -> str:
    return ", ".join(map(str, map(to_entry, group.members)))
