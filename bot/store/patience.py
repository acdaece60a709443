"""How long a connection to the database bears a peer of whom nothing is heard."""

from typing import Any

from psycopg.conninfo import conninfo_to_dict

CONNECT_TIMEOUT = 10.0
"""Seconds to wait for a connection before giving up; the work is then tried again later."""

# By default Linux asks after two hours, and holds on to what is not acknowledged for a quarter of
# one. A server that takes long acknowledges at once; on a UNIX socket libpq leaves these aside.
_PATIENCE = {
    "connect_timeout": int(CONNECT_TIMEOUT),
    "keepalives_idle": 5,  # seconds, as the next
    "keepalives_interval": 3,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,  # milliseconds
}


def patience(url: str) -> dict[str, Any]:
    """Give what is set for a connection where its URL sets nothing."""
    said = conninfo_to_dict(url)
    return {name: value for name, value in _PATIENCE.items() if name not in said}
