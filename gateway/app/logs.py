"""The log: one JSON object a line, in ASCII, to standard error or a file.

A line is `{"at": ..., "level": ..., "event": ..., fields}`. Whatever stations send is escaped and cut, so that no
field can end a line, fill a disk or steer a terminal. A flood of one event is thinned; the next line of that event
says how many were left out (`suppressed`). Writing never raises into the caller.
"""

import json
import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

import orjson

from gateway.app.config_sources import ConfigError

Level: TypeAlias = Literal["debug", "info", "warning", "error"]

SEVERITY: Final[Mapping[str, int]] = {"debug": 10, "info": 20, "warning": 30, "error": 40}

LINES_PER_EVENT_MAX: Final = 20
"""Lines of one event in one second. A reader follows no more, and 10,000 stations that fail alike say the same."""

FIELD_CHARACTERS_MAX: Final = 1000
"""Longest text of one field; enough for an error with its place, and no message of a station in full."""

ITEMS_MAX: Final = 20
"""Most items of a list or mapping in one field."""

SECRET_FIELDS: Final = frozenset(
    {
        "authorization",
        "authorization_key",
        "basic",
        "bearer",
        "credentials",
        "id_tag",
        "id_token",
        "key",
        "password",
        "raw",
        "secret",
        "token",
    }
)
"""Names of fields that are never written: secrets, and id tokens, which are personal."""

WITHHELD: Final = "[withheld]"

_Write: TypeAlias = Callable[[bytes], object]


class JsonLog:
    """A callable `log(event, level="info", **fields)`, for any thread. `now` gives the time of a line."""

    def __init__(self, write: _Write, *, level: Level, now: Callable[[], datetime]) -> None:
        self._write = write
        self._least = SEVERITY[level]
        self._now = now
        self._second = 0
        self._lines: dict[str, int] = {}
        self._suppressed: dict[str, int] = {}
        self.lines_lost = 0

    def __call__(self, event: str, /, level: Level = "info", **fields: object) -> None:
        """Write one line, unless `level` is below the configured one or the event floods."""
        if SEVERITY[level] < self._least:
            return
        at = self._now()
        if (second := int(at.timestamp())) != self._second:
            self._second = second
            self._lines.clear()
        written = self._lines.get(event, 0)
        if written >= LINES_PER_EVENT_MAX:
            self._suppressed[event] = self._suppressed.get(event, 0) + 1
            return
        self._lines[event] = written + 1
        line: dict[str, object] = {"at": _timestamp(at), "level": level, "event": event}
        if suppressed := self._suppressed.pop(event, 0):
            line["suppressed"] = suppressed
        for name, value in fields.items():
            line[name] = WITHHELD if name in SECRET_FIELDS else _plain(value)
        self._put(line)

    def close(self) -> None:
        """Say what was suppressed and not yet said."""
        while self._suppressed:
            event, suppressed = self._suppressed.popitem()
            at = _timestamp(self._now())
            self._put({"at": at, "level": "warning", "event": event, "suppressed": suppressed})

    def _put(self, line: Mapping[str, object]) -> None:
        try:
            self._write(_encode(line))
        except OSError:
            self.lines_lost += 1


def open_log(level: Level, file: Path | None) -> JsonLog:
    """Return a log that appends to `file`, or writes to standard error. Raises ConfigError if that cannot be."""
    try:
        write = stderr_writer if file is None else file_writer(file)
    except OSError as error:
        raise ConfigError([f"{file}: log.file cannot be opened: {error.strerror}"]) from None
    return JsonLog(write, level=level, now=lambda: datetime.now(UTC))


def file_writer(file: Path) -> _Write:
    """Return a writer that appends to `file`; a line is one write, so a copying log rotation cuts none."""
    descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)
    return lambda line: os.write(descriptor, line)


def stderr_writer(line: bytes) -> None:
    """Write a line to standard error."""
    os.write(2, line)


def _encode(line: Mapping[str, object]) -> bytes:
    """Return `line` as ASCII. What is not ASCII, or no Unicode at all, is escaped: terminals obey C1 controls too."""
    try:
        encoded = orjson.dumps(line)
    except orjson.JSONEncodeError:
        encoded = b"\x80"
    if not encoded.isascii() or b"\x7f" in encoded:
        encoded = json.dumps(line, separators=(",", ":")).replace("\x7f", "\\u007f").encode()
    return encoded + b"\n"


def _timestamp(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _plain(value: Any) -> object:
    """Return `value` as something short that JSON has."""
    match value:
        case None | bool() | int() | float():
            return value
        case str():
            return _cut(value)
        case bytes() | bytearray() | memoryview():
            return _cut(bytes(value[: FIELD_CHARACTERS_MAX + 1]).decode("utf-8", "backslashreplace"))
        case datetime():
            return _timestamp(value)
        case BaseException():
            return _cut(f"{type(value).__name__}: {value}")
        case list() | tuple():
            return [_cut(str(item)) for item in value[:ITEMS_MAX]]
    return _cut(str(value))


def _cut(text: str) -> str:
    return text if len(text) <= FIELD_CHARACTERS_MAX else f"{text[:FIELD_CHARACTERS_MAX]}..."
