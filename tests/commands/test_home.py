"""What a person's home shows, and what it keeps from whom."""

from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from commands.home import Home, home
from commands.model import Action, Actor, AuditEntry
from commands.outcome import Kept, Row, Source
from commands.rules import ChannelRules, Contact, Group
from commands.site import Health, Reading
from tests.commands.conftest import FakeDirectory, World
from tests.commands.fakes import NOW, sent

ME, ADMIN = "U0ME", "U0ADMIN"
READING = Reading((("keep", timedelta(days=90)),), ("sms.toml, line 3: is not TOML",))
WELL = (Health("Database", well=True, text="answered in 1 ms"),)


@dataclass
class FakeSite:
    asked: list[str] = field(default_factory=list)

    def reading(self) -> Reading:
        self.asked.append("reading")
        return READING

    async def health(self) -> tuple[Health, ...]:
        self.asked.append("health")
        return WELL


class Failing(FakeDirectory):
    """Goes silent at the user group S2."""

    async def group_members(self, group: str) -> tuple[str, ...]:
        self.down = self.down or group == "S2"
        return await super().group_members(group)


def channel(world: World, number: str, **keys: object) -> None:
    """Add a channel in which everybody may send, unless told otherwise."""
    whole: dict[str, object] = {"allow": ("send",), "who": ("*",), "to": ("directory",), **keys}
    rules = ChannelRules(number, **whole)  # type: ignore[arg-type] # each key has its own type
    world.policy = replace(world.policy, channels={**world.policy.channels, number: rules})


async def shown(world: World, user: str = ME) -> Home:
    return await home(user, world.services, FakeSite())


async def places(world: World, user: str = ME) -> dict[str, tuple[str, ...]]:
    found = await shown(world, user)
    return {grant.rules.id: grant.actions for grant in found.grants}


# -- where one may do what ----------------------------------------------------------------


async def test_each_channel_tells_what_of_its_allow_this_person_may_do(world: World) -> None:
    channel(world, "C2", allow=("page", "send"))
    channel(world, "C3", allow=())
    assert await places(world) == {
        "C1": (Action.SEND, Action.RECIPIENTS, Action.PAGE),
        "C2": (Action.SEND, Action.PAGE),
    }


async def test_channels_come_in_the_order_of_sms_toml(world: World) -> None:
    for number in ("C9", "C2", "C5"):
        channel(world, number)
    assert [*await places(world)] == ["C1", "C9", "C2", "C5"]


async def test_a_channel_that_does_not_name_this_person_is_not_there(world: World) -> None:
    channel(world, "C2", who=("U0BOB", "S1"))
    channel(world, "C3", who=(ME,))
    assert [*await places(world)] == ["C1", "C3"]


async def test_a_user_group_of_who_lets_in(world: World) -> None:
    channel(world, "C2", who=("S1",))
    world.directory.groups = {"S1": (ME,)}
    assert [*await places(world)] == ["C1", "C2"]


async def test_a_user_group_is_looked_up_once_however_many_channels_name_it(world: World) -> None:
    for number in range(2, 12):
        channel(world, f"C{number}", who=("S1",))
    world.directory.groups = {"S1": (ME,)}
    assert len(await places(world)) == 11
    assert world.directory.calls.count("group S1") == 1


async def test_a_guest_is_let_in_by_their_own_id_alone(world: World) -> None:
    channel(world, "C2", who=("S1",))
    channel(world, "C3", who=("*", ME))
    world.directory.groups = {"S1": (ME,)}
    world.directory.guests = {ME}
    assert [*await places(world)] == ["C3"]


async def test_whether_it_is_a_guest_is_asked_once_and_without_a_workspace(world: World) -> None:
    channel(world, "C2")
    await shown(world)
    assert world.directory.placed == [(ME, "")]


async def test_a_silent_directory_denies_says_so_and_is_not_asked_again(world: World) -> None:
    world.rule(who=(ME,))
    for number in range(2, 12):
        channel(world, f"C{number}", who=(f"S{number}",))
    world.directory.down = True
    found = await shown(world)
    assert [grant.rules.id for grant in found.grants] == ["C1"]
    assert (found.untold, found.why_untold) == (10, "Nobody answered.")
    assert len(world.directory.calls) == 1


async def test_what_was_answered_before_the_silence_still_counts(world: World) -> None:
    world.rule(who=("S1",))
    channel(world, "C2", who=("S2",))
    channel(world, "C3", who=("S1",))
    world.directory.groups = {"S1": (ME,)}
    world.directory = Failing(groups=world.directory.groups)
    found = await shown(world)
    assert [grant.rules.id for grant in found.grants] == ["C1", "C3"]
    assert found.untold == 1


