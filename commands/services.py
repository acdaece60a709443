"""What a verb is given: the request, and the services that answer it."""

from dataclasses import dataclass, field
from datetime import timedelta

from commands.lookups import Lookups
from commands.model import Actor
from commands.ports import AuditLog, Book, Clock, Directory, History, Ledger, Pages, Questions
from commands.rules import Policy


@dataclass(frozen=True)
class Request:
    """Something typed, clicked or called.

    Attributes:
        text: what was typed after ``/sms``, Slack's dressing still on.
        actor: who asks, where; user groups are filled in by the flow.
        request_key: what makes a redelivered request the same, e.g. ``cmd:<trigger_id>``.
        answer_url: Slack's response_url, empty if there is none.
    """

    text: str
    actor: Actor
    request_key: str
    answer_url: str = ""

    def __repr__(self) -> str:
        """Leave out text and answer URL, which hold numbers and a secret."""
        return f"Request({self.request_key!r}, {self.actor!r})"


@dataclass(frozen=True)
class Services:
    """The world as the verbs know it; `policy` is the one in force when the command came.

    Attributes:
        policy: what sms.toml says, with the directory that is kept in Slack.
        directory: whom Twilio and Slack know.
        ledger: where sends are committed.
        book: where the directory of Slack is changed.
        audit: where refusals are kept.
        clock: the time.
        default_sender: the From of channels that name none.
        history: what was sent.
        questions: what is asked before sending.
        pages: what is paged, and who has it.
        same_intent: how long the same text to the same people counts as sent already; zero asks
            nobody.
    """

    policy: Policy
    directory: Directory
    ledger: Ledger
    book: Book
    audit: AuditLog
    clock: Clock
    default_sender: str
    history: History
    questions: Questions
    pages: Pages
    same_intent: timedelta


@dataclass(frozen=True)
class Case:
    """One request on its way through the flow.

    Attributes:
        request: what was asked.
        services: the world.
        lookups: the directory, remembering its answers for this request.
    """

    request: Request
    services: Services
    lookups: Lookups = field(repr=False)
