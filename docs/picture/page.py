"""Draw messages (JSON on standard input) as a page that looks like Slack's light theme.

Only the kinds of block that a card uses; any other is an error, so that nothing is left out.
"""  # noqa: INP001 - a script, not part of the package

import json
import re
import sys
from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Any

Json = dict[str, Any]

NAMES = {"U0ALICE": "alice"}
EMOJI = {
    "white_check_mark": "✅",
    "x": "❌",
    "grey_question": "❔",
    "hourglass_flowing_sand": "⏳",
}
MEASURE = (
    "<script>document.body.dataset.height=Math.ceil(document.body.getBoundingClientRect().height)"
    "</script>"
)
ICON = (
    '<svg viewBox="0 0 36 36"><path d="M9 11h18a2 2 0 0 1 2 2v10a2 2 0 0 1-2 2H17l-5 4v-4H9'
    'a2 2 0 0 1-2-2V13a2 2 0 0 1 2-2z" fill="#fff"/><g fill="#1d3557"><circle cx="13" cy="18" '
    'r="1.7"/><circle cx="18" cy="18" r="1.7"/><circle cx="23" cy="18" r="1.7"/></g></svg>'
)
EYE = (
    '<svg viewBox="0 0 20 20" fill="none" stroke="#616061" stroke-width="1.5">'
    '<path d="M1.8 10S4.8 4.5 10 4.5 18.2 10 18.2 10 15.2 15.5 10 15.5 1.8 10 1.8 10z"/>'
    '<circle cx="10" cy="10" r="2.6"/></svg>'
)


def mrkdwn(text: str) -> str:
    """Turn Slack's markup into HTML; its own escapes (`&amp;`) are HTML's already."""
    html = re.sub(r"<@(\w+)>", lambda m: f"<i class=mention>@{NAMES[m[1]]}</i>", text)
    html = re.sub(r":([a-z_]+):", lambda m: f"<span class=emoji>{EMOJI[m[1]]}</span>", html)
    html = re.sub(r"^\*(.+)\*$", r"<b>\1</b>", html, flags=re.MULTILINE)
    return html.replace("\n", "<br>")


def _header(block: Json) -> str:
    return f"<h3>{escape(block['text']['text'])}</h3>"


def _context(block: Json) -> str:
    return "".join(f"<div class=context>{mrkdwn(e['text'])}</div>" for e in block["elements"])


def _section(block: Json) -> str:
    text = f"<p>{mrkdwn(block['text']['text'])}</p>" if "text" in block else ""
    fields = "".join(f"<div>{mrkdwn(f['text'])}</div>" for f in block.get("fields", ()))
    return text + (f"<div class=fields>{fields}</div>" if fields else "")


def _rich_text(block: Json) -> str:
    tags = {"rich_text_quote": "blockquote", "rich_text_preformatted": "pre"}
    parts = (
        (tags[e["type"]], "".join(p["text"] for p in e["elements"])) for e in block["elements"]
    )
    return "".join(f"<{tag}>{escape(text)}</{tag}>" for tag, text in parts)


def _actions(block: Json) -> str:
    buttons = (
        f"<button class={e.get('style', 'plain')}>{escape(e['text']['text'])}</button>"
        for e in block["elements"]
    )
    return f"<div class=actions>{''.join(buttons)}</div>"


DRAWN: dict[str, Callable[[Json], str]] = {
    "header": _header,
    "context": _context,
    "section": _section,
    "rich_text": _rich_text,
    "actions": _actions,
}


def message(found: Json) -> str:
    """Draw one message with its sender beside it."""
    eye = f"<div class=only>{EYE}Only visible to you</div>" if found["private"] else ""
    blocks = "".join(DRAWN[block["type"]](block) for block in found["blocks"])
    head = "<b>SMS</b><span class=app>APP</span><span class=time>3:04 AM</span>"
    return (
        f"<article class={'private' if found['private'] else 'open'}>{eye}<div class=icon>{ICON}"
        f"</div><div class=body><header>{head}</header>{blocks}</div></article>"
    )


def main() -> None:
    """Write the page to standard output."""
    style = Path(__file__).with_name("slack.css").read_text(encoding="utf-8")
    messages = "".join(map(message, json.load(sys.stdin)))
    head = f"<!doctype html><meta charset=utf-8><style>{style}</style>"
    sys.stdout.write(f"{head}<body>{messages}{MEASURE}")


if __name__ == "__main__":
    main()
