"""Periodic event streams of 2.1: values become readings under the name of what is monitored."""

import json
from datetime import timedelta

import pytest

from gateway.core.csms import Deviation
from gateway.core.event_streams import UNITS, Watched, channel_of, shown
from gateway.core.records import Channel, Event, Fact, RawMessage, Readings
from gateway.core.stations import FACTS_MAX, Station
from tests.core import said
from tests.core.station_bench import BEGIN, OCPP21, OCPP201
from tests.core.test_session_signed import signed

POWER = {"component": {"name": "Connector", "evse": {"id": 2, "connectorId": 1}}, "variable": {"name": "Power"}}


def open_stream(line, stream=7, monitor=3, **params):
    return line.ask(
        "OpenPeriodicEventStream",
        {"constantStreamData": {"id": stream, "variableMonitoringId": monitor, "params": params}},
    )


def send(line, *values, stream=7, base=BEGIN, **more):
    """Say values, each as (seconds after `base`, text), in a message that is not answered."""
    payload = {
        "id": stream,
        "pending": 0,
        "basetime": said.at(base),
        "data": [{"t": offset, "v": value} for offset, value in values],
        **more,
    }
    line.send(json.dumps([6, "s1", "NotifyPeriodicEventStream", payload]))
    assert line.heard() == []


def report_monitor(line, monitor=3, **watched):
    monitoring = {
        "id": monitor,
        "transaction": False,
        "value": 1,
        "type": "Periodic",
        "severity": 9,
        "eventNotificationType": "CustomMonitor",
    }
    line.ask(
        "NotifyMonitoringReport",
        {
            "requestId": 1,
            "seqNo": 0,
            "generatedAt": said.at(),
            "monitor": [{**POWER, **watched, "variableMonitoring": [monitoring]}],
        },
    )


def notify(line, monitor=3, **watched):
    event = {
        "eventId": 1,
        "timestamp": said.at(),
        "trigger": "Periodic",
        "actualValue": "1",
        "eventNotificationType": "CustomMonitor",
        "variableMonitoringId": monitor,
        **POWER,
        **watched,
    }
    line.ask("NotifyEvent", {"generatedAt": said.at(), "seqNo": 0, "eventData": [event]})


def readings(bench):
    return [record for record in bench.records if isinstance(record, Readings)]


def test_values_become_readings_at_their_own_times(station_21, bench):
    report_monitor(station_21)
    assert open_stream(station_21, interval=60, values=3) == {"status": "Accepted"}
    send(station_21, (0, "7200"), (0.5, "7190.5"), (59, "-1"))
    (said_values,) = readings(bench)
    assert (said_values.evse, said_values.connector, said_values.transaction) == (2, 1, None)
    assert [
        (value.time - BEGIN, value.samples[0].value, value.samples[0].channel) for value in said_values.meter_values
    ] == [
        (timedelta(seconds=offset), number, Channel("Connector.Power", None, "Sample.Periodic", "Outlet", "W"))
        for offset, number in ((0, 7200.0), (0.5, 7190.5), (59, -1.0))
    ]


def test_a_monitor_that_is_known_later_gives_its_name_from_then_on(station_21, bench):
    open_stream(station_21)
    send(station_21, (0, "1"))
    report_monitor(station_21)
    send(station_21, (1, "2"))
    first, second = readings(bench)
    assert first.meter_values[0].samples[0].channel.measurand == "PeriodicEventStream.7"
    assert (first.evse, first.connector) == (None, None)
    assert second.meter_values[0].samples[0].channel.measurand == "Connector.Power"
    assert (second.evse, second.connector) == (2, 1)


def test_an_event_of_the_monitor_names_it_as_well(station_21, bench):
    open_stream(station_21)
    notify(station_21, monitor=4)
    send(station_21, (0, "1"))
    notify(station_21, monitor=3)
    notify(station_21, monitor=3)
    send(station_21, (0, "1"))
    names = [said_values.meter_values[0].samples[0].channel.measurand for said_values in readings(bench)]
    assert names == ["PeriodicEventStream.7", "Connector.Power"]
    learnt = [record for record in bench.records if isinstance(record, Fact) and record.kind == "event_stream"]
    assert len(learnt) == 2  # opened, and named once


