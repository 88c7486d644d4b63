"""The compiled reader of meter values against its twin, and both against the general decoder.

Whatever `read` returns must be what the general decoder says of the same payload; whatever that refuses, `read` must
leave to it. It may leave more. Payloads are valid JSON, as the caller has made sure.
"""

import importlib
import json
import weakref
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import assume, event, given, settings
from hypothesis import strategies as st
from msgspec import UNSET

from gateway.core import metering
from gateway.core.metering import samples_16
from gateway.core.records import Sample
from gateway.hot import EnvelopeError, split_envelope
from gateway.hot import readings as plain
from gateway.wire import ocpp16
from gateway.wire.payloads import PayloadError, decode_request
from gateway.wire.versions import OCPP16

compiled = importlib.import_module("gateway._speedups.readings")

FORMS = {"plain": plain.MeterValuesReader, "compiled": compiled.MeterValuesReader}
ACTION = OCPP16.from_station["MeterValues"]
PLAIN_TIME = "2025-06-01T12:00:00.123Z"
REFUSED = "refused"

ONE_ODD_IN = 25
"""So rarely that about half of the payloads are of the plain form, with a dozen or two of places to be odd in."""

Reader = Any


def readers() -> tuple[Reader, Reader]:
    """Return both forms, with nothing learned, wired as the gateway wires the one that it uses."""
    return tuple(form(metering._learn, Sample) for form in FORMS.values())


@pytest.fixture(params=FORMS)
def new_reader(request: pytest.FixtureRequest) -> Callable[..., Reader]:
    return FORMS[request.param]


@pytest.fixture
def reader(new_reader: Callable[..., Reader]) -> Reader:
    return new_reader(metering._learn, Sample)


def said_by_the_general_decoder(payload: bytes) -> Any:
    """Return what `read` must return if it returns anything, or REFUSED."""
    try:
        request = decode_request(ACTION, payload)
    except PayloadError:
        return REFUSED
    assert isinstance(request, ocpp16.MeterValuesRequest)
    meter_values = []
    for meter_value in request.meter_value:
        samples, unreadable = samples_16(meter_value.sampled_value)
        if unreadable:
            return REFUSED
        meter_values.append((meter_value.timestamp, samples))
    transaction_id = None if request.transaction_id is UNSET else request.transaction_id
    return request.connector_id, transaction_id, meter_values


def is_json(payload: bytes) -> bool:
    """Whether the session would hand this payload on."""
    try:
        split_envelope(b'[2,"1","MeterValues",' + payload + b"]")
    except EnvelopeError:
        return False
    return True


class Token(str):
    """A piece of JSON that is written as it stands."""


@st.composite
def written(draw: st.DrawFn, value: Any, gaps: st.SearchStrategy[str], keys: Callable[[str], Any]) -> str:
    """Return `value` as JSON with white space from `gaps` around each token; `keys` writes the names."""

    def gap() -> str:
        return draw(gaps)

    def write(value: Any) -> str:
        if isinstance(value, dict):
            pairs = (f"{gap()}{draw(keys(name))}{gap()}:{gap()}{write(item)}{gap()}" for name, item in value.items())
            return "{" + ",".join(pairs) + gap() + "}"
        if isinstance(value, list):
            return "[" + ",".join(f"{gap()}{write(item)}{gap()}" for item in value) + gap() + "]"
        return value if isinstance(value, Token) else json.dumps(value, ensure_ascii=False)

    return gap() + write(value) + gap()


def shuffled(fields: dict[str, st.SearchStrategy[Any]], optional: dict[str, st.SearchStrategy[Any]]) -> Any:
    """Objects with all of `fields`, some of `optional`, in any order."""
    return st.fixed_dictionaries(fields, optional=optional).flatmap(
        lambda value: st.permutations(list(value.items())).map(dict)
    )


def enumeration(declared: Any) -> st.SearchStrategy[str]:
    return st.sampled_from(declared.__args__)


no_gap = st.just("")
any_gap = st.sampled_from(["", "", "", " ", "\n", "\t\r\n  "])


def plain_key(name: str) -> st.SearchStrategy[str]:
    return st.just(f'"{name}"')


def odd_key(name: str) -> st.SearchStrategy[str]:
    escaped = f'"\\u{ord(name[0]):04x}{name[1:]}"'
    return st.sampled_from([f'"{name}"'] * 200 + [escaped, f'"{name.upper()}"', f'"{name} "', '"vendor"', '""'])


