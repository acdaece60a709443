import pytest

from commands.optout import Word, by_refusal, by_stop, word_of
from twilio_core.testing import server


@pytest.mark.parametrize("word", sorted(server._STOP | server._START))
def test_the_words_are_those_that_twilio_acts_on(word: str) -> None:
    said = Word.STOP if word in server._STOP else Word.START
    assert word_of(word, out=True) is word_of(f" {word.lower()}\n", out=True) is said


@pytest.mark.parametrize("word", sorted(server._STOP | server._START - {"YES"}))
def test_the_words_but_yes_are_so_of_who_has_not_opted_out_as_well(word: str) -> None:
    assert word_of(word, out=False) is word_of(word, out=True)


@pytest.mark.parametrize("body", ["YES", " yes\n"])
def test_yes_answers_a_question_unless_its_writer_has_opted_out(body: str) -> None:
    assert word_of(body, out=False) is None


@pytest.mark.parametrize("body", ["", "HELP", "INFO", "STOP STOP", "please stop", "STOP.", "no"])
def test_any_other_text_is_a_reply_like_others(body: str) -> None:
    assert word_of(body, out=True) is None


def test_the_two_ways_of_knowing_are_told_apart() -> None:
    assert by_stop("+15005550006").startswith("opted out by STOP; ")
    assert by_refusal("+15005550006").startswith("opted out, as Twilio said (21610); ")


@pytest.mark.parametrize(
    ("sender", "to"),
    [
        ("+15005550006", " to +15005550006"),
        ("12345", " to 12345"),
        ("MG" + "1" * 32, ""),
        ("whatsapp:+15005550006", ""),
        ("Lab 7", ""),
    ],
)
def test_a_sender_is_named_where_a_person_can_text_to_it(sender: str, to: str) -> None:
    assert by_stop(sender).endswith(f"; only their START{to} opens this again")
