"""Readers of the journal: every batch, in order, without a gap, each reader in its own thread and at its own pace.

A reader that keeps up gets the newest batches from memory. One that fell behind gets them back from disk, through the
writer thread's connection. Either way they are the encoded batches that were committed, and are decoded in the reader's
own thread: the event loop's memory stays small, and there is one way in which entries come out of the journal.
"""

import threading
from collections import deque
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import NamedTuple, Protocol, TypeVar

from gateway.io.journal_batch import Batch, JournalClosedError, JournalError, SealedBatch, check_batch
from gateway.io.journal_file import JournalFile, StoredBatch

T = TypeVar("T")

RECENT_BYTES_MAX = 16 * 1024 * 1024
"""Encoded size of the batches kept in memory for readers, as they are on disk: some 30,000 messages."""

READ_BYTES_MAX = 1024 * 1024
"""Encoded size of what one read returns, so that a reader's transaction stays short and its memory bounded."""


class Ask(Protocol):
    """Have a question answered by the thread that owns the journal's file. Raises JournalClosedError."""

    def __call__(self, question: Callable[[JournalFile], T], /) -> T:
        """Return what `question` returns, called in the owning thread."""


class Lag(NamedTuple):
    """What a reader has not confirmed yet."""

    batches: int
    entries: int
    size_bytes: int
    since: float | None
    """When the oldest of it was written, wall clock seconds. From disk the moment of the batch before it: no later."""


class _Given(NamedTuple):
    """A batch that a reader was given and has not confirmed; its entries are the reader's."""

    id: int
    written_at: float
    entries: int
    size_bytes: int


class Feed:
    """The newest committed batches, shared by the writer thread, which publishes them, and the readers."""

    def __init__(self, path: Path, *, last_batch: int, ask: Ask, progressed: Callable[[], None]) -> None:
        self.path = path
        self.ask = ask
        self.progressed = progressed
        self.changed = threading.Condition()
        self.last_batch = last_batch
        self.entries_total = 0
        self.bytes_total = 0
        self.is_closed = False
        self.readers: dict[str, Reader] = {}
        self._recent: deque[StoredBatch] = deque()
        self._recent_bytes = 0

    def publish(self, batch: StoredBatch) -> None:
        """Offer a committed batch to the readers. Writer thread only."""
        with self.changed:
            self.last_batch = batch.id
            self.entries_total += batch.entries
            self.bytes_total += batch.size_bytes
            self._recent.append(batch)
            self._recent_bytes += batch.size_bytes
            while self._recent_bytes > RECENT_BYTES_MAX or (self._recent and not self.readers):
                self._forget_oldest()
            for reader in self.readers.values():
                reader.batch_published(batch)
            self.changed.notify_all()

    def close(self) -> None:
        """Wake every reader; what is in memory can still be read."""
        with self.changed:
            self.is_closed = True
            self.changed.notify_all()

    def recent_after(self, batch_id: int, bytes_max: int) -> list[StoredBatch]:
        """Batches that follow `batch_id` from memory, empty if the next is not there. Call with `changed` held."""
        recent = self._recent
        if not recent or not recent[0].id <= batch_id + 1 <= recent[-1].id:
            return []
        batches: list[StoredBatch] = []
        size_bytes = 0
        for batch in islice(recent, batch_id + 1 - recent[0].id, None):
            size_bytes += batch.size_bytes
            if batches and size_bytes > bytes_max:
                break
            batches.append(batch)
        return batches

    def forget_read(self) -> None:
        """Drop what every reader has read. Call with `changed` held."""
        position = min(reader.position for reader in self.readers.values())
        while self._recent and self._recent[0].id <= position:
            self._forget_oldest()

    def _forget_oldest(self) -> None:
        self._recent_bytes -= self._recent.popleft().size_bytes


