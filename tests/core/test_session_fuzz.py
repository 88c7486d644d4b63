"""Valid requests with one change, and texts with random damage: never an exception, and one answer for each CALL."""

import json
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.core.protocols import PROTOCOLS
from gateway.hot import EnvelopeError, split_envelope
from tests.core import said
from tests.core.station_bench import MESSAGES, OCPP16, OCPP21, OCPP201, Bench
from tests.wire import schema_oracle

ACTIONS = [
    (version, action) for version, protocol in PROTOCOLS.items() for action in sorted(protocol.version.from_station)
]
MUTATIONS_MAX = 150
"""Mutations tried of one action, drawn with a fixed seed."""

TRANSACTION_ACTIONS = {"StartTransaction", "StopTransaction", "MeterValues", "TransactionEvent"}


def mutations(version, action):
    random = Random(f"{version} {action}")
    maker = schema_oracle.Maker(MESSAGES[version, action, "request"].schema, random)
    made = [mutation for share in (0.0, 1.0, 0.6) for mutation in maker.mutations(maker.payload(share))]
    return random.sample(made, min(len(made), MUTATIONS_MAX))


def is_beyond_records(payload):
    """Whether it has a number that a schema allows and a record cannot hold."""
    match payload:
        case dict():
            return any(map(is_beyond_records, payload.values()))
        case list():
            return any(map(is_beyond_records, payload))
        case int() | float():
            return abs(payload) > 2**53
    return False


@pytest.mark.parametrize(("version", "action"), ACTIONS)
def test_every_change_of_a_valid_request_gets_one_answer(version, action):
    """The journal of the bench encodes each entry as the real one does, so whatever is taken can be written."""
    bench = Bench()
    line = bench.connect(version)
    validator = schema_oracle.validator(MESSAGES[version, action, "request"].schema)
    for number, mutation in enumerate(mutations(version, action)):
        line.call(action, mutation.payload, message_id=str(number))
        bench.journal.commit_all()
        ((kind, message_id, *rest),) = line.heard()
        assert message_id == str(number), mutation.label
        valid = not schema_oracle.verdicts(validator, mutation.payload)
        if action in TRANSACTION_ACTIONS or (valid and not is_beyond_records(mutation.payload)):
            assert kind == 3, mutation
        elif valid:
            assert kind == 3 or rest[0] == "PropertyConstraintViolation", mutation
        elif mutation.payload is not None:  # null means {}, which may be valid
            assert kind == 4, mutation
        assert line.session.idle
    assert [fields for event, fields in bench.logged if event == "answer_failed"] == []


def test_no_change_of_a_send_is_answered_and_none_is_lost():
    bench = Bench()
    line = bench.connect(OCPP21)
    for number, mutation in enumerate(mutations(OCPP21, "NotifyPeriodicEventStream")):
        line.send(json.dumps([6, str(number), "NotifyPeriodicEventStream", mutation.payload]))
        assert len(bench.journal.entries) == number + 1, mutation
    assert line.heard() == []
    assert bench.tally.messages.value(bench.tally.base(OCPP21, "unknown") + 3) == 0
    assert [fields for event, fields in bench.logged if event == "answer_failed"] == []


NUMBERS = st.one_of(
    st.integers(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([0, -1, 2**31, 2**53, 2**53 + 1, 2**63, 2**64, 1e15, 1e308, -1e308, 5e-324]),
)


@settings(max_examples=300)
@given(
    meter_start=NUMBERS,
    connector=NUMBERS,
    transaction=NUMBERS,
    value=st.one_of(NUMBERS.map(str), st.text()),
    text=st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
)
def test_any_numbers_and_texts_in_transactions_of_16_can_be_journalled(
    meter_start, connector, transaction, value, text
):
    line = Bench().connect(OCPP16)
    line.ask("StartTransaction", said.start_16(meterStart=meter_start, connectorId=connector, idTag=text))
    line.ask("MeterValues", said.meter_values_16({"value": value}, connectorId=connector, transactionId=transaction))
    line.ask("MeterValues", said.meter_values_16({"value": value, "format": "SignedData"}))
    line.ask("StopTransaction", said.stop_16(transaction, meterStop=meter_start))


@settings(max_examples=300)
@given(
    seq_no=NUMBERS,
    evse=NUMBERS,
    value=NUMBERS,
    multiplier=NUMBERS,
    text=st.text(st.characters(exclude_categories=["Cs"]), max_size=36),
    kinds=st.lists(st.sampled_from(["Started", "Updated", "Ended"]), min_size=1, max_size=3),
    version=st.sampled_from([OCPP201, OCPP21]),
)
def test_any_numbers_and_texts_in_2_can_be_journalled(seq_no, evse, value, multiplier, text, kinds, version):
    line = Bench().connect(version)
    sampled = {"value": value, "unitOfMeasure": {"unit": text[:20], "multiplier": multiplier}}
    metered = said.meter_values_201(sampled)["meterValue"]
    for number, kind in enumerate(kinds):
        line.ask(
            "TransactionEvent",
            said.event_201(kind, seq_no + number, text, evse={"id": evse}, meterValue=metered, reservationId=seq_no),
        )
    line.ask("MeterValues", said.meter_values_201(sampled, evseId=evse))


def texts(version):
    """Whole messages, to be damaged."""
    made = [json.dumps([2, "id", "Heartbeat", {}])]
    if version == OCPP16:
        made.append(json.dumps([2, "id", "MeterValues", said.meter_values_16()]))
        made.append(json.dumps([2, "id", "StartTransaction", said.start_16()]))
    else:
        made.append(json.dumps([2, "id", "TransactionEvent", said.event_201()]))
        made.append(json.dumps([2, "id", "NotifyEvent", {"generatedAt": said.at(), "seqNo": 0, "eventData": []}]))
    return [*made, '[3,"id",{}]', '[4,"id","GenericError","",{}]', '[6,"id","Heartbeat",{}]']


@st.composite
def damaged(draw, version):
    text = draw(st.sampled_from(texts(version)))
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(text)))
        cut = draw(st.integers(0, 3))
        put = draw(st.sampled_from(["", ",", "]", "}", "[", "{", '"', "\\", "NaN", "null", "0", "1e999", " "]))
        text = text[:at] + put + text[at + cut :]
    return text


@pytest.mark.parametrize("version", [OCPP16, OCPP201, OCPP21])
@settings(max_examples=400)
@given(st.data())
def test_a_damaged_message_is_answered_once_at_most_and_a_call_with_its_id_exactly_once(version, data):
    text = data.draw(damaged(version)).encode()
    bench = Bench()
    line = bench.connect(version)
    line.session.receive(text)
    bench.journal.commit_all()
    messages = [json.loads(written) for written in line.link.written]
    try:
        kind, message_id, *_ = split_envelope(text)
    except EnvelopeError as error:
        kind, message_id = error.message_type, error.message_id
    if kind == 2 and message_id is not None:
        assert [message[1] for message in messages] == [message_id]
    elif kind in (3, 4) or version == OCPP16 or (version == OCPP21 and kind in (5, 6)):
        assert messages == []
    else:
        assert len(messages) <= 1
    assert line.session.idle
    assert line.link.is_reading
