"""Looks at a send before it is made: who gets it, and how many SMS it is."""

import unicodedata

from commands.characters import named, odd_ones, plainer
from commands.model import NewSend
from commands.ports import Ledger
from commands.question import Preview
from commands.segments import MAX_BODY, Segments, measure


async def preview(new: NewSend, ledger: Ledger) -> Preview:
    """Look at a send; who has opted out of its sender is told apart."""
    out = await ledger.opted_out(new.sender, [r.address for r in new.recipients])
    size, odd = measure(new.body), odd_ones(new.body)
    return Preview(
        recipients=new.recipients,
        left_out=tuple(r for r in new.recipients if r.address in out),
        size=size,
        odd=odd,
        plain=shorter(new.body, size) if odd else None,
    )


def shorter(body: str, size: Segments) -> Segments | None:
    """Give the size of a text with plain characters, None if it would be no shorter."""
    plain = measure(plainer(body))
    fits = plain.segments < size.segments and plain.utf16_units <= MAX_BODY
    return plain if fits else None


def billed(body: str, count: int) -> str:
    """Say what is billed, and which characters make it more than it need be."""
    size, odd = measure(body), odd_ones(body)
    told = f"{size.segments * count:,} SMS in all: {_segments(size.segments)} each"
    if not odd:
        return f"{told}."
    why = ", ".join(named(c) for c in odd[:_NAMED])
    told += f", with 70 characters a segment instead of 160 because of {why}"
    return f"{told} and {len(odd) - _NAMED} more." if len(odd) > _NAMED else f"{told}."


def context(body: str, odd: str) -> str:
    """Show where in a text a character is: what stands around it, and its name."""
    at = body.index(odd)
    before, after = body[max(at - _AROUND, 0) : at], body[at + len(odd) :][:_AROUND]
    words = " ".join(f"{before}[{odd}]{after}".split())
    name = unicodedata.name(odd, f"U+{ord(odd):04X}")
    return f"{name.capitalize()} in “{words}”"


def plainly(body: str) -> str:
    """Say what plain characters would make of a text; empty if it has no other ones."""
    if not odd_ones(body):
        return ""
    plain = shorter(body, measure(body))
    if plain is None:
        return "Plain characters would make it no shorter."
    return f"Plain characters would make it {_segments(plain.segments)} each: {plainer(body)}"


def _segments(count: int) -> str:
    return f"{count} segment{'' if count == 1 else 's'}"


_NAMED = 5
_AROUND = 12
"""Characters shown before and after one that stands out."""
