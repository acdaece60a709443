"""The App Home: what one person may do where, what they sent last, and whom they can name.

Decided anew each time, by the rules that decide a command. Nothing is kept in the audit: looking
at one's own home asks for nothing that could be refused.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from heapq import nsmallest
from typing import Final, TypeVar

from commands.errors import LookupFailed, Refusal
from commands.lookups import Lookups
from commands.model import Action, Actor, AuditEntry
from commands.outcome import Kept, Row, Source
from commands.permission import any_action, ask, permit_admin
from commands.policy import decide
from commands.ports import Directory, Site
from commands.rules import DIRECTORY, ChannelRules, Contact, Group, Policy, reach
from commands.services import Case, Request, Services
from commands.site import Health, Reading
from commands.snapshot import Standing

SENDS: Final = 5
"""How many of one's last sends are shown."""

ROWS: Final = 20
"""How many contacts and groups are shown."""

REFUSALS: Final = 10
"""How many of the last refusals admins see."""

Entry = TypeVar("Entry", Contact, Group)


@dataclass(frozen=True)
class Grant:
    """What somebody may do in one channel.

    Attributes:
        rules: the channel's rules, whose limits apply.
        actions: those of `allow` that the person may do, at least one.
    """

    rules: ChannelRules
    actions: tuple[Action, ...]


@dataclass(frozen=True)
class Overview:
    """What admins see besides.

    Attributes:
        policy: in force; with the directory that is kept in Slack.
        reading: how sms.toml was read last.
        refusals: the last ones, newest first.
        health: of Slack, Twilio and the database.
    """

    policy: Policy
    reading: Reading
    refusals: tuple[AuditEntry, ...]
    health: tuple[Health, ...]


@dataclass(frozen=True)
class Home:
    """What one person's home shows.

    Attributes:
        user: Slack id of whose home it is.
        grants: where they may do what, in the order of sms.toml; empty: nothing anywhere.
        untold: of how many channels it cannot be told now; nothing may be done there meanwhile.
        why_untold: why, in words; empty if all is told.
        sends: their last sends in channels where they may do anything, newest first.
        rows: the first contacts, then groups, each by name; empty for who may do nothing.
        total: how many contacts and groups the channels of the grants reach; all, for an admin.
        admins: Slack ids of users who are admins, for whom to ask.
        overview: for admins; None for others.
    """

    user: str
    grants: tuple[Grant, ...]
    untold: int = 0
    why_untold: str = ""
    sends: tuple[Standing, ...] = ()
    rows: tuple[Row, ...] = field(default=(), repr=False)
    total: int = 0
    admins: tuple[str, ...] = ()
    overview: Overview | None = None

    @property
    def may_send(self) -> bool:
        """Whether there is a channel to send from."""
        return any(Action.SEND in grant.actions for grant in self.grants)


async def home(user: str, services: Services, site: Site) -> Home:
    """Give a person's home; what cannot be told for want of an answer is not allowed.

    Args:
        user: Slack id. Slack does not say from which workspace somebody opens their home, so that
            the directory has to tell whether they are a guest.
        services: the world.
        site: what this process knows of itself.
    """
    lookups = _Sparing(services.directory)
    case = Case(Request("home", Actor(user, ""), f"home:{user}"), services, lookups)
    grants, untold = await _grants(case)
    admin = await _is_admin(case)
    policy = services.policy
    book = policy if admin else _within(policy, grants)
    return Home(
        user=user,
        grants=grants,
        untold=untold,
        why_untold=lookups.failed.text if lookups.failed else "",
        sends=await _sends(user, grants, services),
        rows=_rows(book),
        total=len(book.contacts) + len(book.groups),
        admins=tuple(each for each in policy.admins if not each.startswith("S")),
        overview=await _overview(services, site) if admin else None,
    )


class _Sparing(Lookups):
    """Asks no more once an answer did not come: each of hundreds of channels would wait for its.

    Attributes:
        failed: why it did not come; None if all did.
    """

    def __init__(self, directory: Directory) -> None:
        super().__init__(directory)
        self.failed: LookupFailed | None = None
        self._guest: bool | None = None

    async def group_members(self, group: str) -> tuple[str, ...]:
        """Give the user ids of a Slack user group."""
        if group not in self._members:
            self._go_on()
        try:
            return await super().group_members(group)
        except LookupFailed as failed:
            self.failed = failed
            raise

    async def is_guest(self, user: str, team: str) -> bool:
        """Tell whether the one person that this is about is of another organization than we."""
        if self._guest is None:
            self._go_on()
            try:
                self._guest = await super().is_guest(user, team)
            except LookupFailed as failed:
                self.failed = failed
                raise
        return self._guest

    def _go_on(self) -> None:
        if self.failed is not None:
            raise LookupFailed(self.failed.text, self.failed.remedy)


async def _grants(case: Case) -> tuple[tuple[Grant, ...], int]:
    """Give where the person may do what, and of how many channels it cannot be told."""
    grants, untold = [], 0
    for channel, rules in case.services.policy.channels.items():
        try:
            actions = await _actions(case, channel)
        except LookupFailed:
            untold += 1
            continue
        if actions:
            grants.append(Grant(rules, actions))
    return tuple(grants), untold


async def _actions(case: Case, channel: str) -> tuple[Action, ...]:
    here = replace(case, request=replace(case.request, actor=_in(case, channel)))
    actor, _ = await ask(here, any_action(here))
    policy = case.services.policy
    return tuple(a for a in Action if decide(policy, actor, a, (), None).allowed)


def _in(case: Case, channel: str) -> Actor:
    return replace(case.request.actor, channel=channel)


async def _is_admin(case: Case) -> bool:
    try:
        await permit_admin(case)
    except (Refusal, LookupFailed):
        return False
    return True


async def _sends(user: str, grants: Iterable[Grant], services: Services) -> tuple[Standing, ...]:
    """Give the last sends; one from where nothing may be done any more is as good as not there."""
    here = {grant.rules.id for grant in grants}
    if not here:
        return ()
    last = await services.history.last_of(user, SENDS)
    return tuple(sent for sent in last if sent.channel in here)


def _within(policy: Policy, grants: Iterable[Grant]) -> Policy:
    """Leave of the directory whom the channels of the grants reach; of verified numbers nobody.

    Groups are of the class ``directory``, as their members are.
    """
    to = {item for grant in grants for item in grant.rules.to}
    if DIRECTORY in to:
        return policy
    anywhere = ChannelRules("", to=tuple(to))
    reached = [c for c in policy.contacts if reach(policy, anywhere, c.number, frozenset())]
    return replace(policy, contacts=tuple(reached), groups=())


def _rows(policy: Policy) -> tuple[Row, ...]:
    people = _first(policy.contacts, ROWS)
    groups = _first(policy.groups, ROWS - len(people))
    return (
        *(Row(c.name, c.number, Source.CONTACT, kept=_kept(c)) for c in people),
        *(Row(g.name, "", Source.GROUP, g.members, kept=_kept(g)) for g in groups),
    )


def _first(entries: Iterable[Entry], count: int) -> list[Entry]:
    return nsmallest(count, entries, key=lambda entry: entry.name.casefold())


def _kept(entry: Contact | Group) -> Kept:
    return Kept.SLACK if entry.by else Kept.FILE


async def _overview(services: Services, site: Site) -> Overview:
    return Overview(
        policy=services.policy,
        reading=site.reading(),
        refusals=await services.audit.refusals(REFUSALS),
        health=await site.health(),
    )
