"""From whom a send comes: the first sender of its channel, or one that was chosen among them."""

from commands.errors import NotAllowed
from commands.policy import mend, rule_of
from commands.rules import ChannelRules


def choosable(rules: ChannelRules | None) -> tuple[str, ...]:
    """Give the senders to choose from, the default one first; none where there is no choice."""
    return rules.senders if rules is not None and len(rules.senders) > 1 else ()


def chosen(rules: ChannelRules, default: str, wanted: str) -> str:
    """Give the sender of a send.

    Args:
        rules: the channel's.
        default: the sender of channels that name none.
        wanted: the one that was asked for, empty for the channel's first.

    Raises:
        NotAllowed: the channel does not send from the wanted one, or does not any more.
    """
    senders = rules.senders or (default,)
    if wanted and wanted not in senders:
        raise NotAllowed(
            f"Nothing was sent. This channel does not send from {wanted}.",
            mend(rules, "from", [*senders, wanted]),
            rule=rule_of(rules, "from"),
        )
    return wanted or senders[0]


def still(rules: ChannelRules, wanted: str) -> str:
    """Give `wanted` if the channel still names it, else nothing: for a send that is repeated."""
    return wanted if wanted in rules.senders else ""
