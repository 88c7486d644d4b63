import json
from types import ModuleType

import pytest

from gateway.hot import DEPTH_MAX, EnvelopeError, EnvelopeFault

NOT_JSON, NOT_AN_ENVELOPE = EnvelopeFault.NOT_JSON, EnvelopeFault.NOT_AN_ENVELOPE
UNKNOWN_TYPE, BAD_MESSAGE_ID = EnvelopeFault.UNKNOWN_TYPE, EnvelopeFault.BAD_MESSAGE_ID


def fault(envelope: ModuleType, text: bytes) -> EnvelopeError:
    with pytest.raises(EnvelopeError) as caught:
        envelope.split_envelope(text)
    return caught.value


@pytest.mark.parametrize(
    ("text", "expected", "payload"),
    [
        (b'[2,"1","Heartbeat",{}]', (2, "1", "Heartbeat", ""), b"{}"),
        (b'[6,"1","NotifyPeriodicEventStream",{"a":1}]', (6, "1", "NotifyPeriodicEventStream", ""), b'{"a":1}'),
        (b'[3,"1",{"status":"Accepted"}]', (3, "1", "", ""), b'{"status":"Accepted"}'),
        (b'[4,"1","NotImplemented","no",{}]', (4, "1", "NotImplemented", "no"), b"{}"),
        (b'[5,"1","FormatViolation","",{"x":[]}]', (5, "1", "FormatViolation", ""), b'{"x":[]}'),
        (b' [ 2 , "1" ,\t"Heartbeat"\r\n, { } ] ', (2, "1", "Heartbeat", ""), b"{ }"),
        (b'[2,"1","Heartbeat",null]', (2, "1", "Heartbeat", ""), b"null"),
        (b'[2,"1","Heartbeat",[]]', (2, "1", "Heartbeat", ""), b"[]"),
        ('[2,"ä€😀","Größe",{}]'.encode(), (2, "ä€😀", "Größe", ""), b"{}"),
        (b'[2,"\\u00e4\\ud83d\\ude00\\n","\\u0041",{}]', (2, "ä😀\n", "A", ""), b"{}"),
        (b'[4,"1","GenericError","say \\"no\\"",{}]', (4, "1", "GenericError", 'say "no"'), b"{}"),
    ],
)
def test_a_message_is_split(envelope: ModuleType, text: bytes, expected: tuple[object, ...], payload: bytes) -> None:
    *head, start, end = envelope.split_envelope(text)
    assert tuple(head) == expected
    assert text[start:end] == payload


@pytest.mark.parametrize(
    "value",
    [
        "0",
        "-0",
        "-0.0e-0",
        "1E+9",
        "1e308",
        "-1.7976931348623157e308",
        "1e-999",
        "9" * 308,
        "0." + "9" * 400,
        '""',
        '"\\"\\\\\\/\\b\\f\\n\\r\\t\\u0000\\uFFFF"',
        '"\\ud800\\udc00"',
        '"\\uDBFF\\uDFFF"',
        '"\x7f"',
        "true",
        "false",
        "null",
        "[]",
        "{}",
        '{"a":{"a":{"a":1}},"b":[{"a":1},{"a":2}]}',
        '{"":1," ":2}',
        '{"a":1,"A":2,"\\u0062":3}',
        "[ 1 , [ ] , { } ]",
    ],
)
def test_a_payload_that_is_json_passes(envelope: ModuleType, value: str) -> None:
    json.loads(value)
    text = f'[3,"1",{value}]'.encode()
    *_, start, end = envelope.split_envelope(text)
    assert text[start:end] == value.encode()


