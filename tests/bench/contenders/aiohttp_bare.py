"""aiohttp and nothing else: its own pool holds the requests in flight."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from http import HTTPStatus

import aiohttp

from tests.bench.contender import Send, Task, contend, form


@asynccontextmanager
async def opens(task: Task) -> AsyncIterator[Send]:
    connector = aiohttp.TCPConnector(limit=task.in_flight)
    headers = {"Authorization": aiohttp.encode_basic_auth(*task.credentials)}
    async with aiohttp.ClientSession(connector=connector, headers=headers) as session:

        async def post(to: str) -> bool:
            async with session.post(task.messages_url, data=form(to)) as answer:
                await answer.json()
                return answer.status == HTTPStatus.CREATED

        async def send(numbers: Sequence[str]) -> int:
            return sum(await asyncio.gather(*map(post, numbers)))

        yield send


if __name__ == "__main__":
    contend(opens)
