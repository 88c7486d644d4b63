"""Station clocks: what is believed, what is replaced, and what is kept as evidence."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from gateway.core.clock import ClockPolicy
from gateway.core.csms import Deviation
from gateway.core.records import Readings
from tests.core import said
from tests.core.station_bench import BEGIN, OCPP16

POLICY = ClockPolicy(earliest_at=datetime(2015, 1, 1, tzinfo=UTC), future_tolerance=timedelta(minutes=5))


@pytest.mark.parametrize(
    ("station_time", "believed"),
    [
        (BEGIN, True),
        (BEGIN + timedelta(minutes=5), True),
        (BEGIN + timedelta(minutes=5, microseconds=1), False),
        (BEGIN - timedelta(days=400), True),
        (datetime(2015, 1, 1, tzinfo=UTC), True),
        (datetime(2014, 12, 31, 23, 59, 59, tzinfo=UTC), False),
        (datetime(1970, 1, 1, tzinfo=UTC), False),
        (datetime(2015, 1, 1, 1, tzinfo=timezone(timedelta(hours=2))), False),
        (datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=23, minutes=59))), False),
        (datetime(9999, 12, 31, 23, 59, tzinfo=timezone(-timedelta(hours=23, minutes=59))), False),
    ],
)
def test_only_times_between_the_earliest_and_the_tolerance_are_believed(station_time, believed):
    assert POLICY.believes(station_time, BEGIN) is believed
    assert POLICY.time_of(station_time, BEGIN) == (station_time if believed else BEGIN)


@pytest.mark.parametrize(("station_time", "believed"), [(BEGIN, True), (datetime(1971, 1, 1, tzinfo=UTC), False)])
def test_while_our_own_clock_was_never_set_a_station_knows_better(station_time, believed):
    assert POLICY.believes(station_time, datetime(1970, 1, 1, 0, 5, tzinfo=UTC)) is believed


def test_without_a_time_it_is_the_time_of_receipt():
    assert POLICY.time_of(None, BEGIN) == BEGIN


def meter_values(line, text):
    payload = said.meter_values_16() if line.version == OCPP16 else said.meter_values_201()
    payload["meterValue"][0]["timestamp"] = text
    line.ask("MeterValues", payload)
    (meter_value,) = line.bench.records[-1].meter_values
    return meter_value


@pytest.mark.parametrize("text", ["1970-01-01T00:00:17Z", "2026-03-01T12:05:01Z", "2106-02-07T06:28:15Z"])
def test_a_clock_that_cannot_be_right_is_replaced_and_kept_beside(station, bench, text):
    meter_value = meter_values(station, text)
    assert (meter_value.time, meter_value.station_time) == (BEGIN, datetime.fromisoformat(text))
    assert bench.deviations(Deviation.CLOCK_NOT_BELIEVED) == 1


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"])
def test_the_ends_of_the_calendar_do_no_harm(station, text):
    meter_value = meter_values(station, text)
    assert (meter_value.time, meter_value.station_time) == (BEGIN, None)


@pytest.mark.parametrize(
    "text",
    ["2026-03-01T12:00:00Z", "2026-03-01T13:00:00+01:00", "2026-03-01T12:00:00.0Z", "2026-03-01t12:00:00z"],
)
def test_offsets_and_fractions_are_the_same_instant(station, text):
    meter_value = meter_values(station, text)
    assert (meter_value.time, meter_value.station_time) == (BEGIN, None)


def test_fractions_of_a_second_are_kept(station):
    assert meter_values(station, "2026-03-01T11:59:59.123456789Z").time == datetime(
        2026, 3, 1, 11, 59, 59, 123457, tzinfo=UTC
    )


@pytest.mark.parametrize("text", ["", "2026-03-01T12:00:00", "yesterday"])
def test_a_time_that_cannot_be_read_leaves_the_message_raw(station, bench, text):
    payload = said.meter_values_16() if station.version == OCPP16 else said.meter_values_201()
    payload["meterValue"][0]["timestamp"] = text
    station.ask("MeterValues", payload)
    assert (bench.records[0].action, bench.records[0].rule) == ("MeterValues", "constraint")


def test_a_queue_of_days_is_replayed_with_its_times_and_in_its_order(station_16, bench):
    left = BEGIN - timedelta(days=5)
    transaction_id = station_16.ask("StartTransaction", said.start_16(timestamp=said.at(left)))["transactionId"]
    for hour in range(1, 100):
        moment = left + timedelta(hours=hour)
        station_16.ask(
            "MeterValues",
            said.meter_values_16({"value": str(1000 + hour)}, moment=moment, transactionId=transaction_id),
        )
    end = left + timedelta(hours=100)
    station_16.ask("StopTransaction", said.stop_16(transaction_id, timestamp=said.at(end), meterStop=1100))
    times = [record.meter_values[0].time for record in bench.records if isinstance(record, Readings)]
    assert times == [left + timedelta(hours=hour) for hour in range(101)]
    assert {entry.received_at for entry in bench.journal.entries} == {BEGIN}
    transaction = station_16.station.transaction("1")
    assert (transaction.started_at, transaction.ended_at) == (left, end)
    assert bench.deviations(Deviation.CLOCK_NOT_BELIEVED) == 0


def test_a_transaction_that_began_in_1970_is_a_transaction(station_16, bench):
    station_16.ask("StartTransaction", said.start_16(timestamp="1970-01-01T00:00:00Z"))
    started, readings = bench.records
    assert started.time == BEGIN
    assert readings.meter_values[0].station_time == datetime(1970, 1, 1, tzinfo=UTC)
