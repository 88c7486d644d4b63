"""What a station said, as the oracle reads it, and what must not be repeated of it."""

import contextlib
import json
import re
from typing import Any, NamedTuple

from bench.fuzz.damage import places
from tests.core.station_bench import MESSAGES
from tests.parity.test_envelope import is_strict_json

MESSAGE_ID_CHARACTERS_MAX = 36
"""OCPP-J 1.6 section 4.1.4, 2.x Part 4 section 4.1.4."""

EXACT_MAX = 2**53
"""Beyond it a number may be valid and yet not recorded."""

SECRET_CHARACTERS_MIN = 8
"""Shortest value that is searched for in descriptions; shorter ones are there by chance."""

NAME_CHARACTERS_MAX = 40
"""Of the name of an unknown property, this much may be repeated to its sender."""

_HEAD = re.compile(rb'\s*\[[^,"]*,\s*("(?:[^"\\]|\\.)*")(?:\s*,\s*"([A-Za-z0-9-]+)"\s*,)?', re.DOTALL)
"""The id, and the action if there is one, of a text that may not be JSON further on."""

_property_names = {
    name
    for message in MESSAGES.values()
    for part in (message.schema, *message.schema.get("definitions", {}).values())
    for name in part.get("properties", {})
}


class Said(NamedTuple):
    """What the station said, as the oracle reads it. `call` is (id, action, payload) of a CALL as it should be."""

    text: bytes
    message_id: str | None
    action: str | None
    call: tuple[str, str, Any] | None


def read(text: bytes) -> Said:
    """Return how the oracle reads what a station said."""
    if is_strict_json(text):
        message = json.loads(text)
        if isinstance(message, list) and len(message) == 4 and type(message[0]) is int and message[0] == 2:
            _, message_id, action, payload = message
            if isinstance(action, str) and _is_id(message_id):
                return Said(text, message_id, action, (message_id, action, payload))
        message_id = message[1] if isinstance(message, list) and len(message) > 1 and _is_id(message[1]) else None
        return Said(text, message_id, None, None)
    head = _HEAD.match(text)
    if head is None:
        return Said(text, None, None, None)
    with contextlib.suppress(ValueError):
        return Said(text, json.loads(head[1]), None if head[2] is None else head[2].decode(), None)
    return Said(text, None, None, None)


def leak(text: bytes, description: str) -> str | None:
    """Return a value in `text` that the description repeats. Names of properties may be there."""
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        return None
    allowed = _property_names | {
        name[:NAME_CHARACTERS_MAX] for path in places(message) for name in path if isinstance(name, str)
    }
    for value in _leaves(message):
        shown = value if isinstance(value, str) else json.dumps(value)
        if len(shown) >= SECRET_CHARACTERS_MIN and shown in description and not any(shown in name for name in allowed):
            return shown
    return None


def _leaves(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [leaf for inner in value.values() for leaf in _leaves(inner)]
    if isinstance(value, list):
        return [leaf for inner in value for leaf in _leaves(inner)]
    return [value]


def _is_id(value: Any) -> bool:
    return isinstance(value, str) and 1 <= len(value) <= MESSAGE_ID_CHARACTERS_MAX


def beyond_records(payload: Any) -> bool:
    """Whether it has a number that a schema allows and a record cannot hold."""
    return any(isinstance(leaf, int | float) and abs(leaf) > EXACT_MAX for leaf in _leaves(payload))
