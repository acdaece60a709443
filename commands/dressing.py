"""Undoes what Slack does to typed text: `<@U1|al>`, `<https://x|x>`, `&amp;` and their kin.

Slack escapes every `<` that a person typed, so a bare `<…>` is always its own. The order is
what makes it safe: first the dressing is cut out, then the entities of what is left are
undone, once. An escaped ``&lt;@U1&gt;`` therefore never becomes a mention.
https://docs.slack.dev/messaging/formatting-message-text
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

DRESSED = re.compile(
    r"""<(?:
        @(?P<user>[UW][A-Z0-9]+)
      | \#(?P<channel>[CGD][A-Z0-9]+)
      | !subteam\^(?P<group>S[A-Z0-9]+)
      | !(?P<special>[a-z]+)(?:\^[^<>|]*)?
      | (?P<scheme>[A-Za-z][A-Za-z0-9+.\-]*):(?P<rest>[^<>|\s]*)
    )(?:\|(?P<label>[^<>]*))?>""",
    re.VERBOSE,
)

_ENTITY = re.compile("&(amp|lt|gt);")
_CHARACTERS = {"amp": "&", "lt": "<", "gt": ">"}
_UNTYPED_SCHEMES = ("mailto", "tel")  # people type the address, Slack adds the scheme


@dataclass(frozen=True)
class Mention:
    """A user whom Slack gave without a name.

    Attributes:
        user: Slack user id.
    """

    user: str


@dataclass(frozen=True)
class Text:
    """A text that may still wait for the names of mentioned users.

    Attributes:
        parts: strings as they will be sent, and mentions in their places.
    """

    parts: tuple[str | Mention, ...]

    @property
    def users(self) -> tuple[str, ...]:
        """The users to look up, each once, in order of appearance."""
        return tuple(dict.fromkeys(p.user for p in self.parts if isinstance(p, Mention)))

    def filled(self, names: Mapping[str, str]) -> str:
        """Put ``@name`` in the place of every mention; the id where `names` lacks it."""
        return "".join(
            f"@{names.get(p.user, p.user)}" if isinstance(p, Mention) else p for p in self.parts
        )


def undress(raw: str) -> Text:
    """Undo Slack's dressing, leaving blanks, newlines and quotes as they are."""
    return Text(tuple(part for part in _parts(raw) if part != ""))


def plain(raw: str) -> str:
    """Undo Slack's dressing without looking anybody up: unnamed users keep their ids."""
    return undress(raw).filled({})


def unescape(raw: str) -> str:
    """Turn ``&amp; &lt; &gt;`` into ``& < >``, once."""
    return _ENTITY.sub(lambda match: _CHARACTERS[match[1]], raw)


def escape(text: str) -> str:
    """Turn ``& < >`` into ``&amp; &lt; &gt;``, as Slack does to what is typed."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _parts(raw: str) -> Iterator[str | Mention]:
    end = 0
    for match in DRESSED.finditer(raw):
        yield unescape(raw[end : match.start()])
        yield _readable(match)
        end = match.end()
    yield unescape(raw[end:])


def _readable(match: re.Match[str]) -> str | Mention:
    label = unescape(match["label"] or "").strip()
    if match["user"]:
        return f"@{label.removeprefix('@')}" if label else Mention(match["user"])
    if match["channel"]:
        return f"#{label.removeprefix('#') or match['channel']}"
    if match["group"]:
        return f"@{label.removeprefix('@') or match['group']}"
    if match["special"]:
        return _special(match["special"], label)
    return _link(match["scheme"], unescape(match["rest"]), label)


def _special(word: str, label: str) -> str:
    if word in {"here", "channel", "everyone"}:
        return f"@{word}"
    return label or f"@{word}"


def _link(scheme: str, rest: str, label: str) -> str:
    untyped = scheme.lower() in _UNTYPED_SCHEMES
    if not label:
        return rest if untyped else f"{scheme}:{rest}"
    address = rest.removeprefix("//")
    same = {f"{scheme}:{rest}", address, address.removesuffix("/")}
    if label in same or scheme.lower() == "tel":
        return label
    return f"{label} ({rest if untyped else f'{scheme}:{rest}'})"
