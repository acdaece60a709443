"""The image at work: between a local Slack and a local Twilio, as an engine would run it."""

import asyncio
import os
import signal
import socket
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bot.sandbox.environ import environ
from bot.sandbox.server import FakeSlack
from bot.variables import SECRETS
from tests.container.rootfs import Rootfs, mount
from twilio_core.testing import FakeTwilio

ALICE, ONCALL = "U0ALICE", "C0ONCALL"
POLICY = """
[[channel]]
id = "C0ONCALL"
allow = ["send"]
who = ["*"]
to = ["+1617"]
"""
START, STOP = 30.0, 45.0
"""Seconds: the health check's start period, and the grace of a stop."""


@dataclass
class Container:
    """The image, and what an engine gives to it."""

    image: Rootfs
    env: dict[str, str]
    log: Path
    first: int = 0

    async def start(self) -> subprocess.Popen[bytes]:
        """Start it with the program as process 1, and wait until it says that it is well."""
        stage = self.image.stage
        command = self.image.inside(*stage.words("ENTRYPOINT"), *stage.words("CMD"))
        alone = ["unshare", "--pid", "--fork", f"--mount-proc={self.image.root}/proc"]
        with self.log.open("ab") as log:
            process = subprocess.Popen(  # noqa: ASYNC220 - nothing else runs yet
                [*alone, *command], env={**self.image.env, **self.env}, stderr=log, stdout=log
            )
        began = time.monotonic()
        self.first = await _child(process.pid)
        while (await self.ask(stage.health()))[0]:
            assert process.poll() is None, self.told()
            assert time.monotonic() - began < START, self.told()
            await asyncio.sleep(0.2)
        print(f"  HEALTHCHECK: well after {time.monotonic() - began:.1f} s")
        return process

    async def stop(self, process: subprocess.Popen[bytes]) -> None:
        """Stop it as an engine does, and hold that it ends well in time."""
        began = time.monotonic()
        os.kill(self.first, getattr(signal, self.image.stage.last("STOPSIGNAL")))
        code = await asyncio.to_thread(process.wait, STOP)
        assert code == 0, self.told()
        print(f"  STOPSIGNAL: ended with 0 after {time.monotonic() - began:.1f} s")

    async def kill(self, process: subprocess.Popen[bytes]) -> None:
        """Kill it, if it runs, as an engine does whose patience is over."""
        if process.poll() is None:
            # itself, not `unshare`: who has changed its user is not told of its parent's end
            os.kill(self.first, signal.SIGKILL)
            await asyncio.to_thread(process.wait)
            print("  killed")

    async def ask(self, command: list[str]) -> tuple[int, str]:
        """Carry out a command beside the bot."""
        return await asyncio.to_thread(self.image.execute, command, self.env, self.first)

    def told(self) -> str:
        """What the bot has written."""
        return self.log.read_text("utf-8")


async def _child(pid: int) -> int:
    """Wait for the one process of a process: of `unshare`, the program."""
    path = Path(f"/proc/{pid}/task/{pid}/children")
    while not (child := await asyncio.to_thread(path.read_text, "utf-8")):  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    return int(child)


@asynccontextmanager
async def world() -> AsyncIterator[tuple[FakeSlack, FakeTwilio]]:
    """A workspace and an account."""
    async with FakeSlack() as slack, FakeTwilio(step=None) as twilio:
        slack.add_user(ALICE, "alice")
        slack.add_channel(ONCALL, "oncall", [ALICE])
        yield slack, twilio


def furnish(image: Rootfs, told: dict[str, str]) -> dict[str, str]:
    """Mount volume, policy and secrets, let nothing else be written; give the variables."""
    (image.root / "etc/sms-bot/sms.toml").write_text(POLICY, "utf-8")
    secrets = image.root / "run/secrets"
    secrets.mkdir(parents=True, exist_ok=True)
    image.close()
    user, group = image.stage.last("USER").split(":")
    owned = f"uid={user},gid={group}"
    mount("-t", "tmpfs", "-o", f"{owned},mode=0700", "none", image.at(image.stage.last("VOLUME")))
    mount("-t", "tmpfs", "-o", f"{owned},mode=0500", "none", secrets)
    files = {name: told.pop(name) for name in SECRETS if name in told}
    for name, value in files.items():
        (secrets / name.lower()).write_text(f"{value}\n", "utf-8")
    mount("-o", "remount,ro", secrets)
    return {**told, **{f"{name}_FILE": f"/run/secrets/{name.lower()}" for name in files}}


def free_port() -> int:
    """A port that nothing has."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


async def trial(image: Rootfs, log: Path) -> None:
    """Run the image: a command is sent, a restart forgets nothing, and nothing else is written."""
    async with world() as (slack, twilio):
        told = environ(slack, twilio, PORT=str(free_port()))
        container = Container(image, furnish(image, told), log)
        process = await container.start()
        try:
            await _send(slack, twilio, container)
            await _unwritten(container)
            await container.stop(process)
            process = await container.start()
            await _remembers(container)
            await container.kill(process)
            process = await container.start()
            await _remembers(container)
            await container.stop(process)
        finally:
            await container.kill(process)
        assert slack.violations == []


async def _send(slack: FakeSlack, twilio: FakeTwilio, container: Container) -> None:
    await slack.connected(20)
    done = await slack.command(ALICE, ONCALL, "send +16175551212 Water in the lab")
    assert done.error == "", container.told()
    async with asyncio.timeout(20):
        while not twilio.messages:  # noqa: ASYNC110 - a server of its own, which sets no event
            await asyncio.sleep(0.05)
    print("  a command of the local Slack has reached the local Twilio")


async def _remembers(container: Container) -> None:
    code, out = await container.ask(["sms-bot", "audit", "--json"])
    assert code == 0, out
    assert '"action": "send"' in out, out
    print("  the volume has what was sent before")


async def _unwritten(container: Container) -> None:
    for path in ("/opt/sms-bot/x", "/etc/x", "/var/x", "/run/secrets/x"):
        code, _ = await container.ask(["touch", path])
        assert code, path
    for path in ("/data/x", "/tmp/x"):  # noqa: S108 - in the image
        code, out = await container.ask(["touch", path])
        assert code == 0, out
    print("  read-only: nothing but /data and /tmp takes a file")
