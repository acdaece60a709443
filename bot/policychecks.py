"""What must agree between the tables of sms.toml; each table alone is checked by its schema.

Reads the raw tables, so that a typo in one place does not hide a fault in another; whatever has
the wrong type is passed over here, since the schema tells of it.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, NamedTuple

import phonenumbers

from bot.tomllines import Path
from commands.entries import NameEntry, NumberEntry, to_entry
from commands.model import Action
from commands.numbers import BadNumber, to_address

_Table = Mapping[str, Any]
_Listed = Sequence[tuple[int, str]]


class Trouble(NamedTuple):
    """A fault that still has a path instead of a line."""

    path: Path
    what: str
    remedy: str


def troubles(data: _Table) -> Iterator[Trouble]:
    """Find everything that does not fit together."""
    yield from _repeated("channel", "id", _each(data, "channel", "id"))
    for table in ("contact", "group", "escalation", "alert"):
        yield from _repeated(table, "name", _each(data, table, "name"))
    yield from _shared_names(data)
    yield from _thresholds(data)
    region = _region(data)
    for n, number in _each(data, "contact", "number"):
        yield from _number(number, ("contact", n, "number"), region)
    yield from _members(data, region)
    yield from _cycles(data)
    yield from _alerts(data)


def _tables(data: _Table, name: str) -> list[tuple[int, _Table]]:
    value = data.get(name)
    rows = value if isinstance(value, list) else []
    return [(n, row) for n, row in enumerate(rows) if isinstance(row, dict)]


def _each(data: _Table, table: str, key: str) -> _Listed:
    return [(n, row[key]) for n, row in _tables(data, table) if isinstance(row.get(key), str)]


def _texts(table: _Table, key: str) -> _Listed:
    value = table.get(key)
    items = value if isinstance(value, list) else []
    return [(n, item) for n, item in enumerate(items) if isinstance(item, str)]


def _region(data: _Table) -> str:
    """Give the region, ``""`` if it is faulty: national numbers cannot be judged then."""
    region = str(data.get("region", "US")).upper()
    return region if region in phonenumbers.SUPPORTED_REGIONS else ""


def _repeated(table: str, key: str, values: _Listed) -> Iterator[Trouble]:
    seen: set[str] = set()
    for n, value in values:
        if value.casefold() in seen:
            remedy = f"Merge the two, or give this {table} another {key}"
            yield Trouble((table, n, key), f'"{value}" is there twice', remedy)
        seen.add(value.casefold())


def _shared_names(data: _Table) -> Iterator[Trouble]:
    contacts = {name.casefold() for _, name in _each(data, "contact", "name")}
    for n, name in _each(data, "group", "name"):
        if name.casefold() in contacts:
            yield Trouble(
                ("group", n, "name"), f'"{name}" is a contact too', "Rename one of the two"
            )


def _thresholds(data: _Table) -> Iterator[Trouble]:
    for n, channel in _tables(data, "channel"):
        confirm, approve = channel.get("confirm_above"), channel.get("approve_above")
        if isinstance(confirm, int) and isinstance(approve, int) and confirm > approve:
            yield Trouble(
                ("channel", n, "confirm_above"),
                f"is {confirm}, more than approve_above ({approve})",
                "Lower it: whoever needs a second person is asked first",
            )


def _number(text: str, path: Path, region: str) -> Iterator[Trouble]:
    if not region and not text.startswith("+"):
        return
    try:
        to_address(text, region)
    except BadNumber as exc:
        remedy = 'Write it with + and its country code, such as "+16175551212"'
        yield Trouble(path, f'"{text}" cannot be texted: {exc.why}', remedy)


def _members(data: _Table, region: str) -> Iterator[Trouble]:
    named = (*_each(data, "contact", "name"), *_each(data, "group", "name"))
    known = {name.casefold(): name for _, name in named}
    for n, group in _tables(data, "group"):
        for m, member in _texts(group, "members"):
            yield from _member(member, ("group", n, "members", m), region, known, slack=False)
    for n, escalation in _tables(data, "escalation"):
        for s, step in _tables(escalation, "steps"):
            for m, member in _texts(step, "to"):
                path = ("escalation", n, "steps", s, "to", m)
                yield from _member(member, path, region, known, slack=True)


def _member(
    text: str, path: Path, region: str, known: Mapping[str, str], *, slack: bool
) -> Iterator[Trouble]:
    match to_entry(text):
        case NumberEntry(number):
            yield from _number(number, path, region)
        case NameEntry(name):
            if name.casefold() not in known:
                yield Trouble(path, f'"{name}" is no contact or group', _suggest(name, known))
        case _ if not slack:
            what = f'"{text}" cannot be a member of a group'
            yield Trouble(path, what, "Name contacts, groups or numbers")


def _suggest(name: str, known: Mapping[str, str]) -> str:
    near = get_close_matches(name.casefold(), known, n=1)
    if near:
        return f'Did you mean "{known[near[0]]}"?'
    return "Add it as a [[contact]] or [[group]], or remove it here"


def _cycles(data: _Table) -> Iterator[Trouble]:
    """Report each group that contains itself, at the member through which it does."""
    groups = [
        (n, g, g["name"]) for n, g in _tables(data, "group") if isinstance(g.get("name"), str)
    ]
    within = {
        name.casefold(): [_folded(m) for _, m in _texts(group, "members")]
        for _, group, name in groups
    }
    for n, group, name in groups:
        for m, member in _texts(group, "members"):
            if name.casefold() in _reached(_folded(member), within):
                what = f'through "{member}" the group "{name}" contains itself'
                yield Trouble(("group", n, "members", m), what, "Remove one of the links")


def _folded(member: str) -> str:
    return member.removeprefix("@").casefold()


def _reached(start: str, within: Mapping[str, Sequence[str]]) -> set[str]:
    """Name all that `start` leads to, itself included."""
    found: set[str] = set()
    waiting = [start]
    while waiting:
        current = waiting.pop()
        if current not in found:
            found.add(current)
            waiting.extend(within.get(current, ()))
    return found


def _alerts(data: _Table) -> Iterator[Trouble]:
    for key, table, name in (("channel", "channel", "id"), ("escalation", "escalation", "name")):
        there = [value for _, value in _each(data, table, name)]
        for n, wanted in _each(data, "alert", key):
            if wanted not in there:
                what = f'"{wanted}" is no [[{table}]] of this file'
                yield Trouble(("alert", n, key), what, _known(wanted, there))
    yield from _unpaged(data)
    with_fields = {n for n, alert in _tables(data, "alert") if "fields" in alert}
    for n, form in _each(data, "alert", "format"):
        if form == "generic" and n not in with_fields:
            remedy = 'Add a line fields = { text = "path.to.text" } to this table'
            yield Trouble(("alert", n, "format"), 'is "generic", but fields is missing', remedy)
        if form in {"alertmanager", "grafana"} and n in with_fields:
            remedy = 'Remove it, or write format = "generic"'
            yield Trouble(("alert", n, "fields"), "is for JSON of no known source", remedy)


def _unpaged(data: _Table) -> Iterator[Trouble]:
    """Report alerts that would page from where nobody may."""
    rows = dict(_tables(data, "channel"))
    allows = {name: rows[n].get("allow", []) for n, name in _each(data, "channel", "id")}
    for n, channel in _each(data, "alert", "channel"):
        allow = allows.get(channel, [Action.PAGE])
        if isinstance(allow, list) and Action.PAGE not in allow:
            what = f'"{channel}" does not allow page'
            line = f"allow = {json.dumps([*allow, Action.PAGE], default=str)}"
            remedy = f'Write {line} under [[channel]] id = "{channel}"'
            yield Trouble(("alert", n, "channel"), what, remedy)


def unset(data: _Table, variables: Mapping[str, str]) -> Iterator[Trouble]:
    """Find the tokens of alerts that no variable holds.

    What stands there is not quoted: it may be the token itself, and a token may look like a name.
    """
    for n, name in _each(data, "alert", "token_env"):
        if not variables.get(name, "").strip():
            what = "names a variable that is not set"
            remedy = (
                "Write the name of a variable here, and set that one in the environment or in .env "
                "to the token that the alerts bring"
            )
            yield Trouble(("alert", n, "token_env"), what, remedy)


def _known(wanted: str, there: Iterable[str]) -> str:
    near = get_close_matches(wanted, there, n=1)
    return f'Did you mean "{near[0]}"?' if near else "Add it, or name one that is there"
