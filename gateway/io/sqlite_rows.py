"""What batches become in the SQLite store: the rows of one of its transactions, and the statements that insert them.

Every step of a statement gives the interpreter lock away and waits for it again, behind the event loop. So rows go in
many to a statement, and a transaction has few steps.
"""

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from typing import Any

import msgspec

from gateway.core.metering import register_wh
from gateway.core.records import (
    ConnectorStatus,
    DeviceVariables,
    Event,
    Fact,
    RawMessage,
    Readings,
    StationBooted,
    TransactionEvent,
)
from gateway.io.charging_transactions import COLUMNS, ChargingTransaction, Key, iso
from gateway.io.journal_batch import Batch
from gateway.io.stores import KINDS

_ROWS_PER_STATEMENT = (256, 64, 16, 4, 1)
"""Few different sizes, so that every statement is prepared once."""

_INTEGER_MAX = 2**63 - 1
"""SQLite has no larger integers; a station may send one."""

_SEEN = """ON CONFLICT (identity) DO UPDATE SET
    first_seen_at = min(first_seen_at, excluded.first_seen_at),
    last_seen_at = max(last_seen_at, excluded.last_seen_at)"""

_BOOTED = (
    _SEEN
    + """, version = excluded.version, vendor = excluded.vendor, model = excluded.model, serial = excluded.serial,
    firmware = excluded.firmware, registration_status = excluded.registration_status,
    last_boot_at = excluded.last_boot_at"""
)

_FACT = "ON CONFLICT (station, kind, key) DO UPDATE SET value = excluded.value, time = excluded.time"

_VARIABLE = """ON CONFLICT DO UPDATE SET value = excluded.value, time = excluded.time,
    mutability = coalesce(excluded.mutability, mutability), data_type = coalesce(excluded.data_type, data_type),
    unit = coalesce(excluded.unit, unit), min_limit = coalesce(excluded.min_limit, min_limit),
    max_limit = coalesce(excluded.max_limit, max_limit), values_list = coalesce(excluded.values_list, values_list),
    persistent = coalesce(excluded.persistent, persistent), constant = coalesce(excluded.constant, constant)"""
"""An answer to GetVariables says the value only; what a report said beside it stays true."""

_encode_json = msgspec.json.Encoder().encode


class Rows:
    """The rows of some consecutive batches, ready to be written in one transaction."""

    def __init__(self, journal: int, batches: list[Batch]) -> None:
        self.stored = dict.fromkeys(KINDS, 0)
        """How many of each of KINDS there are."""
        self.last_batch = batches[-1].id
        self._journal = journal
        self._meter_values: list[object] = []
        self._connector_statuses: list[object] = []
        self._events: list[object] = []
        self._raw_messages: list[object] = []
        self._seen: dict[str, tuple[str, str]] = {}
        self._booted: dict[str, tuple[StationBooted, str]] = {}
        self._transactions: dict[Key, ChargingTransaction] = {}
        self._facts: dict[tuple[str, str, str], tuple[str | None, str]] = {}
        self._variables: list[object] = []
        for batch in batches:
            self._add(batch)

    @property
    def transactions(self) -> dict[Key, ChargingTransaction]:
        """What these batches say about transactions; to be merged with what the store knows."""
        return self._transactions

    def write(self, connection: sqlite3.Connection) -> None:
        """Insert everything but the transactions, in the connection's open transaction."""
        insert_rows(connection, "meter_value", 11, self._meter_values)
        insert_rows(connection, "connector_status", 11, self._connector_statuses)
        insert_rows(connection, "event", 8, self._events)
        insert_rows(connection, "raw_message", 11, self._raw_messages)
        seen: list[object] = []
        for identity, (first, last) in self._seen.items():
            seen += (identity, first, last)
        insert_rows(connection, "station (identity, first_seen_at, last_seen_at)", 3, seen, _SEEN)
        booted: list[object] = []
        for identity, (boot, at) in self._booted.items():
            booted += (identity, boot.version, boot.vendor, boot.model, boot.serial, boot.firmware, boot.status)
            booted += (at, at, at)
        insert_rows(connection, "station", 10, booted, _BOOTED)
        self._write_facts(connection)
        insert_rows(connection, "device_variable", 18, self._variables, _VARIABLE)

    def _write_facts(self, connection: sqlite3.Connection) -> None:
        """Write what these batches say last of each fact; what no longer holds is deleted."""
        held: list[object] = []
        ended = []
        for key, (value, time) in self._facts.items():
            if value is None:
                ended.append(key)
            else:
                held += (*key, value, time)
        insert_rows(connection, "fact", 5, held, _FACT)
        connection.executemany("DELETE FROM fact WHERE (station, kind, key) = (?, ?, ?)", ended)

    def _add(self, batch: Batch) -> None:
        row = 0
        where = (self._journal, batch.id)
        stored = self.stored
        for entry in batch.entries:
            station = entry.station
            received_at = iso(entry.received_at)
            if not entry.own:
                first, last = self._seen.get(station, (received_at, received_at))
                self._seen[station] = (min(first, received_at), max(last, received_at))
            for record in entry.records:
                if isinstance(record, Readings):
                    transaction = record.transaction
                    for meter_value in record.meter_values:
                        time = iso(meter_value.time)
                        samples = meter_value.samples
                        self._meter_values += (time, received_at, station, record.evse, record.connector, transaction)
                        said = meter_value.station_time
                        self._meter_values += (_encode_json(samples).decode(), said and iso(said), *where, row)
                        row += 1
                        stored["reading"] += len(samples)
                        if transaction is not None and (energy_wh := register_wh(samples)) is not None:
                            self._transaction(station, transaction).add_register(record, time, energy_wh)
                elif isinstance(record, TransactionEvent):
                    self._transaction(station, record.transaction).add_event(record, iso(record.time))
                    stored["transaction_event"] += 1
                elif isinstance(record, ConnectorStatus):
                    self._connector_statuses += (iso(record.time), received_at, station, record.evse, record.connector)
                    self._connector_statuses += (record.status, record.error_code, record.detail, *where, row)
                    row += 1
                    stored["connector_status"] += 1
                elif isinstance(record, Event):
                    self._events += (iso(record.time), received_at, station, record.kind, record.detail, *where, row)
                    row += 1
                    stored["event"] += 1
                elif isinstance(record, RawMessage):
                    self._raw_messages += (received_at, station, record.version, record.action, record.rule)
                    self._raw_messages += (record.error, record.payload, record.transaction, *where, row)
                    if record.transaction is not None:
                        self._transaction(station, record.transaction).add_raw_start(received_at)
                    row += 1
                    stored["raw_message"] += 1
                elif isinstance(record, StationBooted):
                    self._booted[station] = (record, received_at)
                    stored["station_booted"] += 1
                elif isinstance(record, Fact):
                    self._facts[station, record.kind, record.key] = (record.value, iso(record.time))
                    stored["fact"] += 1
                elif isinstance(record, DeviceVariables):
                    self._add_variables(station, record)

    def _add_variables(self, station: str, said: DeviceVariables) -> None:
        time = iso(said.time)
        for known in said.variables:
            self._variables += (station, known.component, known.component_instance, known.evse, known.connector)
            self._variables += (known.variable, known.instance, known.attribute, known.value, known.mutability)
            self._variables += (known.data_type, known.unit, known.min_limit, known.max_limit, known.values_list)
            self._variables += (known.persistent, known.constant, time)
        self.stored["device_variable"] += len(said.variables)

    def _transaction(self, station: str, transaction: str) -> ChargingTransaction:
        key = (station, transaction)
        row = self._transactions.get(key)
        if row is None:
            row = self._transactions[key] = ChargingTransaction(station, transaction)
        return row


