import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands.entries import (
    Entry,
    NameEntry,
    NumberEntry,
    UserEntry,
    UserGroupEntry,
    VerifiedEntry,
    read_list,
    to_entry,
)
from commands.errors import UsageError

A, B = NameEntry("a"), NameEntry("b")


@pytest.mark.parametrize(
    ("raw", "entries", "rest"),
    [
        ("a hello", [A], "hello"),
        ("a,b hello", [A, B], "hello"),
        ("a , b hello, world", [A, B], "hello, world"),
        ("a,\nb\nhello", [A, B], "hello"),
        ("  a  ,\t b  ", [A, B], ""),
        ('"(617) 555-1212" hi', [NumberEntry("(617) 555-1212")], "hi"),
        ("“Doe, Jane”,b hi", [NameEntry("Doe, Jane"), B], "hi"),
        ("„Jane D“ hi", [NameEntry("Jane D")], "hi"),
        ("'Jane D', b “hi”", [NameEntry("Jane D"), B], "“hi”"),
        ("\u2018O\u2019Brien J\u2019 hi", [NameEntry("O\u2019Brien J")], "hi"),
        ("O'Brien hi", [NameEntry("O'Brien")], "hi"),
        ("<@U1|al b>,<@U2> hi", [UserEntry("U1", "al b"), UserEntry("U2")], "hi"),
        ("<!subteam^S1|@the sre> hi", [UserGroupEntry("S1", "the sre")], "hi"),
        ("<tel:+16175551212|+1 617, x> hi", [NumberEntry("+16175551212")], "hi"),
        ("R&amp;D hi", [NameEntry("R&D")], "hi"),
        ("&lt;@U1&gt; hi", [NameEntry("<@U1>")], "hi"),
        ("<@U1|a><@U2|b> hi", [NameEntry("a@b")], "hi"),
        ("@alice hi", [NameEntry("alice")], "hi"),
        ("Verified hi", [VerifiedEntry()], "hi"),
        ("whatsapp:+16175551212 hi", [NumberEntry("whatsapp:+16175551212")], "hi"),
        ("<#C1|general> hi", [NameEntry("#general")], "hi"),
        ("<!here> hi", [NameEntry("here")], "hi"),
        ("<mailto:a@b.org|a@b.org> hi", [NameEntry("a@b.org")], "hi"),
    ],
)
def test_a_list_ends_at_the_first_blank_that_touches_no_comma(
    raw: str, entries: list[Entry], rest: str
) -> None:
    assert read_list(raw) == (tuple(entries), rest)


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        ("", "no recipients"),
        ("  ", "no recipients"),
        ("a,", "ends with a comma"),
        ("a , ", "ends with a comma"),
        (",a hi", "empty"),
        ("a,,b hi", "empty"),
        ('a,"" hi', "empty"),
        ('"a b hi', "“a b hi” is never closed"),
        ("“a b", "never closed"),
        ("'a b", "never closed"),
        ('"a"b hi', 'missing after "a"'),
    ],
)
def test_a_faulty_list_is_refused_with_the_right_form(raw: str, says: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_list(raw)
    assert says in caught.value.text
    assert "/sms send <recipients> <message>" in caught.value.remedy


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("<@U1|al>", "@al"),
        ("<@U1>", "@U1"),
        ("<!subteam^S1|@sre>", "@sre"),
        ("<!subteam^S1>", "@S1"),
        ("VERIFIED", "verified"),
        ("911", "911"),
        ("@", "@"),
        ("alice", "alice"),
    ],
)
def test_an_entry_shows_itself_as_typed(raw: str, shown: str) -> None:
    assert str(to_entry(raw)) == shown


_NAME = st.text(st.characters(exclude_characters='"“”„<>&', categories=["L", "P", "Zs"]))


@given(
    st.lists(_NAME.filter(lambda n: n.strip().strip("@") == n != "" and n.casefold() != "verified"))
)
def test_quoted_names_come_back_whole(names: list[str]) -> None:
    if raw := " , ".join(f"“{name}”" for name in names):
        entries, rest = read_list(f"{raw} the message")
        assert [str(e) for e in entries] == [n.strip() for n in names]
        assert rest == "the message"


@given(st.text(alphabet="ab,\"'“” \n<>@U1|&"))
def test_no_text_breaks_it(raw: str) -> None:
    fault: UsageError | None = None
    try:
        assert read_list(raw)
    except UsageError as error:
        fault = error
    assert fault is None or (fault.text and fault.remedy)
