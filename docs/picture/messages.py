"""Print the messages of the picture as JSON: the real bot between a local Slack and a local Twilio.

One of five numbers is refused, one is found at Twilio after its connection broke, and of one nobody
can know, so that the card has something to say.
"""  # noqa: INP001 - a script, not part of the package

import asyncio
import json
import sys
import tempfile
from pathlib import Path

from bot import logs
from bot.app import running
from bot.config import load
from bot.sandbox.environ import environ
from bot.sandbox.model import Message
from bot.sandbox.server import FakeSlack
from bot.store import embedded
from twilio_core.testing import Error, FakeTwilio, Reset, ServerError

ONCALL, ALICE = "C0ONCALL", "U0ALICE"
BOB, CAROL, DAN, ERIN = "+16175550142", "+16175550143", "+16175550144", "+16175550145"
DELIVERED = 3
COMMAND = "send oncall, dan, erin Power is out in the cold room. Please call the lab desk, ext. 12."

POLICY = f"""
[[channel]]
id = "{ONCALL}"
allow = ["send", "recipients"]
who = ["*"]
to = ["directory"]

[timing]
in_doubt = "3s"
poll = "1s"

[[contact]]
name = "alice"
number = "+16175550141"

[[contact]]
name = "bob"
number = "{BOB}"

[[contact]]
name = "carol"
number = "{CAROL}"

[[contact]]
name = "dan"
number = "{DAN}"

[[contact]]
name = "erin"
number = "{ERIN}"

[[group]]
name = "oncall"
members = ["alice", "bob", "carol"]
"""


async def conversation(folder: Path, database_url: str) -> list[Message]:
    """Send, wait for the last word, and give what the sender sees then."""
    async with FakeSlack() as slack, FakeTwilio(step=0.3) as twilio:
        slack.add_user(ALICE, "alice")
        slack.add_channel(ONCALL, "oncall", [ALICE])
        twilio.script(CAROL, Reset(accepted=True))
        twilio.script(DAN, Error(21614))
        twilio.script(ERIN, ServerError(500))
        (folder / "sms.toml").write_text(POLICY, encoding="utf-8")
        told = environ(slack, twilio, DATABASE_URL=database_url, LOG_LEVEL="ERROR")
        config = load(told, folder)
        logs.configure(config.settings)  # standard output is for the messages alone
        async with running(config), asyncio.timeout(30):
            await slack.connected()
            await slack.command(ALICE, ONCALL, COMMAND)
            while not _over(slack):  # noqa: ASYNC110 - told by nobody
                await asyncio.sleep(0.05)
        return slack.seen_by(ALICE, ONCALL)


def _over(slack: FakeSlack) -> bool:
    """Tell whether all three are delivered, and the sender knows of the others."""
    seen = slack.seen_by(ALICE, ONCALL)
    told = [m.metadata["event_payload"] for m in seen if m.metadata]
    return any(m.ephemeral for m in seen) and any(t["delivered"] == DELIVERED for t in told)


def main() -> None:
    """Print the messages, oldest first."""
    with tempfile.TemporaryDirectory(prefix="sms-bot-card-", ignore_cleanup_errors=True) as name:
        server = embedded.start(Path(name))
        try:
            seen = asyncio.run(conversation(Path(name), server.url))
        finally:
            server.stop()
    json.dump([{"private": m.ephemeral, "blocks": m.blocks} for m in seen], sys.stdout)


if __name__ == "__main__":
    main()
