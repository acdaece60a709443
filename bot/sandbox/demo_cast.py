"""Who and what is there in the demo: people, channels, the policy, and what Twilio knows."""

from types import MappingProxyType
from typing import Final

from bot.sandbox.stage import Stage
from bot.sandbox.workspace import BOT_USER
from twilio_core.testing import FakeTwilio

PEOPLE: Final = MappingProxyType({"alice": "U0ALICE", "bob": "U0BOB", "carol": "U0CAROL"})
"""Slack user ids by name."""

PHONES: Final = MappingProxyType(
    {"alice": "+16175551212", "bob": "+16175551213", "carol": "+16175551214"}
)
"""Their numbers by name."""

CHANNELS: Final = MappingProxyType({"oncall": "C0ONCALL", "random": "C0RANDOM"})
"""Slack channel ids by name; the bot is a member of the first alone."""

NAMES: Final = MappingProxyType(
    {ident: name for table in (PEOPLE, CHANNELS) for name, ident in table.items()}
    | {BOT_USER: "sms-bot"}
)
"""What people call each id."""

LONDON: Final = "+447700900123"
"""Dan's number. Twilio refuses it at first: his country is not enabled before somebody does that.

Ofcom keeps the range for drama: https://www.ofcom.org.uk/phones-and-broadband/phone-numbers/
"""

POLICY: Final = f"""\
region = "US"
admins = ["U0ALICE"]

[timing]
poll = "1s"
in_doubt = "15s"

[[channel]]
id = "C0ONCALL"
name = "#oncall"
allow = ["send", "recipients", "page"]
who = ["*"]
to = ["verified", "directory", "+1617", "+1500555"]
max_recipients = 50
daily_limit = 500

[[channel]]
id = "C0RANDOM"
name = "#random"
allow = ["send", "recipients"]
who = ["*"]
to = ["directory"]
max_recipients = 5

[[contact]]
name = "alice"
number = "{PHONES["alice"]}"
slack = "U0ALICE"

[[contact]]
name = "bob"
number = "{PHONES["bob"]}"
slack = "U0BOB"

[[contact]]
name = "carol"
number = "{PHONES["carol"]}"
slack = "U0CAROL"

[[contact]]
name = "dan"
number = "{LONDON}"

[[group]]
name = "lab"
members = ["alice", "bob"]
"""

_VERIFIED = (
    "Ada Augusta Barbara Bram Chioma Dana Edsger Frances Grace Hedy Ines Jean Katherine Lise "
    "Margaret Niklaus Olga Radia Sophie Tim Ursula Wim"
)
"""People whose numbers are verified at Twilio: more than one page of a listing holds."""

MAGIC: Final = MappingProxyType(
    {
        "+15005550001": "is no valid number",
        "+15005550004": "has opted out",
        "+15005550009": "is no mobile phone",
        "+15005550429": "is slowed down once, then taken",
        "+15005550503": "meets a broken Twilio",
        "+15005550408": "gets no answer: may have been sent (15 s)",
    }
)
"""Some of the numbers with which the local Twilio misbehaves: `twilio_core.testing.rules`."""


def populate(slack: Stage, twilio: FakeTwilio) -> None:
    """Let the cast in."""
    for name, user in PEOPLE.items():
        slack.add_user(user, name)
    first, *others = CHANNELS.items()
    slack.add_channel(first[1], first[0], PEOPLE.values())
    for name, channel in others:
        slack.add_channel(channel, name, PEOPLE.values(), bot_member=False)
    # 555-01XX is kept for fiction: https://www.nationalnanpa.com/number_resource_info/555_numbers.html
    twilio.verified += [
        (f"+161755501{number:02}", f"{name}, on call")
        for number, name in enumerate(_VERIFIED.split(), 1)
    ]
