import datetime
import json
import os
from random import Random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.wire import ocpp16, ocpp201
from gateway.wire.payloads import PayloadError, Violation, decode_request, decode_response
from gateway.wire.schema_types import CustomData, Timestamp, is_tenths
from gateway.wire.versions import OCPP16, OCPP201, VERSIONS
from tests.wire import schema_oracle

MESSAGES = schema_oracle.read_messages()
SENDS = {("ocpp2.1", "NotifyPeriodicEventStream")}
SAMPLED_MUTATIONS = 20
"""Mutations of incomplete payloads tried for one message, drawn with a fixed seed."""

PLACES_MAX = None if os.environ.get("GATEWAY_TEST_ALL_MUTATIONS") else 250
"""Mutations of a complete payload tried for one message of 2.1, whose largest have thousands and would take longer than
all others together. GATEWAY_TEST_ALL_MUTATIONS=1 tries them all."""


def decode(message, text):
    version = VERSIONS[message.version]
    actions = version.from_station | version.to_station | version.sends
    return (decode_request if message.role == "request" else decode_response)(actions[message.action], text)


def json_bytes(value):
    return json.dumps(value, ensure_ascii=False).encode()


def same_json(sent, read):
    """Whether two JSON values are equal; two date-times are if they are the same instant to the microsecond."""
    match sent, read:
        case dict(), dict():
            return sent.keys() == read.keys() and all(same_json(sent[name], read[name]) for name in sent)
        case list(), list():
            return len(sent) == len(read) and all(map(same_json, sent, read))
        case str(), str() if sent != read and schema_oracle.is_date_time(sent):
            return msgspec.convert(sent, Timestamp) == msgspec.convert(read, Timestamp)
        case bool(), _:
            return sent is read
    return sent == read


def test_the_oracle_knows_every_message_of_the_gateway():
    known = {(message.version, message.action, message.role) for message in MESSAGES}
    served = {
        (version.subprotocol, action, role)
        for version in VERSIONS.values()
        for action in (*version.from_station, *version.to_station)
        for role in ("request", "response")
    }
    sent = {(version.subprotocol, action, "request") for version in VERSIONS.values() for action in version.sends}
    assert {(version, action) for version, action, _ in sent} == SENDS
    assert known == served | sent


@pytest.mark.parametrize("message", MESSAGES, ids=str)
def test_valid_payloads_are_read_without_loss(message):
    maker = schema_oracle.Maker(message.schema, Random(f"valid {message}"))
    validator = schema_oracle.validator(message.schema)
    for share in (0.0, 1.0, 0.5, 0.5, 0.8):
        payload = maker.payload(share)
        assert schema_oracle.verdicts(validator, payload) == set(), "the oracle made an invalid payload"
        decoded = decode(message, json_bytes(payload))
        assert same_json(payload, json.loads(msgspec.json.encode(decoded))), payload


@pytest.mark.parametrize("message", MESSAGES, ids=str)
def test_every_mutation_gets_the_verdict_of_the_schema(message):
    """Changes at every place of the schema (see PLACES_MAX), and some where optional properties lack."""
    random = Random(f"mutations {message}")
    maker = schema_oracle.Maker(message.schema, random)
    validator = schema_oracle.validator(message.schema)
    everywhere = list({mutation[:2]: mutation for mutation in maker.mutations(maker.payload(1.0))}.values())
    if message.version == "ocpp2.1" and PLACES_MAX is not None and len(everywhere) > PLACES_MAX:
        everywhere = random.sample(everywhere, PLACES_MAX)
    elsewhere = [mutation for share in (0.5, 0.0) for mutation in maker.mutations(maker.payload(share))]
    sample = random.sample(elsewhere, min(SAMPLED_MUTATIONS, len(elsewhere)))
    for label, place, payload in (*everywhere, *sample):
        expected = schema_oracle.verdicts(validator, {} if payload is None else payload)
        try:
            decode(message, json_bytes(payload))
        except PayloadError as error:
            assert (error.violation.name, error.path) in expected, f"{label} at {place}: {error}"
        else:
            assert not expected, f"{label} at {place}"


