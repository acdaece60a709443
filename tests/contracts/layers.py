"""Draws the layers of the code as the code has them, for docs/architecture.md.

    python -m tests.contracts.layers        writes the drawing into the page

The boxes are the layers of import-linter's contract, their lines the imports that there are.
"""

import sys
import textwrap
import tomllib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import zip_longest
from typing import Any

import grimp

from tests.contracts.pages import DOCS, ROOT

PAGE = DOCS / "architecture.md"
BEGIN, END = "<!-- layers -->\n```text\n", "```\n<!-- /layers -->"
WIDTH = 92


@cache
def contracts() -> tuple[dict[str, Any], ...]:
    """Give what import-linter holds the code to."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return tuple(project["tool"]["importlinter"]["contracts"])


def layers() -> list[list[str]]:
    """Give the packages of each layer, from the top."""
    [contract] = [each for each in contracts() if each["type"] == "layers"]
    return [[name.strip() for name in layer.split("|")] for layer in contract["layers"]]


def unit(module: str) -> str:
    """Give the part that a module belongs to: a package, or a package within one of ours."""
    first, *rest = module.split(".")
    inner = ROOT / first / (rest[0] if rest else "-")
    return f"{first}.{rest[0]}" if inner.is_dir() else first


@cache
def imports() -> Mapping[str, frozenset[str]]:
    """Give which part imports which, ours and others', without Python's own."""
    ours = [name for layer in layers() for name in layer]
    graph = grimp.build_graph(*ours, include_external_packages=True, cache_dir=None)
    found: defaultdict[str, set[str]] = defaultdict(set)
    for module in graph.modules:
        for other in graph.find_modules_directly_imported_by(module):
            if other.split(".")[0] not in sys.stdlib_module_names:
                found[unit(module)].add(unit(other))
    return {part: frozenset(others - {part}) for part, others in found.items()}


def diagram() -> str:
    """Draw it."""
    rows = [[_box(name, _widths(len(layer))) for name in layer] for layer in layers()]
    drawn = [_beside(row) for row in rows]
    return "\n".join(
        line
        for number, lines in enumerate(drawn)
        for line in (*([_arrows(layers()[number])] if number else []), *lines)
    )


def _widths(count: int) -> int:
    return (WIDTH - (count - 1)) // count


def _box(name: str, width: int) -> list[str]:
    """Draw a package: itself, the packages within it, and what it is held from."""
    parts = [name, *sorted(part for part in imports() if part.startswith(f"{name}."))]
    lines = [line for part in parts for line in _part(part, name, width - 4)]
    lines += _wrapped("never: ", sorted(_forbidden(name)), width - 4)
    body = [f"│ {line:<{width - 4}} │" for line in lines]
    return [f"┌─ {name} {'─' * (width - len(name) - 5)}┐", *body, f"└{'─' * (width - 2)}┘"]


def _part(part: str, whole: str, width: int) -> list[str]:
    """Say of a part what it uses: others of ours within the same layer, and others' libraries."""
    ours = {name for layer in layers() for name in layer}
    others = imports().get(part, frozenset())
    near = sorted(other for other in others if other.split(".")[0] == whole)
    outside = sorted(other for other in others if other.split(".")[0] not in ours)
    called = part.removeprefix(f"{whole}.") if part != whole else "itself"
    named = [other.removeprefix(f"{whole}.") if other != whole else "itself" for other in near]
    return [
        *_wrapped(f"{called:<8} → ", named or ["–"], width),
        *(_wrapped(f"{'':<8}   by ", outside, width) if outside else []),
    ]


def _forbidden(name: str) -> Sequence[str]:
    return [
        module
        for each in contracts()
        if each["type"] == "forbidden" and name in each["source_modules"]
        for module in each["forbidden_modules"]
    ]


def _wrapped(head: str, words: Sequence[str], width: int) -> list[str]:
    if not words:
        return []
    return textwrap.wrap(
        head + ", ".join(words), width, subsequent_indent=" " * len(head), drop_whitespace=True
    )


def _beside(boxes: Sequence[list[str]]) -> list[str]:
    """Put boxes side by side, as high as the highest."""
    high = max(map(len, boxes))
    filled = [
        [*box[:-1], *[f"│{' ' * (len(box[0]) - 2)}│"] * (high - len(box)), box[-1]] for box in boxes
    ]
    return [" ".join(lines) for lines in zip_longest(*filled)]


def _arrows(below: Sequence[str]) -> str:
    """Draw an arrow to each package that something above imports."""
    above = {
        other for part in imports() for other in imports()[part] if part.split(".")[0] not in below
    }
    width = _widths(len(below))
    return " ".join(("▼" if name in above else " ").center(width) for name in below).rstrip()


def written(page: str) -> str:
    """Give the page with the drawing as it is now."""
    head, _, rest = page.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return f"{head}{BEGIN}{diagram()}\n{END}{tail}"


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
