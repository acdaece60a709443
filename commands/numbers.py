"""Turns what people write for a phone number into an address, or says why it is none.

A *possible* number is enough: Twilio knows better which ones exist, and its own +1 555 test
numbers are not valid ones. phonenumbers' geocoder stays out: importing it costs 269 ms.
"""

import re
import unicodedata
from functools import lru_cache

import phonenumbers
from phonenumbers import NumberParseException, ValidationResult

_CHANNEL = re.compile(r"(whatsapp|messenger|rcs|tel):(.*)", re.IGNORECASE | re.DOTALL)
_DIALLED = r"[\d\s().\-\u2010-\u2015\u2212/~]"
_EXTENSION = r"(?:;ext=|ext\.?|extension|x|\#)\s*\d+"
_NUMBER = re.compile(rf"([+\uff0b]?{_DIALLED}+)({_EXTENSION})?", re.IGNORECASE)
_FEWEST_BEFORE_EXTENSION = 7  # "24x7" is a name
_LONGEST_SHORT_CODE = 6
_LONGEST_ADDRESS = 255
_MARKS = dict.fromkeys(
    (0xAD, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x206A), 0xFEFF)
)
"""What cannot be seen and comes along when a number is copied from a telephone's contacts."""

_REASONS = {
    ValidationResult.IS_POSSIBLE_LOCAL_ONLY: "its area code is missing",
    ValidationResult.TOO_SHORT: "too short for a phone number; quote a number that has blanks",
    ValidationResult.TOO_LONG: "too long for a phone number",
    ValidationResult.INVALID_LENGTH: "no phone number of its country has this length",
    ValidationResult.INVALID_COUNTRY_CODE: "its country code does not exist",
}


class BadNumber(ValueError):
    """The text is not a number that can be texted.

    Attributes:
        why: the reason in words for the person who typed it.
    """

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def is_number(text: str) -> bool:
    """Tell whether `text` is meant as a number or channel address rather than as a name."""
    text = text.translate(_MARKS)
    if _CHANNEL.fullmatch(text):
        return True
    match = _NUMBER.fullmatch(text.strip())
    if match is None:
        return False
    digits = sum(map(str.isdigit, match[1]))
    return digits >= (_FEWEST_BEFORE_EXTENSION if match[2] else 1)


@lru_cache(maxsize=32_768)  # 16 µs a number: a group of 10,000 would hold the bot for 0.2 s
def to_address(text: str, region: str) -> str:
    """Give the E.164 number or channel address that `text` stands for.

    Args:
        text: a number with or without ``+``, a ``tel:`` URI or a channel address.
        region: two-letter code of the country whose national numbers need no ``+``.

    Raises:
        BadNumber: the text stands for no number that can be texted.
    """
    channel, rest = _split(text.translate(_MARKS).strip())
    if channel in {"messenger", "rcs"}:
        if not rest or "," in rest or not all(map(_visible, rest)):
            raise BadNumber(f"write it as {channel}: and the address, without blanks or commas")
        if len(rest) > _LONGEST_ADDRESS:
            raise BadNumber(f"no {channel} address is that long")
        return f"{channel}:{rest}"
    number = _e164(rest, region)
    return f"{channel}:{number}" if channel == "whatsapp" else number


def _visible(c: str) -> bool:
    return unicodedata.category(c)[0] not in "CZ"


def _split(text: str) -> tuple[str, str]:
    match = _CHANNEL.fullmatch(text)
    return (match[1].lower(), match[2].strip()) if match else ("", text)


def _e164(text: str, region: str) -> str:
    try:
        number = phonenumbers.parse(text, region)
    except NumberParseException as error:
        raise BadNumber(_unreadable(text, error)) from error
    if number.extension:
        raise BadNumber(f"an extension cannot be texted; leave out the {number.extension}")
    if any(unicodedata.category(c).startswith("L") for c in text):
        raise BadNumber("it has letters; write the number in digits")
    possible = phonenumbers.is_possible_number_with_reason(number)
    if possible != ValidationResult.IS_POSSIBLE:
        raise BadNumber(_short_code(text) or _REASONS[possible])
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _short_code(text: str) -> str:
    digits = sum(map(str.isdigit, text))
    if text.startswith("+") or "(" in text or digits > _LONGEST_SHORT_CODE:
        return ""
    return "a short code cannot be texted; write a whole phone number"


def _unreadable(text: str, error: NumberParseException) -> str:
    if error.error_type == NumberParseException.INVALID_COUNTRY_CODE:
        if text.startswith("+"):
            return _REASONS[ValidationResult.INVALID_COUNTRY_CODE]
        return "write it with + and its country code"
    if error.error_type == NumberParseException.TOO_LONG:
        return _REASONS[ValidationResult.TOO_LONG]
    if sum(map(str.isdigit, text)) > 1:
        return _REASONS[ValidationResult.TOO_SHORT]
    return "not a phone number"
