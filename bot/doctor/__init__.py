"""`sms-bot check`: is everything there that the bot needs, and how is it mended if not?

One function a check, all of them in `CHECKS`, run side by side. Nothing is sent, and no secret
is in an answer.

    finding    what a check gives, and what it is given     slack      token, scopes, channels
    twilio     account and senders                          database   version, migrations
    place      clock, public address, tokens of alerts
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from pathlib import Path

from bot.config import Config, Settings, load, load_settings
from bot.doctor import database, place, slack, twilio
from bot.doctor.finding import Check, Look, Patient
from bot.faults import ConfigFaults
from bot.redaction import Redactor
from bot.store.facts import Facts

__all__ = ["CHECKS", "TIMEOUT", "Check", "Patient", "examine", "report"]

TIMEOUT = 10.0
"""Seconds that one check may take."""

CHECKS: tuple[tuple[str, Look], ...] = (
    ("Slack token", slack.token),
    ("Slack scopes", slack.scopes),
    ("Slack connection", slack.connection),
    ("Slack channels", slack.channels),
    ("Twilio account", twilio.account),
    ("Twilio sender", twilio.senders),
    ("database", database.database),
    ("clock", place.clock),
    ("public address", place.address),
    ("alert tokens", place.alert_tokens),
)
"""Every check by its name, in the order shown; a new one is one function and one line here."""


async def examine(
    look_at_database: Callable[[Settings], Awaitable[Facts]],
    *,
    environ: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    timeout: float = TIMEOUT,  # noqa: ASYNC109 - of each check, not of this call
) -> tuple[Check, ...]:
    """Look at everything.

    Args:
        look_at_database: connects as the bot would, says what is there, and disconnects; raises
            whatever it meets.
        environ: the environment; the process's own by default.
        cwd: where ``.env`` and sms.toml are looked for; the working directory by default.
        timeout: seconds for each check.
    """
    configuration, config = _configuration(environ, cwd)
    try:
        settings = config.settings if config else load_settings(environ, cwd)
    except ConfigFaults:
        remedy = "Mend the configuration first"
        skipped = (Check(name, False, "not looked at", remedy) for name, _ in CHECKS)
        return (configuration, *skipped)
    seen = asyncio.ensure_future(look_at_database(settings))
    patient = Patient(settings, seen, config.policy_file if config else None)
    looks = (_in_time(name, look(patient), timeout) for name, look in CHECKS)
    secrets = [*settings.secrets, *(config.alert_tokens if config else ())]
    redact = Redactor(secrets).text
    try:
        found = await asyncio.gather(*looks)
    finally:
        seen.cancel()
        await asyncio.gather(seen, return_exceptions=True)
    return (configuration, *(replace(each, detail=redact(each.detail)) for each in found))


async def _in_time(name: str, look: Awaitable[Check], seconds: float) -> Check:
    try:
        async with asyncio.timeout(seconds):
            return await look
    except TimeoutError:
        return Check(name, False, f"no answer within {seconds:g} s", "Check the network, try again")


def _configuration(
    environ: Mapping[str, str] | None, cwd: Path | None
) -> tuple[Check, Config | None]:
    name = "configuration"
    try:
        config = load(environ, cwd)
    except ConfigFaults as exc:
        lines = "\n".join(f"{fault.where}: {fault.what}" for fault in exc.faults)
        remedy = "\n".join(f"{fault.where}: {fault.remedy}" for fault in exc.faults)
        return Check(name, False, lines, remedy), None
    channels = len(config.policy.channels)
    if not channels:
        return Check(name, True, f"{config.policy_path} allows no channel yet"), config
    return Check(name, True, f"{config.policy_path}, channels: {channels}"), config


def report(found: tuple[Check, ...]) -> dict[str, object]:
    """Give what was found as one object for JSON."""
    return {
        "ok": all(each.ok for each in found),
        "checks": [
            {"name": each.name, "ok": each.ok, "detail": each.detail, "remedy": each.remedy}
            for each in found
        ],
    }
