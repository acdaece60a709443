"""The verb `recipients`: who can be reached from this channel."""

from collections.abc import Iterator
from dataclasses import replace

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
    addresses = frozenset(r.address for r in verified)
    rows = [
        *_people(policy, rules, verified),
        *[
            Row(group.name, "", Source.GROUP, group.members)
            for group in policy.groups
            if await _reaches_all(group, policy, rules, addresses)
        ],
    ]
    wanted = command.filter.casefold()
    found = (r for r in rows if wanted in r.name.casefold() or wanted in r.address.casefold())
    ordered = sorted(found, key=lambda r: (r.name.casefold(), r.address))
    out = await case.services.ledger.opted_out(rules.sender or case.services.default_sender)
    marked = tuple(replace(row, opted_out=row.address in out) for row in ordered)
    return Listing(marked, command.filter, actor.channel, rules.show_numbers)


def _people(policy: Policy, rules: ChannelRules, verified: tuple[Recipient, ...]) -> Iterator[Row]:
    addresses = frozenset(r.address for r in verified)
    contacts = (Row(c.name, c.number, Source.CONTACT) for c in policy.contacts)
    friendly = (Row(r.name, r.address, Source.VERIFIED) for r in verified)
    seen: set[str] = set()
    for row in (*contacts, *friendly):
        if row.address not in seen and reach(policy, rules, row.address, addresses):
            seen.add(row.address)
            yield row


async def _reaches_all(
    group: Group, policy: Policy, rules: ChannelRules, verified: frozenset[str]
) -> bool:
    try:
        found = await resolve((NameEntry(group.name),), policy, Nobody())
    except BadRecipients:
        return False
    return all(reach(policy, rules, member.address, verified) for member in found.recipients)
