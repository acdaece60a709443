"""A message as a terminal shows it: blocks drawn with rich, nearly as Slack lays them out."""

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from rich import box
from rich.console import (
    Console,
    ConsoleOptions,
    Group,
    JustifyMethod,
    RenderableType,
    RenderResult,
)
from rich.padding import Padding
from rich.rule import Rule
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from bot.sandbox.model import Json, Message
from bot.sandbox.mrkdwn import mrkdwn, plain_text, rich_text, safe, text_object

Names = Mapping[str, str]
Drawer = Callable[[Json, Names], RenderableType]


def _header(block: Json, names: Names) -> RenderableType:
    text = text_object(block["text"], names)
    text.stylize("bold")
    return text


def _section(block: Json, names: Names) -> RenderableType:
    parts: list[RenderableType] = []
    if block.get("text"):
        parts.append(text_object(block["text"], names))
    if block.get("fields"):
        parts.append(_fields(block["fields"], names))
    if block.get("accessory"):
        parts.append(_element(block["accessory"]))
    return Group(*parts)


def _fields(fields: list[Json], names: Names) -> RenderableType:
    grid = Table.grid(expand=True, padding=(0, 2))
    grid.add_column(ratio=1)
    grid.add_column(ratio=1)
    texts = [text_object(f, names) for f in fields]
    for i in range(0, len(texts), 2):
        grid.add_row(*texts[i : i + 2])
    return grid


def _context(block: Json, names: Names) -> RenderableType:
    parts = [
        plain_text(e.get("alt_text", "")) if e["type"] == "image" else text_object(e, names)
        for e in block["elements"]
    ]
    line = Text("  ").join(parts)
    line.stylize("dim")
    return line


def _actions(block: Json, _names: Names) -> RenderableType:
    return Text("  ").join(_element(e) for e in block["elements"])


def _input(block: Json, names: Names) -> RenderableType:
    label = text_object(block["label"], names)
    label.stylize("bold")
    parts: list[RenderableType] = [label, _element(block["element"])]
    if block.get("hint"):
        hint = text_object(block["hint"], names)
        hint.stylize("dim")
        parts.append(hint)
    return Group(*parts)


def _element(element: Json) -> Text:
    """A control in one line: [ Button ], [ choice ▾ ], an input's line, or its options."""
    kind = str(element["type"])
    if kind == "button":
        styles = {"danger": "bold red", "primary": "bold green"}
        label = plain_text(element["text"]["text"])
        label.stylize(styles.get(element.get("style", ""), "bold"))
        return Text("[ ").append_text(label).append(" ]")
    if kind == "image":
        return plain_text(element.get("alt_text", ""))
    if kind in ("checkboxes", "radio_buttons"):
        return Text("  ").join(_option(element, o) for o in element["options"])
    if kind == "overflow":
        return Text("[ ⋯ ]")
    first = element.get("initial_option") or element.get("placeholder") or {}
    shown = first.get("text", "") if isinstance(first, dict) else ""
    shown = shown.get("text", "") if isinstance(shown, dict) else shown
    if kind.endswith("_input"):
        return plain_text(f"[{element.get('initial_value') or shown or '_' * 20}]")
    return plain_text(f"[ {shown or kind} ▾ ]")


def _option(element: Json, option: Json) -> Text:
    first = element.get("initial_option")
    chosen = element.get("initial_options") or ([] if first is None else [first])
    signs = ("☑", "☐") if element["type"] == "checkboxes" else ("◉", "○")
    sign = signs[0] if option in chosen else signs[1]
    return Text(f"{sign} ").append_text(text_object(option["text"]))


def _table(block: Json, names: Names) -> RenderableType:
    settings = block.get("column_settings", [])
    table = Table(box=box.ROUNDED)
    rows = [[_cell(cell, names) for cell in row] for row in block["rows"]]
    for i, head in enumerate(rows[0]):
        told = (settings[i] or {}).get("align") if i < len(settings) else None
        align: JustifyMethod = told if told in ("center", "right") else "left"
        table.add_column(head, justify=align, overflow="fold")
    for row in rows[1:]:
        table.add_row(*row)
    return table