async def test_somebody_of_whom_it_is_unclear_whether_they_are_a_guest_may_do_nothing(
    world: World,
) -> None:
    channel(world, "C2")
    world.directory.unclear = {ME}
    found = await shown(world)
    assert (found.grants, found.untold) == ((), 2)
    assert "guest" in found.why_untold
    assert world.directory.placed == [(ME, "")]


# -- nobody -------------------------------------------------------------------------------


async def test_who_may_do_nothing_sees_neither_sends_nor_the_directory(world: World) -> None:
    world.rule(who=("U0BOB",))
    world.history.sends = {1: sent(1)}
    assert await shown(world) == Home(ME, (), admins=(ADMIN,))
    assert not (await shown(world)).may_send
    assert world.audit.entries == []


# -- sends --------------------------------------------------------------------------------


async def test_ones_own_last_five_sends_are_shown_newest_first(world: World) -> None:
    channel(world, "C2")
    world.history.sends = {n: sent(n, "C2" if n % 2 else "C1") for n in range(1, 8)}
    world.history.sends[8] = sent(8, actor="U0BOB")
    assert [each.send_id for each in (await shown(world)).sends] == [7, 6, 5, 4, 3]


async def test_a_send_from_where_one_may_do_nothing_any_more_is_not_shown(world: World) -> None:
    world.history.sends = {1: sent(1), 2: sent(2, "C9")}
    assert [each.send_id for each in (await shown(world)).sends] == [1]


@pytest.mark.parametrize(("allow", "may"), [("send", True), ("page", False)])
async def test_the_button_is_for_who_may_send_somewhere(
    world: World,
    allow: str,
    may: bool,  # noqa: FBT001
) -> None:
    world.rule(allow=(allow,))
    assert (await shown(world)).may_send is may


# -- the directory ------------------------------------------------------------------------


async def test_contacts_come_first_then_groups_each_by_name(world: World) -> None:
    world.policy = replace(
        world.policy,
        contacts=(Contact("Bob", "+16175551213", by=ADMIN), Contact("alice", "+16175551212")),
        groups=(Group("Ops", ("Bob",), by=ADMIN), Group("all", ("Ops", "alice"))),
    )
    found = await shown(world)
    assert found.total == 4
    assert found.rows == (
        Row("alice", "+16175551212", Source.CONTACT, kept=Kept.FILE),
        Row("Bob", "+16175551213", Source.CONTACT, kept=Kept.SLACK),
        Row("all", "", Source.GROUP, ("Ops", "alice"), Kept.FILE),
        Row("Ops", "", Source.GROUP, ("Bob",), Kept.SLACK),
    )


async def test_of_many_the_first_twenty_are_shown_and_all_are_counted(world: World) -> None:
    people = tuple(Contact(f"p{n:05}", f"+1617{n:07}") for n in reversed(range(10_000)))
    world.policy = replace(world.policy, contacts=people)
    found = await shown(world)
    assert [row.name for row in found.rows] == [f"p{n:05}" for n in range(20)]
    assert found.total == 10_000 + len(world.policy.groups)


# -- admins -------------------------------------------------------------------------------


async def test_others_than_admins_see_no_overview_and_nothing_is_asked_for_it(
    world: World,
) -> None:
    site = FakeSite()
    assert (await home(ME, world.services, site)).overview is None
    assert site.asked == []


@pytest.mark.parametrize("by_group", [True, False])
async def test_an_admin_sees_the_policy_the_last_refusals_and_the_health(
    world: World,
    by_group: bool,  # noqa: FBT001
) -> None:
    user = ME if by_group else ADMIN
    world.directory.groups = {"S0SRE": (ME,)}
    for number in range(12):
        await world.audit.record(_entry(number, allowed=number == 11))
    overview = (await shown(world, user)).overview
    assert overview is not None
    assert overview.policy == world.services.policy
    assert overview.reading == READING
    assert [e.detail for e in overview.refusals] == [str(n) for n in range(10, 0, -1)]
    assert overview.health == WELL


def _entry(number: int, *, allowed: bool) -> AuditEntry:
    return AuditEntry(Actor("U0BOB", "C1"), "send", allowed, "a rule", str(number), at=NOW)


async def test_an_admin_who_may_send_nowhere_sees_the_directory_all_the_same(world: World) -> None:
    world.rule(who=("U0BOB",))
    found = await shown(world, ADMIN)
    assert (found.grants, found.total) == ((), 4)
    assert found.overview is not None


async def test_where_it_cannot_be_told_who_is_an_admin_nobody_is(world: World) -> None:
    world.rule(who=(ME,))
    world.directory.down = True
    found = await shown(world)
    assert found.overview is None
    assert found.untold == 0
    assert found.why_untold == "Nobody answered."
