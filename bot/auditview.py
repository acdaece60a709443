"""What `sms-bot audit` is asked, and the three forms in which it answers."""

import csv
import io
import json
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Annotated, Final, cast

from pydantic import BeforeValidator, ValidationError, ValidationInfo

from bot.faults import ConfigFaults, Fault
from bot.policyschema import ChannelId, Table, User, duration, wrong
from bot.store.audit import AuditRow, Wanted


def _moment(value: str, info: ValidationInfo) -> datetime:
    now = cast("datetime", info.context)
    with suppress(ValueError, OverflowError):
        return now - duration(value)
    with suppress(ValueError, OverflowError):
        moment = datetime.fromisoformat(value)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    raise wrong(
        "is no duration, date or time that can be used",
        "Write how far back, such as 30m, 24h or 7d; or from when, such as 2026-03-01 or "
        "2026-03-01T14:30, which is UTC unless it ends in a zone such as +01:00",
    )


class _Options(Table):
    since: Annotated[datetime | None, BeforeValidator(_moment)] = None
    channel: ChannelId | None = None
    user: User | None = None


def read_options(
    since: str | None, channel: str | None, user: str | None, *, now: datetime
) -> Wanted:
    """Read what was typed; None was not.

    Raises:
        ConfigFaults: with every option that cannot be used, and what to write.
    """
    typed = {"since": since, "channel": channel, "user": user}
    given = {name: text for name, text in typed.items() if text is not None}
    try:
        options = _Options.model_validate(given, context=now)
    except ValidationError as exc:
        found = exc.errors(include_url=False, include_input=False)
        faults = [Fault(f"--{e['loc'][0]}", e["msg"], e["ctx"]["remedy"]) for e in found]
        raise ConfigFaults(faults) from None
    return Wanted(options.since, options.channel, options.user)


@dataclass(frozen=True)
class Form:
    """How the audit is written.

    Attributes:
        entry: gives the text of one entry, its end of line included.
        head: what precedes the first, and stands even if there is none.
    """

    entry: Callable[[AuditRow], str]
    head: str = ""


def _plain(row: AuditRow) -> str:
    words = (
        f"{row.at:%Y-%m-%dT%H:%M:%SZ}",
        "allowed" if row.allowed else "refused",
        row.user,
        row.channel,
        row.action,
        row.rule,
        row.detail,
        "" if row.send is None else f"#{row.send}",
    )
    return "  ".join(_harmless(word) for word in words if word) + "\n"


def _harmless(text: str) -> str:
    r"""Write what is not printable as ``\n``, ``\x1b`` or ``\u202e``: it could forge a line."""
    if text.isprintable():  # nearly always: 5 µs an entry instead of 13
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _values(row: AuditRow) -> dict[str, object]:
    at = row.at.isoformat(timespec="microseconds").replace("+00:00", "Z")
    return {**vars(row), "at": at}


def _json(row: AuditRow) -> str:
    return json.dumps(_values(row)) + "\n"


def _csv(row: AuditRow) -> str:
    return _record({**_values(row), "allowed": json.dumps(row.allowed)}.values())


def _record(values: Iterable[object]) -> str:
    text = io.StringIO()
    csv.writer(text).writerow(values)  # RFC 4180: a record ends in CRLF
    return text.getvalue()


PLAIN: Final = Form(_plain)
"""For people: one line an entry."""

JSON_LINES: Final = Form(_json)
"""For programs: one object a line, https://jsonlines.org."""

CSV: Final = Form(_csv, head=_record(field.name for field in fields(AuditRow)))
"""For spreadsheets: RFC 4180, with a header."""
