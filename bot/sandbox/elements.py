"""Block Kit's elements: what stands inside section, actions, input and context blocks.

Limits: https://docs.slack.dev/reference/block-kit/block-elements
"""

from collections.abc import Callable

from bot.sandbox.checks import Report
from bot.sandbox.model import Json

Check = Callable[[Report, str, Json], None]

_COMMON = "action_id confirm focus_on_load"
_TEXTS = ("plain_text", "mrkdwn")


def _confirm(report: Report, path: str, value: object) -> None:
    if value is None:
        return
    if not isinstance(value, dict):
        report.add(path, "must be an object")
        return
    report.shape(path, value, "title text confirm deny", "style")
    report.text(f"{path}/title", value.get("title"), 100)
    report.text(f"{path}/text", value.get("text"), 300, _TEXTS)
    report.text(f"{path}/confirm", value.get("confirm"), 30)
    report.text(f"{path}/deny", value.get("deny"), 30)
    report.one_of(f"{path}/style", value.get("style"), ("primary", "danger"))


def _button(report: Report, path: str, element: Json) -> None:
    report.shape(path, element, "text", "action_id value url style confirm accessibility_label")
    report.text(f"{path}/text", element.get("text"), 75)
    report.string(f"{path}/value", element.get("value"), 2000)
    report.url(f"{path}/url", element.get("url"))
    report.string(f"{path}/accessibility_label", element.get("accessibility_label"), 75)
    report.one_of(f"{path}/style", element.get("style"), ("primary", "danger"))


def _option(report: Report, path: str, option: Json, *, texts: tuple[str, ...], url: bool) -> None:
    report.shape(path, option, "text value", "description url" if url else "description")
    report.text(f"{path}/text", option.get("text"), 75, texts)
    report.string(f"{path}/value", option.get("value"), 75)
    report.text(f"{path}/description", option.get("description"), 75, texts)
    report.url(f"{path}/url", option.get("url"))


def _options(
    report: Report,
    path: str,
    value: object,
    most: int,
    *,
    texts: tuple[str, ...] = ("plain_text",),
    url: bool = False,
    least: int = 1,
) -> set[str]:
    """Check a list of options; gives their values."""
    seen: set[str] = set()
    for i, option in enumerate(report.objects(path, value, most, least=least)):
        _option(report, f"{path}/{i}", option, texts=texts, url=url)
        chosen = str(option.get("value"))
        if chosen in seen:
            report.add(f"{path}/{i}/value", f"duplicate option value: {chosen}")
        seen.add(chosen)
    return seen


def _choices(most: int) -> Check:
    def check(report: Report, path: str, element: Json) -> None:
        report.shape(path, element, "options", f"{_COMMON} initial_options initial_option")
        _options(report, f"{path}/options", element.get("options"), most, texts=_TEXTS)
        _initial(report, path, element)

    return check


def _overflow(report: Report, path: str, element: Json) -> None:
    report.shape(path, element, "options", "action_id confirm")
    _options(report, f"{path}/options", element.get("options"), 5, url=True)


def _listed(value: object) -> list[object]:
    """A copy of a list; anything else, faulty and reported elsewhere, counts as empty."""
    return list(value) if isinstance(value, list) else []


def _initial(report: Report, path: str, element: Json) -> None:
    """An initial option must be one of the options, word for word."""
    options = _listed(element.get("options"))
    for group in _listed(element.get("option_groups")):
        options += _listed(group.get("options")) if isinstance(group, dict) else []
    first = element.get("initial_option")
    chosen = _listed(element.get("initial_options")) + ([] if first is None else [first])
    for option in chosen:
        if option not in options:
            report.add(f"{path}/initial_option", "must be one of the options")


def check_choice(report: Report, path: str, holder: Json, *, least: int = 1) -> None:
    """Check what can be chosen from: either options or groups of them, `least` or more."""
    if ("options" in holder) == ("option_groups" in holder):
        report.add(path, "needs either options or option_groups")
    _options(report, f"{path}/options", holder.get("options"), 100, least=least)
    seen: set[str] = set()
    listed = holder.get("option_groups")
    for i, group in enumerate(report.objects(f"{path}/option_groups", listed, 100, least=least)):
        here = f"{path}/option_groups/{i}"
        report.shape(here, group, "label options")
        report.text(f"{here}/label", group.get("label"), 75)
        values = _options(report, f"{here}/options", group.get("options"), 100)
        if twice := sorted(values & seen):
            report.add(f"{here}/options", f"duplicate option value: {twice[0]}")
        seen |= values


def _static_select(report: Report, path: str, element: Json) -> None:
    optional = "options option_groups placeholder initial_option initial_options max_selected_items"
    report.shape(path, element, "", f"{_COMMON} {optional}")
    report.text(f"{path}/placeholder", element.get("placeholder"), 150)
    check_choice(report, path, element)
    _initial(report, path, element)


