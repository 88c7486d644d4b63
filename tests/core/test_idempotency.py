"""Facts about idempotency keys: what is one, and what is kept of a command under it."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from gateway.core import idempotency
from gateway.core.idempotency import (
    BODY_BYTES_MAX,
    KEPT,
    OUTLINE_CHARACTERS_MAX,
    STATION_BYTES_MAX,
    KeyInvalidError,
    key_of,
)
from gateway.core.records import Entry
from gateway.core.stations import FACTS_MAX, Station

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ANSWER = b'{"outcome":"accepted","response":{"status": "Accepted"}}'


def apply(station, *facts):
    station.apply(Entry(station.identity, NOON, None, b"", list(facts), own=True))


@pytest.mark.parametrize(
    ("header", "text"),
    [
        ("a", "a"),
        ("8e03978e-40d5-43dd-bc93-6894a57f9324", "8e03978e-40d5-43dd-bc93-6894a57f9324"),
        ('"8e03978e-40d5-43dd-bc93-6894a57f9324"', "8e03978e-40d5-43dd-bc93-6894a57f9324"),
        ('"a b"', "a b"),
        ("a b", "a b"),
        (r'"a\"b\\"', 'a"b\\'),
        ("x" * 255, "x" * 255),
        ('"' + "x" * 255 + '"', "x" * 255),
        ("~!@#$%^&*()", "~!@#$%^&*()"),
    ],
)
def test_a_key_is_printable_ascii_bare_or_quoted(header, text):
    assert key_of(header, b"request").text == text


@pytest.mark.parametrize(
    "header",
    ["", " ", " a", '"', '""', '"a', '"a"b"', r'"a\b"', "é", "a\n", "a\x7f", "x" * 256, "x" * 10_000],
)
def test_anything_else_is_no_key(header):
    with pytest.raises(KeyInvalidError):
        key_of(header, b"request")


def test_parts_of_a_request_are_not_taken_for_each_other():
    assert key_of("k", b"ab", b"c") != key_of("k", b"a", b"bc")
    assert key_of("k", b"ab", b"c") == key_of("k", b"ab", b"c")


def test_what_was_answered_is_kept_byte_for_byte():
    station, key = Station("CP1"), key_of("k", b"request")
    apply(station, idempotency.begun(key, NOON))
    assert idempotency.kept(station, "k", NOON).status is None
    apply(station, idempotency.ended(station, key, NOON, NOON, status=200, body=ANSWER))
    kept = idempotency.kept(Station.from_bytes("CP1", station.to_bytes()), "k", NOON)
    assert (kept.fingerprint, kept.status, bytes(kept.body)) == (key.fingerprint, 200, ANSWER)


def test_nothing_of_the_request_is_kept():
    key = key_of("k", b"POST", b"/secret-target", b'{"password":"secret-password"}')
    assert "secret" not in (idempotency.begun(key, NOON).value or "")


def test_a_key_is_good_for_its_time_from_the_beginning():
    station, key = Station("CP1"), key_of("k", b"request")
    late = NOON + timedelta(minutes=5)
    apply(station, idempotency.begun(key, NOON))
    apply(station, idempotency.ended(station, key, NOON, late, status=200, body=ANSWER))
    assert idempotency.kept(station, "k", NOON + KEPT - timedelta(seconds=1)) is not None
    assert idempotency.kept(station, "k", NOON + KEPT) is None


def test_of_an_answer_that_is_too_large_the_outcome_is_kept():
    station, key = Station("CP1"), key_of("k", b"request")
    body = json.dumps({"outcome": "accepted", "response": {"text": "x" * BODY_BYTES_MAX}}).encode()
    fact = idempotency.ended(station, key, NOON, NOON, status=200, body=body)
    apply(station, fact)
    assert json.loads(bytes(idempotency.kept(station, "k", NOON).body)) == {
        "outcome": "accepted",
        "response_omitted": True,
    }


@pytest.mark.parametrize(
    "response",
    [
        {"configurationKey": [{"key": "AuthorizationKey", "readonly": False, "value": "s3cr3t"}]},
        {"getVariableResult": [{"variable": {"name": "BasicAuthPassword"}, "attributeValue": "s3cr3t"}]},
        {"data": '{"password":"s3cr3t"}'},
        {"customData": {"vendorId": "V", "apiKey": "s3cr3t"}},
    ],
)
def test_of_an_answer_that_names_a_secret_the_outcome_is_kept(response):
    station, key = Station("CP1"), key_of("k", b"request")
    body = json.dumps({"outcome": "accepted", "response": response}).encode()
    fact = idempotency.ended(station, key, NOON, NOON, status=200, body=body)
    assert "s3cr3t" not in (fact.value or "")
    assert '"outcome":"accepted","response_omitted":true' in (fact.value or "")


def test_all_that_is_kept_of_a_station_is_bounded():
    station = Station("CP1")
    body = json.dumps({"outcome": "accepted", "response": {"text": "x" * (BODY_BYTES_MAX - 100)}}).encode()
    for number in range(2 * FACTS_MAX):
        key = key_of(f"k{number}", b"request")
        apply(station, idempotency.begun(key, NOON))
        apply(station, idempotency.ended(station, key, NOON, NOON, status=200, body=body))
    assert len(idempotency.COMMANDS.of(station)) == FACTS_MAX
    assert len(station.to_bytes()) < STATION_BYTES_MAX + FACTS_MAX * 512


def test_what_a_station_says_of_its_error_is_kept_up_to_a_measure():
    station = Station("CP1")
    error = {"error_code": "GenericError", "error_description": "y" * 100_000, "detail": "z" * 100_000}
    body = json.dumps({"outcome": "call_error", **error}).encode()
    for number in range(FACTS_MAX):
        key = key_of(f"k{number}", b"request")
        apply(station, idempotency.ended(station, key, NOON, NOON, status=502, body=body))
    kept = json.loads(bytes(idempotency.kept(station, "k0", NOON).body))
    assert (kept["outcome"], kept["error_code"], kept["response_omitted"]) == ("call_error", "GenericError", True)
    assert kept["error_description"] == "y" * OUTLINE_CHARACTERS_MAX
    assert len(station.to_bytes()) < STATION_BYTES_MAX


def test_what_is_forgotten_is_free_again():
    station, key = Station("CP1"), key_of("k", b"request")
    apply(station, idempotency.begun(key, NOON))
    apply(station, idempotency.forgotten(key, NOON))
    assert idempotency.kept(station, "k", NOON) is None
    assert station.state.facts == {}
