"""sms.toml: text to a policy, with the line of every fault; and the file kept current."""

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType
from typing import cast, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from bot import tomllines
from bot.faults import ConfigFaults, Fault
from bot.oncallfile import Alert, to_alert, to_ladder
from bot.policychecks import Trouble, troubles, unset
from bot.policyschema import ChannelTable, GroupTable, PolicyTables, TimingTable
from commands.entries import NumberEntry, to_entry
from commands.numbers import to_address
from commands.policy import ChannelRules, Contact, Group, Policy


@dataclass(frozen=True)
class Timing:
    """How long things are waited for; zero switches a guard off.

    Attributes:
        in_doubt: how long an unanswered send is looked for at Twilio.
        page_in_doubt: the same for a page.
        poll: until the first look at a delivery when there is no PUBLIC_URL.
        poll_until: after which the last known state stands.
        same_intent: within which the same text to the same people asks first.
        keep: how long finished sends and their events are kept.
    """

    in_doubt: timedelta
    page_in_doubt: timedelta
    poll: timedelta
    poll_until: timedelta
    same_intent: timedelta
    keep: timedelta


@dataclass(frozen=True)
class PolicyFile:
    """All that sms.toml says.

    Attributes:
        policy: what the verbs decide by.
        timing: how long things are waited for.
        alerts: by their order in the file.
    """

    policy: Policy
    timing: Timing
    alerts: tuple[Alert, ...] = ()


def parse(
    text: str, name: str = "sms.toml", variables: Mapping[str, str] | None = None
) -> PolicyFile:
    """Read the text of a policy file.

    Args:
        text: of the file.
        name: how faults call it.
        variables: those that are set, for the tokens that it names; None: nobody asks for them.

    Raises:
        ConfigFaults: with every fault and its line.
    """
    try:
        data = tomllib.loads(text)
    except (ValueError, RecursionError) as exc:  # also: a number or a nesting beyond Python
        raise ConfigFaults([_syntax_fault(exc, text, name)]) from None
    found = [*troubles(data), *(() if variables is None else unset(data, variables))]
    try:
        tables = PolicyTables.model_validate(data)
    except ValidationError as exc:
        found += map(_trouble, exc.errors(include_url=False, include_input=False))
    if found:
        lines = tomllines.lines_of(text)
        at = sorted((tomllines.line_at(lines, t.path), str(t.path), t) for t in found)
        raise ConfigFaults([_fault(t, line, name) for line, _, t in at])
    return _policy_file(tables, variables or {})


