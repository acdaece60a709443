"""The names under which Slack knows this bot: one list, which manifest.yml repeats."""

COMMAND = "/sms"

SCOPES = frozenset(
    {"commands", "chat:write", "channels:read", "groups:read", "users:read", "users.profile:read",
     "usergroups:read"}
)  # fmt: skip

COMPOSE = "sms_compose"
"""Callback id of the global shortcut, and of the modal that it and `/sms send` open."""

FORWARD = "sms_forward"
"""Callback id of the shortcut in a message's menu."""

SHORTCUTS = frozenset({COMPOSE, FORWARD})

RETRY = "sms_retry"
AGAIN = "sms_again"
LEAVE = "sms_leave"
REFRESH = "sms_refresh"
PREVIOUS = "sms_previous"
NEXT = "sms_next"
SHARE = "sms_share"
STATUS = "sms_status"
DETAILS = "sms_details"

UNDO = "sms_undo"

PREVIEW = "sms_preview"
"""Callback id of the modal that shows what the composer would send."""

CONFIRM = "sms_confirm"
MISSING = "sms_missing"
TRIM = "sms_trim"
PLAIN = "sms_plain"
CANCEL = "sms_cancel"
APPROVE = "sms_approve"
DECLINE = "sms_decline"

PAGE_ACK = "sms_page_ack"
PAGE_RESOLVE = "sms_page_resolve"
PAGE_TIMELINE = "sms_page_timeline"
PAGE_REFRESH = "sms_page_refresh"

EVENT_TYPE = "sms_send"
"""`event_type` of the metadata that a card carries."""

HOME_OPENED = "app_home_opened"
"""The one event that is listened to."""

EVENTS = frozenset({HOME_OPENED})

HOME_SEND = "sms_home_send"
HOME_REFRESH = "sms_home_refresh"
