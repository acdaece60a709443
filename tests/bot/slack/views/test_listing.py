"""Who can be reached, page by page."""

import json
from dataclasses import replace
from typing import Any

from bot.slack.message import Message
from bot.slack.views.listing import listing, shared
from commands.outcome import Kept, Listing, Row, Source


def rows(count: int) -> tuple[Row, ...]:
    return tuple(Row(f"Phone {n:03}", f"+1617555{n:04}", Source.VERIFIED) for n in range(count))


def found(*given: Row, narrowed: str = "", show: bool = False) -> Listing:
    return Listing(given, narrowed, "C0ONCALL", show)


def table(message: Message) -> list[list[str]]:
    [block] = [b for b in message.blocks if b["type"] == "table"]
    return [[cell["text"] for cell in row] for row in block["rows"][1:]]


def buttons(message: Message) -> dict[str, dict[str, Any]]:
    elements = [e for b in message.blocks if b["type"] == "actions" for e in b["elements"]]
    return {e["action_id"]: json.loads(e["value"]) for e in elements}


def pasted(message: Message) -> str:
    [block] = [b for b in message.blocks if b["type"] == "rich_text"]
    return str(block["elements"][0]["elements"][0]["text"])


def shown(message: Message) -> str:
    return json.dumps([message.text, list(message.blocks)], ensure_ascii=False)


def test_a_page_has_twenty_rows_the_count_and_the_whole_list_to_paste() -> None:
    page = listing(found(*rows(45)))
    assert [row[0] for row in table(page)] == [f"Phone {n:03}" for n in range(20)]
    assert "45 can be reached from here" in page.text
    assert "Page 1 of 3" in shown(page)
    assert ",".join(r.address for r in rows(45)) in shown(page)
    assert buttons(page) == {
        "sms_next": {"filter": "", "page": 1, "verb": "recipients"},
        "sms_share": {"filter": "", "page": 0, "verb": "recipients"},
    }


def test_the_last_page_leads_back_only() -> None:
    page = listing(found(*rows(45), narrowed="phone"), 2)
    assert len(table(page)) == 5
    assert buttons(page) == {
        "sms_previous": {"filter": "phone", "page": 1, "verb": "recipients"},
        "sms_share": {"filter": "phone", "page": 2, "verb": "recipients"},
    }


def test_a_list_too_long_to_paste_whole_is_pasted_by_the_page() -> None:
    page = listing(found(*rows(5_000)), 1)
    assert "To send to this page" in shown(page)
    assert ",".join(r.address for r in rows(40)[20:]) in shown(page)
    assert "Page 2 of 250" in shown(page)


def test_a_page_that_is_gone_becomes_the_last_one_also_when_shared() -> None:
    shrunk = found(*rows(21))
    assert [row[0] for row in table(listing(shrunk, 9))] == ["Phone 020"]
    assert [row[0] for row in table(shared(shrunk, 9, "U0ALICE"))] == ["Phone 020"]


def test_an_empty_list_says_what_is_missing_and_has_nothing_to_press() -> None:
    page = listing(found())
    assert "no verified numbers that this channel may reach" in shown(page)
    assert buttons(page) == {}
    assert "shorter filter" in shown(listing(found(narrowed="x")))
    assert "shorter filter" in shown(shared(found(narrowed="x"), 0, "U0ALICE"))


def test_shared_numbers_are_masked_in_every_column() -> None:
    post = shared(
        found(
            Row("(617) 555-1212", "+16175551212", Source.VERIFIED),
            Row("07700 900123", "+447700900123", Source.VERIFIED),
            Row("lab", "whatsapp:+16175551213", Source.CONTACT),
            Row("oncall", "", Source.GROUP, ("alice", "+1 617 555 1214", "12345")),
        ),
        0,
        "U0ALICE",
    )
    assert table(post) == [
        ["(•••) •••-1212", "••••••••1212", "verified"],
        ["••••• ••0123", "•••••••••0123", "verified"],
        ["lab", "whatsapp:••••••••1213", "contact"],
        ["oncall", "alice, •••••••••••1214, •2345", "group"],
    ]


def test_the_filter_of_a_masked_share_does_not_tell_the_number() -> None:
    one = Row("lab", "+16175551212", Source.CONTACT)
    assert "1617555" not in shown(shared(found(one, narrowed="+1617555"), 0, "U0ALICE"))
    assert "matching “lab”" in shown(shared(found(one, narrowed="lab"), 0, "U0ALICE"))
    assert "“+1617555”" in shown(listing(found(one, narrowed="+1617555")))


