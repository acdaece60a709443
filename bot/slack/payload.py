"""What Slack's payloads say, in our words: the only place that knows their fields."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from bot.slack.views.text import clip
from bot.slack.voice import Ear
from commands.dispatch import Request
from commands.dressing import undress
from commands.model import Actor


def command_request(body: Mapping[str, Any]) -> Request:
    """Read a slash command; its trigger_id makes a redelivered one the same."""
    actor = Actor(
        user=str(body["user_id"]),
        channel=str(body["channel_id"]),
        team=str(body.get("team_id") or ""),
    )
    return Request(
        text=str(body.get("text") or ""),
        actor=actor,
        request_key=f"cmd:{body['trigger_id']}",
        answer_url=str(body.get("response_url") or ""),
    )


def name_of(body: Mapping[str, Any]) -> str:
    """Give what Slack names a request by, also when it delivers it again; empty for nothing."""
    return str(body.get("trigger_id") or body.get("event_id") or "")


@dataclass(frozen=True)
class Click:
    """A button that was clicked.

    Attributes:
        actor: who clicked, where.
        value: what the button carries.
        answer_url: its response_url.
        key: what makes a redelivered click the same.
    """

    actor: Actor
    value: str
    answer_url: str = field(repr=False)
    key: str

    @property
    def ear(self) -> Ear:
        """Whom to answer, and how."""
        return Ear(self.actor.user, self.actor.channel, self.answer_url)

    def acting_in(self, channel: str) -> Actor:
        """Give who clicked, as somebody who asks in another channel."""
        return replace(self.actor, channel=channel)


def click(body: Mapping[str, Any]) -> Click:
    """Read a block_actions payload."""
    channel = body.get("channel") or body.get("container") or {}
    actor = _person(body, str(channel.get("id") or channel.get("channel_id") or ""))
    value = str(body["actions"][0].get("value") or "")
    return Click(
        actor, value, str(body.get("response_url") or ""), f"click:{body.get('trigger_id')}"
    )


def shortcut(body: Mapping[str, Any]) -> Click:
    """Read the shortcut of a message, which carries nothing but where it was chosen."""
    actor = _person(body, str(body["channel"]["id"]))
    return Click(
        actor, "", str(body.get("response_url") or ""), f"shortcut:{body.get('trigger_id')}"
    )


def submitter(body: Mapping[str, Any], channel: str) -> Actor:
    """Read who submitted a view, acting in `channel`."""
    return _person(body, channel)


def chosen_channel(body: Mapping[str, Any]) -> str:
    """Read which channel was chosen in a view's menu; empty if it was emptied."""
    return str(body["actions"][0].get("selected_conversation") or "")


def mentioned(body: Mapping[str, Any]) -> tuple[str, ...]:
    """Read whom a message mentions without a name, a few at most."""
    return undress(str(body["message"].get("text") or "")).users[:_MENTIONED]


def forwarded(body: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """Write the text of an SMS from a message's shortcut: what it says, and a link to it.

    Slack gives mentions in a message without their names, which is what `names` are for.
    The link is Slack's permalink, put together here: asking for it would take a trigger_id's time.
    """
    text = undress(str(body["message"].get("text") or ""))
    said = clip(text.filled(names).strip(), _SAID)
    domain, ts = body["team"].get("domain"), str(body["message_ts"]).replace(".", "")
    link = f"https://{domain}.slack.com/archives/{body['channel']['id']}/p{ts}" if domain else ""
    return "\n".join(filter(None, (said, link)))


_MENTIONED = 10
_SAID = 1_400  # so that the link still fits into Twilio's 1,600


def response_url(body: Mapping[str, Any]) -> str:
    """Read the response_url that a view's channel input brings, empty without one."""
    urls = body.get("response_urls") or ()
    return str(urls[0].get("response_url") or "") if urls else ""


def _person(body: Mapping[str, Any], channel: str) -> Actor:
    """Read who acts: `team` is where the app is installed, the user's own is where they are from.

    https://docs.slack.dev/reference/interaction-payloads/block_actions-payload
    """
    user, installed = body["user"], body.get("team")
    team = user.get("team_id") or (installed.get("id") if isinstance(installed, Mapping) else "")
    return Actor(user=str(user["id"]), channel=channel, team=str(team or ""))
