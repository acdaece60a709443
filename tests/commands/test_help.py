import pytest

from commands.outcome import Helped
from tests.commands.conftest import World


async def lines(world: World, text: str = "") -> tuple[str, ...]:
    outcome = await world.say(text)
    assert isinstance(outcome, Helped)
    return outcome.lines


@pytest.mark.parametrize("text", ["", "help"])
async def test_where_all_is_allowed_all_that_is_served_is_listed(world: World, text: str) -> None:
    assert [line.split(": ")[0] for line in await lines(world, text)] == [
        "/sms send <recipients> <message>",
        "/sms send",
        "/sms recipients [filter]",
        "/sms page <recipients or escalation> <message>",
        "/sms ack [id]",
        "/sms status [id]",
        "/sms why <command…>",
        "/sms help",
    ]


async def test_what_is_not_allowed_is_told_with_its_remedy(world: World) -> None:
    world.rule(allow=("recipients",))
    *works, send, page = await lines(world)
    verbs = [line.split(" ")[1] for line in works]
    assert verbs == ["recipients", "ack", "status", "why", "help:"]
    assert send.endswith('allow = ["recipients", "send"]')
    assert page.endswith('allow = ["recipients", "page"]')


async def test_why_and_help_work_for_those_who_may_do_nothing(world: World) -> None:
    world.rule(who=())
    helped = await lines(world)
    assert [line.split(" ")[1] for line in helped[:2]] == ["why", "help:"]
    assert all('who = ["U0ME"]' in line for line in helped[2:])
    assert world.audit.entries == []


async def test_a_silent_directory_does_not_silence_help(world: World) -> None:
    world.rule(who=("S1",))
    world.directory.down = True
    assert [line for line in await lines(world) if "cannot be told now: Nobody answered." in line]
