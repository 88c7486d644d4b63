"""Strict decoding: a payload is what its schema says, or the error names the rule it broke and where.

The verdict is that of the version's JSON schema, on valid JSON as `gateway.hot.split_envelope` defines it, with three
rules of our own, the same for every version:

- date-times: see `gateway.wire.schema_types.Timestamp`;
- integers: a number written with a fraction or an exponent is an integer if its value is one (`1.0`, `1e2`), as
  JSON Schema has it since draft 6;
- `multipleOf: 0.1`: see `gateway.wire.schema_types.is_tenths`.

Other formats (`uri`) are not checked. A payload that needs the second rule takes a slower route, on which whole
floats inside free-form values (`customData`, 2.x `DataTransfer.data`) become integers too: equal in JSON.
"""

from collections.abc import Callable
from typing import Any, TypeAlias

from msgspec import MsgspecError, convert, json

from gateway.wire.schema_types import Payload, decode_custom_data
from gateway.wire.versions import Action, Send
from gateway.wire.violations import Violation, find_violation

__all__ = ["PayloadError", "Violation", "decode_request", "decode_response"]

Decode: TypeAlias = Callable[[bytes], Payload]

REFUSALS = (MsgspecError, ValueError, RecursionError)
"""What a decoder raises for bytes that it cannot take: ValueError for invalid UTF-8, RecursionError for depth."""


class PayloadError(Exception):
    """A payload broke a rule of its schema.

    `path` says where (`$.meterValue[0].timestamp`; for an unknown property with at most 40 characters of its name),
    `reason` says what, in at most 80 characters. Both are printable ASCII and hold no value that the sender chose.
    """

    def __init__(self, violation: Violation, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.violation = violation
        self.path = path
        self.reason = reason


def decode_request(action: Action | Send, payload: bytes) -> Payload:
    """Return the request in `payload`; a payload of `null` means `{}`. Raises PayloadError and nothing else."""
    return _decode(action.decode_request, action.request_type, payload)


def decode_response(action: Action, payload: bytes) -> Payload:
    """Return the response in `payload`; a payload of `null` means `{}`. Raises PayloadError and nothing else."""
    return _decode(action.decode_response, action.response_type, payload)


def _decode(decode: Decode, expected: type[Payload], payload: bytes) -> Payload:
    try:
        return decode(payload)
    except REFUSALS:
        return _look_again(expected, payload)


def _look_again(expected: type[Payload], payload: bytes) -> Payload:
    """Decode what the fast decoder refused: null, integers written 1.0, or else find out what is wrong."""
    try:
        value = json.decode(payload)
        if value is None:
            value = {}
        finding = find_violation(expected, value)
        if finding is None:
            return convert(_whole_floats_as_integers(value), expected, dec_hook=decode_custom_data)
    except REFUSALS:
        raise PayloadError(Violation.SYNTAX, "$", "not valid JSON") from None
    raise PayloadError(*finding) from None


def _whole_floats_as_integers(value: Any) -> Any:
    match value:
        case float() if value.is_integer():
            return int(value)
        case list():
            return [_whole_floats_as_integers(item) for item in value]
        case dict():
            return {name: _whole_floats_as_integers(item) for name, item in value.items()}
    return value
