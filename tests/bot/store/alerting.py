"""What tests of alerts in the database share: one route, its messages, and what became of them."""

from collections.abc import Sequence
from datetime import timedelta

from bot.store.alerts import Alerts, Did, Route
from bot.store.pages import acknowledge, note, resolve, tell
from commands.notice import Alarm, Notice, digest
from commands.oncall import Hand, Ladder, Rung, Way
from tests.bot.store.kit import Store

ROUTE = Route(
    name="prom",
    channel="C0ONCALL",
    sender="+15005550006",
    ladder=Ladder((Rung(("alice",), timedelta(minutes=5)),), 2, "db"),
    storm=5,
    window=timedelta(minutes=5),
)
BOB = Hand("bob", Way.BUTTON, "U0BOB")


def notice(
    group: str = "g", firing: str = "", over: str = "", *, whole: bool = True, text: str = ""
) -> Notice:
    """A message about alerts that are called by one letter each."""
    alarms = [Alarm(key, firing=True, label=f"alert {key}") for key in firing]
    alarms += [Alarm(key, firing=False) for key in over]
    said = text or f"{len(firing)} firing in {group}"
    return Notice(digest(group), said, tuple(alarms), "https://example.org/1", whole)


async def stages(store: Store) -> Sequence[str]:
    return [stage for (stage,) in await store.rows("SELECT stage FROM page ORDER BY id")]


async def bodies(store: Store) -> Sequence[str]:
    return [body for (body,) in await store.rows("SELECT body FROM page ORDER BY id")]


async def joined(store: Store) -> Sequence[str]:
    found = await store.rows("SELECT detail FROM page_event WHERE what = 'joined' ORDER BY id")
    return [detail for (detail,) in found]


async def told(store: Store) -> Sequence[tuple[str, bool, int]]:
    """Each alert's name, whether it fires, and how often it was told."""
    rows = await store.rows("SELECT label, firing, times FROM alert ORDER BY page_id, key")
    return [(label, firing, times) for label, firing, times in rows]


async def acked(store: Store, page: int) -> None:
    async with store.pool.connection() as conn, conn.transaction():
        await acknowledge(conn, store.jobs, page, BOB)


async def later(store: Store, **span: float) -> None:
    """Let what was done be so long ago."""
    past = timedelta(**span)
    await store.change("UPDATE alert SET last = now() - %s, since = since - %s", past, past)
    await store.change(
        "UPDATE page SET created = created - %s, acked_at = acked_at - %s", past, past
    )
    await store.change("ALTER TABLE page_event DISABLE TRIGGER USER")
    await store.change("UPDATE page_event SET at = at - %s", past)
    await store.change("ALTER TABLE page_event ENABLE TRIGGER USER")


async def exhausted(store: Store, page: int) -> None:
    await store.change("UPDATE page SET stage = 'exhausted', due = NULL WHERE id = %s", page)
    async with store.pool.connection() as conn:
        await note(conn, page, "exhausted")


async def paged(store: Store, page: int) -> None:
    """Let a step of a page have reached alice."""
    async with store.pool.connection() as conn, conn.transaction():
        alice = [("+16175551212", "alice")]
        send = await tell(conn, store.jobs, page, "step", "text", alice, step=0)
    await store.change(
        "UPDATE delivery SET state = 'delivered', attempt = 1, code = '200', sid = 'SM' || id"
        " WHERE send_id = %s",
        send,
    )


async def resolved(store: Store, page: int) -> None:
    async with store.pool.connection() as conn, conn.transaction():
        await resolve(conn, store.jobs, page, BOB)


async def storm(alerts: Alerts, count: int = 5) -> None:
    """Open pages up to the limit."""
    for n in range(count):
        assert (await alerts.take(ROUTE, notice(f"own {n}", "a"))).did is Did.OPENED
