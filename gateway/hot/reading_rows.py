"""Readings of the journal as rows of a binary COPY into `ocpp.sampled_value`: the plain twin of its leaf.

The body of a batch (`io.journal_batch`) is read as it lies on disk: readings become rows and are added up for what the
store merges, without an object for each; so are most events of a transaction; any other record is handed out as bytes.
Format of the stream: PostgreSQL, COPY, Binary Format. Format of the body: msgpack arrays of `core.records`, whose
fields are only ever appended; so an array may lack the last fields, which then have their defaults, and surplus ones
are skipped.
"""

import struct
from collections.abc import Callable
from math import inf, isfinite
from typing import Final, NamedTuple, TypeAlias

from gateway.hot.entries_cursor import NO_ENTRIES, SECONDS_MIN, Cursor

NO_ROLE: Final = 0
REGISTER: Final = 1
POWER: Final = 2
"""What a channel is added up as: not at all, as a transaction's energy register in Wh, as an EVSE's power in W."""

STATIONS_MAX: Final = 1_000_000
CHANNELS_MAX: Final = 65_536
"""Stations and channels remembered from one call of `take` to the next; beyond, all are learned anew. A station takes
about 250 bytes; channels are some hundreds, but 2.x units are free text."""

COPY_HEADER: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
COPY_TRAILER: Final = b"\xff\xff"
COLUMNS: Final = b"\x00\x0e"
"""How each row begins: it has 14 columns."""

EPOCH_US: Final = 946_684_800_000_000
"""PostgreSQL counts from 2000-01-01 UTC; this is its time since 1970."""

HOUR_US: Final = 3_600_000_000
QUARTER_US: Final = 900_000_000

OtherRecord: TypeAlias = tuple[int, str, int, bool, bytes]
"""Position of the entry in its batch, station, `received_at` in microseconds since 1970, `own`, msgpack of the record.
"""

Codes: TypeAlias = tuple[int, int, int, int, int, int]
"""Ids of a channel's measurand, phase, context, location and unit, and its role."""

Seen: TypeAlias = tuple[int, int, int]
"""Station id, and when it was first and last heard of, in microseconds since 1970."""

RegisterSpan: TypeAlias = tuple[int, bytes, int, int | None, int | None, int, float, int, float, float, float]
"""Station id, transaction, hour since 1970, EVSE, connector, (time in us, Wh) of the earliest and of the latest value,
lowest and highest value in Wh. Of equal times the lower value is the earlier."""

PowerSum: TypeAlias = tuple[int, int, int, int, float, int]
"""Station id, EVSE, quarter of an hour since 1970, phase, sum in W, number of values."""


class Updates(NamedTuple):
    """What events Updated of one transaction said together. Times are in milliseconds since 1970, rounded down.

    Of equal times a higher sequence number is the later, and none is the earliest; then the higher value is.
    """

    station_id: int
    transaction: bytes
    evse: int | None
    """The highest that was named, as is the connector."""
    connector: int | None
    last_ms: int
    """Time of the latest event."""
    state_ms: int
    """Time and number of the event that said the charging state; of no meaning where none did."""
    state_seq_no: int | None
    charging_state: bytes | None
    """The latest."""
    first_ms: int
    """The earliest and the highest register, in Wh; the times are of no meaning where none was said."""
    first_wh: float | None
    register_ms: int
    register_wh: float | None
    missing_seq_nos: bytes | None
    """Of the event that came last, as msgpack; None if that was one that was handed out."""
    offline: bool
    """Whether any was."""


class Merged(NamedTuple):
    """What the store merges with what it knows. Nothing is in a list twice: keys are all but the values added up."""

    seen: list[Seen]
    """Of entries that are not `own`; one for each station."""
    registers: list[RegisterSpan]
    """One for each station, transaction and hour. EVSE and connector are the highest that was named."""
    powers: list[PowerSum]
    """One for each station, EVSE, quarter of an hour and phase."""
    updates: list[Updates]
    """One for each station and transaction."""


