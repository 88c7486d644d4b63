"""Batches of the journal become groups: what one transaction of the database writes.

Rows that are appended go into the group at once. What is merged into rows that are there already (charging
transactions, rollups, facts and the like) is gathered over several groups, and leaves with one of them now and then: so
a station that reports every second costs one row change in a while, not one a message.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple, Protocol

import msgspec

from gateway.core.records import (
    ConnectorStatus,
    DeviceVariable,
    DeviceVariables,
    Event,
    Fact,
    RawMessage,
    Readings,
    Record,
    StationBooted,
    TransactionEvent,
)
from gateway.hot import PowerSum, ReadingRows, RegisterSpan
from gateway.io.charging_transactions import ChargingTransaction, Key, iso
from gateway.io.journal_batch import SealedBatch
from gateway.io.stores import KINDS
from gateway.io.timescale import merges
from gateway.io.timescale.failures import UnstorableError
from gateway.io.timescale.merges import Merge, StationRegister, merge

APPENDED: Final = {
    "connector_status": ("time", "received_at", "station", "evse", "connector", "status", "error_code", "detail"),
    "event": ("time", "received_at", "station", "kind", "detail"),
    "raw_message": (*("received_at", "station", "version", "action", "rule", "error", "payload", "transaction"),),
}
"""Tables of rows that are only appended, but for readings, and their columns."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_INT4_MAX = 2**31 - 1
_decode_record = msgspec.msgpack.Decoder(Record).decode


class Names(Protocol):
    """Knows the numbers that stand for names in the database."""

    def station_id(self, identity: bytes) -> int:
        """Return the station's number. Asked once for each station."""

    def codes(self, channel: bytes) -> tuple[int, int, int, int, int, int]:
        """Return the codes of a channel, given as it lies in the journal, and its role. Asked once for each."""

    def identity(self, station_id: int) -> str:
        """Return the station of which `station_id` told the number."""

    def power_phase(self, phase: int) -> int:
        """Return the phase, 0 to 3, that a power measured on `phase` belongs to."""


class Group(NamedTuple):
    """What one transaction of the database writes."""

    after: int
    """The batch that the database must have reached before; this continues there."""
    last_batch: int
    merged_batch: int | None
    """What is merged is complete up to here; None if nothing is merged in this transaction."""
    batches: int
    rows: int
    copy: bytes
    """Readings, as a stream of binary COPY; empty for none."""
    appended: dict[str, list[tuple[object, ...]]]
    merges: list[Merge]
    totals: dict[str, int]
    """How many of each of KINDS there are."""


