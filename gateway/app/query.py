"""Questions to the SQLite store from the command line, for machines without the sqlite3 program."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Final

STORE_NAME: Final = "store.sqlite"
CELL_CHARACTERS_MAX: Final = 60
"""Longest shown text of one value."""

ROWS_MAX: Final = 1000
"""Most rows shown; a longer answer says so. Who needs more opens the file itself."""

STEPS_BETWEEN_SIGNALS: Final = 100_000
"""Steps of SQLite's machine, about a millisecond, after which Python gets to see a Ctrl-C."""

TABLES: Final = """
SELECT name, type FROM sqlite_schema
WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%' ORDER BY type DESC, name
"""


class QueryError(Exception):
    """The store cannot be read or the SQL is wrong; one line."""


def run_query(data: Path, sql: str | None) -> Iterator[str]:
    """Yield the lines of the answer to `sql`, or of the list of tables. Raises QueryError. Changes nothing.

    Ctrl-C interrupts also a long query.
    """
    file = data / STORE_NAME if data.is_dir() else data
    if not file.exists():
        raise QueryError(f"{file.absolute()}: there is no store; use --data for another data directory")
    try:
        connection = sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)
        connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)  # ATTACH and VACUUM INTO would make files
        connection.set_progress_handler(lambda: None, STEPS_BETWEEN_SIGNALS)
        try:
            cursor = connection.execute(sql or TABLES)
            rows = cursor.fetchmany(ROWS_MAX + 1)
            names = [column[0] for column in cursor.description or ()]
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise QueryError(f"{file}: {error}") from None
    yield from _table(names, rows[:ROWS_MAX])
    if len(rows) > ROWS_MAX:
        yield f"... only the first {ROWS_MAX} rows are shown"


def _table(names: list[str], rows: list[tuple[object, ...]]) -> Iterator[str]:
    cells = [[_shown(value) for value in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(names, *cells, strict=True)]
    yield "  ".join(name.ljust(width) for name, width in zip(names, widths, strict=True)).rstrip()
    yield "  ".join("-" * width for width in widths)
    for row in cells:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _shown(value: object) -> str:
    """Return a value as text without anything that could steer the terminal."""
    match value:
        case None:
            text = ""
        case float():
            text = f"{value:.12g}"
        case bytes():
            text = value.decode(errors="replace")
        case _:
            text = str(value)
    text = "".join(character if character.isprintable() else "?" for character in text)
    return text if len(text) <= CELL_CHARACTERS_MAX else text[: CELL_CHARACTERS_MAX - 3] + "..."