plain_integers = st.integers(-(10**15) + 1, 10**15 - 1)
plain_numbers = st.one_of(
    st.integers(0, 10**8).map(str),
    st.from_regex(r"-?[0-9]{1,9}\.[0-9]{1,6}", fullmatch=True),
    st.from_regex(r"-?[0-9]{1,15}", fullmatch=True),
)
plain_times = st.one_of(
    st.just(PLAIN_TIME),
    st.builds(
        lambda time, form: f"{time.year:04}{time.strftime(form)}",
        st.datetimes(),
        st.sampled_from(["-%m-%dT%H:%M:%SZ", "-%m-%dT%H:%M:%S.%fZ"]),
    ),
    st.from_regex(r"2025-0[3-9]-[12][0-9]T[01][0-9]:[0-5][0-9]:[0-5][0-9]\.[0-9]{1,6}Z", fullmatch=True),
)
plain_fields = {
    "measurand": enumeration(ocpp16.Measurand),
    "unit": enumeration(ocpp16.UnitOfMeasure),
    "phase": enumeration(ocpp16.Phase),
    "context": enumeration(ocpp16.ReadingContext),
    "location": enumeration(ocpp16.Location),
    "format": st.just("Raw"),
}
odd_numbers = st.one_of(
    st.sampled_from(
        [
            *["", "-", "+1", "1.", ".5", "1e3", "1E-3", "NaN", "Infinity", "0x10", "1_000", " 1"],
            *["000000000000001", "0000000000000001", "9" * 15, "9" * 16, "0." + "1" * 14, "0." + "1" * 15, "9" * 400],
            *["1 ", "1,5", "-0", "-0.0", "1" + "0" * 15, "\u0661", "12\\u0033", "1\n"],
        ]
    ),
    st.text(max_size=6),
    st.from_regex(r"[-+]?[0-9]{0,17}\.?[0-9]{0,17}([eE][-+]?[0-9]{1,3})?", fullmatch=True),
)  # fmt: skip
odd_words = st.one_of(st.text(max_size=8), st.sampled_from(["", "Raw", "SignedData", "Wh", "kwh", "Voltage", "L1"]))
odd_values = st.sampled_from([Token(text) for text in ("null", "true", "1", "1.0", "{}", "[]", '"\\u0057h"', '"a\\n"')])
odd_integers = st.sampled_from(
    [
        Token(text)
        for text in ("1.0", "1e0", "-0", "0", "9" * 15, "9" * 16, "-1", '"1"', "null", "1E2", "9" * 400, "0.5")
    ]
)
odd_times = st.one_of(
    st.sampled_from(
        [
            *["", "1970-01-01T00:00:00Z", "2025-02-29T00:00:00Z", "2024-02-29T23:59:60Z", "0000-01-01T00:00:00Z"],
            *["0001-01-01T00:00:00Z", "2025-06-01T24:00:00Z", "2025-06-01T12:00:00.Z", "2025-06-01T12:00:00.1234567Z"],
            *["2025-06-01T12:00:00", "2025-06-01T12:00:00+02:00", "2025-06-01t12:00:00z", "2025-06-01 12:00:00Z"],
            *["2025-06-01T12:00:00.123456789Z", "2025-06-01T12:00Z", "2025-6-1T12:00:00Z", "+025-06-01T12:00:00Z"],
            *["2025-06-01T12:00:00ZZ", " 2025-06-01T12:00:00Z", "2025-13-01T00:00:00Z", "2025-06-01T12:00:00.12 Z"],
        ]
    ),
    st.from_regex(r"[0-9]{4}(-[0-9]{2}){2}[Tt ]([0-9]{2}:){2}[0-9]{2}(\.[0-9]{0,8})?(Z|z|[+-]01:00)?", fullmatch=True),
    odd_values,
)  # fmt: skip


