"""The directory in Slack, kept: read by every process, changed by one at a time."""

import asyncio
from datetime import UTC, datetime

import pytest

from bot.store.book import Book
from commands.changes import Change
from commands.model import Actor, AuditEntry
from commands.rules import Contact, Group, Policy
from tests.bot.store.kit import Store

JANE = Contact("Jane", "+16175551299", "U0JANE")
NIGHT = Group("night", ("Jane", "+16175551298"))
FILE = Policy(contacts=(Contact("alice", "+16175551212"),), groups=(Group("oncall", ("alice",)),))
ADMIN = Actor("U0ADMIN", "C0ONCALL", team="T1")


def entry(detail: str = "contact Jane added") -> AuditEntry:
    return AuditEntry(ADMIN, "contacts", allowed=True, rule="admins = []", detail=detail)


@pytest.fixture
def book(store: Store) -> Book:
    return Book(store.pool)


async def test_what_is_written_stands_beside_sms_toml_in_every_process(
    store: Store, book: Book
) -> None:
    other = Book(store.pool)
    assert await other.over(FILE) == FILE
    assert await book.write(Change(None, JANE), 0, entry()) == 1
    assert await book.write(Change(None, NIGHT), 1, entry()) == 2
    for each in (book, other):
        whole = await each.over(FILE)
        assert whole.contacts == (*FILE.contacts, JANE)
        assert whole.groups == (*FILE.groups, NIGHT)
        assert (whole.edition, whole.named("JANE")) == (2, JANE)
        assert [c.by for c in whole.contacts] == ["", "U0ADMIN"]
    assert await store.rows("SELECT action, allowed, detail, team FROM audit LIMIT 1") == [
        ("contacts", True, "contact Jane added", "T1")
    ]


async def test_a_name_of_sms_toml_wins(book: Book) -> None:
    await book.write(Change(None, JANE), 0, entry())
    ours = Policy(contacts=(Contact("jane", "+16175551200"),))
    found = (await book.over(ours)).named("Jane")
    assert isinstance(found, Contact)
    assert (found.number, found.by) == ("+16175551200", "")


async def test_an_edit_of_sms_toml_is_in_force_at_once(book: Book) -> None:
    await book.write(Change(None, JANE), 0, entry())
    await book.over(FILE)
    edited = Policy(region="GB")
    assert (await book.over(edited)).region == "GB"
    assert (await book.over(edited)).contacts == (JANE,)


async def test_a_change_replaces_and_removes(book: Book) -> None:
    await book.write(Change(None, NIGHT), 0, entry())
    fewer = Group("Night", ("Jane",))
    await book.write(Change(NIGHT, fewer), 1, entry())
    whole = await book.over(FILE)
    assert whole.groups == (*FILE.groups, fewer)
    await book.write(Change(fewer, None), 2, entry())
    assert (await book.over(FILE)).groups == FILE.groups


async def test_of_changes_at_the_same_moment_one_is_written(store: Store, book: Book) -> None:
    changes = [Change(None, Contact(f"n{n}", "+16175551299")) for n in range(5)]
    numbers = await asyncio.gather(*(book.write(change, 0, entry()) for change in changes))
    assert sorted(number is None for number in numbers) == [False, True, True, True, True]
    assert await store.count("directory") == 1
    assert await store.count("audit") == 1
    assert await store.count("directory_change") == 1


async def test_a_change_can_be_looked_up_and_is_undone_once(book: Book) -> None:
    before = datetime.now(UTC)
    number = await book.write(Change(NIGHT, None), 0, entry())
    assert number is not None
    made = await book.made(number)
    assert made is not None
    assert (made.change, made.actor, made.undone) == (Change(NIGHT, None), "U0ADMIN", False)
    assert abs((made.at - before).total_seconds()) < 60
    second = await book.write(made.change.reverse, 1, entry(), undoes=number)
    undone = await book.made(number)
    assert undone is not None
    assert undone.undone
    assert second is not None
    again = await book.made(second)
    assert again is not None
    assert (again.change, again.undone) == (Change(None, NIGHT), False)
    assert await book.made(4711) is None


async def test_without_the_database_the_last_known_directory_is_used(
    store: Store, book: Book
) -> None:
    await book.write(Change(None, JANE), 0, entry())
    await book.over(FILE)
    await store.pool.close()
    assert (await book.over(FILE)).named("jane") == JANE


async def test_ten_thousand_contacts_are_read_once(store: Store, book: Book) -> None:
    await store.change(
        "INSERT INTO directory (key, kind, name, number, actor)"
        " SELECT 'n' || n, 'contact', 'n' || n, '+1617' || lpad(n::text, 7, '0'), 'U0ADMIN'"
        " FROM generate_series(1, 10000) AS n"
    )
    await store.change("UPDATE directory_edition SET edition = 1")
    first = await book.over(FILE)
    assert len(first.contacts) == 10_001
    assert await book.over(FILE) is first
