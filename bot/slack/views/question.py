"""Questions before sending: the preview for the sender, and what a second person is asked."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, timedelta

from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    ButtonElement,
    ContextBlock,
    HeaderBlock,
    MarkdownTextObject,
    SectionBlock,
)
from slack_sdk.models.views import View

from bot.slack.message import Message, message
from bot.slack.surface import (
    APPROVE,
    CANCEL,
    CONFIRM,
    DECLINE,
    MISSING,
    PLAIN,
    PREVIEW,
    TRIM,
)
from bot.slack.views.card import people
from bot.slack.views.page import climbs
from bot.slack.views.text import SECTION, clip, escape, escaped, fit, quoted, who
from commands.model import NewSend, Recipient, Turn
from commands.outcome import Answered, Asked, Awaiting, Outcome, Paging, Refused, Sending
from commands.preview import billed, context
from commands.question import LIFE, Preview, Question, Stage

LISTED = 20
"""A message lists this many recipients one by one."""

_SECTIONS = 8
"""Sections of recipients in a modal: 24,000 characters, some 300 recipients with long names."""

_HEADER = 150
_MINUTES = LIFE.seconds // 60


def pack(turn: Turn) -> str:
    """Give what a button under a question carries."""
    return f"{turn.question}:{turn.count}"


def unpack(value: str) -> Turn:
    """Read a button's value."""
    number, _, count = value.partition(":")
    return Turn(int(number), int(count))


# -- the sender ---------------------------------------------------------------------------


def asked(outcome: Asked) -> Message:
    """Ask the sender, privately, with all that would be sent."""
    new, turn = outcome.question.new, outcome.question.turn
    facts = [*_reasons(outcome), *_facts(outcome.preview, outcome.question)]
    listed = fit((escape(who(r, masked=False)) for r in new.recipients), ", ", SECTION - 10)
    if new.ladder and new.ladder.escalation:
        listed = f"escalation {escape(new.ladder.escalation)}"
    blocks: list[Block] = [
        HeaderBlock(text=_title(new)),
        *_said(facts),
        quoted(clip(new.body, SECTION)),
        SectionBlock(text=_mrkdwn(f"To: {listed}")),
        ActionsBlock(elements=[*_choices(outcome, turn), _button("Cancel", CANCEL, turn)]),
        _small(f"Nothing is sent before you answer, within {_MINUTES} minutes."),
    ]
    return _told(escape(_title(new)), [*facts, escape(new.body)], blocks)


def preview(outcome: Asked) -> View:
    """Draw the modal over the composer: what would be sent, to whom exactly."""
    new, turn = outcome.question.new, outcome.question.turn
    blocks: list[Block] = [
        *_said([f"*{escape(_title(new))}*"]),
        *_said([*_reasons(outcome), *_facts(outcome.preview, outcome.question)]),
        quoted(clip(new.body, SECTION)),
        *_everybody(new.recipients),
    ]
    if choices := list(_changes(outcome, turn)):
        blocks.append(ActionsBlock(elements=choices))
    return View(
        type="modal",
        callback_id=PREVIEW,
        title="What will be sent",
        submit="Send anyway" if outcome.already else "Send",
        close="Back",
        private_metadata=pack(turn),
        blocks=blocks,
    )


def shown(outcome: Outcome) -> View:
    """Draw what the preview has become, for the modal that shows it."""
    match outcome:
        case Asked():
            return preview(outcome)
        case Refused():
            return notice(escaped(f"{outcome.text}\n{outcome.remedy}", SECTION))
        case Awaiting():
            return notice(awaiting(outcome).text)
        case Answered():
            return notice(_ended(outcome.question))
        case _:
            return notice("This is answered already.")


def notice(text: str, turn: Turn | None = None) -> View:
    """Say something in mrkdwn in the preview's place; with a turn it can be submitted once more."""
    return View(
        type="modal",
        callback_id=PREVIEW,
        title="What will be sent",
        submit="Try again" if turn else None,
        close="Back",
        private_metadata=pack(turn) if turn else "",
        blocks=[SectionBlock(text=_mrkdwn(text))],
    )


def answered(outcome: Answered) -> Message:
    """Say what came of a question."""
    return _plain(_ended(outcome.question))


