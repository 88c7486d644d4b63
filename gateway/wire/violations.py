"""Where a JSON value departs from a payload type, and how: the slow second look after the fast decoder refused it.

It walks the type and the value side by side instead of reading the decoder's messages, so that a path is exact, a
reason never holds what the station sent, and neither changes with a release of msgspec.
"""

import sys
from enum import Enum
from functools import lru_cache
from typing import Any, NamedTuple

from msgspec import ValidationError, convert, inspect

from gateway.wire.schema_types import CustomDataProperties, Timestamp, is_tenths

PROPERTY_NAME_CHARS_MAX = 40
"""Longest piece of an unknown property's name that is echoed. The longest name in any schema has 36 characters."""

JSON_TYPES = {
    type(None): "null",
    bool: "boolean",
    int: "integer",
    float: "number",
    str: "string",
    list: "array",
    dict: "object",
}


class Violation(Enum):
    """The kind of rule that a payload broke. Each version has an error code of its own for each kind."""

    SYNTAX = "syntax"
    """Not JSON as this gateway defines it."""
    UNKNOWN_PROPERTY = "unknown_property"
    """A property that the object does not have."""
    MISSING = "missing"
    """A required property is absent, or an array is shorter or longer than allowed."""
    TYPE = "type"
    """Another JSON type than the schema's; null counts as one."""
    CONSTRAINT = "constraint"
    """The right type with a value that is not allowed: enumeration, length, range, date-time."""


class Finding(NamedTuple):
    """One broken rule. `path` is printable ASCII, such as `$.meterValue[0].timestamp`; so is `reason`, at most 80."""

    violation: Violation
    path: str
    reason: str


def find_violation(expected: type, value: object) -> Finding | None:
    """Return the first rule of the type `expected` that the JSON value `value` breaks, or None if it keeps them all.

    An object's unknown and missing properties come before what is inside it, which follows in the schema's order.
    """
    return _find(_type_info(expected), value, "$")


def find_in(expected: inspect.Type, value: object) -> Finding | None:
    """Return the first rule that `value` breaks where a payload has a value of the type `expected`; see above."""
    return _find(expected, value, "$")


@lru_cache(maxsize=512)  # more than the requests and responses of all versions
def _type_info(expected: type) -> inspect.Type:
    return inspect.type_info(expected)


def _find(expected: inspect.Type, value: Any, path: str) -> Finding | None:
    match expected:
        case inspect.StructType():
            return _find_in_object(expected, value, path)
        case inspect.ListType():
            return _find_in_array(expected, value, path)
        case inspect.StrType() | inspect.LiteralType() | inspect.DateTimeType():
            return _find_in_string(expected, value, path)
        case inspect.IntType() | inspect.FloatType():
            return _find_in_number(expected, value, path)
        case inspect.Metadata(type=number):  # Tenths is the only type with metadata
            return _find(number, value, path) or _find_in_tenths(value, path)
        case inspect.BoolType():
            return None if isinstance(value, bool) else _wrong_type("boolean", value, path)
        case inspect.CustomType():  # CustomData is the only custom type
            return _find(_type_info(CustomDataProperties), value, path)
    return None


def _find_in_object(expected: inspect.StructType, value: Any, path: str) -> Finding | None:
    if not isinstance(value, dict):
        return _wrong_type("object", value, path)
    if expected.forbid_unknown_fields:
        known = {field.encode_name for field in expected.fields}
        for name in value:
            if name not in known:
                return Finding(Violation.UNKNOWN_PROPERTY, f"{path}.{_printable(name)}", "unknown property")
    for field in expected.fields:
        if field.required and field.encode_name not in value:
            return Finding(Violation.MISSING, f"{path}.{field.encode_name}", "required property is missing")
    for field in expected.fields:
        if field.encode_name in value and (
            finding := _find(field.type, value[field.encode_name], f"{path}.{field.encode_name}")
        ):
            return finding
    return None


def _find_in_array(expected: inspect.ListType, value: Any, path: str) -> Finding | None:
    if not isinstance(value, list):
        return _wrong_type("array", value, path)
    if expected.min_length is not None and len(value) < expected.min_length:
        return Finding(Violation.MISSING, path, f"fewer than {expected.min_length} items")
    if expected.max_length is not None and len(value) > expected.max_length:
        return Finding(Violation.MISSING, path, f"more than {expected.max_length} items")
    for index, item in enumerate(value):
        if finding := _find(expected.item_type, item, f"{path}[{index}]"):
            return finding
    return None


def _find_in_string(
    expected: inspect.StrType | inspect.LiteralType | inspect.DateTimeType, value: Any, path: str
) -> Finding | None:
    if not isinstance(value, str):
        return _wrong_type("string", value, path)
    match expected:
        case inspect.StrType(max_length=int(length)) if len(value) > length:
            return Finding(Violation.CONSTRAINT, path, f"longer than {length} characters")
        case inspect.LiteralType(values=values) if value not in values:
            return Finding(Violation.CONSTRAINT, path, "not one of the values allowed")
        case inspect.DateTimeType():
            try:
                convert(value, Timestamp)
            except ValidationError:
                return Finding(Violation.CONSTRAINT, path, "not an RFC 3339 date-time with a time zone")
    return None


def _find_in_number(expected: inspect.IntType | inspect.FloatType, value: Any, path: str) -> Finding | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return _wrong_type("number" if isinstance(expected, inspect.FloatType) else "integer", value, path)
    if isinstance(expected, inspect.IntType) and isinstance(value, float) and not value.is_integer():
        return _wrong_type("integer", value, path)
    if expected.ge is not None and value < expected.ge:
        return Finding(Violation.CONSTRAINT, path, f"less than {expected.ge}")
    if expected.le is not None and value > expected.le:
        return Finding(Violation.CONSTRAINT, path, f"greater than {expected.le}")
    if isinstance(expected, inspect.FloatType) and not -sys.float_info.max <= value <= sys.float_info.max:
        return Finding(Violation.SYNTAX, path, "number out of range")
    return None


def _find_in_tenths(value: float, path: str) -> Finding | None:
    return None if is_tenths(value) else Finding(Violation.CONSTRAINT, path, "not a multiple of 0.1")


def _wrong_type(wanted: str, value: object, path: str) -> Finding:
    return Finding(Violation.TYPE, path, f"{JSON_TYPES[type(value)]} instead of {wanted}")


def _printable(name: str) -> str:
    """Return the start of a property's name with everything but printable ASCII replaced."""
    return "".join(
        character if character.isascii() and character.isprintable() else "?"
        for character in name[:PROPERTY_NAME_CHARS_MAX]
    )
