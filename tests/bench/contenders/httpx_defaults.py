"""httpx as it comes: every request at once, its pool and its timeouts as they are."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import httpx

from tests.bench.contender import Send, Task, contend, form


@asynccontextmanager
async def opens(task: Task) -> AsyncIterator[Send]:
    async with httpx.AsyncClient() as client:

        async def post(to: str) -> bool:
            try:
                answer = await client.post(task.messages_url, data=form(to), auth=task.credentials)
            except httpx.HTTPError:  # most often PoolTimeout: it waited for a connection
                return False
            return answer.status_code == httpx.codes.CREATED

        async def send(numbers: Sequence[str]) -> int:
            return sum(await asyncio.gather(*map(post, numbers)))

        yield send


if __name__ == "__main__":
    contend(opens)