def read_policy(path: Path, variables: Mapping[str, str] | None = None) -> PolicyFile:
    """Read and parse the policy file; `variables` as in `parse`.

    Raises:
        ConfigFaults: it is missing, unreadable or faulty.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        remedy = "Run `sms-bot init` for one to start from, or point SMS_CONFIG at yours"
        raise ConfigFaults([Fault(str(path), "does not exist", remedy)]) from None
    except (OSError, UnicodeDecodeError) as exc:
        what = f"cannot be read ({type(exc).__name__})"
        remedy = "Make it a UTF-8 text file that this user may read"
        raise ConfigFaults([Fault(str(path), what, remedy)]) from None
    return parse(text, path.name, variables)


@dataclass(frozen=True)
class ReloadResult:
    """What a look at the file brought.

    Attributes:
        changed: True if another policy holds now.
        faults: why the new text was not taken; told once for each edit.
    """

    changed: bool = False
    faults: tuple[Fault, ...] = ()


class PolicySource:
    """The policy file as it last was without fault.

    `reload_if_changed` reads the disk: call it from a thread, one call at a time.
    """

    def __init__(
        self,
        path: Path,
        current: PolicyFile,
        variables: Callable[[], Mapping[str, str]] | None = None,
    ) -> None:
        """Begin with a policy.

        Args:
            path: of the file.
            current: what it held.
            variables: gives those that are set; None: nobody asks for the tokens of alerts.
        """
        self.path = path
        self.current = current
        self._variables = variables
        self.faults: tuple[Fault, ...] = ()
        """Why the last edit was not taken; empty if it was."""
        # nothing read yet: an edit between the first reading and the first look is found too
        self._read: tuple[int, int, int] | None = None
        self._seen: tuple[int, int, int] | None = None

    @property
    def policy(self) -> Policy:
        """The policy that holds now."""
        return self.current.policy

    def reload_if_changed(self) -> ReloadResult:
        """Look at the file; a faulty or vanished one leaves the old policy in force.

        It is read when two looks in a row found it the same: an editor that is still writing
        has emptied it first, and an empty policy is a faultless one that allows nothing.
        """
        stamp, last = self._stamp(), self._seen
        self._seen = stamp
        if stamp == self._read or stamp != last:
            return ReloadResult()
        self._read = stamp
        try:
            new = read_policy(self.path, self._variables and self._variables())
        except ConfigFaults as exc:
            self.faults = tuple(exc.faults)
            return ReloadResult(faults=exc.faults)
        self.faults = ()
        changed = new != self.current
        self.current = new
        return ReloadResult(changed)

    def _stamp(self) -> tuple[int, int, int]:
        """Tell this state of the file from others; an unreachable one has a state of its own."""
        try:
            stat = self.path.stat()
        except OSError:
            return (0, 0, 0)
        return (stat.st_mtime_ns, stat.st_size, stat.st_ino)


def _syntax_fault(error: Exception, text: str, name: str) -> Fault:
    what, _, place = str(error).partition(" (at ")
    found = re.match(r"line (\d+)", place)
    line = int(found[1]) if found else text.rstrip().count("\n") + 1
    return Fault(
        f"{name}, line {line}",
        f"is not TOML: {what}",
        "Mend the syntax: text in quotes, lists in [ ], one key a line (https://toml.io)",
    )


def _fault(trouble: Trouble, line: int, name: str) -> Fault:
    keys = [key for key in trouble.path if isinstance(key, str)]
    return Fault(f"{name}, line {line}", f"{'.'.join(keys)}: {trouble.what}", trouble.remedy)


_WORDS = {
    "string_type": ("is not text", "Put it in quotes"),
    "int_type": ("is not a whole number", "Write it without quotes and point"),
    "bool_type": ("is neither true nor false", "Write true or false, without quotes"),
    "list_type": ("is not a list", 'Write it in brackets, such as ["one", "two"]'),
    "greater_than": ("is not positive", "Write 1 or more, or leave the line out for no limit"),
    "greater_than_equal": ("is negative", "Write 0 or more, or leave the line out"),
    "too_short": ("is empty", "Name at least one"),
    "model_type": ("is not a table", "Write it as a table of its own, as sms-bot init does"),
}
_OTHERWISE = ("cannot be used", "Write it as in the file that sms-bot init makes")


def _trouble(detail: ErrorDetails) -> Trouble:
    """Put pydantic's finding into words that the owner of the file can use."""
    path = detail["loc"]
    match detail["type"]:
        case "wrong":
            return Trouble(path, detail["msg"], str(detail["ctx"]["remedy"]))
        case "missing":
            return Trouble(path, "is missing", f"Add a line {path[-1]} = … to this table")
        case "extra_forbidden":
            return Trouble(path, "is no key of this table", _nearest(path))
        case other:
            return Trouble(path, *_WORDS.get(other, _OTHERWISE))


def _nearest(path: tomllines.Path) -> str:
    known = _keys(path[:-1])
    near = get_close_matches(str(path[-1]), known, n=1)
    return f"Did you mean {near[0]}?" if near else f"Known here: {', '.join(known)}"


def _keys(path: tomllines.Path) -> list[str]:
    """Name the keys of the table at `path`, as they are written."""
    model: type[BaseModel] = PolicyTables
    for part in path:
        if isinstance(part, str):
            annotation = model.model_fields[part].annotation
            model = cast("type[BaseModel]", next(iter(get_args(annotation)), annotation))
    return [field.alias or name for name, field in model.model_fields.items()]


def _policy_file(tables: PolicyTables, variables: Mapping[str, str]) -> PolicyFile:
    policy = Policy(
        region=tables.region,
        admins=tuple(tables.admins),
        channels=MappingProxyType({c.id: _rules(c) for c in tables.channel}),
        contacts=tuple(
            Contact(c.name, to_address(c.number, tables.region), c.slack or "")
            for c in tables.contact
        ),
        groups=tuple(_group(g, tables.region) for g in tables.group),
        ladders=tuple(map(to_ladder, tables.escalation)),
    )
    return PolicyFile(
        policy=policy,
        timing=_timing(tables.timing),
        alerts=tuple(to_alert(a, variables) for a in tables.alert),
    )


def _timing(table: TimingTable) -> Timing:
    return Timing(**table.model_dump())


def _rules(table: ChannelTable) -> ChannelRules:
    return ChannelRules(
        id=table.id,
        name=table.name,
        allow=tuple(table.allow),
        who=tuple(table.who),
        to=tuple(table.to),
        max_recipients=table.max_recipients,
        daily_limit=table.daily_limit,
        confirm_above=table.confirm_above,
        approve_above=table.approve_above,
        senders=tuple(table.senders),
        show_numbers=table.show_numbers,
    )


def _group(table: GroupTable, region: str) -> Group:
    return Group(table.name, tuple(_member(m, region) for m in table.members))


def _member(text: str, region: str) -> str:
    entry = to_entry(text)
    return to_address(entry.text, region) if isinstance(entry, NumberEntry) else str(entry)