def payloads(odd: bool) -> st.SearchStrategy[bytes]:
    """Payloads of MeterValues as JSON: of the plain form, or with some of all that it is not."""

    def mostly(usual: st.SearchStrategy[Any], rare: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
        return st.integers(0, ONE_ODD_IN - 1).flatmap(lambda dice: rare if dice == 0 else usual) if odd else usual

    sampled_value = shuffled(
        {"value": mostly(plain_numbers, st.one_of(odd_numbers, odd_values))},
        {name: mostly(field, st.one_of(odd_words, odd_values)) for name, field in plain_fields.items()},
    )
    meter_value = shuffled(
        {
            "timestamp": mostly(plain_times, odd_times),
            "sampledValue": mostly(st.lists(sampled_value, min_size=1, max_size=4), st.just([])),
        },
        {},
    )
    payload = shuffled(
        {
            "connectorId": mostly(plain_integers, odd_integers),
            "meterValue": mostly(st.lists(meter_value, min_size=1, max_size=2), odd_values),
        },
        {"transactionId": mostly(plain_integers, odd_integers)},
    )
    keys = odd_key if odd else plain_key
    return payload.flatmap(lambda value: written(value, st.one_of(no_gap, any_gap), keys)).map(
        lambda text: text.encode(errors="replace")
    )


@settings(max_examples=200, deadline=None)
@given(st.lists(payloads(odd=False), min_size=1, max_size=3))
def test_the_plain_form_is_read_and_says_what_the_general_decoder_says(texts: list[bytes]) -> None:
    both = readers()
    for text in [*texts, *texts]:
        expected = said_by_the_general_decoder(text)
        for reader in both:
            assert repr(reader.read(text)) == repr(expected)


@settings(max_examples=500, deadline=None)
@given(st.lists(payloads(odd=True), min_size=1, max_size=3))
def test_whatever_is_read_the_general_decoder_says_too(texts: list[bytes]) -> None:
    both = readers()
    for text in filter(is_json, [*texts, *texts]):
        expected = said_by_the_general_decoder(text)
        first, second = (reader.read(text) for reader in both)
        assert repr(first) == repr(second)
        event("left" if first is None else "read")
        if first is not None:
            assert repr(first) == repr(expected)


@settings(max_examples=250, deadline=None)
@given(payloads(odd=False), st.data())
def test_damaged_payloads_are_read_alike(text: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(text)))
    piece = data.draw(
        st.sampled_from([b"", b'"', b",", b"{", b"}", b"[", b"]", b":", b"\\", b"0", b"-", b".", b" ", b"\xc3\xa4"])
    )
    damaged = text[:at] + piece + text[at + data.draw(st.integers(0, 2)) :]
    first, second = (reader.read(damaged) for reader in readers())
    assert repr(first) == repr(second)
    assume(is_json(damaged))
    if first is not None:
        assert repr(first) == repr(said_by_the_general_decoder(damaged))


@settings(max_examples=300, deadline=None)
@given(st.from_regex(r"-?[0-9]{1,8}(\.[0-9]{1,6})?", fullmatch=True))
def test_kilowatt_hours_become_watt_hours_as_decimals_do(number: str) -> None:
    expected = float(Decimal(number) * 1000)
    for reader in readers():
        _, _, [(_, [sample])] = reader.read(one_sample(value=number, unit="kWh"))
        assert sample.channel.unit == "Wh"
        assert sample.value == pytest.approx(expected, rel=1e-15, abs=1e-6)


def one_sample(**sampled_value: str) -> bytes:
    payload = {"connectorId": 1, "meterValue": [{"timestamp": PLAIN_TIME, "sampledValue": [sampled_value]}]}
    return json.dumps(payload).encode()


def test_an_ordinary_message(reader: Reader) -> None:
    text = one_sample(value="230.4", measurand="Voltage", phase="L1-N", unit="V")
    connector_id, transaction_id, [(time, [sample])] = reader.read(text)
    assert (connector_id, transaction_id) == (1, None)
    assert time == datetime(2025, 6, 1, 12, 0, 0, 123_000, UTC)
    assert (sample.channel.measurand, sample.channel.phase, sample.value) == ("Voltage", "L1-N", 230.4)


def test_a_kind_of_value_is_learned_once(new_reader: Callable[..., Reader]) -> None:
    learned = []
    reader = new_reader(
        lambda sampled_value: learned.append(sampled_value) or ("channel", 1.0, 0.0), lambda *sample: sample
    )
    for number in ("1", "22", "3.5"):
        assert reader.read(one_sample(value=number, unit="V"))[2][0][1] == [("channel", float(number))]
    assert learned == [b'{"value": "1", "unit": "V"}']


def test_what_begins_like_the_one_expected_is_read_as_what_it_is(reader: Reader) -> None:
    """The compiled form guesses from the last message which kind of value comes next."""

    def values(*units: str) -> list[float]:
        sampled = [{"value": "1.5", "measurand": "Power.Active.Import", "unit": unit} for unit in units]
        payload = {"connectorId": 1, "meterValue": [{"timestamp": PLAIN_TIME, "sampledValue": sampled}]}
        return [sample.value for sample in reader.read(json.dumps(payload).encode())[2][0][1]]

    assert values("W", "kW", "W", "W") == [1.5, 1500.0, 1.5, 1.5]
    assert values("W", "W", "kW", "kW", "W", "kW") == [1.5, 1.5, 1500.0, 1500.0, 1.5, 1500.0]
    assert values("W", "kW", "kW") == [1.5, 1500.0, 1500.0]


