"""Facts about look-ups of variables in a real database; the SQLite store, given the same rows, is the oracle."""

import asyncio
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest

from gateway.core.device_model import VariablePage, VariableQuery
from gateway.io.sqlite_schema import STEPS
from gateway.io.sqlite_variables import look_up_variables
from gateway.io.timescale.dsn import Dsn
from gateway.io.timescale.lookups import VariableLookUp
from gateway.io.timescale.schema import prepare
from gateway.io.timescale.settings import StoreSettings
from gateway.io.variable_pages import COLUMNS, CursorError, LookUpError

TIME = datetime(2026, 3, 1, 12, 0, 0, 123_000, tzinfo=UTC)
REST = ("7", "ReadWrite", "integer", "A", 0.5, None, None, True, False)
ROWS = [
    (component, "", evse, 0, variable, "", "Actual", *REST)
    for component in ("Evse", "evse", "Éclair", "a", "B")  # a database's own order would be a, B, Éclair, evse
    for evse in (0, 1)
    for variable in ("Power", "power", "ÉTAT")
]


async def fill(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    await prepare(connection, StoreSettings())
    rows = [(station, *row, TIME) for station in ("CP1", "CP2") for row in ROWS]
    await connection.copy_records_to_table(
        "device_variable", schema_name="ocpp", records=rows, columns=["station", *COLUMNS, "time"]
    )
    await connection.close()


@pytest.fixture
def look_up(timescale, tmp_path: Path):
    """Return a function that asks both stores, demands equal answers, and returns them."""
    asyncio.run(fill(timescale.dsn))
    file = tmp_path / "store.sqlite"
    with sqlite3.connect(file) as store:
        store.executescript("".join(STEPS))
        marks = ", ".join("?" * (len(COLUMNS) + 2))
        for row in ROWS:
            store.execute(f"INSERT INTO device_variable VALUES ({marks})", ("CP1", *row, "2026-03-01T12:00:00.123Z"))
    store.close()

    def ask(**query) -> VariablePage:
        page = asyncio.run(VariableLookUp(Dsn(timescale.dsn))("CP1", VariableQuery(**query)))
        assert page == look_up_variables(file, "CP1", VariableQuery(**query))
        return page

    return ask


def test_pages_are_those_of_the_sqlite_store_one_after_the_other(look_up) -> None:
    seen: list[tuple] = []
    cursor = None
    while True:
        page = look_up(limit=7, cursor=cursor)
        seen += [(found.variable.component, found.variable.evse, found.variable.variable) for found in page.variables]
        if (cursor := page.next_cursor) is None:
            break
    assert seen == sorted((row[0], row[2], row[4]) for row in ROWS)


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({"component": "EVSE"}, 12),
        ({"variable": "POWER"}, 20),
        ({"component": "éclair"}, 0),  # the case of letters beyond ASCII counts in both
        ({"component": "Éclair", "variable": "ÉTAT"}, 2),
        ({"component": "%"}, 0),
        ({"component": "a' OR true --"}, 0),
        ({"component": "a\0"}, 0),
    ],
)
def test_names_are_sought_whatever_the_case_of_ascii(look_up, query, count) -> None:
    assert len(look_up(**query).variables) == count


def test_a_row_comes_back_as_it_was_said(look_up) -> None:
    (found, *_) = look_up(component="B", limit=1).variables
    assert found.time == "2026-03-01T12:00:00.123Z"
    assert (found.variable.value, found.variable.min_limit, found.variable.max_limit) == ("7", 0.5, None)
    assert (found.variable.persistent, found.variable.constant) == (True, False)


@pytest.mark.parametrize("cursor", ["?", "", "bm9uc2Vuc2U", "WyIiLCIiLDk5OTk5OTk5OTk5OTksMCwiIiwiIiwiIl0"])
def test_a_cursor_that_no_page_ended_with_is_refused(cursor: str) -> None:
    with pytest.raises(CursorError):
        asyncio.run(VariableLookUp(Dsn("postgresql://h/d"))("CP1", VariableQuery(cursor=cursor)))


def test_a_table_that_is_not_there_and_one_that_is_locked_are_told(timescale) -> None:
    async def story() -> None:
        look_up = VariableLookUp(Dsn(timescale.dsn), timeout_s=1.0)
        with pytest.raises(LookUpError, match="does not exist"):
            await look_up("CP1", VariableQuery())
        await fill(timescale.dsn)
        other = await asyncpg.connect(timescale.dsn)
        async with other.transaction():
            await other.execute("LOCK TABLE ocpp.device_variable")
            with pytest.raises(LookUpError, match="no answer in time"):
                await look_up("CP1", VariableQuery())
        assert (await look_up("CP1", VariableQuery())).variables
        await other.close()

    asyncio.run(story())
