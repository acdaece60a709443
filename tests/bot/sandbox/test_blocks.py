"""What Slack refuses: one line a rule, each beside what it lets pass."""

from typing import Any

import pytest
from slack_sdk.models.blocks import DividerBlock, HeaderBlock, SectionBlock

from bot.sandbox.blocks import problems, view_problems

Json = dict[str, Any]


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def mrk(text: str) -> Json:
    return {"type": "mrkdwn", "text": text}


def section(text: str = "x", **more: object) -> Json:
    return {"type": "section", "text": mrk(text)} | more


def button(action_id: str = "a", **more: object) -> Json:
    return {"type": "button", "action_id": action_id, "text": plain("Go")} | more


def actions(*elements: Json) -> Json:
    return {"type": "actions", "elements": list(elements)}


def option(value: object = "1", **more: object) -> Json:
    return {"text": plain("One"), "value": value} | more


def select(*options: Json, **more: object) -> Json:
    return {"type": "static_select", "action_id": "s", "options": list(options)} | more


def field(element: Json, **more: object) -> Json:
    return {"type": "input", "label": plain("L"), "element": element} | more


def rich(*elements: Json) -> Json:
    return {"type": "rich_text", "elements": list(elements)}


def line(*pieces: Json, kind: str = "rich_text_section", **more: object) -> Json:
    return {"type": kind, "elements": list(pieces)} | more


def word(text: str = "x", **more: object) -> Json:
    return {"type": "text", "text": text} | more


def table(rows: object, **more: object) -> Json:
    return {"type": "table", "rows": rows} | more


def raw(text: str = "x") -> Json:
    return {"type": "raw_text", "text": text}


IMAGE = {"type": "image", "image_url": "https://x.io/i.png", "alt_text": "i"}
CONFIRM = {
    "title": plain("T"),
    "text": mrk("Sure?"),
    "confirm": plain("Yes"),
    "deny": plain("No"),
    "style": "danger",
}
TEXT_INPUT = {"type": "plain_text_input", "action_id": "t"}

GOOD: list[Json] = [
    section("x" * 3000),
    section(fields=[mrk("x" * 2000)] * 10),
    section(accessory=button()),
    section(accessory=IMAGE),
    section(accessory=select(option(), initial_option=option())),
    {"type": "header", "text": plain("x" * 150)},
    {"type": "divider", "block_id": "x" * 255},
    {"type": "context", "elements": [mrk("x"), IMAGE] * 5},
    {"type": "actions", "elements": [button(str(i)) for i in range(25)]},
    actions(button(value="x" * 2000, url="https://x.io", style="primary", confirm=CONFIRM)),
    actions({"type": "overflow", "action_id": "o", "options": [option(str(i)) for i in range(5)]}),
    actions({"type": "users_select", "action_id": "u", "placeholder": plain("Who")}),
    IMAGE | {"title": plain("T")},
    {"type": "markdown", "text": "x" * 12_000},
    table([[raw()] * 20] * 100, column_settings=[{"align": "right", "is_wrapped": True}]),
    table([[rich(line(word()))]]),
    rich(line(word(style={"bold": True}), {"type": "emoji", "name": "x"})),
    rich(line(word(), {"type": "link", "url": "https://x.io"}, kind="rich_text_preformatted")),
    rich(line(line(word()), kind="rich_text_list", style="bullet", indent=1)),
    rich(line(word(), kind="rich_text_quote")),
    rich(line()),
]

