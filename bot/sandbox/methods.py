"""The methods of the Web API: arguments in, Slack's answer out, or `Refused`."""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass

from bot.sandbox.arguments import flag, number
from bot.sandbox.blocks import problems, view_problems
from bot.sandbox.model import Json, Message, Origin, Place, Refused, User, View
from bot.sandbox.payloads import message_json, view_json
from bot.sandbox.workspace import BOT, BOT_USER, TEAM, Workspace

LONGEST_TEXT = 40_000
MOST_USERS = 1000
MOST_METADATA = 16_384  # Slack says 16 KB of JSON

Handler = Callable[[Json], Json]


@dataclass(frozen=True)
class Method:
    """A method: what it does, the scope it needs (empty: none), and the kind of its token."""

    run: Handler
    scope: str = ""
    token: str = "bot"  # noqa: S105 - a kind of token, not one


class Methods:
    """All methods over one workspace.

    Attributes:
        table: by name.
        violations: Block Kit problems of what the app sent, for a test to find empty.
    """

    def __init__(
        self, workspace: Workspace, violations: list[str], socket_url: Callable[[], str]
    ) -> None:
        self._workspace = workspace
        self._socket_url = socket_url
        self.violations = violations
        self.table: dict[str, Method] = {
            "auth.test": Method(self._auth_test),
            "apps.connections.open": Method(self._connections_open, token="app"),  # noqa: S106
            "chat.postMessage": Method(self._post_message, "chat:write"),
            "chat.update": Method(self._update, "chat:write"),
            "chat.postEphemeral": Method(self._post_ephemeral, "chat:write"),
            "conversations.info": Method(self._conversation, "channels:read"),
            "users.info": Method(self._users_info, "users:read"),
            "users.list": Method(self._users_list, "users:read"),
            "users.profile.get": Method(self._profile, "users.profile:read"),
            "usergroups.list": Method(self._groups, "usergroups:read"),
            "usergroups.users.list": Method(self._group_users, "usergroups:read"),
            "views.open": Method(self._views_open),
            "views.push": Method(self._views_push),
            "views.update": Method(self._views_update),
            "views.publish": Method(self._views_publish),
        }

    def _auth_test(self, _args: Json) -> Json:
        user = self._workspace.users[BOT_USER].name
        who = {"user": user, "user_id": BOT_USER, "bot_id": BOT}
        team: Json = {"team": "Sandbox", "team_id": TEAM, "is_enterprise_install": False}
        if self._workspace.enterprise:
            team["enterprise_id"] = self._workspace.enterprise
        return {"url": "https://sandbox.slack.com/"} | who | team

    def _connections_open(self, _args: Json) -> Json:
        return {"url": self._socket_url()}

    # -- chat -----------------------------------------------------------------------------

    def _content(self, args: Json) -> tuple[str, list[Json]]:
        """Read text and blocks; there must be one of them, or attachments."""
        text, blocks = str(args.get("text") or ""), args.get("blocks") or []
        found = problems(blocks) if blocks else []
        if found:
            self.violations.extend(found)
            messages = {"messages": [f"[ERROR] {p}" for p in found]}
            raise Refused("invalid_blocks", errors=found, response_metadata=messages)
        if len(text) > LONGEST_TEXT:
            raise Refused("msg_too_long")
        return text, blocks

    def _some(self, args: Json) -> tuple[str, list[Json]]:
        text, blocks = self._content(args)
        if not (text.strip() or blocks or args.get("attachments")):
            raise Refused("no_text")
        return text, blocks

    def _post_message(self, args: Json) -> Json:
        channel = self._workspace.for_bot(str(args.get("channel", "")))
        text, blocks = self._some(args)
        metadata = _metadata(args)
        thread = str(args.get("thread_ts") or "")
        parent = self._workspace.parent(channel.id, thread) if thread else ""
        post = self._workspace.post
        message = post(channel.id, BOT_USER, Origin.POST, text, blocks, metadata=metadata)
        message.thread = parent
        return _shown(message)

    def _update(self, args: Json) -> Json:
        workspace = self._workspace
        channel = workspace.channel(str(args.get("channel", "")))
        message = workspace.own_message(channel.id, str(args.get("ts", "")))
        if channel.archived:
            raise Refused("is_archived")
        text, blocks = self._some(args)
        # what a call leaves out stays as it was; blocks go with an empty list
        kept = blocks if args.get("blocks") is not None else message.blocks
        metadata = _metadata(args) if "metadata" in args else message.metadata
        workspace.edit(message, text or message.text, kept, metadata or None)
        return _shown(message) | {"text": message.text}

    def _post_ephemeral(self, args: Json) -> Json:
        channel = self._workspace.for_bot(str(args.get("channel", "")))
        user = str(args.get("user", ""))
        if user not in channel.members:
            raise Refused("user_not_in_channel")
        text, blocks = self._some(args)
        post = self._workspace.post
        message = post(channel.id, BOT_USER, Origin.EPHEMERAL, text, blocks, visible_to=user)
        return {"message_ts": message.ts}

    # -- channels -------------------------------------------------------------------------

    def _conversation(self, args: Json) -> Json:
        """A public channel, or a private one that the bot is in; direct ones need other scopes."""
        channel = self._workspace.channels.get(str(args.get("channel", "")))
        if channel is None:
            raise Refused("channel_not_found")
        if channel.place is Place.DIRECT:
            raise Refused("missing_scope", needed="im:read")
        member, private = BOT_USER in channel.members, channel.place is Place.PRIVATE
        if private and not member:
            raise Refused("channel_not_found")
        found: Json = {"id": channel.id, "name": channel.name, "is_channel": not private}
        found |= {"is_private": private, "is_member": member, "is_archived": channel.archived}
        return {"channel": found}

    # -- people ---------------------------------------------------------------------------

    def _user(self, args: Json) -> User:
        user = self._workspace.users.get(str(args.get("user") or BOT_USER))
        if user is None:
            raise Refused("user_not_found")
        return user

    def _users_info(self, args: Json) -> Json:
        if not args.get("user"):
            raise Refused("user_not_found")
        user = self._user(args)
        return {"user": self._member(user)}

    def _member(self, user: User) -> Json:
        """A user object; of somebody from elsewhere it says so by `team_id` alone.

        `is_stranger` is true only of who shares no channel with us; nobody here does that.
        """
        profile = _profile_of(user)
        if self._workspace.sparse:
            del profile["phone"]
        member: Json = {"id": user.id, "team_id": user.team or TEAM, "name": user.name}
        member |= {"deleted": user.deleted, "real_name": user.name, "is_bot": user.is_bot}
        member |= {"is_restricted": user.restricted, "is_ultra_restricted": False}
        if user.team:
            member["is_stranger"] = False
        if user.enterprise:
            member["enterprise_user"] = {"id": user.id, "enterprise_id": user.enterprise}
        return member | {"profile": profile}

    def _users_list(self, args: Json) -> Json:
        """Everybody of this workspace, deactivated ones and bots too, `limit` a page."""
        here = [user for user in self._workspace.users.values() if not user.team]
        start, limit = self._start(here, args), number(args, "limit", MOST_USERS)
        if not limit and len(here) > MOST_USERS:
            raise Refused("limit_required")
        page = here[start : start + (limit or len(here))]
        after = here[start + len(page) :]
        cursor = _mark(after[0]) if after else ""
        members = [self._member(user) for user in page]
        return {"members": members, "response_metadata": {"next_cursor": cursor}}

    def _start(self, here: list[User], args: Json) -> int:
        """Where a page begins; a cursor that was never given is refused."""
        cursor = str(args.get("cursor") or "")
        marks = [_mark(user) for user in here]
        if cursor and cursor not in marks:
            raise Refused("invalid_cursor")
        return marks.index(cursor) if cursor else 0

    def _profile(self, args: Json) -> Json:
        return {"profile": _profile_of(self._user(args))}

    def _groups(self, args: Json) -> Json:
        with_users, all_of_them = flag(args, "include_users"), flag(args, "include_disabled")
        groups = []
        for g in self._workspace.groups.values():
            if g.disabled and not all_of_them:
                continue
            group: Json = {"id": g.id, "team_id": TEAM, "is_usergroup": True}
            group |= {"name": g.name, "handle": g.name, "user_count": len(g.members)}
            group["date_delete"] = int(self._workspace.clock()) if g.disabled else 0
            groups.append(group | ({"users": list(g.members)} if with_users else {}))
        return {"usergroups": groups}

    def _group_users(self, args: Json) -> Json:
        group = self._workspace.groups.get(str(args.get("usergroup", "")))
        if group is None or (group.disabled and not flag(args, "include_disabled")):
            raise Refused("no_such_subteam")
        return {"users": list(group.members)}

    # -- views ----------------------------------------------------------------------------

    def _body(self, args: Json) -> Json:
        body = args.get("view")
        found = view_problems(body)
        if found or not isinstance(body, dict):
            self.violations.extend(found)
            messages = {"messages": [f"[ERROR] {p}" for p in found]}
            raise Refused("invalid_arguments", response_metadata=messages)
        return body

    def _modal(self, args: Json) -> Json:
        body = self._body(args)
        if body["type"] != "modal":  # a home is published, not opened
            raise Refused("invalid_arguments")
        return body

    def _views_open(self, args: Json) -> Json:
        body = self._modal(args)
        trigger = self._workspace.redeem(str(args.get("trigger_id", "")))
        return {"view": view_json(self._workspace.show(trigger.user, body))}

    def _views_push(self, args: Json) -> Json:
        body = self._modal(args)
        trigger = self._workspace.redeem(str(args.get("trigger_id", "")))
        stack = self._workspace.stack(trigger.user)
        if not stack:
            raise Refused("not_found")
        return {"view": view_json(self._workspace.show(trigger.user, body, on=stack[-1]))}

    def _views_update(self, args: Json) -> Json:
        body, view = self._body(args), self._view(args)
        if args.get("hash") and args["hash"] != view.hash:
            raise Refused("hash_conflict")
        self._workspace.replace(view, body)
        return {"view": view_json(view)}

    def _views_publish(self, args: Json) -> Json:
        body, user = self._body(args), str(args.get("user_id", ""))
        if body.get("type") != "home":
            raise Refused("invalid_arguments")
        view = self._workspace.publish(user, body, str(args.get("hash") or ""))
        return {"view": view_json(view)}

    def _view(self, args: Json) -> View:
        for view in self._workspace.views.values():
            named = view.body.get("external_id") or None
            if view.open and (
                view.id == args.get("view_id") or named == args.get("external_id", 0)
            ):
                return view
        raise Refused("not_found")


def _shown(message: Message) -> Json:
    return {"channel": message.channel, "ts": message.ts, "message": message_json(message)}


def _mark(user: User) -> str:
    """The cursor of a page that begins with this person."""
    return base64.b64encode(f"user:{user.id}".encode()).decode()


def _profile_of(user: User) -> Json:
    names = {"real_name": user.name, "display_name": user.name}
    return {"phone": user.phone, "title": "", "email": ""} | names


def _metadata(args: Json) -> Json | None:
    """Read metadata: an event_type and an object as event_payload, and not too much of it."""
    metadata = args.get("metadata")
    if not metadata:
        return None
    if not isinstance(metadata, dict):
        raise Refused("invalid_metadata_format")
    kind, payload = metadata.get("event_type"), metadata.get("event_payload")
    if not isinstance(kind, str) or not kind or not isinstance(payload, dict):
        raise Refused("invalid_metadata_schema")
    if len(json.dumps(metadata)) > MOST_METADATA:
        raise Refused("metadata_too_large")
    return {"event_type": kind, "event_payload": payload}
