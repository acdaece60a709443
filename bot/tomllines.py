"""Where in a TOML text a value stands: tomllib gives values without their lines.

Only for text that tomllib has accepted, so the walk trusts the grammar instead of checking it.
"""

import re
import tomllib
from collections.abc import Mapping
from itertools import takewhile
from typing import NamedTuple

Path = tuple[str | int, ...]
"""Keys and list indices from the top, e.g. ``("channel", 0, "allow", 1)``."""

_TOKEN = re.compile(
    r'''(?P<skip>[ \t\r]+|\#[^\n]*)
      | (?P<newline>\n)
      | (?P<text>"""(?:\\.|[^\\])*?"""+|\'\'\'.*?\'\'\'+|"(?:\\.|[^"\\])*"|'[^']*')
      | (?P<mark>[\[\]{}=,])
      | (?P<bare>[^\s\[\]{}=,\#"']+)''',
    re.VERBOSE | re.DOTALL,
)


class _Token(NamedTuple):
    kind: str
    text: str
    line: int
    glued: bool  # nothing between it and the token before


def lines_of(text: str) -> Mapping[Path, int]:
    """Map the path of every table, key and list element to its line, counted from 1."""
    return _Walk(_tokens(text)).found


def line_at(lines: Mapping[Path, int], path: Path) -> int:
    """Give the line of `path`, or of the nearest thing around it that the text does name."""
    return next((lines[path[:n]] for n in range(len(path), 0, -1) if path[:n] in lines), 1)


def _tokens(text: str) -> list[_Token]:
    tokens, line, end = [], 1, -1
    for match in _TOKEN.finditer(text):
        kind, piece = str(match.lastgroup), match.group()
        if kind != "skip":
            tokens.append(_Token(kind, piece, line, match.start() == end))
            end = match.end()
        line += piece.count("\n")
    return tokens


class _Walk:
    """One pass over the tokens; `found` is complete once it is made."""

    def __init__(self, tokens: list[_Token]) -> None:
        self.found: dict[Path, int] = {}
        self._tokens = [*tokens, _Token("end", "", 0, glued=False)]
        self._at = 0
        self._counts: dict[Path, int] = {}
        table: Path = ()
        while self._skip_newlines().kind != "end":
            if self._here.text == "[":
                table = self._header()
            else:
                self._pair(table)

    @property
    def _here(self) -> _Token:
        return self._tokens[self._at]

    def _skip_newlines(self) -> _Token:
        while self._here.kind == "newline":
            self._at += 1
        return self._here

    def _next(self) -> _Token:
        self._at += 1
        return self._tokens[self._at - 1]

    def _key(self) -> Path:
        parts: list[str | int] = []
        start = self._at
        for token in takewhile(lambda t: t.kind in {"bare", "text"}, self._tokens[start:]):
            self._at += 1
            if token.kind == "text":
                parts.append(tomllib.loads(f"v = {token.text}")["v"])
            else:
                parts.extend(part for part in token.text.split(".") if part)
        return tuple(parts)

    def _header(self) -> Path:
        line = self._next().line
        repeated = self._here.text == "[" and self._here.glued
        self._at += repeated
        *outer, last = self._key()
        self._at += 1 + repeated
        path: Path = ()
        for part in outer:
            path = self._latest((*path, part))
        path = (*path, last)
        if repeated:
            self.found.setdefault(path, line)
            self._counts[path] = self._counts.get(path, 0) + 1
        path = self._latest(path)
        self.found[path] = line
        return path

    def _latest(self, path: Path) -> Path:
        """Step into the newest element where `path` is an array of tables."""
        return (*path, self._counts[path] - 1) if path in self._counts else path

    def _pair(self, table: Path) -> None:
        line = self._here.line
        path = (*table, *self._key())
        self._at += 1  # the equals sign
        self._value(path, line)

    def _value(self, path: Path, line: int) -> None:
        for n in range(1, len(path) + 1):
            self.found.setdefault(path[:n], line)
        mark = self._next().text
        if mark == "[":
            self._elements(path)
        elif mark == "{":
            while self._skip_newlines().text != "}":
                self._pair(path)
                self._comma()
            self._at += 1
        else:  # a date and its time are two bare tokens
            while self._here.kind == "bare":
                self._at += 1

    def _elements(self, path: Path) -> None:
        index = 0
        while self._skip_newlines().text != "]":
            self._value((*path, index), self._here.line)
            index += 1
            self._comma()
        self._at += 1

    def _comma(self) -> None:
        if self._skip_newlines().text == ",":
            self._at += 1
