import itertools
import os
import random
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gateway.core.device_model import VariableQuery
from gateway.core.records import (
    Channel,
    ConnectorStatus,
    DeviceVariable,
    DeviceVariables,
    Entry,
    Event,
    Fact,
    MeterValue,
    RawMessage,
    Readings,
    Record,
    Sample,
    StationBooted,
    TransactionEvent,
)
from gateway.io import sqlite_schema, sqlite_store
from gateway.io.sqlite_rows import select_transactions
from gateway.io.sqlite_store import SqliteStore
from gateway.io.sqlite_variables import look_up_variables
from gateway.io.variable_pages import CursorError, LookUpError
from tests.io.journal_support import BEGIN, CHANNELS, JournalUnderTest, entry_of, meter_entry, wait_until

READING_COLUMNS = [
    *("time", "received_at", "station", "evse", "connector", "transaction"),
    *("measurand", "phase", "context", "location", "unit", "value", "signed"),
]


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_store, "PAUSE_S", 0.0)
    monkeypatch.setattr(sqlite_store, "BUSY_TIMEOUT_S", 0.02)
    monkeypatch.setattr(sqlite_store, "RETRY_S_MIN", 0.01)
    monkeypatch.setattr(sqlite_store, "RETRY_S_MAX", 0.05)


SCHEMA_1 = (Path(__file__).parent / "store_version_1.sql").read_text()


class Stored:
    """A journal with a store behind it, in one folder."""

    def __init__(self, folder: Path, *, retention_days: float = 0, **journal_changes: Any) -> None:
        self.path = folder / "store.sqlite"
        self.source = JournalUnderTest(folder / "journal.sqlite", **journal_changes)
        self.journal = self.source.journal
        self.reader = self.journal.reader("store")
        self.store = SqliteStore(
            self.path,
            self.reader,
            self.journal.uuid,
            retention_days=retention_days,
            wall_clock=lambda: self.source.now,
        )

    def start(self) -> "Stored":
        self.journal.start()
        self.store.start()
        return self

    def put(self, *entries: Entry) -> None:
        """Commit `entries` as one batch."""
        done: list[int] = []
        for entry in entries:
            self.journal.append(entry, lambda: done.append(1))
        self.source.loop.run_until(lambda: len(done) == len(entries))

    def settle(self) -> None:
        wait_until(lambda: self.reader.lag.batches == 0)

    def query(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(f"file:{self.path}?mode=ro", uri=True)) as connection:
            return connection.execute(sql, parameters).fetchall()

    def close(self) -> None:
        self.store.close()
        self.journal.close()


@pytest.fixture
def stored(tmp_path: Path) -> Iterator[Stored]:
    stored = Stored(tmp_path)
    yield stored
    stored.close()


def transaction_event(kind: str, minutes: float, seq_no: int, register: float | None, **more: Any) -> Entry:
    event: dict[str, Any] = {
        "time": BEGIN + timedelta(minutes=minutes),
        "event": kind,
        "transaction": "tx",
        "evse": 1,
        "connector": 1,
        "trigger": None,
        "seq_no": seq_no,
        "id_token": None,
        "charging_state": None,
        "stopped_reason": None,
        "register_wh": register,
    }
    return entry_of("S", TransactionEvent(**(event | more)))


