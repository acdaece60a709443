"""How a Web API request is read: query, form or JSON; the token from its header or a field."""

import json

from aiohttp import web

from bot.sandbox.model import Json, Refused

_NESTED = {
    "blocks": "invalid_blocks_format",
    "attachments": "invalid_attachments_format",
    "metadata": "invalid_metadata_format",
    "view": "invalid_arguments",
}
"""Fields that may come as JSON in a string, and what Slack says where it is none."""


async def read(request: web.Request) -> tuple[str, Json]:
    """Give the token (empty if there is none) and the arguments as they came.

    Raises:
        Refused: invalid_json.
    """
    args: Json = dict(request.query)
    if request.content_type == "application/json":
        try:
            body = await request.json()
        except ValueError:
            raise Refused("invalid_json") from None
        if not isinstance(body, dict):
            raise Refused("json_not_object")
        args |= body
    else:
        args |= dict(await request.post())
    scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
    field = str(args.pop("token", ""))
    return (bearer if scheme.lower() == "bearer" else field), args


def nested(args: Json) -> Json:
    """Decode the fields that came as JSON in a string.

    Raises:
        Refused: one of them is no JSON.
    """
    decoded = dict(args)
    for name, error in _NESTED.items():
        if isinstance(args.get(name), str) and args[name]:
            try:
                decoded[name] = json.loads(args[name])
            except ValueError:
                raise Refused(error) from None
    return decoded


def flag(args: Json, name: str) -> bool:
    """Read a yes or no, which forms write as 1, true or True."""
    return str(args.get(name, "")).lower() in ("1", "true")


def number(args: Json, name: str, most: int) -> int:
    """Read a whole number from 1 to `most`, 0 if it is absent.

    Raises:
        Refused: invalid_limit and the like.
    """
    text = str(args.get(name, ""))
    if not text:
        return 0
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= most):
        raise Refused(f"invalid_{name}")
    return int(text)
