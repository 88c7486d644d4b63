"""The journal's SQLite file: one row per batch, the live state's snapshot, and the copies of the readers' cursors.

One connection, used by one thread at a time. The file is locked exclusively, so nothing else can read it: whoever wants
to know what it holds asks the journal.
"""

import os
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

from gateway.io.data_directory import create_private
from gateway.io.journal_batch import JournalError

FORMAT_VERSION = 1
APPLICATION_ID = 0x4F43474A
"""`OCGJ`: tells `file` and us that this SQLite database is a journal."""

PAGE_BYTES = 16384
"""A batch of a busy gateway is tens of kilobytes: large pages mean short overflow chains."""

JOURNAL_BYTES_MIN = 1024 * 1024
"""Below this a single batch may not fit, and the journal would be full for ever."""

WAL_BYTES_MAX = 4 * 1024 * 1024
"""Copy the write-ahead log into the file at about this size: small checkpoints keep the slowest commits near 10 ms."""

READ_BATCHES_MAX = 64
"""Batches read in one go: commits wait for it, and each row costs a turn of the interpreter lock."""

PRUNE_BATCHES_MAX = 128
"""Batches deleted in one step, so that a commit never waits long behind pruning."""

_SCHEMA = f"""
CREATE TABLE meta (key TEXT PRIMARY KEY, value ANY) STRICT, WITHOUT ROWID;
CREATE TABLE batch (
    id INTEGER PRIMARY KEY,
    written_at REAL NOT NULL,
    entries INTEGER NOT NULL,
    blob BLOB NOT NULL
) STRICT;
CREATE TABLE station_state (
    station TEXT PRIMARY KEY,
    batch INTEGER NOT NULL,
    state BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE reader (name TEXT PRIMARY KEY, batch INTEGER NOT NULL) STRICT, WITHOUT ROWID;
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {FORMAT_VERSION};
"""


class StoredBatch(NamedTuple):
    """A row of the table `batch`, not yet checked or decoded."""

    id: int
    written_at: float
    entries: int
    blob: bytes | bytearray

    @property
    def size_bytes(self) -> int:
        """Encoded size."""
        return len(self.blob)


class Remaining(NamedTuple):
    """What lies after a batch, and the first batch that is kept at all."""

    batches: int
    entries: int
    size_bytes: int
    oldest_written_at: float | None
    first_batch: int


