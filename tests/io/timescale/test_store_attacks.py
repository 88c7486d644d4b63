"""Facts about the store in TimescaleDB under what should never happen, and does."""

import asyncio
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from gateway.core.records import (
    Channel,
    ConnectorStatus,
    DeviceVariable,
    DeviceVariables,
    Entry,
    Fact,
    MeterValue,
    Readings,
    Sample,
    TransactionEvent,
)
from gateway.io.timescale import store as timescale_store
from gateway.io.timescale.dsn import Dsn
from gateway.io.timescale.schema import prepare
from gateway.io.timescale.settings import StoreSettings
from tests.io.journal_support import BEGIN, CHANNELS, entry_of, meter_entry, wait_until
from tests.io.timescale.conftest import Database
from tests.io.timescale.test_store import VIEWS, Stored, hurry, random_entries, rows_of, stored
from tests.servers.proxy import Proxy, proxied
from tests.servers.timescale import fresh_database

__all__ = ["hurry", "stored"]  # fixtures

POWER = CHANNELS[1]


@contextmanager
def session(dsn: str, *statements: str) -> Iterator[None]:
    """Hold a connection that has executed `statements`, and close it in the end."""
    loop = asyncio.new_event_loop()
    connection = loop.run_until_complete(asyncpg.connect(dsn))
    try:
        for statement in statements:
            loop.run_until_complete(connection.execute(statement))
        yield
    finally:
        loop.run_until_complete(connection.close())
        loop.close()


@contextmanager
def behind_proxy(stored: Stored) -> Iterator[Proxy]:
    parts = urlsplit(stored.database.dsn)
    with proxied(parts.port or 5432) as proxy:
        place = f"{parts.username}@127.0.0.1:{proxy.port}"
        stored.store._dsn = Dsn(urlunsplit(parts._replace(netloc=place)))
        yield proxy


def prepare_schema(dsn: str) -> None:
    async def prepare_it() -> None:
        connection = await asyncpg.connect(dsn)
        await prepare(connection, StoreSettings())
        await connection.close()

    asyncio.run(prepare_it())


def cut_off(stored: Stored) -> None:
    stored.query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE pid <> pg_backend_pid() AND datname = current_database()"
    )


def power_entry(station: str, watts: float, seconds: int = 0) -> Entry:
    at = BEGIN + timedelta(seconds=seconds)
    return entry_of(station, Readings(1, 1, None, [MeterValue(at, [Sample(POWER, watts)])]))


def event(transaction: str, evse: int | None) -> TransactionEvent:
    return TransactionEvent(BEGIN, "Started", transaction, evse, 1, None, 1, "token", None, None, 5.0)


