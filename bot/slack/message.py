"""A message on its way to Slack: what every view gives and every sender takes."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from slack_sdk.models.blocks import Block
from slack_sdk.models.metadata import Metadata

from bot.slack.views.text import SECTION, escaped


@dataclass(frozen=True)
class Message:
    """Blocks with their plain fallback.

    Attributes:
        text: what notifications and screen readers get, escaped for mrkdwn.
        blocks: the Block Kit blocks, already as JSON and checked by slack_sdk's models.
        metadata: message metadata as JSON, None for none.
    """

    text: str = field(repr=False)
    blocks: Sequence[Mapping[str, Any]] = field(default=(), repr=False)
    metadata: Mapping[str, Any] | None = field(default=None, repr=False)

    def payload(self) -> dict[str, Any]:
        """Give the arguments that chat.postMessage and its like share."""
        body: dict[str, Any] = {"text": self.text, "blocks": list(self.blocks)}
        if self.metadata is not None:
            body["metadata"] = self.metadata
        return body

    @property
    def digest(self) -> str:
        """What tells whether two messages show the same."""
        whole = json.dumps(self.payload(), sort_keys=True, default=dict)
        return hashlib.sha256(whole.encode()).hexdigest()


def message(text: str, blocks: Sequence[Block], metadata: Metadata | None = None) -> Message:
    """Build a message; slack_sdk's models check their lengths here.

    Args:
        text: the fallback in plain characters, escaped and clipped here.
        blocks: what is shown.
        metadata: for programs.

    Raises:
        slack_sdk.errors.SlackObjectFormationError: a block breaks one of Slack's limits.
    """
    return Message(
        escaped(text, SECTION),
        tuple(block.to_dict() for block in blocks),
        metadata.to_dict() if metadata is not None else None,
    )
