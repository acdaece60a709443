"""What a person's reply means, and which of the pages that they were sent it is about. Pure."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from commands.oncall import PageStage
from commands.optout import Word, word_of

FRESH: Final = timedelta(hours=24)
"""How long after it was paged last a page that nobody waits for is meant without its code."""

LINGER: Final = timedelta(hours=1)
"""How long after it was resolved a page still takes people's words."""

CLOCKS: Final = timedelta(seconds=30)
"""How far Twilio's clock and ours may be apart: what is older was not written about a page."""

SURE: Final = timedelta(seconds=5)
"""Within so much the two are taken for equal; Twilio dates what it has by whole seconds."""

_MOST_CODES = 8
"""Codes named in one message: more would make it two."""

_HELP = frozenset({"HELP", "INFO"})

# 1 is a word of its own: 147 is a code, 1 47 acknowledges the page 47
_VERB = r"(?:(?P<ack>ack(?:ed|nowledged?)?|(?<![0-9])1(?![0-9]))|(?P<resolve>resolved?))"
_CODE = r"(?P<code>[1-9][0-9]{1,2})"
_COMMANDS = tuple(
    re.compile(form)
    for form in (_VERB, rf"#? ?{_CODE}", rf"{_VERB}[ :,#]*{_CODE}", rf"#? ?{_CODE}[ :,]*{_VERB}")
)
_AROUND = ("P", "So", "Sk", "Z", "C", "M")
"""Unicode's classes of what may stand around a command: punctuation, emoji, blanks, and what is not
seen, as some phones write it beside what was pasted."""

_MEANT = "#-"
"""Not these before a number: they make something else of it."""


@dataclass(frozen=True)
class Ack:
    """Somebody has it.

    Attributes:
        code: of which page; empty if it does not say.
    """

    code: str = ""


@dataclass(frozen=True)
class Resolve:
    """It is over.

    Attributes:
        code: of which page; empty if it does not say.
    """

    code: str = ""


@dataclass(frozen=True)
class OptWord:
    """No further messages, or messages again; Twilio answers it."""

    word: Word


@dataclass(frozen=True)
class HelpWord:
    """A question about who writes; Twilio answers it."""


@dataclass(frozen=True)
class Words:
    """Anything else."""


Said = Ack | Resolve | OptWord | HelpWord | Words


def read_reply(body: str, opt_out_type: str = "", *, out: bool = False) -> Said:
    """Read a reply; case, blanks and punctuation around it are ignored.

    Args:
        body: what was written.
        opt_out_type: STOP, START or HELP where Twilio says that the account's own word for it was
            written (Advanced Opt-Out); else empty.
        out: whether its writer is known to have opted out of what they wrote to.
    """
    if word := word_of(opt_out_type, out=out) or word_of(body, out=out):
        return OptWord(word)
    if _HELP & {opt_out_type, body.strip().upper()}:
        return HelpWord()
    text = " ".join(unicodedata.normalize("NFKC", body).casefold().split())
    text = _bare(text)
    for command in _COMMANDS:
        if match := command.fullmatch(text):
            said = match.groupdict()
            code = said.get("code") or ""
            return Resolve(code) if said.get("resolve") else Ack(code)
    return Words()


def _bare(text: str) -> str:
    """Take away what only stands around the words."""
    said = [n for n, char in enumerate(text) if not _beside(char)]
    if not said:
        return ""
    first = next(n for n, char in enumerate(text) if char in _MEANT or n == said[0])
    return text[first : said[-1] + 1]


def _beside(char: str) -> bool:
    return unicodedata.category(char).startswith(_AROUND)


@dataclass(frozen=True)
class Concern:
    """A page that was for somebody.

    Attributes:
        page_id: its number.
        code: what a reply names it by; unique among open pages only.
        stage: where it is.
        first: when they were first paged, or may have been, or were to be if nothing was sent to
            them.
        last: when they were last paged, or to be paged.
        resolved: when it was resolved, None if it is not.
        reached: whether anything was sent to them; else they mean it only if they have its code.
    """

    page_id: int
    code: str
    stage: PageStage
    first: datetime
    last: datetime
    resolved: datetime | None = None
    reached: bool = True


@dataclass(frozen=True)
class Acknowledges:
    """The page is acknowledged, unless somebody was faster."""

    page_id: int


