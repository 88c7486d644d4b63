"""Looks up in the SQLite store what stations said of their variables, beside the thread that writes it."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from gateway.core.device_model import VariablePage, VariableQuery
from gateway.io.variable_pages import ADDRESS, COLUMNS, LookUpError, page_of, place_behind

BUSY_TIMEOUT_S = 1.0
"""How long to wait for a process that has locked the file."""

_TRUTH_VALUES = tuple(COLUMNS.index(name) for name in ("persistent", "constant"))


def look_up_variables(path: Path, station: str, query: VariableQuery) -> VariablePage:
    """Return a page of variables in the order of their addresses. Raises LookUpError and CursorError. Blocks."""
    after = place_behind(query)
    places = ", ".join("?" * len(ADDRESS))
    sql = (
        f"SELECT {', '.join(COLUMNS)}, time FROM device_variable WHERE station = ?"  # noqa: S608 - our own columns
        f" AND ({', '.join(ADDRESS)}) > ({places})"
        " AND (? IS NULL OR component = ? COLLATE NOCASE) AND (? IS NULL OR variable = ? COLLATE NOCASE)"
        f" ORDER BY {', '.join(ADDRESS)} LIMIT ?"
    )
    chosen = (query.component, query.component, query.variable, query.variable)
    try:
        address = f"{path.absolute().as_uri()}?mode=ro"
        with closing(sqlite3.connect(address, uri=True, timeout=BUSY_TIMEOUT_S)) as connection:
            rows = connection.execute(sql, (station, *after, *chosen, query.limit + 1)).fetchall()
    except sqlite3.Error as error:
        raise LookUpError(str(error)) from error
    return page_of(query, [(_fields(row), row[-1]) for row in rows])


def _fields(row: tuple[Any, ...]) -> list[Any]:
    fields = list(row[:-1])
    for index in _TRUTH_VALUES:  # SQLite has none
        fields[index] = None if fields[index] is None else bool(fields[index])
    return fields