def sampled(**sample):
    return {"connectorId": 1, "meterValue": [{"timestamp": "2024-01-01T00:00:00Z", "sampledValue": [sample]}]}


def event(**changes):
    message = {
        "eventType": "Updated",
        "timestamp": "2024-01-01T00:00:00Z",
        "triggerReason": "MeterValuePeriodic",
        "seqNo": 7,
        "transactionInfo": {"transactionId": "t-1"},
        **changes,
    }
    return {name: value for name, value in message.items() if value is not ...}


def profile(limit):
    return {
        "connectorId": 1,
        "csChargingProfiles": {
            "chargingProfileId": 1,
            "stackLevel": 0,
            "chargingProfilePurpose": "TxProfile",
            "chargingProfileKind": "Relative",
            "chargingSchedule": {
                "chargingRateUnit": "A",
                "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 16}, {"startPeriod": 60, "limit": limit}],
            },
        },
    }


REFUSED_16 = [
    ("MeterValues", sampled(value=1), Violation.TYPE, "$.meterValue[0].sampledValue[0].value"),
    ("MeterValues", sampled(value="1", unit="kilo"), Violation.CONSTRAINT, "$.meterValue[0].sampledValue[0].unit"),
    ("MeterValues", sampled(), Violation.MISSING, "$.meterValue[0].sampledValue[0].value"),
    ("MeterValues", sampled(value="1", phase=None), Violation.TYPE, "$.meterValue[0].sampledValue[0].phase"),
    ("MeterValues", {"connectorId": 1, "meterValue": []}, Violation.MISSING, "$.meterValue"),
    ("MeterValues", {"connectorId": 1, "meterValue": [None]}, Violation.TYPE, "$.meterValue[0]"),
    (
        "MeterValues",
        {"connectorId": 1, "meterValue": [{"timestamp": "2024-01-01T00:00:00", "sampledValue": [{"value": "1"}]}]},
        Violation.CONSTRAINT,
        "$.meterValue[0].timestamp",
    ),
    ("Authorize", {"idTag": "x" * 21}, Violation.CONSTRAINT, "$.idTag"),
    ("Authorize", {"idtag": "x"}, Violation.UNKNOWN_PROPERTY, "$.idtag"),
    ("Authorize", {}, Violation.MISSING, "$.idTag"),
    ("Authorize", [], Violation.TYPE, "$"),
    ("Authorize", None, Violation.MISSING, "$.idTag"),
    ("Heartbeat", {"customData": {"vendorId": "x"}}, Violation.UNKNOWN_PROPERTY, "$.customData"),
    ("Heartbeat", {"n\u00e4me\n<b>" + "x" * 99: 1}, Violation.UNKNOWN_PROPERTY, "$.n?me?<b>" + "x" * 32),
    (
        "SetChargingProfile",
        profile(16.05),
        Violation.CONSTRAINT,
        "$.csChargingProfiles.chargingSchedule.chargingSchedulePeriod[1].limit",
    ),
]

REFUSED_201 = [
    ("TransactionEvent", event(eventType="Paused"), Violation.CONSTRAINT, "$.eventType"),
    ("TransactionEvent", event(seqNo=...), Violation.MISSING, "$.seqNo"),
    ("TransactionEvent", event(seqNo=7.5), Violation.TYPE, "$.seqNo"),
    ("TransactionEvent", event(seqNo="7"), Violation.TYPE, "$.seqNo"),
    ("TransactionEvent", event(offline=None), Violation.TYPE, "$.offline"),
    ("TransactionEvent", event(meterValue=[]), Violation.MISSING, "$.meterValue"),
    ("TransactionEvent", event(evse={"id": 1, "name": "A"}), Violation.UNKNOWN_PROPERTY, "$.evse.name"),
    ("TransactionEvent", event(transactionInfo={}), Violation.MISSING, "$.transactionInfo.transactionId"),
    ("TransactionEvent", event(customData={}), Violation.MISSING, "$.customData.vendorId"),
    ("TransactionEvent", event(customData={"vendorId": 1}), Violation.TYPE, "$.customData.vendorId"),
    ("TransactionEvent", event(customData={"vendorId": "x" * 256}), Violation.CONSTRAINT, "$.customData.vendorId"),
    ("TransactionEvent", event(customData="x"), Violation.TYPE, "$.customData"),
    (
        "NotifyEVChargingNeeds",
        {
            "evseId": 1,
            "chargingNeeds": {
                "requestedEnergyTransfer": "DC",
                "dcChargingParameters": {"evMaxCurrent": 1, "evMaxVoltage": 400, "stateOfCharge": 101},
            },
        },
        Violation.CONSTRAINT,
        "$.chargingNeeds.dcChargingParameters.stateOfCharge",
    ),
    (
        "Authorize",
        {"idToken": {"idToken": "x", "type": "Local"}, "iso15118CertificateHashData": [{}] * 5},
        Violation.MISSING,
        "$.iso15118CertificateHashData",
    ),
]


