"""People who opt out, and what the ledger makes of it."""

from datetime import UTC, datetime, timedelta

from bot.store.optouts import heard
from bot.store.outbox import Claim, Settled
from commands.model import DeliveryState
from commands.optout import word_of
from tests.bot.store.kit import Store

S = DeliveryState
ONE, TWO, THREE = (f"+1617555{n:04}" for n in range(3))
FROM, OTHER = "+15005550006", "+15005550009"
SERVICE = "MG" + "a" * 32
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def refused(claim: Claim, code: int = 21610) -> Settled:
    """Say that Twilio refused a claim's message."""
    return Settled(claim.delivery_id, claim.attempt, S.FAILED, None, "400", code, "opted out")


async def say(store: Store, body: str, seconds: float = 0, **changes: str) -> bool:
    """Let a person have texted us, so many seconds after noon."""
    values = {"from_": TWO, "to": FROM, **changes}
    at = NOON + timedelta(seconds=seconds)
    if word := word_of(body, out=True):
        async with store.pool.connection() as conn:
            await heard(conn, word=word, at=at, **values)
    return word is not None


async def out(store: Store, sender: str = FROM) -> set[str]:
    """Who has opted out of a sender."""
    return set(await store.ledger.opted_out(sender))


async def sent_to(store: Store, key: str, count: int = 3, **changes: object) -> list[str]:
    """Commit a send, and give its recipients' states."""
    return await store.states(await store.sent(count, request_key=key, **changes))
