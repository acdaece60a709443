from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest

from bot.policyfile import Timing, parse
from bot.timetable import CALLED, SLOWEST, Timetable
from commands.model import Kind

USUAL = parse("").timing


def timetable(*, called_back: bool = False, **changes: float) -> Timetable:
    chosen = {name: timedelta(seconds=seconds) for name, seconds in changes.items()}
    timing: Timing = replace(USUAL, **chosen)
    return Timetable(lambda: timing, called_back)


def looks(times: Timetable, until: float) -> list[float]:
    """Give the ages of messages at which Twilio is asked about them."""
    ages, age = [], times.first_look()
    while age is not None and age < until:
        ages.append(age)
        pause = times.next_look(age)
        assert pause is not None
        age += pause
    return ages


def test_the_first_look_is_after_five_seconds_where_twilio_cannot_call_us() -> None:
    assert timetable().first_look() == 5


def test_where_twilio_calls_us_a_look_is_only_for_lost_callbacks() -> None:
    assert timetable(called_back=True).first_look() == CALLED
    assert timetable(called_back=True).next_look(30.0) == CALLED


def test_who_wants_even_fewer_looks_gets_them_with_callbacks_too() -> None:
    assert timetable(called_back=True, poll=3_600).first_look() == 3_600


@pytest.mark.parametrize("called_back", [False, True])
def test_zero_seconds_mean_that_twilio_is_never_asked(called_back: bool) -> None:  # noqa: FBT001
    times = timetable(called_back=called_back, poll=0)
    assert times.first_look() is None
    assert times.next_look(100.0) is None


def test_the_looks_become_rarer_and_a_few_dozen_cover_four_hours() -> None:
    times = timetable()
    ages = looks(times, times.follow())
    pauses = [later - earlier for earlier, later in pairwise(ages)]
    assert pauses == sorted(pauses)
    assert pauses[-1] == SLOWEST
    assert len(ages) < 40


def test_messages_are_followed_for_four_hours_unless_sms_toml_says_otherwise() -> None:
    assert timetable().follow() == 4 * 3_600
    assert timetable(poll_until=60).follow() == 60


def test_a_page_has_a_grace_of_its_own() -> None:
    times = timetable(in_doubt=120, page_in_doubt=30)
    assert (times.grace(Kind.SEND), times.grace(Kind.PAGE)) == (120, 30)


def test_the_looks_for_a_message_in_doubt_grow_apart_and_the_last_is_at_the_end_of_the_grace() -> (
    None
):
    times, ages = timetable(), [0.0]
    while ages[-1] < 120.0:
        ages.append(ages[-1] + times.next_doubt(ages[-1], 120.0))
    pauses = [later - earlier for earlier, later in pairwise(ages)]
    assert ages[-1] == pytest.approx(120.0)
    assert pauses[:-1] == sorted(pauses[:-1])
    assert (pauses[0], max(pauses)) == (1.0, 20.0)


def test_after_the_grace_the_looking_goes_on_at_its_slowest() -> None:
    assert timetable().next_doubt(200.0, 120.0) == 20.0


def test_a_change_of_sms_toml_is_in_force_at_once() -> None:
    timing = USUAL
    times = Timetable(lambda: timing, called_back=False)
    assert times.keep() == 90 * 86_400
    timing = replace(USUAL, keep=timedelta(days=1))
    assert times.keep() == 86_400
