"""Names are found by what is typed of them, the likeliest first."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands.haystack import Candidate, folded, haystack


def found(names: list[str], typed: str, most: int = 100) -> list[str]:
    stack = haystack([Candidate(f"name:{name}", name) for name in names])
    return [each.name for each in stack.search(typed, most)]


def test_a_name_that_begins_so_goes_before_a_word_and_a_word_before_any_place() -> None:
    names = ["xanna", "mary anna", "anna", "hannah", "Joanna-anna"]
    assert found(names, "anna") == ["anna", "Joanna-anna", "mary anna", "hannah", "xanna"]


@pytest.mark.parametrize("typed", ["zoe", "ZOE", "Zoë", "zoe\u0308", "\u202ezoe", "  zoe "])
def test_case_accents_and_marks_of_direction_do_not_matter(typed: str) -> None:
    assert found(["Zoë", "bob"], typed) == ["Zoë"]


def test_a_name_is_found_by_the_words_that_its_dots_and_dashes_part() -> None:
    assert found(["lab.team-roof", "xroof"], "roof") == ["lab.team-roof", "xroof"]


def test_a_number_is_found_by_its_beginning_and_its_digits() -> None:
    lab = Candidate("name:lab", "lab", "+16175551212", "+16175551212")
    bob = Candidate("name:bob", "bob", "+442079460018", "+442079460018")
    stack = haystack([lab, bob])
    assert stack.search("+1617", 9) == (lab,)
    assert stack.search("0018", 9) == (bob,)


def test_without_a_word_the_first_in_order_are_found() -> None:
    assert found(["Carl", "bob", "Ärger", "alice"], " ", 3) == ["alice", "Ärger", "bob"]


def test_no_more_are_found_than_asked_for_and_the_best_of_all() -> None:
    names = [f"x{n:05}anna" for n in range(10_000)] + ["anna"]
    assert found(names, "anna", 2) == ["anna", "x00000anna"]


def test_nobody_is_found_twice_or_by_the_end_of_one_name_and_the_start_of_the_next() -> None:
    assert found(["anna anna", "annab"], "anna") == ["anna anna", "annab"]
    assert found(["ab", "cd"], "bc") == []
    assert found([], "a") == []


def test_a_number_does_not_show_in_a_repr() -> None:
    assert "1212" not in repr(Candidate("name:lab", "lab", "+16175551212", "+16175551212"))


@given(st.text(max_size=300), st.text(max_size=20))
def test_whatever_is_typed_only_what_holds_it_is_found(name: str, typed: str) -> None:
    hit = bool(found([name], typed))
    assert hit or folded(typed) not in folded(name)
