"""OCPP-J envelopes, and JSON as this gateway defines it: the plain twin of `_speedups/envelope.pyx`.

A message is JSON here if it follows the grammar of RFC 8259 and, beyond that: no string holds a lone surrogate escape
(it could not be stored as UTF-8), every number is finite as a double (so no NaN, no Infinity, no 1e999), no object has
a key twice (receivers disagree about which value counts), nothing is nested deeper than `DEPTH_MAX`.
"""

import enum
import json
import math
import re
from typing import NoReturn, TypeAlias

DEPTH_MAX = 32
"""Deepest nesting of arrays and objects, the envelope's own array included. The schemas of OCPP need at most nine
levels; the rest is for DataTransfer and customData. It bounds what every later decoder recurses."""

MESSAGE_ID_CHARACTERS_MAX = 36
"""Longest message id (OCPP-J 1.6 section 4.1.4, 2.0.1 Part 4 section 4.1.4): a UUID in text."""

CALL, CALLRESULT, CALLERROR, CALLRESULTERROR, SEND = 2, 3, 4, 5, 6
ELEMENTS = {CALL: 4, CALLRESULT: 3, CALLERROR: 5, CALLRESULTERROR: 5, SEND: 4}
"""How many elements a message of each type has."""

Envelope: TypeAlias = tuple[int, str, str, str, int, int]


class EnvelopeFault(enum.Enum):
    """What is wrong with an envelope."""

    NOT_JSON = "not JSON"
    NOT_AN_ENVELOPE = "not an OCPP-J message"
    UNKNOWN_TYPE = "unknown message type"
    BAD_MESSAGE_ID = "bad message id"


class EnvelopeError(Exception):
    """A text that is no OCPP-J message. `reason` is for people; it holds nothing that the station sent but a number.

    `message_id` and `message_type` are None where they could not be read; a valid message id is there even if the rest
    of the text is broken.
    """

    def __init__(self, kind: EnvelopeFault, message_id: str | None, reason: str, message_type: int | None) -> None:
        super().__init__(f"{kind.value}: {reason}")
        self.kind = kind
        self.message_id = message_id
        self.reason = reason
        self.message_type = message_type


def split_envelope(text: bytes) -> Envelope:
    """Check the whole text of an OCPP-J message and return (type, message id, word, description, start, end).

    `text[start:end]` is the payload, or the details of a CALLERROR or CALLRESULTERROR: any JSON value. `word` is the
    action of a CALL or SEND, the error code of an error, "" in a CALLRESULT. `description` is "" but for errors.

    The caller has checked that `text` is UTF-8; if it is not, UnicodeDecodeError may be raised. Everything else that
    is wrong raises EnvelopeError. Whether the type exists in the station's version is for the caller to rule on.

    Source: OCPP-J 1.6 section 4.2, OCPP 2.1 Part 4 section 4.2.
    """
    scanner = _Scanner(text)
    try:
        is_array = scanner.scan()
    except _NotJSONError as fault:
        head = _Head(text, scanner.elements)
        raise EnvelopeError(EnvelopeFault.NOT_JSON, head.message_id, str(fault), head.message_type) from None
    if not is_array:
        raise EnvelopeError(EnvelopeFault.NOT_AN_ENVELOPE, None, "not an array", None)
    return _checked_envelope(text, scanner.elements)


class _NotJSONError(Exception):
    """The text is not JSON as defined above."""


_WHITE_SPACE = re.compile(rb"[ \t\n\r]*")
_STRING = re.compile(rb'"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"')
_NUMBER = re.compile(rb"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?(?![0-9.eE+-])")
_INTEGER = re.compile(rb"-?(?:0|[1-9][0-9]*)")
_LITERAL = re.compile(rb"true|false|null")


