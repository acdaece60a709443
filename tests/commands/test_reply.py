from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from commands.oncall import PageStage
from commands.optout import Word
from commands.reply import (
    Ack,
    Acknowledges,
    Concern,
    HelpWord,
    OptWord,
    Resolve,
    Resolves,
    Speaks,
    Unclear,
    Words,
    meaning,
    read_reply,
)

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
S = PageStage


def page(number: int, stage: PageStage = S.OPEN, ago: float = 60, **changes: float) -> Concern:
    """Build a page whose code is its number, paged once so many seconds before noon.

    `repeated` is how many seconds ago it was paged last, `resolved` how many ago it was resolved.
    """
    first = NOON - timedelta(seconds=ago)
    last = NOON - timedelta(seconds=changes.get("repeated", ago))
    resolved = changes.get("resolved", ago / 2) if stage is S.RESOLVED else None
    return Concern(
        number,
        str(number),
        stage,
        first,
        last,
        None if resolved is None else NOON - timedelta(seconds=resolved),
    )


# What a reply says


@pytest.mark.parametrize(
    "body",
    [
        "ack",
        "Ack",
        " ACK\n",
        "1",
        " 1 ",
        "ack.",
        "Ack!",
        "1.",
        "acknowledged",
        "acked",
        "“ack”",
        "\uff11",
        "ack,",
        "1,",
        "(ack)",
        "ack?",
        "ack;",
        "*ack*",
        "ack 👍🏽",
        "✅ ack",
        "\u200eack\u200b",
        "ack…",
        "ack -",
    ],
)
def test_ack_and_1_acknowledge_whatever_their_case_and_blanks(body: str) -> None:
    assert read_reply(body) == Ack()


@pytest.mark.parametrize("body", ["47", "#47", " 47 ", "47.", "# 47", "47,", "(47)", "#47!"])
def test_a_code_alone_acknowledges_its_page(body: str) -> None:
    assert read_reply(body) == Ack("47")


@pytest.mark.parametrize(
    "body",
    ["ack 47", "ACK47", "1 47", "47 ack", "Ack #47", "ack: 47", "1 #47", "47  ACK!", "#47 1"],
)
def test_ack_may_name_the_page(body: str) -> None:
    assert read_reply(body) == Ack("47")


@pytest.mark.parametrize(
    ("body", "code"), [("10", "10"), ("999", "999"), ("147", "147"), ("1 147", "147")]
)
def test_codes_have_two_or_three_digits(body: str, code: str) -> None:
    said = read_reply(body)
    assert isinstance(said, Ack)
    assert said.code == code


@pytest.mark.parametrize("body", ["resolve", "Resolved", " RESOLVE. "])
def test_resolve_closes(body: str) -> None:
    assert read_reply(body) == Resolve()


@pytest.mark.parametrize("body", ["resolve 47", "47 resolve", "Resolved #47", "#47 resolved!"])
def test_resolve_may_name_the_page(body: str) -> None:
    assert read_reply(body) == Resolve("47")


@pytest.mark.parametrize("body", ["STOP", " stop ", "Cancel", "END"])
def test_stop_is_left_to_twilio(body: str) -> None:
    assert read_reply(body) == OptWord(Word.STOP)


def test_start_is_left_to_twilio() -> None:
    assert read_reply("Start") == OptWord(Word.START)


def test_yes_is_a_persons_words() -> None:
    assert read_reply("Yes") == Words()


def test_yes_of_who_has_opted_out_is_left_to_twilio() -> None:
    assert read_reply("Yes", out=True) == OptWord(Word.START)


def test_yes_is_what_twilio_says_that_it_is() -> None:
    assert read_reply("Yes", "START") == OptWord(Word.START)


@pytest.mark.parametrize("body", ["HELP", "help ", "Info"])
def test_help_is_left_to_twilio(body: str) -> None:
    assert read_reply(body) == HelpWord()


def test_an_accounts_own_word_for_stop_counts_as_twilio_reads_it() -> None:
    assert read_reply("arrêt", "STOP") == OptWord(Word.STOP)


def test_an_accounts_own_word_for_help_counts_as_twilio_reads_it() -> None:
    assert read_reply("aide", "HELP") == HelpWord()


