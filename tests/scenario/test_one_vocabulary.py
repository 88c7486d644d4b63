"""What a 1.6 and a 2.x station say about the same thing gives equal records, 2.0.1 and 2.1 alike.

One charge of an hour is said in both, as each version would, and compared field by field. Exempt is only what
one of the versions cannot say, and the tests name all of it:

- `TransactionEvent.transaction`: 1.6 ids are given out by the gateway, 2.x ids are made by the station;
- `TransactionEvent.seq_no` and `missing_seq_nos`: 1.6 has no sequence numbers;
- `TransactionEvent.connector` is always 1 in 1.6, where a connector is what 2.x calls an EVSE;
- a 2.x station stamps meter values with an Updated event of their own (MeterValuePeriodic); 1.6 sends them bare;
- a 1.6 StatusNotification also says how the transaction goes on: there the Updated event comes with the status;
- `StationBooted.version`, and `reason`, which 1.6 does not give.
"""

import json
from datetime import timedelta

import msgspec
import pytest

from gateway.core.records import ConnectorStatus, Event, Readings, StationBooted, TransactionEvent
from tests.core import said
from tests.core.station_bench import BEGIN, OCPP16, OCPP21, OCPP201, Bench, Line

EVSE = 2
TOKEN = "04E8960A1B3C80"
MINUTES = range(10, 60, 10)


def moment(minutes):
    return BEGIN - timedelta(minutes=60 - minutes)


def sampled_16(register_wh, power_w, context="Sample.Periodic"):
    """Seven values, in the units that stations like to use."""
    outlet = {"context": context, "location": "Outlet"}
    return [
        {**outlet, "value": f"{register_wh / 1000}", "unit": "kWh", "measurand": "Energy.Active.Import.Register"},
        {**outlet, "value": f"{power_w / 1000}", "unit": "kW", "measurand": "Power.Active.Import"},
        *(
            {**outlet, "value": "16.1", "unit": "A", "measurand": "Current.Import", "phase": phase}
            for phase in ("L1", "L2", "L3")
        ),
        {**outlet, "value": "230.4", "unit": "V", "measurand": "Voltage", "phase": "L1-N"},
        {"context": context, "value": "47", "unit": "Percent", "measurand": "SoC", "location": "EV"},
    ]


def sampled_2(register_wh, power_w, context="Sample.Periodic"):
    """The same, in other units and with multipliers."""
    outlet = {"context": context, "location": "Outlet"}
    return [
        {**outlet, "value": register_wh, "measurand": "Energy.Active.Import.Register"},
        {
            **outlet,
            "value": power_w / 100,
            "measurand": "Power.Active.Import",
            "unitOfMeasure": {"unit": "W", "multiplier": 2},
        },
        *(
            {
                **outlet,
                "value": 161,
                "measurand": "Current.Import",
                "phase": phase,
                "unitOfMeasure": {"unit": "A", "multiplier": -1},
            }
            for phase in ("L1", "L2", "L3")
        ),
        {**outlet, "value": 230.4, "measurand": "Voltage", "phase": "L1-N", "unitOfMeasure": {"unit": "V"}},
        {"context": context, "value": 47, "measurand": "SoC", "location": "EV", "unitOfMeasure": {"unit": "Percent"}},
    ]


def charge_16(line: Line) -> str:
    """Plug in, charge for an hour, stop at the vehicle. Return the id of the transaction."""
    status = {"connectorId": EVSE, "errorCode": "NoError"}
    line.ask("StatusNotification", {**status, "status": "Preparing", "timestamp": said.at(moment(0))})
    started = line.ask(
        "StartTransaction",
        {"connectorId": EVSE, "idTag": TOKEN, "meterStart": 12000, "timestamp": said.at(moment(0)), "reservationId": 3},
    )
    transaction_id = started["transactionId"]
    line.ask("StatusNotification", {**status, "status": "Charging", "timestamp": said.at(moment(1))})
    for minutes in MINUTES:
        value = {"timestamp": said.at(moment(minutes)), "sampledValue": sampled_16(12000 + 180 * minutes, 11040)}
        line.ask("MeterValues", {"connectorId": EVSE, "transactionId": transaction_id, "meterValue": [value]})
    line.ask("StatusNotification", {**status, "status": "SuspendedEV", "timestamp": said.at(moment(55))})
    line.ask(
        "StopTransaction",
        {
            "transactionId": transaction_id,
            "idTag": TOKEN,
            "meterStop": 22800,
            "timestamp": said.at(moment(60)),
            "reason": "EVDisconnected",
        },
    )
    line.ask("StatusNotification", {**status, "status": "Available", "timestamp": said.at(moment(60))})
    return str(transaction_id)


