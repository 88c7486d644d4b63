"""A place in the msgpack of journal entries: the plain twin of the compiled leaf's cursor, and its limits."""

import struct
from typing import Final

INT4_MIN: Final = -(1 << 31)
INT4_MAX: Final = (1 << 31) - 1
"""Of PostgreSQL's integer. What stations name as their EVSE or connector may be any."""

BODY_BYTES_MAX: Final = 1 << 29
"""Largest body. A text of it fits PostgreSQL's 31-bit length even if each byte becomes the three of U+FFFD."""

NO_ENTRIES: Final = "these bytes are no array of entries"
"""What every ValueError says: whoever made such bytes, it was not the journal."""

SECONDS_MIN: Final = -62_135_596_800
SECONDS_END: Final = 253_402_300_800
"""Python's years, 1 to 9999: the journal holds no other times, and PostgreSQL takes all of these."""


class Cursor:
    """A place in msgpack, from which values are taken. Raises ValueError where there is none of the kind."""

    __slots__ = ("body", "position")

    def __init__(self, body: bytes | bytearray | memoryview) -> None:
        if len(body) > BODY_BYTES_MAX:
            raise ValueError(NO_ENTRIES)
        self.body = bytes(body)
        self.position = 0

    def array(self, fields_min: int) -> int:
        """Enter an array of at least `fields_min` fields and return how many it has."""
        kind, size = self._head()
        if kind != "array" or size < fields_min:
            raise ValueError(NO_ENTRIES)
        return size

    def text(self) -> bytes:
        """Take a text, as UTF-8 that nobody has checked."""
        kind, size = self._head()
        if kind != "str":
            raise ValueError(NO_ENTRIES)
        return self._bytes(size)

    def clean_text_or_none(self) -> bytes | None:
        """Take a text as `clean_text` does, or nil."""
        return None if self._took_nil() else self.clean_text()

    def clean_text(self) -> bytes:
        """Take a text, as PostgreSQL can hold it: it knows no U+0000. Raises UnicodeDecodeError, too."""
        return self.text().decode().replace("\0", "\ufffd").encode()

    def time(self) -> int:
        """Take a timestamp, as microseconds since 1970."""
        size = {b"\xd6\xff": 4, b"\xd7\xff": 8, b"\xc7\x0c": 12}.get(self._bytes(2))
        if size is None or (size == 12 and self._bytes(1) != b"\xff"):
            raise ValueError(NO_ENTRIES)
        packed = self._bytes(size)
        nanoseconds, seconds = 0, int.from_bytes(packed, "big")
        if size == 8:
            nanoseconds, seconds = seconds >> 34, seconds & ((1 << 34) - 1)
        elif size == 12:
            nanoseconds, seconds = struct.unpack(">Iq", packed)
        if nanoseconds >= 1_000_000_000 or not SECONDS_MIN <= seconds < SECONDS_END:
            raise ValueError(NO_ENTRIES)
        return seconds * 1_000_000 + nanoseconds // 1000

    def time_or_none(self) -> int | None:
        """Take a timestamp as `time` does, or nil."""
        return None if self._took_nil() else self.time()

    def integer_or_none(self) -> int | None:
        """Take an integer or nil; an integer that has no place in four bytes becomes the nearest that has."""
        kind, number = self._head()
        if kind == "nil":
            return None
        if kind != "int":
            raise ValueError(NO_ENTRIES)
        return max(INT4_MIN, min(number, INT4_MAX))

    def large_integer_or_none(self) -> int | None:
        """Take an integer as it is, or nil."""
        kind, number = self._head()
        if kind not in ("nil", "int"):
            raise ValueError(NO_ENTRIES)
        return None if kind == "nil" else number

    def integers(self) -> bytes:
        """Take an array of integers, as it is."""
        start = self.position
        for _ in range(self.array(0)):
            if self.large_integer_or_none() is None:
                raise ValueError(NO_ENTRIES)
        return self.body[start : self.position]

    def number_or_none(self) -> float | None:
        """Take a number, of whatever kind, or nil."""
        kind, number = self._head()
        if kind == "nil":
            return None
        if kind == "int":
            return float(number)
        if kind != "float":
            raise ValueError(NO_ENTRIES)
        value: float = struct.unpack(">d" if number == 8 else ">f", self._bytes(number))[0]
        return value

    def boolean(self) -> bool:
        """Take true or false."""
        kind, value = self._head()
        if kind != "bool":
            raise ValueError(NO_ENTRIES)
        return value == 1

    def skip(self, values: int) -> None:
        """Skip so many values, with all that is inside them. None if `values` is not positive."""
        while values > 0:
            values -= 1
            kind, size = self._head()
            if kind == "array":
                values += size
            elif kind == "map":
                values += 2 * size
            elif kind not in ("nil", "bool", "int"):
                self._bytes(size)

    def took_other(self) -> bool:
        """Take any value; return whether it is one, and not nil."""
        if self._took_nil():
            return False
        self.skip(1)
        return True

    def end(self) -> None:
        """Raise ValueError unless this is the end."""
        if self.position != len(self.body):
            raise ValueError(NO_ENTRIES)

    def _head(self) -> tuple[str, int]:
        """Take the head of a value; return its kind, and its size in bytes or items, or itself where that is all."""
        tag = self._bytes(1)[0]
        if tag <= 0x7F:
            return "int", tag
        if tag >= 0xE0:
            return "int", tag - 0x100
        if tag <= 0x8F:
            return "map", tag & 0x0F
        if tag <= 0x9F:
            return "array", tag & 0x0F
        if tag <= 0xBF:
            return "str", tag & 0x1F
        if tag in _FIXED:
            return _FIXED[tag]
        if tag not in _SIZED:
            raise ValueError(NO_ENTRIES)
        kind, width, signed = _SIZED[tag]
        size = int.from_bytes(self._bytes(width), "big", signed=signed)
        return kind, size + 1 if kind == "ext" else size

    def _bytes(self, size: int) -> bytes:
        taken = self.body[self.position : self.position + size]
        if len(taken) != size:
            raise ValueError(NO_ENTRIES)
        self.position += size
        return taken

    def _took_nil(self) -> bool:
        taken = self.body[self.position : self.position + 1] == b"\xc0"
        self.position += taken
        return taken


_FIXED: Final = {
    0xC0: ("nil", 0),
    0xC2: ("bool", 0),
    0xC3: ("bool", 1),
    0xCA: ("float", 4),
    0xCB: ("float", 8),
    **{0xD4 + power: ("ext", 1 + (1 << power)) for power in range(5)},
}
"""Heads of one byte: kind, and size or value. The type of an ext counts as one of its bytes."""

_SIZED: Final = {
    **{0xC4 + power: ("bin", 1 << power, False) for power in range(3)},
    **{0xC7 + power: ("ext", 1 << power, False) for power in range(3)},
    **{0xCC + power: ("int", 1 << power, False) for power in range(4)},
    **{0xD0 + power: ("int", 1 << power, True) for power in range(4)},
    **{0xD9 + power: ("str", 1 << power, False) for power in range(3)},
    **{0xDC + power: ("array", 2 << power, False) for power in range(2)},
    **{0xDE + power: ("map", 2 << power, False) for power in range(2)},
}
"""Heads that a number follows: kind, and how many bytes the number has and whether it is signed."""
