"""What a check is given, and what it gives."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from bot.config import Settings
from bot.policyfile import PolicyFile
from bot.store.facts import Facts


@dataclass(frozen=True)
class Check:
    """What one look found.

    Attributes:
        name: what was looked at.
        ok: True if the bot can work with it.
        detail: what was found; several lines if there are several things.
        remedy: how to mend it; empty if nothing is to be mended. With `ok` it is advice: the bot
            works, but not as well as it could.
    """

    name: str
    ok: bool
    detail: str
    remedy: str = ""


@dataclass(frozen=True)
class Patient:
    """What the checks look at.

    Attributes:
        settings: the environment, without fault.
        database: what the database is like, looked at once; raises what kept it from that.
        file: sms.toml; None if it cannot be read.
    """

    settings: Settings
    database: asyncio.Future[Facts]
    file: PolicyFile | None


Look = Callable[[Patient], Awaitable[Check]]


@dataclass(frozen=True)
class Part:
    """One of several things that a check looks at; the fields are those of `Check`."""

    detail: str
    remedy: str = ""
    ok: bool = True


def together(name: str, parts: Iterable[Part]) -> Check:
    """Make one check of its parts: those that want something come first."""
    found = sorted(parts, key=lambda part: (part.ok, not part.remedy))
    detail = "\n".join(dict.fromkeys(part.detail for part in found))
    remedy = "\n".join(dict.fromkeys(part.remedy for part in found if part.remedy))
    return Check(name, all(part.ok for part in found), detail, remedy)