def availability(word, timestamp):
    """The state of the connector as 2.1 puts it, which deprecates StatusNotification."""
    event = {
        "eventId": 1,
        "timestamp": timestamp,
        "trigger": "Delta",
        "actualValue": word,
        "eventNotificationType": "HardWiredNotification",
        "component": {"name": "Connector", "evse": {"id": EVSE, "connectorId": 1}},
        "variable": {"name": "AvailabilityState"},
    }
    return {"generatedAt": timestamp, "seqNo": 0, "eventData": [event]}


def charge_2(line: Line) -> str:
    transaction = "a-uuid-of-the-station"
    numbers = iter(range(100))

    def event(kind, minutes, trigger, info=None, **more):
        line.ask(
            "TransactionEvent",
            {
                "eventType": kind,
                "timestamp": said.at(moment(minutes)),
                "triggerReason": trigger,
                "seqNo": next(numbers),
                "transactionInfo": {"transactionId": transaction, **(info or {})},
                "evse": {"id": EVSE, "connectorId": 1},
                **more,
            },
        )

    def status(minutes, word):
        if line.version == OCPP201:
            line.ask("StatusNotification", said.status_201(word, EVSE, timestamp=said.at(moment(minutes))))
        else:
            line.ask("NotifyEvent", availability(word, said.at(moment(minutes))))

    def register(minutes, value, context):
        return [{"timestamp": said.at(moment(minutes)), "sampledValue": [{"value": value, "context": context}]}]

    token = {"idToken": TOKEN, "type": "ISO14443"}
    status(0, "Occupied")
    begin = register(0, 12000, "Transaction.Begin")
    event("Started", 0, "Authorized", idToken=token, meterValue=begin, reservationId=3)
    event("Updated", 1, "ChargingStateChanged", {"chargingState": "Charging"})
    for minutes in MINUTES:
        value = {"timestamp": said.at(moment(minutes)), "sampledValue": sampled_2(12000 + 180 * minutes, 11040)}
        event("Updated", minutes, "MeterValuePeriodic", meterValue=[value])
    event("Updated", 55, "ChargingStateChanged", {"chargingState": "SuspendedEV"})
    event(
        "Ended",
        60,
        "EVDeparted",
        {"stoppedReason": "EVDisconnected"},
        idToken=token,
        meterValue=register(60, 22800, "Transaction.End"),
    )
    status(60, "Available")
    return transaction


@pytest.fixture(scope="module", params=[OCPP201, OCPP21])
def two(request):
    """A version of 2.x, to be compared with 1.6."""
    return request.param


@pytest.fixture(scope="module")
def charges(two):
    """The same charge in 1.6 and 2.x: benches, and the records with the transaction's name made equal."""
    benches, records = {}, {}
    for version, charge in ((OCPP16, charge_16), (two, charge_2)):
        bench = benches[version] = Bench()
        name = charge(bench.connect(version))
        records[version] = [
            msgspec.structs.replace(record, transaction="THE ONE")
            if getattr(record, "transaction", None) == name
            else record
            for record in bench.records
        ]
    return benches, records


def of_type(records, kind):
    return [record for record in records if isinstance(record, kind)]


def test_all_readings_are_equal(charges, two):
    _, records = charges
    old, new = (of_type(records[version], Readings) for version in (OCPP16, two))
    assert old == new
    assert sum(len(value.samples) for readings in old for value in readings.meter_values) == 2 + 7 * len(MINUTES)


def test_the_steps_of_the_transaction_are_equal_but_for_sequence_numbers(charges, two):
    _, records = charges
    old, new = (of_type(records[version], TransactionEvent) for version in (OCPP16, two))
    assert [event.seq_no for event in old] == [None] * 4
    assert [event.seq_no for event in new] == list(range(9))
    steps = [event for event in new if event.trigger != "MeterValuePeriodic"]
    assert [msgspec.structs.replace(event, seq_no=None) for event in steps] == old


def same_word(status, before):
    return before is not None and before.status == status.status