def waiting(stored: Stored, count: int) -> bool:
    rows = stored.query(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    return rows == [(count,)]


def test_a_merge_whose_commit_was_not_heard_is_not_done_again(stored: Stored, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timescale_store, "MERGE_AT_ONCE_ROWS", -1)
    monkeypatch.setattr(timescale_store, "MERGE_EVERY_S", 1000.0)
    with behind_proxy(stored) as proxy:
        stored.store._merged_at_monotonic_s = float("inf")
        stored.start().put(meter_entry(0))
        stored.settle()
        stored.query(
            "CREATE FUNCTION late() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN PERFORM pg_advisory_xact_lock(7); RETURN NULL; END $$"
        )
        stored.query(
            "CREATE CONSTRAINT TRIGGER late AFTER UPDATE ON ocpp.journal DEFERRABLE INITIALLY DEFERRED FOR EACH ROW"
            " WHEN (new.batch = old.batch AND new.merged_batch > old.merged_batch) EXECUTE FUNCTION late()"
        )
        with session(stored.database.dsn, "SELECT pg_advisory_lock(7)"):
            stored.store._merged_at_monotonic_s = float("inf")
            stored.put(meter_entry(1))
            wait_until(lambda: waiting(stored, 1))  # the COMMIT of what was merged
            proxy.cut()
            wait_until(lambda: waiting(stored, 2))  # and who comes after
        stored.settle()
        assert stored.query("SELECT sum(samples) FROM ocpp.power_quarter_hourly") == [(2,)]
        stored.store.close()


def test_what_a_copy_of_the_journal_has_merged_is_not_merged_again(
    stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timescale_store, "MERGE_AT_ONCE_ROWS", -1)
    monkeypatch.setattr(timescale_store, "MERGE_EVERY_S", 1000.0)
    stored.store._merged_at_monotonic_s = float("inf")
    stored.start().put(meter_entry(0))
    stored.settle()
    stored.query(
        "CREATE FUNCTION copied() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN new.merged_batch = new.batch; RETURN new; END $$"
    )
    stored.query(
        "CREATE TRIGGER copied BEFORE UPDATE ON ocpp.journal FOR EACH ROW"
        " WHEN (new.batch > old.batch) EXECUTE FUNCTION copied()"
    )
    stored.store._merged_at_monotonic_s = float("inf")
    stored.put(meter_entry(1))
    stored.settle()
    assert stored.store.errors["ledger"] == 1
    assert stored.query("SELECT sum(samples) FROM ocpp.power_quarter_hourly") == [(1,)]


def test_what_takes_more_locks_than_there_are_is_tried_with_less_at_once(stored: Stored) -> None:
    stored.start().put(meter_entry(0))
    stored.settle()
    stored.query(
        "CREATE FUNCTION many() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " IF (SELECT count(*) FROM new) > 20 THEN RAISE 'out of shared memory' USING ERRCODE = '53200'; END IF;"
        " RETURN NULL; END $$"
    )
    stored.query(
        "CREATE TRIGGER many AFTER INSERT ON ocpp.connector_status_latest REFERENCING NEW TABLE AS new"
        " FOR EACH STATEMENT EXECUTE FUNCTION many()"
    )
    with session(stored.database.dsn, "BEGIN", "LOCK TABLE ocpp.connector_status"):
        for first in range(0, 80, 10):
            stored.put(
                *(
                    entry_of(f"S{number}", ConnectorStatus(BEGIN, 1, 1, "Available", None, "x" * 4000))
                    for number in range(first, first + 10)
                )
            )
    stored.settle()
    assert stored.store.errors["memory"] >= 1
    assert stored.query("SELECT count(*) FROM ocpp.connector_status") == [(80,)]


def test_a_connection_that_is_lost_is_missed_before_there_is_anything_to_store(
    stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timescale_store, "READ_TIMEOUT_S", 0.05)
    stored.start().put(meter_entry(0))
    stored.settle()
    cut_off(stored)
    wait_until(lambda: stored.store.errors["unavailable"] == 1)
    wait_until(lambda: stored.store.connected)


@pytest.mark.parametrize(
    "setting",
    [
        *("default_transaction_isolation = 'serializable'", "synchronous_commit = 'off'", "datestyle = 'German, DMY'"),
        *("intervalstyle = 'sql_standard'", "timezone = 'Asia/Kathmandu'", "extra_float_digits = -15"),
        *("standard_conforming_strings = 'off'", "client_encoding = 'LATIN1'", "bytea_output = 'escape'"),
        *("default_transaction_deferrable = 'on'", "quote_all_identifiers = 'on'", "search_path = 'nowhere'"),
    ],
)
def test_what_is_stored_does_not_depend_on_settings_of_the_database(stored: Stored, setting: str) -> None:
    name = stored.database.dsn.rpartition("/")[2]
    stored.query(f"ALTER DATABASE {name} SET {setting}")
    stored.start()
    dice = random.Random(setting)
    for _ in range(4):
        stored.put(*(entry for entry in random_entries(dice, 20) if not entry.own))
    stored.settle()
    assert stored.errors == []
    for view in set(VIEWS) - {"event"}:
        ours, theirs = rows_of(stored, view)
        assert ours == theirs, view


class TestPoison:
    @pytest.mark.parametrize("number", [2**31, 2**40, -(2**40), 2**63 - 1])
    def test_an_evse_of_many_digits_stops_nothing(self, stored: Stored, number: int) -> None:
        stored.start()
        stored.put(entry_of("S", event("t", number)), meter_entry(1))
        stored.put(meter_entry(2))
        stored.settle()
        assert stored.query("SELECT count(*) FROM ocpp.reading") == [(16,)]

    def test_values_that_are_too_large_together_only_stop_nothing(self, stored: Stored) -> None:
        stored.start().put(power_entry("S", 1e308))
        stored.settle()
        stored.put(power_entry("S", 0.5e308, 1), power_entry("S", 0.5e308, 2), meter_entry(1))
        stored.put(meter_entry(2))
        stored.settle()
        assert stored.query("SELECT count(*) FROM ocpp.reading WHERE value < 1e300") != [(0,)]
        whole = stored.store.stored["reading"] + stored.store.set_aside_readings
        assert whole == 3 + 16

    def test_what_is_refused_when_it_is_merged_is_counted_once(
        self, stored: Stored, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(timescale_store, "MERGE_AT_ONCE_ROWS", -1)
        monkeypatch.setattr(timescale_store, "MERGE_EVERY_S", 1000.0)
        stored.store._merged_at_monotonic_s = float("inf")
        random_text = "".join(chr(0x4E00 + (number * 7919) % 20000) for number in range(4000))
        stored.start()
        poison = entry_of(
            "S", Readings(1, 1, None, [MeterValue(BEGIN, [Sample(POWER, 1.0)])]), Fact(BEGIN, "job", random_text, "{}")
        )
        stored.put(poison, meter_entry(1))
        stored.settle()
        assert stored.store.set_aside_entries == 1
        assert stored.query("SELECT count(*) FROM ocpp.reading") == [(9,)]
        assert stored.store.stored["reading"] + stored.store.set_aside_readings == 9

    def test_long_names_and_odd_numbers_stop_nothing(self, stored: Stored) -> None:
        long = "".join(chr(0x4E00 + (number * 7919) % 20000) for number in range(4000))
        odd = [1e308, -1e308, 5e-324, -0.0]
        stored.start()
        stored.put(
            entry_of("S", DeviceVariables(BEGIN, [DeviceVariable("C", long, "x")])),
            entry_of("S", DeviceVariables(BEGIN, [DeviceVariable("C", "V", "x", min_limit=1e308, evse=2**62)])),
            entry_of("S", event(long, 1)),
            entry_of("S", Fact(BEGIN, "job", long, "{}")),
            entry_of("S", ConnectorStatus(BEGIN, 2**62, -(2**62), "Available", long, long)),
            entry_of(
                "S",
                Readings(1, 1, "t", [MeterValue(BEGIN, [Sample(Channel(long, None, "Other", "EV", "W"), 1.0)])]),
            ),
            *(entry_of("S", Readings(1, 1, "t", [MeterValue(BEGIN, [Sample(POWER, value)])])) for value in odd),
            entry_of("S" * 4000, ConnectorStatus(BEGIN, 1, 1, "Available")),
            entry_of(long, ConnectorStatus(BEGIN, 1, 1, "Available")),
            meter_entry(0),
        )
        for at in (BEGIN.replace(year=1), BEGIN.replace(year=9999, month=12, day=31)):
            stored.put(
                entry_of("S", Readings(1, 1, "t", [MeterValue(at, [Sample(channel, 1.0) for channel in CHANNELS])])),
                entry_of("S", ConnectorStatus(at, 1, 1, "Available")),
                entry_of("S", event("t", 1)),
            )
        stored.put(meter_entry(1))
        stored.settle()
        assert stored.query("SELECT count(*) FROM ocpp.reading WHERE station = 'DE*ABC*1'") == [(16,)]
        assert stored.query("SELECT count(*) FROM ocpp.reading WHERE station = 'S'") == [(4 + 16,)]


def test_a_host_that_was_behind_does_not_shut_out_the_one_that_was_not(
    stored: Stored, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timescale_store, "READ_BYTES_MAX", 1)
    stored.store._settings = StoreSettings(rows_max=1)  # each batch is a group
    file = tmp_path / "dsn"
    file.write_text(stored.database.dsn)
    stored.store._dsn = Dsn(file=file)
    stored.start()
    for number in range(5):
        stored.put(meter_entry(number))
    stored.settle()
    with fresh_database() as behind:
        prepare_schema(behind)
        other = Database(behind)
        other.fetch("CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE disk_full; END $$")
        other.fetch("CREATE TRIGGER full_disk BEFORE UPDATE ON ocpp.journal EXECUTE FUNCTION full_disk()")
        file.write_text(behind)
        cut_off(stored)
        stored.put(meter_entry(5))
        wait_until(lambda: stored.store.errors["full"] >= 2)
        file.write_text(stored.database.dsn)
        stored.settle()
    assert stored.query("SELECT count(*) FROM ocpp.reading") == [(48,)]


class TestClose:
    def threads(self) -> list[str]:
        return [thread.name for thread in threading.enumerate() if thread.name.startswith("store")]

    @pytest.mark.parametrize("table", ["journal", "sampled_value", "station", "word", "fact"])
    def test_close_ends_the_threads_whatever_is_locked(self, stored: Stored, table: str) -> None:
        stored.start().put(meter_entry(0))
        stored.settle()
        odd = Channel("OddThing", None, "Other", "EV", "W")
        with session(stored.database.dsn, "BEGIN", f"LOCK TABLE ocpp.{table}"):
            stored.put(
                entry_of("New", Readings(1, 1, None, [MeterValue(BEGIN, [Sample(odd, 1.0)])])),
                entry_of("New", Fact(BEGIN, "job", "key", "{}")),
            )
            wait_until(lambda: waiting(stored, 1))
            stored.oracle.close()
            stored.store.close(0.1)
            assert not self.threads()

    def test_close_ends_the_threads_while_a_host_is_silent(self, stored: Stored) -> None:
        with behind_proxy(stored) as proxy:
            proxy.swallow()
            stored.start().put(meter_entry(0))
            wait_until(lambda: proxy.accepted > 0)
            stored.oracle.close()
            stored.store.close(0.1)
            assert not self.threads()
