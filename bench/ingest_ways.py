"""The ways in which rows get into `ocpp.sampled_value`, each measured from rows at hand to rows committed."""

import contextlib
import struct
import time
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, TypeAlias

import asyncpg
import msgspec
from msgspec import Struct

from bench.machine import TICKS_PER_S
from gateway.core.records import Channel
from gateway.hot import ReadingRows

COLUMNS: Final = (
    *("time", "received_at", "station_time", "value", "station_id", "evse", "connector"),
    *("measurand", "phase", "context", "location", "unit", "transaction", "signed"),
)
TYPES: Final = (
    *("timestamptz", "timestamptz", "timestamptz", "float8", "int4", "int4", "int4"),
    *("int2", "int2", "int2", "int2", "int2", "text", "text"),
)
"""Of COLUMNS, in the order of the binary COPY."""

_NAMES: Final = ", ".join(f'"{column}"' for column in COLUMNS)
_VALUES: Final = ", ".join(f"${number}::{kind}" for number, kind in enumerate(TYPES, 1))
_ARRAYS: Final = ", ".join(f"${number}::{kind}[]" for number, kind in enumerate(TYPES, 1))

EXECUTEMANY: Final = f"INSERT INTO ocpp.sampled_value ({_NAMES}) VALUES ({_VALUES})"
UNNEST: Final = f"INSERT INTO ocpp.sampled_value ({_NAMES}) SELECT * FROM unnest({_ARRAYS})"
SERVER_SIDE: Final = f"COPY ocpp.sampled_value ({_NAMES}) FROM '{{}}' WITH (FORMAT binary)"

HEADER_BYTES: Final = 19
"""Of a binary COPY: signature, flags, length of an extension that is empty."""

EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
Row: TypeAlias = tuple[Any, ...]


class Measured(Struct, frozen=True):
    """One way in one round. CPU in seconds: of this process, and of the database's backend, where that can be seen."""

    rows: int
    transactions: int
    seconds: float
    client_cpu_s: float
    server_cpu_s: float | None
    store_cpu_s: float | None = None
    """What of the client's CPU was the store's own, where a store was measured: the journal's thread is the rest."""

    @property
    def rate(self) -> float:
        """Rows a second."""
        return self.rows / self.seconds


class Words:
    """Numbers for stations and channels, without asking anybody: stations in the order of their first message."""

    def __init__(self, codes: dict[tuple[str, str], int]) -> None:
        self._codes = codes
        self._stations: dict[bytes, int] = {}

    @classmethod
    async def of(cls, connection: Connection) -> "Words":
        """Return the codes that the database has for words."""
        found = await connection.fetch("SELECT kind, name, id FROM ocpp.word")
        return cls({(row["kind"], row["name"]): row["id"] for row in found})

    def reading_rows(self) -> ReadingRows:
        """Return a leaf that knows these words."""
        return ReadingRows(self._station_id, self._codes_of)

    def _station_id(self, identity: bytes) -> int:
        return self._stations.setdefault(identity, len(self._stations) + 1)

    def _codes_of(self, packed: bytes) -> tuple[int, int, int, int, int, int]:
        channel = msgspec.msgpack.decode(packed, type=Channel)
        codes = self._codes
        phase = 0 if channel.phase is None else codes["phase", channel.phase]
        measurand = codes["measurand", channel.measurand]
        role = measurand if measurand in {1, 2} else 0  # the register is 1, power is 2, in both numberings
        return (
            *(measurand, phase, codes["context", channel.context]),
            *(codes["location", channel.location], codes["unit", channel.unit], role),
        )


async def server_side(connection: Connection, file: Path, rows: int) -> Measured:
    """The limit: the server reads the rows from its own disk, in one transaction, and nobody sends it anything."""
    async with measuring(connection, rows, 1) as result:
        await connection.execute(SERVER_SIDE.format(file))
    return result()


async def leaf(connection: Connection, words: Words, bodies: Sequence[memoryview], rows_max: int) -> Measured:
    """Batches of the journal through the leaf and `copy_to_table`, and nothing else that the store does."""
    taking = words.reading_rows()
    rows = transactions = 0
    async with measuring(connection, 0, 0) as result:
        for number, body in enumerate(bodies, 1):
            taking.take(body)
            if taking.rows >= rows_max or number == len(bodies):
                rows, transactions = rows + taking.rows, transactions + 1
                await connection.copy_to_table(
                    "sampled_value",
                    schema_name="ocpp",
                    columns=COLUMNS,
                    source=memoryview(taking.take_copy()),  # bytes would be taken for the name of a file
                    format="binary",
                )
                taking.take_merged()
    return result(rows, transactions)


