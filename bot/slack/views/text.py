"""Text that fits: escaped for mrkdwn, clipped to Slack's limits, masked for a channel."""

import re
from collections.abc import Iterable
from itertools import accumulate, takewhile

from slack_sdk.models.blocks import RichTextBlock
from slack_sdk.models.blocks.block_elements import (
    RichTextElementParts,
    RichTextPreformattedElement,
    RichTextQuoteElement,
)

from commands.masking import hide_numbers
from commands.model import Recipient, mask

SECTION = 3_000
"""Characters of a section's text: https://docs.slack.dev/reference/block-kit/blocks/section-block"""

FIELD = 2_000
"""Characters of one field of a section, same source."""


_PART = 60
"""Characters of a name, and of an address, in a line about a recipient."""

_CUT_ENTITY = re.compile(r"&[a-z]*$")

_TURNING = {
    **dict.fromkeys((*range(0x202A, 0x202F), *range(0x2066, 0x206A))),
    ord("`"): "\u02cb",
}
"""Characters that would turn the rest of the line around, or make code of what follows."""


def escape(text: str) -> str:
    """Make text stand for itself in mrkdwn: no mention, no link."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def escaped(text: str, limit: int) -> str:
    """Escape text and cut the result to `limit` characters, never inside an entity."""
    whole = escape(text)
    return whole if len(whole) <= limit else _CUT_ENTITY.sub("", whole[: limit - 1]) + "…"


def clip(text: str, limit: int) -> str:
    """Cut text to `limit` characters, showing that it was cut."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def fit(items: Iterable[str], separator: str, limit: int, total: int | None = None) -> str:
    """Join as many items as fit into `limit` characters, and say how many are left out."""
    items = list(items)
    total = len(items) if total is None else total
    taken = items[: fitting(items, separator, limit)]
    left = total - len(taken)
    return separator.join([*taken, f"… and {left:,} more"] if left else taken)


def fitting(items: Iterable[str], separator: str, limit: int) -> int:
    """Count how many of the first items `fit` takes."""
    room = limit - len(separator) - len("… and 1,000,000 more")
    lengths = accumulate(len(item) + len(separator) for item in items)
    return sum(1 for _ in takewhile(lambda length: length <= room, lengths))


def address(recipient: Recipient, *, masked: bool) -> str:
    """Give the address as it may be shown here."""
    return mask(recipient.address) if masked else recipient.address


def label(text: str, *, masked: bool) -> str:
    """Give a name as it may be shown here: on one line, and not itself a number if masked.

    Twilio names a verified number after itself unless somebody has named it.
    """
    line = " ".join(text.translate(_TURNING).split())
    return hide_numbers(line) if masked else line


def who(recipient: Recipient, *, masked: bool) -> str:
    """Give name and address as they may be shown here."""
    shown = clip(address(recipient, masked=masked), _PART)
    name = clip(label(recipient.name, masked=masked), _PART)
    return f"{name} ({shown})" if name else shown


def quoted(text: str) -> RichTextBlock:
    """Show text verbatim, as a quotation: nothing in it is taken for markup or a mention."""
    return RichTextBlock(
        elements=[RichTextQuoteElement(elements=[RichTextElementParts.Text(text=text or " ")])]
    )


def preformatted(text: str) -> RichTextBlock:
    """Show text verbatim, ready to be copied."""
    return RichTextBlock(
        elements=[RichTextPreformattedElement(elements=[RichTextElementParts.Text(text=text)])]
    )
