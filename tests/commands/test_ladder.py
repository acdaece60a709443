"""What a page does next, at every point of its ladder."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from commands.ladder import End, Fire, Fired, Wait, next_move
from commands.oncall import PAGE_MOVES, Ladder, PageStage, Rung

FIRST, SECOND = (Rung((name,), timedelta(minutes=5)) for name in ("alice", "leads"))
TWICE = Ladder((FIRST, SECOND), 2)
HEARD, LOST, NOBODY, PARTLY = Fired(2, 0), Fired(2, 2), Fired(0, 0), Fired(2, 1)


def test_the_first_step_fires_at_once() -> None:
    assert next_move(TWICE, [], 0.0) == Fire(0, FIRST)


def test_an_acknowledgement_is_waited_for_before_the_next_step() -> None:
    assert next_move(TWICE, [HEARD], 12.5) == Wait(12.5)


def test_the_next_step_fires_once_its_time_has_come() -> None:
    assert next_move(TWICE, [HEARD], 0.0) == Fire(1, SECOND)


def test_a_step_that_came_due_while_everything_was_down_fires_late() -> None:
    assert next_move(TWICE, [HEARD], -86_400.0) == Fire(1, SECOND)


def test_after_its_last_step_the_ladder_begins_anew() -> None:
    assert next_move(TWICE, [HEARD, HEARD], -0.1) == Fire(2, FIRST)


def test_the_last_step_of_all_is_waited_for_as_long_as_any() -> None:
    assert next_move(TWICE, [HEARD] * 4, 300.0) == Wait(300.0)


def test_it_ends_once_the_last_wait_is_over() -> None:
    assert next_move(TWICE, [HEARD] * 4, 0.0) == End()


def test_a_step_that_reached_nobody_is_not_waited_out() -> None:
    assert next_move(TWICE, [LOST], 299.0) == Fire(1, SECOND)


def test_a_step_without_anybody_to_page_is_not_waited_out() -> None:
    assert next_move(TWICE, [NOBODY], 299.0) == Fire(1, SECOND)


def test_a_step_that_reached_one_of_two_is_waited_out() -> None:
    assert next_move(TWICE, [PARTLY], 299.0) == Wait(299.0)


def test_a_last_step_that_reached_nobody_begins_the_next_round_at_once() -> None:
    assert next_move(TWICE, [HEARD, LOST], 299.0) == Fire(2, FIRST)


def test_a_ladder_that_reached_nobody_at_all_waits_and_says_so() -> None:
    assert next_move(TWICE, [LOST, NOBODY], 299.0) == Wait(299.0, alone=True)


def test_a_ladder_that_reached_nobody_at_all_is_tried_again_when_it_is_due() -> None:
    assert next_move(TWICE, [LOST, LOST], 0.0) == Fire(2, FIRST)


def test_a_round_that_reached_nobody_after_one_that_did_waits_and_does_not_say_so() -> None:
    thrice = replace(TWICE, rounds=3)
    assert next_move(thrice, [HEARD, HEARD, LOST, LOST], 299.0) == Wait(299.0)


def test_after_a_very_last_step_that_reached_nobody_there_is_nothing_to_wait_for() -> None:
    assert next_move(TWICE, [HEARD, HEARD, HEARD, LOST], 299.0) == End()


def test_steps_that_reach_nobody_in_the_middle_of_two_rounds_are_not_waited_out() -> None:
    assert next_move(TWICE, [HEARD, LOST, LOST], 299.0) == Fire(3, SECOND)


def test_a_ladder_of_one_step_that_reaches_nobody_does_not_fire_all_rounds_at_once() -> None:
    one = replace(TWICE, rungs=(FIRST,), rounds=3)
    assert next_move(one, [LOST], 299.0) == Wait(299.0, alone=True)


@given(
    size=st.integers(1, 4),
    rounds=st.integers(1, 4),
    losses=st.lists(st.booleans(), min_size=16, max_size=16),
)
def test_every_ladder_fires_each_step_in_its_order_and_ends(
    size: int, rounds: int, losses: list[bool]
) -> None:
    rungs = tuple(Rung((str(n),), timedelta(minutes=5)) for n in range(size))
    fired: list[Fired] = []
    left = 0.0
    for _ in range(4 * size * rounds):
        match next_move(Ladder(rungs, rounds), fired, left):
            case Fire(index, rung):
                assert (index, rung) == (len(fired), rungs[index % size])
                fired.append(LOST if losses[index] else HEARD)
                left = 300.0
            case Wait():
                left = 0.0
            case End():
                assert len(fired) == size * rounds
                return
    raise AssertionError("it never ended")


def test_a_page_that_is_acknowledged_late_counts_and_one_that_is_resolved_stays_so() -> None:
    assert PageStage.ACKNOWLEDGED in PAGE_MOVES[PageStage.EXHAUSTED]
    assert PAGE_MOVES[PageStage.RESOLVED] == frozenset()