def test_a_16_status_says_more_often_that_the_connector_is_occupied_and_otherwise_the_same(charges, two):
    _, records = charges
    old, new = (of_type(records[version], ConnectorStatus) for version in (OCPP16, two))
    news = [status for status, before in zip(old, [None, *old], strict=False) if not same_word(status, before)]
    assert news == new
    assert len(old) == 4


def test_what_is_known_of_the_transaction_afterwards_is_equal(charges, two):
    benches, _ = charges
    (old,) = benches[OCPP16].registry.get("CP1").state.transactions
    (new,) = benches[two].registry.get("CP1").state.transactions
    assert (old.seq_nos, new.seq_nos.missing) == (None, [])
    assert msgspec.structs.replace(old, transaction="", seq_nos=None) == msgspec.structs.replace(
        new, transaction="", seq_nos=None
    )
    assert (old.start_wh, old.register_wh, old.id_token, old.evse) == (12000.0, 22800.0, TOKEN, EVSE)
    assert old.ended_at - old.started_at == timedelta(hours=1)


def records_of(version, action, payload):
    bench = Bench()
    bench.connect(version).ask(action, payload)
    return bench.records


def test_a_boot_is_equal_but_for_version_and_reason(two):
    (old,) = records_of(
        OCPP16,
        "BootNotification",
        {
            "chargePointVendor": "V",
            "chargePointModel": "M",
            "chargePointSerialNumber": "S",
            "firmwareVersion": "1.2",
        },
    )
    (new,) = records_of(
        two,
        "BootNotification",
        {
            "reason": "PowerUp",
            "chargingStation": {"vendorName": "V", "model": "M", "serialNumber": "S", "firmwareVersion": "1.2"},
        },
    )
    assert old == StationBooted(OCPP16, "V", "M", "S", "1.2", None, "Accepted")
    assert msgspec.structs.replace(new, version=OCPP16, reason=None) == old


def test_the_main_meter_is_equal(two):
    payload = {"timestamp": said.at()}
    old = records_of(
        OCPP16, "MeterValues", {"connectorId": 0, "meterValue": [{**payload, "sampledValue": sampled_16(5000, 700)}]}
    )
    new = records_of(
        two, "MeterValues", {"evseId": 0, "meterValue": [{**payload, "sampledValue": sampled_2(5000, 700)}]}
    )
    assert old == new
    assert old[0].evse == 0


@pytest.mark.parametrize("word", ["Available", "Reserved", "Unavailable", "Faulted"])
def test_a_status_that_both_versions_have_is_equal(word, two):
    old = records_of(OCPP16, "StatusNotification", said.status_16(word, timestamp=said.at()))
    assert old == records_of(two, "StatusNotification", said.status_201(word))


@pytest.mark.parametrize(
    ("action_16", "action", "payload"),
    [
        (
            "SecurityEventNotification",
            "SecurityEventNotification",
            {"type": "TamperDetectionActivated", "timestamp": said.at()},
        ),
        ("LogStatusNotification", "LogStatusNotification", {"status": "Uploaded", "requestId": 4}),
        ("SignedFirmwareStatusNotification", "FirmwareStatusNotification", {"status": "Installed", "requestId": 4}),
        ("FirmwareStatusNotification", "FirmwareStatusNotification", {"status": "Downloading"}),
        ("DiagnosticsStatusNotification", "LogStatusNotification", {"status": "Uploading"}),
        ("DataTransfer", "DataTransfer", {"vendorId": "V", "messageId": "M", "data": "text"}),
        ("SignCertificate", "SignCertificate", {"csr": "a request"}),
    ],
)
def test_an_event_is_equal_as_json(two, action_16, action, payload):
    (old,), (new,) = records_of(OCPP16, action_16, payload), records_of(two, action, payload)
    assert isinstance(old, Event)
    assert (old.time, old.kind, json.loads(old.detail)) == (new.time, new.kind, json.loads(new.detail))
    assert (old.kind, json.loads(old.detail)) == (action, payload)


def test_a_clock_of_1970_is_treated_equally(two):
    old = records_of(OCPP16, "MeterValues", said.meter_values_16())
    wrong = "1970-01-01T00:00:09Z"
    payload_16, payload_201 = said.meter_values_16(), said.meter_values_201()
    for payload in (payload_16, payload_201):
        payload["meterValue"][0]["timestamp"] = wrong
    old, new = records_of(OCPP16, "MeterValues", payload_16), records_of(two, "MeterValues", payload_201)
    assert old == new
    assert old[0].meter_values[0].time == BEGIN
