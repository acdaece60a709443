"""The pages of docs/, cut into what a test can look at: fences, tables, links, code."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"

MEASURED = frozenset({"bench.md"})
"""Written by `make bench`, not by hand."""

_FENCE = re.compile(r"^( *)```([^\n`]*)\n(.*?)^ *```$", flags=re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Fence:
    """A block of code.

    Attributes:
        page: name of the page's file.
        info: what stands after the three strokes: the language, then how it is meant.
        text: what is inside, without its indent.
        after: what follows on the page.
    """

    page: str
    info: str
    text: str
    after: str

    @property
    def language(self) -> str:
        """The first word of `info`."""
        return self.info.split(" ")[0]

    @property
    def next(self) -> "Fence | None":
        """The next block of the page."""
        return next(iter(fences_in(self.page, self.after)), None)


def pages() -> dict[str, str]:
    """Give the text of every page that is written by hand."""
    found = {path.name: path.read_text(encoding="utf-8") for path in sorted(DOCS.glob("*.md"))}
    return {name: text for name, text in found.items() if name not in MEASURED}


def fences_in(page: str, text: str) -> list[Fence]:
    """Give the blocks of a text."""
    return [
        Fence(page, info.strip(), re.sub(rf"^{indent}", "", inner, flags=re.MULTILINE), text[end:])
        for indent, info, inner, end in ((m[1], m[2], m[3], m.end()) for m in _FENCE.finditer(text))
    ]


def fences(language: str = "") -> list[Fence]:
    """Give the blocks of all pages, those of one language if it is named."""
    found = [each for page, text in pages().items() for each in fences_in(page, text)]
    return [each for each in found if language in {"", each.language}]


def prose(text: str) -> str:
    """Give a page without its blocks."""
    return _FENCE.sub("", text)


def coded(text: str) -> list[str]:
    """Give what is set as code within a text."""
    return re.findall(r"`([^`\n]+)`", text)


def headings(text: str) -> list[str]:
    """Give the headings of a page."""
    return re.findall(r"^#+ (.+)$", prose(text), flags=re.MULTILINE)


def anchors(text: str) -> set[str]:
    """Give what a link can point at within a page, as GitHub names it."""
    return {
        re.sub(r"[^\w -]", "", head).strip().lower().replace(" ", "-") for head in headings(text)
    }


def section(text: str, title: str) -> str:
    """Give the text under a heading, down to the next of its own level or above."""
    head = re.search(rf"^(#+) {re.escape(title)}\n", text, flags=re.MULTILINE)
    assert head, title
    rest = text[head.end() :]
    after = re.search(rf"^#{{1,{len(head[1])}}} ", rest, flags=re.MULTILINE)
    return rest[: after.start()] if after else rest


def table(text: str, first: str) -> list[list[str]]:
    """Give the cells of the first table whose first column is called `first`."""
    rows = text[text.index(f"| {first} |") :].split("\n\n", 1)[0].splitlines()[2:]
    return [[cell.strip() for cell in row.strip("|").split(" | ")] for row in rows]