BAD: list[tuple[Json, str]] = [
    (section("x" * 3001), "must be less than 3001 characters"),
    (section(""), "must be more than 0 characters"),
    ({"type": "section"}, "needs text or fields"),
    (section(fields=[mrk("x")] * 11), "no more than 10 items"),
    (section(fields=[mrk("x" * 2001)]), "must be less than 2001"),
    (section(fields=[]), "no fewer than 1 items"),
    (section(fields="x"), "must be an array"),
    (section(fields=["x"]), "must be an object"),
    ({"type": "section", "text": 3}, "must be a text object"),
    ({"type": "section", "text": {"type": "mrkdwn", "text": 3}}, "must be a string"),
    ({"type": "section", "text": mrk("x") | {"emoji": True}}, "invalid additional property: emoji"),
    ({"type": "section", "text": {"type": "text", "text": "x"}}, "must be plain_text or mrkdwn"),
    (section(accessory=TEXT_INPUT), "unsupported type in section"),
    (section(accessory="x"), "must be an object"),
    (section(block_id="x" * 256), "must be less than 256"),
    ({"type": "header", "text": plain("x" * 151)}, "must be less than 151"),
    ({"type": "header", "text": mrk("x")}, "must be plain_text, not mrkdwn"),
    ({"type": "header", "text": plain("  ")}, "must not be blank"),
    ({"type": "header"}, "missing required field: text"),
    ({"type": "divider", "x": 1}, "invalid additional property: x"),
    ({"type": "context", "elements": [mrk("x")] * 11}, "no more than 10 items"),
    ({"type": "context", "elements": []}, "no fewer than 1 items"),
    ({"type": "context", "elements": [button()]}, "unsupported type in context: button"),
    (actions(*[button(str(i)) for i in range(26)]), "no more than 25 items"),
    (actions(button(), button()), "duplicate action_id: a"),
    (actions(button("x" * 256)), "must be less than 256"),
    (actions(button(text=plain("x" * 76))), "must be less than 76"),
    (actions(button(text=mrk("x"))), "must be plain_text"),
    (actions(button(value="x" * 2001)), "must be less than 2001"),
    (actions(button(url="x.io")), "must be a valid URL"),
    (actions(button(url="https://" + "x" * 3000)), "must be less than 3001"),
    (actions(button(style="loud")), "must be one of danger, primary"),
    (actions(button(confirm=3)), "must be an object"),
    (actions(button(confirm={})), "missing required field: deny"),
    (actions(select()), "no fewer than 1 items"),
    (actions(select(*[option(str(i)) for i in range(101)])), "no more than 100 items"),
    (actions(select(option("x" * 76))), "must be less than 76"),
    (actions(select(option(), option())), "duplicate option value: 1"),
    (actions(select(option(), option_groups=[])), "needs either options or option_groups"),
    (actions(select(option(), initial_option=option("2"))), "must be one of the options"),
    (actions({"type": "multi_users_select", "action_id": "m"}), "unsupported type in actions"),
    (
        actions({"type": "overflow", "options": [option(str(i)) for i in range(6)]}),
        "no more than 5 items",
    ),
    (
        actions({"type": "checkboxes", "options": [option(str(i)) for i in range(11)]}),
        "no more than 10 items",
    ),
    ({"type": "image", "alt_text": "x"}, "needs either image_url or slack_file"),
    (section(accessory={"type": "image", "alt_text": "x"}), "needs either image_url"),
    ({"type": "markdown", "text": "x" * 12_001}, "must be less than 12001"),
    (field(TEXT_INPUT), "input is not allowed on the surface message"),
    ({"type": "hologram"}, "unsupported type: hologram"),
    (table([[raw()]] * 101), "no more than 100 items"),
    (table([[raw()] * 21]), "no more than 20 items"),
    (table([[raw("x" * 5001)] * 2]), "tables must be less than 10001"),
    (table([[raw(), raw()], [raw()]]), "same number of cells"),
    (table([]), "no fewer than 1 items"),
    (table("x"), "must be an array of arrays"),
    (table([[mrk("x")]]), "unsupported type in table: mrkdwn"),
    (table([[raw("")]]), "must be more than 0"),
    (table([[raw()]], column_settings=[{"align": "up"}]), "must be one of center, left, right"),
    (table([[rich(line({"type": "link", "url": "x" * 10_001}))]]), "tables must be less"),
    (rich(), "no fewer than 1 items"),
    (rich(word()), "unsupported type: text"),
    (rich(line(mrk("x"))), "unsupported type: mrkdwn"),
    (rich(line(word(""))), "must be more than 0"),
    (rich(line(word(style={"loud": True}))), "must hold only bold"),
    (rich(line(kind="rich_text_preformatted")), "no fewer than 1 items"),
    (rich(line({"type": "emoji", "name": "x"}, kind="rich_text_preformatted")), "unsupported"),
    (rich(line(line(word()), kind="rich_text_list", style="stars")), "must be one of bullet"),
    (rich(line(word(), kind="rich_text_list", style="bullet")), "unsupported type: text"),
]


@pytest.mark.parametrize("block", GOOD)
def test_what_slack_takes_passes(block: Json) -> None:
    assert problems([block]) == []


@pytest.mark.parametrize(("block", "problem"), BAD)
def test_what_slack_refuses_is_named_with_its_place(block: Json, problem: str) -> None:
    found = problems([block])
    assert any(problem in p for p in found), found
    assert all("[json-pointer:/blocks" in p for p in found)


