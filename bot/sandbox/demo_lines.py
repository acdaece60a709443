"""Lines from a terminal or a pipe, without holding up the event loop."""

import asyncio
import codecs
import contextlib
import os
import threading
from collections.abc import Awaitable, Callable

NextLine = Callable[[], Awaitable[str | None]]
"""Gives the next line without its end; None when there are no more, however often it is asked."""


def lines_of(fd: int) -> NextLine:
    """Read a file descriptor line by line in a thread of its own; call it in a running loop.

    The thread reads with `os.read`: it holds no lock of `sys.stdin`, so a process that ends while
    somebody might still type something need not wait for it.
    """
    loop = asyncio.get_running_loop()
    queue: asyncio.Queue[str | None] = asyncio.Queue()

    def hand(line: str | None) -> None:
        loop.call_soon_threadsafe(queue.put_nowait, line)

    threading.Thread(target=_pump, args=(fd, hand), name="lines", daemon=True).start()

    async def next_line() -> str | None:
        line = await queue.get()
        if line is None:
            queue.put_nowait(None)
        return line

    return next_line


def _pump(fd: int, hand: Callable[[str | None], None]) -> None:
    with contextlib.suppress(RuntimeError):  # the loop has ended, and with it who wanted to know
        _read(fd, hand)


def _read(fd: int, hand: Callable[[str | None], None]) -> None:
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    rest = ""
    while chunk := _chunk(fd):
        *lines, rest = (rest + decoder.decode(chunk)).split("\n")
        for line in lines:
            hand(line.removesuffix("\r"))
    if rest:
        hand(rest)
    hand(None)


def _chunk(fd: int) -> bytes:
    try:
        return os.read(fd, 4096)
    except OSError:  # the terminal was closed
        return b""
