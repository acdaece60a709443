"""The port of a server that plays a vendor, through its outages."""

import asyncio
import errno
import socket

import pytest

from twilio_core.testing import FakeTwilio
from twilio_core.testing.port import HOST, Port


def binds(number: int, *options: int) -> int:
    """Try to take a port; give the error's number, 0 if it could be taken."""
    with socket.socket() as other:
        for option in options:
            other.setsockopt(socket.SOL_SOCKET, option, 1)
        try:
            other.bind((HOST, number))
        except OSError as exc:
            return exc.errno or -1
    return 0


async def answers(port: Port) -> bool:
    try:
        _, writer = await asyncio.open_connection(HOST, port.number)
    except ConnectionRefusedError:
        return False
    writer.close()
    return True


async def test_a_port_stays_ours_while_nobody_listens_there() -> None:
    port = Port()
    for _ in range(3):
        assert not await answers(port)
        assert binds(port.number) == errno.EADDRINUSE
        assert binds(port.number, socket.SO_REUSEADDR) == errno.EADDRINUSE
        server = await port.listen(asyncio.Protocol)
        assert await answers(port)
        assert binds(port.number, socket.SO_REUSEADDR) == errno.EADDRINUSE
        server.close()
        await server.wait_closed()
    port.close()
    assert binds(port.number, socket.SO_REUSEADDR) == 0


async def test_a_port_that_is_taken_is_not_shared() -> None:
    async with FakeTwilio() as first:
        with pytest.raises(OSError, match="in use"):
            await FakeTwilio(port=first.port).start()
