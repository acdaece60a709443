"""What a process knows of itself: how sms.toml was read, and how its neighbours are."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta


@dataclass(frozen=True)
class Reading:
    """How sms.toml was read last.

    Attributes:
        timing: the durations of ``[timing]`` in force, by their keys, in the file's order.
        faults: why the last edit was not taken, one a line of the file; empty if it was. They may
            quote what stands there, numbers as well.
    """

    timing: tuple[tuple[str, timedelta], ...] = ()
    faults: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class Health:
    """How one neighbour is, as far as this process knows.

    Attributes:
        part: ``Slack``, ``Twilio`` or ``Database``.
        well: whether it does what it is for at this moment.
        text: how it is, in words; neither numbers nor secrets.
        moments: what happened when, newest state first, e.g. ``("connected since", …)``; UTC.
    """

    part: str
    well: bool
    text: str
    moments: tuple[tuple[str, datetime], ...] = ()
