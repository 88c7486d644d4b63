"""Ways to spoil bytes and JSON values, drawn from a given `Random` only, so that a seed gives the same damage again."""

import json
from collections.abc import Iterator, Sequence
from random import Random
from typing import Any

SPAN_MAX = 12
"""Longest piece that one change takes out, doubles or overwrites."""

JSON_TOKENS = (
    b"{", b"}", b"[", b"]", b",", b":", b'"', b"\\", b"\\u", b"\\ud83d", b"\\ude00", b"\\ud83d\\ude00", b"\\u0000",
    b"\\u0022", b"0", b"1", b"-", b".", b"e", b"E", b"+", b"-0", b"01", b"1.0", b"1e2", b"1e999", b"1e-999",
    b"9" * 19, b"9" * 310, b"0.1", b"true", b"false", b"null", b"NaN", b"Infinity", b" ", b"\n", b"\t", b"\x00",
    b"\x1f", b"\x7f", b"\xc3\xa4", b"\xe2\x82\xac", b"\xf0\x9f\x94\x8c", b"\xed\xa0\x80", b"\xff", b"\xc0\x80",
    b"\xef\xbb\xbf", b"/*", b"//", b"'", b'"a":1,', b'"\\u0061":1,', b"[" * 40, b'{"a":' * 40,
)  # fmt: skip
"""Pieces on which readers of JSON disagree."""

STRINGS = (
    "", " ", "x" * 36, "x" * 37, "x" * 300, "x" * 6000, "0", "-1", "1,5", "NaN", "true", "null", "\x00", "\x7f", "\r\n",
    '"', "\\", "/../", "'; --", "<b>", "{0}", "%s%n", "\u00e4", "\u202e", "\u0130", "\ufb01", "\U0001f50c" * 20,
    "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+23:59", "2024-02-30T00:00:00Z", "1970-01-01T00:00:00Z",
    "2016-12-31T23:59:60Z", "2024-02-29T12:00:00", "2024-02-29T12:00:00.1234567890123Z",
)  # fmt: skip
NUMBERS = (
    0, -0.0, 1, -1, 2, 0.5, 1.0, 1e2, 0.1 + 0.2, 255, 256, 2**31 - 1, 2**31, 2**53, 2**53 + 1, 2**63, 2**64, -(2**63),
    10**19, 1e15, 1e16, 1e300, -1e300, 5e-324, 10**300,
)  # fmt: skip
CONTAINERS: tuple[Any, ...] = ([], {}, [[]], [{}], {"": {}}, [None], {"a": [{"b": [1.0]}]}, list(range(300)))
CONSTANTS = (None, True, False)


def damaged(random: Random, text: bytes, tokens: Sequence[bytes] = JSON_TOKENS) -> bytes:
    """Return `text` with one to four changes of bytes."""
    for _ in range(random.randint(1, 4)):
        at = random.randint(0, len(text))
        end = at + random.randint(0, min(SPAN_MAX, len(text) - at))
        match random.randrange(8):
            case 0:
                text = text[:at] + random.choice(tokens) + text[at:]
            case 1:
                text = text[:at] + random.choice(tokens) + text[end:]
            case 2:
                text = text[:at] + text[end:]
            case 3:
                text = text[:end] + text[at:end] * random.randint(1, 3) + text[end:]
            case 4 if at < len(text):
                text = text[:at] + bytes([text[at] ^ 1 << random.randrange(8)]) + text[at + 1 :]
            case 5:
                text = text[:at] + random.randbytes(random.randint(1, 4)) + text[end:]
            case 6:
                other = random.randint(0, len(text))
                text = text[:at] + text[other : other + SPAN_MAX] + text[end:]
            case 7 if random.random() < 0.3:
                text = text[:at]
    return text


def any_value(random: Random) -> Any:
    """Return a JSON value that somebody once got wrong."""
    return random.choice(random.choice((STRINGS, NUMBERS, CONTAINERS, CONSTANTS)))


def changed(random: Random, value: Any) -> Any:
    """Return a JSON value that differs from `value` in one to three places, whatever its schema."""
    for _ in range(random.randint(1, 3)):
        value = _changed_once(random, value, random.choice(list(places(value))))
    return value


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of `value` and of everything in it."""
    yield path
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from places(inner, (*path, name))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from places(inner, (*path, index))


def _changed_once(random: Random, value: Any, path: tuple[Any, ...]) -> Any:
    if path:
        step, *rest = path
        inner = _changed_once(random, value[step], tuple(rest))
        if isinstance(value, list):
            return [*value[:step], inner, *value[step + 1 :]]
        return {**value, step: inner}
    if isinstance(value, dict) and random.random() < 0.8:
        return _changed_object(random, value)
    if isinstance(value, list) and random.random() < 0.8:
        return _changed_array(random, value)
    if isinstance(value, str) and random.random() < 0.5:
        return random.choice((value + "x", value[:-1], value.swapcase(), value * 50, f" {value}", value + "\U0001f50c"))
    if isinstance(value, int | float) and not isinstance(value, bool) and random.random() < 0.5:
        return random.choice((-value, value + 1, value / 2, value * 1000, float(value), str(value), [value]))
    return any_value(random)


def _changed_object(random: Random, value: dict[str, Any]) -> dict[str, Any]:
    names = list(value)
    random.shuffle(names)
    match random.randrange(5):
        case 0 if names:
            return {name: value[name] for name in value if name != names[0]}
        case 1:
            return {
                **value,
                random.choice(("unknown", "customData", "__proto__", "", "\u00e9" * 60)): any_value(random),
            }
        case 2 if names:
            return {(name.swapcase() if name == names[0] else name): inner for name, inner in value.items()}
        case 3:
            return {name: value[name] for name in names}
    return {**value, "customData": {"vendorId": "org.example", "extra": any_value(random)}}


def _changed_array(random: Random, value: list[Any]) -> list[Any]:
    match random.randrange(4):
        case 0:
            return value[1:]
        case 1:
            return value * random.choice((2, 3, 200))
        case 2:
            return [*value, any_value(random)]
    return value[::-1]


def written(random: Random, value: Any) -> bytes:
    """Return `value` as JSON in one of the styles that stations have."""
    style: dict[str, Any] = random.choice(({"separators": (",", ":")}, {}, {"indent": 1}))
    return json.dumps(value, ensure_ascii=random.random() < 0.5, **style).encode(errors="surrogatepass")