class TestReadings:
    def test_every_sample_is_a_row_of_the_view(self, stored: Stored) -> None:
        signed = Sample(Channel("Energy.Active.Import.Register", "L1", "Transaction.End", "Body", "Wh"), None, "A1==")
        meter_values = [
            MeterValue(BEGIN, [Sample(CHANNELS[0], 1234.5), signed]),
            MeterValue(BEGIN + timedelta(milliseconds=1999, microseconds=999), [Sample(CHANNELS[2], 0.1)]),
        ]
        stored.start().put(entry_of("S", Readings(3, None, "tx", meter_values), at=BEGIN + timedelta(hours=1)))
        stored.settle()
        received = "2026-01-01T01:00:00.000Z"
        first = ("2026-01-01T00:00:00.000Z", received, "S", 3, None, "tx")
        second = ("2026-01-01T00:00:01.999Z", received, "S", 3, None, "tx")
        register = "Energy.Active.Import.Register"
        assert stored.query("SELECT * FROM reading") == [
            (*first, register, None, "Sample.Periodic", "Outlet", "Wh", 1234.5, None),
            (*first, register, "L1", "Transaction.End", "Body", "Wh", None, "A1=="),
            (*second, "Voltage", "L1", "Sample.Periodic", "Outlet", "V", 0.1, None),
        ]
        with closing(sqlite3.connect(stored.path)) as connection:
            cursor = connection.execute("SELECT * FROM reading")
            assert [column[0] for column in cursor.description] == READING_COLUMNS

    def test_a_station_and_a_time_are_found_without_a_scan(self, stored: Stored) -> None:
        stored.start().put(meter_entry(1))
        stored.settle()
        sql = 'EXPLAIN QUERY PLAN SELECT value, "transaction" FROM reading WHERE station = ? AND time >= ?'
        plan = [row[3] for row in stored.query(sql, "S", "2026")]
        assert plan[0] == "SEARCH m USING INDEX meter_value_of (station=? AND time>?)"
        assert not any("SCAN m" in step for step in plan)

    def test_equal_readings_are_all_kept(self, stored: Stored) -> None:
        stored.start()
        stored.put(meter_entry(1), meter_entry(1))
        stored.put(meter_entry(1))
        stored.settle()
        assert stored.query("SELECT count(*) FROM reading") == [(24,)]
        rows = stored.query('SELECT DISTINCT journal, batch, "row" FROM meter_value ORDER BY 1, 2, 3')
        assert rows == [(1, 1, 0), (1, 1, 1), (1, 2, 0)]

    def test_a_clock_that_could_not_be_right_is_remembered(self, stored: Stored) -> None:
        at_1970 = BEGIN.replace(year=1970)
        value = MeterValue(BEGIN, [Sample(CHANNELS[0], 1.0)], at_1970)
        stored.start().put(entry_of("S", Readings(None, None, None, [value])))
        stored.settle()
        assert stored.query("SELECT time, station_time, evse FROM meter_value") == [
            ("2026-01-01T00:00:00.000Z", "1970-01-01T00:00:00.000Z", None)
        ]

    def test_an_integer_beyond_64_bits_does_not_stop_the_store(self, stored: Stored) -> None:
        stored.start().put(entry_of("S", Readings(2**64 - 1, 1, None, [MeterValue(BEGIN, [])])), meter_entry(2))
        stored.settle()
        assert stored.query("SELECT evse FROM meter_value") == [(2**63 - 1,), (1,)]


class TestOtherRecords:
    def test_each_kind_has_its_place(self, stored: Stored) -> None:
        at = "2026-01-01T00:00:00.000Z"
        stored.start().put(
            entry_of("S", Event(BEGIN, "SecurityEvent", '{"type":"x"}')),
            entry_of("S", RawMessage("ocpp1.6", "StopTransaction", "enum", "$.reason: no", b'{"\xff', "17")),
            entry_of("S", ConnectorStatus(BEGIN, 1, 2, "Faulted", "GroundFailure", "wet")),
        )
        stored.settle()
        assert stored.query("SELECT time, received_at, station, kind, detail FROM event") == [
            (at, at, "S", "SecurityEvent", '{"type":"x"}')
        ]
        assert stored.query('SELECT version, action, rule, error, payload, "transaction" FROM raw_message') == [
            ("ocpp1.6", "StopTransaction", "enum", "$.reason: no", b'{"\xff', "17")
        ]
        assert stored.query("SELECT * FROM connector_status_latest") == [
            (at, at, "S", 1, 2, "Faulted", "GroundFailure", "wet")
        ]

    def test_the_latest_status_is_the_latest_by_time(self, stored: Stored) -> None:
        minute = timedelta(minutes=1)
        stored.start()
        stored.put(entry_of("S", ConnectorStatus(BEGIN + minute, 1, 1, "Occupied")))
        stored.put(entry_of("S", ConnectorStatus(BEGIN, 1, 1, "Available")))  # queued while offline
        stored.put(entry_of("S", ConnectorStatus(BEGIN, 1, 2, "Available")))
        stored.put(entry_of("S", ConnectorStatus(BEGIN, 1, 2, "Reserved")))  # the same second
        stored.settle()
        latest = stored.query("SELECT connector, status FROM connector_status_latest ORDER BY connector")
        assert latest == [(1, "Occupied"), (2, "Reserved")]
        assert stored.query("SELECT count(*) FROM connector_status") == [(4,)]

    def test_a_station_is_what_it_said_last(self, stored: Stored) -> None:
        hour = timedelta(hours=1)
        stored.start()
        stored.put(meter_entry(0, "S"), meter_entry(60, "S"), meter_entry(30, "S"))
        boot = StationBooted("ocpp1.6", "Old", "M", "123", "1.0", "PowerUp", "Pending")
        stored.put(entry_of("S", boot, at=BEGIN + hour), entry_of("T", boot))
        boot = StationBooted("ocpp2.0.1", "New", "M2", None, None, None, "Accepted")
        stored.put(entry_of("S", boot, at=BEGIN + 2 * hour))
        stored.settle()
        begin, last = "2026-01-01T00:00:00.000Z", "2026-01-01T02:00:00.000Z"
        assert stored.query("SELECT * FROM station") == [
            ("S", "ocpp2.0.1", "New", "M2", None, None, "Accepted", begin, last, last),
            ("T", "ocpp1.6", "Old", "M", "123", "1.0", "Pending", begin, begin, begin),
        ]

    def test_what_is_stored_is_counted_by_kind_over_restarts(self, tmp_path: Path) -> None:
        for run in (1, 2):
            stored = Stored(tmp_path).start()
            stored.put(meter_entry(run), meter_entry(run), transaction_event("Started", 0, 0, 1.0))
            stored.settle()
            stored.close()
            assert stored.store.stored["reading"] == 16 * run
            assert stored.store.stored["transaction_event"] == run
            assert stored.query("SELECT total FROM stored WHERE kind = 'reading'") == [(16 * run,)]