class Gathering:
    """Takes in batches and gives groups. Once `add` has raised, it must not be used any more."""

    def __init__(self, names: Names, *, after: int, merged: int, keeps_rollups: bool) -> None:
        self._names = names
        self._keeps_rollups = keeps_rollups
        self._readings = ReadingRows(names.station_id, names.codes)
        self._after = after
        self._last = merged
        self._merged = merged
        self._batches = 0
        self._appended: dict[str, list[tuple[object, ...]]] = {}
        self._totals = dict.fromkeys(KINDS, 0)
        self._booted: dict[str, tuple[object, ...]] = {}
        self._transactions: dict[Key, ChargingTransaction] = {}
        self._statuses: dict[tuple[str, int, int], tuple[object, ...]] = {}
        self._facts: dict[tuple[str, str, str], tuple[str | None, datetime]] = {}
        self._variables: dict[tuple[object, ...], list[object]] = {}

    @property
    def rows(self) -> int:
        """Readings that wait for the next group."""
        return self._readings.rows

    @property
    def batches(self) -> int:
        """Batches taken in since the last group."""
        return self._batches

    @property
    def has_unmerged(self) -> bool:
        """Whether something waits to be merged."""
        return self._last > self._merged

    def add(self, batch: SealedBatch, *, stop: int = -1, left_out: Sequence[int] = ()) -> None:
        """Take in a batch, or its entries before `stop`, but for those `left_out` (positions, ascending).

        What the database has of it already is only merged. Raises UnstorableError, and what `names` raises.
        """
        copied = batch.id > self._after
        stop = batch.entries if stop < 0 else stop
        first = 0
        for position in (*left_out, stop):
            if position > first:
                self._add_entries(batch, first, position, copied=copied)
            first = position + 1
        self._batches += 1
        self._last = max(self._last, batch.id)

    def cut(self, *, merged: bool) -> Group:
        """Return what was taken in since the last group, and what waits to be merged if `merged`."""
        rows = self._readings.rows
        group = Group(
            self._after,
            max(self._after, self._last),
            self._last if merged else None,
            self._batches,
            rows,
            self._readings.take_copy() if rows else b"",
            self._appended,
            self._take_merges() if merged else [],
            self._totals,
        )
        self._after = group.last_batch
        self._batches = 0
        self._appended = {}
        self._totals = dict.fromkeys(KINDS, 0)
        return group

    def _add_entries(self, batch: SealedBatch, first: int, stop: int, *, copied: bool) -> None:
        rows, updates = self._readings.rows, self._readings.updates
        try:
            others = self._readings.take(batch.body, copied=copied, first=first, stop=stop)
            self._totals["reading"] += self._readings.rows - rows
            self._totals["transaction_event"] += self._readings.updates - updates
            for _, station, received_us, _, record in others:
                self._add_record(_text(station), received_us, _decode_record(record), copied=copied)
        except (ValueError, TypeError, OverflowError, msgspec.MsgspecError) as error:
            raise UnstorableError(f"batch {batch.id}: {type(error).__name__}: {error}") from error

    def _add_record(self, station: str, received_us: int, record: Record, *, copied: bool) -> None:
        kind = "reading"
        if isinstance(record, TransactionEvent):
            kind = "transaction_event"
            self._transaction(station, record.transaction).add_event(_storable(record), iso(record.time))
        elif isinstance(record, ConnectorStatus):
            kind = "connector_status"
            self._add_status(station, _at(received_us), record, copied=copied)
        elif isinstance(record, Event):
            kind = "event"
            if copied:
                self._append(kind, (record.time, _at(received_us), station, record.kind, _text(record.detail)))
        elif isinstance(record, RawMessage):
            kind = "raw_message"
            if copied:
                said = (record.version, _text(record.action), record.rule, _text(record.error))
                transaction = _optional(record.transaction)
                self._append(kind, (_at(received_us), station, *said, record.payload, transaction))
            if record.transaction is not None:
                self._transaction(station, record.transaction).add_raw_start(iso(_at(received_us)))
        elif isinstance(record, StationBooted):
            kind = "station_booted"
            about = (record.version, record.vendor, record.model, record.serial, record.firmware, record.status)
            self._booted[station] = (station, *map(_optional, about), received_us)
        elif isinstance(record, Fact):
            kind = "fact"
            self._facts[station, record.kind, _text(record.key)] = (_optional(record.value), record.time)
        elif isinstance(record, DeviceVariables):
            self._add_variables(station, record, copied=copied)
            return
        else:
            assert not isinstance(record, Readings), "the leaf has taken these"
        if copied:
            self._totals[kind] += 1

    def _append(self, table: str, row: tuple[object, ...]) -> None:
        self._appended.setdefault(table, []).append(row)

    def _transaction(self, station: str, transaction: str) -> ChargingTransaction:
        key = (station, _text(transaction))
        known = self._transactions.get(key)
        if known is None:
            known = self._transactions[key] = ChargingTransaction(*key)
        return known

    def _add_status(self, station: str, received_at: datetime, record: ConnectorStatus, *, copied: bool) -> None:
        evse, connector = _int4(record.evse), _int4(record.connector)
        said = (record.status, _optional(record.error_code), _optional(record.detail))
        if copied:
            self._append("connector_status", (record.time, received_at, station, evse, connector, *said))
        key = (station, evse, connector)
        known = self._statuses.get(key)
        if known is None or known[3] <= record.time:  # type: ignore[operator]
            self._statuses[key] = (*key, record.time, received_at, *said)

    def _add_variables(self, station: str, said: DeviceVariables, *, copied: bool) -> None:
        for variable in said.variables:
            address, values = _variable_row(station, variable)
            known = self._variables.get(address)
            if known is None:
                self._variables[address] = [*values, said.time]
            else:  # an answer says the value only; what a report said beside it stays true
                kept = (new if new is not None else old for new, old in zip(values[1:], known[1:-1], strict=True))
                self._variables[address] = [values[0], *kept, said.time]
        if copied:
            self._totals["device_variable"] += len(said.variables)

    def _take_merges(self) -> list[Merge]:
        """Return the statements for all that was gathered, and begin anew."""
        seen, registers, powers, updates = self._readings.take_merged()
        for station_id, name, _, evse, connector, first_us, first_wh, last_us, _, _, max_wh in registers:
            row = self._transaction(self._names.identity(station_id), name.decode())
            row.add_registers(evse, connector, (first_us // 1000, first_wh), (last_us // 1000, max_wh))
        for said in updates:
            row = self._transaction(self._names.identity(said.station_id), said.transaction.decode())
            row.add_updates(said)
        gathered = [
            *merge(merges.SEEN, sorted(seen)),
            *merge(merges.BOOTED, sorted(self._booted.values(), key=lambda row: str(row[0]))),
            *merges.merge_transactions(self._transactions.values()),
            *merge(merges.STATUSES, (row for _, row in sorted(self._statuses.items()))),
            *self._merge_facts(),
            *merge(
                merges.VARIABLES,
                ((*key, *row) for key, row in sorted(self._variables.items(), key=lambda item: str(item[0]))),
            ),
        ]
        if self._keeps_rollups:
            gathered += _merge_registers(registers)
            gathered += self._merge_powers(powers)
        self._booted, self._transactions, self._statuses, self._facts, self._variables = {}, {}, {}, {}, {}
        self._merged = self._last
        return gathered

    def _merge_facts(self) -> list[Merge]:
        held = [(*key, value, time) for key, (value, time) in sorted(self._facts.items()) if value is not None]
        ended = [key for key, (value, _) in sorted(self._facts.items()) if value is None]
        return [*merge(merges.FACTS, held), *merge(merges.FACTS_ENDED, ended)]

    def _merge_powers(self, powers: Sequence[PowerSum]) -> list[Merge]:
        sums: dict[tuple[int, int, int, int], tuple[float, int]] = {}
        for station_id, evse, quarter, phase, sum_w, count in powers:
            key = (station_id, evse, quarter, self._names.power_phase(phase))
            known_w, known = sums.get(key, (0.0, 0))
            sums[key] = (known_w + sum_w, known + count)
        return merge(merges.POWERS, ((*key, *value) for key, value in sorted(sums.items())))


def _merge_registers(registers: Sequence[RegisterSpan]) -> list[Merge]:
    """Return the statements for the registers by hour and by day."""
    hourly = sorted(
        StationRegister(station_id, name.decode(), hour, evse, min_wh, max_wh)
        for station_id, name, hour, evse, _, _, _, _, _, min_wh, max_wh in registers
    )
    daily: dict[tuple[int, str, int], StationRegister] = {}  # its order is that of the hours
    for station_id, transaction, hour, evse, min_wh, max_wh in hourly:
        day = hour // merges.HOURS_PER_DAY
        _widen(daily, StationRegister(station_id, transaction, day, evse, min_wh, max_wh))
    return [*merge(merges.REGISTERS_HOURLY, hourly), *merge(merges.REGISTERS_DAILY, daily.values())]


def _widen(registers: dict[tuple[int, str, int], StationRegister], new: StationRegister) -> None:
    """Take `new` into the register of the same bucket."""
    key = new[:3]
    old = registers.get(key)
    if old is None:
        registers[key] = new
        return
    evse = new.evse if old.evse is None else old.evse if new.evse is None else max(old.evse, new.evse)
    registers[key] = StationRegister(*key, evse, min(old.min_wh, new.min_wh), max(old.max_wh, new.max_wh))


def _variable_row(station: str, said: DeviceVariable) -> tuple[tuple[object, ...], tuple[object, ...]]:
    """Return address and values of a variable; the value proper comes first."""
    component, instance = _text(said.component), _text(said.component_instance)
    address = (
        *(station, component, instance, _int4(said.evse), _int4(said.connector)),
        *(_text(said.variable), _text(said.instance), said.attribute),
    )
    words = map(_optional, (said.value, said.mutability, said.data_type, said.unit))
    limits = (said.min_limit, said.max_limit, _optional(said.values_list))
    return address, (*words, *limits, said.persistent, said.constant)


def _storable(event: TransactionEvent) -> TransactionEvent:
    return msgspec.structs.replace(
        event,
        evse=None if event.evse is None else _int4(event.evse),
        connector=None if event.connector is None else _int4(event.connector),
        id_token=_optional(event.id_token),
        charging_state=_optional(event.charging_state),
        stopped_reason=_optional(event.stopped_reason),
    )


def _at(time_us: int) -> datetime:
    return _EPOCH + timedelta(microseconds=time_us)


def _text(text: str) -> str:
    """Return `text` as PostgreSQL can hold it: it has no NUL."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}") if "\0" in text else text


def _optional(text: str | None) -> str | None:
    return None if text is None else _text(text)


def _int4(number: int) -> int:
    """Return `number`, or the nearest that the column holds: no station has so many sockets."""
    return max(-_INT4_MAX, min(number, _INT4_MAX))
