"""`python -m bench.queries`: the documented queries on a generated history, timed, with the chunks that each reads."""

import argparse
import asyncio
import contextlib
import statistics
import sys
import time
from collections.abc import Iterator
from typing import Any, Final

import asyncpg
import msgspec

from bench.documented_queries import QUERIES, History, filled, generate
from gateway.io.timescale.schema import Connection, prepare
from gateway.io.timescale.settings import StoreSettings
from tests.servers.timescale import TimescaleServer, create_database, drop_database, on_database

ROWS = 10_000_000
RUNS = 5

DAYS: Final = 30
MESSAGES: Final = 104
"""Of a charge. With two charges a day a station has about 50,000 rows in 30 days."""

HISTORIES: Final = ("sampled_value", "connector_status", "register_hourly", "register_daily", "power_quarter_hourly")

SERVER: Final = {"shared_buffers": "512MB", "max_wal_size": "8GB", "fsync": "on"}


def main() -> int:
    """Run what the command line asks for and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m bench.queries", description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS, help="readings to generate (%(default)s)")
    parser.add_argument("--dsn", help="a server where a database may be made and dropped; default: one of its own")
    options = parser.parse_args()
    stations = max(10, options.rows // (DAYS * 2 * MESSAGES * 8))
    with _database(options.dsn) as dsn:
        print(asyncio.run(_measure(dsn, History(stations, DAYS, MESSAGES))))
    return 0


@contextlib.contextmanager
def _database(dsn: str | None) -> Iterator[str]:
    """Yield a database that is dropped after use."""
    server = None if dsn else TimescaleServer(settings=SERVER).start()
    try:
        address = dsn or server.dsn()
        name = create_database(address)
        try:
            yield on_database(address, name)
        finally:
            drop_database(address, name)
    finally:
        if server is not None:
            server.remove()


async def _measure(dsn: str, history: History) -> str:
    """Return the table as Markdown."""
    connection = await asyncpg.connect(dsn)
    try:
        installation = await prepare(connection, StoreSettings())
        begun = time.monotonic()
        await generate(connection, history)
        size = await connection.fetchval("SELECT pg_size_pretty(hypertable_size('ocpp.sampled_value'))")
        lines = [
            f"{history.rows:,} readings of {history.stations:,} stations in {history.days} days,"
            f" {installation.edition} edition, {size} with the index; made in {time.monotonic() - begun:.0f} s",
            "",
            "| query | rows | first, ms | median of the next, ms | chunks read of all |",
            "| --- | ---: | ---: | ---: | --- |",
        ]
        for name in QUERIES:
            statement = filled(name, history.values)
            times = []
            rows: list[Any] = []
            for _ in range(RUNS):
                begun = time.perf_counter()
                rows = await connection.fetch(statement)
                times.append((time.perf_counter() - begun) * 1e3)
            read = await chunks_read(connection, statement)
            all_chunks = await chunks(connection)
            shown = ", ".join(f"{table} {len(read[table])} of {len(all_chunks[table])}" for table in read) or "-"
            lines.append(f"| {name} | {len(rows)} | {times[0]:.1f} | {statistics.median(times[1:]):.1f} | {shown} |")
        return "\n".join(lines)
    finally:
        await connection.close()


async def chunks(connection: Connection) -> dict[str, dict[str, tuple[Any, Any]]]:
    """Return all chunks of each history, with their beginning and end."""
    rows = await connection.fetch(
        "SELECT hypertable_name, chunk_name, range_start, range_end FROM timescaledb_information.chunks"
        " WHERE hypertable_schema = 'ocpp'"
    )
    found: dict[str, dict[str, tuple[Any, Any]]] = {table: {} for table in HISTORIES}
    for row in rows:
        found.setdefault(row["hypertable_name"], {})[row["chunk_name"]] = (row["range_start"], row["range_end"])
    return found


async def chunks_read(connection: Connection, statement: str) -> dict[str, dict[str, tuple[Any, Any]]]:
    """Return the chunks that a query really reads, by history: those that its plan leaves out at run time are not."""
    text = await connection.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}")
    scanned: set[str] = set()
    _collect(msgspec.json.decode(text)[0]["Plan"], scanned)
    read: dict[str, dict[str, tuple[Any, Any]]] = {}
    for table, known in (await chunks(connection)).items():
        if touched := {name: span for name, span in known.items() if name in scanned}:
            read[table] = touched
    return read


def _collect(node: dict[str, Any], scanned: set[str]) -> None:
    if node["Actual Loops"] > 0 and "Relation Name" in node:
        scanned.add(node["Relation Name"])
    for child in node.get("Plans", ()):
        _collect(child, scanned)


if __name__ == "__main__":
    sys.exit(main())
