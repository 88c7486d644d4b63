"""The default store: an SQLite file of its own, which other processes can read while the gateway runs.

One thread reads the journal and writes rows, and with them, in the same transaction, how far it has read. So every
record is in the file exactly once, whenever either side is killed. Whatever is wrong with the file, stations do not
notice: the thread tries again, less and less often, and what it has not stored stays in the journal.
"""

import os
import random
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from gateway.io.charging_transactions import ChargingTransaction, Key
from gateway.io.data_directory import create_private
from gateway.io.journal_batch import Batch, JournalClosedError, JournalError
from gateway.io.journal_file import READ_BATCHES_MAX
from gateway.io.journal_reader import READ_BYTES_MAX, Reader
from gateway.io.sqlite_rows import Rows, iso_of_seconds, load_transactions, write_transactions
from gateway.io.sqlite_schema import APPLICATION_ID, RETENTION, SCHEMA_VERSION, STEPS
from gateway.io.stores import KINDS
from gateway.io.thread_cpu import ThreadCpu

READ_TIMEOUT_S = 1.0
"""Longest wait for a batch: then retention gets its turn."""

PAUSE_S = 0.2
"""Rest after a small transaction, so that more rows share the next one. Data is this much older than it could be."""

BUSY_TIMEOUT_S = 1.0
"""How long to wait for another process that has locked the file, before that counts as an error."""

RETRY_S_MIN = 0.25
RETRY_S_MAX = 30.0
"""Bounds of the pause after an error; it doubles from one to the other."""

RETENTION_EVERY_S = 600.0
"""Time between two looks for old rows: days matter, minutes do not."""

TRANSACTIONS_CACHED_MAX = 10_000
"""Charging transactions kept in memory, about 1 KiB each, so that a running one is not read for every message."""

WAL_BYTES_KEPT = 16 * 1024 * 1024
"""The write-ahead log is cut back to this after a slow reader has let it grow."""

_ERROR_KINDS = {
    sqlite3.SQLITE_BUSY: "locked",
    sqlite3.SQLITE_LOCKED: "locked",
    sqlite3.SQLITE_FULL: "full",
    sqlite3.SQLITE_CORRUPT: "corrupt",
    sqlite3.SQLITE_NOTADB: "corrupt",
    sqlite3.SQLITE_CANTOPEN: "unavailable",
    sqlite3.SQLITE_READONLY: "read_only",
    sqlite3.SQLITE_PERM: "unavailable",
    sqlite3.SQLITE_IOERR: "io",
}
ERROR_KINDS = (*sorted(set(_ERROR_KINDS.values())), "schema", "replaced", "journal", "unexpected")
"""Everything that `SqliteStore.errors` counts."""


