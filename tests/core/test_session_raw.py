"""Transaction messages that cannot be decoded: kept verbatim and answered, or refused where the operator is strict."""

import json

import pytest

from gateway.core.authorisation import Token
from gateway.core.csms import INTEGER_MAX
from gateway.core.records import RawMessage
from tests.core import said
from tests.core.station_bench import OCPP16, OCPP21, OCPP201, Bench

TRANSACTION_ACTIONS = [
    (OCPP16, "StartTransaction"),
    (OCPP16, "StopTransaction"),
    (OCPP16, "MeterValues"),
    (OCPP201, "TransactionEvent"),
    (OCPP201, "MeterValues"),
    (OCPP21, "TransactionEvent"),
    (OCPP21, "MeterValues"),
]
BROKEN_PAYLOADS = {
    "NaN": '{"value":NaN}',
    "a duplicate key": '{"a":1,"a":2}',
    "cut off": '{"meterValue":[{"timestamp":',
    "a comma too much": '{"connectorId":1,}',
    "a number too large": '{"connectorId":1e999}',
    "a lone surrogate": '{"idTag":"\\ud800"}',
    "too deep": "[" * 40 + "]" * 40,
    "no value": "",
    "single quotes": "{'connectorId':1}",
}


@pytest.mark.parametrize(("version", "action"), TRANSACTION_ACTIONS)
@pytest.mark.parametrize("payload", BROKEN_PAYLOADS.values(), ids=BROKEN_PAYLOADS)
def test_a_payload_that_is_no_json_is_kept_to_the_byte_and_answered(bench, version, action, payload):
    line = bench.connect(version)
    line.ask(action, raw=payload)
    (raw,) = bench.records
    assert (raw.version, raw.action, raw.rule) == (version, action, "syntax")
    assert raw.payload == payload.encode()
    assert raw.error.startswith("not JSON: ")
    assert bench.counted(version, action) == {"kept_raw": 1}


@pytest.mark.parametrize(("version", "action"), TRANSACTION_ACTIONS)
@pytest.mark.parametrize("payload", ["{}", "[]", '"text"', '{"connectorId":"one"}', "null"])
def test_a_payload_against_its_schema_is_kept_to_the_byte_with_the_place(bench, version, action, payload):
    line = bench.connect(version)
    line.ask(action, raw=payload)
    (raw,) = bench.records
    assert raw.payload == payload.encode()
    assert raw.error.startswith("$")
    assert raw.rule in ("missing", "type", "unknown_property")
    assert line.station.state.raw_messages_total == 1


@pytest.mark.parametrize(
    "message_id",
    ["1", "x" * 36, "\\u00e9" * 36, "\U0001f50c" * 36, '\\"' * 36],
    ids=["short", "longest", "escaped", "wide", "quotes"],
)
def test_whatever_the_message_id_looks_like_broken_transaction_messages_are_kept(station_16, bench, message_id):
    station_16._asked[json.loads(f'"{message_id}"')] = "MeterValues"
    station_16.send(f'[2,"{message_id}","MeterValues",{{"value":NaN}}]')
    bench.journal.commit()
    assert station_16.heard() == [[3, json.loads(f'"{message_id}"'), {}]]
    assert bench.records[0].payload == b'{"value":NaN}'


@pytest.mark.parametrize("text", BROKEN_PAYLOADS.values(), ids=BROKEN_PAYLOADS)
@pytest.mark.parametrize("version", [OCPP16, OCPP201, OCPP21])
def test_what_is_no_transaction_message_is_refused_when_it_is_no_json(bench, version, text):
    line = bench.connect(version)
    code, _ = line.refusal("BootNotification", raw=text)
    assert code == ("FormationViolation" if version == OCPP16 else "RpcFrameworkError")
    assert bench.journal.entries == []


@pytest.mark.parametrize(("version", "action"), TRANSACTION_ACTIONS)
def test_a_raw_message_again_is_a_repeat_with_the_same_answer(bench, version, action):
    line = bench.connect(version)
    first = line.ask(action, raw='{"value":NaN}')
    assert line.ask(action, raw='{"value":NaN}') == first
    assert len(bench.journal.entries) == 1
    assert bench.counted(version, action) == {"kept_raw": 1, "repeat": 1}


