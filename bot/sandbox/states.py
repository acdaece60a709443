"""What a stateful element says of itself in `state.values`, from what a person chose."""

from collections.abc import Iterable

from bot.sandbox.model import Impossible, Json
from bot.sandbox.workspace import elements_of

_FIELDS = {
    "users_select": "selected_user",
    "conversations_select": "selected_conversation",
    "channels_select": "selected_channel",
    "datepicker": "selected_date",
    "timepicker": "selected_time",
    "datetimepicker": "selected_date_time",
    "multi_users_select": "selected_users",
    "multi_conversations_select": "selected_conversations",
    "multi_channels_select": "selected_channels",
    "plain_text_input": "value",
    "number_input": "value",
    "email_text_input": "value",
    "url_text_input": "value",
}
_ONE_OPTION = ("static_select", "external_select", "radio_buttons", "overflow")
_MANY_OPTIONS = ("multi_static_select", "multi_external_select", "checkboxes")


def _options(element: Json) -> list[Json]:
    grouped = [o for g in element.get("option_groups", []) for o in g["options"]]
    return list(element.get("options", [])) + grouped


def _option(element: Json, value: object) -> Json:
    for option in _options(element):
        if value in (option["value"], option["text"]["text"]):
            return option
    raise Impossible(f"no option {value!r} in {element.get('action_id')}")


def chosen(element: Json, value: object) -> Json:
    """Tell what a person's choice makes of an element's state.

    `value` is a text, an option's value or label, an id, or a list of these. An external select
    has the options that the app gave for what was typed into it.
    """
    kind = element["type"]
    if kind in _ONE_OPTION:
        return {"type": kind, "selected_option": _option(element, value)}
    if kind in _MANY_OPTIONS:
        values: Iterable[object] = value if isinstance(value, list | tuple) else [value]
        return {"type": kind, "selected_options": [_option(element, v) for v in values]}
    if kind not in _FIELDS:
        raise Impossible(f"nothing can be entered into a {kind}")
    return {"type": kind, _FIELDS[kind]: list(value) if isinstance(value, tuple) else value}


def initial(element: Json) -> Json | None:
    """Tell an element's state before anybody touched it; None for buttons and menus."""
    kind = element["type"]
    if kind == "overflow":
        return None
    if kind in _ONE_OPTION:
        return {"type": kind, "selected_option": element.get("initial_option")}
    if kind in _MANY_OPTIONS:
        return {"type": kind, "selected_options": element.get("initial_options", [])}
    if kind not in _FIELDS:
        return None
    name = _FIELDS[kind]
    return {
        "type": kind,
        name: element.get(
            name.replace("selected_", "initial_").replace("value", "initial_value"),
            [] if kind.startswith("multi_") else None,
        ),
    }


def state_of(blocks: Iterable[Json], entered: Json) -> Json:
    """The `state.values` of a message or view: what was entered over what was there at first."""
    values: Json = {}
    for block in blocks:
        for element in elements_of(block):
            state = entered.get(block["block_id"], {}).get(element.get("action_id"))
            state = state or initial(element)
            if state is not None:
                values.setdefault(block["block_id"], {})[element["action_id"]] = state
    return values


def empty(state: Json) -> bool:
    """Whether nothing was entered or chosen."""
    return not any(v for k, v in state.items() if k != "type")
