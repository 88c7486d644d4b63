"""Views on rollups, on all that a database without continuous aggregates can be. Sums are worked out by hand."""

from datetime import UTC, datetime

import pytest

from gateway.io.timescale.settings import StoreSettings
from tests.io.timescale.test_schema import on, prepare, role

DAY = datetime(2026, 3, 2, tzinfo=UTC)


@pytest.fixture(params=["apache", "plain"])
def database(request, timescale, plain_postgres):
    """A database whose rollups the gateway keeps, with two stations of one site and one of none."""
    if request.param == "apache":
        made = timescale
        on(made.dsn, lambda connection: prepare(connection, StoreSettings()))
        stations(made)
        yield made
        return
    with role(plain_postgres, "CREATE SCHEMA ocpp AUTHORIZATION {role}") as dsn:
        assert on(dsn, lambda connection: prepare(connection, StoreSettings())).edition == "plain"
        stations(plain_postgres)
        yield plain_postgres


def stations(database) -> None:
    database.fetch("INSERT INTO ocpp.station (id, identity, site) VALUES (1, 'A', 'S'), (2, 'B', 'S'), (3, 'C', NULL)")


def register(database, table: str, at: datetime, min_wh: float, max_wh: float, transaction: str = "t") -> None:
    """Merge a register as the gateway does."""
    database.fetch(
        f'INSERT INTO ocpp.{table} AS r (bucket, station_id, "transaction", evse, min_wh, max_wh)'
        ' VALUES ($1, 1, $2, 1, $3, $4) ON CONFLICT (station_id, "transaction", bucket) DO UPDATE'
        " SET min_wh = least(r.min_wh, excluded.min_wh), max_wh = greatest(r.max_wh, excluded.max_wh)",
        at,
        transaction,
        min_wh,
        max_wh,
    )


def power(database, station: int, evse: int, at: datetime, phase: int, sum_w: float, samples: int) -> None:
    database.fetch(
        "INSERT INTO ocpp.power_quarter_hourly (bucket, station_id, evse, phase, sum_w, samples)"
        " VALUES ($1, $2, $3, $4, $5, $6)",
        *(at, station, evse, phase, sum_w, samples),
    )


def hourly(database, where: str = "true") -> list[tuple[int, float]]:
    """Return hours and energies."""
    return database.fetch(
        "SELECT extract(hour FROM bucket AT TIME ZONE 'UTC')::integer, energy_wh FROM ocpp.energy_hourly"
        f" WHERE {where} ORDER BY bucket"
    )


def test_energy_between_two_buckets_belongs_to_the_later(database):
    register(database, "register_hourly", DAY.replace(hour=8), 1000, 1500)
    register(database, "register_hourly", DAY.replace(hour=9), 1600, 2600)
    assert hourly(database) == [(8, 500), (9, 1100)]


def test_energy_of_hours_without_readings_is_not_lost(database):
    register(database, "register_hourly", DAY.replace(hour=8), 1000, 1500)
    register(database, "register_hourly", DAY.replace(hour=20), 9000, 9500)
    assert hourly(database) == [(8, 500), (20, 8000)]


def test_late_reading_moves_energy_and_keeps_the_sum(database):
    register(database, "register_hourly", DAY.replace(hour=8), 1000, 1500)
    register(database, "register_hourly", DAY.replace(hour=20), 9000, 9500)
    register(database, "register_hourly", DAY.replace(hour=12), 3000, 4000)
    assert hourly(database) == [(8, 500), (12, 2500), (20, 5500)]
    register(database, "register_hourly", DAY.replace(hour=7), 400, 400)
    assert sum(energy for _, energy in hourly(database)) == 9500 - 400


def test_register_that_falls_takes_no_energy_back(database):
    register(database, "register_hourly", DAY.replace(hour=8), 1000, 1500)
    register(database, "register_hourly", DAY.replace(hour=9), 100, 200)
    assert hourly(database) == [(8, 500), (9, 0)]


def test_transactions_of_an_evse_are_summed_and_never_mixed(database):
    register(database, "register_hourly", DAY.replace(hour=8), 1000, 1500, "one")
    register(database, "register_hourly", DAY.replace(hour=8), 1500, 1700, "two")
    assert hourly(database) == [(8, 700)]


def test_condition_on_the_bucket_changes_no_energy(database):
    for hour in range(6, 12):
        register(database, "register_hourly", DAY.replace(hour=hour), hour * 1000, hour * 1000 + 900)
    whole = hourly(database)
    some = hourly(database, "bucket >= '2026-03-02 09:00Z' AND bucket < '2026-03-02 11:00Z' AND station = 'A'")
    assert some == whole[3:5] == [(9, 1000), (10, 1000)]


def test_days_are_of_utc(database):
    register(database, "register_daily", DAY, 1000, 5000)
    register(database, "register_daily", DAY.replace(day=3), 5200, 6000)
    days = database.fetch("SELECT bucket, station, evse, energy_wh FROM ocpp.energy_daily ORDER BY bucket")
    assert days == [(DAY, "A", 1, 4000.0), (DAY.replace(day=3), "A", 1, 1000.0)]


def test_site_draws_the_sum_of_what_its_evses_draw_on_average(database):
    power(database, 1, 1, DAY, 0, 22_000, 2)
    power(database, 1, 2, DAY, 0, 7_000, 1)
    power(database, 2, 1, DAY, 0, 3_000, 3)
    power(database, 3, 1, DAY, 0, 50_000, 1)  # of no site
    assert database.fetch("SELECT bucket, site, power_w FROM ocpp.site_power") == [(DAY, "S", 19_000.0)]


def test_phases_count_only_where_the_total_was_not_sampled(database):
    for phase in (1, 2, 3):
        power(database, 1, 1, DAY, phase, 4_000, 2)
        power(database, 2, 1, DAY, phase, 4_000, 2)
    power(database, 2, 1, DAY, 0, 5_500, 1)
    assert database.fetch("SELECT power_w FROM ocpp.site_power") == [(6_000.0 + 5_500.0,)]


def test_peak_is_the_highest_quarter_and_the_first_of_equals(database):
    for minute, watts in ((0, 1_000), (15, 4_000), (30, 4_000), (45, 2_000)):
        power(database, 1, 1, DAY.replace(hour=9, minute=minute), 0, watts, 1)
    power(database, 2, 1, DAY.replace(hour=17, minute=45), 0, 9_000, 1)
    hours = database.fetch("SELECT bucket, peak_w, peak_at FROM ocpp.site_peak_hourly WHERE site = 'S' ORDER BY bucket")
    assert hours == [
        (DAY.replace(hour=9), 4_000.0, DAY.replace(hour=9, minute=15)),
        (DAY.replace(hour=17), 9_000.0, DAY.replace(hour=17, minute=45)),
    ]
    days = database.fetch("SELECT bucket, peak_w, peak_at FROM ocpp.site_peak_daily")
    assert days == [(DAY, 9_000.0, DAY.replace(hour=17, minute=45))]
