"""The `twilio` package's ordinary client, in as many threads as requests in flight."""

import logging
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from urllib.parse import urljoin

from twilio.base.exceptions import TwilioRestException  # type: ignore[import-untyped]
from twilio.http.http_client import TwilioHttpClient  # type: ignore[import-untyped]
from twilio.rest import Client  # type: ignore[import-untyped]

from tests.bench.contender import BODY, SENDER, Send, Task, contend


@asynccontextmanager
async def opens(task: Task) -> AsyncIterator[Send]:
    logging.getLogger("urllib3").setLevel(logging.ERROR)  # tells of every connection it drops
    http = TwilioHttpClient()
    # here Twilio speaks no TLS: give http what the package gives https, its pool of connections
    http.session.mount("http://", http.session.get_adapter("https://"))
    client = Client(*task.credentials, http_client=http)
    client.api.base_url = urljoin(task.url, "/")

    def post(to: str) -> bool:
        try:
            client.messages.create(to=to, from_=SENDER, body=BODY)
        except TwilioRestException:
            return False
        return True

    with ThreadPoolExecutor(task.in_flight) as threads:

        async def send(numbers: Sequence[str]) -> int:
            return sum(threads.map(post, numbers))

        yield send


if __name__ == "__main__":
    contend(opens)
