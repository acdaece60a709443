"""A backup's file: a zip of tables as PostgreSQL's COPY writes them, and a list of what is in it.

`pg_dump` was weighed and left out: it must not be older than the server, its dumps load into no
older one, and they bring the job engine's tables, whose jobs a restored bot is not to do. Ours can
be read by `unzip` alone, streams, and goes into any server and any later version of the schema.
"""

import hashlib
import json
import zipfile
import zlib
from collections.abc import AsyncIterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import IO, Any, Final, Self

FORMAT: Final = 1
_LIST: Final = "backup.json"
_CHUNK: Final = 1 << 16


Piece = bytes | bytearray | memoryview
"""What COPY gives."""


class BadArchiveError(Exception):
    """The file is no backup, or not a whole one; the text says what is wrong."""


@dataclass(frozen=True)
class Table:
    """What is known of one table.

    Attributes:
        name: as in the database.
        columns: in the order of the data.
        rows: how many.
        sha256: of the data before compression.
    """

    name: str
    columns: Sequence[str]
    rows: int
    sha256: str


@dataclass(frozen=True)
class Contents:
    """The list of what a backup holds.

    Attributes:
        made: when it was begun, by the database's clock; ISO 8601.
        steps: the migrations that the tables have been through.
        tables: those of the bot that were there.
        sequences: the next number of each table that counts its rows.
    """

    made: str
    steps: Sequence[str]
    tables: Sequence[Table]
    sequences: dict[str, int]

    @property
    def rows(self) -> int:
        """How many rows it has in all."""
        return sum(table.rows for table in self.tables)


class Writer:
    """Writes a backup, table by table; it is one only after `finish`."""

    def __init__(self, file: IO[bytes]) -> None:
        self._zip = zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED)

    async def table(self, name: str, data: AsyncIterable[Piece]) -> str:
        """Write the rows of a table; give their digest."""
        digest = hashlib.sha256()
        # the size is not known before, and may pass what an ordinary zip can count
        with self._zip.open(f"{name}.copy", "w", force_zip64=True) as member:
            async for piece in data:
                digest.update(piece)
                member.write(piece)
        return digest.hexdigest()

    def finish(self, contents: Contents) -> None:
        """Write the list, and end the file."""
        self._zip.writestr(_LIST, json.dumps({"format": FORMAT, **asdict(contents)}, indent=1))
        self._zip.close()


class Reader:
    """Reads a backup.

    Raises:
        BadArchiveError: it is none.
    """

    def __init__(self, file: IO[bytes]) -> None:
        try:
            self._zip = zipfile.ZipFile(file)
            self.contents = _contents(json.loads(self._zip.read(_LIST)))
        except (*_DAMAGE, KeyError, TypeError, ValueError) as exc:
            raise BadArchiveError("is no backup of sms-bot, or not a whole one") from exc

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()

    def table(self, table: Table) -> Iterator[bytes]:
        """Give the rows of a table, in pieces.

        Raises:
            BadArchiveError: they are not what was written.
        """
        digest = hashlib.sha256()
        try:
            with self._zip.open(f"{table.name}.copy") as member:
                while piece := member.read(_CHUNK):
                    digest.update(piece)
                    yield piece
        except (*_DAMAGE, KeyError) as exc:
            raise BadArchiveError(f"is damaged in {table.name}") from exc
        if digest.hexdigest() != table.sha256:
            raise BadArchiveError(f"was changed in {table.name}")


_DAMAGE: Final = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError)


def _contents(data: dict[str, Any]) -> Contents:
    if data.pop("format") != FORMAT:
        raise ValueError("another format")
    tables = [Table(**table) for table in data.pop("tables")]
    return Contents(tables=tables, **data)
