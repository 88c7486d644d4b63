"""Facts about what comes of the journal in TimescaleDB; the SQLite store, with rules of its own, is the oracle."""

import json
import random
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

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
from gateway.io import sqlite_store
from gateway.io.sqlite_store import SqliteStore
from gateway.io.timescale import directory
from gateway.io.timescale import store as timescale_store
from gateway.io.timescale.dsn import Dsn
from gateway.io.timescale.settings import StoreSettings
from gateway.io.timescale.store import TimescaleStore
from tests.io.journal_support import BEGIN, CHANNELS, JournalUnderTest, entry_of, meter_entry, wait_until
from tests.io.timescale.conftest import Database

VIEWS = {
    "reading": (
        *("time", "received_at", "station", "evse", "connector", "transaction", "measurand", "phase", "context"),
        *("location", "unit", "value", "signed"),
    ),
    "connector_status": ("time", "received_at", "station", "evse", "connector", "status", "error_code", "detail"),
    "connector_status_latest": (
        *("time", "received_at", "station", "evse", "connector", "status", "error_code", "detail"),
    ),
    "station": (
        *("identity", "version", "vendor", "model", "serial", "firmware", "registration_status"),
        *("first_seen_at", "last_seen_at", "last_boot_at"),
    ),
    "charging_transaction": (
        *("station", "transaction", "evse", "connector", "id_token", "started_at", "ended_at", "start_wh", "end_wh"),
        *("energy_wh", "stopped_reason", "charging_state", "last_event_at", "missing_seq_nos", "offline"),
    ),
    "event": ("time", "received_at", "station", "kind", "detail"),
    "raw_message": ("received_at", "station", "version", "action", "rule", "error", "payload", "transaction"),
    "fact": ("station", "kind", "key", "value", "time"),
    "device_variable": (
        *("station", "component", "component_instance", "evse", "connector", "variable", "instance", "attribute"),
        *("value", "mutability", "data_type", "unit", "min_limit", "max_limit", "values_list", "persistent"),
        *("constant", "time"),
    ),
}
"""What both stores offer."""


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_store, "PAUSE_S", 0.0)
    monkeypatch.setattr(timescale_store, "PAUSE_S", 0.02)
    monkeypatch.setattr(timescale_store, "RETRY_S_MIN", 0.02)
    monkeypatch.setattr(timescale_store, "RETRY_S_MAX", 0.1)


class Stored:
    """A journal with the database behind it, and an SQLite store too."""

    def __init__(self, folder: Path, database: Database, **settings: Any) -> None:
        self.database = database
        self.source = JournalUnderTest(folder / "journal.sqlite")
        self.journal = self.source.journal
        self.reader = self.journal.reader("store")
        self.set_aside = folder / "set-aside"
        self.errors: list[tuple[str, str]] = []
        self.store = TimescaleStore(
            Dsn(database.dsn),
            self.reader,
            self.journal.uuid,
            StoreSettings(**settings),
            set_aside=self.set_aside,
            wall_clock=lambda: self.source.now,
            on_error=lambda kind, text: self.errors.append((kind, text)),
        )
        self.oracle_path = folder / "store.sqlite"
        self.oracle = SqliteStore(self.oracle_path, self.journal.reader("oracle"), self.journal.uuid, retention_days=0)

    def start(self) -> "Stored":
        self.journal.start()
        self.oracle.start()
        self.store.start()
        return self

    def put(self, *entries: Entry) -> None:
        """Commit `entries` as one batch."""
        done: list[int] = []
        for entry in entries:
            self.journal.append(entry, lambda: done.append(1))
        self.source.loop.run_until(lambda: len(done) == len(entries))

    def settle(self) -> None:
        try:
            wait_until(lambda: all(lag.batches == 0 for lag in self.journal.lags.values()))
        except AssertionError:
            raise AssertionError(f"not settled: {self.journal.lags}, {self.errors[-3:]}") from None

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        return self.database.fetch(sql)

    def close(self) -> None:
        self.store.close()
        self.oracle.close()
        self.journal.close()


@pytest.fixture
def stored(tmp_path: Path, timescale: Database) -> Iterator[Stored]:
    stored = Stored(tmp_path, timescale)
    yield stored
    stored.close()


