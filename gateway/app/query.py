"""Questions to the store from the command line, for machines without the sqlite3 or psql program."""

import asyncio
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from gateway.app.configured_store import STORE_NAME
from gateway.app.tables import ROWS_MAX, table
from gateway.io.timescale.connecting import DATABASE_ERRORS, connect, one_line
from gateway.io.timescale.dsn import Dsn, DsnError

STEPS_BETWEEN_SIGNALS: Final = 100_000
"""Steps of SQLite's machine, about a millisecond, after which Python gets to see a Ctrl-C."""

_SQLITE_TABLES: Final = """
SELECT name, type FROM sqlite_schema
WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%' ORDER BY type DESC, name
"""

_DATABASE_TABLES: Final = """
SELECT relname AS name, CASE WHEN relkind = 'v' THEN 'view' ELSE 'table' END AS type
FROM pg_catalog.pg_class
WHERE relnamespace = to_regnamespace('ocpp') AND relkind IN ('r', 'p', 'v') AND NOT relispartition
ORDER BY 2 DESC, 1
"""


class QueryError(Exception):
    """The store cannot be read or the SQL is wrong; one line."""


def query_file(data: Path, sql: str | None) -> Iterator[str]:
    """Yield the lines of an SQLite store's answer to `sql`, or of the list of tables. Raises QueryError.

    `data` is the store or the directory that it is in. Changes nothing. Ctrl-C interrupts also a long query.
    """
    file = data / STORE_NAME if data.is_dir() else data
    if not file.exists():
        raise QueryError(f"{file.absolute()}: there is no store; use --data for another data directory")
    try:
        connection = sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)
        connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)  # ATTACH and VACUUM INTO would make files
        connection.set_progress_handler(lambda: None, STEPS_BETWEEN_SIGNALS)
        try:
            cursor = connection.execute(sql or _SQLITE_TABLES)
            rows = cursor.fetchmany(ROWS_MAX + 1)
            names = [column[0] for column in cursor.description or ()]
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise QueryError(f"{file}: {error}") from None
    yield from table(names, rows)


def query_database(dsn: Dsn, sql: str | None) -> Iterator[str]:
    """Yield the lines of a database's answer to `sql`, or of the list of tables. Raises QueryError.

    Names without a schema are those of `ocpp`. Changes nothing. Ctrl-C has the server end the query.
    """
    try:
        names, rows = asyncio.run(_ask(dsn, sql or _DATABASE_TABLES))
    except DsnError as error:
        raise QueryError(f"store: {error}") from None
    except DATABASE_ERRORS as error:
        raise QueryError(f"{dsn.shown}: {one_line(error)}") from None
    if sql is None and not rows:
        raise QueryError(f"{dsn.shown}: there is no schema ocpp yet; `ocpp-gateway migrate` makes it")
    yield from table(names, rows)


async def _ask(dsn: Dsn, sql: str) -> tuple[list[str], list[tuple[object, ...]]]:
    connection = await connect(dsn, settings={"search_path": "ocpp, public", "timezone": "UTC"})
    try:
        async with connection.transaction(readonly=True):
            statement = await connection.prepare(sql)
            names = [attribute.name for attribute in statement.get_attributes()]
            cursor = await statement.cursor()
            return names, [tuple(row) for row in await cursor.fetch(ROWS_MAX + 1)]
    finally:
        connection.terminate()
