"""Meter values of OCPP 1.6, read without decoding each field again: the plain twin of `_speedups/readings.pyx`.

Stations repeat themselves: of a sampled value only the number changes from message to message. What is left of it, its
*template*, is decoded and validated once, by the caller's `learn`; after that the number is all that is read. Whatever
is not of the plainest form is left to the general decoder: `read` may return None, but never something else than what
the general decoder would say.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeAlias

TEMPLATES_MAX = 4096
"""Templates remembered. A fleet of one firmware has some dozens. Beyond that all are forgotten and learned anew: a
station that makes up ever new ones must not slow down the others for good."""

SAMPLED_VALUE_BYTES_MAX = 512
"""Longest sampled value that is looked up. With every optional field it has about 250 bytes."""

DIGITS_MAX = 15
"""Digits of a number that a double holds exactly, and with it the quotient by a power of ten."""

DECIMALS = 6
"""Digits kept behind the point after a conversion, so that 1.001 kWh is 1001 Wh and not 1000.9999999999999."""

Learned: TypeAlias = tuple[Any, float, float]
"""Channel, factor and offset: a value in base units is `sent * factor + offset`."""

Learn: TypeAlias = Callable[[bytes], Learned | None]
"""Decodes one sampled value; None if values of its kind are to be left to the general decoder."""

MeterValues: TypeAlias = tuple[int, int | None, list[tuple[datetime, list[Any]]]]
"""connectorId, transactionId, and for each meter value its timestamp and samples."""

_SPACE = rb"[ \t\n\r]*"
_PLAIN = rb'"([^"\\\x00-\x1f]*)"'
_PAIR = re.compile(_SPACE + _PLAIN + _SPACE + rb":" + _SPACE)
_STRING = re.compile(_PLAIN)
_INTEGER = re.compile(rb"-?(?:0|[1-9][0-9]{0,14})(?![0-9.eE])")
_NUMBER = re.compile(rb"-?[0-9]+(?:\.[0-9]+)?")
_TIME = re.compile(rb"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,6}))?Z")
_WHITE = re.compile(_SPACE)


class MeterValuesReader:
    """Reads payloads of MeterValues. `make_sample(channel, value)` makes what stands for a sample; never None."""

    __slots__ = ("_known", "_learn", "_make_sample")

    def __init__(self, learn: Learn, make_sample: Callable[[Any, float], Any]) -> None:
        self._learn = learn
        self._make_sample = make_sample
        self._known: dict[bytes, Learned | None] = {}

    def read(self, payload: bytes) -> MeterValues | None:
        """Return what `payload`, which is valid JSON, says; None to leave it to the general decoder."""
        try:
            return self._payload(_Cursor(payload))
        except _NotPlainError:
            return None

    def _payload(self, cursor: "_Cursor") -> MeterValues:
        connector_id: int | None = None
        transaction_id: int | None = None
        meter_values: list[tuple[datetime, list[Any]]] | None = None
        for key in cursor.names():
            if key == b"connectorId":
                connector_id = cursor.integer()
            elif key == b"transactionId":
                transaction_id = cursor.integer()
            elif key == b"meterValue":
                meter_values = [self._meter_value(cursor) for _ in cursor.items()]
            else:
                raise _NotPlainError
        if connector_id is None or not meter_values or not cursor.at_end():
            raise _NotPlainError
        return connector_id, transaction_id, meter_values

    def _meter_value(self, cursor: "_Cursor") -> tuple[datetime, list[Any]]:
        time: datetime | None = None
        samples: list[Any] | None = None
        for key in cursor.names():
            if key == b"timestamp":
                time = cursor.time()
            elif key == b"sampledValue":
                samples = [self._sample(cursor) for _ in cursor.items()]
            else:
                raise _NotPlainError
        if time is None or not samples:
            raise _NotPlainError
        return time, samples

    def _sample(self, cursor: "_Cursor") -> Any:
        start = cursor.position
        hole: tuple[int, int] | None = None
        for key in cursor.names():
            begin, end = cursor.string()
            if key == b"value":
                hole = begin, end
        if hole is None or cursor.position - start > SAMPLED_VALUE_BYTES_MAX:
            raise _NotPlainError
        number = cursor.text[slice(*hole)]
        if not _NUMBER.fullmatch(number) or sum(48 <= digit <= 57 for digit in number) > DIGITS_MAX:
            raise _NotPlainError
        learned = self._learned(
            cursor.text[start : hole[0]] + cursor.text[hole[1] : cursor.position], cursor.text[start : cursor.position]
        )
        if learned is None:
            raise _NotPlainError
        channel, factor, offset = learned
        value = float(number)
        if factor != 1.0 or offset != 0.0:
            value = round(value * factor + offset, DECIMALS)
        return self._make_sample(channel, value)

    def _learned(self, template: bytes, sampled_value: bytes) -> Learned | None:
        if template in self._known:
            return self._known[template]
        learned = self._learn(sampled_value)
        if len(self._known) >= TEMPLATES_MAX:
            self._known.clear()
        self._known[template] = learned
        return learned


class _NotPlainError(Exception):
    """The payload is not of the plain form."""


class _Cursor:
    """A place in a JSON text, from which plain things are taken."""

    def __init__(self, text: bytes) -> None:
        self.text = text
        self.position = 0
        self._skip_space()

    def names(self) -> Any:
        """Enter an object and yield each of its keys, with the cursor at the value; leave it at the end."""
        self._take(b"{")
        while True:
            yield self._match(_PAIR)[1]
            self._skip_space()
            if not self._took(b","):
                break
        self._take(b"}")

    def items(self) -> Any:
        """Enter an array and yield once for each of its items, with the cursor at it; leave it at the end."""
        self._take(b"[")
        while True:
            self._skip_space()
            yield
            self._skip_space()
            if not self._took(b","):
                break
        self._take(b"]")

    def string(self) -> tuple[int, int]:
        """Take a string without escapes; return where its content begins and ends."""
        return self._match(_STRING).span(1)

    def integer(self) -> int:
        """Take an integer of at most DIGITS_MAX digits."""
        return int(self._match(_INTEGER)[0])

    def time(self) -> datetime:
        """Take a timestamp in UTC with at most six digits of the second."""
        begin, end = self.string()
        match = _TIME.fullmatch(self.text, begin, end)
        if match is None:
            raise _NotPlainError
        year, month, day, hour, minute, second = map(int, match.groups()[:6])
        microsecond = int((match[7] or b"").ljust(6, b"0"))
        try:
            return datetime(year, month, day, hour, minute, second, microsecond, UTC)
        except ValueError:
            raise _NotPlainError from None

    def at_end(self) -> bool:
        """Whether nothing but white space follows."""
        self._skip_space()
        return self.position == len(self.text)

    def _match(self, pattern: re.Pattern[bytes]) -> re.Match[bytes]:
        match = pattern.match(self.text, self.position)
        if match is None:
            raise _NotPlainError
        self.position = match.end()
        return match

    def _skip_space(self) -> None:
        self._match(_WHITE)

    def _took(self, token: bytes) -> bool:
        taken = self.text.startswith(token, self.position)
        self.position += taken
        return taken

    def _take(self, token: bytes) -> None:
        self._skip_space()
        if not self._took(token):
            raise _NotPlainError
