"""The part of the App Home that admins see: the policy as read, refusals, health."""

from collections.abc import Iterable
from datetime import timedelta

from slack_sdk.models.blocks import Block, HeaderBlock, MarkdownTextObject, SectionBlock

from bot.slack.views.status import moment_of
from bot.slack.views.text import SECTION, clip, escape, escaped, fit, label
from commands.home import Overview
from commands.model import AuditEntry
from commands.site import Health, Reading

_RULE = 150
_FAULT = 400
_TEXT = 300
_UNITS = ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s"))


def overview(told: Overview) -> Iterable[Block]:
    """Draw it: eight blocks at most."""
    yield HeaderBlock(text="For admins")
    yield _said("*Policy, as read from sms.toml*\n" + "\n".join(_policy(told)))
    if told.reading.faults:
        yield _said(_faulty(told.reading))
    yield _said("*Health*\n" + "\n".join(_health(each) for each in told.health))
    yield _said(f"*The last refusals*\n{_refusals(told.refusals)}")


def _policy(told: Overview) -> Iterable[str]:
    policy = told.policy
    counts = f"{len(policy.contacts):,} contacts, {len(policy.groups):,} groups"
    yield f"{len(policy.channels):,} channels, {counts} (with those kept in Slack)"
    yield f"region {escape(policy.region)}, {len(policy.admins):,} admins and groups of admins"
    if told.reading.timing:
        yield ", ".join(f"{key} {_duration(value)}" for key, value in told.reading.timing)


def _duration(value: timedelta) -> str:
    """Write a duration as sms.toml does, in the largest unit that divides it."""
    seconds = int(value.total_seconds())
    size, unit = next((s, u) for s, u in _UNITS if not seconds % s and (seconds or s == 1))
    return f"{seconds // size}{unit}"


def _faulty(reading: Reading) -> str:
    """Tell of an edit that is kept out; a fault may quote what stands there, numbers as well."""
    head = "*The last edit of sms.toml is faulty and not in force; this stands in for it still:*"
    faults = (escaped(label(fault, masked=True), _FAULT) for fault in reading.faults)
    return f"{head}\n{fit(faults, chr(10), SECTION - len(head) - 1)}"


def _health(health: Health) -> str:
    state = "well" if health.well else "in trouble"
    moments = [f"{escape(what)} {moment_of(at)}" for what, at in health.moments]
    told = [escaped(label(health.text, masked=True), _TEXT), *moments]
    return f"{health.part}: *{state}* – {'; '.join(filter(None, told))}"


def _refusals(refusals: tuple[AuditEntry, ...]) -> str:
    if not refusals:
        return "None."
    return fit((_refusal(entry) for entry in refusals), "\n", SECTION - 100)


def _refusal(entry: AuditEntry) -> str:
    when = f"{moment_of(entry.at)} " if entry.at else ""
    rule = escaped(clip(label(entry.rule, masked=True), _RULE), _RULE)
    action = escaped(label(entry.action, masked=True), 20)
    return f"{when}<@{entry.actor.user}> {_where(entry.actor.channel)}: {action} – {rule}"


def _where(channel: str) -> str:
    if channel.startswith("D"):
        return "in a direct message"
    return f"in <#{channel}>" if channel else "in no channel"


def _said(text: str) -> SectionBlock:
    return SectionBlock(text=MarkdownTextObject(text=text, verbatim=True))
