"""What late news of Twilio's makes of a delivery: the whole table, written out by hand."""

import pytest

from commands.model import DeliveryState as S
from commands.settle import STATUSES, Heard, hear

WORDS = (
    "queued", "accepted", "scheduled", "sending", "sent", "delivered", "read", "undelivered",
    "failed", "canceled", "a word of next year", "",
)  # fmt: skip
"""The columns of the tables below, in their order."""

A, N, D, U, F, C = S.ACCEPTED, S.SENT, S.DELIVERED, S.UNDELIVERED, S.FAILED, S.CANCELED
LETTERS = {"A": A, "N": N, "D": D, "U": U, "F": F, "C": C, ".": None}

OURS = {
    S.QUEUED: "AAAA N DD . F C ..",
    S.SENDING: "AAAA N DD U F C ..",
    S.IN_DOUBT: "AAAA N DD U F C ..",
    S.ACCEPTED: ".... N DD U F C ..",
    S.SENT: ".... . DD U F . ..",
}
"""Of a message whose SID the row bears."""

OF_THE_LATEST_ATTEMPT = {
    S.QUEUED: "AAAA N DD . . . AA",
    S.SENDING: "AAAA N DD U F C AA",
    S.IN_DOUBT: "AAAA N DD U F C AA",
    S.ACCEPTED: ".... N DD . . . ..",
    S.SENT: ".... . DD . . . ..",
}
"""Of the latest attempt's message, to a row that bears no SID yet."""

OF_AN_EARLIER_ATTEMPT = {
    S.QUEUED: "AAAA N DD . . . AA",
    S.SENDING: "AAAA N DD . . . AA",
    S.IN_DOUBT: "AAAA N DD . . . AA",
    S.ACCEPTED: ".... N DD . . . ..",
    S.SENT: ".... . DD . . . ..",
}
"""Of a message that an earlier attempt left behind, to a row that bears no SID yet."""

TABLES = {
    (True, True): OURS,
    (True, False): OURS,
    (None, True): OF_THE_LATEST_ATTEMPT,
    (None, False): OF_AN_EARLIER_ATTEMPT,
    (False, True): {},
    (False, False): {},
}
NOTHING = "." * len(WORDS)


def row(table: dict[S, str], state: S) -> list[S | None]:
    return [LETTERS[letter] for letter in table.get(state, NOTHING).replace(" ", "")]


def test_the_tables_have_a_column_for_every_word_of_twilio() -> None:
    assert set(STATUSES) < set(WORDS)
    assert all(len(row(table, s)) == len(WORDS) for table in TABLES.values() for s in S)


@pytest.mark.parametrize("state", list(S))
@pytest.mark.parametrize(("ours", "latest"), list(TABLES))
def test_late_news_moves_a_delivery_as_the_table_says(
    state: S,
    ours: bool | None,  # noqa: FBT001
    latest: bool,  # noqa: FBT001
) -> None:
    heard = [hear(state, Heard(ours, latest, word)) for word in WORDS]
    assert heard == row(TABLES[ours, latest], state)


@pytest.mark.parametrize("state", list(S))
@pytest.mark.parametrize("word", ["Delivered", "DELIVERED"])
def test_the_case_of_a_word_does_not_matter(state: S, word: str) -> None:
    assert hear(state, Heard(None, True, word)) is hear(state, Heard(None, True, "delivered"))


@pytest.mark.parametrize("state", list(S))
@pytest.mark.parametrize("word", WORDS)
def test_news_that_repeats_changes_nothing_more(state: S, word: str) -> None:
    new = hear(state, Heard(None, True, word))
    if new is not None:
        assert hear(new, Heard(True, True, word)) is None


@pytest.mark.parametrize("last", ["delivered", "undelivered", "failed"])
def test_the_last_word_holds_in_whatever_order_the_others_come(last: str) -> None:
    state = S.SENDING
    for word in (last, "sent", "sending", "queued", last):
        state = hear(state, Heard(None if state is S.SENDING else True, True, word)) or state
    assert state is STATUSES[last]
