"""The small checks that Block Kit's rules are made of; the wording is close to Slack's own."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from bot.sandbox.model import Json

MAX_ID = 255


@dataclass
class Report:
    """The problems found so far.

    Attributes:
        problems: one sentence each, with the JSON pointer of the offender.
        action_ids: those met, by block, to find duplicates.
    """

    problems: list[str] = field(default_factory=list)
    action_ids: set[str] = field(default_factory=set)

    def add(self, path: str, problem: str) -> None:
        """Note one problem at a JSON pointer."""
        self.problems.append(f"{problem} [json-pointer:{path}]")

    def shape(self, path: str, obj: Json, required: str, optional: str = "") -> None:
        """Check which fields there are: both are lists of names, parted by blanks."""
        must, may = set(required.split()), set(optional.split())
        for name in sorted(n for n in must if obj.get(n) is None):
            self.add(path, f"missing required field: {name}")
        for name in sorted(obj.keys() - must - may - {"type"}):
            self.add(path, f"invalid additional property: {name}")

    def string(self, path: str, value: object, limit: int, *, least: int = 1) -> None:
        """Check a string's type and length; None is somebody else's matter."""
        if value is None:
            return
        if not isinstance(value, str):
            self.add(path, "must be a string")
        elif len(value) < least:
            self.add(path, f"must be more than {least - 1} characters")
        elif len(value) > limit:
            self.add(path, f"must be less than {limit + 1} characters")

    def text(
        self, path: str, value: object, limit: int, kinds: Sequence[str] = ("plain_text",)
    ) -> None:
        """Check a text object: its type among `kinds`, its length, its flags."""
        if value is None:
            return
        if not isinstance(value, dict):
            self.add(path, "must be a text object")
            return
        kind = value.get("type")
        if kind not in kinds:
            self.add(f"{path}/type", f"must be {' or '.join(kinds)}, not {kind}")
        self.shape(path, value, "text", "verbatim" if kind == "mrkdwn" else "emoji")
        self.string(f"{path}/text", value.get("text"), limit)
        text = value.get("text")
        if kind == "plain_text" and isinstance(text, str) and text and not text.strip():
            self.add(f"{path}/text", "must not be blank")

    def objects(self, path: str, value: object, most: int, *, least: int = 1) -> list[Json]:
        """Check a list of objects and its size; gives those that can be looked at further."""
        if value is None:
            return []
        if not isinstance(value, list):
            self.add(path, "must be an array")
            return []
        if len(value) > most:
            self.add(path, f"no more than {most} items allowed")
        if len(value) < least:
            self.add(path, f"no fewer than {least} items allowed")
        for i, item in enumerate(value):
            if not isinstance(item, dict):
                self.add(f"{path}/{i}", "must be an object")
        return [item if isinstance(item, dict) else {} for item in value]

    def one_of(self, path: str, value: object, allowed: Collection[str]) -> None:
        """Check an enumerated string; None is fine."""
        if value is not None and value not in allowed:
            self.add(path, f"must be one of {', '.join(sorted(allowed))}")

    def url(self, path: str, value: object) -> None:
        """Check a web address: at most 3,000 characters, with a scheme."""
        self.string(path, value, 3000)
        if isinstance(value, str) and value and "://" not in value and not value.startswith("mail"):
            self.add(path, "must be a valid URL")

    def action_id(self, path: str, value: object) -> None:
        """Check an action_id's length, and that its block has no second one."""
        self.string(f"{path}/action_id", value, MAX_ID)
        if isinstance(value, str) and value in self.action_ids:
            self.add(f"{path}/action_id", f"duplicate action_id: {value}")
        self.action_ids.add(str(value)) if value is not None else None
