"""The App Home: what this person may do where, their last sends, and whom they can name.

Channels stand as `<#id>` only, so that Slack shows the name of a private one to its members alone.
https://docs.slack.dev/surfaces/app-home
"""

from collections.abc import Iterable

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

from bot.slack.message import Message
from bot.slack.surface import HOME_REFRESH, HOME_SEND
from bot.slack.views.card import people
from bot.slack.views.homeadmin import overview
from bot.slack.views.status import line_of, moment_of, words
from bot.slack.views.text import SECTION, clip, escape, escaped, fit, label, preformatted, quoted
from commands.home import Grant, Home
from commands.model import Kind, mask
from commands.outcome import Row, Source
from commands.rules import ChannelRules
from commands.snapshot import Standing

CHANNELS = 100
"""At most this many channels are listed, and fewer if their limits take much room to tell."""

_ROOM = 4
"""Sections for the channels: 12,000 characters."""

_NAME = 60

_NOTHING = (
    "*You may not send or look up anything with this bot yet.* Nothing is allowed unless the bot's "
    "file sms.toml says so. Ask {} to put your id into the `who` of a channel there:"
)
_UNTOLD = "*Of {} it cannot be told now what you may do there:* {} Choose Refresh in a minute."
_UNKNOWN_ADMIN = "*It cannot be told now whether you are an admin:* {} Choose Refresh in a minute."


def home_view(home: Home) -> View:
    """Draw a person's home: 100 blocks at most."""
    return View(
        type="home",
        blocks=[
            HeaderBlock(text="SMS from Slack"),
            _buttons(home),
            *_may(home),
            *_sends(home),
            *_book(home),
            *(overview(home.overview) if home.overview else ()),
        ],
    )


def notice_view(message: Message) -> View:
    """Draw a home that cannot be shown: what is wrong, and a button to try again."""
    refresh = ActionsBlock(elements=[_button("Refresh", HOME_REFRESH)])
    blocks = [*map(dict, message.blocks), refresh.to_dict()]
    return View(type="home", blocks=blocks)


def _buttons(home: Home) -> ActionsBlock:
    send = [_button("Send SMS", HOME_SEND, "primary")] if home.may_send else []
    return ActionsBlock(elements=[*send, _button("Refresh", HOME_REFRESH)])


def _button(text: str, action: str, style: str | None = None) -> ButtonElement:
    return ButtonElement(text=text, action_id=action, style=style)


# -- what one may do where ----------------------------------------------------------------


def _may(home: Home) -> Iterable[Block]:
    if home.grants:
        yield HeaderBlock(text="What you may do")
        yield from _channels(home.grants)
    elif not home.untold:
        yield _said(_NOTHING.format(_whom(home.admins)))
        yield preformatted(f'who = ["{home.user}"]')
    if home.untold:
        yield _said(_UNTOLD.format(_count(home.untold, "channel"), escape(home.why_untold)))
    elif home.why_untold:
        yield _said(_UNKNOWN_ADMIN.format(escape(home.why_untold)))


def _whom(admins: tuple[str, ...]) -> str:
    named = ", ".join(f"<@{user}>" for user in admins[:5])
    return f"an admin of the bot ({named})" if named else "whoever runs the bot"


def _channels(grants: tuple[Grant, ...]) -> Iterable[Block]:
    lines = [_granted(grant) for grant in grants[:CHANNELS]]
    shown = 0
    for _ in range(_ROOM):
        part = list(_filling(lines[shown:]))
        if part:
            yield _said("\n".join(part))
        shown += len(part)
    if left := len(grants) - shown:
        yield _small(f"and {_count(left, 'more channel')}; /sms help in one of them tells")


def _filling(lines: Iterable[str]) -> Iterable[str]:
    """Give as many of the lines as fill one section."""
    room = SECTION
    for line in lines:
        room -= len(line) + 1
        if room < 0:
            return
        yield line


def _granted(grant: Grant) -> str:
    limits = "; ".join(_limits(grant.rules))
    return f"<#{grant.rules.id}>: {', '.join(grant.actions)}" + (f" – {limits}" if limits else "")


def _limits(rules: ChannelRules) -> Iterable[str]:
    limits = (
        (rules.max_recipients, "at most {} in one command"),
        (rules.daily_limit, "{} in 24 hours"),
        (rules.confirm_above, "asks before sending to more than {}"),
        (rules.approve_above, "a second person agrees to more than {}"),
    )
    return (words.format(f"{limit:,}") for limit, words in limits if limit is not None)


# -- sends and directory ------------------------------------------------------------------


def _sends(home: Home) -> Iterable[Block]:
    if not home.grants:
        return
    yield HeaderBlock(text="Your last sends")
    if not home.sends:
        yield _said("None yet, or it was long ago and has been removed.")
    for sent in home.sends:
        yield _said(f"*#{sent.send_id}* {_origin(sent)}\n{line_of(sent)}")
        yield quoted(words(sent))
    if home.sends:
        yield _small("They change here as their messages get on, for an hour after you came here.")


def _origin(sent: Standing) -> str:
    page = ", a page" if sent.kind is Kind.PAGE else ""
    again = f", again after #{sent.retry_of}" if sent.retry_of else ""
    where = f"in <#{sent.channel}>"
    return f"{where}, {moment_of(sent.created)}, to {people(sent.recipients)}{page}{again}"


def _book(home: Home) -> Iterable[Block]:
    if not home.total:
        return
    yield HeaderBlock(text="Contacts and groups")
    yield _said(fit((_row(row) for row in home.rows), "\n", SECTION, home.total))
    yield _small("Which of them a channel reaches, /sms recipients tells there.")


def _row(row: Row) -> str:
    name = escaped(label(row.name, masked=True), _NAME)
    if row.source is Source.GROUP:
        return f"*{name}*: group of {len(row.members):,}"
    return f"*{name}*: {escape(clip(mask(row.address), _NAME))}"


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _said(text: str) -> SectionBlock:
    return SectionBlock(text=MarkdownTextObject(text=text, verbatim=True))


def _small(text: str) -> ContextBlock:
    return ContextBlock(elements=[MarkdownTextObject(text=text)])
