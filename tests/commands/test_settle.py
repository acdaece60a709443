import pytest

from commands.model import DeliveryState as S
from commands.model import may_move
from commands.settle import (
    STATUSES,
    Accepted,
    NotSent,
    RefusedByTwilio,
    Settled,
    Unknown,
    advance,
    settle,
)

REFUSED = RefusedByTwilio("400", 21211, "invalid number")


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("queued", S.ACCEPTED),
        ("accepted", S.ACCEPTED),
        ("scheduled", S.ACCEPTED),
        ("sending", S.ACCEPTED),
        ("sent", S.SENT),
        ("Delivered", S.DELIVERED),
        ("read", S.DELIVERED),
        ("undelivered", S.UNDELIVERED),
        ("failed", S.FAILED),
        ("canceled", S.CANCELED),
        ("receiving", S.SENDING),
        ("", S.SENDING),
    ],
)
def test_a_status_of_twilio_moves_a_delivery(status: str, state: S) -> None:
    assert advance(S.SENDING, status) is state


@pytest.mark.parametrize("state", list(S))
@pytest.mark.parametrize("status", list(STATUSES))
def test_no_status_moves_a_delivery_against_the_table(state: S, status: str) -> None:
    new = advance(state, status)
    assert new is state or may_move(state, new)
    assert advance(new, status) is new


@pytest.mark.parametrize(
    ("state", "status"), [(S.DELIVERED, "sent"), (S.SENT, "queued"), (S.FAILED, "delivered")]
)
def test_a_late_status_changes_nothing(state: S, status: str) -> None:
    assert advance(state, status) is state


@pytest.mark.parametrize(
    ("answer", "settled"),
    [
        (Accepted("SM1"), Settled(S.ACCEPTED, "200", "SM1")),
        (Accepted("SM1", "sent"), Settled(S.SENT, "200", "SM1")),
        (Accepted("SM1", "odd"), Settled(S.ACCEPTED, "200", "SM1")),
        (
            Accepted("SM1", "failed"),
            Settled(
                S.FAILED,
                "1001",
                "SM1",
                None,
                "Twilio took the message and gave it up at once (failed)",
            ),
        ),
        (
            Accepted("SM1", "failed", 30007, "30007 a carrier filtered the message"),
            Settled(S.FAILED, "1001", "SM1", 30007, "30007 a carrier filtered the message"),
        ),
        (REFUSED, Settled(S.FAILED, "400", "", 21211, "invalid number")),
        (NotSent("no connection", 2.5), Settled(S.QUEUED, reason="no connection")),
        (Unknown("503", "no answer"), Settled(S.IN_DOUBT, "503", reason="no answer")),
    ],
)
def test_an_answer_settles_what_was_being_sent(answer: Accepted, settled: Settled) -> None:
    assert settle(S.SENDING, answer) == settled


def test_an_answer_overtaken_by_its_callback_still_brings_the_sid() -> None:
    assert settle(S.DELIVERED, Accepted("SM1")) == Settled(S.DELIVERED, "200", "SM1")
    assert settle(S.FAILED, Accepted("SM1")) == Settled(S.FAILED, "200", "SM1")


@pytest.mark.parametrize("answer", [REFUSED, NotSent("x"), Unknown("1001", "x")])
def test_any_other_answer_that_comes_too_late_says_nothing(answer: NotSent) -> None:
    assert settle(S.DELIVERED, answer) is None


def test_a_doubt_is_ended_by_an_answer() -> None:
    assert settle(S.IN_DOUBT, Accepted("SM1")) == Settled(S.ACCEPTED, "200", "SM1")
    assert settle(S.IN_DOUBT, Unknown("1001", "again")) is None
