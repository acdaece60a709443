"""What `/sms status` shows: the last sends, two lines each, or one send in detail."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime

from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    ButtonElement,
    ContextBlock,
    HeaderBlock,
    MarkdownTextObject,
    SectionBlock,
)

from bot.slack.message import Message, message
from bot.slack.surface import DETAILS, REFRESH, STATUS
from bot.slack.views.answers import plain
from bot.slack.views.card import channel_card, people, private_card, verdict
from bot.slack.views.result import SENDING
from bot.slack.views.text import SECTION, clip, escape, fit, label, quoted
from commands.model import DeliveryState, Kind
from commands.oncall import Answerable, PageStage
from commands.outcome import LastSends, OneSend
from commands.snapshot import Standing

_WORDS = 60
"""Characters of a text in the list: ten sends then fit into one fallback."""

_TITLE = "The last sends of this channel"
_NONE = (
    "There is nothing to show: nothing was sent from this channel yet, or it was long ago and has "
    "been removed. /sms help lists what you can type here."
)
_PAGES_TITLE = "The last pages of this channel"
_PAGES = 10
_STAGES = {
    PageStage.OPEN: ":rotating_light: waiting",
    PageStage.ACKNOWLEDGED: ":raised_hand: acknowledged",
    PageStage.RESOLVED: ":checkered_flag: resolved",
    PageStage.EXHAUSTED: ":rotating_light: nobody has it",
}
_MARKS = {
    "Success": ":white_check_mark:",
    "Partial-Success": ":warning:",
    "Failed": ":x:",
    "Unknown": ":grey_question:",
    SENDING: ":hourglass_flowing_sand:",
}


def last_sends(outcome: LastSends) -> Message:
    """List the pages that wait and the last ones, and the last sends, privately, newest first."""
    numbers = [page.page_id for page in outcome.pages] + [sent.send_id for sent in outcome.sends]
    if not numbers:
        return plain(_NONE)
    title = _TITLE if outcome.sends else _PAGES_TITLE
    pages = [_page_entry(page) for page in outcome.pages[:_PAGES]]
    blocks: list[Block] = [HeaderBlock(text=title), *pages]
    for sent in outcome.sends:
        blocks += [_entry(sent), quoted(words(sent))]
    blocks.append(_small(f"/sms status {numbers[0]} shows one in detail."))
    blocks.append(_refresh())
    lines = [*map(_page_line, outcome.pages[:_PAGES]), *map(_told, outcome.sends)]
    return replace(message(title, blocks), text=fit((f"{title}:", *lines), "\n", SECTION))


def one_send(outcome: OneSend, *, listed: bool = False) -> Message:
    """Show one send privately: as its card does, with when it was asked for.

    Only who sent it is asked what becomes of the rest.

    Args:
        outcome: the send.
        listed: whether it takes the place of the list, to which a button then leads back.
    """
    snap = outcome.snapshot
    look = DETAILS if listed else REFRESH
    card = private_card(snap, look) if outcome.own else channel_card(snap, masked=outcome.masked)
    header, *rest = card.blocks
    end = [block.to_dict() for block in _end(outcome, listed=listed)]
    asked = _small(f"asked for {moment_of(snap.created)}{_page(snap)}").to_dict()
    # an answer to one person carries no metadata
    return Message(_told(snap), (header, asked, *rest, *end))


def _entry(sent: Standing) -> SectionBlock:
    text = f"{_MARKS[verdict(sent)]} *#{sent.send_id}* {_origin(sent, moment_of(sent.created))}"
    return _with_details(f"{text}\n{line_of(sent)}", sent.send_id)


def _page_entry(page: Answerable) -> SectionBlock:
    return _with_details(f"{_page_line(page)}, {moment_of(page.created)}", page.page_id)


def _page_line(page: Answerable) -> str:
    body = escape(clip(label(page.body, masked=False), _WORDS))
    return f"{_STAGES[page.stage]}: page *#{page.page_id}* “{body}”"


def _with_details(text: str, number: int) -> SectionBlock:
    return SectionBlock(
        text=MarkdownTextObject(text=text, verbatim=True),
        accessory=ButtonElement(
            text="Details",
            action_id=DETAILS,  # an id is unique within its block, and each button has its own
            value=str(number),
            accessibility_label=f"Details of #{number}",
        ),
    )


def _end(outcome: OneSend, *, listed: bool) -> Iterable[Block]:
    """Offer what the card has no button for: to look again, and to go back."""
    snap = outcome.snapshot
    if not (outcome.own or snap.complete):
        yield _refresh(snap.send_id, DETAILS if listed else STATUS)
    if listed:
        back = ButtonElement(text="Back to the list", action_id=STATUS)
        yield ActionsBlock(elements=[back])


def _told(sent: Standing) -> str:
    """Tell of a send in one line, for who does not see the blocks."""
    origin = _origin(sent, _utc(sent.created))
    return f"#{sent.send_id} {origin}: {line_of(sent)}: “{escape(words(sent))}”"


def _origin(sent: Standing, when: str) -> str:
    again = f", again after #{sent.retry_of}" if sent.retry_of else ""
    return f"from <@{sent.actor}>, {when}, to {people(sent.recipients)}{_page(sent)}{again}"


def _page(sent: Standing) -> str:
    return ", a page" if sent.kind is Kind.PAGE else ""


def line_of(sent: Standing) -> str:
    """Say how a send stands: its verdict, and how many recipients are how far."""
    return f"{verdict(sent)}: {', '.join(_counts(sent))}"


def _counts(sent: Standing) -> Iterable[str]:
    """Count the recipients in the card's words; all together they are all recipients."""
    counts = (
        (sent.delivered, "delivered"),
        (sent.count(DeliveryState.ACCEPTED, DeliveryState.SENT), "sent"),
        (sent.failures, "failed"),
        (sent.unknowns, "unknown"),
        (sent.waiting, "waiting"),
    )
    return (f"{count:,} {word}" for count, word in counts if count)


def words(sent: Standing) -> str:
    """Give the beginning of a send's text, on one line."""
    return clip(label(sent.body, masked=False), _WORDS)


def moment_of(moment: datetime) -> str:
    """Give a moment in each reader's own zone.

    https://docs.slack.dev/messaging/formatting-message-text#date-formatting
    """
    shown = "{date_short_pretty}, {time}"
    return f"<!date^{int(moment.timestamp())}^{shown}|{_utc(moment)}>"


def _utc(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _small(text: str) -> ContextBlock:
    return ContextBlock(elements=[MarkdownTextObject(text=text)])


def _refresh(send_id: int | None = None, action: str = STATUS) -> ActionsBlock:
    """Offer to look again: at one send, or at the list."""
    value = None if send_id is None else str(send_id)
    return ActionsBlock(elements=[ButtonElement(text="Refresh", action_id=action, value=value)])
