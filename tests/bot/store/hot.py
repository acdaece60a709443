"""One query of a hot path, and how the planner is asked about it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import LiteralString


@dataclass(frozen=True)
class Hot:
    """One query, with what it is asked as a rule.

    Attributes:
        name: for people.
        sql: as the module has it.
        params: what fills its placeholders.
        writes: whether it changes rows.
    """

    name: str
    sql: LiteralString
    params: Sequence[object] | Mapping[str, object]
    writes: bool = False

    @property
    def numbered(self) -> LiteralString:
        """The query with PostgreSQL's own placeholders, as `EXPLAIN (GENERIC_PLAN)` wants it."""
        numbers, names = count(1), dict[str, int]()

        def place(match: re.Match[str]) -> str:
            name = match[1]
            return f"${next(numbers) if name is None else names.setdefault(name, len(names) + 1)}"

        return re.sub(r"%(?:\((\w+)\))?s", place, self.sql).replace("%%", "%")
