"""`sms-bot check`: is everything there that the bot needs, and how is it mended if not?

One function a check, all of them in `CHECKS`, run side by side. Nothing is sent, and no secret
is in an answer.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.account import credentials
from bot.config import Settings, load, load_settings
from bot.faults import ConfigFaults
from bot.redaction import Redactor
from bot.senders import sender_shape
from bot.slack.surface import SCOPES
from bot.slack.voice import error_of
from bot.store.database import why
from commands.model import mask
from twilio_core.client import TwilioClient
from twilio_core.connection import open_http
from twilio_core.errors import AccountRefused, TwilioError

TIMEOUT = 10.0
"""Seconds that one check may take."""


@dataclass(frozen=True)
class Check:
    """What one look found.

    Attributes:
        name: what was looked at.
        ok: True if the bot can work with it.
        detail: what was found; several lines if there are several faults.
        remedy: how to mend it; empty if all is well.
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
        connect_database: connects as the bot would, disconnects, and says to what.
    """

    settings: Settings
    connect_database: Callable[[Settings], Awaitable[str]]


Look = Callable[[Patient], Awaitable[Check]]


async def examine(
    connect_database: Callable[[Settings], Awaitable[str]],
    *,
    environ: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    timeout: float = TIMEOUT,  # noqa: ASYNC109 - of each check, not of this call
) -> tuple[Check, ...]:
    """Look at everything.

    Args:
        connect_database: connects as the bot would, disconnects, and says to what; raises
            whatever it meets.
        environ: the environment; the process's own by default.
        cwd: where ``.env`` and sms.toml are looked for; the working directory by default.
        timeout: seconds for each check.
    """
    configuration = _configuration(environ, cwd)
    try:
        settings = load_settings(environ, cwd)
    except ConfigFaults:
        remedy = "Mend the configuration first"
        skipped = (Check(name, False, "not looked at", remedy) for name, _ in CHECKS)
        return (configuration, *skipped)
    patient = Patient(settings, connect_database)
    looks = (_in_time(name, look(patient), timeout) for name, look in CHECKS)
    redact = Redactor(settings.secrets).text
    return (
        configuration,
        *(replace(found, detail=redact(found.detail)) for found in await asyncio.gather(*looks)),
    )


async def _in_time(name: str, look: Awaitable[Check], seconds: float) -> Check:
    try:
        async with asyncio.timeout(seconds):
            return await look
    except TimeoutError:
        return Check(name, False, f"no answer within {seconds:g} s", "Check the network, try again")


def _configuration(environ: Mapping[str, str] | None, cwd: Path | None) -> Check:
    try:
        config = load(environ, cwd)
    except ConfigFaults as exc:
        lines = "\n".join(f"{fault.where}: {fault.what}" for fault in exc.faults)
        remedy = "\n".join(f"{fault.where}: {fault.remedy}" for fault in exc.faults)
        return Check("configuration", False, lines, remedy)
    channels = len(config.policy.channels)
    if not channels:
        return Check("configuration", True, f"{config.policy_path} allows no channel yet")
    return Check("configuration", True, f"{config.policy_path}, channels: {channels}")


_REINSTALL = (
    "Paste manifest.yml at https://api.slack.com/apps, your app, App Manifest; "
    "then reinstall the app and copy its token again"
)
_NO_SLACK = "Check SLACK_API_URL, the network and any proxy"


async def _slack(patient: Patient) -> Check:
    settings, name = patient.settings, "Slack token"
    client = AsyncWebClient(
        settings.slack_bot_token.get_secret_value(), base_url=settings.slack_api_url
    )
    try:
        answer = await client.auth_test()
    except SlackApiError as exc:
        detail = f"Slack refuses it: {error_of(exc)}"
        return Check(name, False, detail, f"Set SLACK_BOT_TOKEN anew. {_REINSTALL}")
    except Exception as exc:  # noqa: BLE001 - whatever the transport raises, Slack is not there
        return Check(name, False, f"no answer from Slack ({type(exc).__name__})", _NO_SLACK)
    granted = {scope.strip() for scope in _header(answer.headers, "x-oauth-scopes").split(",")}
    missing = sorted(SCOPES - granted)
    told = f"{answer.get('user')} in {answer.get('team')}"
    if granted == {""}:
        return Check(name, True, f"{told}; the answer does not tell which scopes are granted")
    if missing:
        return Check(name, False, f"lacks the scopes {', '.join(missing)}", _REINSTALL)
    return Check(name, True, f"{told}, all scopes granted")


def _header(headers: Mapping[str, object], name: str) -> str:
    """Read a header, which slack_sdk gives under the case it came in, alone or as a list."""
    value = next((v for k, v in headers.items() if k.lower() == name), "")
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


async def _slack_app(patient: Patient) -> Check:
    settings, name = patient.settings, "Slack connection"
    if settings.slack_app_token is None:
        return Check(name, True, "over HTTP: Slack calls POST /slack/events")
    client = AsyncWebClient(base_url=settings.slack_api_url)
    try:
        await client.apps_connections_open(app_token=settings.slack_app_token.get_secret_value())
    except SlackApiError as exc:
        remedy = (
            "Make an app-level token with the scope connections:write, set it as "
            "SLACK_APP_TOKEN, and switch Socket Mode on"
        )
        return Check(name, False, f"no Socket Mode: {error_of(exc)}", remedy)
    except Exception as exc:  # noqa: BLE001 - as above
        return Check(name, False, f"no answer from Slack ({type(exc).__name__})", _NO_SLACK)
    return Check(name, True, "Socket Mode")


async def _twilio(patient: Patient) -> Check:
    settings, name = patient.settings, "Twilio account"
    client = TwilioClient(open_http(limit=1), credentials(settings), settings.twilio_url)
    try:
        account = await client.account()
    except AccountRefused as exc:
        remedy = "Check TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN (or the API key) and TWILIO_URL"
        return Check(name, False, exc.reason, remedy)
    except TwilioError as exc:
        return Check(name, False, exc.reason, "Check TWILIO_URL, the network, or try again later")
    finally:
        await client.aclose()
    if account.status not in {"", "active"}:
        remedy = "Ask Twilio's support, or use another account"
        return Check(name, False, f"the account is {account.status}", remedy)
    trial = "; a trial reaches verified numbers only" if account.type == "Trial" else ""
    return Check(name, True, f"{account.friendly_name or 'the account'} is active{trial}")


async def _sender(patient: Patient) -> Check:
    sender = patient.settings.twilio_from
    shape = sender_shape(sender)
    notes = {
        "number": "; Twilio takes it only if the account owns it",
        "alphanumeric sender": "; it cannot be answered, and some countries refuse it",
    }
    shown = sender if shape in {"alphanumeric sender", "Messaging Service"} else mask(sender)
    return Check("Twilio sender", True, f"{shape} {shown}{notes.get(shape, '')}")


async def _database(patient: Patient) -> Check:
    settings, name = patient.settings, "database"
    try:
        return Check(name, True, await patient.connect_database(settings))
    except Exception as exc:  # noqa: BLE001 - any fault of driver, server or disk is one answer
        if settings.database_url:
            remedy = "Check DATABASE_URL, and that the server runs and lets this user in"
        else:
            remedy = f"Make {settings.sms_data_dir} writable, or set DATABASE_URL"
        what = why(exc) if isinstance(exc, psycopg.Error) else f"{type(exc).__name__}: {exc}"
        return Check(name, False, what.removesuffix(": "), remedy)


CHECKS: tuple[tuple[str, Look], ...] = (
    ("Slack token", _slack),
    ("Slack connection", _slack_app),
    ("Twilio account", _twilio),
    ("Twilio sender", _sender),
    ("database", _database),
)
"""Every check by its name, in the order shown; a new one is one function and one line here."""
