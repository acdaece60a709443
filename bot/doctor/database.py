"""The check of the database: is it there, recent enough, and of this version?"""

import asyncio

import psycopg

from bot.doctor.finding import Check, Patient
from bot.store.database import why
from bot.store.facts import Facts

OLDEST = 14
"""The first version of PostgreSQL that the bot is said to work with."""

_OURS = "procrastinate/"


async def database(patient: Patient) -> Check:
    """Look at what connecting as the bot does has found."""
    settings, name = patient.settings, "database"
    try:
        facts = await asyncio.shield(patient.database)
    except Exception as exc:  # noqa: BLE001 - any fault of driver, server or disk is one answer
        if settings.database_url:
            remedy = "Check DATABASE_URL, and that the server runs and lets this user in"
        else:
            remedy = f"Make {settings.sms_data_dir} writable, or set DATABASE_URL"
        what = why(exc) if isinstance(exc, psycopg.Error) else f"{type(exc).__name__}: {exc}"
        return Check(name, False, what.removesuffix(": "), remedy)
    shown = f"PostgreSQL {facts.version}" + ("" if settings.database_url else ", embedded")
    return _unusable(shown, facts) or Check(name, True, f"{shown}, {_schema(facts)}")


def _unusable(shown: str, facts: Facts) -> Check | None:
    """Say why the bot would not start on it, None if it would."""
    if facts.version < OLDEST:
        detail, remedy = f"{shown} is too old", f"Use PostgreSQL {OLDEST} or later"
    elif facts.unknown:
        detail = f"{shown}, changed by a newer sms-bot ({facts.unknown})"
        remedy = "Start that version of sms-bot, or use another database"
    elif facts.missing and not facts.may_create:
        detail = f"{shown}: the user may not create tables"
        remedy = "Let the user create tables: GRANT CREATE ON SCHEMA public TO …"
    else:
        return None
    return Check("database", False, detail, remedy)


def _schema(facts: Facts) -> str:
    if not facts.missing:
        return "schema up to date"
    if facts.fresh:
        return "empty: the first start sets it up"
    ours = [step for step in facts.missing if not step.startswith(_OURS)]
    steps = ", ".join(ours) or f"{len(facts.missing)} of the job queue"
    return f"the next start brings it up to date: {steps}"
