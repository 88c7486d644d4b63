"""A second opinion on payloads: the `ocpp` package's JSON schemas read by jsonschema, with this gateway's named rules.

It shares no code with `gateway.wire`. It reads the schema files itself, makes valid payloads from them, breaks those
one rule at a time, and gives its own verdict on any JSON value. The named rules are written a second time here:
date-time by a regular expression and `datetime.date`, integers by `float.is_integer`, `multipleOf` by `Decimal`.
"""

import copy
import datetime
import importlib.resources
import json
import re
from collections.abc import Iterator
from decimal import Decimal
from math import inf
from random import Random
from typing import Any, NamedTuple

from jsonschema import FormatChecker, ValidationError, validators

FOLDERS = {"ocpp1.6": "v16", "ocpp2.0.1": "v201", "ocpp2.1": "v21"}

GOOD_DATE_TIMES = (
    "2024-02-29T23:59:59Z",
    "2024-02-29t23:59:59z",
    "2024-02-29 23:59:59+05:30",
    "2024-02-29T23:59:59-0800",
    "2024-02-29T23:59:59.1Z",
    "2024-02-29T23:59:59.123456789-00:00",
    "1970-01-01T00:00:00Z",
    "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59.999999Z",
)
BAD_DATE_TIMES = (
    "",
    "now",
    "2024-02-29",
    "2024-02-29T23:59Z",
    "2024-02-29T23:59:59",
    "2023-02-29T00:00:00Z",
    "2024-13-01T00:00:00Z",
    "2024-02-29T24:00:00Z",
    "2016-12-31T23:59:60Z",
    "2024-02-29T23:59:59.Z",
    "2024-02-29T23:59:59,5Z",
    "2024-02-29T23:59:59+24:00",
    "2024-02-29T23:59:59+05",
    "0000-01-01T00:00:00Z",
    "9999-12-31T23:59:59.9999999Z",
    " 2024-02-29T23:59:59Z",
    "2024-02-29T23:59:59Z\n",
    "2024-02-2\u0669T23:59:59Z",
    "1709251199",
)
TENTHS = (0, 1, 16, 0.1, 0.3, 0.1 + 0.2, 32.0, -6.5, 1e6 + 0.1, 123456.7, 1e17)
NOT_TENTHS = (0.05, 0.31, 16.25, 0.1001, -1e-7, 123456.78)
ANY_VALUES = (None, True, 0, -1.5, 1e300, "", "text", [], [1, [2.0]], {}, {"deep": [{"er": None}]})
WRONG_TYPES = (None, True, 7, "7", [], ["7"], {}, {"seven": 7})

_DATE_TIME = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})[Tt ](\d{2}):(\d{2}):(\d{2})(\.\d+)?(?:[Zz]|[+-](\d{2}):?(\d{2}))", re.ASCII
)


class Message(NamedTuple):
    """One schema: `role` is "request" or "response", `version` a subprotocol."""

    version: str
    action: str
    role: str
    schema: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.version}-{self.action}-{self.role}"


class Mutation(NamedTuple):
    """A payload that differs from a valid one in one place, and what was done there.

    `place` is the path without the indexes of arrays: the same for every item.
    """

    label: str
    place: tuple[str, ...]
    payload: Any


class Verdict(NamedTuple):
    """One broken rule, by the name that `gateway.wire.payloads.Violation` has for it."""

    violation: str
    path: str


KINDS = {
    "additionalProperties": "UNKNOWN_PROPERTY",
    "required": "MISSING",
    "minItems": "MISSING",
    "maxItems": "MISSING",
    "type": "TYPE",
    "enum": "CONSTRAINT",
    "format": "CONSTRAINT",
    "maxLength": "CONSTRAINT",
    "minimum": "CONSTRAINT",
    "maximum": "CONSTRAINT",
    "multipleOf": "CONSTRAINT",
}


def read_messages() -> list[Message]:
    messages = []
    for version, folder in FOLDERS.items():
        for file in (importlib.resources.files("ocpp") / folder / "schemas").iterdir():
            if match := re.fullmatch(r"(\w+?)(Request|Response)?\.json", file.name):
                role = "response" if match[2] == "Response" else "request"
                messages.append(Message(version, match[1], role, json.loads(file.read_bytes().decode("utf-8-sig"))))
    return sorted(messages, key=str)


# The verdict


