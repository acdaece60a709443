"""Names -> addresses: contacts, groups, Slack users, user groups and verified numbers.

People are looked up together, the members of a user group as well as those named beside each other:
one after another would take longer than Slack waits. User groups are looked up one after another:
Slack allows usergroups.* 20 times a minute, and a recipient list rarely needs two.
"""

import difflib
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from commands.entries import (
    Entry,
    NameEntry,
    NumberEntry,
    UserEntry,
    UserGroupEntry,
    to_entry,
)
from commands.errors import BadRecipients, LookupFailed, Problem
from commands.model import Recipient
from commands.numbers import BadNumber, to_address
from commands.person import PersonState
from commands.ports import Directory
from commands.rules import Group, Policy

_REMEDY = "Mend or leave out these, then send again; /sms recipients lists who can be reached."
_Found = Recipient | Problem

_EMPTY = "the user group has no members in Slack; add some there, or leave it out"
_NO_GROUP = (
    "Slack has no such user group, or it is disabled; name another one or the people, or have it "
    "enabled in Slack"
)
_GONE = MappingProxyType(
    {
        PersonState.DEACTIVATED: "is deactivated in Slack; leave them out, also of the user group",
        PersonState.BOT: "is a bot, which no SMS reaches; leave it out, also of the user group",
        PersonState.UNKNOWN: "Slack does not know this person; leave them out, or name a contact",
    }
)


@dataclass(frozen=True)
class Resolved:
    """Whom a recipient list names.

    Attributes:
        recipients: each address once, in order; its first name wins.
        folded: how many more times one of them was named.
    """

    recipients: tuple[Recipient, ...]
    folded: int = 0


async def resolve(entries: Sequence[Entry], policy: Policy, directory: Directory) -> Resolved:
    """Give everybody whom `entries` name.

    Raises:
        BadRecipients: some entries name nobody who can be reached; names every one.
        LookupFailed: a directory outside did not answer.
    """
    resolver = _Resolver(policy, directory)
    await resolver.look_up(entry.user for entry in entries if isinstance(entry, UserEntry))
    recipients: dict[str, Recipient] = {}
    problems: dict[Problem, None] = {}
    named = 0
    for entry in entries:
        async for found in resolver.find(entry):
            if isinstance(found, Problem):
                problems[found] = None
                continue
            named += 1
            if not (known := recipients.get(found.address)) or not known.name:
                recipients[found.address] = found
    if problems:
        raise BadRecipients(tuple(problems), _REMEDY)
    return Resolved(tuple(recipients.values()), named - len(recipients))


@dataclass(frozen=True)
class Reachable:
    """Whom a recipient list reaches at a moment, as far as can be told.

    Attributes:
        recipients: each address once, in order; its first name wins.
        problems: the entries that reach nobody, and why.
        unanswered: whether a directory outside did not answer, so that asking again may help.
    """

    recipients: tuple[Recipient, ...]
    problems: tuple[Problem, ...] = ()
    unanswered: bool = False


async def reachable(entries: Sequence[Entry], policy: Policy, directory: Directory) -> Reachable:
    """Give whom `entries` reach now; what is wrong with one does not keep the others back."""
    resolver = _Resolver(policy, directory, partly=True)
    recipients: dict[str, Recipient] = {}
    problems: dict[Problem, None] = {}
    await resolver.look_up(entry.user for entry in entries if isinstance(entry, UserEntry))
    for entry in entries:
        async for found in resolver.find(entry):
            if isinstance(found, Problem):
                problems[found] = None
            elif not (known := recipients.get(found.address)) or not known.name:
                recipients[found.address] = found
    return Reachable(tuple(recipients.values()), tuple(problems), resolver.unanswered)


