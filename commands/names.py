"""What a contact or a group may be called: one plain word that can mean nothing else."""

import re
import unicodedata

from commands.entries import VERIFIED
from commands.numbers import is_number

_WORD = re.compile(r"[^\s,\"'“”„\u2018\u2019]+")
_LONGEST = 80
_UNSEEN = frozenset({"Cc", "Cf", "Cs"})
_JOINERS = "\u200c\u200d"  # within words of some scripts, and within emoji


def fault_of(name: str) -> tuple[str, str] | None:
    """Say what is wrong with a name and what to do instead; None if it will do."""
    if not _WORD.fullmatch(name):
        return "has blanks, commas or quotes, or is empty", "Write one plain word"
    if len(name) > _LONGEST:
        return f"is longer than {_LONGEST} characters", "Write a shorter one"
    if not _seen(name):
        return (
            "has characters that cannot be seen, or that turn the line around",
            "Type it anew instead of pasting it",
        )
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


def _seen(name: str) -> bool:
    """Tell whether two names that look the same are the same, and no database refuses this one."""
    kinds = [unicodedata.category(c) for c in name if c not in _JOINERS]
    return _UNSEEN.isdisjoint(kinds) and any(kind[0] in "LNPS" for kind in kinds)