def test_a_raw_start_is_given_a_transaction_id_that_no_other_gets(station_16, bench):
    first = station_16.ask("StartTransaction", {"connectorId": "one"})["transactionId"]
    second = station_16.ask("StartTransaction", said.start_16())["transactionId"]
    third = station_16.ask("StartTransaction", raw='{"idTag":"TAG1",}')["transactionId"]
    assert [first, second, third] == [1, 2, 3]
    kept = [record for record in bench.records if isinstance(record, RawMessage)]
    assert [raw.transaction for raw in kept] == ["1", "3"]


@pytest.mark.parametrize(
    ("payload", "status"),
    [
        ('{"idTag":"known","connectorId":null}', "Accepted"),
        ('{"idTag" : "KNOWN",}', "Accepted"),
        ('{"idTag":"blocked",}', "Blocked"),
        ('{"idTag":"stranger"}', "Invalid"),
        ('{"connectorId":1}', "Invalid"),
        ('{"idTag":""}', "Invalid"),
        ('{"idTag":' + '"' + "x" * 21 + '"}', "Invalid"),
    ],
)
def test_a_raw_start_is_answered_for_its_token_where_that_can_be_read(payload, status):
    bench = Bench(tokens=[Token(id="known"), Token(id="blocked", status="Blocked")])
    assert bench.connect(OCPP16).ask("StartTransaction", raw=payload)["idTagInfo"]["status"] == status


@pytest.mark.parametrize(
    ("version", "action", "payload", "code", "place"),
    [
        (OCPP16, "MeterValues", {"connectorId": 1}, "OccurenceConstraintViolation", "$.meterValue"),
        (OCPP16, "StartTransaction", said.start_16(colour=1), "FormationViolation", "$.colour"),
        (OCPP16, "StopTransaction", said.stop_16(1, reason="Whim"), "PropertyConstraintViolation", "$.reason"),
        (OCPP16, "StopTransaction", said.stop_16("1"), "TypeConstraintViolation", "$.transactionId"),
        (
            OCPP16,
            "MeterValues",
            {"connectorId": 1, "meterValue": [{"timestamp": "", "sampledValue": [{"value": "1"}]}]},
            "PropertyConstraintViolation",
            "$.meterValue[0].timestamp",
        ),
        (OCPP201, "TransactionEvent", {}, "OccurrenceConstraintViolation", "$.eventType"),
        (OCPP201, "TransactionEvent", said.event_201(seqNo="1"), "TypeConstraintViolation", "$.seqNo"),
        (OCPP201, "MeterValues", said.meter_values_201({"value": "1"}), None, "$.meterValue[0].sampledValue[0].value"),
        (OCPP201, "MeterValues", said.meter_values_201(evseId=2**60), "PropertyConstraintViolation", None),
        (OCPP16, "StopTransaction", said.stop_16(INTEGER_MAX + 1), "PropertyConstraintViolation", None),
    ],
)
def test_strict_refuses_with_the_code_and_the_place(bench, version, action, payload, code, place):
    line = bench.connect(version, strict=True)
    said_code, description = line.refusal(action, payload)
    assert said_code == (code or "TypeConstraintViolation")
    assert place is None or description.startswith(f"{place}: ")
    assert bench.journal.entries == []
    assert bench.counted(version, action) == {"refused": 1}


@pytest.mark.parametrize(("version", "action"), TRANSACTION_ACTIONS)
def test_strict_refuses_what_is_no_json(bench, version, action):
    line = bench.connect(version, strict=True)
    code, _ = line.refusal(action, raw='{"value":NaN}')
    assert code == ("FormationViolation" if version == OCPP16 else "FormatViolation")


ABSURD = [2**53 + 1, 2**63, 2**64, 10**30, -(2**53) - 1, -(10**30)]


@pytest.mark.parametrize("number", ABSURD)
@pytest.mark.parametrize(
    ("version", "action", "payload"),
    [
        (OCPP16, "StartTransaction", lambda n: said.start_16(connectorId=n)),
        (OCPP16, "StartTransaction", lambda n: said.start_16(meterStart=n)),
        (OCPP16, "StartTransaction", lambda n: said.start_16(reservationId=n)),
        (OCPP16, "StopTransaction", said.stop_16),
        (OCPP16, "StopTransaction", lambda n: said.stop_16(1, meterStop=n)),
        (OCPP16, "MeterValues", lambda n: said.meter_values_16(connectorId=n)),
        (OCPP16, "MeterValues", lambda n: said.meter_values_16({"value": "broken"}, connectorId=n)),
        (OCPP201, "MeterValues", lambda n: said.meter_values_201(evseId=abs(n))),
        (OCPP201, "MeterValues", lambda n: said.meter_values_201({"value": 1e300}, evseId=abs(n))),
        (OCPP201, "TransactionEvent", lambda n: said.event_201(seqNo=n)),
        (OCPP201, "TransactionEvent", lambda n: said.event_201(evse={"id": n})),
        (OCPP201, "TransactionEvent", lambda n: said.event_201(evse={"id": 1, "connectorId": n})),
        (OCPP201, "TransactionEvent", lambda n: said.event_201(reservationId=n)),
        (OCPP201, "TransactionEvent", lambda n: said.event_201(info={"remoteStartId": n})),
    ],
)
def test_a_number_beyond_any_record_is_kept_raw(bench, version, action, payload, number):
    line = bench.connect(version)
    line.ask(action, payload(number))
    (raw,) = bench.records
    assert (raw.rule, json.loads(raw.payload)) == ("constraint", payload(number))
    assert bench.logged[-1][0] == "message_kept_raw"
    assert bench.csms.next_transaction_id() == (2 if action == "StartTransaction" else 1)


