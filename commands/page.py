"""The verb `page` up to its commit: whom to page one after the other, and whether one may."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from commands.dressing import escape
from commands.entries import Entry, NameEntry, UserEntry, UserGroupEntry, to_entry
from commands.errors import LookupFailed, Problem
from commands.lookups import Lookups
from commands.model import Action, Recipient
from commands.oncall import Ladder, Rung
from commands.parser import Page
from commands.permission import permit
from commands.policy import rule_of
from commands.ports import Directory
from commands.resolve import reachable, resolve
from commands.rules import ChannelRules, Policy, needs_verified, reach
from commands.send import Draft, draft, message_of
from commands.services import Case

WAIT: Final = timedelta(minutes=5)
"""How long plain recipients have to acknowledge before they are paged again."""

ROUNDS: Final = 3
"""How often plain recipients are paged in all."""

_LINK = re.compile(r"https?://[^\s<>]+")


@dataclass(frozen=True)
class Reached:
    """Whom a step reaches at the moment when it fires.

    Attributes:
        recipients: everybody whom it pages.
        missed: who it should page and does not, and why.
        unanswered: whether a directory outside did not answer, so that asking again may help.
    """

    recipients: tuple[Recipient, ...]
    missed: tuple[Problem, ...] = ()
    unanswered: bool = False


async def prepare_page(command: Page, case: Case) -> Draft:
    """Do all of a page but its commit.

    An escalation is not looked up here: whoever is on duty is found when its step fires, and an
    urgent page must not fail for a directory that is slow.

    Raises:
        CommandError: anything speaks against the page.
    """
    policy, actor = case.services.policy, await permit(case, Action.PAGE)
    body = await message_of(command.message, case.lookups)
    link = link_in(body)
    if known := escalation(command.entries, policy):
        return await draft(case, actor, body, (), ladder=replace(known, link=link))
    found = await resolve(command.entries, policy, case.lookups)
    ladder = plain_ladder(command.entries, link)
    drafted = await draft(case, actor, body, found.recipients, ladder=ladder)
    return replace(drafted, folded=found.folded)


def plain_ladder(entries: Sequence[Entry], link: str = "") -> Ladder:
    """Give the ladder of people who were named one by one."""
    return Ladder((Rung(tuple(map(dressed, entries)), WAIT),), ROUNDS, link=link)


def link_in(text: str) -> str:
    """Give the first address in a text, empty if there is none."""
    found = _LINK.search(text)
    if found is None:
        return ""
    link = found[0].rstrip(".,;:!?'\"")
    while link.endswith(")") and link.count(")") > link.count("("):  # it stands in brackets
        link = link[:-1].rstrip(".,;:!?'\"")
    return link


def escalation(entries: Sequence[Entry], policy: Policy) -> Ladder | None:
    """Give the escalation that a recipient list names, None if it names people."""
    match entries:
        case [NameEntry(name)]:
            return policy.escalations.get(name.casefold())
    return None


def dressed(entry: Entry) -> str:
    """Write an entry so that it can be read again: what a step keeps until it fires."""
    match entry:
        case UserEntry(user, label):
            return f"<@{user}|@{escape(label)}>" if label else f"<@{user}>"
        case UserGroupEntry(group, label):
            return f"<!subteam^{group}|@{escape(label)}>" if label else f"<!subteam^{group}>"
        case NameEntry(name):
            raw = escape(name)
            return raw if to_entry(raw) == entry else f"@{raw}"  # one called "verified", or "24"
    return escape(str(entry))


async def whom(rung: Rung, channel: str, policy: Policy, directory: Directory) -> Reached:
    """Find whom a step pages now, as far as the channel may reach them.

    Nothing is refused as a whole: at night three of four people are better than none. Who is
    missed is told.
    """
    rules = policy.channels.get(channel)
    if rules is None:
        return Reached((), (Problem(channel, "this channel is not in sms.toml any more"),))
    lookups = Lookups(directory)
    found = await reachable(tuple(map(to_entry, rung.to)), policy, lookups)
    recipients, missed, unanswered = found.recipients, found.problems, found.unanswered
    verified, why = frozenset[str](), _denied(rules)
    if needs_verified(policy, channel, recipients):
        try:
            verified = frozenset(r.address for r in await lookups.verified())
        except LookupFailed as failed:  # whether they are among them cannot be told
            unanswered, why = True, failed.text
    allowed = tuple(r for r in recipients if reach(policy, rules, r.address, verified))
    denied = [r for r in recipients if r not in allowed]
    missed += tuple(Problem(r.name or r.address, why) for r in denied)
    return Reached(allowed, missed, unanswered)


def _denied(rules: ChannelRules) -> str:
    return f"this channel may not reach them ({rule_of(rules, 'to')})"
