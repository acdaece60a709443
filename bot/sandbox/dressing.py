"""How Slack dresses what people type, where the manifest says `should_escape: true`."""

import re
from collections.abc import Mapping

_PIECE = re.compile(
    r"(?P<url>https?://[^\s<>|]*[^\s<>|.,;:!?)\]}'\"])"
    r"|(?<![\w@.])@(?P<at>[\w.-]*\w)"
    r"|(?<![\w#])#(?P<hash>[\w-]+)"
    r"|(?P<entity>[&<>])"
)
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def dress(text: str, people: Mapping[str, str], channels: Mapping[str, str]) -> str:
    """Turn @names, #channels, URLs and the three special characters into Slack's dressing.

    `people` and `channels` map a name to its dressed form; unknown names and phone numbers stay as
    they are, as in Slack.
    """

    def piece(match: re.Match[str]) -> str:
        found = match.group()
        if match["url"]:
            return "<" + found.replace("&", "&amp;") + ">"
        if match["at"]:
            return people.get(match["at"], found)
        if match["hash"]:
            return channels.get(match["hash"], found)
        return _ENTITIES[found]

    return _PIECE.sub(piece, text)
