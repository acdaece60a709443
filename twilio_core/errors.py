"""What can go wrong with Twilio, divided by what the caller does next.

    TwilioError            the root; `reason` is fit for a log and for a person
    ├── Rejected           this message was refused; `scope` says what is at fault. Not again as is
    ├── AccountRefused     nothing else will be accepted either: stop, and tell an administrator
    ├── Throttled          not processed: may be sent again after a pause
    ├── Unreachable        the request never left: may be sent again
    ├── OutcomeUnknown     it may have been processed: look for it before sending again
    └── SignatureMismatch  a webhook that Twilio did not sign: answer 403

`twilio_core` itself never sends anything again: only its caller knows what a second message costs.
"""

from twilio_core.codes import Scope


class TwilioError(Exception):
    """The root of the tree.

    Attributes:
        reason: what happened, in plain words; never a secret, a phone number or a message body.
        status: HTTP status of Twilio's answer; None when there was no answer.
        code: Twilio's own error code; None when the answer had none.
        request_id: Twilio's id of the request, for its support; empty when unknown.
    """

    def __init__(
        self,
        reason: str,
        *,
        status: int | None = None,
        code: int | None = None,
        request_id: str = "",
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status
        self.code = code
        self.request_id = request_id


class Rejected(TwilioError):
    """Twilio refused this one message; others may well be accepted.

    Attributes:
        scope: what is at fault: the number, the country, the sender, the message.
    """

    def __init__(
        self,
        reason: str,
        *,
        scope: Scope = Scope.MESSAGE,
        status: int | None = None,
        code: int | None = None,
        request_id: str = "",
    ) -> None:
        super().__init__(reason, status=status, code=code, request_id=request_id)
        self.scope = scope


class AccountRefused(TwilioError):
    """Credentials, account, address or daily cap: every other request would end the same way."""


class Throttled(TwilioError):
    """Too many requests at once (429/20429): Twilio promises that it did not process this one.

    Attributes:
        retry_after: seconds that Twilio asks to wait; None when it does not say.
    """

    def __init__(
        self,
        reason: str,
        *,
        retry_after: float | None = None,
        status: int | None = None,
        code: int | None = None,
        request_id: str = "",
    ) -> None:
        super().__init__(reason, status=status, code=code, request_id=request_id)
        self.retry_after = retry_after


class Unreachable(TwilioError):
    """No connection: bad address, DNS, refused, TLS or connect timeout. Nothing was written."""


class OutcomeUnknown(TwilioError):
    """The request left and no clear answer came: a 5xx, silence, a reset, an unreadable 2xx."""


class SignatureMismatch(TwilioError):
    """The request does not carry the signature that our auth token gives."""
