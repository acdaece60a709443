import io
from typing import Any

import pytest
from rich.console import Console
from rich.text import Text

from bot.sandbox.model import Message, Origin, Version
from bot.sandbox.mrkdwn import mrkdwn
from bot.sandbox.render import Bar, draw, renderable

Json = dict[str, Any]


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def mrk(text: str) -> Json:
    return {"type": "mrkdwn", "text": text}


def message(*blocks: Json, text: str = "", visible_to: str = "") -> Message:
    version = Version(text, list(blocks), None, 0.0)
    return Message("1.1", "C0", "U0SMSBOT", Origin.POST, visible_to, [version])


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("*bold* _it_ ~no~ `code`", "bold it no code"),
        ("2*3*4 and snake_case_name", "2*3*4 and snake_case_name"),
        (":white_check_mark: :x: :unheard_of:", "✅ ❌ :unheard_of:"),
        ("```\npre *x*\n```", "pre *x*"),
        ("<https://x.io|here> <https://y.io>", "here https://y.io"),
        ("<@U0ALICE> <@U0BOB|bob> <#C0|oncall>", "@alice @bob #oncall"),
        ("<!here> <!subteam^S0SRE> <!subteam^S0X|@x>", "@here @S0SRE @x"),
        ("<!date^1^{date}|Monday>", "Monday"),
        ("a &amp; b &lt;c&gt;", "a & b <c>"),
        ("*`x` :x:*", "x ❌"),
    ],
)
def test_mrkdwn_reads_as_in_slack(text: str, shown: str) -> None:
    assert mrkdwn(text, {"U0ALICE": "alice"}).plain == shown


def test_what_a_terminal_would_obey_is_shown_instead() -> None:
    nasty = "a\x1b[31mb\x07\x9b0m\u202ec\u2066d[red]e[/red]"
    blocks: list[Json] = [
        {"type": "header", "text": plain(nasty)},
        {"type": "section", "text": mrk(nasty)},
        {"type": "table", "rows": [[{"type": "raw_text", "text": nasty}]]},
    ]
    for shown in (draw(message(text=nasty)), draw(message(*blocks))):
        assert "a␛[31mb␇\ufffd0m\ufffdc\ufffdd[red]e[/red]" in shown
        assert not set("\x1b\x07\x9b\u202e\u2066") & set(shown)


def test_a_whole_card_is_drawn() -> None:
    retry = {"type": "button", "text": plain("Retry failed"), "style": "primary"}
    shown = draw(
        message(
            {"type": "header", "text": plain(":x: Partial-Success")},
            {
                "type": "section",
                "text": mrk("*3* recipients"),
                "fields": [mrk("*Status*\nSent"), mrk("*Code*\n201"), mrk("*Odd*")],
                "accessory": {"type": "overflow"},
            },
            {"type": "divider"},
            {"type": "actions", "elements": [retry, {"type": "button", "text": plain("Refresh")}]},
            {
                "type": "context",
                "elements": [mrk("by <@U0ALICE>"), {"type": "image", "alt_text": "face"}],
            },
            {"type": "image", "alt_text": "graph"},
            {"type": "markdown", "text": "**as it is**"},
            {"type": "hologram"},
        ),
        60,
        names={"U0ALICE": "alice"},
    )
    assert shown.splitlines() == [
        "❌ Partial-Success",
        "3 recipients",
        "Status                        Code",
        "Sent                          201",
        "Odd",
        "[ ⋯ ]",
        "─" * 60,
        "[ Retry failed ]  [ Refresh ]",
        "by @alice  face",
        "[image: graph]",
        "**as it is**",
        "[hologram]",
    ]


def test_a_table_is_a_table() -> None:
    cell = {"type": "rich_text_section", "elements": [{"type": "text", "text": "4421"}]}
    rows = [
        [{"type": "raw_text", "text": t} for t in ("Name", "Number")],
        [{"type": "raw_text", "text": "alice"}, {"type": "rich_text", "elements": [cell]}],
    ]
    settings = [None, {"align": "right"}]
    shown = draw(message({"type": "table", "rows": rows, "column_settings": settings}))
    assert shown.splitlines() == [
        "╭───────┬────────╮",
        "│ Name  │ Number │",
        "├───────┼────────┤",
        "│ alice │   4421 │",
        "╰───────┴────────╯",
    ]