def test_where_numbers_are_shown_they_are_shared_in_full() -> None:
    post = shared(found(*rows(1), narrowed="+1617555", show=True), 0, "U0ALICE")
    assert table(post) == [["Phone 000", "+16175550000", "verified"]]
    assert "“+1617555”" in post.text


def test_a_private_listing_shows_numbers_and_members_in_full() -> None:
    page = listing(found(Row("oncall", "", Source.GROUP, ("alice", "+16175551214"))))
    assert table(page) == [["oncall", "alice, +16175551214", "group"]]


def test_a_nameless_number_has_a_dash_for_a_name() -> None:
    assert table(listing(found(Row(" ", "+16175551214", Source.VERIFIED))))[0][0] == "–"


def out(number: int) -> Row:
    """One who has opted out."""
    return replace(rows(number + 1)[number], opted_out=True)


def test_who_has_opted_out_is_said_to_and_is_not_pasted() -> None:
    page = listing(found(rows(1)[0], out(1), Row("oncall", "", Source.GROUP, ("alice",))))
    assert page.text == "2 can be reached from here; 1 has opted out"
    assert [row[2] for row in table(page)] == ["verified", "verified, opted out", "group"]
    assert pasted(page) == "+16175550000,oncall"
    assert "only their START opens this again" in shown(page)


def test_where_nobody_has_opted_out_nothing_is_said_of_it() -> None:
    page = listing(found(*rows(2)))
    assert "opted out" not in shown(page)
    assert pasted(page) == "+16175550000,+16175550001"


def test_where_all_have_opted_out_there_is_nothing_to_paste() -> None:
    page = listing(found(out(0), out(1), narrowed="phone"))
    assert page.text == "0 can be reached from here matching “phone”; 2 have opted out"
    assert "To send to" not in shown(page)


def test_a_page_of_a_long_list_leaves_out_who_has_opted_out() -> None:
    page = listing(found(out(0), *rows(5_000)[1:]))
    assert pasted(page) == ",".join(row.address for row in rows(20)[1:])


def test_a_shared_list_says_who_has_opted_out_with_the_number_masked() -> None:
    post = shared(found(out(0)), 0, "U0ALICE")
    assert table(post) == [["Phone 000", "••••••••0000", "verified, opted out"]]


def group(people: int, out: int) -> Row:
    """A group of which some have opted out."""
    row = Row("oncall", "", Source.GROUP, ("alice", "bob"), people=people, out=out)
    return replace(row, opted_out=people == out)


def test_a_group_says_in_words_how_many_of_it_have_opted_out_privately_and_shared() -> None:
    for out, words in ((1, "1 of 1,200 has opted out"), (2, "2 of 1,200 have opted out")):
        given = found(group(1_200, out))
        for message in (listing(given), shared(given, 0, "U0ALICE")):
            assert [row[2] for row in table(message)] == [f"group, {words}"]


def test_a_group_of_which_some_have_opted_out_can_be_reached_and_says_who_is_left_out() -> None:
    page = listing(found(group(3, 1)))
    assert page.text == "1 can be reached from here"
    assert pasted(page) == "oncall"
    assert "only their START opens this again" in shown(page)


def test_a_group_of_which_all_have_opted_out_is_not_offered() -> None:
    page = listing(found(*rows(1), group(2, 2)))
    assert page.text == "1 can be reached from here; 1 has opted out"
    assert [row[2] for row in table(page)] == ["verified", "group, 2 of 2 have opted out"]
    assert pasted(page) == "+16175550000"


def test_who_shared_it_is_named() -> None:
    assert "shared by <@U0ALICE>" in shown(shared(found(*rows(1)), 0, "U0ALICE"))


def book(*given: Row) -> Listing:
    return Listing(given, "", "C0ONCALL", show_numbers=False, verb="contacts")


def test_the_directory_tells_where_each_entry_is_kept_and_is_not_shared() -> None:
    people = [Row(f"c{n:02}", f"+1617555{n:04}", Source.CONTACT, kept=Kept.FILE) for n in range(24)]
    page = listing(book(*people, Row("night", "", Source.GROUP, ("c01",), Kept.SLACK)), 1)
    assert page.text == "25 in the directory"
    assert table(page)[-2:] == [
        ["c23", "+16175550023", "contact, sms.toml"],
        ["night", "c01", "group, Slack"],
    ]
    assert buttons(page) == {"sms_previous": {"filter": "", "page": 0, "verb": "contacts"}}


def test_an_empty_directory_says_how_to_begin() -> None:
    assert "/sms contacts add alice" in shown(listing(book()))
