"""A contender's side of the bench: read the task, send it, print what it took."""

import asyncio
import json
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import asdict, dataclass
from typing import Protocol

SENDER = "+15005550006"
BODY = "hello"


@dataclass(frozen=True)
class Task:
    """What to send.

    Attributes:
        url: the Accounts root of the local Twilio.
        account_sid: the account.
        auth_token: its secret.
        in_flight: requests at once.
        warm_up: sent to before the clock runs.
        numbers: sent to while it runs.
    """

    url: str
    account_sid: str
    auth_token: str
    in_flight: int
    warm_up: str
    numbers: list[str]

    @property
    def messages_url(self) -> str:
        """Where messages are posted."""
        return f"{self.url}{self.account_sid}/Messages.json"

    @property
    def credentials(self) -> tuple[str, str]:
        """User and password."""
        return self.account_sid, self.auth_token


@dataclass(frozen=True)
class Spent:
    """What the run took: seconds of time and of this process's CPU, and messages accepted."""

    wall: float
    cpu: float
    accepted: int


class Send(Protocol):
    """Sends to everybody and tells how many messages were accepted."""

    async def __call__(self, numbers: Sequence[str], /) -> int: ...


Opens = Callable[[Task], AbstractAsyncContextManager[Send]]


def form(to: str) -> dict[str, str]:
    """Give the fields of one message."""
    return {"To": to, "From": SENDER, "Body": BODY}


def contend(opens: Opens) -> None:
    """Do the task on standard input."""
    task = Task(**json.loads(sys.stdin.readline()))
    print(json.dumps(asdict(asyncio.run(_spend(opens, task)))), flush=True)


async def _spend(opens: Opens, task: Task) -> Spent:
    async with opens(task) as send:
        await send([task.warm_up])
        wall, cpu = time.perf_counter(), time.process_time()
        accepted = await send(task.numbers)
        return Spent(time.perf_counter() - wall, time.process_time() - cpu, accepted)
