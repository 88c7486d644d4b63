"""The compiled leaf of rows against its twin, on entries and on damaged bytes; their sums against the store's rules.

`gateway.io.charging_transactions` puts a transaction together from each meter value on its own. Hour by hour and put
together afterwards, the registers of the leaf must say the same.
"""

import importlib
from datetime import UTC, datetime
from typing import Any

import msgspec
from hypothesis import event, given, settings
from hypothesis import strategies as st

from gateway.core.metering import register_wh
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
from gateway.hot import NO_ROLE, POWER, REGISTER
from gateway.hot import reading_rows as plain
from gateway.io.charging_transactions import ChargingTransaction, iso

compiled = importlib.import_module("gateway._speedups.reading_rows")

FORMS = (plain, compiled)
NOON = datetime(2025, 6, 1, 12, tzinfo=UTC)
IDENTITIES = ("CS-1", "CS-2", "Säule")

encode = msgspec.msgpack.encode
decode = msgspec.msgpack.Decoder(Record).decode

ms = st.integers(0, 4 * 3_600_000)
times = ms.map(lambda offset: datetime.fromtimestamp(1_748_779_200 + offset / 1000, UTC).replace(microsecond=0))
channels = st.builds(
    Channel,
    st.sampled_from(["Energy.Active.Import.Register", "Power.Active.Import", "Voltage"]),
    st.sampled_from([None, "L1", "L1-N"]),
    st.just("Sample.Periodic"),
    st.sampled_from(["Outlet", "Body"]),
    st.sampled_from(["Wh", "W", "V"]),
)
texts = st.sampled_from(["tx", "other", "\0", "ä" * 40]) | st.text(st.characters(codec="utf-8"), max_size=40)
numbers = st.none() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.sampled_from([1.0, 2.5, 1e9])
samples = st.builds(Sample, channels, numbers, st.none() | texts)
small = st.none() | st.integers(0, 3) | st.integers(-(2**63), 2**64 - 1)
meter_values = st.builds(MeterValue, times, st.lists(samples, max_size=5), st.none() | times)
readings = st.builds(
    Readings, small, small, st.none() | st.sampled_from(["tx", "other"]) | texts, st.lists(meter_values, max_size=3)
)
updates = st.builds(
    TransactionEvent,
    time=st.builds(
        lambda time, us: time.replace(microsecond=us), times, st.sampled_from([0, 1, 999, 1000, 500_000, 999_999])
    ),
    event=st.sampled_from(["Updated", "Updated", "Updated", "Started", "Ended"]),
    transaction=st.sampled_from(["tx", "other"]),
    evse=st.none() | st.integers(0, 3),
    connector=st.none() | st.integers(0, 3),
    trigger=st.just("ChargingStateChanged"),
    seq_no=st.none() | st.integers(0, 12) | st.sampled_from([2**32, 2**64 - 1]),
    id_token=st.sampled_from([None, None, None, "A1"]),
    charging_state=st.none() | st.sampled_from(["Charging", "EVConnected", "Idle", "Wörter"]),
    stopped_reason=st.sampled_from([None, None, None, "Local"]),
    register_wh=st.none() | st.integers(0, 50) | st.floats(0, 50),
    offline=st.booleans(),
    missing_seq_nos=st.lists(st.integers(0, 2**64 - 1), max_size=3),
    remote_start_id=st.sampled_from([None, None, None, 5]),
)
others = st.one_of(
    st.builds(StationBooted, texts, texts, texts, st.none() | texts, st.none(), st.none(), st.just("Accepted")),
    st.builds(
        TransactionEvent,
        *(times, st.just("Updated"), texts, small, small, st.none() | texts, small, st.none() | texts, st.none()),
        *(st.none(), numbers, st.booleans(), st.lists(st.integers(0, 2**40), max_size=20)),
    ),
    updates,
    st.builds(ConnectorStatus, times, st.integers(0, 300), st.integers(0, 3), st.just("Faulted"), st.none() | texts),
    st.builds(Event, times, texts, texts),
    st.builds(RawMessage, texts, texts, texts, texts, st.binary(max_size=300), st.none() | texts),
    st.builds(Fact, times, texts, texts, st.none() | texts),
    st.builds(
        DeviceVariables, times, st.lists(st.builds(DeviceVariable, texts, texts, st.none() | texts), max_size=20)
    ),
)
entries = st.lists(
    st.builds(
        Entry,
        st.sampled_from(IDENTITIES),
        times,
        st.none() | st.binary(max_size=8),
        st.binary(max_size=40),
        st.lists(readings | others, max_size=3),
        st.booleans(),
    ),
    max_size=6,
)


def station_id_of(identity: bytes) -> int:
    return 1 + IDENTITIES.index(identity.decode())


def codes_of(encoded: bytes) -> tuple[int, ...]:
    channel = msgspec.msgpack.decode(encoded, type=Channel)
    role = NO_ROLE
    if channel.measurand == "Power.Active.Import" and channel.unit == "W":
        role = POWER
    elif (channel.measurand, channel.phase, channel.location, channel.unit) == (
        *("Energy.Active.Import.Register", None, "Outlet", "Wh"),
    ):
        role = REGISTER
    return len(channel.measurand), len(channel.phase or ""), 1, len(channel.location), len(channel.unit), role


def said(form: Any, bodies: list[bytes], **how: Any) -> object:
    """All that a form says of these bodies, or how it refuses them."""
    rows = form.ReadingRows(station_id_of, codes_of)
    try:
        taken = [rows.take(body, **how) for body in bodies]
    except Exception as error:
        return type(error), str(error)
    counted = rows.rows, rows.size_bytes, rows.updates
    return taken, counted, rows.take_copy(), rows.take_merged(), rows.take_copy(), rows.take_merged()


