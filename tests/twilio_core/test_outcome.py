import pytest

from twilio_core import OutcomeUnknown, Rejected, SignatureMismatch, Throttled, Unreachable
from twilio_core.activity import Fate, RecipientResult, conclude, judge, verdict


def recipient(to: str, code: str, fate: Fate) -> RecipientResult:
    return RecipientResult(to, code, None, None, "why", fate)


def test_nobody_to_send_to_is_a_blank_to() -> None:
    assert verdict([]).status_code == "502"


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([("200", Fate.ACCEPTED)], ("200", "Success")),
        ([("200", Fate.ACCEPTED), ("400", Fate.FAILED)], ("201", "Partial-Success")),
        ([("200", Fate.ACCEPTED), ("1001", Fate.UNKNOWN)], ("201", "Partial-Success")),
        ([("400", Fate.FAILED), ("400", Fate.FAILED)], ("400", "Failed")),
        ([("1001", Fate.FAILED), ("1001", Fate.UNKNOWN)], ("1001", "Failed")),
        ([("901", Fate.FAILED), ("400", Fate.FAILED)], ("202", "Failed")),
    ],
)
def test_the_sum_follows_the_table(rows: list[tuple[str, Fate]], expected: tuple[str, str]) -> None:
    result = verdict([recipient(str(n), *row) for n, row in enumerate(rows)])
    assert (result.status_code, result.status) == expected
    assert conclude((fate, code) for code, fate in rows) == expected


@pytest.mark.parametrize("status", [400, 401, 404, 405, 429])
def test_a_status_of_the_contract_is_kept(status: int) -> None:
    judged = judge(Rejected("why", status=status, code=7))
    assert (judged.code, judged.fate, judged.error_code) == (str(status), Fate.FAILED, 7)
    assert judged.text() == "7 why"


def test_any_other_status_stands_in_the_reason() -> None:
    assert judge(Rejected("why", status=422)).text() == "why (HTTP 422)"


def test_no_connection_is_901_and_failed() -> None:
    judged = judge(Unreachable("why"))
    assert (judged.code, judged.fate) == ("901", Fate.FAILED)


@pytest.mark.parametrize(
    ("status", "code"), [(500, "500"), (503, "503"), (502, "1001"), (None, "1001"), (201, "1001")]
)
def test_a_doubt_is_unknown(status: int | None, code: str) -> None:
    judged = judge(OutcomeUnknown("why", status=status))
    assert (judged.code, judged.fate) == (code, Fate.UNKNOWN)


def test_what_was_held_back_is_failed_and_says_so() -> None:
    unsent = judge(Throttled("it rains", status=429)).unsent()
    assert (unsent.fate, unsent.reason) == (Fate.FAILED, "not sent, because it rains")


def test_an_error_outside_of_a_request_is_judged_too() -> None:
    assert judge(SignatureMismatch("why")).code == "1001"


def test_a_result_in_a_log_shows_no_numbers() -> None:
    assert "617" not in repr(verdict([recipient("+16175550001", "400", Fate.FAILED)]))