@pytest.mark.parametrize(
    "value",
    [
        "",
        "NaN",
        "Infinity",
        "-Infinity",
        "nul",
        "nulL",
        "True",
        "1.",
        ".5",
        "+1",
        "01",
        "-",
        "-01",
        "1e",
        "1e+",
        "1.e5",
        "1.2.3",
        "1e5.0",
        "0x10",
        "1_000",
        "1e999",
        "-1e999",
        "1.8e308",
        "9" * 309,
        "'a'",
        '"',
        '"a',
        '"\\"',
        '"\\x"',
        '"\\u12"',
        '"\\u12g4"',
        '"\\ud800"',
        '"\\udc00"',
        '"\\ud800\\ud800"',
        '"\\ud800a"',
        '"\\ud800\\n"',
        '"\\udc00\\ud800"',
        '"a\tb"',
        '"a\nb"',
        '"\x00"',
        "\x00",
        "{",
        "}",
        '{"a"}',
        '{"a":}',
        '{"a":1,}',
        '{"a":1 "b":2}',
        "{1:2}",
        "{a:1}",
        '{"a":1]',
        '{"a":1,"a":1}',
        '{"a":1,"\\u0061":1}',
        '{"\\u0061":1,"a":1}',
        '{"x":1,"a":{"b":1,"c":[{"d":1,"d":2}]}}',
        '{"ä":1,"\\u00e4":1}',
        '{"\\ud83d\\ude00":1,"😀":1}',
        "[1,]",
        "[,1]",
        "[1 2]",
        "[1}",
        "1 2",
        "/*c*/1",
        "\x0b1",
        "\u00a01",
        "\ufeff1",
    ],
)
def test_a_payload_that_is_not_json_is_refused_and_the_id_is_known(envelope: ModuleType, value: str) -> None:
    error = fault(envelope, f'[2,"id-1","A",{value}]'.encode())
    assert (error.kind, error.message_id, error.message_type) == (NOT_JSON, "id-1", 2)
    assert error.reason


@pytest.mark.parametrize(
    ("text", "message_type", "message_id"),
    [
        (b"", None, None),
        (b" ", None, None),
        (b"hello", None, None),
        (b"[", None, None),
        (b"[2", 2, None),
        (b"[2,", 2, None),
        (b'[2,"a', 2, None),
        (b'[2,"a"', 2, "a"),
        (b'[2,"a","b",{}', 2, "a"),
        (b'[2,"a","b",{}]x', 2, "a"),
        (b'[2,"a","b",{}][]', 2, "a"),
        (b'[2,"a","b",{},]', 2, "a"),
        (b'[2,"a" "b",{}]', 2, "a"),
        (b'[2,"",{]', 2, None),
        (b'["2","a",{]', None, None),
        (b'[2.0,"a",{]', None, None),
        (b"[[[2,3", None, None),
        (b'{"a":2,"b":"id",', None, None),
        (b'[{"a":2,"b":"id",', None, None),
        (b'\xef\xbb\xbf[2,"a","b",{}]', None, None),
    ],
)
def test_a_broken_text_carries_what_could_be_read(
    envelope: ModuleType, text: bytes, message_type: int | None, message_id: str | None
) -> None:
    error = fault(envelope, text)
    assert (error.kind, error.message_type, error.message_id) == (NOT_JSON, message_type, message_id)


@pytest.mark.parametrize(
    ("text", "kind", "message_type", "message_id"),
    [
        (b"{}", NOT_AN_ENVELOPE, None, None),
        (b'{"2":"a"}', NOT_AN_ENVELOPE, None, None),
        (b"2", NOT_AN_ENVELOPE, None, None),
        (b'"x"', NOT_AN_ENVELOPE, None, None),
        (b"null", NOT_AN_ENVELOPE, None, None),
        (b"[]", NOT_AN_ENVELOPE, None, None),
        (b'["2","a","b",{}]', NOT_AN_ENVELOPE, None, None),
        (b'[2.0,"a","b",{}]', NOT_AN_ENVELOPE, None, None),
        (b'[2e0,"a","b",{}]', NOT_AN_ENVELOPE, None, None),
        (b'[null,"a","b",{}]', NOT_AN_ENVELOPE, None, None),
        (b"[2]", NOT_AN_ENVELOPE, 2, None),
        (b'[2,"a"]', NOT_AN_ENVELOPE, 2, "a"),
        (b'[2,"a","b"]', NOT_AN_ENVELOPE, 2, "a"),
        (b'[2,"a","b",{},{}]', NOT_AN_ENVELOPE, 2, "a"),
        (b'[2,"a","b",{},1,2,3,4,5]', NOT_AN_ENVELOPE, 2, "a"),
        (b'[2,"a",7,{}]', NOT_AN_ENVELOPE, 2, "a"),
        (b'[3,"a"]', NOT_AN_ENVELOPE, 3, "a"),
        (b'[3,"a",{},{}]', NOT_AN_ENVELOPE, 3, "a"),
        (b'[4,"a","b","c"]', NOT_AN_ENVELOPE, 4, "a"),
        (b'[4,"a",1,"c",{}]', NOT_AN_ENVELOPE, 4, "a"),
        (b'[4,"a","b",null,{}]', NOT_AN_ENVELOPE, 4, "a"),
        (b'[6,"a",{},"b"]', NOT_AN_ENVELOPE, 6, "a"),
        (b'[1,"a","b",{}]', UNKNOWN_TYPE, 1, "a"),
        (b'[7,"a"]', UNKNOWN_TYPE, 7, "a"),
        (b"[0]", UNKNOWN_TYPE, 0, None),
        (b"[-2,7]", UNKNOWN_TYPE, -2, None),
        (b'[22,"a","b",{}]', UNKNOWN_TYPE, 22, "a"),
        (b'[' + b'9' * 308 + b',"a"]', UNKNOWN_TYPE, int("9" * 308), "a"),
        (b'[2,1,"b",{}]', BAD_MESSAGE_ID, 2, None),
        (b'[2,null,"b",{}]', BAD_MESSAGE_ID, 2, None),
        (b'[2,"","b",{}]', BAD_MESSAGE_ID, 2, None),
        (b'[3,["a"],{}]', BAD_MESSAGE_ID, 3, None),
        (b'[2,"' + b"x" * 37 + b'","b",{}]', BAD_MESSAGE_ID, 2, None),
        (b'[3,1]', BAD_MESSAGE_ID, 3, None),
    ],
)  # fmt: skip
def test_json_that_is_no_message_is_refused(
    envelope: ModuleType, text: bytes, kind: EnvelopeFault, message_type: int | None, message_id: str | None
) -> None:
    json.loads(text)
    error = fault(envelope, text)
    assert (error.kind, error.message_type, error.message_id) == (kind, message_type, message_id)


