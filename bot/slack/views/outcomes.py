"""What a person is told of what they asked: one table from outcomes to messages."""

from collections.abc import Callable
from typing import Any

from bot.slack.message import Message
from bot.slack.views.answers import changed, explained, helped, plain, refused
from bot.slack.views.card import people
from bot.slack.views.listing import listing
from bot.slack.views.page import acknowledged, one_page, timeline
from bot.slack.views.question import answered, asked, awaiting
from bot.slack.views.status import last_sends, one_send
from commands.outcome import (
    Acknowledged,
    Answered,
    Asked,
    Awaiting,
    Changed,
    Explained,
    Helped,
    LastSends,
    LeftAlone,
    Listing,
    OnePage,
    OneSend,
    Outcome,
    Refused,
    Sending,
    SendingAgain,
    Told,
)


def retried(outcome: Sending) -> Message:
    """Say what *Retry failed* did; the new send shows itself on its own card."""
    if outcome.repeated:
        return plain(f"This was retried before, as #{outcome.send_id}. Nothing more is sent.")
    again = f"Sending again to {people(outcome.recipients)}, as #{outcome.send_id}."
    return plain(f"{again} Who has opted out by then is left out.")


def _again(outcome: SendingAgain) -> Message:
    left = ""
    if outcome.left_out:
        has = "has" if outcome.left_out == 1 else "have"
        left = f"{people(outcome.left_out)} in doubt {has} opted out, and nothing is sent to them."
    if outcome.recipients:
        again = f"Sending again to {people(outcome.recipients)} of #{outcome.send_id}."
        return plain(f"{again} {left}".rstrip())
    if left:
        return plain(f"Nothing more is sent: {left}")
    return plain(f"Nobody of #{outcome.send_id} is in doubt any more. Nothing more is sent.")


def _left(outcome: LeftAlone) -> Message:
    left = f"{people(outcome.recipients)} of #{outcome.send_id} may have the message, or not."
    return plain(f"Left as it is, nothing more is sent: {left}")


_SHOWN: dict[type, Callable[[Any], Message]] = {
    Acknowledged: acknowledged,
    OnePage: one_page,
    Told: timeline,
    Answered: answered,
    Asked: asked,
    Awaiting: awaiting,
    Refused: refused,
    Changed: changed,
    Explained: explained,
    Helped: helped,
    SendingAgain: _again,
    LeftAlone: _left,
    LastSends: last_sends,
    OneSend: one_send,
}


def answer_of(outcome: Outcome, page: int = 0) -> Message | None:
    """Draw an outcome for the asker; a send shows itself on its card."""
    if isinstance(outcome, Listing):
        return listing(outcome, page)
    draw = _SHOWN.get(type(outcome))
    return draw(outcome) if draw else None