class StoreError(Exception):
    """The store's file cannot be used. `kind` is one of ERROR_KINDS."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class SqliteStore:
    """The store's thread. After `start` it works until `close`, whatever happens to the file.

    `reader` is the journal's for this store and `journal_uuid` that journal's; `retention_days` counts from reception,
    0 keeps rows for ever. `on_error` is called in the store's thread with the kind and the text of each error.
    """

    def __init__(
        self,
        path: Path,
        reader: Reader,
        journal_uuid: str,
        *,
        retention_days: float,
        wall_clock: Callable[[], float] = time.time,
        on_error: Callable[[str, str], None] | None = None,
    ) -> None:
        self.path = path
        self.stored = dict.fromkeys(KINDS, 0)
        """Rows in the file's whole life, by kind: received = stored + what waits in the journal."""
        self.set_aside_entries = self.set_aside_readings = 0
        self.transactions = 0
        self.errors = dict.fromkeys(ERROR_KINDS, 0)
        self.last_error: str | None = None
        """What keeps the store from working now; None if it works."""
        self.missing_batches = 0
        """Batches that the file does not have and that the journal no longer keeps."""
        self._reader = reader
        self._journal_uuid = journal_uuid
        self._retention_s = retention_days * 86400
        self._wall_clock = wall_clock
        self._on_error = on_error
        self._connection: sqlite3.Connection | None = None
        self._journal_number = 0
        self._opened_file = (0, 0)
        self._transactions: dict[Key, ChargingTransaction] = {}
        self._retention_at_monotonic_s = 0.0
        self._stopping = threading.Event()
        self._drain_until_monotonic_s = 0.0
        self._thread = threading.Thread(target=self._run, name="store", daemon=True)
        self._thread_cpu: ThreadCpu | None = None

    def start(self) -> None:
        """Start the thread. If the file can be opened, what it holds is known from now on."""
        with suppress(StoreError, JournalError, sqlite3.Error):  # the thread tries again, and says what is wrong
            self._connection = self._connect()
        self._thread.start()

    def close(self, drain_s: float = 5.0) -> None:
        """Store what waits in the journal, for at most `drain_s`, and end the thread. Before the journal's `close`."""
        self._drain_until_monotonic_s = time.monotonic() + drain_s
        self._stopping.set()
        if self._thread.is_alive():
            self._reader.wake()
            self._thread.join(drain_s + BUSY_TIMEOUT_S + READ_TIMEOUT_S)

    @property
    def connected(self) -> bool:
        """Whether the file is open."""
        return self._connection is not None

    @property
    def cpu_seconds(self) -> float:
        """CPU time of the store's thread."""
        return self._thread_cpu.seconds if self._thread_cpu is not None else 0.0

    def _run(self) -> None:
        self._thread_cpu = ThreadCpu()
        self._work()
        self._thread_cpu.end()

    def _work(self) -> None:
        """Store until it is time to end, whatever goes wrong."""
        retry_s = RETRY_S_MIN
        while self._should_go_on():
            try:
                if self._connection is None:
                    self._connection = self._connect()
                self._step(self._connection)
                self.last_error = None
                retry_s = RETRY_S_MIN
            except JournalClosedError:
                break
            except Exception as error:  # a store that gives up would fill the journal: whatever it is, try again
                self._note(error)
                self._disconnect()
                # Not all at once: whatever broke this store may have broken others.
                self._stopping.wait(retry_s * random.uniform(0.5, 1.0))  # noqa: S311 - no secret
                retry_s = min(2 * retry_s, RETRY_S_MAX)
        self._disconnect()

    def _should_go_on(self) -> bool:
        if not self._stopping.is_set():
            return True
        return (
            time.monotonic() < self._drain_until_monotonic_s
            and self.last_error is None
            and self._reader.lag.batches > 0
        )

    def _step(self, connection: sqlite3.Connection) -> None:
        batches = self._reader.read(READ_TIMEOUT_S)
        if batches:
            self._write(connection, batches)
            lag = self._reader.lag
            if lag.batches < READ_BATCHES_MAX and lag.size_bytes < READ_BYTES_MAX // 4:
                self._stopping.wait(PAUSE_S)
        if self._retention_s and time.monotonic() >= self._retention_at_monotonic_s:
            self._delete_old(connection)

    def _write(self, connection: sqlite3.Connection, batches: list[Batch]) -> None:
        """Store `batches` and move the cursor on, both or neither."""
        rows = Rows(self._journal_number, batches)
        self._check_file()
        with _Transaction(connection):
            rows.write(connection)
            write_transactions(connection, self._merge(connection, rows.transactions))
            counted = [(total, kind) for kind, total in rows.stored.items() if total]
            connection.executemany("UPDATE stored SET total = total + ? WHERE kind = ?", counted)
            cursor = (rows.last_batch, self._journal_number)
            connection.execute("UPDATE journal SET batch = ? WHERE number = ?", cursor)
        for kind, total in rows.stored.items():
            self.stored[kind] += total
        self.transactions += 1
        self._reader.commit(rows.last_batch)

    def _merge(
        self, connection: sqlite3.Connection, newer: dict[Key, ChargingTransaction]
    ) -> list[ChargingTransaction]:
        """The rows that the store will have for the transactions in `newer`."""
        known = self._transactions
        unknown = [key for key in newer if key not in known]
        for stored in load_transactions(connection, unknown):
            known[stored.station, stored.transaction] = stored
        merged = []
        for key, row in newer.items():
            stored_row = known.pop(key, None)  # put back at the end: the oldest come first
            if stored_row is None:
                stored_row = row
            else:
                stored_row.merge(row)
            known[key] = stored_row
            merged.append(stored_row)
        while len(known) > TRANSACTIONS_CACHED_MAX:
            del known[next(iter(known))]
        return merged

    def _delete_old(self, connection: sqlite3.Connection) -> None:
        """One step of retention; the next follows soon if there was something to do."""
        before = iso_of_seconds(self._wall_clock() - self._retention_s)
        deleted = 0
        for statement in RETENTION:
            deleted += connection.execute(statement, {"before": before}).rowcount
        if deleted:
            self._transactions.clear()
        self._retention_at_monotonic_s = time.monotonic() + (PAUSE_S if deleted else RETENTION_EVERY_S)

    def _connect(self) -> sqlite3.Connection:
        """Open the file, bring its schema, and set the reader to where the file ends."""
        try:
            create_private(self.path)
        except OSError as error:
            raise StoreError("unavailable", f"{self.path}: cannot be opened: {error.strerror}") from error
        connection = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False, timeout=BUSY_TIMEOUT_S)
        try:
            self._prepare(connection)
            status = self.path.stat()
            self._opened_file = (status.st_dev, status.st_ino)
            connection.execute("INSERT OR IGNORE INTO journal (uuid, batch) VALUES (?, 0)", (self._journal_uuid,))
            found = connection.execute("SELECT number, batch FROM journal WHERE uuid = ?", (self._journal_uuid,))
            ((self._journal_number, batch),) = found.fetchall()
            self.stored.update(connection.execute("SELECT kind, total FROM stored").fetchall())
            self.missing_batches += self._reader.seek(batch)
        except BaseException:
            connection.close()
            raise
        return connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        ((tables,),) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchall()
        ((application_id,),) = connection.execute("PRAGMA application_id").fetchall()
        ((version,),) = connection.execute("PRAGMA user_version").fetchall()
        if tables and application_id != APPLICATION_ID:
            raise StoreError("schema", f"{self.path}: is an SQLite database, but not a store of ocpp-gateway")
        if version > SCHEMA_VERSION:
            raise StoreError(
                "schema",
                f"{self.path}: written by a newer ocpp-gateway (schema {version}, this one knows {SCHEMA_VERSION})",
            )
        ((mode,),) = connection.execute("PRAGMA journal_mode = wal").fetchall()
        if mode != "wal":
            raise StoreError("unavailable", f"{self.path}: SQLite cannot use a write-ahead log here, but {mode}")
        # The journal deletes what is stored, so stored must mean on disk.
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(f"PRAGMA journal_size_limit = {WAL_BYTES_KEPT}").fetchall()
        for step in range(version, SCHEMA_VERSION):
            with _Transaction(connection):
                for statement in STEPS[step].split(";\n"):
                    connection.execute(statement)
                connection.executemany("INSERT OR IGNORE INTO stored VALUES (?, 0)", [(kind,) for kind in KINDS])
                connection.execute(f"PRAGMA user_version = {step + 1}")

    def _check_file(self) -> None:
        """SQLite would go on writing into a file that has been deleted."""
        try:
            status = os.stat(self.path)  # noqa: PTH116 - five times cheaper than Path.stat, and done for each commit
        except FileNotFoundError:
            raise StoreError("replaced", f"{self.path}: was removed") from None
        if (status.st_dev, status.st_ino) != self._opened_file:
            raise StoreError("replaced", f"{self.path}: was replaced by another file")

    def _note(self, error: Exception) -> None:
        kind = _error_kind(error)
        self.errors[kind] += 1
        self.last_error = f"{self.path}: {error}" if isinstance(error, sqlite3.Error) else str(error)
        if kind == "unexpected":
            self.last_error = f"{self.path}: {error!r}"
        if self._on_error is not None:
            self._on_error(kind, self.last_error)

    def _disconnect(self) -> None:
        """Forget everything that the file may know otherwise."""
        self._transactions.clear()
        if self._connection is not None:
            connection, self._connection = self._connection, None
            connection.close()


class _Transaction:
    """A transaction that takes the write lock at its start, so that it is not refused half-way."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def __enter__(self) -> None:
        self._connection.execute("BEGIN IMMEDIATE")

    def __exit__(self, error_type: object, error: object, traceback: object) -> None:
        if error is None:
            self._connection.execute("COMMIT")
        elif self._connection.in_transaction:
            self._connection.execute("ROLLBACK")


def _error_kind(error: Exception) -> str:
    if isinstance(error, StoreError):
        return error.kind
    if isinstance(error, JournalError):
        return "journal"
    if isinstance(error, sqlite3.Error):
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # without the extended part
        return _ERROR_KINDS.get(code, "unexpected")
    return "io" if isinstance(error, OSError) else "unexpected"
