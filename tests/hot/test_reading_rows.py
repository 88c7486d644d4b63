"""What the leaf makes of a journal's entries. The stream is read by a parser made from PostgreSQL's page."""

import struct
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Any

import msgspec
import pytest

from gateway.core.records import Channel, Entry, Event, MeterValue, Readings, Record, Sample, TransactionEvent
from gateway.hot import NO_ROLE, POWER, REGISTER
from gateway.io.journal_batch import OpenBatch

NOON = datetime(2025, 6, 1, 12, 0, 0, 123_456, UTC)
NOON_US = 1_748_779_200_123_456
LATER = NOON + timedelta(seconds=3)
ENERGY = Channel("Energy.Active.Import.Register", None, "Sample.Periodic", "Outlet", "Wh")
POWER_L1 = Channel("Power.Active.Import", "L1", "Sample.Periodic", "Outlet", "W")
VOLTAGE = Channel("Voltage", "L1-N", "Sample.Periodic", "Outlet", "V")
CODES = {ENERGY: (1, 0, 2, 3, 4, REGISTER), POWER_L1: (2, 1, 2, 3, 5, POWER), VOLTAGE: (7, -1, 2, 3, 32767, NO_ROLE)}
STATIONS = {b"CS-1": 1, "Säule".encode(): 2**31 - 1}
COLUMNS = "qqqdiiihhhhh"
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)

encode = msgspec.msgpack.encode


def codes_of(channel: bytes) -> tuple[int, ...]:
    return CODES[msgspec.msgpack.decode(channel, type=Channel)]


@pytest.fixture
def rows(reading_rows: ModuleType) -> Any:
    return reading_rows.ReadingRows(STATIONS.__getitem__, codes_of)


def parse(stream: bytes) -> Iterator[tuple[object, ...]]:
    """The rows of a binary COPY (PostgreSQL 17 documentation, COPY, Binary Format)."""
    assert stream[:19] == b"PGCOPY\n\xff\r\n\0" + struct.pack(">ii", 0, 0)
    place = 19
    while (columns := struct.unpack_from(">h", stream, place)[0]) != -1:
        assert columns == 14
        place += 2
        row: list[object] = []
        for index in range(columns):
            (size,) = struct.unpack_from(">i", stream, place)
            place += 4
            if size == -1:
                row.append(None)
                continue
            packed = stream[place : place + size]
            assert len(packed) == size
            place += size
            if index >= len(COLUMNS):
                row.append(packed.decode())
                continue
            (value,) = struct.unpack(">" + COLUMNS[index], packed)
            row.append(EPOCH + timedelta(microseconds=value) if COLUMNS[index] == "q" else value)
        yield tuple(row)
    assert stream[place:] == b"\xff\xff"


def entry(*records: Record, station: str = "CS-1", at: datetime = LATER, own: bool = False) -> Entry:
    return Entry(station, at, b"12345678", b"{}", list(records), own)


def readings(*samples: Sample, time: datetime = NOON, evse: int | None = 1, transaction: str | None = "tx") -> Readings:
    return Readings(evse, None if evse is None else 2, transaction, [MeterValue(time, list(samples))])


def test_a_sample_becomes_a_row(rows: Any) -> None:
    signed = Sample(VOLTAGE, None, "signed ä")
    said = MeterValue(NOON, [Sample(ENERGY, 12.5), signed], NOON - timedelta(days=9000))
    assert rows.take(encode([entry(Readings(1, 2, "tx", [said]), station="Säule")])) == []
    stream = rows.take_copy()
    common = (NOON, LATER, NOON - timedelta(days=9000))
    assert list(parse(stream)) == [
        (*common, 12.5, 2**31 - 1, 1, 2, 1, 0, 2, 3, 4, "tx", None),
        (*common, None, 2**31 - 1, 1, 2, 7, -1, 2, 3, 32767, "tx", "signed ä"),
    ]


def test_what_is_not_said_is_null(rows: Any) -> None:
    rows.take(encode([entry(readings(Sample(ENERGY, 1.0), evse=None, transaction=None))]))
    assert list(parse(rows.take_copy())) == [(NOON, LATER, None, 1.0, 1, None, None, 1, 0, 2, 3, 4, None, None)]


def test_the_batch_of_the_journal_is_read_as_it_lies_on_disk(rows: Any, reading_rows: ModuleType) -> None:
    batch = OpenBatch()
    for station in ("CS-1", "Säule", "CS-1"):
        batch.append(entry(readings(Sample(ENERGY, 1.0)), station=station))
    body = memoryview(batch.seal(7))[8:]
    assert reading_rows.stations_in(body) == set(STATIONS)
    rows.take(body)
    assert rows.rows == 3
    assert [row[4] for row in parse(rows.take_copy())] == [1, 2**31 - 1, 1]


