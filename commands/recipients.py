"""The verb `recipients`: who can be reached from this channel."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from commands.entries import NameEntry
from commands.errors import BadRecipients
from commands.lookups import Nobody
from commands.model import Action, Recipient
from commands.outcome import Listing, Row, Source
from commands.parser import Recipients
from commands.permission import permit
from commands.resolve import resolve
from commands.rules import DIRECTORY, ChannelRules, Group, Policy, reach
from commands.services import Case


async def recipients(command: Recipients, case: Case) -> Listing:
    """List contacts, verified numbers and groups that `to` of the channel reaches."""
    actor = await permit(case, Action.RECIPIENTS)
    policy = case.services.policy
    rules = policy.channels[actor.channel]
    verified = await case.lookups.verified() if set(rules.to) - {DIRECTORY} else ()
    out = await case.services.ledger.opted_out(rules.sender or case.services.default_sender)
    wanted = command.filter.casefold()
    people = (
        replace(row, opted_out=row.address in out)
        for row in _people(policy, rules, verified)
        if wanted in row.name.casefold() or wanted in row.address.casefold()
    )
    named = (group for group in policy.groups if wanted in group.name.casefold())
    reached = _Reached(policy, rules, frozenset(r.address for r in verified), out)
    rows = [*people, *[row for group in named if (row := await reached.row(group))]]
    ordered = sorted(rows, key=lambda r: (r.name.casefold(), r.address))
    return Listing(tuple(ordered), command.filter, actor.channel, rules.show_numbers)


def _people(policy: Policy, rules: ChannelRules, verified: tuple[Recipient, ...]) -> Iterator[Row]:
    addresses = frozenset(r.address for r in verified)
    contacts = (Row(c.name, c.number, Source.CONTACT) for c in policy.contacts)
    friendly = (Row(r.name, r.address, Source.VERIFIED) for r in verified)
    seen: set[str] = set()
    for row in (*contacts, *friendly):
        if row.address not in seen and reach(policy, rules, row.address, addresses):
            seen.add(row.address)
            yield row


@dataclass(frozen=True)
class _Reached:
    """What decides whether a group is listed, and what is said of it.

    Attributes:
        policy: knows its members.
        rules: the channel's.
        verified: the account's verified numbers.
        out: who has opted out of the channel's sender.
    """

    policy: Policy
    rules: ChannelRules
    verified: frozenset[str]
    out: frozenset[str]

    async def row(self, group: Group) -> Row | None:
        """Give the row of a group; None if the channel does not reach all of its members."""
        try:
            found = await resolve((NameEntry(group.name),), self.policy, Nobody())
        except BadRecipients:
            return None
        members = found.recipients
        if not all(reach(self.policy, self.rules, m.address, self.verified) for m in members):
            return None
        out = sum(member.address in self.out for member in members)
        return Row(
            group.name,
            "",
            Source.GROUP,
            group.members,
            opted_out=0 < out == len(members),
            people=len(members),
            out=out,
        )