class _Scanner:
    """Walks over a JSON text. `elements` are the (start, end) of the elements of the outermost array so far."""

    def __init__(self, text: bytes) -> None:
        self.text = text
        self.elements: list[tuple[int, int]] = []

    def scan(self) -> bool:
        """Walk over the whole text; return whether it is an array."""
        start = self._skip_space(0)
        end = self._skip_space(self._value(start, depth=0))
        if end != len(self.text):
            raise self._unexpected(end)
        return self.text[start] == ord("[")

    def _value(self, at: int, depth: int) -> int:
        """Walk over the value that starts at `at`; return where it ends."""
        first = self.text[at : at + 1]
        if first in (b"{", b"["):
            if depth == DEPTH_MAX:
                raise _NotJSONError(f"byte {at}: nested deeper than {DEPTH_MAX}")
            return self._object(at, depth) if first == b"{" else self._array(at, depth)
        if first == b'"':
            return self._string(at)[1]
        if first in (b"-", *(b"%d" % digit for digit in range(10))):
            return self._number(at)
        if literal := _LITERAL.match(self.text, at):
            return literal.end()
        raise self._unexpected(at)

    def _array(self, at: int, depth: int) -> int:
        at = self._skip_space(at + 1)
        if self.text[at : at + 1] == b"]":
            return at + 1
        while True:
            end = self._value(at, depth + 1)
            if depth == 0:
                self.elements.append((at, end))
            at = self._skip_space(end)
            if self.text[at : at + 1] == b"]":
                return at + 1
            at = self._skip_space(self._expect(b",", at))

    def _object(self, at: int, depth: int) -> int:
        keys: set[str] = set()
        at = self._skip_space(at + 1)
        if self.text[at : at + 1] == b"}":
            return at + 1
        while True:
            if self.text[at : at + 1] != b'"':
                raise self._unexpected(at)
            key, end = self._string(at)
            if key in keys:
                raise _NotJSONError(f"byte {at}: duplicate key")
            keys.add(key)
            at = self._skip_space(self._expect(b":", self._skip_space(end)))
            at = self._skip_space(self._value(at, depth + 1))
            if self.text[at : at + 1] == b"}":
                return at + 1
            at = self._skip_space(self._expect(b",", at))

    def _string(self, at: int) -> tuple[str, int]:
        match = _STRING.match(self.text, at)
        if match is None:
            raise _NotJSONError(f"byte {at}: invalid string")
        string = unescaped(match[0])
        if any("\ud800" <= character <= "\udfff" for character in string):
            raise _NotJSONError(f"byte {at}: lone surrogate")
        return string, match.end()

    def _number(self, at: int) -> int:
        match = _NUMBER.match(self.text, at)
        if match is None:
            raise _NotJSONError(f"byte {at}: invalid number")
        if math.isinf(float(match[0])):
            raise _NotJSONError(f"byte {at}: number is too large for a double")
        return match.end()

    def _expect(self, byte: bytes, at: int) -> int:
        if self.text[at : at + 1] != byte:
            raise self._unexpected(at)
        return at + 1

    def _skip_space(self, at: int) -> int:
        match = _WHITE_SPACE.match(self.text, at)
        return at if match is None else match.end()

    def _unexpected(self, at: int) -> _NotJSONError:
        return _NotJSONError("text ends too early" if at >= len(self.text) else f"byte {at}: unexpected character")


class _Head:
    """The first two elements, as far as they are what they should be."""

    def __init__(self, text: bytes, elements: list[tuple[int, int]]) -> None:
        self.message_type: int | None = None
        self.message_id: str | None = None
        if elements and _INTEGER.fullmatch(text, *elements[0]):
            self.message_type = int(text[slice(*elements[0])])
        if self.message_type is not None and len(elements) > 1 and text[elements[1][0]] == ord('"'):
            message_id = unescaped(text[slice(*elements[1])])
            if 1 <= len(message_id) <= MESSAGE_ID_CHARACTERS_MAX:
                self.message_id = message_id


def _checked_envelope(text: bytes, elements: list[tuple[int, int]]) -> Envelope:
    """Rule on the elements of an array that is JSON."""
    head = _Head(text, elements)
    message_type, message_id = head.message_type, head.message_id

    def fail(kind: EnvelopeFault, reason: str) -> NoReturn:
        raise EnvelopeError(kind, message_id, reason, message_type)

    def string(index: int, name: str) -> str:
        token = text[slice(*elements[index])]
        if not token.startswith(b'"'):
            fail(EnvelopeFault.NOT_AN_ENVELOPE, f"{name} is not a string")
        return unescaped(token)

    if message_type is None:
        fail(EnvelopeFault.NOT_AN_ENVELOPE, "no message type number" if elements else "empty array")
    if message_type not in ELEMENTS:
        fail(EnvelopeFault.UNKNOWN_TYPE, "message type number is none of 2 to 6")
    if len(elements) > 1 and message_id is None:
        fail(EnvelopeFault.BAD_MESSAGE_ID, f"not a string of 1 to {MESSAGE_ID_CHARACTERS_MAX} characters")
    if message_id is None or len(elements) != ELEMENTS[message_type]:
        fail(EnvelopeFault.NOT_AN_ENVELOPE, f"{len(elements)} elements instead of {ELEMENTS[message_type]}")
    word = description = ""
    if message_type in (CALL, SEND):
        word = string(2, "action")
    elif message_type != CALLRESULT:
        word, description = string(2, "error code"), string(3, "error description")
    return message_type, message_id, word, description, *elements[-1]


def unescaped(token: bytes) -> str:
    """Return the value of a JSON string token, quotes included, whose grammar has been checked."""
    value: str = json.loads(token.decode())
    return value