@dataclass(frozen=True)
class Resolves:
    """The page is closed, unless somebody was faster."""

    page_id: int


@dataclass(frozen=True)
class Speaks:
    """The words are shown with the page."""

    page_id: int


@dataclass(frozen=True)
class Unclear:
    """Several pages may be meant, or none has the code: the person is asked.

    Attributes:
        page_id: the latest of those that may be meant.
        codes: theirs, the latest first.
        said: what was written.
    """

    page_id: int
    codes: tuple[str, ...]
    said: Ack | Resolve

    @property
    def question(self) -> str:
        """What to ask: within one SMS."""
        codes = list(dict.fromkeys(self.codes))[:_MOST_CODES]
        why = f"No page has the code {self.said.code}. " if self.said.code else ""
        if isinstance(self.said, Resolve):
            how = f"Unresolved: {', '.join(codes)}. Reply resolve {codes[0]} to resolve that one."
        else:
            how = f"Open: {', '.join(codes)}. Reply {codes[0]} to acknowledge that one."
        return why + how


Meaning = Acknowledges | Resolves | Speaks | Unclear


def meaning(said: Ack | Resolve | Words, pages: Sequence[Concern], at: datetime) -> Meaning | None:
    """Tell what is to be done about a reply; None if it is about none of these pages.

    Args:
        said: what was written.
        pages: those that were for the person, in any order.
        at: when it was written.
    """
    sent = _before([page for page in pages if page.reached], at)
    if isinstance(said, Words):
        return _words(sent, at)
    if said.code:
        # whom the page itself did not reach may have been told its code
        named = [page for page in _before(pages, at) if page.code == said.code]
        return _by_code(said, named, sent, at)
    meant = _meant(said, sent, at)
    if len(meant) > 1:
        return _ask(said, meant)
    return _do(said, meant[0]) if meant else None


def _before(pages: Sequence[Concern], at: datetime) -> list[Concern]:
    """Give those that the reply can be about, the latest first.

    A reply may be read late. It is not about what its writer was sent after it: that would end the
    paging about something that nobody has seen.
    """
    ordered = sorted(pages, key=lambda page: page.last, reverse=True)
    sure = [p for p in ordered if p.first <= at + SURE]
    if any(_lively(page, at) for page in sure):
        return sure
    return [p for p in ordered if p.first <= at + CLOCKS]


def _lively(page: Concern, at: datetime) -> bool:
    """Tell whether somebody may well write about a page; else it proves nothing about clocks."""
    return page.last > at - FRESH and _speakable(page, at)


def _speakable(page: Concern, at: datetime) -> bool:
    return page.resolved is None or page.resolved > at - LINGER


def _words(pages: Sequence[Concern], at: datetime) -> Speaks | None:
    for page in pages:
        if _speakable(page, at):
            return Speaks(page.page_id)
    return None


def _by_code(
    said: Ack | Resolve, named: Sequence[Concern], sent: Sequence[Concern], at: datetime
) -> Meaning | None:
    if named:
        # a code may be given anew once its page is not open any more
        return _do(said, next((p for p in named if p.stage is PageStage.OPEN), named[0]))
    # also a number alone: better asked about in vain than a page left to ring for a wrong digit
    others = _running(said, sent, at)
    return _ask(said, others) if others else _words(sent, at)


def _meant(said: Ack | Resolve, pages: Sequence[Concern], at: datetime) -> Sequence[Concern]:
    """Give what is meant without a code: what runs, or else the latest page as it is.

    Not an earlier page that is exhausted: who is a moment too late for the latest one means that.
    """
    return _running(said, pages, at) or pages[:1]


def _running(said: Ack | Resolve, pages: Sequence[Concern], at: datetime) -> Sequence[Concern]:
    acknowledged = PageStage.ACKNOWLEDGED if isinstance(said, Resolve) else None
    return [
        p
        for p in pages
        if p.stage is PageStage.OPEN or (p.stage is acknowledged and p.last > at - FRESH)
    ]


def _do(said: Ack | Resolve, page: Concern) -> Acknowledges | Resolves:
    if isinstance(said, Resolve):
        return Resolves(page.page_id)
    return Acknowledges(page.page_id)


def _ask(said: Ack | Resolve, pages: Sequence[Concern]) -> Unclear:
    return Unclear(pages[0].page_id, tuple(page.code for page in pages), said)