@pytest.mark.parametrize(
    "body",
    [
        "",
        "on my way",
        "ack it is the pump",
        "1000",
        "4711",
        "07",
        "5",
        "#1",
        "-1",
        "👍",
        "...",
        "47 minutes",
        "11 ack 12",
        "٤٧",
        "stop it",
    ],
)
def test_anything_else_is_a_persons_words(body: str) -> None:
    assert read_reply(body) == Words()


# Which page it is about


def test_the_only_open_page_is_acknowledged() -> None:
    pages = [page(47), page(48, S.RESOLVED), page(49, S.ACKNOWLEDGED, 30), page(50, S.EXHAUSTED)]
    assert meaning(Ack(), pages, NOON) == Acknowledges(47)


def test_with_two_open_pages_the_person_is_asked_which() -> None:
    asked = meaning(Ack(), [page(47, ago=90), page(58)], NOON)
    assert isinstance(asked, Unclear)
    assert asked.page_id == 58
    assert asked.question == "Open: 58, 47. Reply 58 to acknowledge that one."


def test_a_code_picks_one_of_two_open_pages() -> None:
    assert meaning(Ack("47"), [page(47, ago=90), page(58)], NOON) == Acknowledges(47)


def test_a_page_that_was_given_up_can_still_be_acknowledged() -> None:
    assert meaning(Ack(), [page(47, S.EXHAUSTED)], NOON) == Acknowledges(47)


def test_who_is_too_late_for_the_latest_page_does_not_acknowledge_an_earlier_one() -> None:
    pages = [page(47, S.EXHAUSTED, 3600), page(58, S.ACKNOWLEDGED, 60)]
    assert meaning(Ack(), pages, NOON) == Acknowledges(58)


def test_a_code_reaches_an_earlier_page_that_was_given_up() -> None:
    pages = [page(47, S.EXHAUSTED, 3600), page(58, S.ACKNOWLEDGED, 60)]
    assert meaning(Ack("47"), pages, NOON) == Acknowledges(47)


def test_of_two_pages_that_had_a_code_the_open_one_is_meant() -> None:
    old = Concern(7, "47", S.EXHAUSTED, NOON, NOON)
    assert meaning(Ack("47"), [old, page(47, ago=90)], NOON) == Acknowledges(47)


def test_of_two_ended_pages_that_had_a_code_the_later_one_is_meant() -> None:
    old = Concern(7, "47", S.RESOLVED, NOON - timedelta(days=3), NOON - timedelta(days=3))
    assert meaning(Ack("47"), [old, page(47, S.EXHAUSTED)], NOON) == Acknowledges(47)


@pytest.mark.parametrize("body", ["ack 99", "99", "#99"])
def test_a_code_that_no_page_has_is_asked_about(body: str) -> None:
    said = read_reply(body)
    assert isinstance(said, Ack)
    asked = meaning(said, [page(47)], NOON)
    assert isinstance(asked, Unclear)
    assert asked.question == (
        "No page has the code 99. Open: 47. Reply 47 to acknowledge that one."
    )


def test_a_wrong_code_with_nothing_open_is_a_persons_words() -> None:
    assert meaning(Ack("99"), [page(47, S.ACKNOWLEDGED)], NOON) == Speaks(47)


def test_resolve_closes_the_page_that_is_acknowledged() -> None:
    pages = [page(47, S.ACKNOWLEDGED), page(48, S.RESOLVED, 30)]
    assert meaning(Resolve(), pages, NOON) == Resolves(47)


def test_resolve_closes_the_page_that_was_given_up_if_it_is_the_latest() -> None:
    assert meaning(Resolve(), [page(47, S.EXHAUSTED)], NOON) == Resolves(47)


def test_resolve_with_two_pages_unresolved_is_asked_about() -> None:
    asked = meaning(Resolve(), [page(47, S.ACKNOWLEDGED), page(58, ago=90)], NOON)
    assert isinstance(asked, Unclear)
    assert asked.question == "Unresolved: 47, 58. Reply resolve 47 to resolve that one."