def test_an_event_without_a_stream_costs_no_fact(station_2, bench):
    notify(station_2)
    assert not any(isinstance(record, Fact) for record in bench.records)


def test_a_stream_that_was_never_opened_is_taken_under_its_number(station_21, bench):
    send(station_21, (0, "1"), stream=99)
    (said_values,) = readings(bench)
    assert said_values.meter_values[0].samples[0].channel.measurand == "PeriodicEventStream.99"


def test_a_closed_stream_has_no_name_any_more(station_21, bench):
    report_monitor(station_21)
    open_stream(station_21)
    assert station_21.ask("ClosePeriodicEventStream", {"id": 7}) == {}
    assert station_21.station.facts("event_stream") == {}
    send(station_21, (0, "1"))
    assert readings(bench)[0].meter_values[0].samples[0].channel.measurand == "PeriodicEventStream.7"
    kinds = [record.kind for record in bench.records if isinstance(record, Event)]
    assert kinds == ["NotifyMonitoringReport", "OpenPeriodicEventStream", "ClosePeriodicEventStream"]


@pytest.mark.parametrize("value", ["", "true", "12,5", "NaN", "Infinity", "1e300", "1_000"])
def test_a_value_that_is_no_number_is_counted_and_kept_beside_those_that_are(station_21, bench, value):
    send(station_21, (0, "1"), (1, value), (2, "3"))
    raw, said_values = bench.records
    assert isinstance(raw, RawMessage)
    assert json.loads(raw.payload)["data"][1]["v"] == value
    assert [value.samples[0].value for value in said_values.meter_values] == [1.0, 3.0]
    assert bench.deviations(Deviation.VALUE_UNREADABLE) == 1


def test_a_message_without_any_number_becomes_no_readings(station_21, bench):
    send(station_21, (0, "on"), (1, "off"))
    assert [type(record) for record in bench.records] == [RawMessage]


@pytest.mark.parametrize("offset", [1e300, -1e300, 1e12, -1e12])
def test_a_time_in_no_calendar_is_kept_and_nothing_else(station_21, bench, offset):
    send(station_21, (offset, "1"))
    (raw,) = bench.records
    assert (type(raw), raw.action, raw.rule) == (RawMessage, "NotifyPeriodicEventStream", "constraint")
    assert bench.logged == []


def test_times_of_a_clock_that_cannot_be_right_are_those_of_receipt(station_21, bench):
    send(station_21, (0, "1"), base=BEGIN.replace(year=1999))
    (meter_value,) = readings(bench)[0].meter_values
    assert (meter_value.time, meter_value.station_time.year) == (BEGIN, 1999)


def test_of_too_many_streams_the_first_loses_its_name_but_no_value(station_21, bench):
    report_monitor(station_21)
    for stream in range(FACTS_MAX + 1):
        assert open_stream(station_21, stream) == {"status": "Accepted"}
    assert len(station_21.station.facts("event_stream")) == FACTS_MAX
    send(station_21, (0, "1"), stream=0)
    send(station_21, (0, "1"), stream=1)
    names = [said_values.meter_values[0].samples[0].channel.measurand for said_values in readings(bench)]
    assert names == ["PeriodicEventStream.0", "Connector.Power"]


def test_streams_outlive_a_restart(station_21):
    open_stream(station_21)
    known = station_21.station
    assert Station.from_bytes(known.identity, known.to_bytes()).facts("event_stream") == known.facts("event_stream")


@pytest.mark.parametrize(
    ("watched", "measurand", "phase", "unit"),
    [
        (Watched("EVSE", "Power"), "EVSE.Power", None, "W"),
        (Watched("EVSE", "ACCurrent", variable_instance="L2"), "EVSE.ACCurrent", "L2", "A"),
        (Watched("Fan", "Speed", "2", "max"), "Fan[2].Speed[max]", None, ""),
    ],
)
def test_a_channel_is_named_by_component_and_variable(watched, measurand, phase, unit):
    channel = channel_of(watched)
    assert (channel.measurand, channel.phase, channel.unit) == (measurand, phase, unit)


@pytest.mark.parametrize("name", ["Power", "power", "POWER"])
def test_the_unit_of_a_variable_is_known_in_any_case(name):
    assert channel_of(Watched("Connector", name)).unit == "W"


