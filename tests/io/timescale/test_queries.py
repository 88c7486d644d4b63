"""The documented queries give what is true of a generated history, and read only the chunks that they must."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from bench.documented_queries import POWER_W, QUERIES, SESSION_STARTS, SITES, History, filled, generate
from bench.queries import chunks, chunks_read
from gateway.io.timescale.settings import StoreSettings
from tests.io.timescale.test_schema import Connection, on, prepare
from tests.servers.timescale import fresh_database

HISTORY = History(stations=20, days=12, messages=100)

TABLES_READ: dict[str, set[str]] = {
    "transaction": set(),
    "transaction_curve": {"sampled_value"},
    "station_curve_of_a_day": {"sampled_value"},
    "site_power_of_a_day": {"power_quarter_hourly"},
    "site_peaks_of_a_month": {"power_quarter_hourly"},
    "site_energy_per_day": {"register_daily"},
    "station_energy_per_day": {"register_daily"},
    "top_stations_of_a_week": {"register_daily"},
    "silent_stations": set(),
    "utilisation_of_a_day": {"connector_status"},
    "open_transactions": set(),
}


@pytest.fixture(scope="module")
def dsn() -> Iterator[str]:
    """A database with HISTORY, which tests only read."""

    async def fill(connection: Connection) -> None:
        await prepare(connection, StoreSettings())
        await generate(connection, HISTORY)

    with fresh_database() as made:
        on(made, fill)
        yield made


def asked(dsn: str, name: str) -> list[asyncpg.Record]:
    return on(dsn, lambda connection: connection.fetch(filled(name, HISTORY.values)))


def test_every_documented_query_is_held_to_its_tables():
    assert set(TABLES_READ) == set(QUERIES)


@pytest.mark.parametrize("name", QUERIES)
def test_query_reads_no_other_history(dsn, name):
    read = on(dsn, lambda connection: chunks_read(connection, filled(name, HISTORY.values)))
    assert set(read) == TABLES_READ[name]


def read_of(dsn: str, name: str, table: str) -> tuple[list[tuple[Any, Any]], int]:
    """Return the spans of the chunks that a query reads of a table, and how many chunks there are."""

    async def look(connection: Connection) -> tuple[list[tuple[Any, Any]], int]:
        read = await chunks_read(connection, filled(name, HISTORY.values))
        return sorted(read[table].values()), len((await chunks(connection))[table])

    return on(dsn, look)


def test_curve_of_a_day_reads_the_chunk_of_that_day(dsn):
    spans, all_chunks = read_of(dsn, "station_curve_of_a_day", "sampled_value")
    day = datetime.fromisoformat(HISTORY.values["day"])
    assert spans == [(day, day + timedelta(days=1))]
    assert all_chunks == HISTORY.days + 1


def test_curve_of_a_transaction_reads_the_chunks_from_its_start_to_its_end(dsn):
    spans, _ = read_of(dsn, "transaction_curve", "sampled_value")
    day = datetime.fromisoformat(HISTORY.values["day"])
    assert spans == [(day, day + timedelta(days=1))]


def test_power_of_a_site_over_a_day_reads_the_chunk_of_that_day(dsn):
    spans, all_chunks = read_of(dsn, "site_power_of_a_day", "power_quarter_hourly")
    day = datetime.fromisoformat(HISTORY.values["day"])
    ((begin, end),) = spans
    assert begin <= day < end
    assert all_chunks > 1


def test_condition_on_a_peak_leaves_out_chunks(dsn):
    day = datetime.fromisoformat(HISTORY.values["day"])
    for view in ("site_peak_hourly", "site_peak_daily"):
        statement = f"SELECT * FROM ocpp.{view} WHERE bucket >= '{day}' AND bucket < '{day + timedelta(days=1)}'"
        read = on(dsn, lambda connection, statement=statement: chunks_read(connection, statement))
        assert len(read["power_quarter_hourly"]) == 1


def test_utilisation_reads_the_week_of_the_day_and_at_most_the_one_before(dsn):
    spans, _ = read_of(dsn, "utilisation_of_a_day", "connector_status")
    day = datetime.fromisoformat(HISTORY.values["day"])
    assert len(spans) <= 2
    assert spans[-1][0] <= day < spans[-1][1]


def test_transaction_has_its_energy_and_its_curve(dsn):
    (transaction,) = asked(dsn, "transaction")
    assert transaction["energy_wh"] == HISTORY.session_wh
    curve = asked(dsn, "transaction_curve")
    registers = [row["value"] for row in curve if row["measurand"] == "Energy.Active.Import.Register"]
    assert len(registers) == HISTORY.messages == len(curve) - len(registers)
    assert registers[-1] - registers[0] == HISTORY.session_wh


def test_rollups_hold_all_energy_whatever_the_bucket(dsn):
    for view in ("energy_hourly", "energy_daily"):
        ((energy_wh,),) = on(
            dsn, lambda connection, view=view: connection.fetch(f"SELECT sum(energy_wh) FROM ocpp.{view}")
        )
        assert energy_wh == pytest.approx(HISTORY.energy_wh, rel=1e-12)


def test_site_draws_what_its_stations_draw(dsn):
    power = {row["bucket"]: row["power_w"] for row in asked(dsn, "site_power_of_a_day")}
    day = datetime.fromisoformat(HISTORY.values["day"])
    assert power[day + timedelta(hours=8)] == POWER_W * HISTORY.stations / SITES
    assert day + timedelta(hours=12) not in power


def test_site_energy_is_that_of_its_stations(dsn):
    energies = [row["energy_wh"] for row in asked(dsn, "site_energy_per_day")]
    assert sum(energies) == pytest.approx(HISTORY.energy_wh / SITES, rel=1e-12)


def test_station_energy_is_that_of_its_sessions(dsn):
    energies = [row["energy_wh"] for row in asked(dsn, "station_energy_per_day")]
    assert sum(energies) == pytest.approx(HISTORY.energy_wh / HISTORY.stations, rel=1e-12)


def test_week_has_ten_top_stations(dsn):
    top = asked(dsn, "top_stations_of_a_week")
    energies = [row["energy_wh"] for row in top]
    assert len(top) == 10
    assert energies == sorted(energies, reverse=True)


def test_connectors_are_occupied_while_they_charge(dsn):
    rows = asked(dsn, "utilisation_of_a_day")
    assert len(rows) == HISTORY.stations
    charging_s = HISTORY.messages * 60 * len(SESSION_STARTS)
    for row in rows:
        assert float(row["occupied"]) == pytest.approx(charging_s / 86400)


def test_all_who_were_not_heard_since_are_silent_and_nobody_else_is(dsn):
    first_silent = HISTORY.day(HISTORY.days) - timedelta(minutes=HISTORY.stations - 5)
    values = {"since": first_silent.astimezone(UTC).isoformat()}
    silent = on(dsn, lambda connection: connection.fetch(filled("silent_stations", values)))
    assert [row["identity"] for row in silent] == [
        f"CP-{n:05}" for n in range(HISTORY.stations, HISTORY.stations - 5, -1)
    ]


def test_charge_without_an_end_is_open(dsn):
    assert asked(dsn, "open_transactions") == []

    async def opened(connection: Connection) -> list[asyncpg.Record]:
        changes = connection.transaction()
        await changes.start()
        try:
            await connection.execute(
                "UPDATE ocpp.charging_transaction_merge SET ended_at = NULL"
                " WHERE station = 'CP-00007' AND \"transaction\" = $1",
                f"CP-00007 {HISTORY.first_day} 2",
            )
            return await connection.fetch(filled("open_transactions", {}))
        finally:
            await changes.rollback()

    (row,) = on(dsn, opened)
    assert (row["station"], row["transaction"]) == ("CP-00007", f"CP-00007 {HISTORY.first_day} 2")
