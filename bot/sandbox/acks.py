"""What an ack does: the private line a command leaves, and what becomes of a submitted modal."""

import json
from typing import cast

from bot.sandbox.blocks import problems, view_problems
from bot.sandbox.checks import Report
from bot.sandbox.elements import check_choice
from bot.sandbox.model import Answer, Channel, Delivered, Json, Message, Origin, View
from bot.sandbox.workspace import BOT_USER, Workspace

OK = 200


def trouble(answer: Answer) -> str:
    """Say what Slack tells the person about a bad ack; empty if it was good.

    `dispatch_failed` for every answer but 200 is a simplification: Slack has finer words for some.
    """
    if answer.timed_out:
        return "operation_timeout"
    return "" if answer.status == OK else "dispatch_failed"


def told_by_slack(workspace: Workspace, delivered: Delivered, channel: str, user: str) -> None:
    """Put Slack's own complaint under a command that went wrong."""
    text = f'{delivered.payload["command"]} failed with the error "{delivered.error}"'
    workspace.post(channel, "", Origin.SLACK, text, visible_to=user)


def answer_command(
    workspace: Workspace, delivered: Delivered, channel: Channel, user: str, violations: list[str]
) -> Message | None:
    """Show what a command's ack says: nothing, a private line, or a public one."""
    body = delivered.body
    blocks = json_list(body.get("blocks"))
    found = problems(blocks) if blocks else []
    violations.extend(f"ack: {p}" for p in found)
    if found or not (body.get("text") or blocks):
        return None
    public = body.get("response_type") == "in_channel"
    if public:  # Slack then shows what was typed, too
        typed = f"{delivered.payload['command']} {delivered.payload['text']}".rstrip()
        workspace.post(channel.id, user, Origin.PERSON, typed)
    text = str(body.get("text", ""))
    seen = "" if public else user
    return workspace.post(channel.id, BOT_USER, Origin.ACK, text, blocks, visible_to=seen)


def answer_submission(workspace: Workspace, view: View, body: Json, violations: list[str]) -> str:
    """Carry out a response_action; gives Slack's complaint, empty if there is none."""
    action = body.get("response_action")
    if action == "errors":
        return _errors(view, body.get("errors"), violations)
    if action == "clear":
        workspace.clear(view.user)
        return ""
    if action in ("update", "push"):
        new = body.get("view")
        found = view_problems(new)
        violations.extend(f"response_action: {p}" for p in found)
        if found:
            return "invalid_view"
        if action == "update":
            workspace.replace(view, cast("Json", new))
        else:
            workspace.show(view.user, cast("Json", new), on=view)
        return ""
    if action is not None:
        violations.append(f"response_action: unknown {action}")
        return "invalid_response_action"
    view.open = False
    return ""


def answer_suggestion(body: Json, violations: list[str]) -> dict[str, list[Json]]:
    """Read what an external select is to offer, by group; nothing of an answer with a fault."""
    report = Report()
    check_choice(report, "", body, least=0)
    violations.extend(f"options: {problem}" for problem in report.problems)
    if report.problems:
        return {}
    if "options" in body:
        return {"": body["options"]} if body["options"] else {}
    return {group["label"]["text"]: group["options"] for group in body["option_groups"]}


def _errors(view: View, errors: object, violations: list[str]) -> str:
    """Show errors under their inputs; Slack shows none that names no input of the view."""
    inputs = {b["block_id"] for b in view.body["blocks"] if b["type"] == "input"}
    if not isinstance(errors, dict) or not errors or not errors.keys() <= inputs:
        violations.append(f"response_action: errors must name input blocks, not {errors}")
        return "invalid_errors"
    view.errors = dict(errors)
    return ""


def json_list(value: object) -> list[Json]:
    """Read blocks that came as a list, or as JSON in a string; anything else is put in a list."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return [cast("Json", value)]
    if value is None:
        return []
    return value if isinstance(value, list) else [cast("Json", value)]
