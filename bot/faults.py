"""A fault of the configuration, and the one exception that carries all of them together."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """One thing in the environment or in sms.toml that keeps the bot from starting.

    Attributes:
        where: the variable, or the file and line.
        what: what is wrong; never quotes a secret.
        remedy: how to mend it.
    """

    where: str
    what: str
    remedy: str

    def __str__(self) -> str:
        """Put the fault on one line."""
        return f"{self.where}: {self.what}. {self.remedy}"


class ConfigFaults(Exception):
    """The configuration cannot be used; its author mends it, and `faults` says how.

    Attributes:
        faults: every fault found, in the order of the environment, then of the file.
    """

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("\n".join(str(f) for f in faults))
        self.faults = tuple(faults)
