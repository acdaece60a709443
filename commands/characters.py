"""The characters that make a text travel as UCS-2, at 70 a segment, and plain ones instead.

One typographic quote is enough: editors and phones put them in by themselves.
"""

import unicodedata

from commands.segments import in_gsm7

_PLAIN = {
    **dict.fromkeys("\u2018\u2019\u201a\u201b\u2032\u00b4\u02bc\u2039\u203a`", "'"),
    **dict.fromkeys("\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb", '"'),
    **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u2043", "-"),
    **dict.fromkeys("\u2022\u25e6\u2023\u00b7", "*"),
    **dict.fromkeys("\u2192\u21d2\u2794", "->"),
    **dict.fromkeys("\u2190\u21d0", "<-"),
    **dict.fromkeys("\u2713\u2714", "+"),
    **dict.fromkeys("\u2717\u2718\u00d7", "x"),
    **dict.fromkeys("\u200b\u200c\u200d\u2060\ufeff\u00ad\ufe0e\ufe0f", ""),
    "\u2026": "...",
    "\u00a9": "(C)",
    "\u00ae": "(R)",
    "\u2122": "TM",
    "\u00b0": " deg",
    "\u00f7": "/",
    "\u2264": "<=",
    "\u2265": ">=",
    "\u2260": "!=",
    "\u0131": "i",
    "\u0142": "l",
    "\u0141": "L",
    "\u0111": "d",
    "\u0110": "D",
    "\u0153": "oe",
    "\u0152": "OE",
    "\t": " ",
    "\u2028": "\n",
    "\u2029": "\n",
}


def odd_ones(text: str) -> tuple[str, ...]:
    """Give what GSM-7 does not have, each once, in order; with nothing odd a text is GSM-7."""
    return tuple(dict.fromkeys(c for c in text if not in_gsm7(c)))


def plainer(text: str) -> str:
    """Write a text with plain characters as far as that keeps its sense; emoji stay."""
    whole = unicodedata.normalize("NFC", text)
    return "".join(c if in_gsm7(c) else _plain(c) for c in whole)


def _plain(odd: str) -> str:
    if odd in _PLAIN:
        return _PLAIN[odd]
    if unicodedata.category(odd) == "Zs":  # no-break, thin and all other blanks
        return " "
    # ő is o and an accent; ½ is 1, a stroke and 2
    parts = [c for c in unicodedata.normalize("NFKD", odd) if not unicodedata.combining(c)]
    plain = "".join(_PLAIN.get(c, c) for c in "".join(parts).replace("\u2044", "/"))
    return plain if plain and all(map(in_gsm7, plain)) else odd


def named(odd: str) -> str:
    """Call a character so that it can be found: itself, or its name where it cannot be seen."""
    seen = unicodedata.category(odd)[0] in "LNPS"
    if seen:
        return f"“{odd}”"
    return unicodedata.name(odd, "").lower() or f"U+{ord(odd):04X}"
