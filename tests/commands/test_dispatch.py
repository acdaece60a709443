from typing import get_args

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from commands import errors, parser
from commands.dispatch import VERBS
from commands.errors import CommandError
from commands.forms import FORMS
from commands.outcome import Outcome, Refused
from tests.commands.conftest import World


def test_every_command_has_its_handler() -> None:
    assert set(VERBS) == set(get_args(parser.Command))


def test_every_verb_of_the_list_is_read_and_no_other() -> None:
    assert {*parser._READERS, "why"} == set(FORMS)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.text() | st.text(alphabet="senda lic,<@U1>\"'&;+1617\0").map("send {}".format))
@example("page alice Water")
@example("ack")
@example("resolve 1")
async def test_no_text_breaks_the_flow(world: World, text: str) -> None:
    outcome = await world.say(text)
    assert isinstance(outcome, get_args(Outcome))
    if isinstance(outcome, Refused):
        assert issubclass(getattr(errors, outcome.kind), CommandError)
        assert outcome.remedy