class JournalFile:
    """An open journal file. Methods raise sqlite3.Error as SQLite reports it; opening raises JournalError."""

    def __init__(self, path: Path, *, bytes_max: int) -> None:
        if bytes_max < JOURNAL_BYTES_MIN:
            raise JournalError(f"{path}: a journal needs at least {JOURNAL_BYTES_MIN} bytes, not {bytes_max}")
        self.path = path
        try:
            create_private(path)
            self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=0)
        except (sqlite3.Error, OSError) as error:
            raise JournalError(f"{path}: cannot be opened: {error}") from error
        try:
            self._configure(bytes_max)
            self.uuid = self._identify()
            self._make_recovered_durable()
            self.last_batch: int = self._value("SELECT coalesce(max(id), 0) FROM batch")
            # Also if the file was there: who created it may have been killed before this.
            _sync_directory(path.parent)
        except (sqlite3.Error, OSError) as error:
            self._connection.close()
            raise JournalError(f"{path}: cannot be opened as a journal: {error}") from error
        except JournalError:
            self._connection.close()
            raise
        self._wal_bytes = 0

    def _configure(self, bytes_max: int) -> None:
        """Set what durability and size rest upon, and see that it took effect: SQLite ignores what it cannot do."""
        self._set("locking_mode", "exclusive")  # before the first access: then SQLite needs no shared memory file
        self._check_kind()
        self._set("page_size", PAGE_BYTES)
        self._set("journal_mode", "wal")
        self._set("synchronous", 2)
        # Automatic checkpoints swallow their errors, a failed fsync among them: we run our own.
        self._set("wal_autocheckpoint", 0)
        pages = bytes_max // PAGE_BYTES
        self._connection.execute(f"PRAGMA max_page_count = {pages}").fetchall()
        limit, used = self._value("PRAGMA max_page_count"), self._value("PRAGMA page_count")
        if limit != max(pages, used):
            raise JournalError(f"{self.path}: SQLite did not take max_page_count = {pages}, it has {limit}")

    def _set(self, pragma: str, wanted: int | str) -> None:
        self._connection.execute(f"PRAGMA {pragma} = {wanted}").fetchall()
        actual = self._value(f"PRAGMA {pragma}")
        if actual != wanted:
            raise JournalError(f"{self.path}: SQLite did not take {pragma} = {wanted}, it has {actual}")

    def _check_kind(self) -> None:
        if self._value("SELECT count(*) FROM sqlite_schema") == 0:
            return
        if self._value("PRAGMA application_id") != APPLICATION_ID:
            raise JournalError(f"{self.path}: is an SQLite database, but not a journal")
        version = self._value("PRAGMA user_version")
        if version > FORMAT_VERSION:
            raise JournalError(
                f"{self.path}: written by a newer ocpp-gateway (format {version}, this one knows {FORMAT_VERSION})"
            )

    def _identify(self) -> str:
        """Return the journal's uuid, which is born with its file."""
        if self._value("SELECT count(*) FROM sqlite_schema") == 0:
            self._connection.executescript(f"BEGIN IMMEDIATE; {_SCHEMA}")
            self._connection.execute("INSERT INTO meta VALUES ('uuid', ?)", (str(uuid4()),))
            self._connection.execute("COMMIT")
        return str(self._value("SELECT value FROM meta WHERE key = 'uuid'"))

    def _make_recovered_durable(self) -> None:
        """Copy the log into the file before anybody builds upon what it holds.

        Frames that an earlier process wrote and failed to sync look committed after recovery; writing them anew syncs
        them. On a full disk that has to wait for room, as every commit then has.
        """
        try:
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_FULL:
                raise

    def _value(self, sql: str, parameters: tuple[object, ...] = ()) -> "int":
        rows = self._connection.execute(sql, parameters).fetchall()
        return rows[0][0]  # type: ignore[no-any-return]

    def write(
        self, batch_id: int, written_at: float, entries: int, blob: bytearray, states: list[tuple[str, bytes]]
    ) -> None:
        """Commit one batch, with the states that stations have after it. On return it is on disk."""
        insert = "INSERT INTO batch VALUES (?, ?, ?, ?)"
        row = (batch_id, written_at, entries, blob)
        if not states:  # one statement in autocommit is one sqlite3_step: the interpreter lock changes hands once
            self._connection.execute(insert, row)
        else:
            self._transaction((insert, row), *_replace_states(batch_id, states))
        self.last_batch = batch_id
        state_bytes = sum(len(state) for _, state in states)
        self._count_wal(len(blob) + state_bytes, pages_more=2 + len(states))

    def read(self, after: int, bytes_max: int) -> list[StoredBatch]:
        """Batches that follow `after`, in order: at least one, else at most READ_BATCHES_MAX and `bytes_max`."""
        batches: list[StoredBatch] = []
        size_bytes = 0
        sql = "SELECT id, written_at, entries, blob FROM batch WHERE id > ? ORDER BY id LIMIT ?"
        rows = self._connection.execute(sql, (after, READ_BATCHES_MAX))
        try:
            for row in rows:
                batch = StoredBatch._make(row)
                size_bytes += len(batch.blob)
                if batches and size_bytes > bytes_max:
                    break
                batches.append(batch)
        finally:
            rows.close()  # an open statement would keep the write-ahead log from starting over
        return batches

    def remaining(self, after: int) -> Remaining:
        """Count what lies after the batch `after`."""
        sql = "SELECT count(*), coalesce(sum(entries), 0), coalesce(sum(length(blob)), 0) FROM batch WHERE id > ?"
        ((batches, entries, size_bytes),) = self._connection.execute(sql, (after,)).fetchall()
        oldest = self._connection.execute("SELECT written_at FROM batch WHERE id > ? ORDER BY id LIMIT 1", (after,))
        written_at = [row[0] for row in oldest.fetchall()]
        first_batch = self._value("SELECT coalesce(min(id), ?) FROM batch", (self.last_batch + 1,))
        return Remaining(batches, entries, size_bytes, written_at[0] if written_at else None, first_batch)

    def states(self) -> Iterator[tuple[str, int, bytes]]:
        """Every station's saved state: (station, the batch after which it is true, state)."""
        yield from self._connection.execute("SELECT station, batch, state FROM station_state")

    def cursors(self) -> dict[str, int]:
        """The copies of the readers' cursors that the last pruning left."""
        return dict(self._connection.execute("SELECT name, batch FROM reader").fetchall())

    def save_cursors(self, cursors: Mapping[str, int]) -> None:
        """Keep a copy of the readers' cursors."""
        if cursors:
            self._transaction(*_replace_cursors(cursors))
            self._count_wal(0, pages_more=1)

    def prune(self, *, up_to: int, written_before: float, cursors: Mapping[str, int]) -> int:
        """Delete the oldest batches up to `up_to` that were written before a time; return how many.

        At most PRUNE_BATCHES_MAX. The newest batch always stays: from it a restart knows the last id in use.
        """
        sql = (
            "SELECT max(id), count(*) FROM (SELECT id, written_at FROM batch WHERE id <= ? ORDER BY id LIMIT ?)"
            " WHERE written_at < ?"
        )
        limits = (min(up_to, self.last_batch - 1), PRUNE_BATCHES_MAX, written_before)
        ((last, count),) = self._connection.execute(sql, limits).fetchall()
        if not count:
            return 0
        self._transaction(("DELETE FROM batch WHERE id <= ?", (last,)), *_replace_cursors(cursors))
        self._count_wal(0, pages_more=4 + count // 16)
        return int(count)

    @property
    def checkpoint_due(self) -> bool:
        """Whether the write-ahead log has reached about WAL_BYTES_MAX since the last checkpoint."""
        return self._wal_bytes >= WAL_BYTES_MAX

    def checkpoint(self) -> None:
        """Copy the write-ahead log into the file, so that the log starts over."""
        self._wal_bytes = 0
        self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()

    def used_bytes(self) -> int:
        """Bytes of pages in use; freed pages are used again and do not count."""
        return (self._value("PRAGMA page_count") - self._value("PRAGMA freelist_count")) * PAGE_BYTES

    def close(self) -> None:
        """Close the connection; SQLite then copies the log into the file."""
        self._connection.close()

    def _transaction(self, *statements: tuple[str, tuple[object, ...]]) -> None:
        execute = self._connection.execute
        try:
            execute("BEGIN IMMEDIATE")
            for sql, parameters in statements:
                execute(sql, parameters)
            execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:  # a full disk ends the transaction by itself
                execute("ROLLBACK")
            raise

    def _count_wal(self, size_bytes: int, *, pages_more: int) -> None:
        self._wal_bytes += (size_bytes // PAGE_BYTES + pages_more) * PAGE_BYTES


_STATES_PER_STATEMENT = 256


def _replace_states(batch_id: int, states: list[tuple[str, bytes]]) -> Iterator[tuple[str, tuple[object, ...]]]:
    for start in range(0, len(states), _STATES_PER_STATEMENT):
        some = states[start : start + _STATES_PER_STATEMENT]
        rows = ", ".join(["(?, ?, ?)"] * len(some))
        parameters = tuple(value for station, state in some for value in (station, batch_id, state))
        yield f"INSERT OR REPLACE INTO station_state VALUES {rows}", parameters  # noqa: S608 - only question marks


def _replace_cursors(cursors: Mapping[str, int]) -> Iterator[tuple[str, tuple[object, ...]]]:
    for name, batch in cursors.items():
        yield "INSERT OR REPLACE INTO reader VALUES (?, ?)", (name, batch)


def _sync_directory(path: Path) -> None:
    """Make the file's name durable: SQLite syncs the directory for its logs, not for the database itself."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