class TestChargingTransactions:
    STORY = (
        transaction_event("Started", 0, 0, 1000.0, id_token="PAYER", charging_state="EVConnected"),
        transaction_event("Updated", 5, 1, None, charging_state="Charging"),
        entry_of("S", Readings(1, 1, "tx", [MeterValue(BEGIN + timedelta(minutes=30), [Sample(CHANNELS[0], 4000.0)])])),
        transaction_event("Ended", 60, 2, 9000.5, stopped_reason="EVDisconnected", charging_state="Idle", offline=True),
    )
    AFTER = (
        *("S", "tx", 1, 1, "PAYER", "2026-01-01T00:00:00.000Z", "2026-01-01T01:00:00.000Z"),
        *(1000.0, 9000.5, 8000.5, "EVDisconnected", None, "2026-01-01T01:00:00.000Z", "[]", 1),
    )

    def test_any_order_in_any_batches_gives_the_same_row(self, tmp_path: Path) -> None:
        rng = random.Random(3)
        for number, order in enumerate(itertools.permutations(self.STORY)):
            if number % 3:  # eight of the 24 orders, each with other batches and restarts
                continue
            folder = tmp_path / str(number)
            folder.mkdir()
            rest = list(order)
            while rest:
                stored = Stored(folder).start()
                for _ in range(rng.randint(1, 2)):
                    size = rng.randint(1, 4)
                    batch, rest = rest[:size], rest[size:]
                    if batch:
                        stored.put(*batch)
                        stored.settle()
                stored.close()
            assert stored.query("SELECT * FROM charging_transaction") == [self.AFTER]

    def test_energy_counts_to_the_latest_register_while_it_runs(self, stored: Stored) -> None:
        stored.start().put(*self.STORY[:3])
        stored.settle()
        sql = "SELECT start_wh, end_wh, energy_wh, ended_at FROM charging_transaction"
        assert stored.query(sql) == [(1000.0, None, 3000.0, None)]

    def test_a_clock_that_was_put_back_hides_no_energy(self, stored: Stored) -> None:
        stored.start().put(self.STORY[0])
        for minutes, register_wh in ((30.0, 4000.0), (10.0, 5000.0), (11.0, 6000.0)):
            time = BEGIN + timedelta(minutes=minutes)
            stored.put(entry_of("S", Readings(1, 1, "tx", [MeterValue(time, [Sample(CHANNELS[0], register_wh)])])))
        stored.settle()
        assert stored.query("SELECT energy_wh FROM charging_transaction") == [(5000.0,)]

    @pytest.mark.parametrize(
        ("version", "action"), [("ocpp1.6", "StartTransaction"), ("ocpp2.0.1", "TransactionEvent")]
    )
    def test_energy_is_unknown_where_the_start_was_kept_raw(self, tmp_path: Path, version: str, action: str) -> None:
        raw = RawMessage(version, action, "type", "$.meterStart: no integer", b"{}", "tx")
        told = (entry_of("S", raw, at=BEGIN + timedelta(seconds=1)), *self.STORY[1:])
        for number, order in enumerate(itertools.permutations(told)):
            if number % 5:
                continue
            (folder := tmp_path / str(number)).mkdir()
            for some in (order[:2], order[2:]):
                stored = Stored(folder).start()
                stored.put(*some)
                stored.settle()
                stored.close()
            sql = "SELECT started_at, start_wh, end_wh, energy_wh, ended_at, evse FROM charging_transaction"
            started, ended = "2026-01-01T00:00:01.000Z", "2026-01-01T01:00:00.000Z"
            assert stored.query(sql) == [(started, None, 9000.5, None, ended, 1)]

    def test_a_transaction_of_which_only_a_raw_start_is_known_is_there(self, stored: Stored) -> None:
        raw = RawMessage("ocpp1.6", "StartTransaction", "type", "$.meterStart: no integer", b"{}", "17")
        stored.start().put(entry_of("S", raw))
        stored.settle()
        at = "2026-01-01T00:00:00.000Z"
        sql = 'SELECT station, "transaction", started_at, last_event_at, energy_wh FROM charging_transaction'
        assert stored.query(sql) == [("S", "17", at, None, None)]

    def test_the_charging_state_is_that_of_a_running_transaction(self, stored: Stored) -> None:
        stored.start().put(*self.STORY[:2])
        stored.settle()
        assert stored.query("SELECT charging_state FROM charging_transaction") == [("Charging",)]
        stored.put(transaction_event("Ended", 60, 2, 9000.5))
        stored.settle()
        assert stored.query("SELECT charging_state FROM charging_transaction") == [(None,)]

    def test_transactions_that_left_the_cache_are_merged_all_the_same(
        self, stored: Stored, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sqlite_store, "TRANSACTIONS_CACHED_MAX", 3)
        stored.start()
        for round_number in range(3):
            for station in range(20):
                stored.put(meter_entry(100 * round_number, f"S{station}", "tx"))
        stored.settle()
        assert stored.query("SELECT DISTINCT energy_wh FROM charging_transaction") == [(200.0,)]
        assert stored.query("SELECT count(*) FROM charging_transaction") == [(20,)]

    def test_transactions_are_found_without_a_scan(self, stored: Stored) -> None:
        stored.start().put(*self.STORY)
        stored.settle()
        plan = stored.query(f"EXPLAIN QUERY PLAN {select_transactions(4)}", *"abcdefgh")
        steps = [row[3] for row in plan if "stored" in row[3]]
        assert steps == ["SEARCH stored USING PRIMARY KEY (station=? AND transaction=?)"]


