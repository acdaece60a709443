"""Slack's mrkdwn and rich_text as styled terminal text, with nothing in it a terminal obeys."""

import html
import re
import unicodedata
from collections.abc import Mapping

from rich.style import Style
from rich.text import Text

from bot.sandbox.model import Json

EMOJI = {
    "white_check_mark": "✅",
    "heavy_check_mark": "✔",
    "x": "❌",
    "hourglass_flowing_sand": "⏳",
    "hourglass": "⌛",
    "warning": "⚠",
    "grey_question": "❔",
    "question": "❓",
    "no_entry": "⛔",
    "lock": "🔒",
    "rotating_light": "🚨",
    "raised_hand": "✋",
    "checkered_flag": "🏁",
    "bell": "🔔",
    "mag": "🔍",
    "iphone": "📱",
    "speech_balloon": "💬",
    "arrows_counterclockwise": "🔄",
    "information_source": "ℹ",  # noqa: RUF001 - it is that sign
}
"""The emoji in use; others stay shortcodes."""

_TOKEN = re.compile(
    r"```(?P<pre>.+?)```"
    r"|`(?P<code>[^`\n]+)`"
    r"|<(?P<ref>[^<>\n]+)>"
    r"|(?<!\w)\*(?P<bold>[^*\n]+)\*(?!\w)"
    r"|(?<!\w)_(?P<italic>[^_\n]+)_(?!\w)"
    r"|(?<!\w)~(?P<strike>[^~\n]+)~(?!\w)"
    r"|:(?P<emoji>[a-z0-9_+-]+):",
    re.DOTALL,
)
_STYLES = {"bold": "bold", "italic": "italic", "strike": "strike", "code": "cyan"}
_KEPT = "\n\t"


def safe(text: str) -> str:
    """Replace what a terminal would obey: control characters, and marks that turn text around."""
    return "".join(_shown(c) for c in text)


def _shown(char: str) -> str:
    if char in _KEPT:
        return char
    if char < " ":
        return chr(0x2400 + ord(char))  # the visible picture of a control character
    if unicodedata.category(char) == "Cc" or char in "\u202a\u202b\u202c\u202d\u202e\u2028\u2029":
        return "\ufffd"
    return "\ufffd" if "\u2066" <= char <= "\u2069" else char


def _plain(text: str) -> str:
    return safe(html.unescape(text))


def mrkdwn(text: str, names: Mapping[str, str] = {}) -> Text:
    """Style mrkdwn; `names` gives the names of ids that come without a label."""
    out, at = Text(), 0
    for match in _TOKEN.finditer(text):
        out.append(_plain(text[at : match.start()]))
        at = match.end()
        out.append_text(_token(match, names))
    out.append(_plain(text[at:]))
    return out


def _token(match: re.Match[str], names: Mapping[str, str]) -> Text:
    kind, inner = str(match.lastgroup), match[str(match.lastgroup)]
    if kind == "emoji":
        return Text(EMOJI.get(inner, match.group()))
    if kind == "ref":
        return _reference(inner, names)
    if kind == "pre":
        return Text(_plain(inner.strip("\n")), "cyan")
    if kind == "code":
        return Text(_plain(inner), "cyan")
    styled = mrkdwn(inner, names)
    styled.stylize(_STYLES[kind])
    return styled


def _reference(inner: str, names: Mapping[str, str]) -> Text:
    """A person, channel, group, date, broadcast or link, by what stands before the bar."""
    target, _, label = inner.partition("|")
    sign, ident = target[:1], target[1:]
    name = label or names.get(ident, ident)
    if sign == "@":
        return Text(f"@{_plain(name).lstrip('@')}", "blue")
    if sign == "#":
        return Text(f"#{_plain(name).lstrip('#')}", "blue")
    if sign == "!":
        kind, _, group = ident.partition("^")
        said = label or (names.get(group, group) if kind == "subteam" else kind)
        return Text(_plain(said) if kind == "date" else f"@{_plain(said).lstrip('@')}", "blue")
    return Text(_plain(label or target), Style(color="blue", underline=True))


def text_object(obj: Json, names: Mapping[str, str] = {}) -> Text:
    """Style a text object: mrkdwn, or plain text, where only emoji count."""
    text = str(obj.get("text", ""))
    return mrkdwn(text, names) if obj.get("type") == "mrkdwn" else plain_text(text)


def plain_text(text: str) -> Text:
    """Plain text with its emoji."""
    return Text(safe(re.sub(r":([a-z0-9_+-]+):", _emoji, text)))


def _emoji(match: re.Match[str]) -> str:
    return EMOJI.get(match[1], match.group())


def rich_text(node: Json, names: Mapping[str, str] = {}) -> Text:
    """Style a rich_text block or one of its parts."""
    kind, children = node.get("type"), node.get("elements", [])
    if kind == "rich_text_list":
        return Text("\n").join(_items(node, names))
    if kind == "rich_text":
        return Text("\n").join(rich_text(child, names) for child in children)
    out = Text().join(_piece(child, names) for child in children)
    if kind == "rich_text_preformatted":
        out.stylize("cyan")
    if kind == "rich_text_quote":
        out = Text("▌ ", "dim").append_text(out)
    return out


def _items(node: Json, names: Mapping[str, str]) -> list[Text]:
    pad = "  " * node.get("indent", 0)
    ordered = node.get("style") == "ordered"
    signs = [f"{i}. " if ordered else "• " for i in range(1, len(node["elements"]) + 1)]
    items = zip(signs, node["elements"], strict=True)
    return [Text(pad + sign).append_text(rich_text(item, names)) for sign, item in items]


def _piece(piece: Json, names: Mapping[str, str]) -> Text:
    kind = piece["type"]
    style = " ".join(_STYLES[s] for s, on in piece.get("style", {}).items() if on and s in _STYLES)
    if kind == "link":
        return Text(safe(piece.get("text") or piece["url"]), Style(color="blue", underline=True))
    if kind == "emoji":
        return Text(EMOJI.get(piece["name"], f":{safe(piece['name'])}:"))
    if kind in ("user", "usergroup", "channel"):
        ident = piece[f"{kind}_id"]
        sign = "#" if kind == "channel" else "@"
        return Text(sign + safe(names.get(ident, ident)), "blue")
    said = piece.get("text") or piece.get("fallback") or piece.get("range") or piece.get("value")
    return Text(safe(str(said or "")), style)