def confirmed(outcome: Sending | Paging) -> Message:
    """Say that it is sent now; the send, or the page, shows itself on its own card."""
    if isinstance(outcome, Paging):
        return _plain(f"Paging, as #{outcome.page_id}.")
    if outcome.repeated:
        return _plain(f"This is #{outcome.send_id} already. Nothing more is sent.")
    return _plain(f"Sending to {people(outcome.recipients)}, as #{outcome.send_id}.")


def awaiting(outcome: Awaiting) -> Message:
    """Tell the sender that a second person is asked."""
    count = people(len(outcome.question.new.recipients))
    text = (
        f"Nothing is sent yet: {count} are more than {outcome.above}, so a second person has to "
        f"agree (approve_above). This channel is asked; it can answer for {_MINUTES} minutes."
    )
    return _plain(text)


def _reasons(outcome: Asked) -> Iterable[str]:
    """Say why the sender is asked."""
    if outcome.above is not None:
        yield (
            f"More than {outcome.above} recipients: this channel asks before such a send "
            "(confirm_above)."
        )
    already = outcome.already
    if already and outcome.question.new.ladder:
        by = f" by <@{already.actor}>" if already.actor else ""
        yield (
            f"A page with the same text was opened{by} {_ago(outcome.now - already.at)}, as "
            f"#{already.send_id}."
        )
    elif already:
        recipients = outcome.question.new.recipients
        seen = len(recipients) - len(already.missing(recipients))
        yield (
            f"Already sent by <@{already.actor}> {_ago(outcome.now - already.at)}, as "
            f"#{already.send_id}: {seen:,} of {len(recipients):,} have this text or may get it, "
            f"{already.delivered:,} delivered."
        )


