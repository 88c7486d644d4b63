"""Every action of every version: answered as its schema says, with records that the journal can write."""

import json
from datetime import timedelta
from random import Random

import pytest

from gateway.core.facts.jobs import JOBS, Job
from gateway.core.facts.reservations import RESERVATIONS, Reservation
from gateway.core.protocols import PROTOCOLS
from gateway.core.records import Event, Fact
from tests.core import said
from tests.core.station_bench import BEGIN, MESSAGES, OCPP16, OCPP21, OCPP201
from tests.wire import schema_oracle

ACTIONS = [
    (version, action) for version, protocol in PROTOCOLS.items() for action in sorted(protocol.version.from_station)
]

RECORDS_16 = {
    "Authorize": [],
    "BootNotification": ["StationBooted"],
    "DiagnosticsStatusNotification": ["LogStatusNotification"],
    "Heartbeat": [],
    "MeterValues": ["Readings"],
    "SignedFirmwareStatusNotification": ["FirmwareStatusNotification"],
    "StartTransaction": ["TransactionEvent", "Readings"],
    "StatusNotification": ["ConnectorStatus"],
    "StopTransaction": ["TransactionEvent", "Readings"],
}
RECORDS_201 = {
    "Authorize": [],
    "BootNotification": ["StationBooted"],
    "Get15118EVCertificate": [],
    "GetCertificateStatus": [],
    "Heartbeat": [],
    "MeterValues": ["Readings"],
    "NotifyChargingLimit": ["NotifyChargingLimit", "external_limit"],
    "NotifyEVChargingNeeds": ["NotifyEVChargingNeeds", "charging_needs"],
    "NotifyEvent": ["NotifyEvent", "DeviceVariables"],
    "NotifyReport": [],
    "StatusNotification": ["ConnectorStatus"],
    "TransactionEvent": ["TransactionEvent"],
}
RECORDS_21 = {
    **RECORDS_201,
    "BatterySwap": ["BatterySwap", "battery"],
    "ClosePeriodicEventStream": ["ClosePeriodicEventStream", "event_stream"],
    "GetCertificateChainStatus": [],
    "NotifyDERAlarm": ["NotifyDERAlarm", "der_alarm"],
    "NotifyDERStartStop": ["NotifyDERStartStop", "der_control"],
    "NotifyPriorityCharging": ["NotifyPriorityCharging", "priority_charging"],
    "OpenPeriodicEventStream": ["OpenPeriodicEventStream", "event_stream"],
    "PullDynamicScheduleUpdate": [],
    "VatNumberValidation": [],
}
RECORDS = {OCPP16: RECORDS_16, OCPP201: RECORDS_201, OCPP21: RECORDS_21}
"""What the shortest request of an action becomes, an event or a fact by its kind; any other action is an event of its
name."""

AS_EVENTS = [
    (version, action)
    for version, action in ACTIONS
    if action != "TransactionEvent" and RECORDS[version].get(action, [action])[:1] == [action]
]


def name_of(record):
    return record.kind if isinstance(record, Event | Fact) else type(record).__name__


def maker(version, action):
    return schema_oracle.Maker(MESSAGES[version, action, "request"].schema, Random(f"{version} {action}"))


def test_every_action_that_a_station_may_send_has_a_rule():
    assert {version: len(protocol.rules) for version, protocol in PROTOCOLS.items()} == {
        OCPP16: 14,
        OCPP201: 25,
        OCPP21: 37,
    }
    for protocol in PROTOCOLS.values():
        assert protocol.rules.keys() == protocol.version.from_station.keys() | protocol.version.sends.keys()


@pytest.mark.parametrize(("version", "action"), ACTIONS)
def test_the_shortest_request_becomes_its_records(bench, version, action):
    line = bench.connect(version)
    payload = maker(version, action).payload(0.0)
    if action == "BatterySwap":
        payload["eventType"] = "BatteryIn"
    line.ask(action, payload)
    names = [name_of(record) for record in bench.records if name_of(record) != "RawMessage"]  # random is no number
    assert names == RECORDS[version].get(action, [action])


@pytest.mark.parametrize(("version", "action"), ACTIONS)
def test_any_valid_request_is_answered_by_its_schema(bench, version, action):
    line = bench.connect(version)
    made = maker(version, action)
    for share in (0.0, 1.0, 0.5, 0.5, 0.8, 0.8):
        line.ask(action, made.payload(share))
    assert [fields for event, fields in bench.logged if event == "answer_failed"] == []


