"""The composer: a modal with recipients and message."""

import json
from dataclasses import dataclass
from typing import Any

from slack_sdk.models.blocks import (
    ConversationSelectElement,
    InputBlock,
    PlainTextInputElement,
)
from slack_sdk.models.views import View

from bot.slack.surface import COMPOSE
from bot.slack.views.text import clip

RECIPIENTS, MESSAGE, CHANNEL = "recipients", "message", "channel"
"""Block ids, each with one input of the same action id."""

_ERROR = 1_500


@dataclass(frozen=True)
class Origin:
    """Where the composer was opened, carried in its private_metadata.

    Attributes:
        channel: Slack channel id; empty when opened by the shortcut, which belongs to none.
        answer_url: the command's response_url; empty for the shortcut.
    """

    channel: str = ""
    answer_url: str = ""

    def pack(self) -> str:
        """Give the private_metadata, at most 3,000 characters."""
        return json.dumps({"channel": self.channel, "answer_url": self.answer_url})

    @classmethod
    def unpack(cls, metadata: str) -> "Origin":
        """Read a view's private_metadata."""
        data = json.loads(metadata)
        return cls(str(data["channel"]), str(data["answer_url"]))


@dataclass(frozen=True)
class Filled:
    """What was typed into the composer."""

    recipients: str
    message: str
    channel: str


def composer(origin: Origin, message: str = "") -> View:
    """Draw the modal, with a text to begin with; it asks for the channel where none is known."""
    blocks = [
        InputBlock(
            label="Recipients",
            block_id=RECIPIENTS,
            hint="Numbers, contacts, groups or verified, separated by commas",
            element=PlainTextInputElement(action_id=RECIPIENTS, placeholder="alice, +16175551212"),
        ),
        InputBlock(
            label="Message",
            block_id=MESSAGE,
            hint="Up to 1,600 characters",
            element=PlainTextInputElement(
                action_id=MESSAGE, multiline=True, initial_value=message or None
            ),
        ),
    ]
    if not origin.channel:
        blocks.insert(0, _channel_input())
    return View(
        type="modal",
        callback_id=COMPOSE,
        title="Send an SMS",
        submit="Preview",
        close="Cancel",
        private_metadata=origin.pack(),
        blocks=blocks,
    )


def _channel_input() -> InputBlock:
    return InputBlock(
        label="Channel",
        block_id=CHANNEL,
        hint="Its permissions decide, and the answer appears there",
        element=ConversationSelectElement(
            action_id=CHANNEL, default_to_current_conversation=True, response_url_enabled=True
        ),
    )


def filled(view: dict[str, Any]) -> Filled:
    """Read a submitted composer."""
    values = view["state"]["values"]

    def value(block: str, key: str) -> str:
        return str(values.get(block, {}).get(block, {}).get(key) or "")

    return Filled(
        value(RECIPIENTS, "value"),
        value(MESSAGE, "value"),
        value(CHANNEL, "selected_conversation"),
    )


def errors(text: str, remedy: str = "", kind: str = "", *, channel_asked: bool) -> dict[str, str]:
    """Put a refusal under the input that it is about."""
    block = MESSAGE if "message" in text.lower() and kind == "UsageError" else RECIPIENTS
    if kind in {"NotAllowed", "ChannelArchived"} and channel_asked:
        block = CHANNEL
    return {block: clip(f"{text}\n{remedy}".strip(), _ERROR)}
