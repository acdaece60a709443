"""The checks of Slack: the token, what it may do, how Slack reaches us, the channels."""

import asyncio
import json
from collections.abc import Mapping

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from bot.doctor.finding import Check, Part, Patient, together
from bot.slack.surface import SCOPES
from bot.slack.voice import error_of, passes
from commands.rules import ChannelRules

AT_ONCE = 5
"""Channels asked for at once: Slack allows about 50 a minute."""

_REINSTALL = (
    "Paste manifest.yml at https://api.slack.com/apps, your app, App Manifest; "
    "then reinstall the app and copy its token again"
)
_NO_SLACK = "Check SLACK_API_URL, the network and any proxy, or try again later"


def _client(patient: Patient) -> AsyncWebClient:
    settings = patient.settings
    token = settings.slack_bot_token.get_secret_value()
    return AsyncWebClient(token, base_url=settings.slack_api_url)


async def token(patient: Patient) -> Check:
    """Ask Slack whose token it is."""
    name = "Slack token"
    try:
        answer = await _client(patient).auth_test()
    except Exception as exc:  # noqa: BLE001 - whatever the transport raises, Slack is not there
        if passes(exc):
            return Check(name, False, f"no answer from Slack ({error_of(exc)})", _NO_SLACK)
        detail = f"Slack refuses it: {error_of(exc)}"
        return Check(name, False, detail, f"Set SLACK_BOT_TOKEN anew. {_REINSTALL}")
    return Check(name, True, f"{answer.get('user')} in {answer.get('team')}")


async def scopes(patient: Patient) -> Check:
    """Compare what the token may do with what the bot needs; Slack tells it beside its answers."""
    name = "Slack scopes"
    try:
        answer = await _client(patient).auth_test()
    except Exception as exc:  # noqa: BLE001 - as above
        remedy = "Mend the token or the connection first"
        return Check(name, False, f"Slack does not tell ({error_of(exc)})", remedy)
    granted = {scope.strip() for scope in _header(answer.headers, "x-oauth-scopes").split(",")}
    if granted == {""}:
        return Check(name, True, "the answer does not tell which scopes are granted")
    missing = sorted(SCOPES - granted)
    if missing:
        return Check(name, False, f"missing: {', '.join(missing)}", _REINSTALL)
    return Check(name, True, f"all granted: {', '.join(sorted(SCOPES))}")


def _header(headers: Mapping[str, object], name: str) -> str:
    """Read a header, which slack_sdk gives under the case it came in, alone or as a list."""
    value = next((v for k, v in headers.items() if k.lower() == name), "")
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


async def connection(patient: Patient) -> Check:
    """Open a WebSocket as the bot does, wait for Slack's hello, and close it."""
    settings, name = patient.settings, "Slack connection"
    if settings.slack_app_token is None:
        detail = "over HTTP: Slack calls POST /slack/events; whether it can, is not seen from here"
        return Check(name, True, detail)
    client = AsyncWebClient(base_url=settings.slack_api_url)
    app_token = settings.slack_app_token.get_secret_value()
    try:
        url = str((await client.apps_connections_open(app_token=app_token))["url"])
    except Exception as exc:  # noqa: BLE001 - as above
        if passes(exc):
            return Check(name, False, f"no answer from Slack ({error_of(exc)})", _NO_SLACK)
        remedy = (
            "Make an app-level token with the scope connections:write, set it as "
            "SLACK_APP_TOKEN, and switch Socket Mode on"
        )
        return Check(name, False, f"no Socket Mode: {error_of(exc)}", remedy)
    return await _handshake(name, url)


async def _handshake(name: str, url: str) -> Check:
    remedy = "See that a proxy or firewall lets WebSockets (wss) to Slack through"
    try:
        async with aiohttp.ClientSession() as session, session.ws_connect(url) as socket:
            said = json.loads(await socket.receive_str())
    except (aiohttp.ClientError, TypeError, ValueError, OSError) as exc:
        detail = f"Socket Mode: the WebSocket does not come about ({type(exc).__name__})"
        return Check(name, False, detail, remedy)
    if said.get("type") != "hello":
        reason = said.get("reason") or said.get("type")
        detail = f"Socket Mode: Slack says {reason}"
        return Check(name, False, detail, "Stop other processes of this app: Slack allows 10")
    return Check(name, True, "Socket Mode, Slack said hello")


async def channels(patient: Patient) -> Check:
    """Ask Slack about each channel of sms.toml: is it there, and is the bot in it?"""
    name = "Slack channels"
    if patient.file is None:
        return Check(name, False, "not looked at", "Mend sms.toml first")
    policy, alerting = patient.file.policy, {alert.channel for alert in patient.file.alerts}
    if not policy.channels:
        return Check(name, True, "sms.toml names none")
    client, crowd = _client(patient), asyncio.Semaphore(AT_ONCE)

    async def look(rules: ChannelRules) -> Part:
        async with crowd:
            return await _channel(client, rules, alerts=rules.id in alerting)

    return together(name, await asyncio.gather(*map(look, policy.channels.values())))


async def _channel(client: AsyncWebClient, rules: ChannelRules, *, alerts: bool) -> Part:
    shown = f"{rules.id} {rules.name}".strip()
    try:
        answer = await client.conversations_info(channel=rules.id)
    except Exception as exc:  # noqa: BLE001 - as above
        return _untold(shown, error_of(exc), alerts=alerts)
    found = answer.get("channel") or {}
    if found.get("is_archived"):
        remedy = f"Unarchive {shown}, or take it out of sms.toml"
        return Part(f"{shown} is archived: nothing is sent from it", remedy, ok=False)
    if found.get("is_member"):
        return Part(f"{shown}: the bot is in it")
    return _absent(shown, "the bot is not in it", alerts=alerts)


def _absent(shown: str, what: str, *, alerts: bool) -> Part:
    remedy = f"In {shown}, type /invite and the name of the bot"
    if alerts:  # nobody is there to be answered in private
        return Part(f"{shown}: {what}, so its alerts are shown nowhere", remedy, ok=False)
    return Part(f"{shown}: {what}, so answers are private, without a card for all", remedy)


def _untold(shown: str, error: str, *, alerts: bool) -> Part:
    if error != "channel_not_found":
        remedy = "Mend the token, its scopes or the connection first, or try again in a minute"
        return Part(f"{shown}: Slack does not tell ({error})", remedy, ok=False)
    what = "it is private and the bot is not in it, or there is none with this id: Slack tells both"
    part = _absent(shown, f"{what} alike", alerts=alerts)
    return Part(part.detail, f"{part.remedy}; or correct its id in sms.toml", ok=part.ok)
