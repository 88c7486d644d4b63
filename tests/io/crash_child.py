"""A process that appends at full speed and prints what was acknowledged, until somebody kills it.

`python -m tests.io.crash_child FOLDER RUN`: one line per acknowledged entry, `RUN-NUMBER`.
"""

import asyncio
import os
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from gateway.core.records import MeterValue, Readings, Sample, TransactionEvent
from gateway.io.journal import Journal
from gateway.io.sqlite_store import SqliteStore
from tests.io.journal_support import CHANNELS, REGISTER, entry_of

CALLERS = 100


class Snapshots:
    """What the live state would save: the last number of each caller."""

    def __init__(self) -> None:
        self.changed: dict[str, int] = {}

    def take(self, batch: int) -> list[tuple[str, bytes]]:
        states = [(station, str(number).encode()) for station, number in self.changed.items()]
        self.changed.clear()
        return states


def open_both(
    folder: Path, loop: asyncio.AbstractEventLoop, take_snapshot: Callable[[int], list[tuple[str, bytes]]]
) -> tuple[Journal, SqliteStore]:
    journal = Journal(
        folder / "journal.sqlite",
        bytes_max=64 * 1024 * 1024,
        retention_s=0.0,
        call_in_loop=loop.call_soon_threadsafe,
        schedule=loop.call_soon,
        call_later=loop.call_later,
        wall_clock=time.time,
        fatal=lambda error: os._exit(9),
        take_snapshot=take_snapshot,
    )
    return journal, SqliteStore(folder / "store.sqlite", journal.reader("store"), journal.uuid, retention_days=0)


async def append_for_ever(folder: Path, run: int) -> None:
    snapshots = Snapshots()
    journal, store = open_both(folder, asyncio.get_running_loop(), snapshots.take)
    journal.start()
    store.start()
    number = 0
    acknowledged: list[str] = []

    def append(caller: int) -> None:
        nonlocal number
        number += 1
        station, name, at = f"S{caller}", f"{run}-{number}", datetime.now(UTC)
        samples = [Sample(REGISTER, float(number), name), *(Sample(channel, 1.0) for channel in CHANNELS[1:])]
        event = TransactionEvent(at, "Started", name, 1, 1, None, 0, None, None, None, float(number))
        snapshots.changed[station] = number

        def durable() -> None:
            if not acknowledged:
                asyncio.get_running_loop().call_soon(tell)
            acknowledged.append(name)
            append(caller)

        journal.append(entry_of(station, Readings(1, 1, name, [MeterValue(at, samples)]), event, at=at), durable)

    def tell() -> None:
        os.write(1, "".join(f"{name}\n" for name in acknowledged).encode())
        acknowledged.clear()

    for caller in range(CALLERS):
        append(caller)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(append_for_ever(Path(sys.argv[1]), int(sys.argv[2])))