def is_date_time(text: str) -> bool:
    match = _DATE_TIME.fullmatch(text)
    if match is None:
        return False
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    offset_hour, offset_minute = int(match[8] or 0), int(match[9] or 0)
    if hour > 23 or minute > 59 or second > 59 or offset_hour > 23 or offset_minute > 59:
        return False
    try:
        date = datetime.date(year, month, day)
    except ValueError:
        return False
    rounds_to_next_second = round(Decimal("0" + (match[7] or ".0")), 6) >= 1
    return not (rounds_to_next_second and date == datetime.date.max and (hour, minute, second) == (23, 59, 59))


def _multiple_of(validator: Any, divisor: float, instance: Any, schema: Any) -> Iterator[ValidationError]:
    if isinstance(instance, bool) or not isinstance(instance, int | float):
        return
    number, step = Decimal(repr(instance)), Decimal(repr(divisor))
    distance = abs(number - (number / step).to_integral_value() * step)
    if distance > Decimal("1e-9") * max(abs(number), step):
        yield ValidationError(f"{instance} is not a multiple of {divisor}")


def _is_integer(checker: Any, instance: Any) -> bool:
    if isinstance(instance, bool):
        return False
    return isinstance(instance, int) or (isinstance(instance, float) and instance.is_integer())


def validator(schema: dict[str, Any]) -> Any:
    draft = validators.validator_for(schema)
    formats = FormatChecker(formats=())
    formats.checks("date-time")(lambda value: not isinstance(value, str) or is_date_time(value))
    ruled = validators.extend(
        draft, {"multipleOf": _multiple_of}, type_checker=draft.TYPE_CHECKER.redefine("integer", _is_integer)
    )
    return ruled(schema, format_checker=formats)


def verdicts(schema_validator: Any, payload: Any) -> set[Verdict]:
    """Every rule that `payload` breaks; empty if it is valid."""
    return {verdict for error in schema_validator.iter_errors(payload) for verdict in _verdicts(error)}


def _verdicts(error: ValidationError) -> Iterator[Verdict]:
    path = "$" + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in error.absolute_path)
    kind = KINDS[error.validator]
    if error.validator == "required":
        names = [name for name in error.validator_value if name not in error.instance]
    elif error.validator == "additionalProperties":
        names = [name for name in error.instance if name not in error.schema.get("properties", {})]
    else:
        yield Verdict(kind, path)
        return
    for name in names:
        yield Verdict(kind, f"{path}.{name}")


# Valid payloads


