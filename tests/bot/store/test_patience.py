from bot.store.database import open_pool
from bot.store.patience import patience


async def test_a_pool_does_not_wait_for_hours_for_a_peer_that_is_gone(database_url: str) -> None:
    pool = await open_pool(database_url)
    async with pool.connection() as conn:
        told = conn.info.get_parameters()
    await pool.close()
    assert (told["keepalives_idle"], told["tcp_user_timeout"]) == ("5", "10000")


def test_what_the_url_sets_is_left_to_it() -> None:
    said = patience("postgresql://sms@db/sms?connect_timeout=3&tcp_user_timeout=0")
    assert set(said) == {"keepalives_idle", "keepalives_interval", "keepalives_count"}