def load_transactions(connection: sqlite3.Connection, keys: list[Key]) -> Iterator[ChargingTransaction]:
    """The stored rows of those transactions that the store knows."""
    for some in _chunks(len(keys)):
        parameters = [value for key in keys[some] for value in key]
        rows = connection.execute(select_transactions(some.stop - some.start), parameters).fetchall()
        yield from map(ChargingTransaction.from_values, rows)


def write_transactions(connection: sqlite3.Connection, transactions: list[ChargingTransaction]) -> None:
    """Replace the rows of these transactions."""
    parameters: list[object] = []
    for transaction in transactions:
        parameters += transaction.values
    insert_rows(connection, "charging_transaction_merge", len(COLUMNS), parameters, verb="REPLACE")


def insert_rows(
    connection: sqlite3.Connection,
    table: str,
    columns: int,
    parameters: list[Any],
    conflict: str = "",
    *,
    verb: str = "INSERT",
) -> None:
    """Insert rows whose values stand one after the other in `parameters`."""
    for some in _chunks(len(parameters) // columns):
        sql = _insert(verb, table, columns, some.stop - some.start, conflict)
        values = parameters[some.start * columns : some.stop * columns]
        try:
            connection.execute(sql, values)
        except OverflowError:
            connection.execute(sql, [_within_integers(value) for value in values])


def iso_of_seconds(seconds: float) -> str:
    """A wall clock time as the store writes it."""
    return iso(datetime.fromtimestamp(seconds, UTC))


@cache
def select_transactions(keys: int) -> str:
    """The statement that finds `keys` transactions, each by its primary key (`IN (VALUES ...)` would scan them all)."""
    columns = ", ".join(f'stored."{column}"' for column in COLUMNS)
    wanted = ", ".join(["(?, ?)"] * keys)
    return (
        f"WITH wanted AS (VALUES {wanted}) SELECT {columns}"  # noqa: S608 - our own columns, and question marks
        " FROM wanted CROSS JOIN charging_transaction_merge AS stored"
        ' ON stored.station = wanted.column1 AND stored."transaction" = wanted.column2'
    )


@cache
def _insert(verb: str, table: str, columns: int, rows: int, conflict: str) -> str:
    row = "(" + ", ".join("?" * columns) + ")"
    return f"{verb} INTO {table} VALUES {', '.join([row] * rows)} {conflict}"


def _chunks(rows: int) -> Iterator[slice]:
    start = 0
    for size in _ROWS_PER_STATEMENT:
        while rows - start >= size:
            yield slice(start, start + size)
            start += size


def _within_integers(value: object) -> object:
    if isinstance(value, int):
        return max(-_INTEGER_MAX, min(value, _INTEGER_MAX))
    return value