@pytest.mark.parametrize(("surface", "most"), [("message", 50), ("modal", 100), ("home", 100)])
def test_a_surface_holds_so_many_blocks(surface: Any, most: int) -> None:  # noqa: ANN401
    divider = [{"type": "divider"}]
    assert problems(divider * most, surface) == []
    assert problems(divider * (most + 1), surface) == [
        f"no more than {most} items allowed [json-pointer:/blocks]"
    ]


def test_ids_are_unique_blocks_in_a_message_actions_in_a_block() -> None:
    twins: list[object] = [{"type": "divider", "block_id": "x"}] * 2
    assert problems(twins) == ["duplicate block_id: x [json-pointer:/blocks/1/block_id]"]
    assert problems([actions(button()), actions(button())]) == []


def test_a_message_has_one_table_and_so_much_markdown() -> None:
    assert problems([table([[raw()]])] * 2) == [
        "only one table is allowed in a message [json-pointer:/blocks]"
    ]
    marks = [{"type": "markdown", "text": "x" * 6001}] * 2
    assert "markdown must be less than 12001 characters in all" in problems(marks)[0]


@pytest.mark.parametrize("block", [table([[raw()]]), {"type": "markdown", "text": "x"}])
def test_tables_and_markdown_are_for_messages(block: Json) -> None:
    assert "is not allowed on the surface modal" in problems([block], "modal")[0]


def test_what_is_no_block_is_named() -> None:
    assert problems("x") == ["must be an array [json-pointer:/blocks]"]
    assert problems(["x"]) == ["must be an object [json-pointer:/blocks/0]"]


def test_the_sdks_own_blocks_pass() -> None:
    built = [HeaderBlock(text="Hi"), DividerBlock(), SectionBlock(text="*hi*")]
    assert problems([block.to_dict() for block in built]) == []


def view(*blocks: Json, **more: object) -> Json:
    return {"type": "modal", "title": plain("T"), "blocks": list(blocks)} | more


def test_views_that_slack_takes_pass() -> None:
    inputs = [
        field(TEXT_INPUT | {"min_length": 1, "max_length": 1600}, hint=plain("h")),
        field({"type": "number_input", "is_decimal_allowed": False}),
        field({"type": "email_text_input"}, optional=True),
        field({"type": "multi_static_select", "option_groups": [{"label": plain("g")}]}),
        field({"type": "radio_buttons", "options": [option(text=mrk("*x*"))]}),
    ]
    inputs[3]["element"]["option_groups"][0]["options"] = [option()]
    assert view_problems(view(*inputs, submit=plain("Send"))) == []
    assert view_problems(view(section(), private_metadata="x" * 3000)) == []
    assert view_problems({"type": "home", "blocks": [section()]}) == []


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("x", "must be an object"),
        ({"type": "drawer"}, "unsupported type: drawer"),
        (view(section(), title=plain("x" * 25)), "must be less than 25"),
        (view(section(), submit=plain("x" * 25)), "must be less than 25"),
        (view(section(), close=mrk("x")), "must be plain_text"),
        (view(section(), private_metadata="x" * 3001), "must be less than 3001"),
        (view(section(), callback_id="x" * 256), "must be less than 256"),
        (view(field(TEXT_INPUT)), "needs a submit button"),
        (view(field(button()), submit=plain("Go")), "unsupported type in input: button"),
        (view({"type": "input", "label": plain("L")}), "missing required field: element"),
        (view(field(TEXT_INPUT | {"max_length": 3001})), "min_length and max_length"),
        ({"type": "home", "blocks": [], "title": plain("x")}, "additional property: title"),
        ({"type": "modal", "title": plain("T")}, "missing required field: blocks"),
        (view(section(), blocks="x"), "must be an array"),
    ],
)
def test_views_that_slack_refuses_are_named(body: object, problem: str) -> None:
    found = view_problems(body)
    assert any(problem in p for p in found), found


@pytest.mark.parametrize(
    "block",
    [
        {"type": ["section"]},
        actions({"type": {}}),
        {"type": "actions", "elements": None},
        table(3),
        actions({"type": "static_select", "option_groups": ["x"], "initial_option": 1}),
        actions({"type": "static_select", "option_groups": [{"options": 1}], "options": 2}),
    ],
)
def test_nonsense_is_refused_not_stumbled_over(block: Json) -> None:
    assert problems([block])


def test_nonsense_in_views_is_refused_not_stumbled_over() -> None:
    assert view_problems(view(field(TEXT_INPUT | {"min_length": "1"}), submit=plain("Go")))
    assert view_problems({"type": "modal", "title": plain("T"), "blocks": 3})
