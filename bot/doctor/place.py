"""The checks of where the bot stands: its clock, its address for others, the tokens of alerts."""

import asyncio
import ipaddress
import time
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from urllib.parse import urlsplit

import aiohttp

from bot.doctor.finding import Check, Part, Patient, together
from bot.web import INBOUND_PATH, STATUS_PATH

DRIFT = 5.0
"""Seconds by which clocks may differ before it is worth a word: a Date is of whole seconds."""

FATAL = 300.0
"""Seconds from which on Slack's signatures are taken for old, and its requests refused."""

SHORTEST = 16
"""Characters of a token below which it could be guessed."""

_NOBODY_BEHIND = frozenset(
    {HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT}
)
_SET_CLOCK = "Set this machine's clock by NTP, e.g. with chrony or systemd-timesyncd"


async def clock(patient: Patient) -> Check:
    """Compare this machine's clock with Slack's, Twilio's and the database's."""
    settings, name = patient.settings, "clock"
    asked = {"Slack": settings.slack_api_url, "Twilio": settings.twilio_url}
    ahead = await asyncio.gather(*map(_ahead, asked.values()), _database_ahead(patient))
    known = {
        whose: seconds
        for whose, seconds in zip([*asked, "the database"], ahead, strict=True)
        if seconds is not None
    }
    if not known:
        return Check(name, True, "nobody tells the time to compare it with")
    told = ", ".join(f"{whose} {seconds:+.1f} s" for whose, seconds in known.items())
    worst = max(abs(seconds) for seconds in known.values())
    if worst >= FATAL:
        return Check(name, False, f"ahead of ours: {told}; Slack is not believed then", _SET_CLOCK)
    return Check(name, True, f"ahead of ours: {told}", _SET_CLOCK if worst > DRIFT else "")


async def _ahead(url: str) -> float | None:
    """Give by how many seconds the clock at an address is ahead of ours, by any answer's Date."""
    asked = time.time()
    try:
        async with (
            aiohttp.ClientSession() as session,
            session.get(url, allow_redirects=False) as answer,
        ):
            date = answer.headers.get("Date", "")
        theirs = parsedate_to_datetime(date).timestamp() + 0.5  # cut to whole seconds
    except (aiohttp.ClientError, ValueError, OSError):  # that it does not answer, others say
        return None
    return theirs - (asked + time.time()) / 2


async def _database_ahead(patient: Patient) -> float | None:
    try:
        return (await asyncio.shield(patient.database)).ahead
    except Exception:  # noqa: BLE001 - that it cannot be asked, the check of the database says
        return None


async def address(patient: Patient) -> Check:
    """Ask for PUBLIC_URL's /healthz, and show what Twilio's signatures are computed over."""
    url, name = patient.settings.public_url, "public address"
    if not url:
        return Check(name, True, "PUBLIC_URL is not set: deliveries and replies are asked for")
    base = url.rstrip("/")
    signed = f"signatures are computed over {base}{STATUS_PATH}… and {base}{INBOUND_PATH}"
    unseen = "whatever proxies make of it; that Twilio reaches it is not seen from here"
    parts = [
        await _health(base),
        Part(f"{signed}, {unseen}"),
    ]
    if (path := urlsplit(base).path) and path != "/":
        parts.append(Part(f"a proxy has to take {path} off: the bot serves /twilio/…"))
    if urlsplit(base).scheme == "http":
        remedy = "Put a proxy with a certificate before the bot, and give PUBLIC_URL as https://"
        parts.append(Part("over http, numbers and texts pass unencrypted", remedy))
    if _is_private(base) and not _is_private(patient.settings.twilio_url):
        remedy = "Give PUBLIC_URL as it is seen from the internet, or unset it"
        parts.append(Part("Twilio cannot reach an address of a private network", remedy, ok=False))
    return together(name, parts)


async def _health(base: str) -> Part:
    where = f"{base}/healthz"
    try:
        async with (
            aiohttp.ClientSession() as session,
            session.get(where, allow_redirects=False) as answer,
        ):
            status, text = answer.status, (await answer.content.read(64)).strip()
    except aiohttp.ClientConnectorDNSError:
        return Part(f"{where}: the host is unknown", "Correct PUBLIC_URL, or its DNS", ok=False)
    except (aiohttp.ClientSSLError, aiohttp.ClientConnectorCertificateError):
        remedy = "Give the proxy a certificate for this host that Twilio can trust"
        return Part(f"{where}: its certificate is not valid", remedy, ok=False)
    except (aiohttp.ClientError, OSError) as exc:
        remedy = "Start the bot and check again; some routers do not let one reach oneself"
        return Part(f"{where}: no answer from here ({type(exc).__name__})", remedy)
    return _answered(where, status, text)


def _answered(where: str, status: int, text: bytes) -> Part:
    if status == HTTPStatus.OK and text == b"ok":
        return Part(f"{where} answers")
    if status in _NOBODY_BEHIND:
        remedy = "Start the bot, or point the proxy at its HOST and PORT"
        return Part(f"{where}: a proxy answers {status}, without a bot behind it", remedy)
    if status // 100 == HTTPStatus.MULTIPLE_CHOICES // 100:
        remedy = "Give PUBLIC_URL as the address that it leads to: Twilio signs what it is told"
        return Part(f"{where}: redirected ({status})", remedy, ok=False)
    remedy = (
        "See that the proxy takes off what stands before /twilio/… and /healthz in PUBLIC_URL, "
        "asks for no password, and leads to this bot"
    )
    return Part(f"{where}: something else answers ({status})", remedy, ok=False)


def _is_private(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return host == "localhost" or host.endswith((".local", ".internal", ".localhost"))


async def alert_tokens(patient: Patient) -> Check:
    """Look whether the tokens of alerts could be guessed."""
    name = "alert tokens"
    if patient.file is None:
        return Check(name, False, "not looked at", "Mend sms.toml first")
    if not patient.file.alerts:
        return Check(name, True, "sms.toml takes no alerts")
    parts = []
    for alert in patient.file.alerts:
        if len(alert.token.get_secret_value()) < SHORTEST:
            remedy = f"Set {alert.token_env} to what `openssl rand -hex 32` prints"
            detail = f"{alert.name}: {alert.token_env} has fewer than {SHORTEST} characters"
            parts.append(Part(detail, remedy, ok=False))
        else:
            parts.append(Part(f"{alert.name}: {alert.token_env} is long enough"))
    return together(name, parts)
