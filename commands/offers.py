"""Whom a channel may reach, as candidates: nobody is offered whom a send would be refused for."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

from commands import choices
from commands.entries import NameEntry, NumberEntry, to_entry
from commands.haystack import Candidate
from commands.model import Recipient
from commands.numbers import BadNumber, is_number, to_address
from commands.rules import VERIFIED, ChannelRules, Group, Policy, reach


@dataclass(frozen=True)
class Member:
    """Somebody of the workspace: active, and neither bot nor guest.

    Attributes:
        user: Slack user id.
        name: display name.
        handle: the name that others type, maybe the same.
        phone: of the profile as typed there; None where Slack's list does not tell it.
    """

    user: str
    name: str
    handle: str = ""
    phone: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class UserGroup:
    """A user group of Slack's that is in use.

    Attributes:
        group: its id.
        handle: what is typed for it, without ``@``.
        name: what it is called.
        count: how many members it has.
    """

    group: str
    handle: str
    name: str = ""
    count: int = 0


@dataclass(frozen=True)
class Scope:
    """What a channel reaches; whoever is offered is within it.

    Attributes:
        policy: the one in force.
        rules: the channel's.
        verified: the account's verified addresses, as far as they are known.
    """

    policy: Policy
    rules: ChannelRules
    verified: frozenset[str] = frozenset()

    @property
    def may_reach_others(self) -> bool:
        """Whether `to` may reach people whose number is not known yet."""
        return bool(set(self.rules.to) - {VERIFIED})

    def reaches(self, address: str) -> bool:
        """Tell whether `to` of the channel reaches an address."""
        return bool(reach(self.policy, self.rules, address, self.verified))

    def read(self, text: str) -> str:
        """Give the address that a text stands for, if it is one and within reach; else nothing."""
        try:
            address = to_address(text, self.policy.region)
        except BadNumber:
            return ""
        return address if self.reaches(address) else ""


def contacts(scope: Scope) -> Iterator[Candidate]:
    """Give the contacts within reach."""
    for contact in scope.policy.contact_named.values():
        if scope.reaches(contact.number):
            value = choices.of_name(contact.name)
            yield Candidate(value, contact.name, contact.number, contact.number)


def groups(scope: Scope) -> Iterator[Candidate]:
    """Give the groups of which all members are within reach."""
    for key, group in scope.policy.group_named.items():
        members = _members(group, scope)
        if key not in scope.policy.contact_named and members and all(members.values()):
            yield Candidate(choices.of_name(group.name), group.name, _recipients(len(members)))


def users(people: Collection[Member], scope: Scope) -> Iterator[Candidate]:
    """Give the Slack users within reach, without those who are contacts.

    One whose phone the list does not tell may be within reach: it is looked up when sent to.
    """
    for person in people:
        if person.user in scope.policy.contact_of:
            continue
        address = scope.read(person.phone) if person.phone is not None else ""
        if address or (person.phone is None and scope.may_reach_others):
            other = person.handle if person.handle.casefold() != person.name.casefold() else ""
            name = f"{person.name} (@{other})" if other else person.name
            yield Candidate(choices.of_user(person.user), name, address, address)


def user_groups(known: Collection[UserGroup], scope: Scope) -> Iterator[Candidate]:
    """Give the user groups; whether all members are within reach is only known when sent to."""
    for group in known if scope.may_reach_others else ():
        if group.count:
            detail = f"{group.name}, {_recipients(group.count)}" if group.name else ""
            yield Candidate(choices.of_user_group(group.group), f"@{group.handle}", detail)


def verified(known: Sequence[Recipient] | None, scope: Scope) -> Iterator[Candidate]:
    """Give the verified numbers within reach, and all of them as one; None: not known yet."""
    if VERIFIED in scope.rules.to and (known is None or known):
        detail = "all of the account" if known is None else f"all {_recipients(len(known))}"
        yield Candidate(choices.ALL_VERIFIED, VERIFIED, detail)
    for each in {each.address: each for each in known or ()}.values():
        value = choices.of_number(each.address)
        if value and scope.reaches(each.address):
            yield Candidate(value, each.name or each.address, each.address, each.address)


def typed(text: str, scope: Scope) -> Iterator[Candidate]:
    """Give the numbers that are typed, one or several parted by commas, each once."""
    parts = [part.strip() for part in text.split(",")]
    for address in dict.fromkeys(scope.read(part) for part in parts if is_number(part)):
        if value := choices.of_number(address) if address else "":
            yield Candidate(value, address, scope.policy.directory.get(address, ""), address)


def _members(group: Group, scope: Scope) -> dict[str, bool]:
    """Tell of everybody in a group, and in the groups within it, whether they are within reach."""
    found: dict[str, bool] = {}
    opened: set[str] = set()
    waiting = [group]
    while waiting:
        current = waiting.pop()
        if current.name in opened:
            continue
        opened.add(current.name)
        for member in current.members:
            match to_entry(member):
                case NumberEntry(text):
                    address = scope.read(text)
                    found[address or member] = bool(address)
                case NameEntry(name):
                    known = scope.policy.named(name)
                    if isinstance(known, Group):
                        waiting.append(known)
                    else:
                        address = known.number if known else ""
                        found[address or member] = scope.reaches(address)
                case _:  # nobody knows before it is sent to
                    found[member] = False
    return found


def _recipients(count: int) -> str:
    return f"{count:,} recipient{'' if count == 1 else 's'}"
