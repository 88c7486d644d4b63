"""What the gateway writes: answers, errors, codes, timestamps. Oracles: `json`, and the codes of the standards."""

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.hot import split_envelope
from gateway.wire.messages import DESCRIPTION_MAX, ERROR_CODES, Refusal, call_error, call_result, timestamp

CODES_16 = {
    Refusal.UNKNOWN_ACTION: "NotImplemented",
    Refusal.UNSUPPORTED_ACTION: "NotSupported",
    Refusal.SYNTAX: "FormationViolation",
    Refusal.UNKNOWN_PROPERTY: "FormationViolation",
    Refusal.MISSING: "OccurenceConstraintViolation",
    Refusal.TYPE: "TypeConstraintViolation",
    Refusal.CONSTRAINT: "PropertyConstraintViolation",
    Refusal.FRAMEWORK: "GenericError",
    Refusal.MESSAGE_TYPE: "GenericError",
    Refusal.NOT_ACCEPTED: "SecurityError",
    Refusal.INTERNAL: "InternalError",
}
CODES_201 = CODES_16 | {
    Refusal.SYNTAX: "FormatViolation",
    Refusal.UNKNOWN_PROPERTY: "FormatViolation",
    Refusal.MISSING: "OccurrenceConstraintViolation",
    Refusal.FRAMEWORK: "RpcFrameworkError",
    Refusal.MESSAGE_TYPE: "MessageTypeNotSupported",
}

texts = st.text(st.characters(exclude_categories=["Cs"]))
ids = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=36)


def test_every_refusal_has_the_code_of_its_version():
    assert ERROR_CODES == {"ocpp1.6": CODES_16, "ocpp2.0.1": CODES_201, "ocpp2.1": CODES_201}


@given(ids, st.dictionaries(texts, st.integers(-(2**53), 2**53)))
def test_any_id_and_payload_arrive_as_they_were(message_id, payload):
    text = call_result(message_id, json.dumps(payload).encode())
    assert json.loads(text) == [3, message_id, payload]
    assert split_envelope(text)[:2] == (3, message_id)


@given(ids, texts)
def test_any_description_makes_a_valid_error(message_id, description):
    text = call_error(message_id, "GenericError", description)
    assert json.loads(text) == [4, message_id, "GenericError", description[:255], {}]
    assert split_envelope(text)[:4] == (4, message_id, "GenericError", description[:255])


def test_a_description_is_cut_by_characters_not_bytes():
    assert DESCRIPTION_MAX == 255
    assert json.loads(call_error("1", "GenericError", "\U0001f50c" * 256))[3] == "\U0001f50c" * 255


@pytest.mark.parametrize(
    ("at", "text"),
    [
        (datetime(2026, 3, 1, 12, tzinfo=UTC), "2026-03-01T12:00:00.000Z"),
        (datetime(2026, 3, 1, 12, 0, 0, 999_999, tzinfo=UTC), "2026-03-01T12:00:00.999Z"),
        (datetime(2026, 3, 1, 1, tzinfo=timezone(timedelta(hours=5, minutes=30))), "2026-02-28T19:30:00.000Z"),
        (datetime(2026, 3, 1, 12, 0, 0, 7_000, tzinfo=UTC), "2026-03-01T12:00:00.007Z"),
    ],
)
def test_a_time_is_utc_with_three_digits(at, text):
    assert timestamp(at) == text


@given(st.datetimes(min_value=datetime(1000, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - hypothesis adds UTC
def test_a_time_is_read_back_to_the_millisecond(at):
    assert datetime.fromisoformat(timestamp(at)) == at.replace(microsecond=at.microsecond // 1000 * 1000)