def _cell(cell: Json, names: Names) -> Text:
    return rich_text(cell, names) if cell["type"] == "rich_text" else Text(safe(cell["text"]))


def _image(block: Json, _names: Names) -> RenderableType:
    return plain_text(f"[image: {block.get('alt_text', '')}]")


def _rich(block: Json, names: Names) -> RenderableType:
    return Group(*(_rich_part(part, names) for part in block.get("elements", [])))


def _rich_part(part: Json, names: Names) -> RenderableType:
    text = rich_text(part, names)
    if part.get("type") == "rich_text_preformatted":
        return Padding(_Lines(text), (0, 0, 0, 2))
    return text


@dataclass(frozen=True)
class _Lines:
    """Text whose long lines are broken after a comma or a blank, as a list of numbers needs it."""

    text: Text

    def __rich_console__(self, _console: Console, options: ConsoleOptions) -> RenderResult:
        for line in self.text.split("\n"):
            yield from line.divide(_breaks(line.plain, options.max_width))


def _breaks(line: str, width: int) -> list[int]:
    """Tell where to break a line, so that each part fits into `width` characters."""
    ends: list[int] = []
    start = 0
    while len(line) - start > width:
        part = line[start : start + width]
        start += 1 + max(part.rfind(","), part.rfind(" ")) or width
        ends.append(start)
    return ends


def _markdown(block: Json, _names: Names) -> RenderableType:
    return Text(safe(block["text"]))


def _divider(_block: Json, _names: Names) -> RenderableType:
    return Rule(style="dim")


_DRAWERS: dict[str, Drawer] = {
    "header": _header,
    "section": _section,
    "context": _context,
    "actions": _actions,
    "input": _input,
    "table": _table,
    "image": _image,
    "rich_text": _rich,
    "markdown": _markdown,
    "divider": _divider,
}


def blocks(value: list[Json], names: Names | None = None) -> Group:
    """Draw blocks; one of an unknown type is named."""
    known = names or {}
    parts: list[RenderableType] = []
    for block in value:
        drawer = _DRAWERS.get(str(block.get("type")))
        unknown = Text(safe(f"[{block.get('type')}]"), "red")
        parts.append(unknown if drawer is None else drawer(block, known))
    return Group(*parts)


def renderable(message: Message, names: Names | None = None) -> RenderableType:
    """Draw a message for a console: its blocks, or its text where there are none.

    `names` gives readable names for ids, such as ``{"U0ALICE": "alice"}``.
    """
    said = body(message.text, message.blocks, names)
    if not message.ephemeral:
        return said
    return Group(Text("👁 Only visible to you", "dim italic"), Padding(said, (0, 0, 0, 2)))


def body(text: str, value: list[Json], names: Names | None = None) -> RenderableType:
    """Draw blocks, or the text where there are none."""
    return blocks(value, names) if value else mrkdwn(text, names or {})


@dataclass(frozen=True)
class Bar:
    """Something drawn beside a vertical bar, as Slack sets an answer apart.

    Attributes:
        content: what stands there.
        style: of the bar.
    """

    content: RenderableType
    style: str

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw the content two columns narrower, a bar before each line."""
        room = options.update(width=max(options.max_width - 2, 1))
        for line in console.render_lines(self.content, room, pad=False):
            yield Segment("▌ ", console.get_style(self.style))
            yield from line
            yield Segment.line()


def draw(
    message: Message, width: int = 80, *, names: Names | None = None, styled: bool = False
) -> str:
    """Draw a message as text of the given width; `styled` keeps colours as escape sequences."""
    out = io.StringIO()
    console = Console(
        file=out,
        width=width,
        force_terminal=styled,
        no_color=not styled,
        color_system="standard" if styled else None,
        highlight=False,
        legacy_windows=False,
    )
    console.print(renderable(message, names))
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines())
