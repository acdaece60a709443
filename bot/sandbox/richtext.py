"""The shapes of rich_text: sections, preformatted, quotes and lists of inline pieces.

https://docs.slack.dev/reference/block-kit/blocks/rich-text-block
"""

from bot.sandbox.checks import Report
from bot.sandbox.model import Json

_INLINE = {
    "text": ("text", "style"),
    "link": ("url", "text style unsafe"),
    "emoji": ("name", "unicode style skin_tone display_team_id display_url"),
    "user": ("user_id", "style"),
    "channel": ("channel_id", "style"),
    "usergroup": ("usergroup_id", "style"),
    "broadcast": ("range", "style"),
    "date": ("timestamp format", "url fallback style"),
    "color": ("value", "style"),
}
_STYLES = {"bold", "italic", "strike", "code", "underline", "highlight", "client_highlight"}
_STYLES |= {"unlink"}
_BOXES = {
    "rich_text_section": ("elements", ""),
    "rich_text_preformatted": ("elements", "border language"),
    "rich_text_quote": ("elements", "border"),
    "rich_text_list": ("elements style", "indent offset border"),
}
_MANY = 1000  # Slack names no limit here; a list this long is a bug


def check_rich_text(report: Report, path: str, block: Json) -> None:
    """Check a rich_text block, or a table cell of that type."""
    report.shape(path, block, "elements", "block_id")
    elements = report.objects(f"{path}/elements", block.get("elements"), _MANY)
    for i, element in enumerate(elements):
        _box(report, f"{path}/elements/{i}", element, _BOXES)


def _box(report: Report, path: str, box: Json, boxes: dict[str, tuple[str, str]]) -> None:
    kind = str(box.get("type"))
    if kind not in boxes:
        report.add(f"{path}/type", f"unsupported type: {kind}")
        return
    report.shape(path, box, *boxes[kind])
    least = 0 if kind == "rich_text_section" else 1
    children = report.objects(f"{path}/elements", box.get("elements"), _MANY, least=least)
    if kind == "rich_text_list":
        report.one_of(f"{path}/style", box.get("style"), ("bullet", "ordered"))
        only = {"rich_text_section": _BOXES["rich_text_section"]}
        for i, child in enumerate(children):
            _box(report, f"{path}/elements/{i}", child, only)
        return
    for i, child in enumerate(children):
        _inline(report, f"{path}/elements/{i}", child, plain=kind == "rich_text_preformatted")


def _inline(report: Report, path: str, piece: Json, *, plain: bool) -> None:
    kind = str(piece.get("type"))
    allowed = ("text", "link") if plain else tuple(_INLINE)
    if kind not in allowed:
        report.add(f"{path}/type", f"unsupported type: {kind}")
        return
    report.shape(path, piece, *_INLINE[kind])
    if kind == "text":
        report.string(f"{path}/text", piece.get("text"), 40_000)
    if kind == "link":
        report.url(f"{path}/url", piece.get("url"))
    style = piece.get("style")
    if style is not None and (not isinstance(style, dict) or not style.keys() <= _STYLES):
        report.add(f"{path}/style", f"must hold only {', '.join(sorted(_STYLES))}")


def plain_text(node: object) -> str:
    """All text of a rich_text tree in a row, as Slack counts it."""
    if isinstance(node, list):
        return "".join(plain_text(n) for n in node)
    if not isinstance(node, dict):
        return ""
    own = node.get("text")
    if isinstance(own, str):
        return own
    return plain_text(node.get("elements")) or str(node.get("url") or node.get("name") or "")