class ReadingRows:
    """Rows and sums of the batches taken in. After any exception of `take` the object must be thrown away.

    `station_id_of` gives the id of a station (its identity as UTF-8), another for each; `codes_of` gives the codes of a
    channel (its msgpack, as in the journal). Both are asked once and their answers remembered; what they raise goes
    through. An id has four bytes and a code two, else OverflowError is raised.

    `rows` (of `size_bytes`) and `updates` count what `take_copy` will end: readings, and events that were added up.
    """

    __slots__ = (
        *("_channels", "_codes_of", "_powers", "_registers", "_rows", "_station_id_of", "_stations", "_touched"),
        *("_updates", "rows", "size_bytes", "updates"),
    )

    def __init__(self, station_id_of: Callable[[bytes], int], codes_of: Callable[[bytes], Codes]) -> None:
        self._station_id_of = station_id_of
        self._codes_of = codes_of
        self.forget()

    def forget(self) -> None:
        """Forget all that was learned and taken in."""
        self._stations: dict[bytes, _Station] = {}
        self._channels: dict[bytes, _Channel] = {}
        self._begin_rows()
        self._begin_merged()

    def take(
        self, body: bytes | bytearray | memoryview, *, copied: bool = True, first: int = 0, stop: int = -1
    ) -> list[OtherRecord]:
        """Take in the entries from `first` up to, not including, `stop` (negative: all); return what it leaves.

        It leaves all records that are neither Readings nor a TransactionEvent of the kind Updated that names no token,
        reason or request. With `copied` False nothing is counted and no row added: it is only merged. Raises ValueError
        where `body` is no array of entries; what lies behind `stop` is not looked at.
        """
        if len(self._stations) >= STATIONS_MAX:
            self._stations = {station.identity: station for station in self._touched}
        if len(self._channels) >= CHANNELS_MAX:
            self._channels.clear()
        cursor = Cursor(body)
        entries = cursor.array(0)
        last = entries if stop < 0 else min(stop, entries)
        others: list[OtherRecord] = []
        for position in range(last):
            if position < first:
                cursor.skip(1)
            else:
                self._take_entry(cursor, position, copied, others)
        if last == entries:
            cursor.end()
        return others

    def take_copy(self) -> bytes:
        """Return the stream of all rows since the last call, for `COPY ... FROM STDIN (FORMAT binary)`."""
        stream = b"".join((COPY_HEADER, *self._rows, COPY_TRAILER))
        self._begin_rows()
        return stream

    def take_merged(self) -> Merged:
        """Return what has been added up since the last call."""
        merged = Merged(
            [(station.id, station.first_us, station.last_us) for station in self._touched],
            [(*key, *register.values) for key, register in self._registers.items()],
            [(*key, sum_w, count) for key, (sum_w, count) in self._powers.items()],
            [updates.values for updates in self._updates.values()],
        )
        for station in self._touched:
            station.touched = False
        self._begin_merged()
        return merged

    def _begin_rows(self) -> None:
        self._rows: list[bytes] = []
        self.rows = 0
        self.size_bytes = 0
        self.updates = 0

    def _begin_merged(self) -> None:
        self._touched: list[_Station] = []
        self._registers: dict[tuple[int, bytes, int], _Register] = {}
        self._powers: dict[tuple[int, int, int, int], tuple[float, int]] = {}
        self._updates: dict[tuple[int, bytes], _Updates] = {}

    def _take_entry(self, cursor: Cursor, position: int, copied: bool, others: list[OtherRecord]) -> None:
        fields = cursor.array(5)
        station = self._station(cursor.text())
        received_us = cursor.time()
        cursor.skip(2)  # digest and answer
        records = []
        for _ in range(cursor.array(0)):
            start = cursor.position
            record_fields = cursor.array(1)
            tag = cursor.text()
            if tag == b"readings":
                self._take_readings(cursor, record_fields, station, received_us, copied)
            elif tag != b"transaction_event":
                cursor.skip(record_fields - 1)
                records.append(cursor.body[start : cursor.position])
            elif not self._take_event(cursor, record_fields, station, copied):
                records.append(cursor.body[start : cursor.position])
        own = cursor.boolean() if fields > 5 else False
        cursor.skip(fields - 6)
        if not own:
            self._hear(station, received_us)
        others += [(position, station.name, received_us, own, record) for record in records]

    def _take_readings(self, cursor: Cursor, fields: int, station: "_Station", received_us: int, copied: bool) -> None:
        if fields < 5:
            raise ValueError(NO_ENTRIES)
        evse = cursor.integer_or_none()
        connector = cursor.integer_or_none()
        transaction = cursor.clean_text_or_none()
        where = _int4(station.id) + _int4(evse) + _int4(connector)
        for _ in range(cursor.array(0)):
            value_fields = cursor.array(2)
            time_us = cursor.time()
            samples = [self._sample(cursor) for _ in range(cursor.array(0))]
            station_us = cursor.time_or_none() if value_fields > 2 else None
            cursor.skip(value_fields - 3)
            if transaction is not None:
                self._add_register((station.id, transaction, time_us // HOUR_US), evse, connector, time_us, samples)
            if evse is not None and evse > 0:
                self._add_power(station.id, evse, time_us // QUARTER_US, samples)
            if copied:
                times = _timestamp(time_us) + _timestamp(received_us) + _timestamp(station_us)
                for channel, value, signed in samples:
                    row = times + _float8(value) + where + channel.columns + _column(transaction) + _column(signed)
                    self._rows.append(COLUMNS + row)
                    self.size_bytes += len(COLUMNS) + len(row)
                self.rows += len(samples)
        cursor.skip(fields - 5)

    def _take_event(self, cursor: Cursor, fields: int, station: "_Station", copied: bool) -> bool:
        """Take a TransactionEvent; add it up and return True if nothing of it counts but what Updates hold."""
        if fields < 12:
            raise ValueError(NO_ENTRIES)
        time_ms = cursor.time() // 1000
        event = cursor.text()
        transaction = cursor.clean_text()
        evse = cursor.integer_or_none()
        connector = cursor.integer_or_none()
        cursor.skip(1)  # trigger
        seq_no = cursor.large_integer_or_none()
        said_more = cursor.took_other()  # token
        state = cursor.clean_text_or_none()
        said_more |= cursor.took_other()  # reason
        register_wh = cursor.number_or_none()
        offline = cursor.boolean() if fields > 12 else False
        missing_seq_nos = cursor.integers() if fields > 13 else b"\x90"
        for _ in range(14, min(fields, 16)):
            said_more |= cursor.took_other()  # requests
        cursor.skip(fields - 16)
        key = (station.id, transaction)
        rankable = (seq_no is None or seq_no >= 0) and (register_wh is None or isfinite(register_wh))
        if event != b"Updated" or said_more or not rankable:
            if key in self._updates:
                self._updates[key].missing_seq_nos = None
            return False
        updates = self._updates.setdefault(key, _Updates(*key))
        updates.evse = _highest(updates.evse, evse)
        updates.connector = _highest(updates.connector, connector)
        updates.add(time_ms, seq_no, state, register_wh)
        updates.missing_seq_nos = missing_seq_nos
        updates.offline |= offline
        self.updates += copied
        return True

    def _sample(self, cursor: Cursor) -> "_Sample":
        fields = cursor.array(2)
        start = cursor.position
        cursor.skip(cursor.array(0))
        channel = self._channel(cursor.body[start : cursor.position])
        value = cursor.number_or_none()
        signed = cursor.clean_text_or_none() if fields > 2 else None
        cursor.skip(fields - 3)
        return channel, value, signed

    def _add_register(
        self,
        key: tuple[int, bytes, int],
        evse: int | None,
        connector: int | None,
        time_us: int,
        samples: list["_Sample"],
    ) -> None:
        """Of several at one time the highest is the register (`core.metering.register_wh`); all bound the hour."""
        values = [
            value for channel, value, _ in samples if channel.role == REGISTER and value is not None and isfinite(value)
        ]
        if values:
            self._registers.setdefault(key, _Register()).add(evse, connector, time_us, min(values), max(values))

    def _add_power(self, station_id: int, evse: int, quarter: int, samples: list["_Sample"]) -> None:
        for channel, value, _ in samples:
            if channel.role == POWER and value is not None and isfinite(value):
                key = (station_id, evse, quarter, channel.phase)
                sum_w, count = self._powers.get(key, (0.0, 0))
                self._powers[key] = (sum_w + value, count + 1)

    def _hear(self, station: "_Station", received_us: int) -> None:
        if not station.touched:
            station.touched = True
            station.first_us = station.last_us = received_us
            self._touched.append(station)
        station.first_us = min(station.first_us, received_us)
        station.last_us = max(station.last_us, received_us)

    def _station(self, identity: bytes) -> "_Station":
        station = self._stations.get(identity)
        if station is None:
            name = identity.decode()
            station = self._stations[identity] = _Station(identity, name, self._station_id_of(identity))
        return station

    def _channel(self, encoded: bytes) -> "_Channel":
        channel = self._channels.get(encoded)
        if channel is None:
            channel = self._channels[encoded] = _Channel(*self._codes_of(encoded))
        return channel


def stations_in(body: bytes | bytearray | memoryview) -> set[bytes]:
    """Return the identities of the stations in `body`, as UTF-8. Raises ValueError where it is no array of entries."""
    cursor = Cursor(body)
    identities = set()
    for _ in range(cursor.array(0)):
        fields = cursor.array(5)
        identities.add(cursor.text())
        cursor.skip(fields - 1)
    cursor.end()
    return identities


class _Station:
    __slots__ = ("first_us", "id", "identity", "last_us", "name", "touched")

    def __init__(self, identity: bytes, name: str, station_id: int) -> None:
        self.identity = identity
        self.name = name
        self.id = station_id
        self.touched = False
        """Whether it has been heard of since the last `take_merged`; when, is said by the two below."""
        self.first_us = 0
        self.last_us = 0
        station_id.to_bytes(4, "big", signed=True)


class _Channel:
    __slots__ = ("columns", "phase", "role")

    def __init__(self, measurand: int, phase: int, context: int, location: int, unit: int, role: int) -> None:
        codes = (measurand, phase, context, location, unit)
        self.columns = b"".join([_column(code.to_bytes(2, "big", signed=True)) for code in codes])
        self.phase = phase
        self.role = role


_Sample: TypeAlias = tuple[_Channel, float | None, bytes | None]


class _Register:
    """What one transaction's register said in one hour."""

    __slots__ = ("connector", "evse", "first", "last", "max_wh", "min_wh")

    def __init__(self) -> None:
        self.evse: int | None = None
        self.connector: int | None = None
        self.first = (inf, inf)
        self.last = (-inf, -inf)
        self.min_wh = inf
        self.max_wh = -inf

    def add(self, evse: int | None, connector: int | None, time_us: int, lowest_wh: float, register_wh: float) -> None:
        self.evse = _highest(self.evse, evse)
        self.connector = _highest(self.connector, connector)
        self.first = min(self.first, (time_us, register_wh))
        self.last = max(self.last, (time_us, register_wh))
        self.min_wh = min(self.min_wh, lowest_wh)
        self.max_wh = max(self.max_wh, register_wh)

    @property
    def values(self) -> tuple[int | None, int | None, int, float, int, float, float, float]:
        (first_us, first_wh), (last_us, last_wh) = self.first, self.last
        return self.evse, self.connector, int(first_us), first_wh, int(last_us), last_wh, self.min_wh, self.max_wh


class _Updates:
    """What one transaction's events said."""

    __slots__ = (
        *("connector", "evse", "first", "last_ms", "highest", "missing_seq_nos", "offline", "state", "station_id"),
        "transaction",
    )

    def __init__(self, station_id: int, transaction: bytes) -> None:
        self.station_id = station_id
        self.transaction = transaction
        self.evse: int | None = None
        self.connector: int | None = None
        self.last_ms = SECONDS_MIN * 1000
        self.state: tuple[int, int, bytes] | None = None
        """Time, sequence number (-1 for none) and charging state."""
        self.first: tuple[int, float] | None = None
        self.highest: tuple[float, int] | None = None
        """In Wh, and when it was said, at the latest."""
        self.missing_seq_nos: bytes | None = None
        self.offline = False

    def add(self, time_ms: int, seq_no: int | None, state: bytes | None, register_wh: float | None) -> None:
        self.last_ms = max(self.last_ms, time_ms)
        if state is not None:
            said = (time_ms, -1 if seq_no is None else seq_no, state)
            self.state = said if self.state is None else max(self.state, said)
        if register_wh is not None:
            register = (time_ms, register_wh)
            self.first = register if self.first is None else min(self.first, register)
            self.highest = max(self.highest or (register_wh, time_ms), (register_wh, time_ms))

    @property
    def values(self) -> Updates:
        state_ms, seq_no, state = self.state or (0, -1, None)
        first_ms, first_wh = self.first or (0, None)
        register_wh, register_ms = self.highest or (None, 0)
        return Updates(
            self.station_id,
            self.transaction,
            self.evse,
            self.connector,
            self.last_ms,
            state_ms,
            None if seq_no < 0 else seq_no,
            state,
            first_ms,
            first_wh,
            register_ms,
            register_wh,
            self.missing_seq_nos,
            self.offline,
        )


def _column(value: bytes | None) -> bytes:
    return b"\xff\xff\xff\xff" if value is None else struct.pack(">i", len(value)) + value


def _timestamp(time_us: int | None) -> bytes:
    return _column(None if time_us is None else struct.pack(">q", time_us - EPOCH_US))


def _float8(value: float | None) -> bytes:
    return _column(None if value is None else struct.pack(">d", value))


def _int4(value: int | None) -> bytes:
    return _column(None if value is None else struct.pack(">i", value))


def _highest(known: int | None, said: int | None) -> int | None:
    """A message that says None or 0 does not know at which EVSE a transaction happens."""
    if known is None or said is None:
        return said if known is None else known
    return max(known, said)
