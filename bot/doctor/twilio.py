"""The checks of Twilio: the account, and what its senders can do."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot.account import credentials
from bot.doctor.finding import Check, Part, Patient, together
from bot.senders import sender_shape
from bot.web import INBOUND_PATH
from commands.model import mask
from twilio_core.client import TwilioClient
from twilio_core.connection import open_http
from twilio_core.errors import AccountRefused, TwilioError
from twilio_core.messages import Account, OwnNumber
from twilio_core.outcome import judge

_AT_ONCE = 5

_BY_KEY = (
    "the API key is right; as a Standard one it does not show the account, so whether that is "
    "active, or a trial, is not known"
)

_UNKNOWN = {
    "short code": "that the account has it is not looked up",
    "channel address": "that the account has it is not looked up",
    "Messaging Service": "its numbers and where it posts replies are not seen from here: look at "
    "its page Integration in Twilio's console",
}
"""What cannot be known of a sender, by its kind."""


@asynccontextmanager
async def _open(patient: Patient) -> AsyncIterator[TwilioClient]:
    settings = patient.settings
    client = TwilioClient(open_http(limit=_AT_ONCE), credentials(settings), settings.twilio_url)
    try:
        yield client
    finally:
        await client.aclose()


async def account(patient: Patient) -> Check:
    """Ask for the account: that address and credentials are right, and whether it may send."""
    name = "Twilio account"
    try:
        async with _open(patient) as client:
            if patient.settings.twilio_api_key and not await _shows_account(client):
                return Check(name, True, _BY_KEY)
            found = await client.account()
    except AccountRefused as exc:
        remedy = "Check TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN (or the API key) and TWILIO_URL"
        return Check(name, False, exc.reason, remedy)
    except TwilioError as exc:
        remedy = "Check TWILIO_URL, the network, or try again later"
        return Check(name, False, judge(exc).of_a_read(), remedy)
    return _account(name, found, patient.settings.twilio_account_sid)


def _account(name: str, found: Account, sid: str) -> Check:
    if found.sid.lower() != sid.lower():
        return Check(name, False, "the answer is of no such account", "Check TWILIO_URL")
    if not found.status:
        remedy = "Look at the account in Twilio's console"
        return Check(name, True, "the account is there; whether it is active is not told", remedy)
    if found.status != "active":
        remedy = "Ask Twilio's support, or use another account"
        return Check(name, False, f"the account is {found.status}", remedy)
    shown = f"{found.friendly_name or 'the account'} is active"
    if found.type == "Trial":
        remedy = "Verify who is to be reached in Twilio's console, or upgrade the account"
        return Check(name, True, f"{shown}; a trial reaches verified numbers only", remedy)
    return Check(name, True, shown)


async def _shows_account(client: TwilioClient) -> bool:
    """Tell whether an API key shows the account: a Standard one does not, though it may send.

    https://www.twilio.com/docs/iam/api-keys. What both may read tells whether it is right.
    """
    try:
        await client.account()
    except AccountRefused:
        async for _ in client.list_messages(page_size=1):
            break
        return False
    return True


async def senders(patient: Patient) -> Check:
    """Look at TWILIO_FROM, and at the `from` of each channel."""
    rules = patient.file.policy.channels.values() if patient.file else ()
    named = [patient.settings.twilio_from, *(each for one in rules for each in one.senders)]
    inbound = ""
    if patient.settings.public_url:
        inbound = f"{patient.settings.public_url.rstrip('/')}{INBOUND_PATH}"
    crowd = asyncio.Semaphore(_AT_ONCE)
    async with _open(patient) as client:

        async def look(sender: str) -> Part:
            async with crowd:
                return await _sender(client, sender, inbound)

        parts = await asyncio.gather(*map(look, dict.fromkeys(named)))
    return together("Twilio sender", parts)


async def _sender(client: TwilioClient, sender: str, inbound: str) -> Part:
    shape = sender_shape(sender)
    if shape == "alphanumeric sender":
        remedy = "Use a number for pages: an acknowledgement by SMS cannot come back to a name"
        words = "it is one way, so replies cannot come back, and some countries refuse it"
        return Part(f"{shape} {sender}: {words}", remedy)
    if shape in _UNKNOWN:
        shown = sender if shape == "Messaging Service" else mask(sender)
        return Part(f"{shape} {shown}: {_UNKNOWN[shape]}")
    shown = f"{shape} {mask(sender)}"
    try:
        found = await client.own_number(sender)
    except TwilioError as exc:
        why = judge(exc).of_a_read()
        return Part(f"{shown}: not looked up ({why})", "Mend the account first", ok=False)
    return _own(shown, found, inbound)


def _own(shown: str, found: OwnNumber | None, inbound: str) -> Part:
    if found is None:
        remedy = "Choose one from Phone Numbers in Twilio's console, or move it to this account"
        return Part(f"{shown} is none of the account's numbers", remedy, ok=False)
    if not found.sms:
        remedy = "Choose a number with the capability SMS"
        return Part(f"{shown} cannot send messages", remedy, ok=False)
    able = f"{shown} is the account's own and can send"
    if not inbound:
        return Part(f"{able}; replies are asked for, as PUBLIC_URL is not set")
    if where := _elsewhere(found, inbound):
        remedy = (
            "In Twilio's console set the number's \"A message comes in\" to Webhook, "
            f"{inbound}, HTTP POST; until then replies are asked for, which takes longer"
        )
        return Part(f"{able}, but {where}", remedy)
    return Part(f"{able}; what comes in is posted to this bot")


def _elsewhere(found: OwnNumber, inbound: str) -> str:
    """Say where replies go instead; empty if they come to us."""
    if found.sms_application_sid:
        return f"an application ({found.sms_application_sid}) decides where replies go"
    if not found.sms_url:
        return "replies are posted nowhere"
    if found.sms_url.rstrip("/") != inbound:
        return "replies are posted to another address"
    return "" if found.sms_method.upper() == "POST" else "replies come by GET, which is not served"
