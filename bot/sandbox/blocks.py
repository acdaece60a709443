"""A strict Block Kit validator: what Slack refuses, and what slack_sdk's models let pass.

Strict means two things beyond Slack: blocks this project has no use for (cards, plans, tasks,
calls) count as unsupported, and an input block is refused in messages.
"""

from collections.abc import Callable, Sequence
from typing import Literal

from bot.sandbox.checks import MAX_ID, Report
from bot.sandbox.elements import check_element
from bot.sandbox.model import Json
from bot.sandbox.richtext import check_rich_text, plain_text

Surface = Literal["message", "modal", "home"]

MOST_BLOCKS = {"message": 50, "modal": 100, "home": 100}
TABLE_CHARACTERS = 10_000
MARKDOWN_CHARACTERS = 12_000
_TEXTS = ("plain_text", "mrkdwn")
_EVERYWHERE = frozenset({"message", "modal", "home"})
_MESSAGE = frozenset({"message"})


def _section(report: Report, path: str, block: Json) -> None:
    report.shape(path, block, "", "block_id text fields accessory expand")
    if not block.get("text") and not block.get("fields"):
        report.add(path, "needs text or fields")
    report.text(f"{path}/text", block.get("text"), 3000, _TEXTS)
    for i, field in enumerate(report.objects(f"{path}/fields", block.get("fields"), 10)):
        report.text(f"{path}/fields/{i}", field, 2000, _TEXTS)
    if "accessory" in block:
        check_element(report, f"{path}/accessory", block["accessory"], "section")


def _header(report: Report, path: str, block: Json) -> None:
    report.shape(path, block, "text", "block_id level")
    report.text(f"{path}/text", block.get("text"), 150)


def _divider(report: Report, path: str, block: Json) -> None:
    report.shape(path, block, "", "block_id")


def _context(report: Report, path: str, block: Json) -> None:
    report.shape(path, block, "elements", "block_id")
    for i, element in enumerate(report.objects(f"{path}/elements", block.get("elements"), 10)):
        here = f"{path}/elements/{i}"
        if element.get("type") in _TEXTS:
            report.text(here, element, 3000, _TEXTS)
        else:
            check_element(report, here, element, "context")


def _actions(report: Report, path: str, block: Json) -> None:
    report.shape(path, block, "elements", "block_id")
    for i, element in enumerate(report.objects(f"{path}/elements", block.get("elements"), 25)):
        check_element(report, f"{path}/elements/{i}", element, "actions")


def _input(report: Report, path: str, block: Json) -> None:
    report.shape(path, block, "label element", "block_id hint optional dispatch_action")
    report.text(f"{path}/label", block.get("label"), 2000)
    report.text(f"{path}/hint", block.get("hint"), 2000)
    if "element" in block:
        check_element(report, f"{path}/element", block["element"], "input")


def _image(report: Report, path: str, block: Json) -> None:
    report.shape(path, block, "alt_text", "block_id image_url slack_file title")
    report.url(f"{path}/image_url", block.get("image_url"))
    report.string(f"{path}/alt_text", block.get("alt_text"), 2000)
    report.text(f"{path}/title", block.get("title"), 2000)
    if ("image_url" in block) == ("slack_file" in block):
        report.add(path, "needs either image_url or slack_file")


def _markdown(report: Report, path: str, block: Json) -> None:
    report.shape(path, block, "text", "block_id")
    report.string(f"{path}/text", block.get("text"), MARKDOWN_CHARACTERS)


def _table(report: Report, path: str, block: Json) -> None:
    report.shape(path, block, "rows", "block_id column_settings")
    rows = block.get("rows")
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        report.add(f"{path}/rows", "must be an array of arrays")
        return
    report.objects(f"{path}/rows", [{} for _ in rows], 100)
    for y, row in enumerate(rows):
        for x, cell in enumerate(report.objects(f"{path}/rows/{y}", row, 20)):
            _cell(report, f"{path}/rows/{y}/{x}", cell)
    if len({len(row) for row in rows}) > 1:
        report.add(f"{path}/rows", "all rows need the same number of cells")
    settings = block.get("column_settings")
    for i, column in enumerate(report.objects(f"{path}/column_settings", settings, 20, least=0)):
        report.shape(f"{path}/column_settings/{i}", column, "", "align is_wrapped")
        here = f"{path}/column_settings/{i}/align"
        report.one_of(here, column.get("align"), ("left", "center", "right"))


