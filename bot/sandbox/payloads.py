"""What Slack tells the app: the payloads of commands, clicks, views and shortcuts.

https://docs.slack.dev/reference/interaction-payloads
"""

import time
from collections.abc import Sequence

from bot.sandbox.model import Channel, Json, Message, User, View
from bot.sandbox.states import state_of
from bot.sandbox.workspace import APP, BOT, BOT_USER, TEAM, TEAM_DOMAIN

TOKEN = "sandbox-verification-token"  # noqa: S105 - Slack's deprecated token, not a secret here


def command(user: User, channel: Channel, name: str, text: str) -> Json:
    """A slash command, all fields strings; the caller adds response_url and trigger_id.

    `team_id` is where the person is in Slack, which is not with us for somebody from elsewhere.
    """
    return {
        "token": TOKEN,
        "team_id": user.team or TEAM,
        "team_domain": TEAM_DOMAIN,
        "channel_id": channel.id,
        "channel_name": channel.told_name,
        "user_id": user.id,
        "user_name": user.name,
        "command": name,
        "text": text,
        "api_app_id": APP,
        "is_enterprise_install": "false",
    }


def _interaction(kind: str, user: User) -> Json:
    person = {"id": user.id, "username": user.name, "name": user.name}
    person["team_id"] = user.team or TEAM
    return {
        "type": kind,
        "user": person,
        "api_app_id": APP,
        "token": TOKEN,
        "team": {"id": TEAM, "domain": TEAM_DOMAIN},
        "enterprise": None,
        "is_enterprise_install": False,
    }


def message_json(message: Message) -> Json:
    """A message as payloads and API answers show it."""
    body: Json = {"type": "message", "ts": message.ts, "text": message.text}
    if message.author == BOT_USER:
        body |= {"user": BOT_USER, "bot_id": BOT, "app_id": APP}
    else:
        body["user"] = message.author or "USLACKBOT"
    body |= {"team": TEAM, "blocks": message.blocks}
    if message.thread:
        body["thread_ts"] = message.thread
    if message.metadata is not None:
        body["metadata"] = message.metadata
    if len(message.versions) > 1:
        body["edited"] = {"user": message.author, "ts": message.ts}
    return body


def view_json(view: View) -> Json:
    """A view as payloads and API answers show it."""
    defaults: Json = {"private_metadata": "", "callback_id": "", "external_id": ""}
    defaults |= {"submit": None, "close": None, "clear_on_close": False, "notify_on_close": False}
    return {
        **defaults,
        **view.body,
        "id": view.id,
        "team_id": TEAM,
        "hash": view.hash,
        "state": {"values": state_of(view.body["blocks"], view.state)},
        "root_view_id": view.root,
        "previous_view_id": view.previous or None,
        "app_id": APP,
        "app_installed_team_id": TEAM,
        "bot_id": BOT,
    }


def _action(block: Json, element: Json, state: Json) -> Json:
    told = ("type", "action_id", "text", "value", "style", "url", "placeholder")
    action = {k: element[k] for k in told if k in element}
    return action | state | {"block_id": block["block_id"], "action_ts": f"{time.time():.6f}"}


def message_click(
    user: User, channel: Channel, message: Message, block: Json, element: Json, state: Json
) -> Json:
    """A click in a message; an ephemeral one is not repeated in the payload, as in Slack."""
    entered = {block["block_id"]: {element["action_id"]: state}} if state else {}
    container = {
        "type": "message",
        "message_ts": message.ts,
        "channel_id": channel.id,
        "is_ephemeral": message.ephemeral,
    }
    body = _interaction("block_actions", user) | {
        "container": container,
        "channel": {"id": channel.id, "name": channel.told_name},
        "state": {"values": state_of(message.blocks, entered)},
        "actions": [_action(block, element, state)],
    }
    return body if message.ephemeral else body | {"message": message_json(message)}


def view_click(user: User, view: View, block: Json, element: Json, state: Json) -> Json:
    """A click in a modal: no channel, no response_url."""
    return _interaction("block_actions", user) | {
        "container": {"type": "view", "view_id": view.id},
        "view": view_json(view),
        "actions": [_action(block, element, state)],
    }


def suggestion(user: User, view: View, block: Json, element: Json, query: str) -> Json:
    """What is typed into an external select of a modal.

    The view comes as it was opened or last updated, with an empty state: what stands in the other
    inputs is not told (slackapi/java-slack-sdk#1292, slackapi/bolt-js#660).
    """
    told = view_json(view) | {"state": {"values": {}}}
    return _interaction("block_suggestion", user) | {
        "container": {"type": "view", "view_id": view.id},
        "view": told,
        "action_id": element["action_id"],
        "block_id": block["block_id"],
        "value": query,
    }


def submission(user: User, view: View, urls: Sequence[Json] = ()) -> Json:
    """A submitted modal, with what `response_urls` holds."""
    body = _interaction("view_submission", user)
    return body | {"view": view_json(view), "response_urls": list(urls)}


def closed(user: User, view: View, *, cleared: bool) -> Json:
    """A closed modal."""
    return _interaction("view_closed", user) | {"view": view_json(view), "is_cleared": cleared}


def global_shortcut(user: User, callback_id: str) -> Json:
    """A shortcut from the search bar or the composer: no channel."""
    body = _interaction("shortcut", user)
    return body | {"callback_id": callback_id, "action_ts": f"{time.time():.6f}"}


def home_opened(user: User, channel: Channel, view: View | None, event_id: str, tab: str) -> Json:
    """The event that somebody looks at a tab of the app; of the home with what is shown there.

    Whoever opens it is named by id alone: from which workspace they come is not said.
    https://docs.slack.dev/reference/events/app_home_opened
    """
    event: Json = {"type": "app_home_opened", "user": user.id, "channel": channel.id, "tab": tab}
    event["event_ts"] = f"{time.time():.6f}"
    if view is not None and tab == "home":
        event["view"] = view_json(view)
    authorization = {"enterprise_id": None, "team_id": TEAM, "user_id": BOT_USER, "is_bot": True}
    return {
        "token": TOKEN,
        "team_id": TEAM,
        "api_app_id": APP,
        "event": event,
        "type": "event_callback",
        "event_id": event_id,
        "event_time": int(time.time()),
        "authorizations": [authorization | {"is_enterprise_install": False}],
        "is_ext_shared_channel": False,
    }


def message_shortcut(user: User, channel: Channel, message: Message, callback_id: str) -> Json:
    """A shortcut from a message's menu."""
    return _interaction("message_action", user) | {
        "callback_id": callback_id,
        "action_ts": f"{time.time():.6f}",
        "message_ts": message.ts,
        "channel": {"id": channel.id, "name": channel.told_name},
        "message": message_json(message),
    }
