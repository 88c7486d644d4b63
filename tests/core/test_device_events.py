"""NotifyEvent and NotifyReport: connector states, values of variables, secrets."""

import json

import pytest

from gateway.core.device_events import STATUSES
from gateway.core.records import ConnectorStatus, DeviceVariables, Event
from tests.core import said
from tests.core.station_bench import BEGIN, MESSAGES, OCPP201


def event(value, component="Connector", evse=1, connector=1, variable="AvailabilityState", **more):
    place = {} if evse is None else {"evse": {"id": evse, **({} if connector is None else {"connectorId": connector})}}
    return {
        "eventId": 1,
        "timestamp": said.at(),
        "trigger": "Delta",
        "actualValue": value,
        "eventNotificationType": "HardWiredNotification",
        "component": {"name": component, **place},
        "variable": {"name": variable},
        **more,
    }


def notify(line, *events):
    return line.ask("NotifyEvent", {"generatedAt": said.at(), "seqNo": 0, "eventData": list(events)})


def statuses(bench):
    return [record for record in bench.records if isinstance(record, ConnectorStatus)]


def test_the_availability_state_of_a_connector_is_its_status(station_2, bench):
    assert notify(station_2, event("Occupied", evse=2, connector=3)) == {}
    assert statuses(bench) == [ConnectorStatus(BEGIN, 2, 3, "Occupied")]
    (known,) = station_2.station.state.connectors
    assert (known.evse, known.connector, known.status) == (2, 3, "Occupied")


def test_the_event_is_kept_beside_the_status(station_2, bench):
    notify(station_2, event("Occupied"))
    (kept,) = [record for record in bench.records if isinstance(record, Event)]
    assert json.loads(kept.detail)["eventData"][0]["actualValue"] == "Occupied"


@pytest.mark.parametrize(
    ("component", "evse", "connector", "place"),
    [("EVSE", 2, None, (2, 0)), ("EVSE", 2, 1, (2, 0)), ("ChargingStation", None, None, (0, 0))],
)
def test_an_evse_or_the_station_as_a_whole_has_connector_0(station_2, bench, component, evse, connector, place):
    notify(station_2, event("Unavailable", component, evse, connector))
    assert [(status.evse, status.connector, status.status) for status in statuses(bench)] == [(*place, "Unavailable")]


def test_names_of_the_device_model_are_read_in_any_case(station_2, bench):
    notify(station_2, event("Occupied", "connector", variable="availabilityState"))
    notify(station_2, event("Unavailable", "evse", connector=None, variable="AVAILABILITYSTATE"))
    assert [(said.connector, said.status) for said in statuses(bench)] == [(1, "Occupied"), (0, "Unavailable")]


@pytest.mark.parametrize(
    "no_status",
    [
        event("Occupied", variable="Available"),
        event("Charging"),
        event(""),
        event("Occupied", component="Fan"),
        event("Occupied", evse=None),
        event("Occupied", connector=None),
        event("Occupied", component="EVSE", evse=None),
    ],
    ids=["other variable", "unknown state", "no state", "other component", "no place", "no connector", "no EVSE"],
)
def test_other_events_are_no_status(station_2, bench, no_status):
    notify(station_2, no_status)
    assert statuses(bench) == []
    assert isinstance(bench.records[0], Event)


def test_every_state_of_the_specification_is_known():
    schema = MESSAGES[OCPP201, "StatusNotification", "request"].schema
    assert frozenset(schema["definitions"]["ConnectorStatusEnumType"]["enum"]) == STATUSES


def test_several_events_of_one_message_are_all_taken(station_2, bench):
    notify(station_2, event("Occupied", evse=1), event("1", variable="Power"), event("Available", evse=2))
    assert [(status.evse, status.status) for status in statuses(bench)] == [(1, "Occupied"), (2, "Available")]


def test_a_fault_says_what_it_is_and_another_state_does_not(station_2, bench):
    notify(station_2, event("Faulted", techCode="E7", techInfo="relay"), event("Available", techCode="E7"))
    assert [(status.error_code, status.detail) for status in statuses(bench)] == [("E7", "relay"), (None, None)]


def test_the_time_is_that_of_the_event_and_late_ones_do_not_win(station_2):
    notify(station_2, event("Occupied"))
    notify(station_2, event("Available", timestamp="2026-03-01T11:00:00Z"))
    (known,) = station_2.station.state.connectors
    assert known.status == "Occupied"


def test_a_time_that_cannot_be_right_is_that_of_receipt(station_2, bench):
    notify(station_2, event("Occupied", timestamp="1970-01-01T00:00:00Z"))
    assert statuses(bench)[0].time == BEGIN


def test_the_values_of_events_are_those_of_their_variables(station_2, bench):
    notify(station_2, event("21.5", "Fan", None, variable="Temperature"))
    (told,) = [record for record in bench.records if isinstance(record, DeviceVariables)]
    (variable,) = told.variables
    assert (variable.component, variable.variable, variable.value) == ("Fan", "Temperature", "21.5")


def test_a_secret_is_kept_nowhere(station_2, bench):
    notify(station_2, event("hunter2", "SecurityCtrlr", None, variable="BasicAuthPassword"), event("Occupied"))
    row = {
        "component": {"name": "SecurityCtrlr"},
        "variable": {"name": "BasicAuthPassword"},
        "variableAttribute": [{"value": "hunter2"}],
    }
    station_2.ask("NotifyReport", {"requestId": 1, "generatedAt": said.at(), "seqNo": 0, "reportData": [row]})
    assert len(bench.journal.entries) == 2
    assert "hunter2" not in repr(bench.records)
    assert statuses(bench)


def test_a_report_becomes_variables_and_no_event(station_2, bench):
    row = {
        "component": {"name": "EVSE", "evse": {"id": 1}},
        "variable": {"name": "Power"},
        "variableAttribute": [{"value": "11000", "mutability": "ReadOnly"}],
        "variableCharacteristics": {"unit": "W", "dataType": "decimal", "supportsMonitoring": True},
    }
    station_2.ask("NotifyReport", {"requestId": 1, "generatedAt": said.at(), "seqNo": 0, "reportData": [row]})
    (told,) = bench.records
    (variable,) = told.variables
    assert (variable.evse, variable.variable, variable.value, variable.unit) == (1, "Power", "11000", "W")
