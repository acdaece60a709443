"""The command line as a script sees it: a process, its exit code and its two streams."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.forks import Forks
from twilio_core.testing import FakeTwilio

ALICE, BOB, WRONG = "+16175551212", "+16175551213", "+15005550001"


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def result(self) -> dict[str, Any]:
        """The one JSON object on standard output."""
        [line] = self.out.splitlines()
        found: dict[str, Any] = json.loads(line)
        return found


@dataclass
class Shell:
    """A working directory and an environment of their own.

    Called, it forks for the command; `real` starts an interpreter, as a shell does.
    """

    folder: Path
    twilio: FakeTwilio
    forks: Forks
    environ: dict[str, str] = field(default_factory=dict)

    async def start(self, *words: str, **changes: str) -> asyncio.subprocess.Process:
        """Start a command and leave it running."""
        return await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "bot", *words),
            cwd=self.folder,
            env=self.given(changes),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def given(self, changes: Mapping[str, str]) -> dict[str, str]:
        """Give the whole environment of a command."""
        root = str(Path(__file__).parents[3])
        kept = {k: v for k, v in os.environ.items() if k in {"PATH", "HOME", "SYSTEMROOT"}}
        return {**kept, "PYTHONPATH": root, "PYTHONUTF8": "1", **self.environ, **changes}

    async def __call__(self, *words: str, **changes: str) -> Ended:
        return self.held(Ended(*await self.forks.run(words, self.folder, self.given(changes))))

    async def real(self, *words: str, **changes: str) -> Ended:
        """Carry a command out in an interpreter of its own."""
        return await self.end(await self.start(*words, **changes))

    async def end(self, process: asyncio.subprocess.Process) -> Ended:
        """Wait for the end of a command that was started."""
        try:
            async with asyncio.timeout(60):
                out, err = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        return self.held(Ended(process.returncode or 0, out.decode(), err.decode()))

    def held(self, ended: Ended) -> Ended:
        """Hold that no secret and no traceback was shown."""
        secrets = [v for k, v in self.environ.items() if k.endswith(("TOKEN", "SECRET"))]
        assert not [s for s in secrets if s and s in ended.out + ended.err]
        assert "Traceback" not in ended.err
        return ended