def test_units_of_streams_are_base_units():
    assert set(UNITS.values()) <= {"Wh", "W", "A", "V", "Hz", "Celsius", "Percent"}


@pytest.mark.parametrize("version", ["ocpp1.6", OCPP201])
def test_other_versions_know_no_sends(bench, version):
    line = bench.connect(version)
    payload = {"id": 1, "pending": 0, "basetime": said.at(), "data": [{"t": 0, "v": "1"}]}
    line.send(json.dumps([6, "s1", "NotifyPeriodicEventStream", payload]))
    assert bench.records == []
    assert bench.deviations(Deviation.MESSAGE_TYPE_UNKNOWN) == 1
    answered = [message[2] for message in line.heard()]
    assert answered == (["MessageTypeNotSupported"] if version == OCPP201 else [])


def test_an_unknown_send_is_counted_and_not_answered(station_21, bench):
    station_21.send('[6,"s1","NotifyNothing",{}]')
    assert station_21.heard() == []
    assert bench.counted(OCPP21, "unknown") == {"refused": 1}
    assert bench.records == []


def test_a_send_of_a_station_that_is_not_accepted_is_counted_and_not_taken(bench):
    line = bench.connect(OCPP21, booted=False)
    send(line, (0, "1"))
    assert bench.records == []
    assert bench.counted(OCPP21, "NotifyPeriodicEventStream") == {"refused": 1}


def test_a_send_overtakes_an_answer_that_is_withheld(station_21, bench):
    first = station_21.call("MeterValues", said.meter_values_201())
    payload = {"id": 1, "pending": 0, "basetime": said.at(), "data": [{"t": 0, "v": "1"}]}
    station_21.send(json.dumps([6, "s1", "NotifyPeriodicEventStream", payload]))
    assert len(bench.journal.entries) == 2
    assert station_21.link.is_reading
    assert bench.deviations(Deviation.CALL_BEFORE_ANSWER) == 0
    bench.journal.commit()
    assert [message[1] for message in station_21.heard()] == [first]


def test_sends_without_room_are_held_and_taken_in_order(station_21, bench):
    bench.journal.has_room = False
    send(station_21, (0, "1"))
    assert not station_21.link.is_reading
    bench.journal.has_room = True
    send(station_21, (1, "2"))  # what was already on its way must not overtake the first
    assert bench.records == []
    bench.make_room()
    values = [said_values.meter_values[0].samples[0].value for said_values in readings(bench)]
    assert values == [1.0, 2.0]
    assert station_21.link.is_reading


def test_a_send_that_is_lost_with_its_connection_is_counted(station_21, bench):
    """Nobody sends it again, so that it is not to be lost in silence."""
    bench.journal.has_room = False
    send(station_21, (0, "1"))
    station_21.call("Heartbeat")
    station_21.session.close()
    assert bench.counted(OCPP21, "NotifyPeriodicEventStream") == {"refused": 1}
    assert bench.counted(OCPP21, "Heartbeat") == {}


def test_a_signed_send_is_taken_and_kept(station_21, bench):
    payload = {"id": 1, "pending": 0, "basetime": said.at(), "data": [{"t": 0, "v": "1"}]}
    station_21.send(json.dumps([6, "s1", "NotifyPeriodicEventStream-Signed", signed(payload)]))
    said_values, evidence = bench.records
    assert isinstance(said_values, Readings)
    assert evidence.kind == "NotifyPeriodicEventStream-Signed"
    assert station_21.heard() == []


def test_a_stream_is_shown_with_the_variable_that_its_monitor_watches(station_21):
    open_stream(station_21)
    assert [stream["watched"] for stream in shown(station_21.station, {}, BEGIN)] == [None]
    report_monitor(station_21)
    (stream,) = shown(station_21.station, {}, BEGIN)
    assert (stream["stream_id"], stream["monitor_id"]) == (7, 3)
    assert stream["watched"] == {
        "component": "Connector",
        "variable": "Power",
        "component_instance": None,
        "variable_instance": None,
        "evse": 2,
        "connector": 1,
    }


def test_a_stream_is_shown_with_the_variable_that_an_event_told(station_21):
    open_stream(station_21)
    notify(station_21)
    (stream,) = shown(station_21.station, {}, BEGIN)
    assert (stream["watched"]["component"], stream["watched"]["variable"]) == ("Connector", "Power")