@pytest.mark.parametrize(
    ("version", "action", "payload", "violation", "path"),
    [(OCPP16, *case) for case in REFUSED_16] + [(OCPP201, *case) for case in REFUSED_201],
)
def test_the_error_names_the_rule_and_the_place(version, action, payload, violation, path):
    known = version.from_station.get(action) or version.to_station[action]
    with pytest.raises(PayloadError) as caught:
        decode_request(known, json_bytes(payload))
    assert (caught.value.violation, caught.value.path) == (violation, path)


def test_unknown_and_missing_properties_are_named_before_wrong_values():
    with pytest.raises(PayloadError) as caught:
        decode_request(OCPP16.from_station["StartTransaction"], b'{"connectorId":"x","meterStart":"y","odd":1}')
    assert caught.value.path == "$.odd"
    with pytest.raises(PayloadError) as caught:
        decode_request(OCPP16.from_station["StartTransaction"], b'{"connectorId":"x","meterStart":"y"}')
    assert caught.value.path == "$.idTag"


def test_a_null_payload_means_an_empty_object():
    assert decode_request(OCPP16.from_station["Heartbeat"], b" null ") == ocpp16.HeartbeatRequest()
    assert decode_response(OCPP201.from_station["StatusNotification"], b"null") == ocpp201.StatusNotificationResponse()


def test_an_integer_may_be_written_with_a_fraction_of_zero_in_every_version():
    text = b'{"connectorId":1.0,"idTag":"a","meterStart":1.5e3,"timestamp":"2024-01-01T00:00:00Z"}'
    request = decode_request(OCPP16.from_station["StartTransaction"], text)
    assert (request.connector_id, request.meter_start) == (1, 1500)
    assert type(request.connector_id) is int
    request = decode_request(OCPP201.from_station["TransactionEvent"], json_bytes(event(seqNo=7.0)))
    assert type(request.seq_no) is int


def test_custom_data_keeps_what_the_schema_does_not_name():
    custom = {"vendorId": "v", "anything": [1, {"b": None}]}
    request = decode_request(OCPP201.from_station["Heartbeat"], json_bytes({"customData": custom}))
    assert type(request.custom_data) is CustomData
    assert request.custom_data == custom


def test_a_timestamp_keeps_its_offset_and_rounds_to_microseconds():
    text = b'{"idTag":"a","connectorId":1,"meterStart":0,"timestamp":"2024-01-01t00:00:00.1234567+02:00"}'
    timestamp = decode_request(OCPP16.from_station["StartTransaction"], text).timestamp
    assert timestamp.isoformat() == "2024-01-01T00:00:00.123457+02:00"


@given(
    st.one_of(
        st.from_regex(schema_oracle._DATE_TIME, fullmatch=True),
        st.datetimes(timezones=st.timezones()).map(datetime.datetime.isoformat),
        st.text(alphabet="0123456789-:TtZz.+ ,", min_size=15, max_size=30),
        st.sampled_from(schema_oracle.GOOD_DATE_TIMES + schema_oracle.BAD_DATE_TIMES),
    )
)
def test_a_date_time_is_read_exactly_when_the_named_rule_allows_it(text):
    try:
        decoded = decode_response(OCPP16.from_station["Heartbeat"], json_bytes({"currentTime": text}))
    except PayloadError as error:
        assert (error.violation, error.path) == (Violation.CONSTRAINT, "$.currentTime")
        assert not schema_oracle.is_date_time(text)
    else:
        assert schema_oracle.is_date_time(text)
        assert decoded.current_time.tzinfo is not None


