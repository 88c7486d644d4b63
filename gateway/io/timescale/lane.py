"""One connection to the database, through which everything is stored, in order.

Each group is one transaction, and begins with the ledger: the journal's row in the database must stand where the group
continues. So a group is stored once, whatever became of an earlier attempt: if its end was not heard, the row is locked
until it has ended, and shows then how it did.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from typing import Any, Final, TypeVar
from uuid import UUID

from gateway.hot import stations_in
from gateway.io.journal_batch import SealedBatch
from gateway.io.stores import KINDS
from gateway.io.timescale import housekeeping
from gateway.io.timescale.connecting import connect
from gateway.io.timescale.directory import Connection, Directory
from gateway.io.timescale.dsn import Dsn
from gateway.io.timescale.failures import StoreError
from gateway.io.timescale.groups import APPENDED, Group
from gateway.io.timescale.schema import Installation, SchemaError, prepare
from gateway.io.timescale.settings import StoreSettings

T = TypeVar("T")

CLOSE_TIMEOUT_S: Final = 2.0
"""Time to say goodbye to the database."""

MIGRATION_S: Final = 3600.0
"""Time to bring the schema, which may have to change millions of rows. Stations do not wait for it."""

_READINGS: Final = (
    *("time", "received_at", "station_time", "value", "station_id", "evse", "connector"),
    *("measurand", "phase", "context", "location", "unit", "transaction", "signed"),
)
_SET_ASIDE: Final = ("set_aside", "set_aside_reading")
_COUNTED: Final = (*KINDS, *_SET_ASIDE)
_TOTALS: Final = ", ".join(_COUNTED)
_BEGIN_JOURNAL: Final = "INSERT INTO ocpp.journal (uuid, batch, merged_batch) VALUES ($1, 0, 0) ON CONFLICT DO NOTHING"
_FIND_JOURNAL: Final = f"SELECT batch, merged_batch, checksum, {_TOTALS} FROM ocpp.journal WHERE uuid = $1"  # noqa: S608
_GO_ON: Final = (
    "BEGIN; UPDATE ocpp.journal SET batch = {last:d}, merged_batch = coalesce({merged}, merged_batch),"  # noqa: S608
    + " checksum = coalesce({checksum}, checksum), "
    + ", ".join(f"{name} = {name} + {{{name}:d}}" for name in _COUNTED)
    + ", updated_at = now() WHERE uuid = '{uuid}' AND batch = {after:d} AND merged_batch = {merged_after:d}"
)
"""Two statements in one message, so without parameters; all are numbers of ours. A transaction waits for few answers:
each is a turn of the interpreter lock, and far away it is a way there and back."""


class Lane:
    """An open connection whose schema is as it must be. Other threads may call `station_id` and its like only."""

    def __init__(self, connection: Connection, directory: Directory, settings: StoreSettings, journal: str) -> None:
        self.batch = 0
        """What the database has, up to this batch."""
        self.merged_batch = 0
        """What the database has, merged too, up to this batch; not above `batch`."""
        self.checksum: int | None = None
        """The checksum of the batch `batch`; None if none was stored."""
        self.totals: dict[str, int] = {}
        """Rows ever stored of this journal, by kind."""
        self.installation: Installation
        self.gathered: list[SealedBatch] = []
        """The batches that are being turned into a group: all their stations are looked up together."""
        self._connection = connection
        self._directory = directory
        self._settings = settings
        self._journal = journal
        self._loop = asyncio.get_running_loop()
        self._turn = asyncio.Lock()

    async def begin(self) -> None:
        """Bring the schema, and find out how far the database has come."""
        async with self._patience(MIGRATION_S):
            encoding = await self._connection.fetchval("SHOW server_encoding")
            if encoding != "UTF8":
                raise SchemaError(f"the database is encoded in {encoding}; it must be UTF8: stations send anything")
            self.installation = await prepare(self._connection, self._settings)
        async with self._patience():
            if await self._connection.fetchval("SHOW synchronous_commit") == "off":
                # The journal deletes what is stored, so stored must mean on disk.
                await self._connection.execute("SET synchronous_commit = on")
            await self._directory.load(self._connection)
            await self._connection.execute(_BEGIN_JOURNAL, self._journal)
            await self._read_ledger()

    async def write(
        self, group: Group, checksum: int | None, *, set_aside: int = 0, set_aside_readings: int = 0
    ) -> None:
        """Store `group`, all or nothing, and count the entries that were set aside.

        `checksum` is that of its last batch; None if it goes no further than what is stored.
        """
        added = {**group.totals, "set_aside": set_aside, "set_aside_reading": set_aside_readings}
        async with self._patience(), self._undone_by_errors():
            await self._write(group, checksum, added)
            await self._connection.execute("COMMIT")
            for name, count in added.items():
                self.totals[name] += count
            self.batch = group.last_batch
            if group.merged_batch is not None:
                self.merged_batch = group.merged_batch

    async def attempt(self, group: Group) -> None:
        """Do as `write`, and undo it: raises what `write` would raise."""
        async with self._patience(), self._undone_by_errors():
            await self._write(group, None, dict.fromkeys(_COUNTED, 0))
            await self._connection.execute("ROLLBACK")

    async def keep_house(self, now: datetime) -> bool:
        """Delete some of what is too old; return whether there is more of it."""
        async with self._patience():
            kept = await housekeeping.keep(self._connection, self.installation, self._settings, now)
        return kept.more

    @property
    def is_lost(self) -> bool:
        """Whether the connection is known to have ended."""
        return self._connection.is_closed()

    async def close(self) -> None:
        """Give the connection up."""
        with suppress(Exception):  # whatever it is, nothing can be done about it
            await self._connection.close(timeout=CLOSE_TIMEOUT_S)

    # What follows answers the thread that makes groups: see `groups.Names`.

    def station_id(self, identity: bytes) -> int:
        """Return a station's number, having looked up those of all batches in `gathered`."""
        name = _clean(identity)
        known = self._directory.known_id(name)
        if known is None:
            names = {_clean(other) for batch in self.gathered for other in stations_in(batch.body)}
            self._ask(lambda: self._directory.learn_stations(self._connection, {name, *names}))
            known = self._directory.known_id(name)
        assert known is not None
        return known

    def codes(self, channel: bytes) -> tuple[int, int, int, int, int, int]:
        """Return the codes of a channel and its role."""
        return self._ask(lambda: self._directory.codes(self._connection, channel))

    def identity(self, station_id: int) -> str:
        """Return the station of a number."""
        return self._directory.identity(station_id)

    def power_phase(self, phase: int) -> int:
        """Return the phase that a power measured on the phase of this code belongs to."""
        return self._directory.power_phase(phase)

    def _ask(self, question: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Have the database answer, between two groups."""

        async def answer() -> T:
            async with self._patience():
                return await question()

        return asyncio.run_coroutine_threadsafe(answer(), self._loop).result()

    @asynccontextmanager
    async def _patience(self, timeout_s: float | None = None) -> AsyncIterator[None]:
        """The connection for one at a time, and not for ever: whoever waits too long gives the connection up."""
        async with self._turn:
            try:
                async with asyncio.timeout(timeout_s or self._settings.timeout_s):
                    yield
            except (TimeoutError, asyncio.CancelledError):
                self._connection.terminate()
                raise

    @asynccontextmanager
    async def _undone_by_errors(self) -> AsyncIterator[None]:
        """What went wrong in a transaction leaves nothing of it, and a connection that can be used."""
        try:
            yield
        except Exception:
            if not self._connection.is_closed() and self._connection.is_in_transaction():
                await self._connection.execute("ROLLBACK")
            raise

    async def _write(self, group: Group, checksum: int | None, added: Mapping[str, int]) -> None:
        """Begin a transaction and do everything but end it."""
        connection = self._connection
        go_on = _GO_ON.format(
            uuid=UUID(self._journal),
            after=group.after,
            merged_after=self.merged_batch,
            last=group.last_batch,
            merged=_literal(group.merged_batch),
            checksum=_literal(checksum),
            **added,
        )
        if await connection.execute(go_on) != "UPDATE 1":
            raise StoreError("ledger", f"the database is not at batch {group.after} of this journal any more")
        if group.copy:
            await connection.copy_to_table(
                "sampled_value",
                schema_name="ocpp",
                columns=_READINGS,
                source=memoryview(group.copy),  # type: ignore[arg-type] # any buffer will do, but bytes would be a path
                format="binary",
            )
        for table, rows in group.appended.items():
            await connection.copy_records_to_table(table, schema_name="ocpp", columns=APPENDED[table], records=rows)
        for merge in group.merges:
            await connection.execute(merge.sql, *merge.columns)

    async def _read_ledger(self) -> None:
        row = await self._connection.fetchrow(_FIND_JOURNAL, self._journal)
        assert row is not None
        self.batch, self.merged_batch, self.checksum = row["batch"], row["merged_batch"], row["checksum"]
        self.totals = {name: row[name] for name in _COUNTED}


@asynccontextmanager
async def open_lane(
    dsn: Dsn, settings: StoreSettings, journal: str, site_of: Callable[[str], str | None]
) -> AsyncIterator[Lane]:
    """Connect, and give the connection up in the end. Raises what asyncpg raises, StoreError and SchemaError."""
    connection: Connection = await connect(dsn, settings=_server_settings(settings))
    lane = Lane(connection, Directory(site_of), settings, journal)
    try:
        await lane.begin()
        yield lane
    finally:
        await lane.close()


def _server_settings(settings: StoreSettings) -> dict[str, str]:
    """Return what the server should know of us: it must not hold our locks when we are gone."""
    timeout_ms = str(int(settings.timeout_s * 1000))
    return {
        "search_path": "ocpp",
        "timezone": "UTC",
        "lock_timeout": timeout_ms,
        "statement_timeout": timeout_ms,
        "idle_in_transaction_session_timeout": timeout_ms,
        "tcp_keepalives_idle": "15",
        "tcp_keepalives_interval": "5",
        "tcp_keepalives_count": "3",
    }


def _literal(number: int | None) -> str:
    return "NULL" if number is None else f"{number:d}"


def _clean(identity: bytes) -> str:
    return identity.decode().replace("\0", "\N{REPLACEMENT CHARACTER}")
