"""A page's card: who is paged, who has it, and what happens next; and what is said about it."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    ButtonElement,
    ContextBlock,
    HeaderBlock,
    MarkdownTextObject,
    PlainTextObject,
    SectionBlock,
)
from slack_sdk.models.metadata import Metadata

from bot.slack.message import Message, message
from bot.slack.surface import EVENT_TYPE, PAGE_ACK, PAGE_REFRESH, PAGE_RESOLVE, PAGE_TIMELINE
from bot.slack.views.answers import plain
from bot.slack.views.card import LISTED, STATES
from bot.slack.views.result import FourOutputs, fields, four_outputs
from bot.slack.views.text import (
    FIELD,
    SECTION,
    clip,
    escape,
    escaped,
    fit,
    label,
    quoted,
    who,
)
from commands.model import Delivery
from commands.oncall import Ladder, PageStage
from commands.outcome import Acknowledged, OnePage, Told
from commands.pageview import Done, Happening, PageView
from commands.timeline import lasting, phrase

_FIELD_ROOM = FIELD - 200
_NAME = 60
_USER = re.compile("[UW][A-Z0-9]+")
_FIRST, _LAST = 20, 60
"""Lines of a timeline that are shown in Slack: how it began, and how it ended."""

HOWS = {
    "sms": "by SMS",
    "button": "by button",
    "command": "by command",
    "alert": "by its alert",
}


def page_card(page: PageView, *, masked: bool, private: bool = False) -> Message:
    """Draw a page as it stands; `private` for the eyes of one person, who has to look again."""
    outputs = four_outputs(page.people, masked=masked, limit=_FIELD_ROOM)
    title = f"Page #{page.page_id}: {_headline(page)}"
    blocks: list[Block] = [
        HeaderBlock(text=clip(title, 150)),
        _small(_origin(page)),
        quoted(clip(page.people.body, SECTION)),
        *_people(page, masked=masked),
        *_facts(page, masked=masked),
        *([fields(outputs)] if page.people.recipients else ()),
        ActionsBlock(elements=list(_buttons(page, private=private))),
    ]
    return message(title, blocks, None if private else _metadata(page, outputs))


def _headline(page: PageView) -> str:
    """Say where a page is, in few words."""
    if page.stage is PageStage.OPEN:
        return "waiting for an acknowledgement"
    if page.stage is PageStage.EXHAUSTED:
        return "NOBODY has acknowledged it"
    if page.resolved and page.resolved.successor:
        return f"goes on as {page.resolved.successor}"
    done = page.resolved or page.acked
    name = clip(label(done.by, masked=False), _NAME) if done else ""
    return f"{name} has it" if page.stage is PageStage.ACKNOWLEDGED else f"resolved by {name}"


def _origin(page: PageView) -> str:
    asked = f"<@{page.people.actor}>" if page.people.actor else escape(_source(page))
    parts = [f"from {asked}", f"reply code {page.code}"]
    if page.escalation:
        parts.append(f"escalation {escape(page.escalation)}")
    parts.append(f"step {page.fired} of {page.steps}" if page.fired else "about to page")
    if page.due and page.fired:
        ends = "ends" if page.fired >= page.steps else "next step"
        parts.append(f"{ends} at {_clock(page.due)}")
    return " · ".join(parts)


def _source(page: PageView) -> str:
    kind, _, name = page.source.partition(":")
    return f"alert {name}" if kind == "alert" else "the command line"


def _people(page: PageView, *, masked: bool) -> Iterable[Block]:
    lines = [_line(each, masked=masked) for each in page.people.shown[:LISTED]]
    if lines:
        yield _said(fit(lines, "\n", SECTION, page.people.recipients))


def _line(delivery: Delivery, *, masked: bool) -> str:
    emoji, state = STATES[delivery.state]
    reason = escape(clip(label(delivery.reason, masked=masked), 150))
    return f"{emoji} {escape(who(delivery.recipient, masked=masked))} – {state}" + (
        f": {reason}" if reason else ""
    )


def _facts(page: PageView, *, masked: bool) -> Iterable[Block]:
    """Say who has it and after how long, who could not be paged, and how many alerts there are."""
    said = []
    if page.acked:
        said.append(f":raised_hand: {_who(page.acked)} acknowledged {_after(page, page.acked)}.")
    if page.resolved and page.resolved.successor:
        said.append(
            f":arrow_right: Its alerts still fire: it goes on as {page.resolved.successor}."
        )
    elif page.resolved:
        said.append(
            f":checkered_flag: {_who(page.resolved)} resolved {_after(page, page.resolved)}."
        )
    if page.stage is PageStage.EXHAUSTED:
        said.append(":rotating_light: *All steps are gone through, and nobody has it.*")
    if page.missed:
        said.append(f":warning: Not paged: {escaped(label(page.missed, masked=masked), 1_000)}")
    if page.alerts > 1:
        said.append(f"{page.firing:,} of {page.alerts:,} alerts fire.")
    if page.link and page.link not in page.people.body:
        said.append(escape(page.link))
    if said:
        yield _said(fit(said, "\n", SECTION))


def _who(done: Done) -> str:
    return (
        f"<@{done.user}>" if done.user else f"*{escape(clip(label(done.by, masked=False), _NAME))}*"
    )


def _after(page: PageView, done: Done) -> str:
    return f"{HOWS.get(done.how, '')} after {lasting(done.at - page.people.created)}"


def _buttons(page: PageView, *, private: bool) -> Iterable[ButtonElement]:
    if page.stage in {PageStage.OPEN, PageStage.EXHAUSTED}:
        yield _button("Acknowledge", PAGE_ACK, page.page_id, "primary")
    if page.stage is not PageStage.RESOLVED:
        yield _button("Resolve", PAGE_RESOLVE, page.page_id)
    yield _button("Timeline", PAGE_TIMELINE, page.page_id)
    if private and page.stage is not PageStage.RESOLVED:
        yield _button("Refresh", PAGE_REFRESH, page.page_id)


def _metadata(page: PageView, outputs: FourOutputs) -> Metadata:
    people = page.people
    return Metadata(
        EVENT_TYPE,
        {
            "id": page.page_id,
            "statusCode": outputs.status_code if people.recipients else "",
            "status": outputs.status if people.recipients else "Sending",
            "accepted": people.accepted,
            "failed": people.failures,
            "unknown": people.unknowns,
            "delivered": people.delivered,
            "page": str(page.stage),
            "acknowledged_by": page.acked.by if page.acked else "",
        },
    )


def climbs(ladder: Ladder) -> Iterable[str]:
    """Say what a page would do, before it is opened."""
    waits = " or ".join(dict.fromkeys(lasting(rung.wait) for rung in ladder.rungs))
    steps = f"{len(ladder.rungs)} step{'' if len(ladder.rungs) == 1 else 's'}"
    rounds = "once" if ladder.rounds == 1 else f"{ladder.rounds} times at most"
    yield (
        f"It is paged in {steps}, gone through {rounds}, with {waits} after each for somebody to "
        "acknowledge."
    )


# -- what is said about it -----------------------------------------------------------------


def reply(name: str, text: str) -> Message:
    """Show a person's words as they are: nothing in them is a mention, a link or a format."""
    words = clip(text, SECTION) or "–"
    blocks: list[Block] = [
        ContextBlock(elements=[PlainTextObject(text=f"{clip(name, 200)} by SMS:", emoji=False)]),
        SectionBlock(text=PlainTextObject(text=words, emoji=False)),
    ]
    return message(f"{name}: {words}", blocks)


