"""The verb `help`: what works in this channel for this person, and what the rest is missing."""

from commands.errors import CommandError, LookupFailed
from commands.forms import FORMS
from commands.model import Action
from commands.outcome import Helped
from commands.parser import Help
from commands.permission import any_action, ask, permit_admin
from commands.services import Case

_SEND = (
    f"{FORMS['send']}: sends an SMS",
    "/sms send: opens the composer",
)
_RECIPIENTS = (f"{FORMS['recipients']}: lists who can be reached from here",)
_PAGE = (f"{FORMS['page']}: pages until somebody acknowledges",)
_ANSWERS = (f"{FORMS['ack']}: says that you have a page; {FORMS['resolve']} closes it",)
_STATUS = (f"{FORMS['status']}: shows the last sends of this channel, or one in detail",)
_ADMIN = (
    f"{FORMS['contacts']}: the directory, for admins",
    f"{FORMS['group']}: its groups, for admins",
)
_ALWAYS = (
    f"{FORMS['why']}: says which rule would allow or refuse that command, and does nothing",
    f"{FORMS['help']}: this list",
)


_LINES = ((Action.SEND, _SEND), (Action.RECIPIENTS, _RECIPIENTS), (Action.PAGE, _PAGE))


async def help_(_command: Help, case: Case) -> Helped:
    """List what this person can do here, then what is not allowed and how to mend it."""
    works: list[str] = []
    missing: list[str] = []
    for action, lines in _LINES:
        fault = await _fault(action, case)
        works += () if fault else lines
        missing += [fault] if fault else ()
    works += () if await _fault(any_action(case), case) else (*_ANSWERS, *_STATUS)
    works += _ADMIN if await _admin(case) else ()
    return Helped((*works, *_ALWAYS, *missing))


async def _admin(case: Case) -> bool:
    try:
        await permit_admin(case)
    except CommandError:
        return False
    return True


async def _fault(action: Action, case: Case) -> str:
    try:
        _, decision = await ask(case, action)
    except LookupFailed as failed:  # help must not fail for want of a user group
        return f"Whether you may use {action} here cannot be told now: {failed.text}"
    return "" if decision.allowed else f"{decision.reason}\n{decision.remedy}"
