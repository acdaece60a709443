"""One id from what is asked for to the last callback about it: `request_id` of the log's lines.

It is made where a request comes in, written with the send or page that it leads to (`trace` in
their rows), and bound again by every job and callback about that. Bound to a context, it goes with
whatever is started there, and every line of the log that is written there has it.
"""

import hashlib
import secrets
from contextlib import AbstractContextManager

from structlog.contextvars import bound_contextvars, get_contextvars

_KEY = "request_id"
_ERROR = "error_id"
_BYTES = 5  # a trillion: what is kept for months has no two by chance


def trace_of(key: str) -> str:
    """Give the id of a request: the same whenever the same one is delivered again.

    Args:
        key: what Slack or an alert names it by; empty for one that has no name.
    """
    if not key:
        # a letter first: ten digits alone would be masked in the log as a phone number
        return f"r{secrets.token_hex(_BYTES)}"
    return f"r{hashlib.sha256(key.encode()).hexdigest()[: 2 * _BYTES]}"


def tracing(trace: str, **about: object) -> AbstractContextManager[None]:
    """Have what is logged within the block bear the id, and say what it is `about`."""
    return bound_contextvars(**{_KEY: trace} if trace else {}, **about)


def trace() -> str:
    """Give the id of the request that this is done for, empty if it is for none."""
    return str(get_contextvars().get(_KEY, ""))


def failing(error_id: str) -> AbstractContextManager[None]:
    """Have what is logged within the block bear the id of an error."""
    return bound_contextvars(**{_ERROR: error_id})


def new_error() -> str:
    """Make the id of an error, short enough to be read out on the telephone."""
    return secrets.token_hex(3)


def error_shown() -> str:
    """Give the id of the error that is being told of, empty if there is none."""
    return str(get_contextvars().get(_ERROR, ""))
