"""The databases that tests get: emptied and used again, for to make one costs six times as much.

One whose schema, settings or statistics a test has changed is not used again, nor is a big one.
"""

import itertools

import psycopg

from tests.eyes import close, look

_FINGERPRINT = """
SELECT md5(string_agg(part, ',' ORDER BY part)) FROM (
    SELECT concat_ws(' ', 'class', oid, xmin, relpages, reltuples) AS part
    FROM pg_class WHERE oid >= 16384
    UNION ALL SELECT concat_ws(' ', 'column', attrelid, attnum, xmin)
    FROM pg_attribute WHERE attrelid >= 16384
    UNION ALL SELECT concat_ws(' ', 'default', oid, xmin) FROM pg_attrdef
    UNION ALL SELECT concat_ws(' ', 'constraint', oid, xmin) FROM pg_constraint WHERE oid >= 16384
    UNION ALL SELECT concat_ws(' ', 'trigger', oid, xmin) FROM pg_trigger
    UNION ALL SELECT concat_ws(' ', 'function', oid, xmin) FROM pg_proc WHERE oid >= 16384
    UNION ALL SELECT concat_ws(' ', 'type', oid, xmin) FROM pg_type WHERE oid >= 16384
    UNION ALL SELECT concat_ws(' ', 'schema', oid, xmin) FROM pg_namespace
    UNION ALL SELECT concat_ws(' ', 'extension', oid, xmin) FROM pg_extension
    UNION ALL SELECT concat_ws(' ', 'database', datallowconn, datconnlimit, datacl)
    FROM pg_database WHERE datname = current_database()
    UNION ALL SELECT concat_ws(' ', 'setting', setrole, setconfig)
    FROM pg_db_role_setting JOIN pg_database ON setdatabase = pg_database.oid
    WHERE datname = current_database()
) parts
"""
_TABLES = """
SELECT format('%I.%I', schemaname, tablename) FROM pg_tables
WHERE schemaname NOT IN ('pg_catalog', 'information_schema')
"""
_SEQUENCES = "SELECT format('%I.%I', schemaname, sequencename) FROM pg_sequences"
_OTHERS = """
FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""
_SEND_AWAY = f"SELECT pg_terminate_backend(pid, 5000) {_OTHERS}"
_ALONE = f"SELECT count(*) = 0 {_OTHERS}"
_SMALL = f"SELECT pg_database_size(current_database()) < {24 * 2**20}"
_YES = [(True,)]


class Databases:
    """The copies of one template on a server."""

    def __init__(self, server: str, template: str) -> None:
        self._server = server
        self._template = template
        self._names = (f"{template}_{n}" for n in itertools.count(1))
        self._free: list[str] = []
        with psycopg.connect(named(server, template), autocommit=True) as conn:
            self._fingerprint = conn.execute(_FINGERPRINT).fetchall()
            self._empty = _script(conn)

    def take(self) -> str:
        """Give the URL of one that is as the template is."""
        if self._free:
            return self._free.pop()
        name = next(self._names)
        create(self._server, name, self._template)
        return named(self._server, name)

    def give_back(self, url: str) -> None:
        """Let others have it, if it can be made as it was."""
        if self._is_emptied(url):
            self._free.append(url)
        else:
            close(url)
            drop(self._server, url.partition("?")[0].rpartition("/")[2])

    def close(self) -> None:
        """Leave those that nobody has."""
        for url in self._free:
            close(url)

    def _is_emptied(self, url: str) -> bool:
        try:
            look(url, _SEND_AWAY)
            if look(url, _ALONE) != _YES or look(url, _SMALL) != _YES:
                return False
            look(url, self._empty)
            return look(url, _FINGERPRINT) == self._fingerprint
        except psycopg.Error:
            return False


def _script(conn: psycopg.Connection) -> bytes:
    """Tell how to make a database as this one is: its rows, and where its sequences stand."""
    # for a replica, neither a table to which one may only add nor a reference stands in the way
    steps = ["RESET ALL", "BEGIN READ WRITE", "SET LOCAL session_replication_role = replica"]
    for (table,) in conn.execute(_TABLES).fetchall():
        steps.append(f"DELETE FROM {table}")  # noqa: S608
        kept = conn.execute(f"SELECT quote_literal(json_agg(t)::text) FROM {table} t".encode())  # noqa: S608
        [(rows,)] = kept.fetchall()
        if rows:
            found = f"json_populate_recordset(NULL::{table}, {rows})"
            steps.append(f"INSERT INTO {table} OVERRIDING SYSTEM VALUE SELECT * FROM {found}")  # noqa: S608
    for (sequence,) in conn.execute(_SEQUENCES).fetchall():
        [(last, called)] = conn.execute(
            f"SELECT last_value, is_called FROM {sequence}".encode()  # noqa: S608
        ).fetchall()
        steps.append(f"SELECT setval('{sequence}', {last}, {called})")
    return ";".join([*steps, "COMMIT"]).encode()


def named(server: str, database: str) -> str:
    """Give the URL of a database of a server."""
    return server.replace("/postgres?", f"/{database}?")


def create(server: str, name: str, template: str) -> None:
    """Make a database."""
    with psycopg.connect(server, autocommit=True) as conn:
        conn.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy".encode())


def drop(server: str, name: str) -> None:
    """Remove a database, whoever is there."""
    with psycopg.connect(server, autocommit=True) as conn:
        conn.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())
