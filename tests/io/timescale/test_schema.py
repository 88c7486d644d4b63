"""The schema is made once, whoever comes first, and kept as configured. A real server is the oracle."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import ocpp
import pytest

from gateway.core.metering import BASE_UNITS
from gateway.core.stations import FACTS_MAX
from gateway.io.charging_transactions import COLUMNS
from gateway.io.sqlite_rows import KINDS
from gateway.io.timescale import housekeeping, schema
from gateway.io.timescale.housekeeping import Kept, keep
from gateway.io.timescale.policies import policies
from gateway.io.timescale.schema import Connection, SchemaError, pending, prepare, render
from gateway.io.timescale.settings import StoreSettings

T = TypeVar("T")

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
KEEP_FOR_EVER = StoreSettings()
KEEP_TWO_DAYS = StoreSettings(retention_days=2)


def on(dsn: str, work: Callable[[Connection], Awaitable[T]]) -> T:
    """Return what `work` returns, given a connection."""

    async def run() -> T:
        connection = await asyncpg.connect(dsn, command_timeout=30)
        try:
            return await work(connection)
        finally:
            await connection.close(timeout=5)

    return asyncio.run(run())


def prepared(dsn: str, settings: StoreSettings = KEEP_FOR_EVER) -> schema.Installation:
    return on(dsn, lambda connection: prepare(connection, settings))


@contextmanager
def role(database, *grants: str) -> Iterator[str]:
    """Yield the DSN of a new role without any right but `grants`, in which `{role}` is its name."""
    name = f"role_of_{urlsplit(database.dsn).path[1:]}"
    database.fetch(f"CREATE ROLE {name} LOGIN")
    try:
        for grant in grants:
            database.fetch(grant.format(role=name, database=urlsplit(database.dsn).path[1:]))
        parts = urlsplit(database.dsn)
        yield urlunsplit(parts._replace(netloc=f"{name}@{parts.netloc.rpartition('@')[2]}"))
    finally:
        database.fetch(f"DROP OWNED BY {name} CASCADE")
        database.fetch(f"DROP ROLE {name}")


@pytest.fixture
def plain(plain_postgres):
    """A database whose schema could not use TimescaleDB, made by a role that may use the schema `ocpp` only."""
    with role(plain_postgres, "CREATE SCHEMA ocpp AUTHORIZATION {role}") as dsn:
        prepared(dsn)
        yield plain_postgres


def test_fresh_database_gets_every_version_once(timescale):
    installation = prepared(timescale.dsn)
    assert (installation.edition, installation.keeps_rollups, installation.warnings) == ("apache", True, ())
    versions = timescale.fetch("SELECT version, name FROM ocpp.schema_version ORDER BY 1")
    assert [version for version, _ in versions] == list(range(1, installation.version + 1))
    assert len({name for _, name in versions}) == installation.version


def test_eight_that_start_at_once_make_one_schema(timescale):
    async def race() -> list[schema.Installation]:
        connections = [await asyncpg.connect(timescale.dsn) for _ in range(8)]
        try:
            return await asyncio.gather(*(prepare(connection, KEEP_TWO_DAYS) for connection in connections))
        finally:
            for connection in connections:
                await connection.close()

    assert len(set(asyncio.run(race()))) == 1
    assert timescale.fetch("SELECT count(*) FROM ocpp.schema_version") == [(schema.newest_version(),)]


def test_nothing_to_do_costs_one_query(timescale):
    prepared(timescale.dsn)
    queries: list[str] = []

    async def again(connection: Connection) -> None:
        connection.add_query_logger(lambda record: queries.append(record.query))
        await prepare(connection, KEEP_FOR_EVER)

    on(timescale.dsn, again)
    assert len(queries) == 1


def test_newer_schema_is_refused_with_one_line(timescale):
    known = prepared(timescale.dsn).version
    timescale.fetch("INSERT INTO ocpp.schema_version VALUES (99, 'later', '', '9.9', now())")
    with pytest.raises(SchemaError) as refused:
        prepared(timescale.dsn)
    assert str(refused.value) == f"the database was written by a newer ocpp-gateway (schema 99, this one knows {known})"
    with pytest.raises(SchemaError):
        on(timescale.dsn, pending)


def test_dry_run_changes_nothing(plain_postgres):
    assert len(on(plain_postgres.dsn, pending)) == schema.newest_version()
    assert plain_postgres.fetch("SELECT to_regnamespace('ocpp')::text") == [(None,)]
    assert plain_postgres.fetch("SELECT count(*) FROM pg_extension WHERE extname = 'timescaledb'") == [(0,)]


def test_what_a_dry_run_prints_makes_the_schema(plain_postgres):
    script = render(on(plain_postgres.dsn, pending))
    on(plain_postgres.dsn, lambda connection: connection.execute(script))
    assert on(plain_postgres.dsn, pending) == []
    assert prepared(plain_postgres.dsn).edition == "apache"


def test_failed_migration_leaves_the_version_before_and_the_next_attempt_goes_on(timescale):
    timescale.fetch("CREATE SCHEMA ocpp")
    timescale.fetch("CREATE TABLE ocpp.word ()")  # in the way of version 2
    with pytest.raises(asyncpg.DuplicateTableError):
        prepared(timescale.dsn)
    assert timescale.fetch("SELECT max(version) FROM ocpp.schema_version") == [(1,)]
    timescale.fetch("DROP TABLE ocpp.word")
    assert on(timescale.dsn, pending)[0].version == 2
    assert prepared(timescale.dsn).version == schema.newest_version()


def test_extension_is_created_where_the_role_may(plain_postgres):
    with role(plain_postgres, "GRANT CREATE ON DATABASE {database} TO {role}") as dsn:
        assert prepared(dsn).edition == "apache"


def test_role_that_has_only_the_schema_makes_hypertables(timescale):
    with role(timescale, "CREATE SCHEMA ocpp AUTHORIZATION {role}") as dsn:
        assert prepared(dsn, KEEP_TWO_DAYS).edition == "apache"
        insert_reading(timescale, NOW - timedelta(days=30))
        assert kept(dsn) == Kept(chunks=1)


def test_without_the_extension_it_works_and_says_what_is_lost(plain):
    installation = prepared(plain.dsn)
    assert (installation.edition, installation.keeps_rollups) == ("plain", True)
    (warning,) = installation.warnings
    assert "CREATE EXTENSION timescaledb" in warning
    assert "deleted row by row" in warning
    plain.fetch("CREATE EXTENSION timescaledb")
    (warning,) = prepared(plain.dsn).warnings
    assert "before this database had TimescaleDB" in warning


@pytest.mark.parametrize(
    ("grants", "refusal"),
    [
        ((), "this role may not make the schema: permission denied for database"),
        (("CREATE SCHEMA ocpp",), "this role may not read the schema ocpp: permission denied for schema ocpp"),
        (
            ("CREATE SCHEMA ocpp", "GRANT USAGE ON SCHEMA ocpp TO {role}"),
            "this role may not make the schema: permission",
        ),
    ],
)
def test_role_without_rights_is_told_so_in_one_line(timescale, grants, refusal):
    with role(timescale, *grants) as dsn, pytest.raises(SchemaError) as refused:
        prepared(dsn)
    assert str(refused.value).startswith(refusal)
    assert "\n" not in str(refused.value)


def test_role_that_may_not_read_the_schema_is_told_so(timescale):
    prepared(timescale.dsn)
    with role(timescale) as dsn, pytest.raises(SchemaError, match="this role may not read the schema ocpp"):
        prepared(dsn)


def test_role_that_only_writes_is_warned_that_settings_do_not_hold(timescale):
    prepared(timescale.dsn)
    rights = ("GRANT USAGE ON SCHEMA ocpp TO {role}", "GRANT ALL ON ALL TABLES IN SCHEMA ocpp TO {role}")
    with role(timescale, *rights) as dsn:
        assert prepared(dsn).warnings == ()
        (warning,) = prepared(dsn, StoreSettings(chunk_hours=2)).warnings
    assert "does not own the schema" in warning


def test_migration_changed_by_hand_is_told(timescale):
    prepared(timescale.dsn)
    timescale.fetch("UPDATE ocpp.schema_version SET checksum = 'x' WHERE version = 2")
    assert prepared(timescale.dsn).warnings == (
        "version 2 of the schema ocpp was made by other statements than this gateway knows",
    )


def test_span_of_chunks_follows_the_configuration(timescale):
    spans = (
        "SELECT time_interval FROM timescaledb_information.dimensions"
        " WHERE hypertable_schema = 'ocpp' AND hypertable_name = 'sampled_value'"
    )
    prepared(timescale.dsn)
    assert timescale.fetch(spans) == [(timedelta(hours=24),)]
    prepared(timescale.dsn, StoreSettings(chunk_hours=6))
    assert timescale.fetch(spans) == [(timedelta(hours=6),)]


def test_refresh_never_reaches_what_retention_deletes():
    for days in (1, 30, 365):
        told = policies("community", StoreSettings(retention_days=days))
        starts = [line for line in told if "add_continuous_aggregate_policy('ocpp.register_hourly'" in line]
        hours = float(starts[0].partition("start_offset => interval '")[2].partition(" hours")[0])
        assert hours < days * 24
    for_ever = policies("community", KEEP_FOR_EVER)
    assert not [line for line in for_ever if "add_retention_policy" in line]
    assert len([line for line in for_ever if "start_offset => NULL" in line]) == 3


def test_journal_counts_every_kind(timescale):
    prepared(timescale.dsn)
    columns = timescale.fetch(
        "SELECT column_name FROM information_schema.columns WHERE table_schema = 'ocpp' AND table_name = 'journal'"
    )
    assert set(KINDS) <= {name for (name,) in columns}


def test_transactions_have_the_columns_that_are_merged(timescale):
    prepared(timescale.dsn)
    columns = timescale.fetch(
        "SELECT column_name FROM information_schema.columns"
        " WHERE table_schema = 'ocpp' AND table_name = 'charging_transaction_merge' ORDER BY ordinal_position"
    )
    assert tuple(name for (name,) in columns) == COLUMNS


def words_of_the_specifications() -> set[tuple[str, str]]:
    """Return what the JSON schemas of all versions allow in a sampled value."""
    kinds = {"Measurand": "measurand", "Phase": "phase", "ReadingContext": "context", "Location": "location"}
    found = set()
    for version in ("v16", "v201", "v21"):
        for path in Path(ocpp.__file__).parent.joinpath(version, "schemas").glob("*.json"):
            if not path.stem.startswith(("MeterValues", "TransactionEvent", "StopTransaction")):
                continue
            described = json.loads(path.read_text("utf-8-sig"))
            for name, definition in described.get("definitions", {}).items():
                if kind := kinds.get(name.removesuffix("EnumType")):
                    found |= {(kind, word) for word in definition.get("enum", ())}
            if version == "v16" and path.stem == "MeterValues":
                values = described["properties"]["meterValue"]["items"]["properties"]["sampledValue"]["items"]
                for kind in ("measurand", "phase", "context", "location", "unit"):
                    words = values["properties"][kind]["enum"]
                    found |= {(kind, BASE_UNITS[word][0] if word in BASE_UNITS else word) for word in words}
    return found


def test_every_word_of_the_specifications_has_a_code(timescale):
    prepared(timescale.dsn)
    wanted = words_of_the_specifications()
    assert {kind for kind, _ in wanted} == {"measurand", "phase", "context", "location", "unit"}
    known = set(timescale.fetch("SELECT kind, name FROM ocpp.word"))
    assert wanted - known == set()
    assert timescale.fetch("SELECT max(id) FROM ocpp.word")[0][0] < 1000
    fixed = "SELECT name FROM ocpp.word WHERE kind = 'measurand' AND id IN (1, 2) ORDER BY id"
    assert timescale.fetch(fixed) == [("Energy.Active.Import.Register",), ("Power.Active.Import",)]


def insert_reading(database, time: datetime, *, measurand: int = 1) -> None:
    database.fetch(
        "INSERT INTO ocpp.sampled_value VALUES ($1, $1, NULL, 1, 1, 1, 1, $2, 0, 1, 1, 1, NULL, NULL)", time, measurand
    )


def test_code_that_cannot_be_is_refused(timescale):
    prepared(timescale.dsn)
    with pytest.raises(asyncpg.CheckViolationError):
        insert_reading(timescale, NOW, measurand=0)


def test_reading_without_known_words_is_shown_all_the_same(timescale):
    prepared(timescale.dsn)
    insert_reading(timescale, NOW, measurand=20_000)
    shown = timescale.fetch("SELECT station, measurand, phase, unit, value FROM ocpp.reading")
    assert shown == [(None, None, None, "Wh", 1.0)]


def kept(dsn: str, settings: StoreSettings = KEEP_TWO_DAYS) -> Kept:
    async def step(connection: Connection) -> Kept:
        return await keep(connection, await prepare(connection, settings), settings, NOW)

    return on(dsn, step)


def days_of_readings(database) -> list[int]:
    return [
        day for (day,) in database.fetch("SELECT extract(day FROM time)::integer FROM ocpp.sampled_value ORDER BY 1")
    ]


def test_chunks_go_one_a_step_once_all_of_them_is_too_old(timescale):
    prepared(timescale.dsn)
    for day in range(5, 11):
        insert_reading(timescale, datetime(2026, 3, day, 13, tzinfo=UTC))
    assert kept(timescale.dsn) == Kept(chunks=1, more=True)
    assert days_of_readings(timescale) == [6, 7, 8, 9, 10]
    while kept(timescale.dsn).more:
        pass
    assert days_of_readings(timescale) == [8, 9, 10]
    assert kept(timescale.dsn) == Kept()


def test_rows_go_where_there_are_no_chunks(plain, monkeypatch):
    monkeypatch.setattr(housekeeping, "DELETED_ROWS_MAX", 2)
    for day in range(5, 11):
        insert_reading(plain, datetime(2026, 3, day, 13, tzinfo=UTC))
    assert kept(plain.dsn) == Kept(rows=2, more=True)
    while kept(plain.dsn).more:
        pass
    assert days_of_readings(plain) == [8, 9, 10]


def test_rollups_outlive_readings_unless_they_have_a_retention_of_their_own(timescale):
    prepared(timescale.dsn)
    old = NOW - timedelta(days=400)
    timescale.fetch(
        "INSERT INTO ocpp.register_hourly VALUES (date_trunc('hour', $1::timestamptz), 1, 't', 1, 0, 1)", old
    )
    assert kept(timescale.dsn) == Kept()
    assert kept(timescale.dsn, StoreSettings(rollup_retention_days=300)) == Kept(chunks=1)
    assert timescale.fetch("SELECT count(*) FROM ocpp.register_hourly") == [(0,)]


def test_ended_transactions_go_and_open_ones_stay(timescale):
    prepared(timescale.dsn)
    old = NOW - timedelta(days=30)
    for name, ended_at in (("old", old), ("open", None), ("young", NOW)):
        timescale.fetch(
            "INSERT INTO ocpp.charging_transaction_merge VALUES ('A', $1, 1, 1, '', '', $2, $3, '', 0, '', 0, '', 0,"
            " '', '', '', '', $2, '[]', 0)",
            name,
            old,
            ended_at,
        )
    assert kept(timescale.dsn) == Kept(rows=1)
    left = timescale.fetch('SELECT "transaction" FROM ocpp.charging_transaction ORDER BY 1')
    assert left == [("open",), ("young",)]


def test_facts_that_live_state_holds_stay(timescale):
    prepared(timescale.dsn)
    timescale.fetch(
        "INSERT INTO ocpp.fact SELECT 'A', 'command', n::text, '{}', $1::timestamptz + n * interval '1 second'"
        " FROM generate_series(1, $2::integer) AS n",
        NOW - timedelta(days=30),
        FACTS_MAX + 3,
    )
    assert kept(timescale.dsn) == Kept(rows=3)
    left = timescale.fetch("SELECT min(key::integer), count(*) FROM ocpp.fact")
    assert left == [(4, FACTS_MAX)]


def test_only_one_gateway_deletes(timescale):
    prepared(timescale.dsn)
    insert_reading(timescale, NOW - timedelta(days=30))

    async def beside(connection: Connection) -> Kept:
        other = await asyncpg.connect(timescale.dsn)
        try:
            async with other.transaction():
                await other.execute("SELECT pg_advisory_xact_lock($1)", housekeeping.ADVISORY_LOCK)
                return await keep(connection, await prepare(connection, KEEP_TWO_DAYS), KEEP_TWO_DAYS, NOW)
        finally:
            await other.close()

    assert on(timescale.dsn, beside) == Kept()
    assert kept(timescale.dsn) == Kept(chunks=1)


def test_chunk_that_is_being_read_is_dropped_later(timescale):
    prepared(timescale.dsn)
    insert_reading(timescale, NOW - timedelta(days=30))

    async def beside(connection: Connection) -> Kept:
        other = await asyncpg.connect(timescale.dsn)
        try:
            async with other.transaction():
                await other.execute("SELECT count(*) FROM ocpp.sampled_value")
                return await keep(connection, await prepare(connection, KEEP_TWO_DAYS), KEEP_TWO_DAYS, NOW)
        finally:
            await other.close()

    assert on(timescale.dsn, beside) == Kept()
    assert kept(timescale.dsn) == Kept(chunks=1)
