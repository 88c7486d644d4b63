"""The gateway's own store, from a journal on disk to committed rows: the whole way that readings go."""

import asyncio
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

import asyncpg

from bench.ingest_journals import open_journal
from bench.ingest_ways import Measured, backend_cpu_s
from gateway.io.timescale.dsn import Dsn
from gateway.io.timescale.settings import StoreSettings
from gateway.io.timescale.store import TimescaleStore

POLL_S: Final = 0.005
DEADLINE_S: Final = 120.0

BACKEND: Final = (
    "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'ocpp-gateway'"
)


class StoreError(Exception):
    """The store met an error, or did not store everything in time."""


async def catch_up(connection: asyncpg.Connection, dsn: str, journal_file: Path, rows: int) -> Measured:
    """Have the store read a whole journal, and measure from its connection to the commit of the last reading.

    CPU is counted until all is merged, too. `connection` is only asked which backend is the store's, whose CPU counts.
    """
    journal = open_journal(journal_file)
    reader = journal.reader("store", after=0)
    reader.seek(0)  # it is read over and over, by new databases
    folder = journal_file.with_suffix(".set-aside")
    store = TimescaleStore(Dsn(dsn), reader, journal.uuid, StoreSettings(), set_aside=folder)
    journal.start()
    store.start()
    try:
        await _until(lambda: store.connected, store)
        begun_s, cpu_s, store_cpu_s = time.monotonic(), time.process_time(), store.cpu_seconds
        backend = await connection.fetchval(BACKEND)
        server_cpu_s = backend_cpu_s(backend)
        await _until(lambda: store.stored["reading"] >= rows, store)
        seconds = time.monotonic() - begun_s
        await _until(lambda: reader.lag.batches == 0, store)
        cpu_s, store_cpu_s = time.process_time() - cpu_s, store.cpu_seconds - store_cpu_s
        server_after_s = backend_cpu_s(backend)
    finally:
        await asyncio.to_thread(store.close)
        await asyncio.to_thread(partial(journal.close, 60.0))
    if store.stored["reading"] != rows:
        raise StoreError(f"stored {store.stored['reading']} of {rows} rows")
    spent_s = None if server_cpu_s is None or server_after_s is None else server_after_s - server_cpu_s
    return Measured(rows, store.transactions, seconds, cpu_s, spent_s, store_cpu_s)


async def _until(condition: Callable[[], bool], store: TimescaleStore) -> None:
    deadline_s = time.monotonic() + DEADLINE_S
    while not condition():
        if store.last_error is not None or time.monotonic() > deadline_s:
            raise StoreError(store.last_error or f"not in {DEADLINE_S:g} s")
        await asyncio.sleep(POLL_S)
