"""The compiled envelope splitter against its twin, and both against the standard library's json made strict."""

import contextlib
import importlib
import json
import math
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from gateway.hot import DEPTH_MAX, EnvelopeError, EnvelopeFault
from gateway.hot import envelope as plain

compiled = importlib.import_module("gateway._speedups.envelope")

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=12),
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=5), st.dictionaries(st.text(max_size=6), inner, max_size=20)),
    max_leaves=30,
)
envelopes = st.one_of(
    st.tuples(st.just(2), st.text(max_size=40), st.text(max_size=20), values),
    st.tuples(st.just(3), st.text(max_size=40), values),
    st.tuples(st.sampled_from([4, 5]), st.text(max_size=40), st.text(max_size=9), st.text(max_size=9), values),
    st.lists(scalars, max_size=6).map(tuple),
)
styles = st.sampled_from([{"separators": (",", ":")}, {}, {"indent": 1}])
FRAGMENTS = [
    b"{", b"}", b"[", b"]", b",", b":", b'"', b"\\", b"\\u", b"d83d", b"\\ud83d", b"\\ude00", b"0", b"1", b"-", b".",
    b"e", b"E", b"+", b"1e999", b"9" * 309, b"true", b"false", b"null", b"NaN", b"Infinity", b" ", b"\n", b"\x00",
    b'"a":', b'"a":1,', b'"\\u0061":1,', b'{"a":1,"a":2}', b"\xc3\xa4", b'[2,"1","A",', b'[3,"1",', b"2", b'"', b"\x1f",
]  # fmt: skip
soups = st.lists(st.sampled_from(FRAGMENTS), max_size=14).map(b"".join)


def outcome(split: Any, text: bytes) -> tuple[object, ...]:
    """What `split` makes of `text`: its result, or all that its error says."""
    try:
        return ("split", *split(text))
    except EnvelopeError as error:
        return (error.kind, error.message_id, error.message_type, error.reason)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A message with a few bytes replaced, removed or put in, still UTF-8."""
    text = bytearray(json.dumps(draw(envelopes), ensure_ascii=draw(st.booleans()), **draw(styles)).encode())
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(text)))
        text[at : at + draw(st.integers(0, 2))] = draw(st.sampled_from(FRAGMENTS))
    return bytes(text).decode(errors="ignore").encode()


@settings(max_examples=500, deadline=None)
@given(envelopes, styles, st.booleans())
def test_messages_split_alike_and_mean_what_json_says(message: tuple[Any, ...], style: Any, ascii_only: bool) -> None:
    text = json.dumps(message, ensure_ascii=ascii_only, **style).encode()
    result = outcome(compiled.split_envelope, text)
    assert result == outcome(plain.split_envelope, text)
    if result[0] == "split":
        _, message_type, message_id, word, description, start, end = result
        assert (message_type, message_id) == message[:2]
        assert json.loads(text[start:end]) == message[-1]
        assert [word, description][: len(message) - 3] == list(message[2:-1])


@settings(max_examples=1500, deadline=None)
@given(st.one_of(damaged(), soups, soups.map(lambda soup: b'[2,"id","A",' + soup + b"]")))
@example(b'[2,"1","A",{"a":"\\ud83d\\ude00\\ud83d"}]')
@example(b'[3,"1",{"a":1,"b":{"a":1},"\\u0061":2}]')
def test_damaged_text_fails_alike_and_as_strict_json_does(text: bytes) -> None:
    result = outcome(compiled.split_envelope, text)
    assert result == outcome(plain.split_envelope, text)
    assert (result[0] is not EnvelopeFault.NOT_JSON) == is_strict_json(text)


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.binary(max_size=60), soups.flatmap(lambda soup: st.binary(max_size=6).map(soup.__add__))))
def test_bytes_that_are_not_utf8_do_no_harm(text: bytes) -> None:
    for split in (compiled.split_envelope, plain.split_envelope):
        with contextlib.suppress(EnvelopeError, UnicodeDecodeError):
            split(text)


def is_strict_json(text: bytes) -> bool:
    """The gateway's definition of JSON, told by the standard library's parser and one look at its result."""

    def finite(token: str) -> float:
        if math.isinf(float(token)):
            raise ValueError(token)
        return float(token)

    def refused(token: str) -> None:
        raise ValueError(token)

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len({key for key, _ in pairs}) < len(pairs):
            raise ValueError("duplicate key")
        return dict(pairs)

    def depth(value: Any) -> int:
        if isinstance(value, dict):
            return 1 + max(map(depth, value.values()), default=0)
        return 1 + max(map(depth, value), default=0) if isinstance(value, list) else 0

    try:
        value = json.loads(
            text.decode(), parse_int=finite, parse_float=finite, parse_constant=refused, object_pairs_hook=unique
        )
        json.dumps(value, ensure_ascii=False).encode()
    except ValueError:
        return False
    return depth(value) <= DEPTH_MAX
