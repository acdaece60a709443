"""The Dockerfile, read into stages."""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path

from dockerfile_parse import DockerfileParser


@dataclass
class Stage:
    """One stage of the build, and what it leaves to who runs it.

    Attributes:
        base: what it begins with.
        name: what others copy from it by.
        steps: instruction and value, in their order.
    """

    base: str
    name: str
    steps: list[tuple[str, str]] = field(default_factory=list)

    def last(self, instruction: str) -> str:
        """What the last instruction of that name says."""
        return next(value for name, value in reversed(self.steps) if name == instruction)

    def words(self, instruction: str) -> list[str]:
        """The words of the last one, which is written as JSON."""
        found: list[str] = json.loads(self.last(instruction))
        return found

    def health(self) -> list[str]:
        """The command of the health check."""
        found: list[str] = json.loads(self.last("HEALTHCHECK").partition("CMD")[2])
        return found


def read(folder: Path, scratch: Path) -> list[Stage]:
    """Read the Dockerfile of a folder."""
    parser = DockerfileParser(str(scratch))  # it would write beside what it reads
    parser.content = (folder / "Dockerfile").read_text("utf-8")
    stages: list[Stage] = []
    for each in parser.structure:
        if each["instruction"] == "FROM":
            base, _, name = each["value"].partition(" AS ")
            stages.append(Stage(base, name))
        elif each["instruction"] != "COMMENT":
            stages[-1].steps.append((each["instruction"], each["value"]))
    return stages


def variables(value: str) -> dict[str, str]:
    """Read what an ENV says; `$NAME` is not used in ours."""
    pairs = re.findall(r'(\w+)=("[^"]*"|\S+)', value)
    return {name: text.strip('"') for name, text in pairs}
