"""The verbs `contacts`, `contacts add` and `contacts remove`."""

from commands.book import check_free, check_name, make, stored
from commands.changes import Change
from commands.errors import Refusal, UsageError
from commands.forms import write
from commands.numbers import BadNumber, to_address
from commands.outcome import Changed, Kept, Listing, Row, Source
from commands.parser import Contacts, ContactsAdd, ContactsRemove
from commands.permission import permit_admin
from commands.rules import Contact, Group, Policy
from commands.services import Case


async def contacts(_command: Contacts, case: Case) -> Listing:
    """List the whole directory: contacts, then groups, each by name.

    Raises:
        Refusal: the asker is no admin.
    """
    await permit_admin(case)
    policy = case.services.policy
    people = [Row(c.name, c.number, Source.CONTACT, kept=_kept(c)) for c in policy.contacts]
    groups = [Row(g.name, "", Source.GROUP, g.members, kept=_kept(g)) for g in policy.groups]
    rows = (*_ordered(people), *_ordered(groups))
    return Listing(rows, "", case.request.actor.channel, show_numbers=False, verb="contacts")


async def add(command: ContactsAdd, case: Case) -> Changed:
    """Add a contact.

    Raises:
        Refusal: the name is taken or none, the number cannot be texted, or the asker is no admin.
    """
    await permit_admin(case)
    policy = case.services.policy
    name = check_name(command.name, "contacts")
    check_free(name, policy)
    contact = Contact(name, _number(command.number, policy), command.slack)
    linked = ", and who was mentioned in Slack is this contact" if command.slack else ""
    said = f"Added the contact {name}: {contact.number}{linked}."
    return await make(Change(None, contact), case, "contacts", said)


async def remove(command: ContactsRemove, case: Case) -> Changed:
    """Remove a contact.

    Raises:
        Refusal: there is none of this name, it is in use, or the asker is no admin.
    """
    await permit_admin(case)
    contact = stored(command.name, case.services.policy)
    if isinstance(contact, Group):
        raise Refusal(f"{contact.name} is a group.", f"Delete it: /sms group delete {contact.name}")
    said = f"Removed the contact {contact.name}: {contact.number}."
    return await make(Change(contact, None), case, "contacts", said)


def _number(text: str, policy: Policy) -> str:
    try:
        return to_address(text, policy.region)
    except BadNumber as error:
        raise UsageError(
            f"“{text}” cannot be texted: {error.why}.",
            write("contacts", "/sms contacts add alice +16175551212"),
        ) from error


def _kept(entry: Contact | Group) -> Kept:
    return Kept.SLACK if entry.by else Kept.FILE


def _ordered(rows: list[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: row.name.casefold())