@pytest.mark.parametrize("number", [2**53, -(2**53), 2**31, 0])
def test_large_numbers_that_a_record_can_hold_are_taken(station_2, bench, number):
    if station_2.version == OCPP21:
        number = abs(number)  # its schema has no negative ones
    station_2.ask("TransactionEvent", said.event_201("Started", number))
    assert bench.records[0].seq_no == number


@pytest.mark.parametrize("number", [2**64, -(10**30), 10**300])
def test_a_notification_with_an_absurd_number_is_kept_digit_for_digit(station_2, bench, number):
    if station_2.version == OCPP21:
        number = abs(number)
    event = {
        "eventId": number,
        "timestamp": said.at(),
        "trigger": "Delta",
        "actualValue": "1",
        "eventNotificationType": "CustomMonitor",
        "component": {"name": "C"},
        "variable": {"name": "V"},
    }
    station_2.ask("NotifyEvent", {"generatedAt": said.at(), "seqNo": 0, "eventData": [event]})
    assert json.loads(bench.records[0].detail)["eventData"][0]["eventId"] == number


@pytest.mark.parametrize(
    ("version", "payload"),
    [
        (OCPP16, said.meter_values_16({"value": "12,5"}, {"value": "7"}, {"value": ""})),
        (OCPP201, said.meter_values_201({"value": 1e200}, {"value": 7}, {"value": -1e16})),
    ],
)
def test_values_that_are_no_numbers_leave_the_request_beside_what_could_be_read(bench, version, payload):
    line = bench.connect(version)
    line.ask("MeterValues", payload)
    raw, readings = bench.records
    assert raw.rule == "value_unreadable"
    sent = json.loads(raw.payload)["meterValue"][0]["sampledValue"]
    assert sent == payload["meterValue"][0]["sampledValue"]
    assert [sample.value for sample in readings.meter_values[0].samples] == [7.0]


def test_a_request_with_several_unreadable_values_is_kept_once(station_16, bench):
    broken = said.meter_values_16({"value": "x"})["meterValue"] * 3
    station_16.ask("MeterValues", {"connectorId": 1, "meterValue": broken})
    assert [type(record).__name__ for record in bench.records] == ["RawMessage", "Readings"]
    assert json.loads(bench.records[0].payload)["meterValue"] == broken


@pytest.mark.parametrize("version", [OCPP201, OCPP21])
@pytest.mark.parametrize(
    ("payload", "transaction"),
    [
        (json.dumps(said.event_201("Started", 0, "T-1", seqNo="none")), "T-1"),
        ('{"eventType" : "Started","transactionInfo":{"transactionId"\n: "T 1"},}', "T 1"),
        (json.dumps(said.event_201("Updated", 1, "T-1", seqNo="none")), None),
        (json.dumps(said.event_201("Started", 0, "\u00e9", seqNo="none")), None),
        (json.dumps(said.event_201("Started", 0, "x" * 37)), None),
        (json.dumps(said.event_201("Started", 0, "")).replace('"transactionId"', '"transaction"'), None),
    ],
    ids=["valid JSON", "no JSON", "no start", "beyond ASCII", "too long", "no id"],
)
def test_the_transaction_that_an_undecodable_event_starts_is_read_where_it_can_be(bench, version, payload, transaction):
    given = bench.registry.next_transaction_id
    bench.connect(version).ask("TransactionEvent", raw=payload)
    (raw,) = bench.records
    assert (raw.action, raw.transaction) == ("TransactionEvent", transaction)
    assert bench.registry.next_transaction_id == given