def _cell(report: Report, path: str, cell: Json) -> None:
    if cell.get("type") == "raw_text":
        report.shape(path, cell, "text")
        report.string(f"{path}/text", cell.get("text"), TABLE_CHARACTERS)
    elif cell.get("type") == "rich_text":
        check_rich_text(report, path, cell)
    else:
        report.add(f"{path}/type", f"unsupported type in table: {cell.get('type')}")


_BLOCKS: dict[str, tuple[Callable[[Report, str, Json], None], frozenset[str]]] = {
    "section": (_section, _EVERYWHERE),
    "header": (_header, _EVERYWHERE),
    "divider": (_divider, _EVERYWHERE),
    "context": (_context, _EVERYWHERE),
    "actions": (_actions, _EVERYWHERE),
    "image": (_image, _EVERYWHERE),
    "rich_text": (check_rich_text, _EVERYWHERE),
    "input": (_input, _EVERYWHERE - _MESSAGE),
    "table": (_table, _MESSAGE),
    "markdown": (_markdown, _MESSAGE),
}


def problems(
    blocks: Sequence[object], surface: Surface = "message", root: str = "/blocks"
) -> list[str]:
    """Say what Slack would refuse in these blocks on this surface; nothing if they are fine."""
    report = Report()
    if not isinstance(blocks, list):
        report.add(root, "must be an array")
        return report.problems
    if len(blocks) > MOST_BLOCKS[surface]:
        report.add(root, f"no more than {MOST_BLOCKS[surface]} items allowed")
    ids: set[str] = set()
    for i, block in enumerate(blocks):
        _block(report, f"{root}/{i}", block, surface, ids)
    _totals(report, root, [b for b in blocks if isinstance(b, dict)])
    return report.problems


def _block(report: Report, path: str, block: object, surface: str, ids: set[str]) -> None:
    if not isinstance(block, dict):
        report.add(path, "must be an object")
        return
    kind = block.get("type")
    check, surfaces = _BLOCKS.get(str(kind), (None, frozenset()))
    if check is None:
        report.add(f"{path}/type", f"unsupported type: {kind}")
        return
    if surface not in surfaces:
        report.add(f"{path}/type", f"{kind} is not allowed on the surface {surface}")
    block_id = block.get("block_id")
    report.string(f"{path}/block_id", block_id, MAX_ID)
    if block_id is not None and str(block_id) in ids:
        report.add(f"{path}/block_id", f"duplicate block_id: {block_id}")
    ids.add(str(block_id))
    report.action_ids.clear()  # an action_id is unique within its block
    check(report, path, block)


def _totals(report: Report, root: str, blocks: list[Json]) -> None:
    """What counts over the message as a whole: one table, its characters, all markdown."""
    tables = [b for b in blocks if b.get("type") == "table"]
    if len(tables) > 1:
        report.add(root, "only one table is allowed in a message")
    if sum(len(plain_text(t.get("rows"))) for t in tables) > TABLE_CHARACTERS:
        report.add(root, f"tables must be less than {TABLE_CHARACTERS + 1} characters in all")
    marks = [b.get("text") for b in blocks if b.get("type") == "markdown"]
    total = sum(len(m) for m in marks if isinstance(m, str))
    if len(marks) > 1 and total > MARKDOWN_CHARACTERS:
        report.add(root, f"markdown must be less than {MARKDOWN_CHARACTERS + 1} characters in all")


def view_problems(view: object) -> list[str]:
    """Say what Slack would refuse in a modal or home view."""
    report = Report()
    if not isinstance(view, dict):
        report.add("/view", "must be an object")
        return report.problems
    kind = view.get("type")
    if kind not in ("modal", "home"):
        report.add("/view/type", f"unsupported type: {kind}")
        return report.problems
    own = "title submit close clear_on_close notify_on_close submit_disabled" * (kind == "modal")
    required = "blocks title" if kind == "modal" else "blocks"
    report.shape("/view", view, required, f"{own} callback_id external_id private_metadata")
    for name in ("title", "submit", "close"):
        report.text(f"/view/{name}", view.get(name), 24)
    report.string("/view/private_metadata", view.get("private_metadata"), 3000, least=0)
    report.string("/view/callback_id", view.get("callback_id"), MAX_ID, least=0)
    report.string("/view/external_id", view.get("external_id"), MAX_ID, least=0)
    given = view.get("blocks")
    blocks = [] if given is None else given
    found = problems(blocks, kind, "/view/blocks")
    listed = blocks if isinstance(blocks, list) else []
    inputs = any(isinstance(b, dict) and b.get("type") == "input" for b in listed)
    if kind == "modal" and inputs and not view.get("submit"):
        report.add("/view/submit", "a modal with input blocks needs a submit button")
    return report.problems + found
