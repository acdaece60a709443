from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from bot.store.audit import BATCH, AuditRow, NoAuditError, Wanted, locate_existing, reading
from bot.store.embedded import CannotStartError
from commands.model import Actor, AuditEntry
from tests.bot.store.kit import Store

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"


async def kept(
    url: str, at: datetime = NOON, *, channel: str = "C0ONCALL", user: str = "U0ALICE", n: int = 1
) -> None:
    """Put `n` equal entries into the audit."""
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as conn:
        await conn.execute(
            "INSERT INTO audit (at, team, channel, actor, action, allowed, rule)"
            " SELECT %s, 'T1', %s, %s, 'send', true, 'rule' FROM generate_series(1, %s)",
            (at, channel, user, n),
        )


async def found(url: str, wanted: Wanted | None = None) -> list[AuditRow]:
    async with reading(url, wanted or Wanted()) as rows:
        return [row async for row in rows]


async def test_what_the_ledger_keeps_is_read_again(store: Store, database_url: str) -> None:
    sent = await store.sent(3)
    refusal = AuditEntry(
        Actor("U0BOB", "C0OTHER"), "page", allowed=False, rule="a rule", detail="NotAllowed"
    )
    await store.ledger.record(refusal)
    first, second = await found(database_url)
    assert (first.team, first.channel, first.user) == ("T1", "C0ONCALL", "U0ALICE")
    assert (first.action, first.allowed, first.rule) == ("send", True, "channel C0ONCALL")
    assert (first.detail, first.send) == ("3 recipients", sent)
    assert abs(first.at - datetime.now(UTC)) < timedelta(minutes=1)
    assert second == AuditRow(
        second.at, "", "C0OTHER", "U0BOB", "page", False, "a rule", "NotAllowed", None
    )


async def test_the_oldest_comes_first_however_they_were_written(database_url: str) -> None:
    for minutes in (5, 1, 3):
        await kept(database_url, NOON + timedelta(minutes=minutes))
    rows = await found(database_url)
    assert [row.at - NOON for row in rows] == [timedelta(minutes=m) for m in (1, 3, 5)]


async def test_entries_of_one_moment_come_in_the_order_they_were_written(
    database_url: str,
) -> None:
    users = [f"U{n}" for n in (3, 1, 2)]
    for user in users:
        await kept(database_url, user=user)
    assert [row.user for row in await found(database_url)] == users


async def test_times_are_utc_wherever_the_database_is(database_url: str) -> None:
    await kept(database_url)
    [row] = await found(f"{database_url}&options=-c%20timezone%3DAsia/Tokyo")
    assert (row.at, row.at.tzinfo) == (NOON, UTC)


async def test_since_takes_its_own_moment_and_what_came_later(database_url: str) -> None:
    second = timedelta(seconds=1)
    for at in (NOON - second, NOON, NOON + second):
        await kept(database_url, at)
    rows = await found(database_url, Wanted(since=NOON))
    assert [row.at for row in rows] == [NOON, NOON + second]


async def test_a_channel_and_a_user_narrow_together_and_exactly(database_url: str) -> None:
    for channel, user in [("C1", "U1"), ("C1", "U2"), ("C2", "U1"), ("C10", "U1"), ("C1", "U10")]:
        await kept(database_url, channel=channel, user=user)

    async def pairs(wanted: Wanted) -> list[tuple[str, str]]:
        return [(row.channel, row.user) for row in await found(database_url, wanted)]

    assert await pairs(Wanted(channel="C1")) == [("C1", "U1"), ("C1", "U2"), ("C1", "U10")]
    assert await pairs(Wanted(user="U1")) == [("C1", "U1"), ("C2", "U1"), ("C10", "U1")]
    assert await pairs(Wanted(channel="C1", user="U1")) == [("C1", "U1")]


async def test_no_more_than_one_batch_is_held_in_memory(database_url: str) -> None:
    await kept(database_url, n=2 * BATCH)
    read: list[AuditRow] = []
    with pytest.raises(psycopg.OperationalError):
        await read_while_cut_off(database_url, read)
    assert len(read) == BATCH


async def read_while_cut_off(url: str, read: list[AuditRow]) -> None:
    async with reading(url, Wanted()) as rows:
        read.append(await anext(rows))
        await cut_off(url)
        async for row in rows:
            read.append(row)  # noqa: PERF401 - a comprehension would lose them all


async def cut_off(url: str) -> None:
    """End every other connection to the database: what was not fetched yet never will be."""
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as conn:
        await conn.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


async def test_what_is_written_meanwhile_is_not_read(database_url: str) -> None:
    await kept(database_url)
    async with reading(database_url, Wanted()) as rows:
        await kept(database_url)
        assert len([row async for row in rows]) == 1


async def test_who_may_only_read_can_read_it(database_url: str) -> None:
    await kept(database_url)
    assert len(await found(f"{database_url}&options=-c%20role%3Dpg_read_all_data")) == 1


async def test_a_database_without_our_tables_is_told_and_left_alone(empty_database: str) -> None:
    with pytest.raises(NoAuditError):
        await found(empty_database)
    async with await psycopg.AsyncConnection.connect(empty_database) as conn:
        assert await (await conn.execute(TABLES)).fetchall() == []


async def test_a_table_of_somebody_else_is_not_our_audit(empty_database: str) -> None:
    async with await psycopg.AsyncConnection.connect(empty_database) as conn:
        await conn.execute("CREATE TABLE audit (mine text)")
    with pytest.raises(NoAuditError):
        await found(empty_database)


async def test_the_last_refusals_come_newest_first_and_alone(store: Store) -> None:
    await store.sent()
    for number in range(12):
        actor = Actor(f"U{number}", "C0OTHER", team="T1")
        await store.ledger.record(
            AuditEntry(actor, "page", allowed=False, rule="a rule", detail="NotAllowed")
        )
    found = await store.ledger.refusals(10)
    assert [entry.actor.user for entry in found] == [f"U{n}" for n in range(11, 1, -1)]
    at = found[0].at
    assert at is not None
    assert abs(at - datetime.now(UTC)) < timedelta(minutes=1)
    assert found[0] == AuditEntry(
        Actor("U11", "C0OTHER", team="T1"), "page", False, "a rule", "NotAllowed", at=at
    )


# where the database is


async def test_a_configured_database_is_taken_as_it_is(tmp_path: Path) -> None:
    assert await locate_existing("postgresql://there/sms", tmp_path) == "postgresql://there/sms"


async def test_an_embedded_database_that_exists_is_found(postgres: str) -> None:
    folder = Path(postgres.partition("?host=")[2]).parent
    assert await locate_existing("", folder) == postgres


async def test_an_embedded_database_is_not_made_in_order_to_be_read(tmp_path: Path) -> None:
    with pytest.raises(NoAuditError):
        await locate_existing("", tmp_path / "none")
    assert not (tmp_path / "none").exists()


async def test_a_folder_that_cannot_be_looked_into_is_told_as_by_a_start(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CannotStartError, match="file cannot be used"):
        await locate_existing("", tmp_path / "file")
