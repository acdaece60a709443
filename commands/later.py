"""The verbs that are understood but not served by this version."""

from typing import NoReturn

from commands.errors import NotYet
from commands.forms import FORMS, SERVED
from commands.parser import Page
from commands.services import Case


async def later(_command: Page, _case: Case) -> NoReturn:
    """Refuse, naming what works.

    Raises:
        NotYet: always.
    """
    works = "\n".join(FORMS[verb] for verb in SERVED)
    raise NotYet("This version does not serve /sms page yet.", f"These work:\n{works}")