@pytest.mark.parametrize(("version", "action"), AS_EVENTS)
def test_what_is_kept_as_an_event_keeps_all_that_was_sent(bench, version, action):
    line = bench.connect(version)
    payload = maker(version, action).payload(1.0)
    line.ask(action, payload)
    event, *others = bench.records
    assert not [other for other in others if isinstance(other, Event)]
    assert event.kind == action
    kept = json.loads(event.detail)
    assert kept.keys() == payload.keys()
    assert {name: value for name, value in kept.items() if not isinstance(value, str | list | dict)} == {
        name: value for name, value in payload.items() if not isinstance(value, str | list | dict)
    }


@pytest.mark.parametrize(
    ("sent", "kept"), [("Uploaded", "Uploaded"), ("UploadFailed", "UploadFailure"), ("Idle", "Idle")]
)
def test_diagnostics_of_16_are_the_log_status_of_2(station_16, bench, sent, kept):
    station_16.ask("DiagnosticsStatusNotification", {"status": sent})
    (event,) = bench.records
    assert (event.kind, json.loads(event.detail)) == ("LogStatusNotification", {"status": kept})
    allowed = MESSAGES[OCPP201, "LogStatusNotification", "request"].schema["definitions"]["UploadLogStatusEnumType"]
    assert kept in allowed["enum"]


@pytest.mark.parametrize("version", [OCPP16, OCPP201, OCPP21])
def test_a_data_transfer_is_kept_and_nobody_here_is_its_vendor(bench, version):
    line = bench.connect(version)
    sent = {"vendorId": "Vendor", "messageId": "M", "data": '{"x": "\u20ac"}'}
    assert line.ask("DataTransfer", sent) == {"status": "UnknownVendorId"}
    assert json.loads(bench.records[0].detail) == sent


@pytest.mark.parametrize("version", [OCPP16, OCPP201, OCPP21])
def test_a_security_event_keeps_its_time(bench, version):
    sent = {"type": "InvalidCsmsCertificate", "timestamp": "2026-02-27T01:02:03Z", "techInfo": "why"}
    bench.connect(version).ask("SecurityEventNotification", sent)
    (event,) = bench.records
    assert event.time.isoformat() == "2026-02-27T01:02:03+00:00"
    assert json.loads(event.detail) == sent


def test_a_transaction_ends_the_reservation_that_it_uses(station, bench):
    made = Reservation(reservation_id=5, id_token="TAG1", expires_at=BEGIN + timedelta(hours=1), made_at=BEGIN)
    bench.recorder.record(station.station, [RESERVATIONS.holds("5", made, BEGIN)], BEGIN)
    if station.version == OCPP16:
        station.ask("StartTransaction", said.start_16(reservationId=5))
    else:
        station.ask("TransactionEvent", said.event_201("Started", 0, reservationId=5))
    known = RESERVATIONS.get(station.station, "5")
    assert (known.state, known.transaction) == ("used", "1" if station.version == OCPP16 else "T1")


def test_a_reservation_that_a_station_gives_up_ends(station_2, bench):
    made = Reservation(reservation_id=5, id_token="TAG1", expires_at=BEGIN + timedelta(hours=1), made_at=BEGIN)
    bench.recorder.record(station_2.station, [RESERVATIONS.holds("5", made, BEGIN)], BEGIN)
    station_2.ask("ReservationStatusUpdate", {"reservationId": 5, "reservationUpdateStatus": "Removed"})
    assert RESERVATIONS.get(station_2.station, "5").state == "removed"


@pytest.mark.parametrize(
    ("version", "action", "sort", "request_id", "status"),
    [
        (OCPP16, "FirmwareStatusNotification", "firmware", False, "Downloading"),
        (OCPP16, "SignedFirmwareStatusNotification", "firmware", True, "Downloading"),
        (OCPP16, "DiagnosticsStatusNotification", "log", False, "Uploading"),
        (OCPP16, "LogStatusNotification", "log", True, "Uploading"),
        *[
            (version, action, sort, True, status)
            for version in (OCPP201, OCPP21)
            for action, sort, status in (
                ("FirmwareStatusNotification", "firmware", "Downloading"),
                ("LogStatusNotification", "log", "Uploading"),
                ("PublishFirmwareStatusNotification", "firmware_publication", "Downloading"),
            )
        ],
    ],
)
def test_the_news_of_a_job_reach_it(bench, version, action, sort, request_id, status):
    line = bench.connect(version)
    begun = Job(request_id=7, sort=sort, action="Any", location="", asked_at=BEGIN)
    bench.recorder.record(line.station, [JOBS.holds("7", begun, BEGIN)], BEGIN)
    line.ask(action, {"status": status, **({"requestId": 7} if request_id else {})})
    assert JOBS.get(line.station, "7").state == status