def test_the_end_of_the_payload_is_the_end_whatever_was_expected(reader: Reader) -> None:
    text = one_sample(value="230.4", measurand="Voltage", phase="L1-N", unit="V")
    for _ in range(2):
        assert reader.read(text) is not None
        assert all(reader.read(text[:end]) is None for end in range(len(text)))


def test_kinds_that_are_forgotten_take_no_memory(new_reader: Callable[..., Reader]) -> None:
    class Channel:
        pass

    channels: list[weakref.ref[Channel]] = []

    def learn(sampled_value: bytes) -> tuple[Channel, float, float]:
        channel = Channel()
        channels.append(weakref.ref(channel))
        return channel, 1.0, 0.0

    reader = new_reader(learn, lambda *sample: sample)
    for kind in range(plain.TEMPLATES_MAX + 100):
        assert reader.read(one_sample(value="1", unit=str(kind))) is not None
    alive = sum(channel() is not None for channel in channels)
    assert 100 <= alive <= 101  # and perhaps what came before them last


def test_what_must_not_be_learned_is_left_every_time_and_asked_for_once(new_reader: Callable[..., Reader]) -> None:
    asked = []
    reader = new_reader(asked.append, Sample)
    assert [reader.read(one_sample(value=number)) for number in "12"] == [None, None]
    assert len(asked) == 1


def test_beyond_the_bound_all_kinds_are_learned_anew(new_reader: Callable[..., Reader]) -> None:
    learned = []
    reader = new_reader(
        lambda sampled_value: learned.append(sampled_value) or ("channel", 1.0, 0.0), lambda *sample: sample
    )
    for kind in range(plain.TEMPLATES_MAX):
        reader.read(one_sample(value="1", unit=str(kind)))
    assert len(learned) == plain.TEMPLATES_MAX
    for _ in range(5):
        assert reader.read(one_sample(value="7", unit="one more"))[2][0][1] == [("channel", 7.0)]
        assert reader.read(one_sample(value="7", unit="0"))[2][0][1] == [("channel", 7.0)]
    assert len(learned) == plain.TEMPLATES_MAX + 2  # each of these two once: who makes up kinds hurts nobody for good


@pytest.mark.parametrize("size", [plain.SAMPLED_VALUE_BYTES_MAX, plain.SAMPLED_VALUE_BYTES_MAX + 1])
def test_a_sampled_value_is_looked_up_up_to_its_bound(new_reader: Callable[..., Reader], size: int) -> None:
    reader = new_reader(lambda _sampled_value: ("channel", 1.0, 0.0), lambda *sample: sample)
    text = one_sample(value="1", unit="u" * (size - len('{"value": "1", "unit": ""}')))
    assert (reader.read(text) is None) == (size > plain.SAMPLED_VALUE_BYTES_MAX)


NOT_PLAIN = [
    ('"V"', '"\\u0056"'),
    ('"unit"', '"\\u0075nit"'),
    ('"connectorId"', '"\\u0063onnectorId"'),
    ('"230.4"', '"\\u003230.4"'),
    ('"230.4"', '"2.304e2"'),
    ('"230.4"', '"1234567890123456"'),
    ('"230.4"', '"1.234567890123456"'),
    ('"230.4"', '"-"'),
    ('"230.4"', '".4"'),
    ('"230.4"', '"230."'),
    ('"230.4"', "230.4"),
    (PLAIN_TIME, "2025-06-01T12:00:00.0123456Z"),
    (PLAIN_TIME, "2025-06-01T12:00:00.123+00:00"),
    (PLAIN_TIME, "2025-06-01T12:00:00.123z"),
    (PLAIN_TIME, "2025-06-31T12:00:00.123Z"),
    ('"connectorId": 1', '"connectorId": 1.0'),
    ('"connectorId": 1', '"connectorId": 1e0'),
    ('"connectorId": 1', '"connectorId": 1234567890123456'),
    ('"connectorId": 1', '"connectorId": 1, "vendor": 1'),
    ('"connectorId": 1', '"transactionId": 1'),
]


@pytest.mark.parametrize(("usual", "other"), NOT_PLAIN)
def test_what_is_not_of_the_plain_form_is_left_to_the_general_decoder(reader: Reader, usual: str, other: str) -> None:
    text = one_sample(value="230.4", unit="V")
    assert usual.encode() in text
    assert reader.read(text) is not None
    assert reader.read(text.replace(usual.encode(), other.encode())) is None


def test_signed_data_is_left_to_the_general_decoder(reader: Reader) -> None:
    assert reader.read(one_sample(value="12", format="SignedData")) is None
    assert reader.read(one_sample(value="12", format="Raw")) is not None