class TestExactlyOnce:
    def test_a_store_that_is_ahead_of_the_journals_copy_stores_nothing_twice(self, tmp_path: Path) -> None:
        stored = Stored(tmp_path).start()
        for number in range(10):
            stored.put(meter_entry(number))
        stored.settle()
        stored.close()
        with closing(sqlite3.connect(tmp_path / "journal.sqlite", isolation_level=None)) as connection:
            connection.execute("DELETE FROM reader")  # as after a kill: the copy of the cursor was never written
        stored = Stored(tmp_path)
        assert stored.reader.lag.batches == 10
        stored.start().put(meter_entry(10))
        stored.settle()
        assert stored.query("SELECT value FROM reading WHERE unit = 'Wh'") == [(float(number),) for number in range(11)]
        stored.close()

    def test_a_new_store_gets_everything_that_is_kept(self, tmp_path: Path) -> None:
        stored = Stored(tmp_path).start()
        for number in range(10):
            stored.put(meter_entry(number))
        stored.settle()
        stored.close()
        for file in tmp_path.glob("store*"):
            file.unlink()
        stored = Stored(tmp_path).start()
        wait_until(lambda: stored.store.stored["reading"] == 80)
        assert stored.store.missing_batches == 0
        assert stored.query("SELECT count(*) FROM reading") == [(80,)]
        stored.close()

    def test_close_stores_what_waits(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sqlite_store, "PAUSE_S", 60.0)
        stored = Stored(tmp_path).start()
        for number in range(200):
            stored.put(meter_entry(number))
        stored.close()
        assert stored.query("SELECT count(*) FROM reading") == [(1600,)]


