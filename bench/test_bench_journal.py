"""What durability costs: from `append` to the callback after the commit, and from there into the SQLite store.

CPU per entry is of the whole process, so the callers' own few hundred nanoseconds are in it.
"""

import asyncio
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from statistics import quantiles

import pytest
import uvloop
from pytest_benchmark.fixture import BenchmarkFixture

from gateway.core.records import Channel, Entry, MeterValue, Readings, Sample
from gateway.io.journal import Journal
from gateway.io.sqlite_store import SqliteStore

CHANNELS = [
    Channel("Energy.Active.Import.Register", None, "Sample.Periodic", "Outlet", "Wh"),
    Channel("Power.Active.Import", None, "Sample.Periodic", "Outlet", "W"),
    *(Channel("Voltage", phase, "Sample.Periodic", "Outlet", "V") for phase in ("L1", "L2", "L3")),
    *(Channel("Current.Import", phase, "Sample.Periodic", "Outlet", "A") for phase in ("L1", "L2", "L3")),
]
ENTRIES = 60_000
ROUNDS = 3


def meter_entry(station: int) -> Entry:
    """A message of eight readings in a transaction, about 550 bytes encoded."""
    at = datetime.now(UTC)
    samples = [Sample(channel, 230.1 + station) for channel in CHANNELS]
    readings = Readings(1, 1, f"tx-{station}", [MeterValue(at, samples)])
    return Entry(f"STATION-{station:06}", at, b"8 bytes.", b"{}", [readings])


def open_journal(folder: Path, loop: asyncio.AbstractEventLoop) -> Journal:
    return Journal(
        folder / f"journal-{time.monotonic_ns()}.sqlite",
        bytes_max=1 << 30,
        retention_s=0.0,
        call_in_loop=loop.call_soon_threadsafe,
        schedule=loop.call_soon,
        call_later=loop.call_later,
        wall_clock=time.time,
        fatal=lambda error: os._exit(9),
        take_snapshot=lambda batch: [],
    )


async def append_closed_loop(journal: Journal, callers: int, next_entry: Callable[[], Entry]) -> list[float]:
    """Every caller appends its next entry as soon as the last is durable; return the latencies in seconds."""
    latencies: list[float] = []
    finished = asyncio.get_running_loop().create_future()
    started = 0

    def append() -> None:
        nonlocal started
        if started < ENTRIES:
            started += 1
            journal.append(next_entry(), partial(durable, time.perf_counter()))

    def durable(since: float) -> None:
        latencies.append(time.perf_counter() - since)
        if len(latencies) == ENTRIES:
            finished.set_result(None)
        append()

    for _ in range(callers):
        append()
    await finished
    return latencies


@pytest.mark.parametrize("callers", [200, 2000])
def test_append_until_durable(benchmark: BenchmarkFixture, tmp_path: Path, callers: int) -> None:
    async def measure() -> None:
        journal = open_journal(tmp_path, asyncio.get_running_loop())
        journal.start()
        entry = meter_entry(1)
        cpu = time.process_time()
        latencies = await append_closed_loop(journal, callers, lambda: entry)
        cpu = time.process_time() - cpu
        journal.close()
        statistics = journal.statistics
        benchmark.extra_info |= {
            "cpu_us_per_entry": round(cpu / ENTRIES * 1e6, 2),
            "writer_thread_us_per_entry": round(journal.cpu_seconds / ENTRIES * 1e6, 2),
            "commits": statistics.batches,
            "bytes_per_entry": round(statistics.bytes / ENTRIES),
            "p50_ms": round(quantiles(latencies, n=100)[49] * 1e3, 2),
            "p99_ms": round(quantiles(latencies, n=100)[98] * 1e3, 2),
        }
        assert statistics.entries == ENTRIES

    benchmark.pedantic(lambda: uvloop.run(measure()), rounds=ROUNDS, warmup_rounds=1)


@pytest.mark.parametrize("stations", [200, 50_000])
def test_store_behind_the_journal(benchmark: BenchmarkFixture, tmp_path: Path, stations: int) -> None:
    async def measure() -> None:
        journal = open_journal(tmp_path, asyncio.get_running_loop())
        path = journal.path.with_name("store-" + journal.path.name)
        store = SqliteStore(path, journal.reader("store"), journal.uuid, retention_days=0)
        journal.start()
        store.start()
        station = 0

        def next_entry() -> Entry:
            nonlocal station
            station = (station + 1) % stations
            return meter_entry(station)

        await append_closed_loop(journal, min(200, stations), next_entry)
        store.close(drain_s=60.0)
        journal.close()
        assert store.stored["reading"] == ENTRIES * len(CHANNELS)
        benchmark.extra_info |= {
            "store_thread_us_per_message": round(store.cpu_seconds / ENTRIES * 1e6, 2),
            "bytes_per_message": round(path.stat().st_size / ENTRIES),
        }

    benchmark.pedantic(lambda: uvloop.run(measure()), rounds=ROUNDS, warmup_rounds=1)
