"""How Twilio speaks; usable without the rest of the project.

    messages   what is sent and what Twilio keeps       answers    what came back
    client     the only I/O                             redirects  where a request may go
    connection the way to Twilio, and its failures
    errors     what the caller does next                codes      Twilio's codes in plain words
    webhooks   what Twilio sends, and its signature     activity   the four-output contract
    testing    a faithful Twilio on this machine        outcome    its table, pure

Nothing here sends a message twice or retries by itself.
"""

from twilio_core.client import DEFAULT_URL, Credentials, TwilioClient
from twilio_core.codes import CodeInfo, Scope, explain
from twilio_core.connection import open_http
from twilio_core.errors import (
    AccountRefused,
    OutcomeUnknown,
    Rejected,
    SignatureMismatch,
    Throttled,
    TwilioError,
    Unreachable,
)
from twilio_core.messages import Account, CallerId, Message, NewMessage, OwnNumber
from twilio_core.webhooks import InboundMessage, StatusCallback

__all__ = [
    "DEFAULT_URL",
    "Account",
    "AccountRefused",
    "CallerId",
    "CodeInfo",
    "Credentials",
    "InboundMessage",
    "Message",
    "NewMessage",
    "OutcomeUnknown",
    "OwnNumber",
    "Rejected",
    "Scope",
    "SignatureMismatch",
    "StatusCallback",
    "Throttled",
    "TwilioClient",
    "TwilioError",
    "Unreachable",
    "explain",
    "open_http",
]