class TestTrouble:
    def break_and_mend(self, stored: Stored, kind: str, break_it: Callable[[], None], mend: Callable[[], None]) -> None:
        """Stations notice nothing while the store is broken, and afterwards everything is there once."""
        stored.start()
        stored.put(*map(meter_entry, range(5)))
        stored.settle()
        break_it()
        for number in range(5, 20):
            stored.put(meter_entry(number))  # acknowledged
        wait_until(lambda: stored.store.errors[kind] >= 2)
        assert stored.store.last_error is not None
        assert str(stored.path) in stored.store.last_error
        assert "\n" not in stored.store.last_error
        mend()
        stored.settle()
        wait_until(lambda: stored.store.last_error is None)
        values = stored.query("SELECT value FROM reading WHERE unit = 'Wh' ORDER BY value")
        assert values == [(float(number),) for number in range(20)]
        assert stored.store.stored["reading"] == 160
        stored.close()

    def test_a_locked_file(self, stored: Stored) -> None:
        with closing(sqlite3.connect(stored.path, isolation_level=None)) as other:

            def lock() -> None:
                other.execute("BEGIN IMMEDIATE")
                other.execute("DELETE FROM event")

            self.break_and_mend(stored, "locked", lock, lambda: other.execute("COMMIT") and None)

    def test_a_file_that_became_garbage(self, stored: Stored) -> None:
        kept = stored.path.with_name("kept")

        def replace_with_garbage() -> None:
            with closing(sqlite3.connect(stored.path)) as connection:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            stored.path.rename(kept)
            for log in stored.path.parent.glob("store.sqlite-*"):
                log.unlink()
            stored.path.write_bytes(b"garbage " * 1000)

        def put_back() -> None:
            kept.replace(stored.path)

        self.break_and_mend(stored, "corrupt", replace_with_garbage, put_back)

    def test_a_folder_that_is_gone_for_a_while(self, tmp_path: Path) -> None:
        (tmp_path / "folder").mkdir()
        stored = Stored(tmp_path)
        stored.path = stored.store.path = tmp_path / "folder" / "store.sqlite"

        def take_away() -> None:
            (tmp_path / "folder").rename(tmp_path / "elsewhere")

        def bring_back() -> None:
            (tmp_path / "elsewhere").rename(tmp_path / "folder")

        self.break_and_mend(stored, "unavailable", take_away, bring_back)
        assert stored.store.errors["replaced"] == 1

    def test_a_deleted_file_is_made_again_from_the_journal(self, stored: Stored) -> None:
        stored.start()
        stored.put(*map(meter_entry, range(5)))
        stored.settle()
        for file in stored.path.parent.glob("store*"):
            file.unlink()
        stored.put(meter_entry(5))
        stored.settle()
        assert stored.query("SELECT count(*) FROM reading") == [(48,)]
        assert stored.store.errors["replaced"] == 1
        assert stored.store.missing_batches == 0

    def test_a_newer_schema_is_refused_until_it_is_taken_away(self, stored: Stored) -> None:
        with closing(sqlite3.connect(stored.path)) as connection:
            connection.execute("PRAGMA user_version = 99")
        stored.start()
        wait_until(lambda: stored.store.errors["schema"] >= 2)
        assert stored.store.last_error == (
            f"{stored.path}: written by a newer ocpp-gateway (schema 99, this one knows {sqlite_schema.SCHEMA_VERSION})"
        )
        stored.path.unlink()
        stored.put(meter_entry(1))
        stored.settle()
        assert stored.query("SELECT count(*) FROM reading") == [(8,)]

    def test_a_file_of_schema_1_is_brought_to_this_one_with_all_it_holds(self, stored: Stored) -> None:
        with closing(sqlite3.connect(stored.path, isolation_level=None)) as connection:
            connection.executescript(SCHEMA_1)
            kinds = ("reading", "station_booted", "connector_status", "transaction_event", "event", "raw_message")
            connection.executemany("INSERT INTO stored VALUES (?, 7)", [(kind,) for kind in kinds])
            connection.execute("INSERT INTO journal VALUES (1, ?, 0)", (stored.journal.uuid,))
            connection.execute("INSERT INTO event VALUES ('2026', '2026', 'S', 'x', '{}', 1, 1, 1)")
        stored.start()
        stored.put(entry_of("S", Fact(BEGIN, "job", "1", "{}"), Event(BEGIN, "y", "{}")))
        stored.settle()
        assert stored.query("PRAGMA user_version") == [(sqlite_schema.SCHEMA_VERSION,)]
        assert stored.query("SELECT kind FROM event ORDER BY kind") == [("x",), ("y",)]
        assert stored.query("SELECT kind, key FROM fact") == [("job", "1")]
        assert stored.store.stored["event"] == 8
        assert stored.store.stored["fact"] == 1
        with closing(sqlite3.connect(":memory:")) as fresh:
            fresh.executescript(";".join(sqlite_schema.STEPS))
            (tables,) = fresh.execute("SELECT group_concat(sql) FROM sqlite_schema").fetchone()
        assert stored.query("SELECT group_concat(sql) FROM sqlite_schema") == [(tables,)]

    def test_a_database_of_somebody_else_is_left_alone(self, stored: Stored) -> None:
        with closing(sqlite3.connect(stored.path)) as connection:
            connection.execute("CREATE TABLE precious (x)")
        stored.start()
        wait_until(lambda: stored.store.errors["schema"] >= 2)
        with closing(sqlite3.connect(stored.path)) as connection:
            assert connection.execute("SELECT name FROM sqlite_schema").fetchall() == [("precious",)]

    def test_an_older_copy_of_the_journal_is_not_read_as_if_it_were_new(self, tmp_path: Path) -> None:
        stored = Stored(tmp_path).start()
        stored.put(meter_entry(1))
        stored.settle()
        stored.close()
        with closing(sqlite3.connect(stored.path, isolation_level=None)) as connection:
            connection.execute("UPDATE journal SET batch = 1000")
        stored = Stored(tmp_path).start()
        wait_until(lambda: stored.store.errors["journal"] >= 2)
        assert "ends at batch 1, but store has read up to 1000" in (stored.store.last_error or "")
        stored.close()

    def test_a_bug_does_not_end_the_thread(self, stored: Stored, monkeypatch: pytest.MonkeyPatch) -> None:
        write = sqlite_store.write_transactions
        monkeypatch.setattr(sqlite_store, "write_transactions", lambda *_: 1 / 0)
        stored.start()
        stored.put(meter_entry(1, transaction="tx"))
        wait_until(lambda: stored.store.errors["unexpected"] >= 2)
        monkeypatch.setattr(sqlite_store, "write_transactions", write)
        stored.settle()
        assert stored.query("SELECT count(*) FROM reading") == [(8,)]

    @pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small tmpfs needs root")
    def test_a_full_disk(self, tmp_path: Path) -> None:
        mount = tmp_path / "small"
        mount.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(mount)]
        if subprocess.run(command, capture_output=True, check=False).returncode:
            pytest.skip("mounting a small tmpfs needs root")
        try:
            stored = Stored(tmp_path)
            stored.path = stored.store.path = mount / "store.sqlite"
            ballast = mount / "ballast"

            def fill() -> None:
                with ballast.open("wb", buffering=0) as file, pytest.raises(OSError, match="No space left"):
                    while True:
                        file.write(bytes(4096))

            self.break_and_mend(stored, "full", fill, ballast.unlink)
        finally:
            subprocess.run(["umount", "-l", str(mount)], check=True)


