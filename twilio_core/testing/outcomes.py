"""What a test can make one request meet, as values for `FakeTwilio.script`.

`accepted` says whether Twilio has the message although its answer tells nothing: that is the
difference between a lost message and one sent twice.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Error:
    """Twilio's own refusal, as JSON; the message is not taken."""

    code: int
    status: int = 400
    text: str = ""


@dataclass(frozen=True)
class ServerError:
    """A 5xx with Twilio's JSON."""

    status: int = 500
    accepted: bool = False


@dataclass(frozen=True)
class Html:
    """A page of something between us and Twilio, such as a load balancer's 503."""

    status: int = 503
    accepted: bool = False


@dataclass(frozen=True)
class Silence:
    """No answer, for as long as the caller waits."""

    accepted: bool = False


@dataclass(frozen=True)
class Reset:
    """The connection is reset after the request was read."""

    accepted: bool = False


@dataclass(frozen=True)
class Delayed:
    """The usual answer, after so many seconds."""

    seconds: float


@dataclass(frozen=True)
class Late:
    """Taken at once, and answered as usual after so many seconds: callbacks may overtake it."""

    seconds: float


@dataclass(frozen=True)
class Ends:
    """Taken as usual; the delivery ends like this instead of `delivered`."""

    status: str = "undelivered"
    error_code: int | None = 30003


@dataclass(frozen=True)
class Raw:
    """Any answer at all: redirects, empty or cut bodies, JSON of another kind."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    accepted: bool = False


Outcome = Error | ServerError | Html | Silence | Reset | Delayed | Late | Ends | Raw