def _external_select(report: Report, path: str, element: Json) -> None:
    optional = "placeholder max_selected_items min_query_length initial_option initial_options"
    report.shape(path, element, "", f"{_COMMON} {optional}")
    report.text(f"{path}/placeholder", element.get("placeholder"), 150)
    first = element.get("initial_option")
    chosen = _listed(element.get("initial_options")) + ([] if first is None else [first])
    _options(report, f"{path}/initial_options", chosen, 100, least=0)


def _select(own: str) -> Check:
    def check(report: Report, path: str, element: Json) -> None:
        report.shape(path, element, "", f"{_COMMON} placeholder max_selected_items {own}")
        report.text(f"{path}/placeholder", element.get("placeholder"), 150)

    return check


def _input(own: str) -> Check:
    optional = f"{_COMMON} placeholder initial_value dispatch_action_config {own}"

    def check(report: Report, path: str, element: Json) -> None:
        report.shape(path, element, "", optional)
        report.text(f"{path}/placeholder", element.get("placeholder"), 150)
        report.string(f"{path}/initial_value", element.get("initial_value"), 3000, least=0)
        low, high = element.get("min_length", 0), element.get("max_length", 3000)
        numbers = isinstance(low, int) and isinstance(high, int)
        if not numbers or not 0 <= low <= high <= 3000:  # noqa: PLR2004 - Slack's limit of a text input
            report.add(path, "min_length and max_length must be 0 to 3000, in this order")

    return check


def _number(report: Report, path: str, element: Json) -> None:
    optional = "placeholder initial_value min_value max_value dispatch_action_config"
    report.shape(path, element, "is_decimal_allowed", f"{_COMMON} {optional}")
    report.text(f"{path}/placeholder", element.get("placeholder"), 150)


def _image(report: Report, path: str, element: Json) -> None:
    report.shape(path, element, "alt_text", "image_url slack_file")
    report.url(f"{path}/image_url", element.get("image_url"))
    report.string(f"{path}/alt_text", element.get("alt_text"), 2000)
    if ("image_url" in element) == ("slack_file" in element):
        report.add(path, "needs either image_url or slack_file")


_CONVERSATIONS = (
    "initial_conversation initial_conversations default_to_current_conversation "
    "response_url_enabled filter"
)
_CHANNELS = "initial_channel initial_channels response_url_enabled"
_DATE = "initial_date initial_time initial_date_time timezone"

CHECKS: dict[str, Check] = {
    "button": _button,
    "checkboxes": _choices(10),
    "radio_buttons": _choices(10),
    "overflow": _overflow,
    "static_select": _static_select,
    "multi_static_select": _static_select,
    "external_select": _external_select,
    "multi_external_select": _external_select,
    "users_select": _select("initial_user"),
    "multi_users_select": _select("initial_users"),
    "conversations_select": _select(_CONVERSATIONS),
    "multi_conversations_select": _select(_CONVERSATIONS),
    "channels_select": _select(_CHANNELS),
    "multi_channels_select": _select(_CHANNELS),
    "datepicker": _select(_DATE),
    "timepicker": _select(_DATE),
    "datetimepicker": _select(_DATE),
    "plain_text_input": _input("multiline min_length max_length"),
    "email_text_input": _input(""),
    "url_text_input": _input(""),
    "number_input": _number,
    "image": _image,
}

_PICKERS = {"checkboxes", "radio_buttons", "datepicker", "timepicker"}
_SINGLE = {n for n in CHECKS if n.endswith("_select") and not n.startswith("multi_")}
_MULTI = {n for n in CHECKS if n.startswith("multi_")}

ALLOWED: dict[str, set[str]] = {
    "actions": {"button", "overflow", "datetimepicker"} | _PICKERS | _SINGLE,
    "section": {"button", "overflow", "image"} | _PICKERS | _SINGLE | _MULTI,
    "input": {n for n in CHECKS if n.endswith("_input")}
    | {"datetimepicker"}
    | _PICKERS
    | _SINGLE
    | _MULTI,
    "context": {"image"},
}
"""Which elements may stand in which block."""


def check_element(report: Report, path: str, element: object, block: str) -> None:
    """Check one element standing in a block of the given type."""
    if not isinstance(element, dict):
        report.add(path, "must be an object")
        return
    kind = str(element.get("type"))
    if kind not in ALLOWED[block]:
        report.add(f"{path}/type", f"unsupported type in {block}: {kind}")
        return
    report.action_id(path, element.get("action_id"))
    _confirm(report, f"{path}/confirm", element.get("confirm"))
    CHECKS[kind](report, path, element)