class Reader:
    """One reader with its cursor. `read` and `seek` belong to one thread at a time; all else to any."""

    def __init__(self, name: str, feed: Feed, *, after: int) -> None:
        self.name = name
        self.cursor = 0
        """The last batch that the reader has confirmed: what it and all before it held need not be kept for it."""
        self.position = 0
        """The last batch that the reader was given."""
        self._feed = feed
        self._is_woken = False
        self._given: deque[_Given] = deque()
        self._entries_confirmed = 0
        self._bytes_confirmed = 0
        self._since: float | None = None
        self.seek(after)

    def read(self, timeout_s: float, bytes_max: int = READ_BYTES_MAX) -> list[Batch]:
        """As `read_sealed`, decoded."""
        return [batch.decode(self._feed.path) for batch in self.read_sealed(timeout_s, bytes_max)]

    def read_sealed(self, timeout_s: float, bytes_max: int = READ_BYTES_MAX) -> list[SealedBatch]:
        """The next batches, waiting up to `timeout_s` for the first; empty if none came or `wake` was called.

        Raises JournalError if a batch is corrupt or missing: reading on would lose data in silence.
        """
        feed = self._feed
        with feed.changed:
            feed.changed.wait_for(self._has_news, timeout_s)
            self._is_woken = False
            if feed.last_batch <= self.position:
                if feed.is_closed:
                    raise JournalClosedError(f"{feed.path}: the journal is closed")
                return []
            stored = feed.recent_after(self.position, bytes_max)
        if not stored:
            stored = self._read_from_disk(bytes_max)
        batches = [check_batch(feed.path, *batch) for batch in stored]
        with feed.changed:
            self.position = stored[-1].id
            feed.forget_read()
            self._given.extend(_Given(batch.id, batch.written_at, batch.entries, batch.size_bytes) for batch in stored)
        return batches

    def commit(self, batch_id: int) -> None:
        """Confirm everything up to `batch_id`, once the reader has it safely."""
        with self._feed.changed:
            batch = None
            while self._given and self._given[0].id <= batch_id:
                batch = self._given.popleft()
                self._entries_confirmed += batch.entries
                self._bytes_confirmed += batch.size_bytes
            if batch is None:
                return
            self.cursor = batch.id
            following = self._given or self._feed.recent_after(batch.id, 0)
            if batch.id == self._feed.last_batch:
                self._since = None
            else:
                self._since = following[0].written_at if following else batch.written_at
        self._feed.progressed()

    def seek(self, after: int) -> int:
        """Continue after the batch `after`, which the reader's own storage names as its last; confirms up to there.

        Returns how many of the batches that it asks for are no longer kept. Raises JournalError if the journal never
        came that far: then its file was replaced by an older copy, and its next batches would be taken for known ones.
        """
        feed = self._feed
        if after > feed.last_batch:
            raise JournalError(f"{feed.path}: ends at batch {feed.last_batch}, but {self.name} has read up to {after}")
        return feed.ask(lambda file: self._seek(file, after))

    def checksum(self, batch_id: int) -> int | None:
        """Return the checksum of a batch, by which it is told from one that another journal gave the same id.

        None if the journal does not keep it. Raises JournalError.
        """
        feed = self._feed
        stored = feed.ask(lambda file: file.read(batch_id - 1, 0))
        return check_batch(feed.path, *stored[0]).checksum if stored and stored[0].id == batch_id else None

    def wake(self) -> None:
        """Make a `read` that waits return at once."""
        with self._feed.changed:
            self._is_woken = True
            self._feed.changed.notify_all()

    @property
    def last_batch(self) -> int:
        """The newest batch of the journal."""
        return self._feed.last_batch

    @property
    def lag(self) -> Lag:
        """What waits for this reader. Exact whenever nothing is being committed at this moment."""
        feed = self._feed
        with feed.changed:
            return Lag(
                feed.last_batch - self.cursor,
                feed.entries_total - self._entries_confirmed,
                feed.bytes_total - self._bytes_confirmed,
                self._since,
            )

    def batch_published(self, batch: StoredBatch) -> None:
        """Note that `batch` waits. Called by the feed with `changed` held."""
        if self._since is None:
            self._since = batch.written_at

    def _has_news(self) -> bool:
        return self._feed.last_batch > self.position or self._is_woken or self._feed.is_closed

    def _seek(self, file: JournalFile, after: int) -> int:
        remaining = file.remaining(after)
        feed = self._feed
        with feed.changed:
            missing = max(0, remaining.first_batch - 1 - after)
            self.cursor = self.position = after + missing
            self._given.clear()
            self._entries_confirmed = feed.entries_total - remaining.entries
            self._bytes_confirmed = feed.bytes_total - remaining.size_bytes
            self._since = remaining.oldest_written_at
        return missing

    def _read_from_disk(self, bytes_max: int) -> list[StoredBatch]:
        feed, position = self._feed, self.position
        stored = feed.ask(lambda file: file.read(position, bytes_max))
        for expected, row in enumerate(stored, position + 1):
            if row.id != expected:
                raise JournalError(f"{feed.path}: batch {expected} is missing, {row.id} follows")
        if not stored:
            raise JournalError(f"{feed.path}: batch {position + 1} is missing")
        return stored