async def copy_records(connection: Connection, rows: Sequence[Row], size: int) -> Measured:
    """asyncpg's `copy_records_to_table`, which encodes tuples."""
    async with measuring(connection, len(rows), -(-len(rows) // size)) as result:
        for some in _parts(rows, size):
            await connection.copy_records_to_table("sampled_value", schema_name="ocpp", columns=COLUMNS, records=some)
    return result()


async def unnest(connection: Connection, rows: Sequence[Row], size: int) -> Measured:
    """INSERT from one array a column."""
    async with measuring(connection, len(rows), -(-len(rows) // size)) as result:
        for some in _parts(rows, size):
            await connection.execute(UNNEST, *map(list, zip(*some, strict=True)))
    return result()


async def executemany(connection: Connection, rows: Sequence[Row], size: int) -> Measured:
    """asyncpg's `executemany`: an INSERT a row, pipelined."""
    async with measuring(connection, len(rows), -(-len(rows) // size)) as result:
        for some in _parts(rows, size):
            await connection.executemany(EXECUTEMANY, some)
    return result()


def _parts(rows: Sequence[Row], size: int) -> Iterator[Sequence[Row]]:
    return (rows[start : start + size] for start in range(0, len(rows), size))


class Result:
    """What a measurement came to, once it has ended."""

    def __init__(self, rows: int, transactions: int) -> None:
        self._counts = (rows, transactions)
        self.seconds = 0.0
        self.client_cpu_s = 0.0
        self.server_cpu_s: float | None = None

    def __call__(self, rows: int | None = None, transactions: int | None = None) -> Measured:
        known_rows, known_transactions = self._counts
        return Measured(
            known_rows if rows is None else rows,
            known_transactions if transactions is None else transactions,
            self.seconds,
            self.client_cpu_s,
            self.server_cpu_s,
        )


@contextlib.asynccontextmanager
async def measuring(connection: Connection, rows: int, transactions: int) -> AsyncIterator[Result]:
    """Measure what is done within, by this connection."""
    result = Result(rows, transactions)
    backend = connection.get_server_pid()
    server_cpu_s = backend_cpu_s(backend)
    begun_s, cpu_s = time.monotonic(), time.process_time()
    yield result
    result.seconds, result.client_cpu_s = time.monotonic() - begun_s, time.process_time() - cpu_s
    if server_cpu_s is not None and (after_s := backend_cpu_s(backend)) is not None:
        result.server_cpu_s = after_s - server_cpu_s


def backend_cpu_s(pid: int) -> float | None:
    """Return the CPU time of a backend of the database, None if it is on another machine (or not to be seen)."""
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
        _, _, fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")
    except OSError:
        return None
    if b"postgres" not in command:
        return None
    user, system = fields.split()[11:13]
    return (int(user) + int(system)) / TICKS_PER_S


def rows_of(stream: bytes, count: int) -> list[Row]:
    """Return the first rows of a binary COPY as tuples, for the ways that begin with Python values."""
    rows: list[Row] = []
    at = HEADER_BYTES
    while len(rows) < count:
        (fields,) = struct.unpack_from(">h", stream, at)
        if fields < 0:
            break
        at += 2
        row = []
        for kind in TYPES:
            (size,) = struct.unpack_from(">i", stream, at)
            at += 4
            row.append(None if size < 0 else _value(kind, stream[at : at + size]))
            at += max(size, 0)
        rows.append(tuple(row))
    return rows


def _value(kind: str, field: bytes) -> object:
    if kind == "timestamptz":
        return EPOCH + timedelta(microseconds=int.from_bytes(field, "big", signed=True))
    if kind == "float8":
        return struct.unpack(">d", field)[0]
    if kind == "text":
        return field.decode()
    return int.from_bytes(field, "big", signed=True)


def encode(words: Words, bodies: Iterable[memoryview]) -> tuple[bytes, int]:
    """Return all rows of a journal as one stream of binary COPY, and how many they are."""
    taking = words.reading_rows()
    for body in bodies:
        taking.take(body)
    rows = taking.rows
    return taking.take_copy(), rows
