"""The database of commands: where it is, and how they end without it."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from bot.cli.ending import fail
from bot.config import Settings
from bot.store.audit import NoAuditError
from bot.store.database import why
from bot.store.embedded import CannotStartError
from bot.store.migrate import MovedError, SchemaTooNewError


def configured(settings: Settings) -> str:
    """Give the URL that is configured, empty for the embedded database."""
    return settings.database_url.get_secret_value() if settings.database_url else ""


@contextmanager
def database_told() -> Iterator[None]:
    """Say what is wrong with the database, and what to do, if that ends the block."""
    try:
        yield
    except CannotStartError as exc:
        fail(f"SMS_DATA_DIR: no embedded database: {exc}. Mend it, or set DATABASE_URL")
    except SchemaTooNewError as exc:
        fail(f"DATABASE_URL: {exc}. Start that version, or use another database")
    except MovedError:
        fail("DATABASE_URL, SMS_DATA_DIR: everything in this database was moved to another one. "
             "Set DATABASE_URL to that one")  # fmt: skip
    except NoAuditError:
        fail("DATABASE_URL, SMS_DATA_DIR: there is no audit yet. "
             "`sms-bot run` makes it; see that both use the same database")  # fmt: skip
    except psycopg.Error as exc:
        fail(f"DATABASE_URL: the database cannot be used: {why(exc)}. "
             "See that it runs and that the URL is right; `sms-bot check` tells")  # fmt: skip
