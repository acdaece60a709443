"""The SMS of a page: short, plain, and never without what it takes to answer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands.pagetext import LEAST, page_text, told_text
from commands.segments import MAX_BODY, measure

LINK = "https://alerts.example/incidents/4711"
LONG = "Water in the lab " * 40
END = "Reply 42 to ack"

TEXTS = st.text(max_size=400) | st.text("abc é✈🔥’€[]\n", max_size=400)  # noqa: RUF001 - as phones type
LINKS = st.just("") | st.text("abc/", max_size=700).map("https://x.example/{}".format)


def test_a_short_text_is_sent_whole_with_how_to_answer() -> None:
    assert page_text("Water in the lab", "42") == f"Water in the lab. {END}"


def test_a_link_stands_before_how_to_answer() -> None:
    assert page_text("Water", "42", LINK) == f"Water {LINK} {END}"


def test_a_link_that_the_text_has_is_not_repeated_and_stands_after_the_words() -> None:
    assert page_text(f"See {LINK} now", "42", LINK) == f"See now {LINK} {END}"


def test_a_long_text_is_cut_at_a_word_to_one_segment() -> None:
    text = page_text(LONG, "42", LINK)
    assert (measure(text).encoding, measure(text).segments) == ("GSM-7", 1)
    cut, _ = text.split("...")
    assert cut.split() == LONG.split()[: len(cut.split())]
    assert text.endswith(f"... {LINK} {END}")


def test_one_segment_is_used_to_the_last_word_that_fits() -> None:
    text = page_text(LONG, "42")
    assert measure(text).units > 160 - len(" Water")


def test_a_link_in_the_middle_of_a_long_text_is_kept_whole() -> None:
    text = page_text(f"{LONG} {LINK} {LONG}", "42", LINK)
    assert LINK in text
    assert measure(text).segments == 1


def test_a_text_that_is_one_long_word_is_cut_within_it() -> None:
    text = page_text("x" * 500, "42")
    assert measure(text).segments == 1
    assert text.startswith("x" * 100)


def test_blanks_and_lines_take_no_room() -> None:
    assert page_text(" Water\n\n in   the\tlab ", "42") == f"Water in the lab. {END}"


@pytest.mark.parametrize(
    "typed",
    [
        "Don’t open “lab” – call… ½ 30° ✓",  # noqa: RUF001 - the very characters
        "⚠️ Disk full 🔥 on db-1 👩‍🚒",
        "no\u00a0break\u200b and ﬁ",
    ],
)
def test_what_phones_and_alerts_write_is_sent_with_plain_characters(typed: str) -> None:
    assert measure(page_text(typed, "42")).encoding == "GSM-7"


def test_a_text_of_another_script_is_sent_as_it_is() -> None:
    assert page_text("Вода в лаборатории", "42") == f"Вода в лаборатории. {END}"


def test_a_text_of_nothing_but_pictures_still_tells_how_to_answer() -> None:
    assert page_text("🔥🔥", "42") == END


def test_a_link_that_leaves_no_room_for_words_gets_a_further_segment() -> None:
    link = "https://x.example/" + "a" * 130
    text = page_text(LONG, "42", link)
    assert measure(text).segments == 2
    assert len(text.split("...")[0]) >= LEAST - 3
    assert f"{link} {END}" in text


def test_a_link_that_is_no_link_for_a_phone_is_left_out() -> None:
    text = page_text("Water", "42", "https://x.example/" + "a" * 1_500)
    assert text == f"Water {END}"


def test_those_paged_are_told_who_has_it_and_which_page() -> None:
    assert told_text("bob has it:", "Water", "42") == "bob has it: Water (42)"


def test_what_is_told_of_a_long_page_is_one_segment_with_its_code() -> None:
    text = told_text("bob has it:", LONG, "42")
    assert text.startswith("bob has it: Water")
    assert text.endswith("... (42)")
    assert measure(text).segments == 1


@given(TEXTS, LINKS)
def test_every_page_ends_with_how_to_answer_and_is_one_that_twilio_takes(
    body: str, link: str
) -> None:
    text = page_text(body, "42", link)
    assert text.endswith(END)
    assert measure(text).utf16_units <= MAX_BODY


@given(TEXTS, st.just("") | st.text("abc/", max_size=380).map("https://x.example/{}".format))
def test_a_page_has_no_more_segments_than_its_link_and_a_few_words_need(
    body: str, link: str
) -> None:
    text = page_text(body, "42", link)
    assert measure(text).segments <= measure(f"{'x' * (LEAST + 3)} {link} {END}").segments or (
        measure(text).encoding == "UCS-2"
    )
    assert measure(text).segments <= 8


@given(TEXTS, st.text("abc/", max_size=400).map("https://x.example/{}".format))
def test_no_page_loses_its_link(body: str, link: str) -> None:
    assert link in page_text(body, "42", link)


@given(st.text("abc é€[]’–🔥", max_size=60))  # noqa: RUF001 - as above
def test_a_short_text_is_one_segment(body: str) -> None:
    assert measure(page_text(body, "42", "https://x.example/1")).segments == 1


@given(st.text("abc de", max_size=90), LINKS.filter(lambda link: len(link) < 50))
def test_no_text_is_cut_that_fits_into_one_segment(body: str, link: str) -> None:
    assert page_text(body, "42", link).startswith(" ".join(body.split()))


@given(st.text(max_size=300), st.text("0123456789", min_size=2, max_size=3))
def test_what_is_told_ends_with_the_code_of_its_page(body: str, code: str) -> None:
    assert told_text("bob has it:", body, code).endswith(f"({code})")
