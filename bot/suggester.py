"""Whom the composer offers while somebody types: no list is waited for longer than `_READING`.

What is searched is put in order in a thread, once for each channel and state of a list, and kept:
for 10,000 names that takes as long as hundreds of searches.
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from bot.directory import LiveDirectory
from bot.kept import behind
from bot.roster import KEPT
from bot.source import Source
from commands import offers
from commands.haystack import Candidate, Haystack, haystack
from commands.model import Actor, Recipient
from commands.offers import Member, Scope, UserGroup
from commands.services import Services
from commands.suggest import MOST, Offer, Section, may_send, shared

_READING, _ORDERING = 0.8, 0.6
"""Seconds that Slack's and Twilio's lists are waited for, and then their being put in order. Slack
waits 3 in all, of which the database may need 1 to tell the state of the directory."""

_VERIFIED = 60.0
_STACKS = 24
"""A stack of 10,000 takes about 5 MB, and a channel has three that can be so large."""

_Key = tuple[Section, str, frozenset[str], int]


@dataclass(frozen=True)
class _Stack:
    """What is searched, being made or ready; `of` keeps alive what its key knows by id."""

    made: asyncio.Task[Haystack]
    of: object


class Suggester:
    """One for the process."""

    def __init__(self, directory: LiveDirectory) -> None:
        self._verified: Source[Recipient] = Source("verified", directory.verified, _VERIFIED)
        self._members: Source[Member] = Source("people", directory.crowd.members, KEPT)
        self._groups: Source[UserGroup] = Source("groups", directory.crowd.user_groups, KEPT)
        self._stacks: dict[_Key, _Stack] = {}
        self._of: object = None

    def warm(self) -> list[asyncio.Task[None]]:
        """Begin to read what is due; give the readings without which something is left out."""
        sources = (self._verified, self._members, self._groups)
        return [task for source in sources if (task := source.look())]

    async def offer(self, actor: Actor, typed: str, services: Services) -> tuple[Offer, ...]:
        """Give whom the actor could mean; nobody where they may not send."""
        rules = await may_send(actor, services)
        if rules is None:
            return ()
        await _some(self.warm(), _READING)
        numbers = self._verified.known
        scope = Scope(services.policy, rules, frozenset(r.address for r in numbers or ()))
        stacks = self._stacks_of(scope, numbers)
        await _some([stack.made for stack in stacks.values()], _ORDERING)
        found = [Offer(Section.NUMBER, tuple(offers.typed(typed, scope)))]
        for section, stack in stacks.items():
            if stack.made.done() and not stack.made.exception():
                found.append(Offer(section, stack.made.result().search(typed, MOST)))
        return shared(found)

    def _stacks_of(
        self, scope: Scope, numbers: tuple[Recipient, ...] | None
    ) -> dict[Section, _Stack]:
        if self._of is not scope.policy:  # another edition of the directory, or of sms.toml
            self._stacks.clear()
            self._of = scope.policy
        people, groups = self._members.known or (), self._groups.known or ()
        made: dict[Section, tuple[object, Callable[[], Iterable[Candidate]]]] = {
            Section.CONTACTS: (None, lambda: offers.contacts(scope)),
            Section.GROUPS: (None, lambda: offers.groups(scope)),
            Section.USERS: (people, lambda: offers.users(people, scope)),
            Section.USER_GROUPS: (groups, lambda: offers.user_groups(groups, scope)),
            Section.VERIFIED: (numbers, lambda: offers.verified(numbers, scope)),
        }
        return {section: self._stack(section, scope, *each) for section, each in made.items()}

    def _stack(
        self,
        section: Section,
        scope: Scope,
        of: object,
        candidates: Callable[[], Iterable[Candidate]],
    ) -> _Stack:
        key = (section, scope.rules.id, scope.verified, id(of))
        stack = self._stacks.pop(key, None)
        if stack is None or (stack.made.done() and stack.made.exception()):
            work = asyncio.to_thread(lambda: haystack(tuple(candidates())))
            stack = _Stack(behind(work), of)
        self._stacks[key] = stack  # the youngest again
        while len(self._stacks) > _STACKS:
            del self._stacks[next(iter(self._stacks))]
        return stack


async def _some(tasks: Iterable[asyncio.Task[Any]], seconds: float) -> None:
    """Wait for tasks, but not longer; who is not done by then goes on."""
    if pending := [task for task in tasks if not task.done()]:
        await asyncio.wait(pending, timeout=seconds)
