"""From what became of each recipient to the outputs of the contract. Pure.

all accepted               200  Success
some accepted              201  Partial-Success
none, all for one reason   that reason's code: an HTTP status, 901 or 1001   Failed
none, for several reasons  202  Failed
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from twilio_core.errors import OutcomeUnknown, TwilioError, Unreachable


class Fate(StrEnum):
    """What became of one recipient's message."""

    ACCEPTED = "accepted"
    """Twilio has it, and gave it a SID."""
    FAILED = "failed"
    """Twilio does not have it: may be sent to again."""
    UNKNOWN = "unknown"
    """Twilio may have it: look before sending again."""


@dataclass(frozen=True)
class Judgement:
    """What an error means for one recipient.

    Attributes:
        code: an HTTP status of the contract, 901 (no connection) or 1001 (anything else).
        fate: FAILED or UNKNOWN.
        error_code: Twilio's code, if any.
        reason: plain words, without the code.
    """

    code: str
    fate: Fate
    error_code: int | None
    reason: str

    def text(self) -> str:
        """Return Twilio's code, if any, and the reason."""
        return _line(self.error_code, self.reason)

    def of_a_read(self) -> str:
        """Return the text for a request that only reads: there is no message to be in doubt of."""
        doubted = self.fate is Fate.UNKNOWN
        return _line(self.error_code, self.reason.partition("; ")[0] if doubted else self.reason)

    def unsent(self) -> "Judgement":
        """Return the same for a message that was held back because of this."""
        return replace(self, fate=Fate.FAILED, reason=f"not sent, because {self.reason}")


@dataclass(frozen=True)
class RecipientResult:
    """One recipient's outcome.

    Attributes:
        to: the address as it was given.
        code: 200, or the code of its failure as in `Judgement`.
        sid: Twilio's id of the message; None unless accepted.
        error_code: Twilio's code of the failure.
        reason: the failure in plain words; empty when accepted.
        fate: whether it may be sent to again.
    """

    to: str = field(repr=False)
    code: str
    sid: str | None
    error_code: int | None
    reason: str
    fate: Fate


@dataclass(frozen=True)
class Result:
    """The outputs of the contract (section 4), all strings, and what stands behind them.

    Attributes:
        status_code: see the module's table; 501 to 506 for blank inputs.
        status: Success, Partial-Success or Failed.
        message: the success, or a `NUMBER: reason` line for each recipient not accepted.
        failed_numbers: comma-separated; none of them was accepted, all may be sent to again.
        unknown_numbers: comma-separated; each may have been sent.
        recipients: every recipient, in the order given.
    """

    status_code: str
    status: str
    message: str = field(repr=False)
    failed_numbers: str = field(repr=False)
    unknown_numbers: str = field(repr=False)
    recipients: tuple[RecipientResult, ...] = ()

    def outputs(self) -> dict[str, str]:
        """Return the outputs under the names of the contract."""
        return {
            "statusCode": self.status_code,
            "status": self.status,
            "message": self.message,
            "failedNumbers": self.failed_numbers,
            "unknownNumbers": self.unknown_numbers,
        }

    def as_json(self) -> dict[str, object]:
        """Return the outputs and the recipients, fit for `json.dumps`."""
        recipients = [
            {
                "to": each.to,
                "code": each.code,
                "sid": each.sid,
                "error_code": each.error_code,
                "reason": each.reason,
            }
            for each in self.recipients
        ]
        return {**self.outputs(), "recipients": recipients}


_STATUSES = frozenset({400, 401, 404, 405, 429, 500, 503})
"""The HTTP statuses that the contract passes on as they are."""
_OK = range(200, 300)


def judge(error: TwilioError) -> Judgement:
    """Say what an error means for the recipient whose message met it."""
    fate = Fate.UNKNOWN if isinstance(error, OutcomeUnknown) else Fate.FAILED
    if isinstance(error, Unreachable):
        return Judgement("901", fate, error.code, error.reason)
    if error.status in _STATUSES:
        return Judgement(str(error.status), fate, error.code, error.reason)
    told = "" if error.status is None or error.status in _OK else f" (HTTP {error.status})"
    what, semicolon, doubt = error.reason.partition("; ")
    return Judgement("1001", fate, error.code, f"{what}{told}{semicolon}{doubt}")


def failed(to: str, why: Judgement) -> RecipientResult:
    """Return the outcome of a recipient whose message was judged."""
    return RecipientResult(to, why.code, None, why.error_code, why.reason, why.fate)


def verdict(recipients: Sequence[RecipientResult]) -> Result:
    """Sum up what became of each recipient."""
    if not recipients:
        return refused("502", "To field is blank")
    code, status = conclude((each.fate, each.code) for each in recipients)
    missed = [each for each in recipients if each.fate is not Fate.ACCEPTED]
    lines = [f"{each.to}: {_line(each.error_code, each.reason)}" for each in missed]
    done = "SMS sent successfully to: " + ",".join(each.to for each in recipients)
    return Result(
        status_code=code,
        status=status,
        message="\n".join(lines) or done,
        failed_numbers=_numbers(recipients, Fate.FAILED),
        unknown_numbers=_numbers(recipients, Fate.UNKNOWN),
        recipients=tuple(recipients),
    )


def refused(code: str, message: str, to: Sequence[str] = ()) -> Result:
    """Return the result of a call that reached Twilio for none of its recipients."""
    why = Judgement(code, Fate.FAILED, None, message)
    recipients = tuple(failed(each, why) for each in to)
    return Result(code, "Failed", message, ",".join(to), "", recipients)


def conclude(outcomes: Iterable[tuple[Fate, str]]) -> tuple[str, str]:
    """Return status code and status, by the module's table.

    Args:
        outcomes: fate and code of the recipients; alike ones may be given once.
    """
    kinds = set(outcomes)
    accepted = {fate is Fate.ACCEPTED for fate, _ in kinds}
    if accepted == {True}:
        return "200", "Success"
    if True in accepted:
        return "201", "Partial-Success"
    codes = {code for _, code in kinds}
    return (codes.pop() if len(codes) == 1 else "202"), "Failed"


def _numbers(recipients: Sequence[RecipientResult], fate: Fate) -> str:
    return ",".join(each.to for each in recipients if each.fate is fate)


def _line(error_code: int | None, reason: str) -> str:
    return reason if error_code is None else f"{error_code} {reason}"
