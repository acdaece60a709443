"""`sms-bot send` and `sms-bot recipients`: `twilio_core.activity`, with the settings' account."""

import asyncio
import json

import typer

from bot.cli.ending import FAILED, or_exit
from bot.config import TwilioInputs, twilio_inputs
from twilio_core.activity import Result, execute

_EXITS = {"Success": 0, "Partial-Success": 1}


def carry_out(method: str, *, sender: str | None = None, **inputs: str) -> None:
    """Carry out one of the activity's methods, and print its outputs as one JSON object."""
    given = or_exit(twilio_inputs)
    result = asyncio.run(_execute(given, method, sender, inputs))
    # ASCII alone: what was sent must be told on any terminal, whatever its encoding
    print(json.dumps(result.as_json()))  # noqa: T201 - the result
    raise typer.Exit(_EXITS.get(result.status, FAILED))


async def _execute(
    given: TwilioInputs, method: str, sender: str | None, inputs: dict[str, str]
) -> Result:
    whole = {
        "accountSid": given.account_sid,
        "authToken": given.auth_token,
        "urlString": given.url,
        "method": method,
        "from": given.sender if sender is None else sender,
        **inputs,
    }
    key = (given.api_key.strip(), given.api_secret.strip())
    return await execute(whole, api_key=key if all(key) else None)
