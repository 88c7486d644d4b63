"""Entries to append, and an event loop that a test turns by hand."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from gateway.core.records import Channel, Entry, MeterValue, Readings, Record, Sample
from gateway.io.journal import Journal

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
REGISTER = Channel("Energy.Active.Import.Register", None, "Sample.Periodic", "Outlet", "Wh")
CHANNELS = [
    REGISTER,
    Channel("Power.Active.Import", None, "Sample.Periodic", "Outlet", "W"),
    *(Channel("Voltage", phase, "Sample.Periodic", "Outlet", "V") for phase in ("L1", "L2", "L3")),
    *(Channel("Current.Import", phase, "Sample.Periodic", "Outlet", "A") for phase in ("L1", "L2", "L3")),
]
DEADLINE_S = 20.0


def entry_of(station: str, *records: Record, at: datetime = BEGIN) -> Entry:
    return Entry(station, at, b"digest-8", b"{}", list(records))


def meter_entry(number: int, station: str = "DE*ABC*1", transaction: str | None = None) -> Entry:
    """An entry of eight readings, about 600 bytes on disk; the register's value is `number`."""
    at = BEGIN + timedelta(seconds=number)
    samples = [Sample(channel, number + index / 10) for index, channel in enumerate(CHANNELS)]
    return entry_of(station, Readings(1, 1, transaction, [MeterValue(at, samples)]), at=at)


def number_of(entry: Entry) -> int:
    (readings,) = entry.records
    assert isinstance(readings, Readings)
    value = readings.meter_values[0].samples[0].value
    assert value is not None
    return int(value)


def wait_until(condition: Callable[[], bool], deadline_s: float = DEADLINE_S) -> None:
    """Look again and again, as nothing can wake us when a thread has changed its mind."""
    until = time.monotonic() + deadline_s
    while not condition():
        assert time.monotonic() < until, "the condition did not come true in time"
        threading.Event().wait(0.005)


class HandLoop:
    """Callbacks wait in a queue until the test runs them, so a test decides what shares an iteration."""

    def __init__(self) -> None:
        self.callbacks: SimpleQueue[Callable[[], None]] = SimpleQueue()

    def run_until(self, condition: Callable[[], bool], deadline_s: float = DEADLINE_S) -> None:
        until = time.monotonic() + deadline_s
        while not condition():
            assert time.monotonic() < until, "the condition did not come true in time"
            try:
                self.callbacks.get(timeout=0.05)()
            except Empty:
                continue

    def run_ready(self) -> None:
        while not self.callbacks.empty():
            self.callbacks.get()()


class JournalUnderTest:
    """A journal on a loop that is turned by hand, and what it has called back."""

    def __init__(self, path: Path, **changes: Any) -> None:
        self.loop = HandLoop()
        self.acknowledged: list[int] = []
        self.failures: list[BaseException] = []
        self.full: list[bool] = []
        self.now = BEGIN.timestamp()
        options: dict[str, Any] = {
            "bytes_max": 64 * 1024 * 1024,
            "retention_s": 3600.0,
            "call_in_loop": self.loop.callbacks.put,
            "schedule": self.loop.callbacks.put,
            "call_later": lambda _delay_s, call: self.loop.callbacks.put(call),
            "wall_clock": lambda: self.now,
            "fatal": self.failures.append,
            "take_snapshot": lambda batch: [],
        }
        self.journal = Journal(path, **(options | changes))
        self.journal.on_full = self.full.append

    def append(self, number: int) -> None:
        self.journal.append(meter_entry(number), lambda: self.acknowledged.append(number))

    def append_durably(self, *numbers: int) -> None:
        """One batch with these entries, on disk at return."""
        for number in numbers:
            self.append(number)
        self.loop.run_until(lambda: set(numbers) <= set(self.acknowledged))
