"""Who is offered anybody at all, and how the room is shared."""

from commands.haystack import Candidate
from commands.suggest import MOST, Offer, Section, may_send, shared
from tests.commands.conftest import World


async def test_who_may_send_is_offered_what_the_channel_reaches(world: World) -> None:
    rules = await may_send(world.actor, world.services)
    assert rules == world.policy.channels["C1"]


async def test_who_may_not_send_is_offered_nobody_and_nothing_is_kept_of_it(world: World) -> None:
    world.rule(allow=("recipients",))
    assert await may_send(world.actor, world.services) is None
    assert world.audit.entries == []


async def test_who_cannot_be_told_to_be_allowed_is_offered_nobody(world: World) -> None:
    world.rule(who=("S0SRE",))
    world.directory.down = True
    assert await may_send(world.actor, world.services) is None


async def test_a_guest_is_offered_nobody(world: World) -> None:
    world.directory.guests = {world.actor.user}
    assert await may_send(world.actor, world.services) is None


def offer(section: Section, count: int, name: str = "x") -> Offer:
    return Offer(section, tuple(Candidate(f"{name}{n}", name) for n in range(count)))


def sizes(offers: tuple[Offer, ...]) -> dict[Section, int]:
    return {each.section: len(each.candidates) for each in offers}


def test_a_section_may_have_all_the_room_that_others_leave() -> None:
    many = [offer(Section.CONTACTS, 300, "c"), offer(Section.USERS, 2, "u")]
    assert sizes(shared(many)) == {Section.CONTACTS: MOST - 2, Section.USERS: 2}


def test_no_section_is_crowded_out_by_another() -> None:
    every = [offer(section, 300, section.value) for section in Section]
    found = shared(every)
    assert sum(sizes(found).values()) == MOST
    assert min(sizes(found).values()) == 15


def test_sections_stand_in_their_order_and_empty_ones_do_not() -> None:
    some = [offer(Section.VERIFIED, 1, "v"), offer(Section.GROUPS, 0), offer(Section.CONTACTS, 1)]
    assert list(sizes(shared(some))) == [Section.CONTACTS, Section.VERIFIED]


def test_what_two_sections_offer_is_offered_once() -> None:
    both = [offer(Section.VERIFIED, 2, "n"), offer(Section.NUMBER, 1, "n")]
    assert sizes(shared(both)) == {Section.NUMBER: 1, Section.VERIFIED: 1}
