"""The permissions of sms.toml and the directory of sms.toml as values, and what they reach."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Final

from commands.model import Recipient
from commands.numbers import BadNumber, is_number, to_address
from commands.oncall import Ladder

EVERYBODY: Final = "*"
"""In `who`: everybody in the channel."""

VERIFIED: Final = "verified"
"""In `to`: the verified numbers of the Twilio account."""

DIRECTORY: Final = "directory"
"""In `to`: the numbers of contacts, and those written in groups."""


@dataclass(frozen=True)
class ChannelRules:
    """One ``[[channel]]``; a key that is absent allows nothing, a limit that is absent limits not.

    Attributes:
        id: Slack channel id; decides.
        name: for people.
        allow: actions: ``send``, ``recipients``, ``page``.
        who: user ids, user group ids, or ``*``.
        to: classes (``verified``, ``directory``) and prefixes of addresses.
        max_recipients: most recipients of one command.
        daily_limit: most recipients in 24 hours.
        confirm_above: a send to more asks first.
        approve_above: a send to more needs a second person.
        senders: the ``from`` of the channel, its default first; none for the default sender.
        show_numbers: whether answers in the channel show whole numbers.
    """

    id: str
    name: str = ""
    allow: tuple[str, ...] = ()
    who: tuple[str, ...] = ()
    to: tuple[str, ...] = ()
    max_recipients: int | None = None
    daily_limit: int | None = None
    confirm_above: int | None = None
    approve_above: int | None = None
    senders: tuple[str, ...] = ()
    show_numbers: bool = False

    @property
    def sender(self) -> str:
        """The sender where none was chosen; empty for the default sender."""
        return self.senders[0] if self.senders else ""


@dataclass(frozen=True)
class Contact:
    """One ``[[contact]]``.

    Attributes:
        name: unique regardless of case.
        number: address: E.164 or a channel address.
        slack: Slack user id, empty if unknown.
        by: Slack id of who added it there; empty for one of sms.toml.
    """

    name: str
    number: str
    slack: str = ""
    by: str = field(default="", compare=False)

    def __repr__(self) -> str:
        """Leave out the number: a `repr` may end in a log."""
        return f"Contact({self.name!r})"


@dataclass(frozen=True)
class Group:
    """One ``[[group]]``.

    Attributes:
        name: unique regardless of case.
        members: names of contacts and groups, or numbers.
        by: Slack id of who made it there; empty for one of sms.toml.
    """

    name: str
    members: tuple[str, ...] = ()
    by: str = field(default="", compare=False)

    def __repr__(self) -> str:
        """Leave out the members, which may be numbers: a `repr` may end in a log."""
        return f"Group({self.name!r}, {len(self.members)} members)"


@dataclass(frozen=True)
class Policy:
    """All that decides: sms.toml, and the directory that is kept in Slack.

    Attributes:
        region: country whose national numbers need no ``+``.
        admins: user and user group ids who may edit the directory.
        channels: rules by channel id.
        contacts: the directory's people.
        groups: the directory's groups.
        ladders: the escalations.
        edition: which state of the directory that is kept in Slack this is.
    """

    region: str = "US"
    admins: tuple[str, ...] = ()
    channels: Mapping[str, ChannelRules] = field(default_factory=lambda: MappingProxyType({}))
    contacts: tuple[Contact, ...] = ()
    groups: tuple[Group, ...] = ()
    ladders: tuple[Ladder, ...] = ()
    edition: int = 0

    def named(self, name: str) -> Contact | Group | None:
        """Find a contact or group by its name, in any case."""
        key = name.casefold()
        return self.contact_named.get(key) or self.group_named.get(key)

    @cached_property
    def directory(self) -> Mapping[str, str]:
        """The addresses of the class ``directory`` with their names, maybe empty."""
        members = (m for group in self.groups for m in group.members if is_number(m))
        found = dict.fromkeys(filter(None, (self._address(m) for m in members)), "")
        return MappingProxyType(found | {c.number: c.name for c in reversed(self.contacts)})

    @cached_property
    def contact_named(self) -> Mapping[str, Contact]:
        """Contacts by case-folded name; the first of a name wins."""
        return MappingProxyType({c.name.casefold(): c for c in reversed(self.contacts)})

    @cached_property
    def group_named(self) -> Mapping[str, Group]:
        """Groups by case-folded name; the first of a name wins."""
        return MappingProxyType({g.name.casefold(): g for g in reversed(self.groups)})

    @cached_property
    def escalations(self) -> Mapping[str, Ladder]:
        """Escalations by case-folded name."""
        return MappingProxyType({ladder.escalation.casefold(): ladder for ladder in self.ladders})

    @cached_property
    def contact_of(self) -> Mapping[str, Contact]:
        """Contacts by Slack user id; the first of a user wins."""
        return MappingProxyType({c.slack: c for c in reversed(self.contacts) if c.slack})

    def _address(self, number: str) -> str:
        try:
            return to_address(number, self.region)
        except BadNumber:  # told when somebody uses the group, or by the check of sms.toml
            return ""


def reach(policy: Policy, rules: ChannelRules, address: str, verified: frozenset[str]) -> str:
    """Give the item of `to` that reaches `address`; empty if none does."""
    for item in rules.to:
        if item == VERIFIED:
            reached = address in verified
        elif item == DIRECTORY:
            reached = address in policy.directory
        else:  # an empty prefix would be everybody: it is nobody
            reached = bool(item) and address.startswith(item)
        if reached:
            return item
    return ""


def needs_verified(policy: Policy, channel: str, recipients: Iterable[Recipient]) -> bool:
    """Tell whether a decision on `recipients` depends on the account's verified numbers."""
    rules = policy.channels.get(channel)
    return (
        rules is not None
        and VERIFIED in rules.to
        and not all(reach(policy, rules, r.address, frozenset()) for r in recipients)
    )


def groups_mentioned(policy: Policy, channel: str) -> frozenset[str]:
    """Give the user groups (``S…``) whose members `who` of the channel or `admins` mean."""
    rules = policy.channels.get(channel)
    who = rules.who if rules else ()
    return frozenset(item for item in (*who, *policy.admins) if item.startswith("S"))
