"""Who can be reached from a channel, with the list to paste, and the directory: 20 rows a page."""

import json
from dataclasses import dataclass

from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    ButtonElement,
    ContextBlock,
    HeaderBlock,
    MarkdownTextObject,
    RawTextObject,
    SectionBlock,
    TableBlock,
)

from bot.slack.message import Message, message
from bot.slack.surface import NEXT, PREVIOUS, SHARE
from bot.slack.views.text import SECTION, clip, escape, fit, label, preformatted
from commands.model import mask
from commands.numbers import is_number
from commands.outcome import Listing, Row, Source

PAGE = 20
"""Rows of one page; a table may have 100, but a page is to be read."""

_CELL = 90  # a table's cells may hold 10,000 characters together

_OPTED_OUT = (
    "Who has opted out is left out of every send from here; only their START opens this again."
)

_CARRIED = 300  # JSON writes a character as six at most, and a value may have 2,000


@dataclass(frozen=True)
class Place:
    """What a button of the listing carries.

    Attributes:
        filter: what the listing was narrowed to.
        page: which page, from 0.
        verb: what was asked, ``recipients`` or ``contacts``.
    """

    filter: str = ""
    page: int = 0
    verb: str = "recipients"

    def pack(self) -> str:
        """Give the button's value, at most 2,000 characters.

        Of a longer filter the first `_CARRIED` characters are kept: what they let through is
        decided anew on every page.
        """
        kept = {"filter": self.filter[:_CARRIED], "page": self.page, "verb": self.verb}
        return json.dumps(kept, ensure_ascii=False)

    @classmethod
    def unpack(cls, value: str) -> "Place":
        """Read a button's value."""
        data = json.loads(value)
        return cls(str(data["filter"]), int(data["page"]), str(data.get("verb", "recipients")))


def listing(outcome: Listing, page: int = 0) -> Message:
    """Show one page privately, numbers in full."""
    page, pages, rows = _page(outcome, page)
    title = _title(outcome, outcome.filter)
    if not rows:
        return message(title, [HeaderBlock(text=title), _nobody(outcome)])
    blocks: list[Block] = [
        HeaderBlock(text=title),
        _table(rows, masked=False),
        *([] if _is_book(outcome) else _pasteable(outcome, rows)),
        *_buttons(outcome, page, pages),
        _footer(page, pages),
    ]
    return message(title, blocks)


def shared(outcome: Listing, page: int, user: str) -> Message:
    """Show one page to the whole channel: masked unless the channel shows numbers."""
    masked = not outcome.show_numbers
    _, _, rows = _page(outcome, page)
    # a filter of digits, beside the last four of a number, would tell the whole number
    tells = masked and any(c.isdigit() for c in outcome.filter)
    title = _title(outcome, "" if tells else outcome.filter)
    by = ContextBlock(elements=[MarkdownTextObject(text=f"shared by <@{user}>")])
    table = [_table(rows, masked=masked)] if rows else [_nobody(outcome)]
    return message(title, [HeaderBlock(text=title), *table, by])


def _page(outcome: Listing, page: int) -> tuple[int, int, tuple[Row, ...]]:
    """Give the page that there is (the list may have shrunk), how many there are, and its rows."""
    pages = max(1, -(-len(outcome.rows) // PAGE))
    page = min(max(page, 0), pages - 1)
    return page, pages, outcome.rows[page * PAGE : (page + 1) * PAGE]


def _is_book(outcome: Listing) -> bool:
    return outcome.verb == "contacts"


def _title(outcome: Listing, narrowed: str) -> str:
    if _is_book(outcome):
        return f"{len(outcome.rows):,} in the directory"
    matching = f" matching “{clip(label(narrowed, masked=False), 40)}”" if narrowed else ""
    out = sum(row.opted_out for row in outcome.rows)
    left = f"; {out:,} ha{'s' if out == 1 else 've'} opted out" if out else ""
    return f"{len(outcome.rows) - out:,} can be reached from here{matching}{left}"


def _nobody(outcome: Listing) -> SectionBlock:
    if _is_book(outcome):
        add = "Add the first contact: /sms contacts add alice +16175551212"
        return SectionBlock(text=MarkdownTextObject(text=add))
    hint = (
        "Try a shorter filter, or none."
        if outcome.filter
        else "The account has no verified numbers that this channel may reach, and sms.toml no "
        "contacts or groups that it may."
    )
    return SectionBlock(text=MarkdownTextObject(text=escape(hint)))


def _table(rows: tuple[Row, ...], *, masked: bool) -> TableBlock:
    head = ["Name", "Number", "From"]
    body = [[_name(row, masked=masked), _number(row, masked=masked), _from(row)] for row in rows]
    return TableBlock(rows=[[RawTextObject(text=cell) for cell in line] for line in (head, *body)])


def _from(row: Row) -> str:
    where = f"{row.source}, {row.kept}" if row.kept else str(row.source)
    if row.out:
        has = "has" if row.out == 1 else "have"
        return f"{where}, {row.out:,} of {row.people:,} {has} opted out"
    return f"{where}, opted out" if row.opted_out else where


def _name(row: Row, *, masked: bool) -> str:
    return clip(label(row.name, masked=masked), _CELL) or "–"


def _number(row: Row, *, masked: bool) -> str:
    if row.source is Source.GROUP:
        members = (mask(m) if masked and is_number(m) else m for m in row.members)
        return clip(label(", ".join(members), masked=masked), _CELL) or "–"
    return clip(mask(row.address) if masked else row.address, _CELL)


def _pasteable(outcome: Listing, rows: tuple[Row, ...]) -> list[Block]:
    """Give the comma list of everybody who can be reached if it fits, else of this page."""
    whole = ",".join(_entries(outcome.rows))
    if len(whole) <= SECTION:
        said, pasted = "To send to all of them:", whole
    else:
        said, pasted = "To send to this page:", fit(_entries(rows), ",", SECTION)
    listed = [_caption(said), preformatted(pasted)] if pasted else []
    return [*listed, *([_caption(_OPTED_OUT)] if any(map(_tells_of_opt_out, rows)) else [])]


def _tells_of_opt_out(row: Row) -> bool:
    return row.opted_out or row.out > 0


def _entries(rows: tuple[Row, ...]) -> list[str]:
    return list(dict.fromkeys(row.address or row.name for row in rows if not row.opted_out))


def _caption(text: str) -> ContextBlock:
    return ContextBlock(elements=[MarkdownTextObject(text=text)])


def _buttons(outcome: Listing, page: int, pages: int) -> list[Block]:
    def button(label: str, action: str, to: int) -> ButtonElement:
        value = Place(outcome.filter, to, outcome.verb).pack()
        return ButtonElement(text=label, action_id=action, value=value)

    buttons = [button("Previous", PREVIOUS, page - 1)] if page else []
    buttons += [button("Next", NEXT, page + 1)] if page + 1 < pages else []
    # the directory is for admins: it is not shared
    buttons += [] if _is_book(outcome) else [button("Share in channel", SHARE, page)]
    return [ActionsBlock(elements=buttons)] if buttons else []


def _footer(page: int, pages: int) -> ContextBlock:
    return ContextBlock(elements=[MarkdownTextObject(text=f"Page {page + 1} of {pages}")])
