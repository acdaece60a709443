"""The verbs that are understood but not served by this version."""

from typing import NoReturn

from commands.errors import NotYet
from commands.forms import FORMS, SERVED
from commands.parser import Page, Status
from commands.services import Case

Later = Page | Status

_VERBS: dict[type[Later], str] = {
    Page: "page",
    Status: "status",
}


async def later(command: Later, _case: Case) -> NoReturn:
    """Refuse, naming what works.

    Raises:
        NotYet: always.
    """
    works = "\n".join(FORMS[verb] for verb in SERVED)
    text = f"This version does not serve /sms {_VERBS[type(command)]} yet."
    raise NotYet(text, f"These work:\n{works}")