def test_rich_text_is_drawn_piece_by_piece() -> None:
    pieces: list[Json] = [
        {"type": "text", "text": "hi", "style": {"bold": True, "unlink": True}},
        {"type": "link", "url": "https://x.io"},
        {"type": "emoji", "name": "warning"},
        {"type": "emoji", "name": "zzz"},
        {"type": "user", "user_id": "U0ALICE"},
        {"type": "channel", "channel_id": "C0"},
        {"type": "broadcast", "range": "here"},
        {"type": "date", "timestamp": 1, "format": "{date}", "fallback": "Monday"},
    ]
    item = {"type": "rich_text_section", "elements": [{"type": "text", "text": "one"}]}
    shown = draw(
        message(
            {
                "type": "rich_text",
                "elements": [
                    {"type": "rich_text_section", "elements": pieces},
                    {"type": "rich_text_list", "style": "ordered", "elements": [item, item]},
                    {"type": "rich_text_list", "style": "bullet", "indent": 1, "elements": [item]},
                    {"type": "rich_text_preformatted", "elements": item["elements"]},
                    {"type": "rich_text_quote", "elements": item["elements"]},
                ],
            }
        ),
        names={"U0ALICE": "alice"},
    )
    assert shown.splitlines() == [
        "hihttps://x.io⚠:zzz:@alice#C0hereMonday",
        "1. one",
        "2. one",
        "  • one",
        "  one",
        "▌ one",
    ]


def test_a_long_list_of_numbers_to_copy_is_broken_after_a_comma() -> None:
    numbers = ",".join(f"+1617555{n:04}" for n in range(1201, 1204))
    part = {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": numbers}]}
    shown = draw(message({"type": "rich_text", "elements": [part]}), 32)
    assert shown.splitlines() == ["  +16175551201,+16175551202,", "  +16175551203"]


def test_a_text_without_a_place_to_break_is_broken_where_it_must_be() -> None:
    part = {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": "x" * 12}]}
    shown = draw(message({"type": "rich_text", "elements": [part]}), 10)
    assert shown.splitlines() == ["  xxxxxxxx", "  xxxx"]


def test_a_bar_stands_before_every_line() -> None:
    console = Console(width=8, file=io.StringIO(), record=True)
    console.print(Bar(Text("some words here"), "cyan"))
    shown = [line.rstrip() for line in console.export_text().splitlines()]
    assert shown == ["▌ some", "▌ words", "▌ here"]


def test_a_modals_inputs_are_drawn() -> None:
    def field(element: Json, **more: object) -> Json:
        return {"type": "input", "label": plain("L"), "element": element} | more

    one, two = ({"text": plain(t), "value": t} for t in ("One", "Two"))
    select = {"type": "static_select", "initial_option": one}
    shown = draw(
        message(
            field({"type": "plain_text_input"}, hint=plain("a hint")),
            field({"type": "plain_text_input", "initial_value": "hello"}),
            field(select),
            field({"type": "users_select", "placeholder": plain("Who")}),
            field({"type": "datepicker"}),
            field({"type": "radio_buttons", "options": [one, two], "initial_option": two}),
            field({"type": "checkboxes", "options": [one, two], "initial_options": [one]}),
            {"type": "section", "accessory": {"type": "image", "alt_text": "face"}},
        )
    )
    assert [s for s in shown.splitlines() if s != "L"] == [
        "[____________________]",
        "a hint",
        "[hello]",
        "[ One ▾ ]",
        "[ Who ▾ ]",
        "[ datepicker ▾ ]",
        "○ One  ◉ Two",
        "☑ One  ☐ Two",
        "face",
    ]


def test_an_ephemeral_says_so() -> None:
    shown = draw(message(text="psst", visible_to="U0ALICE"))
    assert shown.splitlines() == ["👁 Only visible to you", "  psst"]


def test_colours_are_kept_on_demand_and_a_console_may_be_given() -> None:
    assert "\x1b[1mx" in draw(message(text="*x*"), styled=True)
    console = Console(width=20, record=True, quiet=True)
    with console.capture():
        console.print(renderable(message(text="*x*")))