class _Resolver:
    """Looks entries up; `partly`: who cannot be looked up is a problem among others.

    Else a directory outside that does not answer is an error, and nobody is found.
    """

    def __init__(self, policy: Policy, directory: Directory, *, partly: bool = False) -> None:
        self._policy = policy
        self._directory = directory
        self._partly = partly
        self._opened: set[str] = set()
        self.unanswered = False

    async def look_up(self, users: Iterable[str]) -> None:
        """Ask for everybody to whom no contact is linked, before they are needed one by one."""
        linked = self._policy.contact_of
        if unlinked := tuple(dict.fromkeys(user for user in users if user not in linked)):
            try:
                await self._directory.people(unlinked)
            except LookupFailed:
                if not self._partly:  # else each tells of it by itself
                    raise

    async def find(self, entry: Entry) -> AsyncIterator[_Found]:
        """Give whom an entry names, and what is wrong with it or with its members."""
        try:
            async for found in self._find(entry):
                yield found
        except LookupFailed as failed:
            if not self._partly:
                raise
            self.unanswered = True
            yield Problem(str(entry), failed.text)

    async def _find(self, entry: Entry) -> AsyncIterator[_Found]:
        match entry:
            case NumberEntry(text):
                yield self._number(text)
            case NameEntry():
                async for found in self._named(entry):
                    yield found
            case UserEntry():
                yield await self._user(entry)
            case UserGroupEntry(group):
                async for found in self._user_group(group, entry):
                    yield found
            case _:
                async for found in self._verified(entry):
                    yield found

    def _number(self, text: str) -> _Found:
        try:
            return self._known(Recipient(to_address(text, self._policy.region)))
        except BadNumber as error:
            return Problem(text, error.why)

    def _known(self, recipient: Recipient) -> Recipient:
        """Prefer the name that our own directory gives."""
        name = self._policy.directory.get(recipient.address)
        return Recipient(recipient.address, name or recipient.name)

    async def _named(self, entry: NameEntry) -> AsyncIterator[_Found]:
        name = entry.name.casefold()
        if contact := self._policy.contact_named.get(name):
            yield Recipient(contact.number, contact.name)
        elif group := self._policy.group_named.get(name):
            async for found in self._group(group):
                yield found
        else:
            yield Problem(str(entry), self._unknown(name))

    async def _group(self, group: Group) -> AsyncIterator[_Found]:
        if not group.members:
            yield Problem(group.name, "the group has no members")
        if group.name in self._opened:  # seen before, or within itself
            return
        self._opened.add(group.name)
        for member in group.members:
            async for found in self.find(to_entry(member)):
                if isinstance(found, Problem) and found.entry == member:
                    yield Problem(f"{group.name}, {member}", found.why)
                else:
                    yield found

    async def _user(self, entry: UserEntry) -> _Found:
        if contact := self._policy.contact_of.get(entry.user):
            return Recipient(contact.number, contact.name)
        person = (await self._directory.people((entry.user,)))[entry.user]
        called = entry.label or person.name
        if person.standing is not PersonState.ACTIVE:
            return Problem(f"@{called}", _GONE[person.standing])
        if not person.reachable:
            mend = self._mend_user(person.user, called)
            return Problem(f"@{called}", f"no phone in the Slack profile; {mend}")
        try:
            address = to_address(person.phone, self._policy.region)
        except BadNumber as error:
            wrong = f"the phone in the Slack profile, {person.phone}, cannot be used: {error.why}"
            return Problem(f"@{called}", f"{wrong}; {self._mend_user(person.user, called)}")
        return self._known(
            Recipient(address, called if person.name == person.user else person.name)
        )

    async def _user_group(self, group: str, entry: Entry) -> AsyncIterator[_Found]:
        members = await self._directory.group_members(group)
        if not members:
            there = await self._directory.group_exists(group)
            yield Problem(str(entry), _EMPTY if there else _NO_GROUP)
        await self.look_up(members)
        for user in members:
            async for found in self.find(UserEntry(user)):
                if isinstance(found, Problem):
                    yield Problem(f"{entry}, {found.entry}", found.why)
                else:
                    yield found

    async def _verified(self, entry: Entry) -> AsyncIterator[_Found]:
        numbers = await self._directory.verified()
        if not numbers:
            yield Problem(str(entry), "the Twilio account has no verified numbers")
        for recipient in numbers:
            yield self._known(recipient)

    def _unknown(self, name: str) -> str:
        if name.startswith("#"):
            return "a channel cannot be texted; name people, groups or numbers"
        known = {g: group.name for g, group in self._policy.group_named.items()}
        known |= {c: contact.name for c, contact in self._policy.contact_named.items()}
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {known[near[0]]}?" if near else self._add(name)
        return f"no contact or group has this name; {hint}"

    def _add(self, name: str) -> str:
        """Say how somebody becomes a contact."""
        if self._policy.admins:
            return f"an admin can add it: /sms contacts add {name} NUMBER"
        return "add it to sms.toml as a [[contact]]"

    def _mend_user(self, user: str, called: str) -> str:
        if self._policy.admins:
            return f"fill it in there, or let an admin type /sms contacts add NAME NUMBER @{called}"
        return f'fill it in there, or write slack = "{user}" into a [[contact]] of sms.toml'
