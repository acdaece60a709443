"""The directory from a table: what it changes, and every fault by its line."""

import pytest

from commands.changes import Change
from commands.imports import Line, plan
from commands.rules import Contact, Group, Policy

JANE = Contact("jane", "+16175551299", "U0JANE", by="U0ADMIN")
POLICY = Policy(
    contacts=(Contact("alice", "+16175551212", "U0ALICE"), JANE),
    groups=(Group("oncall", ("alice",)), Group("night", ("jane",), by="U0ADMIN")),
)


def test_rows_become_contacts_and_groups_in_any_order() -> None:
    lines = [
        Line(2, "all", members=("night", "Kim", "(617)5551298", "kim")),
        Line(3, "Kim", "(617) 555-1297", "U0KIM"),
    ]
    changes, wrong = plan(lines, POLICY)
    assert wrong == ()
    assert changes == (
        Change(None, Group("all", ("night", "Kim", "+16175551298", "kim"))),
        Change(None, Contact("Kim", "+16175551297", "U0KIM")),
    )


def test_what_is_there_already_is_replaced_or_left_alone() -> None:
    lines = [Line(2, "Jane", "+16175551200"), Line(3, "night", members=("jane",))]
    changes, wrong = plan(lines, POLICY)
    assert wrong == ()
    assert changes == (Change(JANE, Contact("Jane", "+16175551200")),)


@pytest.mark.parametrize(
    ("line", "what"),
    [
        (Line(2, "", "+16175551299"), "is empty"),
        (Line(2, "kim", "+16175551299", surplus=True), "more cells than there are columns"),
        (Line(2, "911", "+16175551299"), "would be read as a number"),
        (Line(2, "kim"), "the number is missing"),
        (Line(2, "kim", "12"), "cannot be texted"),
        (Line(2, "kim", "+16175551299", "kim"), "is not a Slack user id"),
        (Line(2, "kim", "+16175551299", "U0JANE"), "is the contact jane already"),
        (Line(2, "kim", "+16175551299", "", ("jane",)), "a number and members"),
        (Line(2, "ALICE", "+16175551299"), "alice stands in sms.toml"),
        (Line(2, "oncall", members=("jane",)), "oncall stands in sms.toml"),
        (Line(2, "team", members=("nobody",)), "nobody: no contact or group"),
        (Line(2, "team", members=("12",)), "12” cannot be texted"),
        (Line(2, "team", members=("verified",)), "cannot be a member"),
        (Line(2, "team", members=("team",)), "would contain itself"),
        (Line(2, "NIGHT", members=("jane", "night")), "would contain itself"),
    ],
)
def test_a_faulty_row_is_told_with_its_line_and_a_remedy(line: Line, what: str) -> None:
    _, [wrong] = plan([line], POLICY)
    assert wrong.number == 2
    assert what in wrong.what
    assert wrong.remedy


def test_every_fault_is_told_in_the_order_of_the_lines() -> None:
    lines = [
        Line(2, "kim", "+16175551299"),
        Line(3, "KIM", "+16175551298"),
        Line(4, "team", members=("nobody",)),
        Line(5, "lee", "12"),
    ]
    _, wrong = plan(lines, POLICY)
    assert [each.number for each in wrong] == [3, 4, 5]
    assert "line 2" in wrong[0].what


def test_two_groups_of_one_table_cannot_contain_each_other() -> None:
    lines = [Line(2, "a", members=("b",)), Line(3, "b", members=("a",))]
    _, wrong = plan(lines, POLICY)
    assert [each.number for each in wrong] == [2, 3]


def test_no_number_stands_in_a_repr() -> None:
    assert "555" not in repr(Line(2, "kim", "+16175551299"))
