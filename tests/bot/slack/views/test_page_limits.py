"""Whatever people, alerts and replies say, a page's views are taken, and ping and forge nothing."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.sandbox.blocks import problems, view_problems
from bot.slack.views import question as questions
from bot.slack.views.page import acknowledged, loud, page_card, reply, timeline
from commands.characters import odd_ones
from commands.model import Actor, NewSend, Recipient, Turn
from commands.oncall import Ended, Ladder, PageStage, Rung
from commands.outcome import Acknowledged, Asked, Told
from commands.pageview import Done, Happening, PageView, Timeline
from commands.preview import shorter
from commands.question import Preview, Question, Stage
from commands.segments import measure
from commands.timeline import as_markdown
from tests.bot.slack.views.hostile import (
    ALICE,
    addresses,
    big,
    check,
    hostile,
    snapshots,
    texts,
)

NOW = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)
moments = st.integers(0, 10**6).map(lambda seconds: NOW + timedelta(seconds=seconds))
hands = st.none() | st.builds(
    Done,
    hostile,
    st.sampled_from(["", ALICE]),
    st.sampled_from(["sms", "button", "alert"]),
    moments,
)
pages = st.builds(
    PageView,
    page_id=big,
    stage=st.sampled_from(PageStage),
    code=st.just("47"),
    source=st.sampled_from(["slack", "cli", "alert:prom"]),
    escalation=hostile.map(lambda name: name[:80]),
    link=st.sampled_from(["", "https://x.example/?a=<b>&c=|d"]),
    people=snapshots(),
    steps=st.integers(1, 10**6),
    fired=st.integers(0, 10**6),
    due=st.none() | moments,
    missed=hostile,
    acked=hands,
    resolved=hands,
    firing=st.integers(0, 10**6),
    alerts=st.integers(0, 10**6),
)
kinds = st.sampled_from(["asked", "step", "replied", "delivered", "resolved", "missed", "<new>"])
entries = st.builds(
    Happening, moments, kinds, hostile | st.just(ALICE), st.sampled_from(["sms", "poll"]), hostile
)


@settings(max_examples=50)
@given(pages, st.booleans())
def test_slack_takes_every_card_of_a_page(page: PageView, masked: bool) -> None:  # noqa: FBT001
    check(page_card(page, masked=masked))
    check(page_card(page, masked=False, private=True))


@settings(max_examples=40)
@given(pages, st.lists(entries, max_size=6), st.sampled_from([1, 40]))
def test_slack_takes_every_timeline_and_each_entry_is_one_line(
    page: PageView, some: list[Happening], times: int
) -> None:
    told = Timeline(page, tuple(some * times))
    drawn = timeline(Told(told))
    check(drawn)
    sections = [b["text"]["text"] for b in drawn.blocks if b["type"] == "section"]
    lines = [line for text in sections for line in text.split("\n")]
    assert len(lines) == min(len(told.entries), 80) + (len(told.entries) > 80)
    assert (
        len(as_markdown(told).rpartition("|---|---|---|")[2].splitlines()) <= len(told.entries) + 1
    )


@settings(max_examples=60)
@given(hostile, hostile)
def test_what_a_reply_says_is_neither_mention_nor_link_nor_a_line_of_ours(
    name: str, text: str
) -> None:
    drawn = reply(name, text)
    check(drawn)
    shown = dict.fromkeys(kind for kind, _ in texts(list(drawn.blocks)))
    assert list(shown) == ["plain_text"]
    [by] = [b["elements"][0]["text"] for b in drawn.blocks if b["type"] == "context"]
    assert len(by.splitlines()) == 1
    assert by.endswith(" by SMS:")
    assert not {"\u202e", "\u2066"} & set(by)


@settings(max_examples=40)
@given(hostile, st.booleans())
def test_a_call_of_the_channel_mentions_it_once_and_nobody_else(
    text: str,
    answerable: bool,  # noqa: FBT001
) -> None:
    drawn = loud(text, 7, answerable=answerable)
    blocks = json.loads(json.dumps(list(drawn.blocks)))
    assert problems(blocks) == []
    for said in (drawn.text, *(shown for kind, shown in texts(blocks) if kind == "mrkdwn")):
        assert said.count("<") == said.count("<!channel>") == 1
        assert said.count(">") == 1


@settings(max_examples=40)
@given(hostile, st.booleans(), st.booleans(), st.sampled_from(PageStage))
def test_slack_takes_what_an_acknowledgement_answers(
    name: str,
    first: bool,  # noqa: FBT001
    resolves: bool,  # noqa: FBT001
    stage: PageStage,
) -> None:
    check(acknowledged(Acknowledged(Ended(7, first, stage, name, "", "47", NOW), resolves)))


@st.composite
def asked(draw: st.DrawFn) -> Asked:
    some = draw(st.lists(st.builds(Recipient, addresses, hostile), min_size=1, max_size=5))
    people = tuple(some * draw(st.sampled_from([1, 40])))
    body = draw(hostile)[:1_600] or "x"
    ladder = Ladder((Rung(("alice",), timedelta(minutes=5)),), 3, draw(hostile)[:80])
    new = NewSend("cmd:1", Actor(ALICE, "C1"), body, people, draw(st.just("+15005550006")), "r",
                  ladder=draw(st.none() | st.just(ladder)))  # fmt: skip
    about = Question(Turn(7, 2), Stage.CONFIRM, new, NOW + timedelta(minutes=15))
    size, odd = measure(body), odd_ones(body)
    preview = Preview(people, people[:1], size, odd, shorter(body, size) if odd else None)
    return Asked(about, preview, NOW, above=1)


@settings(max_examples=40)
@given(asked(), st.booleans(), st.sampled_from([Stage.APPROVE, Stage.CONFIRM, Stage.EXPIRED]))
def test_slack_takes_every_question_and_every_preview(
    about: Asked,
    masked: bool,  # noqa: FBT001
    stage: Stage,
) -> None:
    check(questions.asked(about))
    check(questions.approval(replace(about.question, stage=stage), about.preview, masked=masked))
    view: dict[str, Any] = questions.preview(about).to_dict()
    assert view_problems(json.loads(json.dumps(view))) == []