class TestFacts:
    def test_the_newest_holds_and_an_ended_one_is_gone(self, stored: Stored) -> None:
        stored.start()
        stored.put(entry_of("S", Fact(BEGIN, "job", "1", '{"a":1}'), Fact(BEGIN, "job", "2", "{}")))
        stored.put(entry_of("S", Fact(BEGIN, "job", "1", '{"a":2}'), Fact(BEGIN, "job", "2", None)))
        stored.put(entry_of("T", Fact(BEGIN, "job", "3", "{}"), Fact(BEGIN, "job", "3", None)))
        stored.settle()
        assert stored.query("SELECT station, kind, key, value FROM fact") == [("S", "job", "1", '{"a":2}')]
        assert stored.store.stored["fact"] == 6

    def test_what_the_gateway_records_itself_is_no_sign_of_the_station(self, stored: Stored) -> None:
        stored.start()
        stored.put(entry_of("S", Event(BEGIN, "x", "{}")))
        later = BEGIN + timedelta(hours=1)
        stored.put(Entry("S", later, None, b"", [Fact(later, "job", "1", "{}")], own=True))
        stored.put(Entry("T", later, None, b"", [Fact(later, "job", "1", "{}")], own=True))
        stored.settle()
        assert stored.query("SELECT identity, last_seen_at FROM station") == [("S", "2026-01-01T00:00:00.000Z")]
        assert stored.query("SELECT station FROM fact ORDER BY station") == [("S",), ("T",)]

    def test_old_ones_go_only_where_live_state_has_forgotten_them(self, tmp_path: Path) -> None:
        with closing(sqlite3.connect(tmp_path / "x", isolation_level=None)) as connection:
            connection.executescript(";".join(sqlite_schema.STEPS))
            rows = [("S", "command", f"{number:03}", "{}", f"2026-01-01T00:00:00.{number:03}Z") for number in range(70)]
            rows += [("S", "item_limits", "station", "{}", "2020")]
            connection.executemany("INSERT INTO fact VALUES (?, ?, ?, ?, ?)", rows)
            (statement,) = (sql for sql in sqlite_schema.RETENTION if "FROM fact" in sql)
            assert connection.execute(statement, {"before": "2027"}).rowcount == 6
            assert connection.execute("SELECT min(key) FROM fact WHERE kind = 'command'").fetchone() == ("006",)
            assert connection.execute("SELECT count(*) FROM fact WHERE kind = 'item_limits'").fetchone() == (1,)


