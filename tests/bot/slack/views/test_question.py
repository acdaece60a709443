"""Questions before sending, drawn: all that is to be known, at every size, as blocks and text."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.sandbox.blocks import problems, view_problems
from bot.slack.views import question as views
from commands.characters import odd_ones
from commands.model import Actor, NewSend, Recipient, Turn
from commands.outcome import Answered, Asked, Awaiting, Refused, Sending
from commands.preview import shorter
from commands.question import AlreadySent, Preview, Question, Stage
from commands.segments import measure
from tests.bot.slack.views.kit import buttons, labels, shown, title

NOW = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)
A, B = Recipient("+16175551212", "alice"), Recipient("+16175551213", "bob")
LONG = "“Tür” ✓ & <!channel> *b* _i_ ~s~ `c` "
MANY = tuple(Recipient(f"+1617555{n:04}", f"{LONG}{n}"[:80].ljust(80, "&")) for n in range(300))


def question(
    *recipients: Recipient,
    stage: Stage = Stage.CONFIRM,
    body: str = "Water",
    **changes: Any,  # noqa: ANN401
) -> Question:
    new = NewSend("cmd:1", Actor("U0ALICE", "C1"), body, recipients or (A, B), "+15005550006", "r")
    return Question(Turn(7, 2), stage, new, NOW + timedelta(minutes=15), **changes)


def preview(asked: Question, *left_out: Recipient) -> Preview:
    body = asked.new.body
    size, odd = measure(body), odd_ones(body)
    return Preview(asked.new.recipients, left_out, size, odd, shorter(body, size) if odd else None)


def asked(about: Question, *left_out: Recipient, **reasons: Any) -> Asked:  # noqa: ANN401
    return Asked(about, preview(about, *left_out), NOW, **reasons)


def already(*reached: Recipient) -> AlreadySent:
    at = NOW - timedelta(minutes=2, seconds=5)
    addresses = frozenset(r.address for r in reached)
    return AlreadySent(5, "U0BOB", at, frozenset({5}), addresses, 1)


def text_of(view: object) -> str:
    return str(view)


def test_the_sender_is_told_why_they_are_asked_and_what_would_be_sent() -> None:
    drawn = views.asked(asked(question(folded=3), B, above=1))
    told = shown(drawn)
    assert title(drawn) == "Send an SMS to 2 recipients?"
    assert "More than 1 recipients" in told
    assert "1 SMS in all: 1 segment each. Encoding: GSM-7." in told
    assert "3 named twice or more" in told
    assert "1 opted out and left out: bob (+16175551213)" in told
    assert "From +15005550006." in told
    assert labels(drawn) == {"Send to 2": "7:2", "Cancel": "7:2"}


def test_the_very_character_that_forces_ucs_2_is_pointed_out() -> None:
    drawn = views.asked(asked(question(body="Please don\u2019t open " + "x" * 70)))
    told = shown(drawn)
    assert "because of “\u2019”" in told
    assert "Right single quotation mark in “Please don[\u2019]t open" in told
    assert "Plain characters would make it 1 segment each." in told
    assert "Use plain characters" in labels(drawn)


def test_the_sender_is_told_who_sent_the_same_and_can_reach_the_missing_one() -> None:
    drawn = views.asked(asked(question(), already=already(A)))
    told = "Already sent by <@U0BOB> 2 minutes ago, as #5: 1 of 2 have this text or may get it"
    assert told in shown(drawn)
    assert list(labels(drawn)) == ["Send to the missing one", "Send anyway", "Cancel"]


def test_with_nobody_missing_there_is_no_button_for_them() -> None:
    drawn = views.asked(asked(question(), already=already(A, B)))
    assert list(labels(drawn)) == ["Send anyway", "Cancel"]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(5, "less than a minute ago"), (60, "1 minute ago"), (599, "9 minutes ago")],
)
def test_it_is_told_how_long_ago_that_was(seconds: int, words: str) -> None:
    then = replace(already(A), at=NOW - timedelta(seconds=seconds))
    assert words in shown(views.asked(asked(question(), already=then)))


def test_the_fallback_says_what_the_blocks_say() -> None:
    drawn = views.asked(asked(question(folded=3), B, above=1, already=already(A)))
    for words in ("2 recipients?", "confirm_above", "as #5", "SMS in all", "3 named", "Water"):
        assert words in drawn.text


def test_the_preview_shows_everybody_by_name_and_number() -> None:
    view = views.preview(asked(question())).to_dict()
    assert "alice (+16175551212)\nbob (+16175551213)" in str(view["blocks"][-1]["text"]["text"])
    assert (view["submit"]["text"], view["private_metadata"]) == ("Send", "7:2")


def test_the_preview_offers_to_leave_out_who_has_it_and_to_send_anyway() -> None:
    about = question(body="don\u2019t " + "x" * 70)
    view = views.preview(asked(about, already=already(A))).to_dict()
    assert [e["action_id"] for e in view["blocks"][-1]["elements"]] == ["sms_trim", "sms_plain"]
    assert view["submit"]["text"] == "Send anyway"


def test_the_channel_is_asked_with_masked_numbers_and_told_until_when() -> None:
    about = question(stage=Stage.APPROVE)
    drawn = views.approval(about, preview(about, B), masked=True)
    told = shown(drawn)
    assert "<@U0ALICE> asks for a second person" in told
    assert "+16175551212" not in told
    assert "alice (••••••••1212)" in told
    assert "1 opted out and left out" in told
    assert "|12:15 UTC>" in told
    assert buttons(drawn) == ["sms_approve", "sms_decline"]


ENDS = [
    (Stage.SENT, "U0BOB", "<@U0BOB> agreed: it goes to 2 recipients, as #9."),
    (Stage.SENT, "U0ALICE", "<@U0ALICE> answered: it goes to 2 recipients, as #9."),
    (Stage.CANCELED, "U0ALICE", "Canceled by <@U0ALICE>. Nothing was sent."),
    (Stage.CANCELED, "", "Nobody could be asked in this channel. Nothing was sent."),
    (Stage.DECLINED, "U0BOB", "Declined by <@U0BOB>. Nothing was sent."),
    (Stage.EXPIRED, "", "Nobody answered within 15 minutes. Nothing was sent."),
    (Stage.CONFIRM, "", "<@U0ALICE> is asked once more. Nothing is sent yet."),
]


@pytest.mark.parametrize(("stage", "by", "words"), ENDS)
def test_what_came_of_it_is_told_alike_in_the_channel_in_private_and_in_the_modal(
    stage: Stage, by: str, words: str
) -> None:
    about = question(stage=stage, decided_by=by, send_id=9)
    there = views.approval(about, preview(about), masked=True)
    assert words in shown(there)
    assert words in there.text
    assert buttons(there) == []
    assert views.answered(Answered(about)).text == words
    assert words in str(views.shown(Answered(about)).to_dict())


def test_a_refusal_takes_the_place_of_the_preview_and_cannot_be_submitted() -> None:
    view = views.shown(Refused("No.", "Ask an admin.", "NotAllowed")).to_dict()
    assert "No.\nAsk an admin." in str(view["blocks"][0]["text"]["text"])
    assert "submit" not in view


def test_what_is_sent_or_waits_is_said_in_the_modal_too() -> None:
    waits = Awaiting(question(stage=Stage.APPROVE), 1)
    assert "a second person has to agree" in str(views.shown(waits).to_dict())
    assert "answered already" in str(
        views.shown(Sending(1, 1, repeated=True, segments=1)).to_dict()
    )
    assert views.shown(asked(question())).to_dict()["private_metadata"] == "7:2"


def test_once_confirmed_it_is_said_that_it_is_sent_and_not_again() -> None:
    now = views.confirmed(Sending(9, 2, repeated=False, segments=1))
    assert now.text == "Sending to 2 recipients, as #9."
    before = views.confirmed(Sending(9, 2, repeated=True, segments=1))
    assert before.text == "This is #9 already. Nothing more is sent."


def extremes() -> list[Question]:
    bodies = ("\U0001f468\u200d\U0001f680" * 320, "<&>" * 533, "x")
    return [question(*MANY[:n], body=body) for n in (1, 20, 300) for body in bodies]


@pytest.mark.parametrize("about", extremes(), ids=lambda q: f"{len(q.new.recipients)}")
def test_slack_takes_every_size_of_it(about: Question) -> None:
    outcome = asked(about, *about.new.recipients, above=1, already=already(*about.new.recipients))
    waits = replace(about, stage=Stage.APPROVE)
    messages = [
        views.asked(outcome),
        views.approval(waits, preview(waits), masked=True),
        views.approval(replace(waits, stage=Stage.EXPIRED), preview(waits), masked=False),
    ]
    for each in messages:
        assert problems(list(each.blocks)) == []
        assert 0 < len(each.text) <= 3_000
        assert "<!channel>" not in shown(each).replace('"text": "' + about.new.body, "")
    for view in (
        views.preview(outcome),
        views.shown(Refused("&" * 5_000, "&" * 5_000, "NotAllowed")),
    ):
        assert view_problems(view.to_dict()) == []


@pytest.mark.parametrize("length", [0, 5, 14, 23, 34, 80])
def test_three_hundred_are_all_in_the_preview_whatever_the_length_of_their_names(
    length: int,
) -> None:
    people = tuple(Recipient(f"+1617555{n:04}", "n" * length) for n in range(300))
    told = str(views.preview(asked(question(*people))).to_dict())
    assert [person for person in people if person.address not in told] == []


@pytest.mark.parametrize("length", range(0, 60, 3))
def test_of_three_hundred_the_sender_s_question_lists_as_many_as_fit(length: int) -> None:
    people = tuple(Recipient(f"+1617555{n:04}", "n" * length) for n in range(300))
    told = shown(views.asked(asked(question(*people))))
    assert sum(person.address in told for person in people) > 35