def test_rows_and_bytes_are_counted_and_begin_anew(rows: Any) -> None:
    body = encode([entry(readings(Sample(ENERGY, 1.0), Sample(VOLTAGE, None, "x" * 100_000)))])
    for _ in range(2):
        assert (rows.rows, rows.size_bytes) == (0, 0)
        rows.take(body)
        assert rows.rows == 2
        size = rows.size_bytes
        assert len(rows.take_copy()) == 19 + size + 2
    assert list(parse(rows.take_copy())) == []


def test_other_records_are_handed_out_in_order(rows: Any) -> None:
    first, second = Event(NOON, "one", "{}"), Event(NOON, "two", "{}")
    body = encode([entry(), entry(first, readings(Sample(ENERGY, 1.0)), second), entry(first, own=True)])
    at = NOON_US + 3_000_000
    assert rows.take(body) == [
        (1, "CS-1", at, False, encode(first)),
        (1, "CS-1", at, False, encode(second)),
        (2, "CS-1", at, True, encode(first)),
    ]
    assert rows.rows == 1


def test_entries_are_taken_from_first_up_to_stop(rows: Any) -> None:
    body = encode([entry(Event(NOON, str(place), "{}"), readings(Sample(ENERGY, place))) for place in range(5)])
    for first, stop, places in [(1, 3, [1, 2]), (3, -1, [3, 4]), (4, 99, [4]), (2, 2, []), (9, -1, []), (0, 1, [0])]:
        assert [other[0] for other in rows.take(body, first=first, stop=stop)] == places
        assert [row[3] for row in parse(rows.take_copy())] == places


def test_what_is_only_merged_adds_no_rows(rows: Any) -> None:
    event = Event(NOON, "one", "{}")
    said = Readings(1, 1, "tx", [MeterValue(NOON, [Sample(ENERGY, 5.0)], NOON)])
    assert len(rows.take(encode([entry(said, event)]), copied=False)) == 1
    assert rows.rows == 0
    assert len(rows.take_merged().registers) == 1


def test_a_station_is_seen_by_what_it_said_itself(rows: Any) -> None:
    times = [NOON + timedelta(seconds=second) for second in (5, 2, 9)]
    rows.take(encode([entry(at=time) for time in times] + [entry(at=LATER, station="Säule", own=True)]))
    assert rows.take_merged().seen == [(1, NOON_US + 2_000_000, NOON_US + 9_000_000)]
    assert rows.take_merged() == ([], [], [], [])


def test_a_register_is_the_highest_of_a_meter_value_and_kept_by_the_hour(rows: Any) -> None:
    def said(minute: int, *values: float | None, evse: int | None = 1) -> Entry:
        time = NOON + timedelta(minutes=minute)
        return entry(readings(*[Sample(ENERGY, value) for value in values], time=time, evse=evse))

    rows.take(encode([said(10, 7.0, 9.0, None), said(5, 3.0, evse=None), said(20, 8.0), said(20, 6.0), said(60, 20)]))
    hour = NOON_US // 3_600_000_000
    assert rows.take_merged().registers == [
        (1, b"tx", hour, 1, 2, NOON_US + 300_000_000, 3.0, NOON_US + 1_200_000_000, 8.0, 3.0, 9.0),
        (1, b"tx", hour + 1, 1, 2, NOON_US + 3_600_000_000, 20.0, NOON_US + 3_600_000_000, 20.0, 20.0, 20.0),
    ]


def test_a_register_without_a_transaction_or_a_value_is_none(rows: Any) -> None:
    rows.take(encode([entry(readings(Sample(ENERGY, 1.0), transaction=None), readings(Sample(ENERGY, None, "s")))]))
    assert rows.take_merged().registers == []


def test_power_is_summed_per_evse_quarter_and_phase(rows: Any) -> None:
    def said(minute: int, watts: float | None, evse: int | None = 1) -> Entry:
        return entry(readings(Sample(POWER_L1, watts), time=NOON + timedelta(minutes=minute), evse=evse))

    rows.take(encode([said(0, 1.5), said(14, 2), said(15, 4), said(0, None), said(0, 9, 0), said(0, 9, None)]))
    quarter = NOON_US // 900_000_000
    assert rows.take_merged().powers == [(1, 1, quarter, 1, 3.5, 2), (1, 1, quarter + 1, 1, 4.0, 1)]


