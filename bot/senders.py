"""What may stand in From: the one test for TWILIO_FROM and for `from` in sms.toml."""

import re

_SHAPES = (
    ("number", re.compile(r"\+[1-9]\d{6,14}")),
    ("short code", re.compile(r"\d{3,8}")),
    ("Messaging Service", re.compile(r"MG[0-9a-fA-F]{32}")),
    ("channel address", re.compile(r"[a-z][a-z0-9_]*:(?!//)\S+")),
    # https://www.twilio.com/docs/glossary/what-alphanumeric-sender-id
    ("alphanumeric sender", re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9 ]{1,11}")),
)

SENDER_REMEDY = (
    "Give a number such as +16175551212, a short code, a name of up to 11 letters and digits, "
    "a Messaging Service (MG and 32 hexadecimal digits), or an address such as "
    "whatsapp:+16175551212"
)


def sender_shape(text: str) -> str:
    """Name the kind of sender that `text` is, or give ``""`` if Twilio would refuse its shape."""
    return next((name for name, shape in _SHAPES if shape.fullmatch(text)), "")