class TestVariables:
    REPORTED = DeviceVariable("C", "V", "1", mutability="ReadOnly", unit="s", max_limit=9.5, persistent=True)

    def test_an_answer_keeps_what_a_report_said_beside_the_value(self, stored: Stored) -> None:
        stored.start()
        stored.put(entry_of("S", DeviceVariables(BEGIN, [self.REPORTED, DeviceVariable("C", "V", "x", evse=1)])))
        stored.put(entry_of("S", DeviceVariables(BEGIN + timedelta(hours=1), [DeviceVariable("C", "V", "2")])))
        stored.settle()
        page = look_up_variables(stored.path, "S", VariableQuery())
        assert [(known.variable, known.time) for known in page.variables] == [
            (msgspec.structs.replace(self.REPORTED, value="2"), "2026-01-01T01:00:00.000Z"),
            (DeviceVariable("C", "V", "x", evse=1), "2026-01-01T00:00:00.000Z"),
        ]
        assert stored.store.stored["device_variable"] == 3

    def test_a_value_that_is_gone_is_not_shown(self, stored: Stored) -> None:
        stored.start()
        stored.put(entry_of("S", DeviceVariables(BEGIN, [self.REPORTED])))
        stored.put(entry_of("S", DeviceVariables(BEGIN, [DeviceVariable("C", "V", None)])))
        stored.settle()
        assert look_up_variables(stored.path, "S", VariableQuery()).variables[0].variable.value is None

    def test_pages_follow_each_other_without_a_gap_or_a_repeat(self, stored: Stored) -> None:
        names = [("A", "V"), ("A", "W"), ("B", "V"), ("B", "W"), ("C", "V")]
        told = [DeviceVariable(*name, "1", evse=evse) for name in names for evse in (0, 1)]
        stored.start()
        stored.put(entry_of("S", DeviceVariables(BEGIN, told)), entry_of("T", DeviceVariables(BEGIN, told)))
        stored.settle()
        found, cursor = [], None
        while True:
            page = look_up_variables(stored.path, "S", VariableQuery(cursor=cursor, limit=3))
            found += [known.variable for known in page.variables]
            cursor = page.next_cursor
            if cursor is None:
                break
            assert len(page.variables) == 3
        assert sorted(found, key=repr) == sorted(told, key=repr)
        assert len(look_up_variables(stored.path, "S", VariableQuery(component="a")).variables) == 4
        assert len(look_up_variables(stored.path, "S", VariableQuery(component="B", variable="w")).variables) == 2
        assert look_up_variables(stored.path, "U", VariableQuery()).variables == []

    @pytest.mark.parametrize("cursor", ["", "%", "W10", "eyJhIjoxfQ", "WyJDIl0", "ü"])
    def test_a_cursor_of_ones_own_making_is_refused(self, stored: Stored, cursor: str) -> None:
        stored.start()
        stored.put(entry_of("S", DeviceVariables(BEGIN, [self.REPORTED])))
        stored.settle()
        with pytest.raises(CursorError):
            look_up_variables(stored.path, "S", VariableQuery(cursor=cursor))

    def test_a_store_that_is_not_there_cannot_be_looked_up(self, tmp_path: Path) -> None:
        with pytest.raises(LookUpError):
            look_up_variables(tmp_path / "none.sqlite", "S", VariableQuery())
        assert not list(tmp_path.iterdir())


