"""A ladder as JSON: how a page, and a question before it, keep whom to page."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from commands.oncall import Ladder, Rung


def packed(ladder: Ladder) -> dict[str, Any]:
    """Give a ladder as JSON."""
    return {
        "steps": steps_of(ladder),
        "rounds": ladder.rounds,
        "escalation": ladder.escalation,
        "link": ladder.link,
        "source": ladder.source,
        "storm": ladder.storm,
    }


def steps_of(ladder: Ladder) -> list[dict[str, Any]]:
    """Give the steps of a ladder as JSON; they wait for seconds."""
    return [{"to": list(r.to), "wait": r.wait.total_seconds()} for r in ladder.rungs]


def unpacked(data: Mapping[str, Any]) -> Ladder:
    """Read a ladder's JSON."""
    rungs = tuple(Rung(tuple(s["to"]), timedelta(seconds=s["wait"])) for s in data["steps"])
    return Ladder(
        rungs,
        data["rounds"],
        data["escalation"],
        data["link"],
        data["source"],
        storm=data["storm"],
    )
