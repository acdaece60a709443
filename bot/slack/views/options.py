"""What an external select of Slack's offers."""

from collections.abc import Sequence
from typing import Any

from slack_sdk.models.blocks.basic_components import Option, OptionGroup, PlainTextObject

from bot.slack.views.text import clip, label
from commands.haystack import Candidate
from commands.suggest import Offer

_LONGEST = 75
"""Characters of an option's text, and of its description."""


def option_groups(offers: Sequence[Offer]) -> list[dict[str, Any]]:
    """Draw what is offered; whoever types sees it alone, so numbers are shown in full."""
    return [
        OptionGroup(
            label=offer.section.value, options=list(map(_option, offer.candidates))
        ).to_dict()
        for offer in offers
    ]


def _option(candidate: Candidate) -> Option:
    detail = _line(candidate.detail)
    # a name of marks alone cannot be read, and Slack takes no blank text
    return Option(
        value=candidate.value,
        text=_plain(_line(candidate.name) or detail or candidate.value),
        description=_plain(detail) if detail else None,
    )


def _line(text: str) -> str:
    return clip(label(text, masked=False), _LONGEST)


def _plain(text: str) -> PlainTextObject:
    return PlainTextObject(text=text, emoji=False)