def test_what_is_no_number_spoils_no_sum(rows: Any) -> None:
    samples = [Sample(channel, float(text)) for channel in (ENERGY, POWER_L1) for text in ("nan", "inf", "-inf")]
    rows.take(encode([entry(readings(*samples))]))
    assert rows.rows == len(samples)
    assert rows.take_merged()[1:] == ([], [], [])


NOON_MS = NOON_US // 1000
UPDATED = TransactionEvent(NOON, "Updated", "tx", 1, None, "Trigger", 7, None, "Charging", None, 5.0)


def updated(seconds: float = 0, **said: object) -> TransactionEvent:
    return msgspec.structs.replace(UPDATED, time=NOON + timedelta(seconds=seconds), **said)


def test_events_updated_are_added_up(rows: Any) -> None:
    later = updated(2, evse=None, connector=3, seq_no=9, charging_state="SuspendedEV", register_wh=8.0)
    last = updated(1, seq_no=8, charging_state=None, register_wh=9, offline=True, missing_seq_nos=[1, 2**40])
    assert rows.take(encode([entry(UPDATED), entry(later, last)])) == []
    assert (rows.updates, rows.rows) == (3, 0)
    at = (NOON_MS, 5.0, NOON_MS + 1000, 9.0)
    state = (NOON_MS + 2000, 9, b"SuspendedEV")
    assert rows.take_merged().updates == [
        (1, b"tx", 1, 3, NOON_MS + 2000, *state, *at, encode([1, 2**40]), True),
    ]
    assert rows.take_merged().updates == []
    rows.take_copy()
    assert rows.updates == 0


def test_an_event_may_say_next_to_nothing(rows: Any) -> None:
    assert rows.take(encode([entry(updated(evse=None, seq_no=None, charging_state=None, register_wh=None))])) == []
    ((*_, evse, connector, last, _, seq_no, state, _, first, _, register, missing, offline),) = (
        rows.take_merged().updates
    )
    assert (evse, connector, last, missing, offline) == (None, None, NOON_MS, b"\x90", False)
    assert [seq_no, state, first, register] == [None] * 4


def test_events_that_are_only_merged_are_not_counted(rows: Any) -> None:
    assert rows.take(encode([entry(UPDATED)]), copied=False) == []
    assert rows.updates == 0
    assert len(rows.take_merged().updates) == 1


def test_each_transaction_of_each_station_has_its_events(rows: Any) -> None:
    events = [
        entry(updated(transaction=name), station=station) for name in ("a", "t\0ä") for station in ("CS-1", "Säule")
    ]
    rows.take(encode(events * 2))
    assert [said[:2] for said in rows.take_merged().updates] == [
        *[(1, b"a"), (2**31 - 1, b"a"), (1, "t\ufffdä".encode()), (2**31 - 1, "t\ufffdä".encode())],
    ]


@pytest.mark.parametrize(
    "said",
    [
        *[{"event": "Started"}, {"event": "Ended"}, {"id_token": "A1"}, {"id_token": ""}, {"stopped_reason": "Local"}],
        *[{"remote_start_id": 0}, {"reservation_id": 5}, {"seq_no": -1}, {"seq_no": -(2**63)}],
        *[{"register_wh": float(text)} for text in ("nan", "inf", "-inf")],
    ],
)
def test_events_that_say_more_are_left(rows: Any, said: dict[str, object]) -> None:
    left = updated(**said)
    body = encode([entry(updated(missing_seq_nos=[1])), entry(left), entry(updated(transaction="other"))])
    assert rows.take(body) == [(1, "CS-1", NOON_US + 3_000_000, False, encode(left))]
    assert rows.updates == 2
    assert [said.missing_seq_nos for said in rows.take_merged().updates] == [None, b"\x90"]


def test_what_is_missing_is_said_by_the_event_that_came_last(rows: Any) -> None:
    rows.take(encode([entry(updated(event="Started")), entry(updated(5, missing_seq_nos=[1]))]))
    rows.take(encode([entry(updated(-5, missing_seq_nos=[2]))]))
    assert [said.missing_seq_nos for said in rows.take_merged().updates] == [encode([2])]


