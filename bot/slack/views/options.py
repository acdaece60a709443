"""What an external select of Slack's offers.

Written as plain objects: slack_sdk's models take 12 ms for 100 options, and every key press would
hold the event loop for as long; these take 0.3 ms.
"""

from collections.abc import Sequence
from typing import Any

from bot.slack.views.text import clip, label
from commands.haystack import Candidate
from commands.suggest import Offer

_LONGEST = 75
"""Characters of an option's text, and of its description."""


def option_groups(offers: Sequence[Offer]) -> list[dict[str, Any]]:
    """Draw what is offered; whoever types sees it alone, so numbers are shown in full."""
    return [
        {
            "label": _plain(offer.section.value),
            "options": [_option(each) for each in offer.candidates],
        }
        for offer in offers
    ]


def _option(candidate: Candidate) -> dict[str, Any]:
    name, detail = _line(candidate.name), _line(candidate.detail)
    # a name of marks alone cannot be read, and Slack takes no blank text
    shown: dict[str, Any] = {
        "text": _plain(name or detail or candidate.value),
        "value": candidate.value,
    }
    return shown | ({"description": _plain(detail)} if detail else {})


def _line(text: str) -> str:
    return clip(label(text, masked=False), _LONGEST)


def _plain(text: str) -> dict[str, Any]:
    # without emoji: a name stands for itself
    return {"type": "plain_text", "text": text, "emoji": False}