def test_a_page_that_nobody_resolved_for_a_day_is_not_in_the_way_of_the_next() -> None:
    pages = [page(47, S.ACKNOWLEDGED, 90_000), page(58, S.ACKNOWLEDGED)]
    assert meaning(Resolve(), pages, NOON) == Resolves(58)


def test_an_open_page_is_meant_however_old_it_is() -> None:
    asked = meaning(Resolve(), [page(47, ago=90_000), page(58, S.ACKNOWLEDGED)], NOON)
    assert isinstance(asked, Unclear)


def test_resolve_with_a_code_picks_the_page() -> None:
    pages = [page(47, S.ACKNOWLEDGED), page(58)]
    assert meaning(Resolve("58"), pages, NOON) == Resolves(58)


def test_words_belong_to_the_page_that_was_paged_last() -> None:
    pages = [page(47, ago=600, repeated=10), page(58, ago=60)]
    assert meaning(Words(), pages, NOON) == Speaks(47)


def test_words_pass_over_a_page_that_is_resolved_for_an_hour() -> None:
    pages = [page(47, ago=8000), page(58, S.RESOLVED, 7000, resolved=3601)]
    assert meaning(Words(), pages, NOON) == Speaks(47)


def test_words_still_belong_to_a_page_that_was_resolved_a_moment_ago() -> None:
    pages = [page(47, ago=8000), page(58, S.RESOLVED, 7000, resolved=3599)]
    assert meaning(Words(), pages, NOON) == Speaks(58)


@pytest.mark.parametrize("said", [Words(), Ack(), Ack("47"), Resolve()])
def test_a_reply_of_somebody_who_was_never_paged_is_about_nothing(
    said: Words | Ack | Resolve,
) -> None:
    assert meaning(said, [], NOON) is None


def test_words_are_about_nothing_once_all_is_resolved_for_long() -> None:
    assert meaning(Words(), [page(47, S.RESOLVED, 9000, resolved=3601)], NOON) is None


# Pages that did not reach their person


UNSENT = replace(page(58, ago=30), reached=False)


@pytest.mark.parametrize("said", [Words(), Ack(), Resolve(), Ack("99")])
def test_a_page_that_was_not_sent_is_not_meant(said: Words | Ack | Resolve) -> None:
    assert meaning(said, [UNSENT], NOON) is None


def test_a_page_that_was_not_sent_is_not_in_the_way_of_another() -> None:
    assert meaning(Ack(), [UNSENT, page(47)], NOON) == Acknowledges(47)


def test_a_page_that_was_not_sent_is_meant_by_its_code() -> None:
    assert meaning(Ack("58"), [UNSENT, page(47)], NOON) == Acknowledges(58)


# Replies that are read late


def test_a_reply_is_not_about_a_page_that_came_after_it() -> None:
    pages = [page(47, S.EXHAUSTED, 600), page(58, ago=-10)]
    assert meaning(Ack(), pages, NOON) == Acknowledges(47)


def test_clocks_that_differ_a_little_lose_no_reply() -> None:
    assert meaning(Ack(), [page(47, ago=-29)], NOON) == Acknowledges(47)


@pytest.mark.parametrize(
    "old",
    [page(47, S.RESOLVED, 90_000), page(47, S.RESOLVED, 8000), page(47, S.ACKNOWLEDGED, 90_000)],
)
def test_clocks_that_differ_a_little_do_not_make_a_reply_one_about_an_old_page(
    old: Concern,
) -> None:
    assert meaning(Ack(), [old, page(58, ago=-20)], NOON) == Acknowledges(58)


def test_the_code_of_an_old_page_is_known_beside_a_new_one() -> None:
    pages = [page(47, S.RESOLVED, 90_000), page(58)]
    assert meaning(Ack("47"), pages, NOON) == Acknowledges(47)


def test_a_reply_from_long_before_any_page_is_about_none() -> None:
    assert meaning(Ack(), [page(47, ago=-31)], NOON) is None


# The question back


def test_the_question_back_fits_one_sms_however_many_pages_are_open() -> None:
    asked = meaning(Ack(), [page(number) for number in range(100, 140)], NOON)
    assert isinstance(asked, Unclear)
    assert len(asked.question) < 140
    assert asked.question.isascii()