@pytest.mark.parametrize(
    ("told", "counts"),
    [
        *[([("A", 0, 2), ("B", 0, 1)], "A"), ([("A", 0, None), ("B", 0, 0)], "B"), ([("A", 0, 1), ("B", 0, 1)], "B")],
        *[([("A", 0.0004, 1), ("B", 0, 2)], "B"), ([("A", 0.001, None), ("B", 0, 2**64 - 1)], "A")],
        *[([("A", 0, None), ("B", 0, None)], "B"), ([("A", 0, 10), ("B", 0, 9)], "A")],
    ],
)
@pytest.mark.parametrize("turned", [False, True])
def test_the_charging_state_is_the_latest_by_millisecond_number_and_word(
    rows: Any, told: list[tuple[str, float, int | None]], counts: str, turned: bool
) -> None:
    events = [updated(seconds, charging_state=state, seq_no=seq_no) for state, seconds, seq_no in told]
    rows.take(encode([entry(*(reversed(events) if turned else events))]))
    assert rows.take_merged().updates[0].charging_state == counts.encode()


def test_old_events_lack_the_last_fields_and_new_ones_may_have_more(rows: Any) -> None:
    whole = msgspec.to_builtins(updated(missing_seq_nos=[4]), builtin_types=[datetime])
    fields = [whole[:12], whole[:13], whole[:14], [*whole, {"of": ["any"]}]]
    assert rows.take(encode([["CS-1", NOON, None, b"", [said]] for said in fields])) == []
    assert (rows.updates, rows.take_merged().updates[0].missing_seq_nos) == (4, encode([4]))


@pytest.mark.parametrize(
    ("field", "said"),
    [
        *[(1, None), (1, 5), (2, None), (3, None), (3, 5), (4, "1"), (5, 1.5), (7, "7"), (7, 1.5), (9, 5)],
        *[(11, "5"), (11, True), (12, None), (12, 1), (13, None), (13, [None]), (13, ["1"]), (13, [1.5]), (13, 1)],
    ],
)
def test_an_event_of_other_kinds_of_values_is_refused(rows: Any, field: int, said: object) -> None:
    record = msgspec.to_builtins(UPDATED, builtin_types=[datetime])
    record[field] = said
    with pytest.raises(ValueError, match="no array of entries"):
        rows.take(encode([["CS-1", NOON, None, b"", [record]]]))


def test_an_event_that_lacks_a_field_is_refused(rows: Any) -> None:
    with pytest.raises(ValueError, match="no array of entries"):
        rows.take(encode([["CS-1", NOON, None, b"", [msgspec.to_builtins(UPDATED, builtin_types=[datetime])[:11]]]]))


def test_times_before_1970_fall_into_the_quarter_that_holds_them(rows: Any) -> None:
    time = datetime(1969, 12, 31, 23, 59, 59, 999_999, UTC)
    rows.take(encode([entry(readings(Sample(ENERGY, 1.0), Sample(POWER_L1, 1.0), time=time))]))
    merged = rows.take_merged()
    assert (merged.registers[0][2], merged.powers[0][2]) == (-1, -1)


@pytest.mark.parametrize(
    "time",
    [
        *[datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, 999_999, UTC)],
        *[datetime(1970, 1, 1, tzinfo=UTC), datetime(2106, 2, 7, 6, 28, 16, tzinfo=UTC)],
    ],
)
def test_every_time_that_python_knows_is_a_row(rows: Any, time: datetime) -> None:
    rows.take(encode([entry(readings(Sample(ENERGY, 1.0), time=time), at=time)]))
    assert [row[:2] for row in parse(rows.take_copy())] == [(time, time)]


def test_postgresql_knows_no_nul(rows: Any) -> None:
    rows.take(encode([entry(readings(Sample(ENERGY, 1.0, "\0s"), transaction="t\0ä"))]))
    assert [row[12:] for row in parse(rows.take_copy())] == [("t\ufffdä", "\ufffds")]
    assert rows.take_merged().registers[0][1] == "t\ufffdä".encode()


@pytest.mark.parametrize(("sent", "stored"), [(2**63, 2**31 - 1), (-(2**63), -(2**31)), (-1, -1), (70_000, 70_000)])
def test_an_evse_beyond_four_bytes_becomes_the_nearest(rows: Any, sent: int, stored: int) -> None:
    rows.take(encode([entry(Readings(sent, sent, None, [MeterValue(NOON, [Sample(ENERGY, 1.0)])]))]))
    assert [row[5:7] for row in parse(rows.take_copy())] == [(stored, stored)]


