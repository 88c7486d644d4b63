"""The one way in which anything becomes durable: into the journal, and with that into live state."""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from gateway.core.records import Entry, Record
from gateway.core.registry import Registry
from gateway.core.stations import Station


class Journal(Protocol):
    """The durable journal, as far as the core uses it."""

    @property
    def has_room(self) -> bool:
        """Whether an entry may be appended now."""

    def append(self, entry: Entry, durable: Callable[[], None]) -> None:
        """Put `entry` behind all others, and call `durable` once it is on disk, never before this returns."""

    def barrier(self, durable: Callable[[], None]) -> None:
        """Call `durable` once everything appended so far is on disk."""


class Recorder:
    """Puts entries into the journal and applies them to the live state. `appended` is called for each."""

    def __init__(self, journal: Journal, registry: Registry, appended: Callable[[], None]) -> None:
        self.journal = journal
        self._registry = registry
        self._appended = appended

    @property
    def has_room(self) -> bool:
        """Whether something may be put now; the journal may be full."""
        return self.journal.has_room

    def put(self, station: Station, entry: Entry, durable: Callable[[], None]) -> None:
        """Let an entry take effect, and call `durable` once it is on disk."""
        self.journal.append(entry, durable)
        self._registry.apply(station, entry)
        self._appended()
        if station.observer is not None:
            station.observer(station, entry)

    def record(
        self, station: Station, records: list[Record], now: datetime, durable: Callable[[], None] = lambda: None
    ) -> None:
        """Let records of the gateway's own take effect: what it did or learned because somebody asked for it."""
        station = self._registry.still(station)
        self.put(station, Entry(station.identity, now, None, b"", records, own=True), durable)
