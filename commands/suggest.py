"""What the composer offers for what is typed into its recipients."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from commands.errors import LookupFailed
from commands.haystack import Candidate
from commands.lookups import Lookups
from commands.model import Action, Actor
from commands.permission import ask
from commands.rules import ChannelRules
from commands.services import Case, Request, Services

MOST: Final = 100
"""Options that Slack takes (api.slack.com/reference/interaction-payloads/block-suggestion)."""

_SHARE = 15
"""Of them, those that no other section can take from one that has so many."""


class Section(StrEnum):
    """Where a candidate comes from, in the order in which they are shown."""

    NUMBER = "Number"
    CONTACTS = "Contacts"
    GROUPS = "Groups"
    USERS = "Slack users"
    USER_GROUPS = "User groups"
    VERIFIED = "Verified numbers"


@dataclass(frozen=True)
class Offer:
    """What one section offers.

    Attributes:
        section: where these come from.
        candidates: best first.
    """

    section: Section
    candidates: tuple[Candidate, ...]


async def may_send(actor: Actor, services: Services) -> ChannelRules | None:
    """Give the rules of a channel from which this person may send; None if they may not.

    Who cannot be told to be allowed is not: nobody is offered to them. Nothing is kept of it,
    since a person types a key a second; what they submit is decided upon, and kept.
    """
    case = Case(Request("send", actor, ""), services, Lookups(services.directory))
    try:
        _, decision = await ask(case, Action.SEND)
    except LookupFailed:
        return None
    return services.policy.channels[actor.channel] if decision.allowed else None


def shared(offers: Sequence[Offer], most: int = MOST) -> tuple[Offer, ...]:
    """Keep `most` candidates in all, each once, and of every section its best.

    What a section leaves of its share goes to the first sections that have more.
    """
    offers = _once(sorted(offers, key=lambda offer: tuple(Section).index(offer.section)))
    room = most - sum(min(len(offer.candidates), _SHARE) for offer in offers)
    kept: list[Offer] = []
    for offer in offers:
        more = max(min(len(offer.candidates) - _SHARE, room), 0)
        room -= more
        kept.append(Offer(offer.section, offer.candidates[: _SHARE + more]))
    return tuple(offer for offer in kept if offer.candidates)


def _once(offers: Sequence[Offer]) -> list[Offer]:
    seen: set[str] = set()
    kept = []
    for offer in offers:
        new = tuple(each for each in offer.candidates if each.value not in seen)
        seen.update(each.value for each in new)
        kept.append(Offer(offer.section, new))
    return kept
