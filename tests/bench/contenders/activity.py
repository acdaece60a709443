"""`twilio_core.activity`, the four-output contract, with nothing else of the bot."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from tests.bench.contender import BODY, SENDER, Send, Task, contend
from twilio_core.activity import Fate, execute


@asynccontextmanager
async def opens(task: Task) -> AsyncIterator[Send]:
    async def send(numbers: Sequence[str]) -> int:
        inputs = {
            "urlString": task.url,
            "accountSid": task.account_sid,
            "authToken": task.auth_token,
            "from": SENDER,
            "messageBody": BODY,
            "to": ",".join(numbers),
        }
        result = await execute(inputs, concurrency=task.in_flight)
        return sum(each.fate is Fate.ACCEPTED for each in result.recipients)

    yield send


if __name__ == "__main__":
    contend(opens)
