"""A port on loopback that stays ours through outages, for the servers that play a vendor."""

import asyncio
import socket
from collections.abc import Callable

HOST = "127.0.0.1"

_BACKLOG = 1024


class Port:
    """A port that nobody else gets, whether somebody listens there or not.

    While nobody does, connections are refused. A socket that is bound and does not listen keeps
    it: the system gives a port that is free for a moment to the next who connects to anywhere.
    """

    def __init__(self, number: int = 0) -> None:
        """Take the port, 0 for any free one; raises OSError if somebody has it."""
        self._kept = socket.socket()
        try:
            self._set(socket.SO_REUSEADDR, on=True)  # what was connected there may not be over yet
            self._kept.bind((HOST, number))
        except OSError:
            self._kept.close()
            raise
        # only now: bound with it, it would stand beside another's that has it as well
        self._set(socket.SO_REUSEPORT, on=True)
        self._set(socket.SO_REUSEADDR, on=False)
        self.number: int = self._kept.getsockname()[1]

    async def listen(self, serve: Callable[[], asyncio.Protocol]) -> asyncio.Server:
        """Take connections until the server that this gives is closed."""
        loop = asyncio.get_running_loop()
        return await loop.create_server(serve, HOST, self.number, backlog=_BACKLOG, reuse_port=True)

    def _set(self, option: int, *, on: bool) -> None:
        self._kept.setsockopt(socket.SOL_SOCKET, option, on)

    def close(self) -> None:
        """Leave the port to others."""
        self._kept.close()