class TestRetention:
    def test_old_rows_go_and_what_is_still_true_stays(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sqlite_store, "RETENTION_EVERY_S", 0.0)
        monkeypatch.setattr(sqlite_store, "READ_TIMEOUT_S", 0.01)
        stored = Stored(tmp_path, retention_days=10).start()
        later = BEGIN + timedelta(days=9)
        ended = transaction_event("Ended", 60, 1, 5.0)
        running = entry_of("R", Readings(1, 1, "running", [MeterValue(BEGIN, [Sample(CHANNELS[0], 1.0)])]))
        records: list[Record] = [
            Event(BEGIN, "x", "{}"),
            RawMessage("ocpp1.6", "MeterValues", "r", "e", b""),
            ConnectorStatus(BEGIN, 1, 1, "Available"),
            ConnectorStatus(BEGIN, 1, 1, "Occupied"),
        ]
        stored.put(*map(meter_entry, range(1500)), ended, running, entry_of("S", *records))
        stored.put(entry_of("S", *records[:2], at=later), meter_entry(5, "late"), entry_of("T", records[2], at=later))
        stored.settle()
        tables = {
            "meter_value": 1502,
            "event": 2,
            "raw_message": 2,
            "connector_status": 3,
            "charging_transaction": 2,
        }
        counts = {table: stored.query(f"SELECT count(*) FROM {table}")[0][0] for table in tables}
        assert counts == tables

        stored.source.now = (BEGIN + timedelta(days=11)).timestamp()
        left = {"meter_value": 0, "event": 1, "raw_message": 1, "connector_status": 2, "charging_transaction": 1}
        wait_until(lambda: {table: stored.query(f"SELECT count(*) FROM {table}")[0][0] for table in tables} == left)
        assert stored.query("SELECT status FROM connector_status_latest ORDER BY station") == [
            ("Occupied",),
            ("Available",),
        ]
        assert stored.query('SELECT "transaction" FROM charging_transaction') == [("running",)]
        assert stored.query("SELECT total FROM stored WHERE kind = 'reading'") == [(1501 * 8 + 1,)]
        stored.close()

    def test_a_step_is_bounded(self, tmp_path: Path) -> None:
        with closing(sqlite3.connect(tmp_path / "x", isolation_level=None)) as connection:
            connection.executescript(";".join(sqlite_schema.STEPS))
            row = ("2026-01-01", "2026-01-01", "S", "k", "{}", 1, 1, 1)
            connection.execute("BEGIN")
            connection.executemany("INSERT INTO event VALUES (?, ?, ?, ?, ?, ?, ?, ?)", [row] * 2500)
            connection.execute("COMMIT")
            (statement,) = (sql for sql in sqlite_schema.RETENTION if "FROM event" in sql)
            deleted = [connection.execute(statement, {"before": "2027"}).rowcount for _ in range(4)]
            assert deleted == [1000, 1000, 500, 0]


def test_another_process_reads_while_the_store_writes(stored: Stored) -> None:
    stored.start().put(meter_entry(0))
    stored.settle()
    program = f"""
import sqlite3, sys
connection = sqlite3.connect("file:{stored.path}?mode=ro", uri=True)
for line in sys.stdin:
    print(connection.execute("SELECT count(*) FROM reading").fetchone()[0], flush=True)
"""
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdin is not None
        assert other.stdout is not None
        for number in range(1, 6):
            stored.put(meter_entry(number))
            stored.settle()
            other.stdin.write("\n")
            other.stdin.flush()
            assert other.stdout.readline() == f"{8 * (number + 1)}\n"
        other.stdin.close()


def test_the_threads_cpu_time_is_known_and_stays_when_it_has_ended(stored: Stored) -> None:
    assert stored.store.cpu_seconds == 0.0
    stored.start().put(*map(meter_entry, range(2000)))
    stored.settle()
    assert any(thread.name == "store" for thread in threading.enumerate())
    spent = stored.store.cpu_seconds
    assert spent > 0.0
    stored.put(*map(meter_entry, range(2000)))
    stored.close()
    assert stored.store.cpu_seconds > spent
