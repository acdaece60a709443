"""The directory as a CSV file: a row a contact (name, number, slack) or group (name, members)."""

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final, TextIO

from bot.faults import ConfigFaults, Fault
from commands.imports import Line
from commands.rules import Contact, Group, Policy

COLUMNS: Final = ("name", "number", "slack", "members")
"""The header. The first two have to be there; members are separated by blanks or semicolons."""

_NEEDED = frozenset({"name", "number"})
_HEADER = f"Begin with a line of column names: {','.join(COLUMNS)}"


def read(path: Path) -> tuple[Line, ...]:
    """Read a file as spreadsheets write it, with commas or semicolons.

    Raises:
        ConfigFaults: it cannot be read, or is no such table.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as exc:
        what = f"cannot be read ({exc.strerror})"
        raise ConfigFaults([Fault(str(path), what, "Name a file that is there")]) from exc
    except UnicodeDecodeError as exc:
        raise ConfigFaults(
            [Fault(str(path), "is not UTF-8", "Save it as CSV, UTF-8, and try again")]
        ) from exc
    return _lines(text, str(path))


def write(policy: Policy, out: TextIO) -> None:
    """Write what is kept in Slack; `read` gives the same again."""
    table = csv.writer(out)
    table.writerow(COLUMNS)
    for contact in policy.contacts:
        if contact.by:
            table.writerow(_row(contact))
    for group in policy.groups:
        if group.by:
            table.writerow(_row(group))


def _row(entry: Contact | Group) -> tuple[str, str, str, str]:
    if isinstance(entry, Group):
        return entry.name, "", "", " ".join(entry.members)
    return entry.name, entry.number, entry.slack, ""


def _lines(text: str, name: str) -> tuple[Line, ...]:
    first = text.split("\n", 1)[0]
    separator = ";" if first.count(";") > first.count(",") else ","
    table = csv.DictReader(text.splitlines(keepends=True), delimiter=separator, restkey="")
    try:
        return _rows(table, name)
    except csv.Error as exc:
        raise ConfigFaults(
            [
                Fault(
                    f"{name}, line {table.reader.line_num}",
                    f"is not CSV: {exc}",
                    "Save it as CSV anew",
                )
            ]
        ) from exc


def _rows(table: "csv.DictReader[str]", name: str) -> tuple[Line, ...]:
    columns = [(column or "").strip().casefold() for column in table.fieldnames or ()]
    if not set(columns) >= _NEEDED:
        raise ConfigFaults([Fault(name, "has no columns name and number", _HEADER)])
    if unknown := set(columns) - set(COLUMNS):
        what = f"has the column “{min(unknown)}”, which means nothing here"
        raise ConfigFaults([Fault(f"{name}, line 1", what, _HEADER)])
    table.fieldnames = columns
    return tuple(_given(table))


def _given(table: "csv.DictReader[str]") -> Iterable[Line]:
    for row in table:
        if any(_cell(row, column) for column in COLUMNS):
            members = _cell(row, "members").replace(";", " ").replace(",", " ").split()
            yield Line(
                table.line_num,
                _cell(row, "name"),
                _cell(row, "number"),
                _cell(row, "slack"),
                tuple(members),
                surplus=bool(row.get("")),
            )


def _cell(row: Mapping[str, str | None], column: str) -> str:
    return (row.get(column) or "").strip()
