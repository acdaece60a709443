"""What is said of a send as a whole follows from where its messages are."""

from dataclasses import replace

import pytest

from commands.model import DeliveryState as S
from commands.snapshot import Retry, Snapshot
from tests.commands.fakes import sent


def tallied(*states: S, **changes: object) -> Snapshot:
    tally = {(state, ""): states.count(state) for state in states}
    return replace(sent(1), tally=tally, **changes)  # type: ignore[arg-type] # each of its own


def test_each_count_is_of_those_states_that_its_word_means() -> None:
    each = tallied(*S)
    assert (each.accepted, each.delivered, each.unknowns) == (3, 1, 1)
    assert (each.failures, each.unreached, each.waiting) == (4, 5, 2)


@pytest.mark.parametrize("state", [S.QUEUED, S.SENDING])
def test_a_send_is_busy_until_twilio_has_answered_for_all(state: S) -> None:
    assert tallied(state, S.DELIVERED).busy
    assert not tallied(S.DELIVERED).busy


def test_a_send_is_not_settled_while_somebody_is_looked_for() -> None:
    assert not tallied(S.IN_DOUBT, looking=1).settled
    assert tallied(S.IN_DOUBT).settled


@pytest.mark.parametrize("state", [S.ACCEPTED, S.SENT])
def test_a_send_is_not_complete_while_a_message_is_on_its_way(state: S) -> None:
    assert not tallied(state).complete
    assert tallied(S.DELIVERED, S.FAILED).complete


def test_who_was_sent_to_again_or_has_opted_out_is_not_retriable() -> None:
    failed = tallied(*[S.FAILED] * 4)
    assert failed.retriable == 4
    assert replace(failed, retries=(Retry(2, "U0ME", 2),), left_out=1).retriable == 1
