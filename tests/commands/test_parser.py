import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands.dressing import Mention, Text
from commands.entries import NameEntry, NumberEntry, UserEntry
from commands.errors import UsageError
from commands.parser import (
    Command,
    Compose,
    Contacts,
    ContactsAdd,
    ContactsRemove,
    Edit,
    Group,
    Help,
    Page,
    Recipients,
    Send,
    Status,
    Why,
    parse,
    read_recipients,
)

ALICE = (NameEntry("alice"),)


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("", Help()),
        (" \n", Help()),
        ("help", Help()),
        ("HELP me", Help()),
        ("send", Compose()),
        ("Send  ", Compose()),
        ("send alice hello", Send(ALICE, Text(("hello",)))),
        ("SEND\nalice\nhello", Send(ALICE, Text(("hello",)))),
        ("send alice  “a  b”\n c ", Send(ALICE, Text(("“a  b”\n c",)))),
        (
            "send <@U1|al>, +16175551212 ask <@U2> &amp; go",
            Send(
                (UserEntry("U1", "al"), NumberEntry("+16175551212")),
                Text(("ask ", Mention("U2"), " & go")),
            ),
        ),
        ("send alice <@U2>", Send(ALICE, Text((Mention("U2"),)))),
        ("recipients", Recipients()),
        ("recipients  Al ", Recipients("Al")),
        ("recipients “jane doe”", Recipients("jane doe")),
        ("recipients <tel:6175551212|617>", Recipients("617")),
        ("page alice help!", Page(ALICE, Text(("help!",)))),
        ("status", Status()),
        ("status 12", Status(12)),
        ("status #12", Status(12)),
        ("contacts", Contacts()),
        ("contacts add jane (617) 555-1212", ContactsAdd("jane", "(617) 555-1212")),
        (
            'contacts ADD "Jane D" <tel:+16175551212|+16175551212>',
            ContactsAdd("Jane D", "+16175551212"),
        ),
        ("contacts remove “Jane D”", ContactsRemove("Jane D")),
        ("contacts remove @jane", ContactsRemove("jane")),
        ("contacts add <@U1|jane> 6175551212", ContactsAdd("jane", "6175551212", "U1")),
        ("contacts add jane (617) 555-1212 <@U1|j>", ContactsAdd("jane", "(617) 555-1212", "U1")),
        ("group night alice, <@U1|bob>", Group("night", (ALICE[0], UserEntry("U1", "bob")))),
        ("group create night alice", Group("night", ALICE, Edit.CREATE)),
        ("group ADD night alice", Group("night", ALICE, Edit.ADD)),
        ("group remove night alice", Group("night", ALICE, Edit.REMOVE)),
        ("group delete night", Group("night", (), Edit.DELETE)),
        ("why send", Why(Compose(), "send")),
        ("why send alice a &lt; b", Why(Send(ALICE, Text(("a < b",))), "send alice a < b")),
        ("why WHY recipients", Why(Recipients(), "recipients")),
        ("why help", Why(Help(), "help")),
    ],
)
def test_every_form_of_the_contract_is_read(text: str, command: Command) -> None:
    assert parse(text) == command


@pytest.mark.parametrize(
    ("text", "says", "remedy"),
    [
        ("sned alice hi", "“sned”", "Did you mean /sms send <recipients> <message>?"),
        ("RECIPIENT", "“RECIPIENT”", "Did you mean /sms recipients [filter]?"),
        ("xyzzy", "“xyzzy”", "/sms help"),
        ("<@U1> hi", "“@U1”", "/sms help"),
        ("send alice", "message is empty", "/sms send <recipients> <message>"),
        ("send alice, bob", "message is empty", "/sms send"),
        ("send alice,", "ends with a comma", "/sms send"),
        ('send "alice', "never closed", "/sms send"),
        ("page", "no recipients", "/sms page alice, +16175551212"),
        ('page "alice', "never closed", "/sms page <recipients or escalation> <message>"),
        ("page alice", "message is empty", "/sms page"),
        ("status alice", "“alice”", "/sms status [id]"),
        ("status -1", "“-1”", "/sms status [id]"),
        ("status ²", "“²”", "/sms status [id]"),
        ("status " + "9" * 5000, "not the number", "/sms status [id]"),
        ("contacts add jane", "directory", "/sms contacts add NAME NUMBER"),
        ("contacts remove", "directory", "/sms contacts remove NAME"),
        ("contacts remove a b", "directory", "/sms contacts remove NAME"),
        ("contacts what", "directory", "/sms contacts"),
        ("group night", "at least one member", "/sms group NAME NAME…"),
        ("group", "at least one member", "/sms group"),
        ("group add night", "at least one member", "/sms group"),
        ("group delete", "at least one member", "/sms group"),
        ("group delete night alice", "at least one member", "/sms group"),
        ("why", "no command to explain", "/sms why <command…>"),
        ("why why", "no command to explain", "/sms why"),
        ("why sned", "“sned”", "Did you mean /sms send"),
    ],
)
def test_what_is_no_command_is_answered_with_the_right_form(
    text: str, says: str, remedy: str
) -> None:
    with pytest.raises(UsageError) as caught:
        parse(text)
    assert says in caught.value.text
    assert remedy in caught.value.remedy


def test_a_list_that_stands_alone_is_read_as_in_the_command() -> None:
    assert read_recipients(" alice ,+16175551212\n") == (*ALICE, NumberEntry("+16175551212"))


def test_what_follows_a_list_that_stands_alone_lacks_a_comma() -> None:
    with pytest.raises(UsageError, match="comma is missing before “bob, carl”"):
        read_recipients("alice bob, carl")


def test_no_depth_of_whys_exhausts_the_stack() -> None:
    assert parse("why " * 50_000 + "help") == Why(Help(), "help")


_WORDS = st.sampled_from(
    ["send", "why", "status", "contacts", "add", "group", "a,", ",", '"', "<@U1>", "&lt;", " ", "1"]
)


@given(st.text() | st.lists(_WORDS).map(" ".join))
def test_no_text_breaks_it(text: str) -> None:
    fault: UsageError | None = None
    try:
        parse(text)
    except UsageError as error:
        fault = error
    assert fault is None or (fault.text and fault.remedy)
