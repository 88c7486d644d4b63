"""Journals full of messages of eight readings, as a gateway would have written them."""

import asyncio
import os
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from gateway.core.records import Channel, Entry, MeterValue, Readings, Sample, TransactionEvent
from gateway.io.journal import Journal
from gateway.io.journal_batch import check_batch
from gateway.io.journal_file import JournalFile
from gateway.io.journal_reader import READ_BYTES_MAX

READINGS = 8

STATIONS = 1000
"""Each in one transaction all the time, with a message a minute."""

PERIOD_S = 60.0

IN_FLIGHT = 500
"""Messages that wait for the commit at once while a journal is written; so many share a batch, about."""

BYTES_MAX = 1 << 36
KEPT_S = 1e6
"""Nothing is pruned: a journal is read over and over."""

CHANNELS = [
    Channel("Energy.Active.Import.Register", None, "Sample.Periodic", "Outlet", "Wh"),
    Channel("Power.Active.Import", None, "Sample.Periodic", "Outlet", "W"),
    *(Channel("Voltage", phase, "Sample.Periodic", "Outlet", "V") for phase in ("L1-N", "L2-N", "L3-N")),
    *(Channel("Current.Import", phase, "Sample.Periodic", "Outlet", "A") for phase in ("L1", "L2", "L3")),
]

MakeEntry = Callable[[int, datetime], Entry]
"""Returns the message with a number, received at a moment."""


def meter_values(number: int, at: datetime) -> Entry:
    """Return what a MeterValues of 1.6 becomes."""
    return Entry(_identity(number), at, b"8 bytes.", b"{}", [_readings(number, at)])


def transaction_event(number: int, at: datetime) -> Entry:
    """Return what a TransactionEvent of 2.x (Updated) becomes."""
    event = TransactionEvent(
        time=at,
        event="Updated",
        transaction=_transaction(number),
        evse=1,
        connector=1,
        trigger="MeterValuePeriodic",
        seq_no=number // STATIONS,
        id_token=None,
        charging_state="Charging",
        stopped_reason=None,
        register_wh=_register_wh(number),
    )
    return Entry(_identity(number), at, b"8 bytes.", b"{}", [event, _readings(number, at)])


MESSAGES: dict[str, MakeEntry] = {
    "1.6 MeterValues": meter_values,
    "2.x TransactionEvent": transaction_event,
}


def moments(messages: int) -> Iterator[datetime]:
    """Yield when each of so many messages is received: stations take turns, and the last one is now."""
    end = datetime.now(UTC)
    step = timedelta(seconds=PERIOD_S / STATIONS)
    return (end - (messages - number) * step for number in range(messages))


def open_journal(path: Path) -> Journal:
    """Return a journal on the running loop. A failed commit ends the process, as it does a gateway's."""
    loop = asyncio.get_running_loop()
    return Journal(
        path,
        bytes_max=BYTES_MAX,
        retention_s=KEPT_S,
        call_in_loop=loop.call_soon_threadsafe,
        schedule=loop.call_soon,
        call_later=loop.call_later,
        wall_clock=time.time,
        fatal=lambda error: os._exit(70),
        take_snapshot=lambda batch: [],
    )


async def write_journal(path: Path, make_entry: MakeEntry, messages: int) -> None:
    """Write a journal of so many messages."""
    journal = open_journal(path)
    journal.start()
    entries = (make_entry(number, at) for number, at in enumerate(moments(messages)))
    waiting = 0
    finished = asyncio.Event()

    def append() -> None:
        nonlocal waiting
        entry = next(entries, None)
        if entry is not None:
            waiting += 1
            journal.append(entry, durable)

    def durable() -> None:
        nonlocal waiting
        waiting -= 1
        append()
        if not waiting:
            finished.set()

    try:
        for _ in range(IN_FLIGHT):
            append()
        await finished.wait()
    finally:
        await asyncio.to_thread(partial(journal.close, 60.0))


def bodies(path: Path) -> Iterator[memoryview]:
    """Yield the body of every batch of a journal that is closed: a msgpack array of entries."""
    file = JournalFile(path, bytes_max=BYTES_MAX)
    try:
        after = 0
        while stored := file.read(after, READ_BYTES_MAX):
            yield from (check_batch(path, *batch).body for batch in stored)
            after = stored[-1].id
    finally:
        file.close()


def _identity(number: int) -> str:
    return f"DE*ABC*E{number % STATIONS:05}"


def _transaction(number: int) -> str:
    return f"7f9c2ba4-e88f-427d-{number % STATIONS:04}-0123456789ab"


def _register_wh(number: int) -> float:
    """Return the register: 11 kW for a minute are 183 Wh."""
    return 1000.0 + 183.3 * (number // STATIONS)


def _readings(number: int, at: datetime) -> Readings:
    wobble = number % 97 / 10
    values = [_register_wh(number), 11_000.0 + wobble, 230.1, 229.8, 231.4, 15.9, 16.0 - wobble / 100, 15.8]
    samples = [Sample(channel, value) for channel, value in zip(CHANNELS, values, strict=True)]
    return Readings(1, 1, _transaction(number), [MeterValue(at, samples)])
