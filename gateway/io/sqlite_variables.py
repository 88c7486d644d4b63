"""Looks up in the SQLite store what stations said of their variables, beside the thread that writes it."""

import base64
import binascii
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec

from gateway.core.device_model import StoredVariable, VariablePage, VariableQuery
from gateway.core.records import DeviceVariable

BUSY_TIMEOUT_S = 1.0
"""How long to wait for a process that has locked the file."""

_ADDRESS = ("component", "component_instance", "evse", "connector", "variable", "instance", "attribute")
_REST = ("value", "mutability", "data_type", "unit", "min_limit", "max_limit", "values_list", "persistent", "constant")
_FIRST = ("", "", -1, -1, "", "", "")
"""Stands before every address."""

_Place = tuple[str, str, int, int, str, str, str]


class LookUpError(Exception):
    """The store cannot be read now."""


class CursorError(ValueError):
    """The cursor is none that a page ended with."""


def look_up_variables(path: Path, station: str, query: VariableQuery) -> VariablePage:
    """Return a page of variables in the order of their addresses. Raises LookUpError and CursorError. Blocks."""
    after = _FIRST if query.cursor is None else _place(query.cursor)
    columns = ", ".join((*_ADDRESS, *_REST, "time"))
    places = ", ".join("?" * len(_ADDRESS))
    sql = (
        f"SELECT {columns} FROM device_variable WHERE station = ?"  # noqa: S608 - our own columns, and question marks
        f" AND ({', '.join(_ADDRESS)}) > ({places})"
        " AND (? IS NULL OR component = ? COLLATE NOCASE) AND (? IS NULL OR variable = ? COLLATE NOCASE)"
        f" ORDER BY {', '.join(_ADDRESS)} LIMIT ?"
    )
    chosen = (query.component, query.component, query.variable, query.variable)
    try:
        address = f"{path.absolute().as_uri()}?mode=ro"
        with closing(sqlite3.connect(address, uri=True, timeout=BUSY_TIMEOUT_S)) as connection:
            rows = connection.execute(sql, (station, *after, *chosen, query.limit + 1)).fetchall()
    except sqlite3.Error as error:
        raise LookUpError(str(error)) from error
    found = [_stored(row) for row in rows[: query.limit]]
    return VariablePage(found, _cursor(rows[query.limit - 1]) if len(rows) > query.limit else None)


def _stored(row: tuple[object, ...]) -> StoredVariable:
    *fields, time = row
    known: dict[str, Any] = dict(zip((*_ADDRESS, *_REST), fields, strict=True))
    for name in ("persistent", "constant"):  # SQLite has no truth values
        known[name] = None if known[name] is None else bool(known[name])
    return StoredVariable(DeviceVariable(**known), str(time))


def _cursor(row: tuple[object, ...]) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(row[: len(_ADDRESS)])).decode().rstrip("=")


def _place(cursor: str) -> _Place:
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        place: _Place = msgspec.json.decode(text, type=_Place)
    except (binascii.Error, ValueError, msgspec.MsgspecError):
        raise CursorError("the cursor is none of a page of these variables") from None
    return place