def test_old_entries_lack_the_last_fields_and_new_ones_may_have_more(rows: Any) -> None:
    channel = msgspec.to_builtins(ENERGY)
    old = ["CS-1", NOON, None, b"", [["readings", 1, 1, "tx", [[NOON, [[channel, 1]]]]]]]
    more = {"of": ["any", -1, 3.5, b"kind", None, True, msgspec.msgpack.Ext(5, b"x" * 300)]}
    value = [NOON, [[channel, 2, None, more, more]], None, more]
    new = ["CS-1", NOON, None, b"", [["readings", 1, 1, "tx", [value], more], ["later", more]], True, more]
    assert [other[:4] for other in rows.take(encode([old, new]))] == [(1, "CS-1", NOON_US, True)]
    assert [row[3] for row in parse(rows.take_copy())] == [1.0, 2.0]


def test_names_are_asked_for_once_until_forgotten(reading_rows: ModuleType) -> None:
    asked: list[bytes] = []

    def answer(value: Any) -> Callable[[bytes], Any]:
        return lambda name: asked.append(name) or value

    rows = reading_rows.ReadingRows(answer(1), answer((1, 2, 3, 4, 5, 0)))
    body = encode([entry(readings(Sample(ENERGY, 1.0), Sample(VOLTAGE, 1.0), Sample(ENERGY, 1.0)))] * 2)
    for _ in range(2):
        rows.take(body)
        rows.take(body)
        assert asked == [b"CS-1", encode(ENERGY), encode(VOLTAGE)]
        asked.clear()
        rows.forget()
        assert (rows.rows, rows.take_merged()) == (0, ([], [], [], []))


def test_beyond_the_bound_channels_are_learned_anew(reading_rows: ModuleType) -> None:
    asked: list[bytes] = []
    rows = reading_rows.ReadingRows(lambda _: 1, lambda name: asked.append(name) or (1, 2, 3, 4, 5, 0))
    channels = [Channel("x", None, "c", "l", str(index)) for index in range(65_536)]
    body = encode([entry(readings(*[Sample(channel, 1.0) for channel in channels]))])
    rows.take(body)
    assert len(asked) == 65_536
    rows.take(encode([entry(readings(Sample(channels[0], 1.0)))]))
    assert len(asked) == 65_537


@pytest.mark.parametrize("error", [KeyError, RuntimeError])
def test_what_the_callers_functions_raise_goes_through(reading_rows: ModuleType, error: type[Exception]) -> None:
    def fail(_name: bytes) -> Any:
        raise error

    body = encode([entry(readings(Sample(ENERGY, 1.0)))])
    with pytest.raises(error):
        reading_rows.ReadingRows(fail, codes_of).take(body)
    with pytest.raises(error):
        reading_rows.ReadingRows(STATIONS.__getitem__, fail).take(body)


@pytest.mark.parametrize(("station_id", "code"), [(2**31, 1), (-(2**31) - 1, 1), (1, 2**15), (1, -(2**15) - 1)])
def test_ids_and_codes_that_do_not_fit_are_refused(reading_rows: ModuleType, station_id: int, code: int) -> None:
    rows = reading_rows.ReadingRows(lambda _: station_id, lambda _: (1, 2, 3, 4, code, 0))
    with pytest.raises(OverflowError):
        rows.take(encode([entry(readings(Sample(ENERGY, 1.0)))]))


ONE = encode([entry(readings(Sample(ENERGY, 1.0, "s")), Event(NOON, "one", "{}"), UPDATED)])


def test_every_cut_is_found(reading_rows: ModuleType) -> None:
    for end in range(len(ONE)):
        with pytest.raises(ValueError, match="no array of entries"):
            reading_rows.ReadingRows(STATIONS.__getitem__, codes_of).take(ONE[:end])
        with pytest.raises(ValueError, match="no array of entries"):
            reading_rows.stations_in(ONE[:end])


@pytest.mark.parametrize(
    "body",
    [b"", ONE + b"\xc0", b"\xc0", b"\x80", b"\x91\xc0", b"\xdd\xff\xff\xff\xff", b"\xdf\xff\xff\xff\xff", b"\x91\xc1"],
)
def test_what_is_no_array_of_entries_is_refused(rows: Any, reading_rows: ModuleType, body: bytes) -> None:
    with pytest.raises(ValueError, match="no array of entries"):
        rows.take(body)
    with pytest.raises(ValueError, match="no array of entries"):
        reading_rows.stations_in(body)


def test_text_that_is_no_utf8_is_refused(rows: Any) -> None:
    body = encode([entry(readings(Sample(ENERGY, 1.0), transaction="brokn"))])
    with pytest.raises(ValueError, match="utf-8"):
        rows.take(body.replace(b"brokn", b"br\xffkn"))