@given(st.integers(-(10**12), 10**12), st.integers(1, 99))
def test_tenths_in_decimal_are_multiples_and_what_lies_between_is_none(tenths, hundredths):
    assert is_tenths(float(f"{tenths}e-1"))
    if abs(tenths) < 10**7:
        assert not is_tenths(float(f"{tenths * 100 + hundredths}e-3"))


@pytest.mark.parametrize("limit", [0.3, 0.1 + 0.2, 16, 16.0, 6.1, 22080.7])
def test_binary_noise_does_not_make_a_tenth_invalid(limit):
    decode_request(OCPP16.to_station["SetChargingProfile"], json_bytes(profile(limit)))


def test_a_profile_of_ours_is_held_to_the_same_step():
    with pytest.raises(ValueError, match="limit"):
        ocpp16.ChargingSchedulePeriod(start_period=0, limit=16.05)


NOT_JSON = [
    b"",
    b"{",
    b"{}{}",
    b'{"idTag":}',
    b'{"idTag":"\xff"}',
    b'{"\xff":1}',
    b'{"idTag":"\\ud800"}',
    b'{"idTag":NaN}',
    b'{"idTag":' + b"9" * 5000 + b"}",
    b'{"idTag":1e999}',
    b'{"idTag":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    b"[" * 100_000,
]


@pytest.mark.parametrize("text", NOT_JSON, ids=lambda text: repr(text[:20]))
def test_what_is_not_json_is_a_syntax_violation(text):
    with pytest.raises(PayloadError) as caught:
        decode_request(OCPP16.from_station["Authorize"], text)
    assert (caught.value.violation, caught.value.path) == (Violation.SYNTAX, "$")


@pytest.mark.parametrize("sign", [b"", b"-"])
def test_a_number_beyond_a_double_is_a_syntax_violation_where_it_stands(sign):
    text = json_bytes(sampled(value="1")).replace(b'"1"', sign + b"9" * 400)
    with pytest.raises(PayloadError) as caught:
        decode_request(OCPP201.from_station["MeterValues"], text.replace(b"connectorId", b"evseId"))
    assert (caught.value.violation, caught.value.path) == (
        Violation.SYNTAX,
        "$.meterValue[0].sampledValue[0].value",
    )


def test_a_custom_data_nested_beyond_the_stack_is_refused():
    deep = b'{"customData":{"vendorId":"v","x":' + b"[" * 5000 + b"]" * 5000 + b"}}"
    with pytest.raises(PayloadError) as caught:
        decode_request(OCPP201.from_station["Heartbeat"], deep)
    assert caught.value.violation is Violation.SYNTAX


VALID_TEXTS = [
    (OCPP16.from_station["MeterValues"], json_bytes(sampled(value="1.5", phase="L1"))),
    (OCPP201.from_station["TransactionEvent"], json_bytes(event(customData={"vendorId": "v", "x": [1.0]}))),
]


@given(
    st.sampled_from(VALID_TEXTS),
    st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 3), st.binary(max_size=3)), max_size=4),
)
def test_no_bytes_raise_anything_but_a_payload_error(case, cuts):
    action, text = case
    for start, length, replacement in cuts:
        at = start % (len(text) + 1)
        text = text[:at] + replacement + text[at + length :]
    try:
        decode_request(action, text)
    except PayloadError as error:
        assert error.path.isascii()
        assert error.path.isprintable()
        assert len(error.reason) <= 80
        assert error.reason.isascii()
        assert error.reason.isprintable()


@given(st.text(), st.text())
def test_an_error_never_holds_what_the_station_sent_but_the_start_of_a_name(name, value):
    secret = f"SECRET{value}"
    for payload in (
        {"idTag": [secret]},
        {"idTag": secret * 4},
        {"idTag": "a", name: secret},
        {"idTag": {name: secret}},
    ):
        try:
            decode_request(OCPP16.from_station["Authorize"], json_bytes(payload))
        except PayloadError as error:
            assert "SECRET" not in str(error)