def loud(text: str, page_id: int, *, answerable: bool) -> Message:
    """Call the whole channel."""
    said = f"<!channel> {escaped(text, SECTION - 20)}"
    blocks: list[Block] = [_said(f":rotating_light: {said}")]
    if answerable:
        blocks.append(ActionsBlock(elements=[_button("Acknowledge", PAGE_ACK, page_id, "primary")]))
    return replace(message("", blocks), text=said)


def acknowledged(outcome: Acknowledged) -> Message:
    """Tell who clicked or typed what came of it."""
    ended = outcome.ended
    page = f"page #{ended.page_id}"
    if not ended.first:
        did = "resolved" if ended.stage is PageStage.RESOLVED else "has"
        return plain(
            f"{ended.by} {did} {page} already, since {ended.at.astimezone(UTC):%H:%M:%S} UTC."
        )
    if outcome.resolves:
        return plain(f"You resolved {page}. Everybody who was paged is told.")
    return plain(f"You have {page} now. Nobody else is paged, and everybody who was is told.")


def one_page(outcome: OnePage) -> Message:
    """Show a page to one person."""
    return page_card(outcome.page, masked=outcome.masked, private=True)


# -- its timeline --------------------------------------------------------------------------


def timeline(outcome: Told) -> Message:
    """Show everything that happened, oldest first."""
    page, entries = outcome.timeline.page, outcome.timeline.entries
    title = f"Page #{page.page_id}: timeline"
    first, last = entries[:_FIRST], entries[_FIRST:][-_LAST:]
    left = len(entries) - len(first) - len(last)
    lines = [_entry(entry) for entry in first]
    lines += [f"… {left:,} more …"] if left else []
    lines += [_entry(entry) for entry in last]
    shown: list[Block] = [_said(text) for text in _sections(lines)]
    more = f"`sms-bot timeline {page.page_id}` gives it as Markdown or JSON. Times are UTC."
    return message(title, [HeaderBlock(text=title), *shown, _small(more)])


def _sections(lines: Sequence[str]) -> Iterable[str]:
    taken: list[str] = []
    for line in lines:
        if sum(map(len, taken)) + len(taken) + len(line) > SECTION:
            yield "\n".join(taken)
            taken = []
        taken.append(line)
    if taken:
        yield "\n".join(taken)


def _entry(entry: Happening) -> str:
    if entry.what == "asked" and _USER.fullmatch(entry.who):
        entry = replace(entry, who=f"@{entry.who}")
        said = escaped(phrase(entry), 500).replace(entry.who, f"<{entry.who}>")
    else:
        said = escaped(label(phrase(entry), masked=False), 500)
    return f"`{entry.at.astimezone(UTC):%H:%M:%S}` {said}"


def _clock(moment: datetime) -> str:
    shown = f"{moment.astimezone(UTC):%H:%M:%S} UTC"
    return f"<!date^{int(moment.timestamp())}^{{time_secs}}|{shown}>"


def _said(text: str) -> SectionBlock:
    return SectionBlock(text=MarkdownTextObject(text=text, verbatim=True))


def _small(text: str) -> ContextBlock:
    return ContextBlock(elements=[MarkdownTextObject(text=text, verbatim=True)])


def _button(words: str, action: str, page_id: int, style: str | None = None) -> ButtonElement:
    return ButtonElement(text=words, action_id=action, value=str(page_id), style=style)
