"""Snapshots to draw, and what stands in a drawn message."""

import json
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from bot.slack.message import Message
from commands.model import NOT_ACCEPTED, Delivery, DeliveryState, Kind, Recipient
from commands.snapshot import Snapshot

S = DeliveryState
ACCEPTED = Delivery(Recipient("+16175551212", "alice"), S.ACCEPTED, "200", "SM1")
DELIVERED = replace(ACCEPTED, state=S.DELIVERED)
FAILED = Delivery(Recipient("+16175551213", "bob"), S.FAILED, "400", "", 21211, "21211 not valid")
DOUBT = Delivery(Recipient("+16175551214"), S.IN_DOUBT, "1001", reason="no answer")
QUEUED = Delivery(Recipient("+16175551215"), S.QUEUED)


def snapshot(*deliveries: Delivery, **changes: Any) -> Snapshot:  # noqa: ANN401 - any attribute
    """A send to these recipients; by default nobody in doubt is looked for any more."""
    values: dict[str, Any] = {
        "send_id": 7,
        "kind": Kind.SEND,
        "channel": "C0ONCALL",
        "actor": "U0ALICE",
        "sender": "+15005550006",
        "body": "Water in the <lab>",
        "recipients": len(deliveries),
        "created": datetime.now(UTC),
        "retry_of": None,
        "tally": Counter((d.state, d.code) for d in deliveries),
        "shown": deliveries[:200],
        "failed": tuple(d for d in deliveries if d.state in NOT_ACCEPTED)[:200],
        "unknown": tuple(d for d in deliveries if d.state is S.IN_DOUBT)[:200],
        **changes,
    }
    return Snapshot(**values)


def shown(message: Message) -> str:
    """The message as one string."""
    return json.dumps([message.text, list(message.blocks)], ensure_ascii=False)


def title(message: Message) -> str:
    """What stands in large letters."""
    [header] = [b for b in message.blocks if b["type"] == "header"]
    return str(header["text"]["text"])


def progress(message: Message) -> list[str]:
    """The lines about recipients, or about how many of them."""
    [section] = [b for b in message.blocks if b["type"] == "section" and "text" in b]
    return str(section["text"]["text"]).split("\n")


def outputs(message: Message) -> dict[str, str]:
    """The four outputs by their names."""
    [section] = [b for b in message.blocks if "fields" in b]
    pairs = (field["text"].split("\n", 1) for field in section["fields"])
    return {name.strip("*"): value for name, value in pairs}


def footnotes(message: Message) -> list[str]:
    """The small print below the four outputs."""
    kinds = [b["type"] for b in message.blocks]
    below = message.blocks[kinds.index("section", kinds.index("section") + 1) :]
    return [e["text"] for b in below if b["type"] == "context" for e in b["elements"]]


def buttons(message: Message) -> list[str]:
    """The action ids of the buttons."""
    return [each["action_id"] for each in _buttons(message)]


def labels(message: Message) -> dict[str, str]:
    """The words on each button, with the value that it carries, if any."""
    return {each["text"]["text"]: each.get("value", "") for each in _buttons(message)}


def _buttons(message: Message) -> list[dict[str, Any]]:
    rows = [b["elements"] for b in message.blocks if b["type"] == "actions"]
    return [button for row in rows for button in row]


def metadata(message: Message) -> dict[str, Any]:
    """What programs read."""
    assert message.metadata is not None
    payload: dict[str, Any] = message.metadata["event_payload"]
    return payload
