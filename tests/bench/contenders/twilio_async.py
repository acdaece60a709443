"""The `twilio` package's async client, held to the number in flight by a semaphore."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from urllib.parse import urljoin

from twilio.base.exceptions import TwilioRestException  # type: ignore[import-untyped]
from twilio.http.async_http_client import AsyncTwilioHttpClient  # type: ignore[import-untyped]
from twilio.rest import Client  # type: ignore[import-untyped]

from tests.bench.contender import BODY, SENDER, Send, Task, contend


@asynccontextmanager
async def opens(task: Task) -> AsyncIterator[Send]:
    async with AsyncTwilioHttpClient() as http:
        client = Client(*task.credentials, http_client=http)
        client.api.base_url = urljoin(task.url, "/")
        free = asyncio.Semaphore(task.in_flight)

        async def post(to: str) -> bool:
            async with free:
                try:
                    await client.messages.create_async(to=to, from_=SENDER, body=BODY)
                except TwilioRestException:
                    return False
                return True

        async def send(numbers: Sequence[str]) -> int:
            return sum(await asyncio.gather(*map(post, numbers)))

        yield send


if __name__ == "__main__":
    contend(opens)
