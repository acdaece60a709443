"""Private answers in words: refusals, explanations, help."""

from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    ButtonElement,
    ContextBlock,
    MarkdownTextObject,
    SectionBlock,
)

from bot.slack.message import Message, message
from bot.slack.surface import UNDO
from bot.slack.views.text import SECTION, clip, escaped, preformatted
from commands.book import UNDO_WITHIN
from commands.outcome import Changed, Explained, Helped, Refused

_COMMAND = 500
_RULE = 1_900


def refused(outcome: Refused) -> Message:
    """Say what is wrong and what to do next."""
    blocks = [_said(outcome.text, ":no_entry: "), *_remedy(outcome.remedy)]
    return message(outcome.text, blocks)


def changed(outcome: Changed) -> Message:
    """Say what was changed in the directory, with a button to undo it."""
    blocks: list[Block] = [_said(outcome.text)]
    if outcome.undoable:
        button = ButtonElement(text="Undo", action_id=UNDO, value=str(outcome.number))
        minutes = f"It can be undone for {UNDO_WITHIN.seconds // 60} minutes."
        blocks += [
            ActionsBlock(elements=[button]),
            ContextBlock(elements=[MarkdownTextObject(text=minutes)]),
        ]
    return message(outcome.text, blocks)


def explained(outcome: Explained) -> Message:
    """Say which rule would allow or refuse a command; nothing was sent."""
    verdict = "would be allowed" if outcome.allowed else "would be refused"
    emoji = ":white_check_mark:" if outcome.allowed else ":no_entry:"
    command = clip(" ".join(outcome.command.split()), _COMMAND)
    text = f"{emoji} {_code(f'/sms {command}', SECTION - 100)} {verdict} here. Nothing was sent."
    blocks: list[Block] = [_mrkdwn(text), _said(outcome.reason), *_remedy(outcome.remedy)]
    if outcome.rule:
        rule = f"Rule: {_code(outcome.rule, _RULE)}"
        blocks.append(ContextBlock(elements=[MarkdownTextObject(text=rule, verbatim=True)]))
    return message(f"/sms {command} {verdict}", blocks)


def helped(outcome: Helped) -> Message:
    """List what can be typed here."""
    return message("What /sms can do here", [_said("\n".join(outcome.lines))])


def plain(text: str) -> Message:
    """Say one sentence."""
    return message(text, [_said(text)])


def _said(text: str, emoji: str = "") -> SectionBlock:
    """Show plain characters as they are, after an emoji of ours."""
    return _mrkdwn(emoji + (escaped(text, SECTION - len(emoji)) or "–"))


def _mrkdwn(text: str) -> SectionBlock:
    return SectionBlock(text=MarkdownTextObject(text=text, verbatim=True))


def _code(text: str, limit: int) -> str:
    """Show plain characters as inline code, which a backtick of theirs would end."""
    return f"`{escaped(text, limit).replace('`', chr(0x2CB))}`"


def _remedy(remedy: str) -> list[Block]:
    """Show the first line as a sentence, and what follows it as lines to copy."""
    sentence, _, lines = remedy.partition("\n")
    shown: list[Block] = [_said(sentence)] if sentence else []
    return [*shown, preformatted(clip(lines, SECTION))] if lines else shown
