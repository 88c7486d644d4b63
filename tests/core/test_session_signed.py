"""`<Action>-Signed` (2.x Part 4 section 7): treated as the action, kept as it came, answered unsigned."""

import base64
import json

import pytest

from gateway.core.records import Event, RawMessage, Readings, StationBooted
from tests.core import said
from tests.core.station_bench import BOOTS, OCPP16, OCPP21


def signed(payload, signature="c2lnbmVk"):
    encoded = base64.urlsafe_b64encode(json.dumps(payload).encode()).rstrip(b"=").decode()
    return {"payload": encoded, "protected": "eyJhbGciOiJFUzI1NiJ9", "signature": signature}


def ask(line, action, payload):
    """Send a signed CALL, and return the payload of its CALLRESULT, which must fit the schema of the plain action."""
    message_id = line.call(f"{action}-Signed", payload)
    line._asked[message_id] = action
    line.bench.journal.commit()
    ((kind, answered, answer),) = line.heard()
    assert (kind, answered) == (3, message_id)
    return answer


def refusal(line, action, payload):
    line.call(action, payload)
    ((kind, _, code, _, _),) = line.heard()
    assert kind == 4
    return code


def test_a_signed_request_is_treated_as_its_action_and_kept_as_it_came(station_2, bench):
    jws = signed(said.meter_values_201())
    assert ask(station_2, "MeterValues", jws) == {}
    readings, evidence = bench.records
    assert isinstance(readings, Readings)
    assert (type(evidence), evidence.kind) == (Event, "MeterValues-Signed")
    assert json.loads(evidence.detail) == {"jws": jws}
    assert bench.counted(station_2.version, "MeterValues") == {"answered": 1}


def test_a_compact_signature_is_read_too(station_2, bench):
    jws = signed(said.meter_values_201())
    compact = f"{jws['protected']}.{jws['payload']}.{jws['signature']}"
    assert ask(station_2, "MeterValues", compact) == {}
    assert json.loads(bench.records[1].detail) == {"jws": compact}


@pytest.mark.parametrize(
    ("name", "mutability", "is_kept"),
    [("Power", "ReadOnly", True), ("ApnPassword", "ReadWrite", False), ("Token", "WriteOnly", False)],
)
def test_a_signed_report_of_a_secret_is_not_kept_as_it_came(station_2, bench, name, mutability, is_kept):
    """Secrets are never kept, and base64 hides none."""
    row = {
        "component": {"name": "SecurityCtrlr"},
        "variable": {"name": name},
        "variableAttribute": [{"value": "hunter2", "mutability": mutability}],
    }
    report = {"requestId": 1, "generatedAt": said.at(), "seqNo": 0, "reportData": [row]}
    assert ask(station_2, "NotifyReport", signed(report)) == {}
    kept = [record.kind for record in bench.records if isinstance(record, Event)]
    assert kept == (["NotifyReport-Signed"] if is_kept else [])


def test_what_leaves_no_record_leaves_no_evidence(station_2, bench):
    assert ask(station_2, "Heartbeat", signed({})).keys() == {"currentTime"}
    assert bench.records == []


def test_a_station_may_register_with_a_signed_boot(bench):
    line = bench.connect(OCPP21, booted=False)
    assert ask(line, "BootNotification", signed(BOOTS[OCPP21]))["status"] == "Accepted"
    assert isinstance(bench.records[0], StationBooted)


def test_a_repeat_is_known_by_what_is_signed_as_signatures_differ(station_2, bench):
    ask(station_2, "TransactionEvent", signed(said.event_201("Started", 0), "Zmlyc3Q"))
    ask(station_2, "TransactionEvent", signed(said.event_201("Started", 0), "c2Vjb25k"))
    assert len(bench.journal.entries) == 1


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        ({}, "OccurrenceConstraintViolation"),
        ([], "TypeConstraintViolation"),
        ({"payload": "%", "signature": ""}, "PropertyConstraintViolation"),
        ({"payload": "e30x", "signature": ""}, "FormatViolation"),
        (signed({"unknown": 1}), "FormatViolation"),
        (signed([]), "TypeConstraintViolation"),
    ],
)
def test_what_is_no_signature_or_signs_no_such_request_is_refused(station_2, bench, payload, code):
    assert refusal(station_2, "Heartbeat-Signed", payload) == code
    assert bench.records == []


def test_an_undecodable_signed_transaction_message_is_kept_as_it_came(station_2, bench):
    for payload in (signed({"broken": 1}), {"payload": 7}, "a.b.c"):
        assert ask(station_2, "TransactionEvent", payload) == {}
        raw = bench.records[-1]
        assert isinstance(raw, RawMessage)
        assert (raw.action, json.loads(raw.payload)) == ("TransactionEvent", payload)


def test_a_signed_transaction_message_that_is_no_json_is_kept_too(station_2, bench):
    station_2._asked["1"] = "TransactionEvent"
    station_2.send('[2,"1","TransactionEvent-Signed",{"payload":NaN}]')
    bench.journal.commit()
    assert station_2.heard() == [[3, "1", {}]]
    assert bench.records[0].payload == b'{"payload":NaN}'


@pytest.mark.parametrize("action", ["MakeCoffee-Signed", "-Signed", "Reset-Signed", "Heartbeat-Signed-Signed"])
def test_an_action_that_no_station_sends_is_not_implemented_signed_either(station_2, action):
    assert refusal(station_2, action, signed({})) == "NotImplemented"


def test_16_knows_no_signed_messages(station_16):
    assert refusal(station_16, "Heartbeat-Signed", signed({})) == "NotImplemented"


def test_before_it_is_accepted_a_station_is_refused_signed_too(bench):
    line = bench.connect(OCPP21, booted=False)
    assert refusal(line, "Heartbeat-Signed", signed({})) == "SecurityError"


def test_16_still_refuses_to_keep_a_broken_message_under_a_signed_name(bench):
    line = bench.connect(OCPP16)
    line.send('[2,"1","MeterValues-Signed",{"payload":NaN}]')
    ((kind, message_id, code, _, _),) = line.heard()
    assert (kind, message_id, code) == (4, "1", "FormationViolation")
    assert bench.records == []
