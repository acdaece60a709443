"""A page's timeline as it is read afterwards: in words, as Markdown, as JSON."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands.model import DeliveryState
from commands.oncall import PageStage
from commands.pageview import Done, Happening, PageView, Timeline
from commands.timeline import as_json, as_markdown, lasting, phrase
from tests.commands.fakes import NOW
from tests.commands.pages_kit import answerable, viewed

LATER = NOW + timedelta(minutes=2, seconds=5)


def page(**changes: object) -> PageView:
    return replace(viewed(answerable()), **changes)  # type: ignore[arg-type] # each of its own type


def told(*entries: Happening, **changes: object) -> Timeline:
    return Timeline(page(**changes), entries)


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (("asked", "U0ME", "slack"), "Page asked for by U0ME"),
        (("step", "", "", "step 1 of 3: alice"), "Step 1 of 3: alice"),
        (("missed", "", "", "bob: no phone"), "Not paged: bob: no phone"),
        (("acknowledged", "alice", "sms"), "Acknowledged by alice, by SMS"),
        (("resolved", "prom", "alert"), "Resolved by prom"),
        (("late", "bob", "sms"), "Answered too late by bob, by SMS"),
        (("replied", "bob", "sms", "on my way"), "bob wrote: on my way"),
        (("undelivered", "bob", "poll", "step 1: off"), "SMS to bob: not delivered (step 1: off)"),
        (("something new", "bob", "", "why"), "Something new: bob: why"),
        (("something new",), "Something new"),
    ],
)
def test_what_happened_is_said_in_words(entry: tuple[str, ...], words: str) -> None:
    assert phrase(Happening(NOW, *entry)) == words


@pytest.mark.parametrize(
    "what", [*DeliveryState, "unreached", "exhausted", "joined", "continued", "opted out"]
)
def test_everything_that_happens_to_a_page_has_its_words(what: str) -> None:
    words = phrase(Happening(NOW, what, "bob", "sms", "detail"))
    assert words != f"{what.capitalize()}: bob: detail"


def test_a_page_goes_on_as_another_only_if_it_was_closed_for_that() -> None:
    assert Done("page #7", "", "alert", NOW).successor == "page #7"
    assert Done("page #7", "U0JOKER", "button", NOW).successor == ""
    assert Done("alert prom", "", "alert", NOW).successor == ""


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(-1, "0 s"), (45, "45 s"), (60, "1 min 0 s"), (250.9, "4 min 10 s"), (7_500, "2 h 5 min")],
)
def test_a_span_is_said_as_people_say_it(seconds: float, said: str) -> None:
    assert lasting(timedelta(seconds=seconds)) == said


def test_as_markdown_it_tells_what_it_was_about_and_what_happened() -> None:
    done = Done("alice", "U0ALICE", "sms", LATER)
    text = as_markdown(
        told(
            Happening(NOW, "asked", "U0ME", "slack"),
            escalation="db",
            link="https://x.example/1",
            acked=done,
            resolved=done,
            alerts=3,
            firing=1,
        )
    )
    assert text.splitlines() == [
        "# Page 7: Water in the lab",
        "",
        "- Asked for by U0ME at 2026-01-02 03:04:05 UTC, in C1",
        "- Steps fired: 1 of 3, escalation db",
        "- Acknowledged by alice after 2 min 5 s",
        "- Resolved by alice after 2 min 5 s",
        "- Alerts: 3, of which 1 fire",
        "- Link: <https://x.example/1>",
        "",
        "| Time (UTC) | What happened | Source |",
        "|---|---|---|",
        "| 2026-01-02 03:04:05.000 | Page asked for by U0ME | slack |",
    ]


def test_that_nobody_has_it_is_told() -> None:
    assert "- Nobody has acknowledged it" in as_markdown(told(stage=PageStage.EXHAUSTED))


@given(st.text())
def test_nothing_that_people_wrote_breaks_out_of_its_row(words: str) -> None:
    text = as_markdown(told(Happening(NOW, "replied", "bob", "sms", words)))
    row = text.split("|---|---|---|\n")[1].removesuffix("\n")
    assert len(row.splitlines()) == 1
    assert row.replace("\\\\", "").replace("\\|", "").count("|") == 4


def test_as_json_it_can_be_read_by_programs() -> None:
    done = Done("alice", "U0ALICE", "sms", LATER)
    read = json.loads(json.dumps(as_json(told(Happening(NOW, "asked", "U0ME"), acked=done))))
    assert (read["page"], read["stage"], read["text"]) == (7, "open", "Water in the lab")
    assert read["acknowledged"] == {
        "by": "alice",
        "user": "U0ALICE",
        "how": "sms",
        "at": "2026-01-02T03:06:10.000Z",
        "after": 125.0,
    }
    assert read["resolved"] is None
    assert read["timeline"] == [
        {"at": "2026-01-02T03:04:05.000Z", "what": "asked", "who": "U0ME", "how": "", "detail": ""}
    ]
