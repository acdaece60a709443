"""Archived channels: nobody would see there what became of a send, so none is made."""

from commands.errors import ChannelArchived
from commands.services import Case


async def check_open(case: Case) -> None:
    """Refuse what is to be sent from an archived channel.

    For the composer and for buttons, which may name one: in an archived channel nobody can type a
    command, so none has to wait for this look-up. A channel that sms.toml does not name is not
    asked about: it is refused in any case.

    Raises:
        ChannelArchived: Slack says so. Where it says nothing, nothing is refused for it.
    """
    channel = case.request.actor.channel
    if channel in case.services.policy.channels and await case.lookups.archived(channel):
        raise ChannelArchived(
            "This channel is archived in Slack, so nothing is sent from it.",
            "Send from another channel, or have this one unarchived in Slack.",
        )