class Maker:
    """Makes valid payloads from one schema. `share` is the chance of an optional property: 0 minimal, 1 complete."""

    def __init__(self, schema: dict[str, Any], random: Random) -> None:
        self._schema = schema
        self._definitions = schema.get("definitions", {})
        self._random = random

    def payload(self, share: float) -> Any:
        return self._value(self._schema, share)

    def mutations(self, payload: Any) -> Iterator[Mutation]:
        """Every single change of `payload` that this module knows, whether it makes it invalid or not."""
        for path, schema, value in self._sites(self._schema, payload, ()):
            for label, replacement in self._replacements(schema, value):
                place = tuple(step for step in path if isinstance(step, str))
                yield Mutation(label, place, _replaced(payload, path, replacement))

    def _resolve(self, schema: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in schema:
            schema = self._definitions[schema["$ref"].removeprefix("#/definitions/")]
        return schema

    def _value(self, schema: dict[str, Any], share: float) -> Any:
        schema, random = self._resolve(schema), self._random
        if "enum" in schema:
            return random.choice(schema["enum"])
        match schema.get("type"):
            case "object":
                made = {
                    name: self._value(child, share)
                    for name, child in schema.get("properties", {}).items()
                    if name in schema.get("required", ()) or random.random() < share
                }
                if schema.get("additionalProperties") is not False and random.random() < share:
                    made["anything"] = copy.deepcopy(random.choice(ANY_VALUES))
                return made
            case "array":
                fewest = schema.get("minItems", 0)
                count = min(schema.get("maxItems", 3), random.randint(max(fewest, int(share > 0)), max(fewest, 2)))
                return [self._value(schema["items"], share) for _ in range(count)]
            case "string" if schema.get("format") == "date-time":
                return random.choice(GOOD_DATE_TIMES)
            case "string":
                length = min(random.randint(0, 12), schema.get("maxLength", 12))
                return "".join(random.choice('az09 -"\\/\u00e9\u20ac\U0001f50c') for _ in range(length))
            case "integer":
                return random.randint(int(schema.get("minimum", -5)), int(schema.get("maximum", 2**40)))
            case "number" if "multipleOf" in schema:
                return random.choice(TENTHS)
            case "number":
                lowest, highest = schema.get("minimum", -inf), schema.get("maximum", inf)
                numbers = (0, -7, 12345, 0.5, -273.15, 1e-9, 6.02e23)
                return random.choice([number for number in numbers if lowest <= number <= highest])
            case "boolean":
                return random.random() < 0.5
            case None:
                return copy.deepcopy(random.choice(ANY_VALUES))
        raise ValueError(f"no rule for {schema}")

    def _sites(self, schema: dict[str, Any], value: Any, path: tuple[Any, ...]) -> Iterator[tuple[Any, Any, Any]]:
        schema = self._resolve(schema)
        yield path, schema, value
        if isinstance(value, dict):
            for name, child in schema.get("properties", {}).items():
                if name in value:
                    yield from self._sites(child, value[name], (*path, name))
        elif isinstance(value, list) and "items" in schema:
            for index, item in enumerate(value):
                yield from self._sites(schema["items"], item, (*path, index))

    def _replacements(self, schema: dict[str, Any], value: Any) -> Iterator[tuple[str, Any]]:
        for wrong in WRONG_TYPES:
            yield f"{wrong!r} in place", wrong
        yield "one array more around it", [value]
        match schema.get("type"):
            case "object":
                yield from self._object_replacements(schema, value)
            case "array":
                yield "no items", []
                yield "a null item", [*value, None]
                if value:
                    yield "the first item alone", value[0]
                    yield "as many items as allowed", [value[0]] * schema.get("maxItems", 4)
                    yield "an item too many", [value[0]] * (schema.get("maxItems", 4) + 1)
                    yield "an item less", value[:-1]
            case "string" if "enum" in schema:
                for allowed in schema["enum"]:
                    yield f"{allowed!r}", allowed
                yield "no value of the enumeration", "Unheard"
                yield "another case", value.swapcase()
                yield "a space behind", value + " "
            case "string" if schema.get("format") == "date-time":
                for text in GOOD_DATE_TIMES + BAD_DATE_TIMES:
                    yield f"{text!r}", text
            case "string":
                length = schema.get("maxLength", 3000)
                yield "the longest string", "x" * length
                yield "the longest string of wide characters", "\U0001f50c" * length
                yield "one character too long", "\U0001f50c" * (length + 1)
            case "integer" | "number":
                lowest, highest = schema.get("minimum", -10), schema.get("maximum", 10**9)
                for number in (lowest, lowest - 1, lowest - 0.5, highest, highest + 1, highest + 0.5):
                    yield f"{number!r}", number
                for number in (float(int(value)), 2.5, -0.0, 1e2, 2**64, 1e20):
                    yield f"{number!r}", number
                for number in TENTHS + NOT_TENTHS if "multipleOf" in schema else ():
                    yield f"{number!r}", number
                yield "a string", str(value)
            case "boolean":
                for wrong in (0, 1, 1.0, "true"):
                    yield f"{wrong!r}", wrong
            case None:
                for anything in ANY_VALUES:
                    yield f"{anything!r}", anything

    def _object_replacements(self, schema: dict[str, Any], value: Any) -> Iterator[tuple[str, Any]]:
        yield "an unknown property", {**value, "unknown": 1}
        yield "an unknown property first", {"unknown": {"a": [1.0]}, **value}
        yield "properties in another order", dict(reversed(value.items()))
        for name in value:
            yield f"without {name}", {other: value[other] for other in value if other != name}
            yield (
                f"{name} in another case",
                {(other.swapcase() if other == name else other): value[other] for other in value},
            )
        for name in schema.get("properties", {}):
            if name not in value:
                yield f"null for the absent {name}", {**value, name: None}


def _replaced(payload: Any, path: tuple[Any, ...], replacement: Any) -> Any:
    if not path:
        return replacement
    step, *rest = path
    if isinstance(payload, list):
        return [*payload[:step], _replaced(payload[step], tuple(rest), replacement), *payload[step + 1 :]]
    return {**payload, step: _replaced(payload[step], tuple(rest), replacement)}
