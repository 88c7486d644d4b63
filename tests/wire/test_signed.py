"""Signed messages: the payload of a JSON Web Signature. Oracle: RFC 7515's own examples, and `base64` of Python."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.wire.payloads import PayloadError, Violation
from gateway.wire.signed import signed_payload

COMPACT = (
    "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9"
    ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
    ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
)
"""RFC 7515 appendix A.1."""
PROTECTED, PAYLOAD, SIGNATURE = COMPACT.split(".")
CLAIMS = {"iss": "joe", "exp": 1300819380, "http://example.com/is_root": True}


TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


def encoded(payload):
    return base64.urlsafe_b64encode(payload).rstrip(b"=").decode()


@pytest.mark.parametrize(
    "jws",
    [
        {"payload": PAYLOAD, "protected": PROTECTED, "signature": SIGNATURE},
        {"payload": PAYLOAD, "protected": PROTECTED, "header": {"kid": "1"}, "signature": SIGNATURE},
        {"payload": PAYLOAD, "signatures": [{"protected": PROTECTED, "signature": SIGNATURE}]},
        {"payload": PAYLOAD + "==", "protected": PROTECTED, "signature": SIGNATURE},
        COMPACT,
    ],
    ids=["flattened", "with a header", "general", "padded", "compact"],
)
def test_the_payload_of_each_serialisation_is_found(jws):
    assert json.loads(signed_payload(json.dumps(jws).encode())) == CLAIMS


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXTS,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
        max_leaves=8,
    )
)
def test_any_json_comes_out_byte_for_byte(value):
    payload = json.dumps(value, ensure_ascii=False).encode()
    jws = {"payload": encoded(payload), "protected": PROTECTED, "signature": SIGNATURE}
    assert signed_payload(json.dumps(jws).encode()) == payload


@pytest.mark.parametrize(
    ("jws", "violation", "path"),
    [
        (None, Violation.TYPE, "$"),
        (7, Violation.TYPE, "$"),
        ([], Violation.TYPE, "$"),
        ("", Violation.TYPE, "$"),
        ("a.b", Violation.TYPE, "$"),
        ({}, Violation.MISSING, "$"),
        ({"payload": PAYLOAD}, Violation.MISSING, "$"),
        ({"payload": PAYLOAD, "signatures": []}, Violation.MISSING, "$"),
        ({"signature": SIGNATURE}, Violation.MISSING, "$"),
        ({"payload": {"iss": "joe"}, "signature": SIGNATURE}, Violation.TYPE, "$.payload"),
        ({"payload": "e30+", "signature": SIGNATURE}, Violation.CONSTRAINT, "$.payload"),
        ({"payload": "e", "signature": SIGNATURE}, Violation.CONSTRAINT, "$.payload"),
        ({"payload": "e30\n", "signature": SIGNATURE}, Violation.CONSTRAINT, "$.payload"),
        ({"payload": "", "signature": SIGNATURE}, Violation.SYNTAX, "$.payload"),
        ({"payload": encoded(b"{},{}"), "signature": SIGNATURE}, Violation.SYNTAX, "$.payload"),
        ({"payload": encoded(b'{"a":1,"a":2}'), "signature": SIGNATURE}, Violation.SYNTAX, "$.payload"),
        ({"payload": encoded(b"{}]"), "signature": SIGNATURE}, Violation.SYNTAX, "$.payload"),
        ({"payload": encoded(b'"\xff"'), "signature": SIGNATURE}, Violation.SYNTAX, "$.payload"),
        ({"payload": encoded(b"NaN"), "signature": SIGNATURE}, Violation.SYNTAX, "$.payload"),
    ],
    ids=str,
)
def test_what_signs_no_json_is_refused_with_its_place(jws, violation, path):
    with pytest.raises(PayloadError) as refused:
        signed_payload(json.dumps(jws).encode())
    assert (refused.value.violation, refused.value.path) == (violation, path)


@given(st.binary(max_size=60))
def test_no_bytes_in_it_raise_anything_else(payload):
    jws = json.dumps({"payload": encoded(payload), "signature": SIGNATURE}).encode()
    try:
        found = signed_payload(jws)
    except PayloadError:
        return
    assert found == payload
    json.loads(found)
