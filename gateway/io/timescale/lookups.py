"""Looks up in the database what stations said of their variables, each time with a connection of its own."""

import asyncio
from typing import Final

from gateway.core.device_model import VariablePage, VariableQuery
from gateway.io.charging_transactions import iso
from gateway.io.timescale.connecting import DATABASE_ERRORS, connect, one_line
from gateway.io.timescale.dsn import Dsn, DsnError
from gateway.io.variable_pages import ADDRESS, COLUMNS, LookUpError, page_of, place_behind

TIMEOUT_S: Final = 5.0
"""For waiting in line, connecting and reading: somebody waits at the other end of an HTTP request."""

CONCURRENT_MAX: Final = 4
"""Look-ups at once, so that operators' programs do not take the connections that a database has for others."""

_SQL: Final = (
    f"SELECT {', '.join(COLUMNS)}, time FROM ocpp.device_variable WHERE station = $1"  # noqa: S608 - our own columns
    f" AND ({', '.join(ADDRESS)}) > ($2, $3, $4, $5, $6, $7, $8)"
    # These columns have the collation "C": lower case is that of ASCII, and order that of the bytes.
    ' AND ($9::text IS NULL OR lower(component) = lower($9 COLLATE "C"))'
    ' AND ($10::text IS NULL OR lower(variable) = lower($10 COLLATE "C"))'
    f" ORDER BY {', '.join(ADDRESS)} LIMIT $11"
)


class VariableLookUp:
    """Looks up variables; to be called in one event loop."""

    def __init__(self, dsn: Dsn, *, timeout_s: float = TIMEOUT_S) -> None:
        self._dsn = dsn
        self._timeout_s = timeout_s
        self._places = asyncio.Semaphore(CONCURRENT_MAX)

    async def __call__(self, station: str, query: VariableQuery) -> VariablePage:
        """Return a page of variables in the order of their addresses. Raises LookUpError and CursorError."""
        asked = (station, *place_behind(query), query.component, query.variable)
        texts = [_storable(value) if isinstance(value, str) else value for value in asked]
        try:
            async with asyncio.timeout(self._timeout_s), self._places:
                connection = await connect(self._dsn, timeout_s=self._timeout_s)
                try:
                    rows = await connection.fetch(_SQL, *texts, query.limit + 1)
                finally:
                    connection.terminate()  # takes no time, whatever has become of the server
        except DsnError as error:
            raise LookUpError(str(error)) from error
        except DATABASE_ERRORS as error:
            raise LookUpError(one_line(error)) from error
        return page_of(query, [(row[:-1], iso(row["time"])) for row in rows])


def _storable(text: str) -> str:
    """Return `text` as the store keeps it: PostgreSQL has no NUL."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")
