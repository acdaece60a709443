"""The composer: a modal with recipients, the sender where there is a choice, and message."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from slack_sdk.models.blocks import (
    ConversationSelectElement,
    ExternalDataMultiSelectElement,
    InputBlock,
    PlainTextInputElement,
    StaticSelectElement,
)
from slack_sdk.models.blocks.basic_components import Option, PlainTextObject
from slack_sdk.models.views import View

from bot.slack.surface import COMPOSE
from bot.slack.views.text import clip
from commands.choices import LONGEST, Chosen

RECIPIENTS, MESSAGE, CHANNEL, PEOPLE = "recipients", "message", "channel", "people"
"""Block ids, each with one input of the same action id."""

SENDER = "sender"
"""Action id of the sender's input; its block is another for each channel, so that Slack does not
keep a choice among the senders of a channel that was chosen before."""

_ERROR = 1_500


@dataclass(frozen=True)
class Origin:
    """Where the composer was opened, carried in its private_metadata.

    Attributes:
        channel: Slack channel id; empty when opened by the shortcut, which belongs to none.
        answer_url: the command's response_url; empty for the shortcut.
        chosen: the channel that was chosen in it last. Slack does not tell what stands in the other
            inputs when somebody types into one (slackapi/java-slack-sdk#1292); what is submitted
            decides.
    """

    channel: str = ""
    answer_url: str = field(default="", repr=False)
    chosen: str = ""

    @property
    def known(self) -> str:
        """The channel whose permissions decide, as far as it is known."""
        return self.channel or self.chosen

    def pack(self) -> str:
        """Give the private_metadata, at most 3,000 characters."""
        return json.dumps(asdict(self))

    @classmethod
    def unpack(cls, metadata: str) -> "Origin":
        """Read a view's private_metadata."""
        data = json.loads(metadata)
        return cls(str(data["channel"]), str(data["answer_url"]), str(data.get("chosen", "")))


@dataclass(frozen=True)
class Filled:
    """What was entered into the composer."""

    recipients: str = field(repr=False)
    message: str = field(repr=False)
    channel: str
    chosen: Chosen = field(default_factory=Chosen)


def composer(origin: Origin, message: str = "", senders: Sequence[str] = ()) -> View:
    """Draw the modal.

    Args:
        origin: where it was opened; it asks for the channel where none is known.
        message: a text to begin with.
        senders: those to choose from, the default one first; none where there is no choice.
    """
    blocks = [
        InputBlock(
            label="Recipients",
            block_id=PEOPLE,
            optional=True,
            hint="Contacts, groups, Slack users, user groups and numbers: type, and choose",
            element=ExternalDataMultiSelectElement(
                action_id=PEOPLE, placeholder="Type a name or a number", min_query_length=0
            ),
        ),
        InputBlock(
            label="Or typed, as in the command",
            block_id=RECIPIENTS,
            optional=True,
            hint="Numbers, contacts, groups or verified, separated by commas",
            element=PlainTextInputElement(action_id=RECIPIENTS, placeholder="alice, +16175551212"),
        ),
        *_sender_input(origin.known, [each for each in senders if len(each) <= LONGEST]),
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
    """Ask for the channel first: it decides who can be offered, and from which senders.

    Slack would fill in the present conversation, but does not tell that it did.
    """
    return InputBlock(
        label="Channel",
        block_id=CHANNEL,
        hint="Choose it first: its permissions decide, and the answer appears there",
        dispatch_action=True,
        element=ConversationSelectElement(action_id=CHANNEL, response_url_enabled=True),
    )


def _sender_input(channel: str, senders: Sequence[str]) -> Iterable[InputBlock]:
    options = [Option(value=each, text=PlainTextObject(text=each, emoji=False)) for each in senders]
    if options:
        yield InputBlock(
            label="From",
            block_id=f"{SENDER}:{channel}",
            element=StaticSelectElement(
                action_id=SENDER, options=options, initial_option=options[0]
            ),
        )


def filled(view: dict[str, Any]) -> Filled:
    """Read a submitted composer."""
    values = view["state"]["values"]
    inputs = {action: state for block in values.values() for action, state in block.items()}

    def value(action: str, key: str) -> str:
        return str(inputs.get(action, {}).get(key) or "")

    people = inputs.get(PEOPLE, {}).get("selected_options") or ()
    sender = inputs.get(SENDER, {}).get("selected_option") or {}
    return Filled(
        value(RECIPIENTS, "value"),
        value(MESSAGE, "value"),
        value(CHANNEL, "selected_conversation"),
        Chosen(tuple(str(each["value"]) for each in people), str(sender.get("value") or "")),
    )


def errors(text: str, remedy: str = "", kind: str = "", *, channel_asked: bool) -> dict[str, str]:
    """Put a refusal under the input that it is about."""
    block = MESSAGE if "message" in text.lower() and kind == "UsageError" else RECIPIENTS
    if kind in {"NotAllowed", "ChannelArchived"} and channel_asked:
        block = CHANNEL
    return {block: clip(f"{text}\n{remedy}".strip(), _ERROR)}