@pytest.mark.parametrize("message_id", ["x" * 36, "€" * 36, "😀" * 36, "\\u20ac" * 36, "a"])
def test_a_message_id_has_up_to_36_characters_not_bytes(envelope: ModuleType, message_id: str) -> None:
    text = f'[3,"{message_id}",null]'.encode()
    assert envelope.split_envelope(text)[1] == json.loads(f'"{message_id}"')


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_the_depth_is_bounded(envelope: ModuleType, opening: str, closing: str) -> None:
    def nested(depth: int) -> bytes:
        inner = depth - 1
        return f'[3,"1",{opening * inner}1{closing * inner}]'.encode()

    assert envelope.split_envelope(nested(DEPTH_MAX))[0] == 3
    error = fault(envelope, nested(DEPTH_MAX + 1))
    assert error.kind is NOT_JSON
    assert "deeper" in error.reason


def test_depth_without_end_neither_recurses_nor_crashes(envelope: ModuleType) -> None:
    assert fault(envelope, b"[" * 1_000_000).kind is NOT_JSON


@pytest.mark.parametrize("count", [1, 2, 15, 16, 17, 18, 100])
def test_a_duplicate_is_found_among_any_number_of_keys(envelope: ModuleType, count: int) -> None:
    keys = [f'"key-{index}":0' for index in range(count)]
    assert envelope.split_envelope(f'[3,"1",{{{",".join(keys)}}}]'.encode())[0] == 3
    for index in {0, count // 2, count - 1}:
        assert fault(envelope, f'[3,"1",{{{",".join([*keys, keys[index]])}}}]'.encode()).kind is NOT_JSON


def test_large_objects_inside_each_other_keep_their_keys_apart(envelope: ModuleType) -> None:
    many = ",".join(f'"k{index}":0' for index in range(20))
    inner = f"{{{many}}}"
    text = f'[3,"1",{{{many},"in":{inner},"list":[{inner},{inner}],"last":1}}]'
    assert envelope.split_envelope(text.encode())[0] == 3
    assert fault(envelope, text.replace('"last"', '"k3"').encode()).reason.endswith("duplicate key")


@pytest.mark.timeout(60)
def test_half_a_million_keys_cost_linear_work(envelope: ModuleType) -> None:
    """Linear work takes seconds at most; quadratic work, 125 billion comparisons, would run into the time limit."""
    keys = ",".join(f'"{index:06}":0' for index in range(500_000))
    assert envelope.split_envelope(f'[3,"1",{{{keys}}}]'.encode())[0] == 3


def test_the_reason_says_where(envelope: ModuleType) -> None:
    assert fault(envelope, b'[2,"1","A",{"a":01}]').reason == "byte 16: invalid number"
    assert fault(envelope, b'[2,"1","A",{"a":0').reason == "text ends too early"


def test_nothing_that_the_station_sent_is_in_the_reason(envelope: ModuleType) -> None:
    for text in (b'[2,"1","A",{"secret":secret}]', b'[2,"1",secret]', b'["secret"]', b'[2,["secret"],"A",{}]'):
        assert "secret" not in str(fault(envelope, text))