@settings(max_examples=200, deadline=None)
@given(st.lists(entries, min_size=1, max_size=3), st.booleans(), st.integers(0, 3), st.integers(-1, 6))
def test_both_forms_say_the_same(batches: list[list[Entry]], copied: bool, first: int, stop: int) -> None:
    bodies = [encode(batch) for batch in batches]
    how = {"copied": copied, "first": first, "stop": stop}
    expected = said(plain, bodies, **how)
    assert repr(said(compiled, bodies, **how)) == repr(expected)
    assert not isinstance(expected[0], type)
    for body, batch in zip(bodies, batches, strict=True):
        assert plain.stations_in(body) == compiled.stations_in(body) == {entry.station.encode() for entry in batch}


@settings(max_examples=200, deadline=None)
@given(entries)
def test_nothing_is_lost(batch: list[Entry]) -> None:
    counted = sum(
        len(value.samples)
        for entry in batch
        for record in entry.records
        if isinstance(record, Readings)
        for value in record.meter_values
    )
    expected = [
        (position, entry.station, int(entry.received_at.timestamp()) * 1_000_000, entry.own, encode(record))
        for position, entry in enumerate(batch)
        for record in entry.records
        if not isinstance(record, Readings)
    ]
    for form in FORMS:
        rows = form.ReadingRows(station_id_of, codes_of)
        left = rows.take(encode(batch))
        added_up = [other for other in expected if other not in left]
        assert [other for other in expected if other in left] == left
        assert all(decode(other[4]).event == "Updated" for other in added_up)
        assert rows.updates == len(added_up)
        assert rows.rows == counted


@settings(max_examples=600, deadline=None)
@given(entries, st.data())
def test_damaged_bytes_are_read_or_refused_alike(batch: list[Entry], data: st.DataObject) -> None:
    body = encode(batch)
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(body)))
        body = body[:at] + data.draw(st.binary(max_size=3)) + body[at + data.draw(st.integers(0, 3)) :]
    expected = said(plain, [body])
    event("refused" if isinstance(expected[0], type) else "read")
    assert repr(said(compiled, [body])) == repr(expected)


@settings(max_examples=500, deadline=None)
@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused_alike(body: bytes) -> None:
    body = b"\x91\x96\xa4CS-1\xd6\xff\x00\x00\x00\x00\xc0\xc4\x00" + body
    assert repr(said(compiled, [body])) == repr(said(plain, [body]))


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.builds(
            Entry,
            st.just("CS-1"),
            times,
            st.none(),
            st.just(b""),
            st.lists(
                st.builds(
                    Readings,
                    st.none() | st.integers(0, 3),
                    st.none() | st.integers(0, 3),
                    st.just("tx"),
                    st.lists(
                        st.builds(
                            MeterValue,
                            times,
                            st.lists(st.builds(Sample, channels, st.none() | st.integers(0, 50)), max_size=4),
                        ),
                        max_size=3,
                    ),
                ),
                max_size=3,
            ),
        ),
        max_size=5,
    )
)
def test_registers_make_the_transaction_that_the_entries_make(batch: list[Entry]) -> None:
    expected = ChargingTransaction("CS-1", "tx")
    for record in (record for entry in batch for record in entry.records):
        assert isinstance(record, Readings)
        for value in record.meter_values:
            if (energy_wh := register_wh(value.samples)) is not None:
                expected.add_register(record, value.time.isoformat(), energy_wh)
    for form in FORMS:
        rows = form.ReadingRows(station_id_of, codes_of)
        rows.take(encode(batch))
        made = ChargingTransaction("CS-1", "tx")
        for _, transaction, hour, evse, connector, first_us, first_wh, last_us, last_wh, *_ in rows.take_merged()[1]:
            assert transaction == b"tx"
            for time_us, energy_wh in ((first_us, first_wh), (last_us, last_wh)):
                assert time_us // 3_600_000_000 == hour
                where = Readings(evse, connector, "tx", [])
                made.add_register(where, datetime.fromtimestamp(time_us / 1e6, UTC).isoformat(), energy_wh)
        assert made.values == expected.values


@settings(max_examples=500, deadline=None)
@given(st.lists(st.lists(updates, max_size=4), max_size=6), st.integers(0, 6))
def test_events_added_up_make_the_transactions_that_they_make_one_by_one(
    told: list[list[TransactionEvent]], merged_after: int
) -> None:
    expected: dict[str, ChargingTransaction] = {}
    for said in (said for some in told for said in some):
        row = expected.setdefault(said.transaction, ChargingTransaction("CS-1", said.transaction))
        row.add_event(said, iso(said.time))
    for form in FORMS:
        rows = form.ReadingRows(station_id_of, codes_of)
        made: dict[str, ChargingTransaction] = {}
        counted = 0
        for some in (told[:merged_after], told[merged_after:]):
            newer: dict[str, ChargingTransaction] = {}
            for records in some:
                for *_, record in rows.take(encode([Entry("CS-1", NOON, None, b"", list(records))])):
                    left = decode(record)
                    counted += 1
                    row = newer.setdefault(left.transaction, ChargingTransaction("CS-1", left.transaction))
                    row.add_event(left, iso(left.time))
            for added_up in rows.take_merged().updates:
                name = added_up.transaction.decode()
                newer.setdefault(name, ChargingTransaction("CS-1", name)).add_updates(added_up)
            for name, row in newer.items():
                made.setdefault(name, ChargingTransaction("CS-1", name)).merge(row)
        assert {name: row.values for name, row in made.items()} == {name: row.values for name, row in expected.items()}
        assert counted + rows.updates == sum(map(len, told))
