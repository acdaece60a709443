"""The body of a request, read within a limit of bytes and of time."""

import asyncio

from aiohttp import ClientError, web
from aiohttp.http_exceptions import HttpProcessingError


async def read_body(request: web.Request, limit: int, seconds: float) -> bytes:
    """Read a body to its end.

    Args:
        request: whose body it is; nobody has read of it.
        limit: bytes of it at the most, as they are once unpacked.
        seconds: for all of it: who sends a byte now and then is not waited for.

    Raises:
        web.HTTPRequestEntityTooLarge: it is longer.
        web.HTTPRequestTimeout: it did not come in time.
        web.HTTPBadRequest: it broke off, or cannot be unpacked.
    """
    body = bytearray()
    try:
        async with asyncio.timeout(seconds):
            async for part in request.content.iter_any():
                body += part
                if len(body) > limit:
                    raise web.HTTPRequestEntityTooLarge(limit, len(body))
    except TimeoutError:
        raise web.HTTPRequestTimeout from None
    except (web.RequestPayloadError, ClientError, HttpProcessingError, OSError) as exc:
        request.content.feed_eof()  # aiohttp would read on to its end, and log what it comes upon
        raise web.HTTPBadRequest from exc
    return bytes(body)
