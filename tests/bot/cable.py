"""The way to the database, which goes dead and tells nobody."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

SOCKET = ".s.PGSQL.5432"


class Cable:
    """Leads to the database, until it is said to be dead; new connections are always led on."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket
        self._pumps: set[asyncio.Task[None]] = set()
        self._ends: list[asyncio.StreamWriter] = []
        self.connections = 0

    async def lead(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        there, back = await asyncio.open_unix_connection(self._socket)
        self._ends += [back, writer]
        for source, target in ((reader, back), (there, writer)):
            self._pumps.add(asyncio.create_task(_pump(source, target)))

    async def die(self) -> None:
        """Carry nothing any more for those who are connected; they are not told."""
        for pump in self._pumps:
            pump.cancel()
        await asyncio.gather(*self._pumps, return_exceptions=True)

    async def close(self) -> None:
        await self.die()
        for end in self._ends:
            end.close()
        await asyncio.gather(*(end.wait_closed() for end in self._ends), return_exceptions=True)


async def _pump(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    while data := await source.read(65_536):
        target.write(data)
        await target.drain()
    target.close()


@asynccontextmanager
async def cabled(url: str) -> AsyncIterator[tuple[Cable, str]]:
    """Lay a cable to the database of `url`; give it, and the URL that goes through it."""
    direct, folder = url.split("host=")
    with tempfile.TemporaryDirectory() as made:
        cable = Cable(Path(folder) / SOCKET)
        server = await asyncio.start_unix_server(cable.lead, Path(made) / SOCKET)
        yield cable, f"{direct}host={made}"
        await cable.close()
        server.close()
