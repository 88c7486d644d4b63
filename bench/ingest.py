"""`python -m bench.ingest`: how fast readings get into TimescaleDB, by the gateway's store and by other ways."""

import argparse
import asyncio
import contextlib
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias

import asyncpg
import uvloop

from bench import ingest_ways, machine
from bench.ingest_drain import drain
from bench.ingest_journals import MESSAGES, READINGS, bodies, write_journal
from bench.ingest_report import Table
from bench.ingest_store import StoreError, catch_up
from bench.ingest_ways import Connection, Measured, Row, Words
from bench.load import LoadError
from gateway.io.timescale.schema import prepare
from gateway.io.timescale.settings import StoreSettings
from tests.servers.debian import UnavailableError
from tests.servers.timescale import TimescaleServer, create_database, drop_database, on_database

ROWS: Final = 1_000_000
ROUNDS: Final = 3
BACKLOG: Final = 3_000_000

COPY_ROWS: Final = StoreSettings().rows_max
"""Rows of a transaction in the ways that take any number; it is what the store takes under load."""

INSERT_ROWS: Final = 10_000

PARTS: Final = {"copy_records": 4, "unnest": 10, "executemany": 50}
"""The slow ways get this part of the rows: a cell is a rate, and nobody waits for minutes."""

SERVER: Final = {
    "fsync": "on",
    "shared_buffers": "1GB",
    "max_wal_size": "8GB",
    "checkpoint_timeout": "30min",
    "autovacuum": "off",
}
"""Durable as in operation; no checkpoint or vacuum that falls upon one way and not upon another."""


Way: TypeAlias = Callable[[Connection, str], Awaitable[Measured]]
"""Writes all rows by a connection, or by connections of its own to the DSN."""


class Prepared(NamedTuple):
    """The same rows in each form."""

    journals: dict[str, Path]
    bodies: list[memoryview]
    words: Words
    copy_file: Path
    tuples: list[Row]
    rows: int


def main() -> int:
    """Measure what the command line asks for, print it as Markdown, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m bench.ingest", description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS, help=f"readings in each round ({ROWS:,})")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"rounds ({ROUNDS})")
    parser.add_argument("--backlog", type=int, default=BACKLOG, help=f"readings to drain ({BACKLOG:,}; 0: no drain)")
    parser.add_argument(
        "--dsn",
        default=os.environ.get("GATEWAY_TEST_DSN"),
        help="superuser of a PostgreSQL on this machine, instead of one of our own; then without the drain",
    )
    options = parser.parse_args()
    if min(options.rows // READINGS, options.rounds) < 1 or options.backlog < 0:
        parser.error("--rows, --rounds and --backlog must be positive")
    try:
        run(options.rows, options.rounds, options.backlog, options.dsn)
    except (UnavailableError, StoreError, LoadError, OSError, asyncpg.PostgresError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    return 0


def run(rows: int, rounds: int, backlog: int, dsn: str | None) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory(prefix="ocpp-gateway-ingest-") as name, _server(dsn) as (server, at):
        folder = Path(name)
        folder.chmod(0o755)  # the server reads a file in it
        table = uvloop.run(_measure(at, folder, rows // READINGS, rounds))
        print(f"{machine.description(folder)}\n\n{table.markdown()}")
        if server is not None and backlog:
            database = server.create_database()
            _say(f"the drain of {backlog:,} readings")
            print(f"\n{table.drained(drain(server, database, folder, backlog))}")


@contextlib.contextmanager
def _server(dsn: str | None) -> Iterator[tuple[TimescaleServer | None, str]]:
    """A server of our own, or the one that is named."""
    if dsn is not None:
        yield None, dsn
        return
    server = TimescaleServer(settings=SERVER)
    try:
        server.start()
        yield server, server.dsn()
    finally:
        server.remove()


async def _measure(at: str, folder: Path, messages: int, rounds: int) -> Table:
    """Run all ways in turn, round after round, each into a fresh database, so that a noisy moment hits all."""
    prepared = await _prepare(at, folder, messages)
    table = Table(prepared.rows)
    for number in range(rounds):
        _say(f"round {number + 1} of {rounds}")
        for name, way in _ways(prepared).items():
            async with _fresh(at) as (connection, dsn):
                table.add(name, await way(connection, dsn))
    return table


async def _prepare(at: str, folder: Path, messages: int) -> Prepared:
    journals: dict[str, Path] = {}
    for name, make_entry in MESSAGES.items():
        _say(f"a journal of {messages:,} {name}")
        journals[name] = folder / f"{len(journals)}.sqlite"
        await write_journal(journals[name], make_entry, messages)
    taken = list(bodies(next(iter(journals.values()))))
    async with _fresh(at) as (connection, _):
        words = await Words.of(connection)
    stream, rows = ingest_ways.encode(words, taken)
    copy_file = folder / "rows.copy"
    copy_file.write_bytes(stream)
    copy_file.chmod(0o644)
    tuples = ingest_ways.rows_of(stream, rows // min(PARTS.values()))
    return Prepared(journals, taken, words, copy_file, tuples, rows)


def _ways(prepared: Prepared) -> dict[str, Way]:
    """Return each way by its name: a coroutine of a connection and its DSN."""
    rows = prepared.rows

    def some(name: str) -> list[Row]:
        return prepared.tuples[: rows // PARTS[name]]

    async def stored(connection: Connection, dsn: str, *, journal: Path) -> Measured:
        return await catch_up(connection, dsn, journal, rows)

    return {
        "server-side COPY from a file (the limit)": lambda it, _: ingest_ways.server_side(it, prepared.copy_file, rows),
        **{f"**the store, {name}**": partial(stored, journal=path) for name, path in prepared.journals.items()},
        "the leaf and copy_to_table": lambda it, _: ingest_ways.leaf(it, prepared.words, prepared.bodies, COPY_ROWS),
        "copy_records_to_table": lambda it, _: ingest_ways.copy_records(it, some("copy_records"), COPY_ROWS),
        "INSERT from unnest": lambda it, _: ingest_ways.unnest(it, some("unnest"), INSERT_ROWS),
        "executemany": lambda it, _: ingest_ways.executemany(it, some("executemany"), INSERT_ROWS),
    }


@contextlib.asynccontextmanager
async def _fresh(at: str) -> AsyncIterator[tuple[Connection, str]]:
    """A new database with our schema, dropped at the end."""
    database = await asyncio.to_thread(create_database, at)
    dsn = on_database(at, database)
    connection = await asyncpg.connect(dsn)
    try:
        await prepare(connection, StoreSettings())
        await connection.execute("CHECKPOINT")
        yield connection, dsn
    finally:
        await connection.close()
        await asyncio.to_thread(drop_database, at, database)


def _say(what: str) -> None:
    print(f"... {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