def _facts(preview: Preview, question: Question) -> Iterable[str]:
    """Say what is to be known before it is sent."""
    new = question.new
    if new.ladder:
        yield from climbs(new.ladder)
        return
    yield f"{escape(billed(new.body, preview.reached))} Encoding: {preview.size.encoding}."
    if preview.odd:
        yield f"{escape(context(new.body, preview.odd[0]))}."
    if preview.plain:
        each = preview.plain.segments
        yield f"Plain characters would make it {each} segment{'' if each == 1 else 's'} each."
    if question.folded:
        yield f"{question.folded:,} named twice or more: each gets it once."
    if preview.left_out:
        names = fit((escape(who(r, masked=False)) for r in preview.left_out), ", ", SECTION // 3)
        yield f"{len(preview.left_out):,} opted out and left out: {names}"
    yield f"From {escape(new.sender)}."


def _choices(outcome: Asked, turn: Turn) -> Iterable[ButtonElement]:
    recipients, already = outcome.question.new.recipients, outcome.already
    if outcome.question.new.ladder:
        yield _button("Page anyway" if already else "Page", CONFIRM, turn, "primary")
        return
    missing = len(already.missing(recipients)) if already else 0
    if missing:
        label = f"Send to the missing {'one' if missing == 1 else f'{missing:,}'}"
        yield _button(label, MISSING, turn, "primary")
    words = "Send anyway" if already else f"Send to {len(recipients):,}"
    yield _button(words, CONFIRM, turn, None if missing else "primary")
    if outcome.preview.plain:
        yield _button("Use plain characters", PLAIN, turn)


def _changes(outcome: Asked, turn: Turn) -> Iterable[ButtonElement]:
    already = outcome.already
    if already and already.missing(outcome.question.new.recipients):
        yield _button("Leave out who has it", TRIM, turn)
    if outcome.preview.plain:
        yield _button("Use plain characters", PLAIN, turn)


# -- a second person ----------------------------------------------------------------------


def approval(question: Question, preview: Preview, *, masked: bool) -> Message:
    """Ask the channel for a second person's consent, or show what came of it."""
    new = question.new
    still = question.stage is Stage.APPROVE
    title = _title(new) if still else _ended(question)
    size = f"{billed(new.body, preview.reached)} Encoding: {preview.size.encoding}."
    if new.ladder:
        size = " ".join(climbs(new.ladder))
    out = len(preview.left_out)
    facts = [
        f"<@{new.actor.user}> asks for a second person who may send here to agree."
        if still
        else f"Asked for by <@{new.actor.user}>.",
        escape(size),
        *([f"{out:,} opted out and left out."] if out else []),
        f"To: {_some(new.recipients, masked=masked)}",
    ]
    blocks: list[Block] = [
        HeaderBlock(text=title) if still else SectionBlock(text=_mrkdwn(title)),
        *_said(facts),
        quoted(clip(new.body, SECTION)),
    ]
    if still:
        turn = question.turn
        expires = question.expires.astimezone(UTC)
        until = f"<!date^{int(expires.timestamp())}^{{time}}|{expires:%H:%M} UTC>"
        blocks += [
            ActionsBlock(
                elements=[
                    _button(
                        "Approve and page" if new.ladder else "Approve and send",
                        APPROVE,
                        turn,
                        "primary",
                    ),
                    _button("Decline", DECLINE, turn),
                ]
            ),
            _small(f"Nothing is sent before somebody agrees, until {until}."),
        ]
    said = escape(title) if still else title
    return _told(said, [*facts, escape(new.body)], blocks)


def _ended(question: Question) -> str:
    """Say where a question is, in mrkdwn."""
    count, by = people(len(question.new.recipients)), f"<@{question.decided_by}>"
    if question.stage is Stage.SENT:
        said = "answered" if question.decided_by == question.new.actor.user else "agreed"
        goes = "it is paged" if question.new.ladder else f"it goes to {count}"
        return f"{by} {said}: {goes}, as #{question.send_id}."
    if question.stage is Stage.CANCELED and not question.decided_by:
        return "Nobody could be asked in this channel. Nothing was sent."
    return {
        Stage.CANCELED: f"Canceled by {by}. Nothing was sent.",
        Stage.DECLINED: f"Declined by {by}. Nothing was sent.",
        Stage.EXPIRED: f"Nobody answered within {_MINUTES} minutes. Nothing was sent.",
        Stage.APPROVE: "A second person is asked in this channel. Nothing is sent yet.",
        Stage.CONFIRM: f"<@{question.new.actor.user}> is asked once more. Nothing is sent yet.",
    }[question.stage]


# -- both ---------------------------------------------------------------------------------


def _title(new: NewSend) -> str:
    if new.ladder and new.ladder.escalation:
        return clip(f"Page by the escalation {new.ladder.escalation}?", _HEADER)
    what = "Page" if new.ladder else "Send an SMS to"
    return f"{what} {people(len(new.recipients))}?"


def _some(recipients: Sequence[Recipient], *, masked: bool) -> str:
    shown = (escape(who(r, masked=masked)) for r in recipients[:LISTED])
    return fit(shown, ", ", SECTION // 2, len(recipients))


def _everybody(recipients: Sequence[Recipient]) -> Iterable[Block]:
    """List recipients one a line, over as many sections as it takes."""
    lines = [escape(who(r, masked=False)) for r in recipients]
    for _ in range(_SECTIONS - 1):
        taken = 0
        room = SECTION
        while taken < len(lines) and (room := room - len(lines[taken]) - 1) >= 0:
            taken += 1
        if not taken:
            return
        yield SectionBlock(text=_mrkdwn("\n".join(lines[:taken])))
        lines = lines[taken:]
    if lines:
        yield SectionBlock(text=_mrkdwn(fit(lines, "\n", SECTION)))


def _ago(age: timedelta) -> str:
    minutes = int(age.total_seconds() // 60)
    if minutes < 1:
        return "less than a minute ago"
    return f"{minutes} minute{'' if minutes == 1 else 's'} ago"


def _said(lines: Sequence[str]) -> list[Block]:
    text = fit(lines, "\n", SECTION)
    return [SectionBlock(text=_mrkdwn(text))] if text else []


def _mrkdwn(text: str) -> MarkdownTextObject:
    return MarkdownTextObject(text=text, verbatim=True)


def _small(text: str) -> ContextBlock:
    return ContextBlock(elements=[_mrkdwn(text)])


def _button(label: str, action: str, turn: Turn, style: str | None = None) -> ButtonElement:
    return ButtonElement(text=label, action_id=action, value=pack(turn), style=style)


def _plain(text: str) -> Message:
    return replace(message("", [SectionBlock(text=_mrkdwn(text))]), text=text)


def _told(title: str, lines: Sequence[str], blocks: Sequence[Block]) -> Message:
    """Give the blocks with a fallback that says the same; its lines are mrkdwn already."""
    return replace(message("", blocks), text=fit([title, *lines], "\n", SECTION))
