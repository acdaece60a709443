"""What a contact or a group may be called: one plain word that can mean nothing else."""

import re

from commands.entries import VERIFIED
from commands.numbers import is_number

_WORD = re.compile(r"[^\s,\"'“”„\u2018\u2019]+")
_LONGEST = 80


def fault_of(name: str) -> tuple[str, str] | None:
    """Say what is wrong with a name and what to do instead; None if it will do."""
    if not _WORD.fullmatch(name):
        return "has blanks, commas or quotes, or is empty", "Write one plain word"
    if len(name) > _LONGEST:
        return f"is longer than {_LONGEST} characters", "Write a shorter one"
    if name.casefold() == VERIFIED:
        return (
            "is reserved: it means every verified number of the account",
            "Choose another name",
        )
    # else `send 911 …` and `send whatsapp:x …` would have two meanings
    if is_number(name) or name[0] in "@<#":
        return (
            "would be read as a number, an address or somebody in Slack",
            "Begin with a letter",
        )
    return None
