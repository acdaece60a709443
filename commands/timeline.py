"""A page's timeline in words, as Markdown and as JSON, ready for a post-mortem. Pure.

Numbers are masked in all forms, as a post-mortem is read by many.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

from commands.oncall import PageStage
from commands.pageview import Done, Happening, PageView, Timeline


def _sms(words: str) -> Callable[[Happening], str]:
    return lambda entry: f"SMS to {entry.who}: {words} ({entry.detail})"


def _by(words: str) -> Callable[[Happening], str]:
    return lambda entry: f"{words} by {entry.who}{_way(entry)}"


_PHRASES: Mapping[str, Callable[[Happening], str]] = MappingProxyType(
    {
        "asked": lambda entry: f"Page asked for by {entry.who}",
        "step": lambda entry: f"{entry.detail[:1].upper()}{entry.detail[1:]}",
        "missed": lambda entry: f"Not paged: {entry.detail}",
        "unreached": lambda _: "Nobody of the whole ladder was reached",
        "exhausted": lambda _: "All steps are gone through, and nobody has acknowledged",
        "acknowledged": _by("Acknowledged"),
        "resolved": _by("Resolved"),
        "continued": lambda entry: f"Its alerts still fire: it goes on as {entry.who}",
        "joined": lambda entry: f"Alerts: {entry.detail}",
        "late": _by("Answered too late"),
        "opted out": _by("Further messages stopped"),
        "opted in": _by("Messages allowed again"),
        "replied": lambda entry: f"{entry.who} wrote: {entry.detail}",
        "queued": _sms("queued"),
        "sending": _sms("being sent"),
        "in_doubt": _sms("no clear answer from Twilio"),
        "accepted": _sms("taken by Twilio"),
        "sent": _sms("with the carrier"),
        "delivered": _sms("delivered"),
        "undelivered": _sms("not delivered"),
        "failed": _sms("failed"),
        "canceled": _sms("called off"),
        "suppressed": _sms("not sent"),
    }
)

_WAYS = {"sms": "by SMS", "button": "by button", "command": "by command", "alert": ""}


def phrase(entry: Happening) -> str:
    """Say in words what happened."""
    words = _PHRASES.get(entry.what)
    if words:
        return words(entry)
    told = (entry.what.capitalize(), entry.who, entry.detail)
    return ": ".join(filter(None, told))


def _way(entry: Happening) -> str:
    way = _WAYS.get(entry.how, entry.how)
    return f", {way}" if way else ""


def lasting(span: timedelta) -> str:
    """Give a span as it is said: ``45 s``, ``4 min 10 s``, ``2 h 5 min``."""
    minutes, seconds = divmod(max(int(span.total_seconds()), 0), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"


def as_json(timeline: Timeline) -> dict[str, Any]:
    """Give a timeline as JSON; times are ISO 8601 in UTC."""
    page = timeline.page
    return {
        "page": page.page_id,
        "stage": str(page.stage),
        "code": page.code,
        "channel": page.people.channel,
        "actor": page.people.actor,
        "source": page.source,
        "escalation": page.escalation,
        "text": page.people.body,
        "link": page.link,
        "created": _iso(page.people.created),
        "steps": page.steps,
        "fired": page.fired,
        "acknowledged": _done(page.acked, page),
        "resolved": _done(page.resolved, page),
        "alerts": page.alerts,
        "timeline": [
            {
                "at": _iso(entry.at),
                "what": entry.what,
                "who": entry.who,
                "how": entry.how,
                "detail": entry.detail,
            }
            for entry in timeline.entries
        ],
    }


def _done(done: Done | None, page: PageView) -> dict[str, Any] | None:
    if done is None:
        return None
    seconds = round((done.at - page.people.created).total_seconds(), 1)
    return {"by": done.by, "user": done.user, "how": done.how, "at": _iso(done.at),
            "after": seconds}  # fmt: skip


def as_markdown(timeline: Timeline) -> str:
    """Give a timeline as Markdown: what it was about, and a table of what happened."""
    page = timeline.page
    head = [
        f"# Page {page.page_id}: {_plain(page.people.body)}",
        "",
        *(f"- {fact}" for fact in _facts(page)),
        "",
        "| Time (UTC) | What happened | Source |",
        "|---|---|---|",
    ]
    rows = (
        f"| {entry.at.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}"[:-3]
        + f" | {_plain(phrase(entry))} | {entry.how} |"
        for entry in timeline.entries
    )
    return "\n".join([*head, *rows])


def _facts(page: PageView) -> Iterable[str]:
    created = page.people.created.astimezone(UTC)
    asked = page.people.actor or page.source
    yield f"Asked for by {asked} at {created:%Y-%m-%d %H:%M:%S} UTC, in {page.people.channel}"
    yield f"Steps fired: {page.fired} of {page.steps}" + (
        f", escalation {_plain(page.escalation)}" if page.escalation else ""
    )
    for what, done in (("Acknowledged", page.acked), ("Resolved", page.resolved)):
        if done:
            after = lasting(done.at - page.people.created)
            yield f"{what} by {_plain(done.by)} after {after}"
    if page.stage is PageStage.EXHAUSTED:
        yield "Nobody has acknowledged it"
    if page.alerts:
        yield f"Alerts: {page.alerts}, of which {page.firing} fire"
    if page.link:
        yield f"Link: <{page.link}>"


_MARKS = str.maketrans({c: f"\\{c}" for c in "\\`*_[]<>|#~"})


def _plain(text: str) -> str:
    """Write text so that it stands for itself in a line of Markdown."""
    return " ".join(text.split()).translate(_MARKS)


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
