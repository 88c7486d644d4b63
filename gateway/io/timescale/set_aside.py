"""Entries that the database refuses for what they hold: kept in files, so that the others go on.

One file a batch, one JSON line an entry, written and synced before the database is told that the batch is done. What is
written twice has the same name, so an entry is set aside once.
"""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from gateway.core.records import Entry, Readings
from gateway.io.timescale.failures import StoreError

SET_ASIDE_BYTES_MAX: Final = 64 * 1024 * 1024
"""Size of all files together. Beyond it, it is the database that is wrong, not the data, and the journal keeps it."""

_FILE_MODE: Final = 0o600


class SetAsideEntry(msgspec.Struct, frozen=True):
    """An entry that was refused. `batch` and `position` say where in the journal it stands.

    `entry` is all of it, as the journal has it: an array, in the order of the fields of `core.records`.
    """

    journal: str
    batch: int
    position: int
    set_aside_at: datetime
    station: str
    received_at: datetime
    reason: str
    readings: int
    entry: Entry

    @classmethod
    def of(cls, journal: str, batch: int, position: int, entry: Entry, reason: str) -> "SetAsideEntry":
        """Return the line for `entry`."""
        values = [value for record in entry.records if isinstance(record, Readings) for value in record.meter_values]
        readings = sum(len(value.samples) for value in values)
        at = datetime.now(UTC)
        return cls(journal, batch, position, at, entry.station, entry.received_at, reason, readings, entry)


class SetAside:
    """The directory of these files; made when the first is needed."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def keep(self, entries: list[SetAsideEntry]) -> Path:
        """Write the entries of one batch to disk. Raises StoreError if there is no room for them."""
        name = f"{entries[0].journal}-{entries[0].batch}.jsonl"
        lines = b"".join(msgspec.json.encode(entry) + b"\n" for entry in entries)
        path = self.directory / name
        try:
            self.directory.mkdir(mode=0o700, exist_ok=True)
            used = sum(file.stat().st_size for file in self.directory.iterdir() if file != path)
            if used + len(lines) > SET_ASIDE_BYTES_MAX:
                raise StoreError(
                    "set_aside", f"{self.directory}: holds {used:,} bytes already; look into it and empty it"
                )
            _write_durably(path, lines)
        except OSError as error:
            raise StoreError("set_aside", f"{path}: cannot be written: {error.strerror}") from error
        return path


def _write_durably(path: Path, content: bytes) -> None:
    unfinished = path.with_suffix(".unfinished")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _FILE_MODE)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
