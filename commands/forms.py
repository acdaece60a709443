"""How each verb is written: the one list that usage errors and `help` draw from."""

from collections.abc import Mapping
from types import MappingProxyType

FORMS: Mapping[str, str] = MappingProxyType(
    {
        "send": "/sms send <recipients> <message>",
        "recipients": "/sms recipients [filter]",
        "page": "/sms page <recipients or escalation> <message>",
        "ack": "/sms ack [id]",
        "resolve": "/sms resolve [id]",
        "status": "/sms status [id]",
        "contacts": "/sms contacts, /sms contacts add NAME NUMBER, /sms contacts remove NAME",
        "group": "/sms group NAME NAME…, /sms group add NAME NAME…, /sms group remove NAME NAME…, "
        "/sms group delete NAME",
        "why": "/sms why <command…>",
        "help": "/sms help",
    }
)
"""Every verb, in the contract's order."""


def write(verb: str, example: str = "") -> str:
    """Say how `verb` is written, with an example if there is one."""
    form = f"Write: {FORMS[verb]}"
    return f"{form}\nFor example: {example}" if example else form
