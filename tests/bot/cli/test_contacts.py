"""`sms-bot contacts import` and `export`."""

from pathlib import Path

import psycopg
import pytest

from tests.bot.cli.kit import Shell

POLICY = """
[[contact]]
name = "alice"
number = "+16175551212"
"""


@pytest.fixture
def bot(with_database: Shell) -> Shell:
    """A shell with a database and an sms.toml."""
    (with_database.folder / "sms.toml").write_text(POLICY, encoding="utf-8")
    return with_database


def table(bot: Shell, text: str, encoding: str = "utf-8") -> Path:
    path = bot.folder / "people.csv"
    path.write_text(text, encoding=encoding, newline="")
    return path


def entries(bot: Shell) -> list[tuple[str, str, list[str]]]:
    with psycopg.connect(bot.environ["DATABASE_URL"]) as conn:
        return conn.execute("SELECT name, number, members FROM directory ORDER BY key").fetchall()


async def test_what_was_imported_is_exported_and_imports_again(bot: Shell) -> None:
    table(
        bot,
        "name,number,slack,members\r\n"
        "Zoë,(617) 555-1299,U0ZOE,\r\n"
        "\r\n"
        "night,,,Zoë alice +16175551298\r\n",
    )
    done = await bot.real("contacts", "import", "people.csv")
    assert (done.code, done.out) == (0, "")
    assert "2 imported, 0 were there already" in done.err
    exported = await bot.real("contacts", "export")
    assert exported.code == 0
    assert exported.out.splitlines() == [
        "name,number,slack,members",
        "Zoë,+16175551299,U0ZOE,",
        "night,,,Zoë alice +16175551298",
    ]
    table(bot, exported.out)
    again = await bot("contacts", "import", "people.csv")
    assert "0 imported, 2 were there already" in again.err
    with psycopg.connect(bot.environ["DATABASE_URL"]) as conn:
        audited = conn.execute("SELECT actor, action, detail FROM audit").fetchall()
    assert audited == [("cli", "import", "2 entries of the directory")]


async def test_a_spreadsheets_semicolons_and_byte_order_mark_are_read(bot: Shell) -> None:
    table(bot, "Name;Number\nkim;+16175551297\n", "utf-8-sig")
    done = await bot("contacts", "import", "people.csv")
    assert done.code == 0
    assert entries(bot) == [("kim", "+16175551297", [])]


async def test_every_faulty_row_is_told_and_nothing_is_imported(bot: Shell) -> None:
    table(bot, "name,number\nkim,+16175551297\nlee,12\nalice,+16175551296\nmo,+16175551295,x\n")
    done = await bot("contacts", "import", "people.csv")
    assert (done.code, done.out) == (2, "")
    third, fourth, fifth = done.err.splitlines()
    assert third.startswith("people.csv, line 3: the number “12” cannot be texted")
    assert fourth.startswith("people.csv, line 4: alice stands in sms.toml")
    assert fifth.startswith("people.csv, line 5: it has more cells")
    assert entries(bot) == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("kim,+16175551297\n", "has no columns name and number"),
        ("", "has no columns name and number"),
        ("name,number,phone\nkim,+16175551297,1\n", "the column “phone”"),
        (None, "cannot be read (No such file or directory)"),
    ],
)
async def test_what_is_no_such_table_is_told(bot: Shell, text: str | None, told: str) -> None:
    if text is not None:
        table(bot, text)
    done = await bot("contacts", "import", "people.csv")
    assert done.code == 2
    assert told in done.err
    assert entries(bot) == []


async def test_a_file_of_another_encoding_is_told(bot: Shell) -> None:
    table(bot, "name,number\nZoë,+16175551297\n", "latin-1")
    done = await bot("contacts", "import", "people.csv")
    assert done.code == 2
    assert "is not UTF-8" in done.err


async def test_an_empty_directory_is_exported_as_its_header(bot: Shell) -> None:
    done = await bot("contacts", "export")
    assert (done.code, done.out.splitlines()) == (0, ["name,number,slack,members"])