def plain(value: object) -> object:
    """Return a value as the SQLite store would have it."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds")[:23] + "Z"
    return int(value) if isinstance(value, bool) else value


def rows_of(stored: Stored, view: str) -> tuple[list[tuple[object, ...]], list[tuple[object, ...]]]:
    """Return the rows of one view or table in the database and in the oracle, in one order."""
    columns = ", ".join(f'"{column}"' for column in VIEWS[view])
    ours = [tuple(map(plain, row)) for row in stored.query(f"SELECT {columns} FROM ocpp.{view}")]
    with closing(sqlite3.connect(stored.oracle_path)) as connection:
        theirs = connection.execute(f"SELECT {columns} FROM {view}").fetchall()
    return sorted(ours, key=repr), sorted(theirs, key=repr)


def random_record(dice: random.Random) -> Record:
    at = BEGIN + timedelta(milliseconds=dice.randrange(10**8))
    transaction = f"tx{dice.randrange(4)}"
    evse = dice.choice([None, 1, 2])
    kind = dice.randrange(9)
    if kind <= 2:
        samples = [Sample(dice.choice(CHANNELS), dice.randrange(10**6) / 10) for _ in range(dice.randrange(1, 9))]
        if dice.random() < 0.1:
            samples.append(Sample(Channel("OddThing", "L2-N", "Other", "EV", "furlong"), None, "signed"))
        values = [MeterValue(at + timedelta(minutes=n), samples) for n in range(dice.randrange(1, 3))]
        return Readings(evse, 1, dice.choice([None, transaction]), values)
    if kind == 3:
        return TransactionEvent(
            time=at,
            event=dice.choice(["Started", "Updated", "Ended"]),
            transaction=transaction,
            evse=evse,
            connector=1,
            trigger=None,
            seq_no=dice.choice([None, dice.randrange(100)]),
            id_token=dice.choice([None, "ÄTOKEN", "token"]),
            charging_state=dice.choice([None, "Charging", "Idle"]),
            stopped_reason=dice.choice([None, "Local", "EVDisconnected"]),
            register_wh=dice.choice([None, dice.randrange(10**6) / 10]),
            offline=dice.random() < 0.2,
            missing_seq_nos=dice.sample(range(100), dice.randrange(3)),
        )
    if kind == 4:
        status = dice.choice(["Available", "Occupied", "Faulted"])
        return ConnectorStatus(at, dice.randrange(3), 1, status, dice.choice([None, "Other"]), "wet")
    if kind == 5:
        return dice.choice(
            [
                Event(at, "SecurityEvent", '{"text":"\\u0000 <&>"}'),
                RawMessage("ocpp1.6", "StartTransaction", "enum", "$.x: no", b'{"\xff\x00', transaction),
                RawMessage("ocpp1.6", "MeterValues", "enum", "$.x: no", b"[]"),
            ]
        )
    if kind == 6:
        return StationBooted("ocpp1.6", f"V{dice.randrange(9)}", "M", None, "1.0", "PowerUp", "Accepted")
    if kind == 7:
        return Fact(at, "job", str(dice.randrange(4)), dice.choice([None, '{"a": 1}', '{"b": 2}']))
    said = DeviceVariable(
        "Controller", f"Variable{dice.randrange(4)}", dice.choice([None, "1"]), unit=dice.choice([None, "A"])
    )
    return DeviceVariables(at, [said, DeviceVariable("Other", "V", "x", evse=1, persistent=dice.choice([None, True]))])


def random_entries(dice: random.Random, count: int) -> list[Entry]:
    entries = []
    for _ in range(count):
        at = BEGIN + timedelta(seconds=dice.randrange(10**5))
        records = [random_record(dice) for _ in range(dice.randrange(1, 4))]
        entries.append(Entry(f"S{dice.randrange(5)}", at, None, b"", records, dice.random() < 0.1))
    return entries


@pytest.mark.parametrize("seed", range(3))
def test_both_stores_say_the_same(stored: Stored, seed: int) -> None:
    dice = random.Random(seed)
    stored.start()
    for _ in range(25):
        stored.put(*random_entries(dice, dice.randrange(1, 30)))
        if dice.random() < 0.2:
            stored.settle()
    stored.settle()
    assert stored.errors == []
    for view in VIEWS:
        ours, theirs = rows_of(stored, view)
        if view == "event":
            ours, theirs = ([(*row[:4], json.loads(str(row[4]))) for row in rows] for rows in (ours, theirs))
        assert ours == theirs, view
    assert stored.store.stored == stored.oracle.stored


def test_a_nul_becomes_the_replacement_character(stored: Stored) -> None:
    channel = Channel("Odd\0Thing", None, "Other", "EV", "fur\0long")
    samples = [Sample(channel, None, "signed\0text")]
    status = ConnectorStatus(BEGIN, 1, 1, "Faulted", "Other", "wet\0")
    event = TransactionEvent(BEGIN, "Ended", "t", 2**40, 1, None, 1, "to\0ken", "Idle", "Lo\0cal", None)
    stored.start().put(entry_of("S", Readings(1, 1, "t\0x", [MeterValue(BEGIN, samples)]), status, event))
    stored.settle()
    said = 'measurand || unit || "transaction" || signed'
    assert stored.query(f"SELECT {said} FROM ocpp.reading") == [
        ("Odd\ufffdThingfur\ufffdlongt\ufffdxsigned\ufffdtext",)
    ]
    assert stored.query("SELECT detail FROM ocpp.connector_status") == [("wet\ufffd",)]
    (row,) = stored.query("SELECT id_token, stopped_reason, evse FROM ocpp.charging_transaction WHERE evse > 1")
    assert row == ("to\ufffdken", "Lo\ufffdcal", 2**31 - 1)


def test_begin_and_end_under_one_timestamp_are_energy(stored: Stored) -> None:
    samples = [
        Sample(Channel(CHANNELS[0].measurand, None, context, "Outlet", "Wh"), value)
        for context, value in (("Transaction.Begin", 1000.0), ("Transaction.End", 5000.0))
    ]
    stored.start().put(entry_of("S", Readings(1, 1, "tx", [MeterValue(BEGIN, samples)])))
    stored.settle()
    assert stored.query("SELECT energy_wh FROM ocpp.energy_hourly") == [(4000.0,)]
    assert stored.query("SELECT energy_wh FROM ocpp.energy_daily") == [(4000.0,)]


def test_batches_that_are_stored_already_are_only_merged_after_a_reconnect(
    stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timescale_store, "MERGE_AT_ONCE_ROWS", -1)
    monkeypatch.setattr(timescale_store, "MERGE_EVERY_S", 1000.0)
    monkeypatch.setattr(timescale_store, "READ_TIMEOUT_S", 60.0)
    stored.store._merged_at_monotonic_s = float("inf")
    stored.start()
    for number in range(40):
        stored.put(meter_entry(number, transaction="tx"))
    stored.query("SELECT 1")
    wait_until(lambda: stored.store.stored["reading"] == 320)
    for _ in range(3):
        stored.query(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE pid <> pg_backend_pid() AND datname = current_database()"
        )
        before = stored.store.transactions
        stored.put(*(meter_entry(40, transaction="tx"),))
        wait_until(lambda before=before: stored.store.transactions > before)
    stored.settle()
    assert stored.query("SELECT count(*) FROM ocpp.reading") == [(43 * 8,)]
    assert stored.query("SELECT register_wh - start_wh FROM ocpp.charging_transaction_merge") == [(40.0,)]
    (watts,) = stored.query("SELECT sum(samples) FROM ocpp.power_quarter_hourly")
    assert watts == (43,)


class TestPoison:
    def refuse(self, stored: Stored, condition: str) -> None:
        stored.query(f"ALTER TABLE ocpp.sampled_value ADD CONSTRAINT refuse CHECK (NOT ({condition}))")

    def test_what_is_refused_is_set_aside_and_the_rest_is_stored(self, stored: Stored) -> None:
        stored.start()
        stored.put(meter_entry(0))
        stored.settle()
        self.refuse(stored, "value in (7, 13, 14, 300)")
        for first in range(1, 401, 4):
            stored.put(*(meter_entry(number) for number in range(first, first + 4)))
        stored.settle()
        values = stored.query("SELECT value FROM ocpp.reading WHERE unit = 'Wh' ORDER BY value")
        assert values == [(float(number),) for number in range(401) if number not in {7, 13, 14, 300}]
        lines = [json.loads(line) for file in sorted(stored.set_aside.iterdir()) for line in file.open()]
        assert sorted(line["entry"][4][0][4][0][1][0][1] for line in lines) == [7, 13, 14, 300]
        assert {line["station"] for line in lines} == {"DE*ABC*1"}
        assert all("refuse" in line["reason"] for line in lines)
        assert stored.store.set_aside_entries == 4
        assert stored.store.set_aside_readings == 32
        assert stored.store.stored["reading"] == 397 * 8

    def test_a_database_that_refuses_everything_is_waited_for(
        self, stored: Stored, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(timescale_store, "REFUSED_IN_A_ROW_MAX", 10)
        stored.start()
        stored.put(meter_entry(0))
        stored.settle()
        self.refuse(stored, "value >= 1")
        for number in range(1, 60):
            stored.put(meter_entry(number))
        wait_until(lambda: stored.store.errors["set_aside"] >= 2)
        assert stored.store.set_aside_entries == 10
        stored.query("ALTER TABLE ocpp.sampled_value DROP CONSTRAINT refuse")
        stored.settle()
        assert stored.query("SELECT count(*) FROM ocpp.reading") == [(8 * 50,)]


def test_what_takes_too_long_is_tried_with_less_at_once(stored: Stored) -> None:
    stored.start()
    stored.put(meter_entry(0))
    stored.settle()
    stored.query(
        "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN IF (SELECT count(*) FROM new) > 400 THEN PERFORM pg_sleep(60); END IF; RETURN NULL; END $$"
    )
    stored.query(
        "CREATE TRIGGER slow AFTER INSERT ON ocpp.connector_status_latest REFERENCING NEW TABLE AS new"
        " FOR EACH STATEMENT EXECUTE FUNCTION slow()"
    )
    stored.store._settings = StoreSettings(timeout_s=0.5)
    stored.query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE pid <> pg_backend_pid() AND datname = current_database()"
    )
    for first in range(0, 3200, 100):
        stored.put(
            *(
                entry_of(f"S{n}", ConnectorStatus(BEGIN, 1, 1, "Available", None, "x" * 3000))
                for n in range(first, first + 100)
            )
        )
    stored.settle()
    assert stored.store.errors["timeout"] >= 1
    assert stored.query("SELECT count(*) FROM ocpp.connector_status") == [(3200,)]


def test_words_beyond_all_bounds_are_set_aside(stored: Stored, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(directory, "WORDS_MAX", 70)
    stored.start()
    for number in range(30):
        channel = Channel(f"Invented{number}", None, "Other", "EV", "W")
        stored.put(
            entry_of("S", Readings(1, 1, None, [MeterValue(BEGIN, [Sample(channel, 1.0)])])), meter_entry(number)
        )
    stored.settle()
    (stored_words,) = stored.query("SELECT count(*) FROM ocpp.word WHERE kind = 'measurand'")
    assert stored_words == (70,)
    assert 0 < stored.store.set_aside_entries < 30
    assert stored.query("SELECT count(*) FROM ocpp.reading WHERE station <> 'S'") == [(240,)]


def test_a_copy_of_the_data_directory_that_runs_too_is_noticed(stored: Stored) -> None:
    stored.start()
    stored.put(meter_entry(0))
    stored.settle()
    stored.query("UPDATE ocpp.journal SET batch = batch + 5, merged_batch = merged_batch + 5")
    stored.put(meter_entry(1))
    wait_until(lambda: stored.store.errors["ledger"] >= 2)
    assert "another gateway" in str(stored.store.last_error)
    stored.query("UPDATE ocpp.journal SET batch = batch - 5, merged_batch = merged_batch - 5")
    stored.settle()


def test_a_copy_of_the_data_directory_that_went_on_by_itself_stores_nothing(
    tmp_path: Path, timescale: Database
) -> None:
    (tmp_path / "there").mkdir()
    first = Stored(tmp_path, timescale).start()
    first.put(meter_entry(0))
    first.settle()
    first.close()
    for file in tmp_path.glob("journal.sqlite*"):
        shutil.copy(file, tmp_path / "there")
    first = Stored(tmp_path, timescale).start()
    first.put(meter_entry(1))
    first.settle()
    copy = Stored(tmp_path / "there", timescale).start()
    for number in (2, 3, 4):
        copy.put(meter_entry(number))
    wait_until(lambda: copy.store.errors["ledger"] >= 1)
    assert "copy of this journal" in str(copy.store.last_error)
    first.put(meter_entry(5))
    first.settle()
    copy.close()
    first.close()
    assert timescale.fetch("SELECT value FROM ocpp.reading WHERE unit = 'Wh' ORDER BY 1") == [(0.0,), (1.0,), (5.0,)]


def test_a_database_that_was_put_back_is_filled_again(stored: Stored) -> None:
    stored.start()
    for number in range(20):
        stored.put(meter_entry(number))
    stored.settle()
    stored.query("DROP SCHEMA ocpp CASCADE")
    stored.put(meter_entry(20))
    stored.settle()
    assert stored.query("SELECT count(*) FROM ocpp.reading") == [(21 * 8,)]
    assert stored.store.stored["reading"] == 21 * 8
    assert stored.store.missing_batches == 0


def test_a_database_of_another_encoding_is_refused(stored: Stored, timescale: Database) -> None:
    address, _, name = timescale.dsn.rpartition("/")
    timescale.fetch(
        f"CREATE DATABASE {name}_latin ENCODING 'LATIN1' LOCALE_PROVIDER libc LOCALE 'C' TEMPLATE template0"
    )
    stored.store._dsn = Dsn(f"{address}/{name}_latin")
    stored.start()
    wait_until(lambda: stored.store.errors["schema"] >= 1)
    assert "must be UTF8" in str(stored.store.last_error)
    stored.close()
    timescale.fetch(f"DROP DATABASE {name}_latin")


def test_close_stores_what_waits(stored: Stored) -> None:
    stored.start()
    for number in range(200):
        stored.put(meter_entry(number))
    stored.close()
    assert stored.query("SELECT count(*) FROM ocpp.reading") == [(1600,)]
