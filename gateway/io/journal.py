"""The journal: entries become durable here, in order, before a station is answered.

The event loop's thread encodes entries into an open batch. Once the last commit has ended, the next batch is cut and
handed to the one writer thread, which commits it with one fsync; then the callbacks of its entries run in the loop.
Behind the journal stand its readers (`gateway.io.journal_reader`), each with a cursor. Batches below every cursor and
floor are deleted after a retention time.

A commit that fails because there is no room is kept and tried again until there is; nothing is acknowledged meanwhile.
Any other failed commit is the end of the process, unanswered: after a failed fsync nobody knows what is on disk.
"""

import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from gateway.core.records import Entry
from gateway.io.journal_batch import Batch, JournalClosedError, JournalError, OpenBatch, decode_batch
from gateway.io.journal_file import JournalFile
from gateway.io.journal_reader import READ_BYTES_MAX, Lag, Reader
from gateway.io.journal_writer import COMMIT_SECONDS_BOUNDS, Cut, JournalStatistics, JournalWriter

__all__ = [
    "COMMIT_SECONDS_BOUNDS",
    "Batch",
    "Journal",
    "JournalClosedError",
    "JournalError",
    "JournalStatistics",
    "Lag",
    "Reader",
]

SMALL_BATCH_ENTRIES = 32
COMMIT_SPACING_S = 0.002
"""After a batch of fewer than SMALL_BATCH_ENTRIES the next one begins this long after it at the earliest. One fsync for
each message would cost 0.2 ms of CPU apiece and wear out the disk, to spare a wait that no station notices. Under load
batches are larger, and the next is cut as soon as the last commit ended."""

PENDING_BYTES_MAX = 8 * 1024 * 1024
"""Encoded bytes not yet on disk above which callers must stop appending: about 13,000 messages of 600 bytes."""

BARRIER_BYTES = 1024
"""What a callback without an entry counts for among them. Who waits takes memory too: stations that repeat themselves
on one new connection after another, while the disk is full, would otherwise never find it crowded."""


class Journal:
    """The durable, ordered sequence of everything that stations said.

    Opening raises JournalError. Until `start`, the stored states and batches can be read; `append` needs a started
    journal. `append`, `barrier`, `set_floor` and `close` belong to the loop's thread.

    `call_in_loop` runs a function in the loop's thread, from another one (`loop.call_soon_threadsafe`); `schedule` and
    `call_later` are `loop.call_soon` and `loop.call_later`. `fatal` is called once, in the writer thread, when a commit
    failed for another reason than want of room: it must end the process, and no callback of the journal is called any
    more. `take_snapshot` is called in the loop with the id of each batch that is cut, and returns the (station, state)
    rows to save with it, a few hundred at most. `bytes_max` bounds the file; its write-ahead log takes about 4 MiB
    beside it.
    """

    def __init__(
        self,
        path: Path,
        *,
        bytes_max: int,
        retention_s: float,
        call_in_loop: Callable[[Callable[[], None]], object],
        schedule: Callable[[Callable[[], None]], object],
        call_later: Callable[[float, Callable[[], None]], object],
        wall_clock: Callable[[], float],
        fatal: Callable[[BaseException], None],
        take_snapshot: Callable[[int], list[tuple[str, bytes]]],
    ) -> None:
        self._file = JournalFile(path, bytes_max=bytes_max)
        self._writer = JournalWriter(
            self._file,
            retention_s=retention_s,
            call_in_loop=call_in_loop,
            wall_clock=wall_clock,
            fatal=fatal,
            committed=self._collect,
        )
        self._schedule = schedule
        self._call_later = call_later
        self._wall_clock = wall_clock
        self._take_snapshot = take_snapshot
        self.path = path
        self.uuid: str = self._file.uuid
        """Born with the file. With a batch id it names a batch for ever."""
        self.on_room: Callable[[], None] | None = None
        """Called in the loop when `has_room` has become true again."""
        self.statistics = self._writer.statistics
        self._open = OpenBatch()
        self._open_bytes = 0
        self._open_durables: list[Callable[[], None]] = []
        self._last_cut_id = self._file.last_batch
        self._in_flight: Cut | None = None
        self._is_cut_scheduled = False
        self._cut_monotonic_s = 0.0
        self._cut_entries = SMALL_BATCH_ENTRIES
        self._pending_bytes = 0
        self._barriers = 0
        self._cut_bytes = 0
        self._is_crowded = False

    # Before the start

    @property
    def last_batch(self) -> int:
        """The newest batch on disk, 0 in a new journal."""
        return self._writer.feed.last_batch

    def load_states(self) -> Iterator[tuple[str, int, bytes]]:
        """The saved states: (station, the batch after which it is true, state). Before `start`, and to its end."""
        return self._file.states()

    def read_batches(self, after: int) -> Iterator[Batch]:
        """Every kept batch that follows `after`, in order. Before `start`. Raises JournalError for a corrupt one."""
        while stored := self._file.read(after, READ_BYTES_MAX):
            for row in stored:
                yield decode_batch(self.path, *row)
            after = stored[-1].id

    def reader(self, name: str, *, after: int | None = None) -> Reader:
        """A new reader, from which nothing that it has not confirmed is pruned.

        It continues after the batch `after`, which its own storage names; if that is None, after the copy of its cursor
        that the journal keeps, which may be older, until the reader seeks. Make every reader before `start`.
        """
        if after is None:
            after = min(self._file.cursors().get(name, 0), self._writer.feed.last_batch)
        reader = Reader(name, self._writer.feed, after=after)
        self._writer.feed.readers[name] = reader
        return reader

    def start(self) -> None:
        """Start the writer thread."""
        self._writer.start()

    # The loop's side

    def append(self, entry: Entry, durable: Callable[[], None]) -> None:
        """Add `entry` to the open batch; `durable` is called in the loop once it is on disk, in order of appending.

        Raises what msgspec raises for a value that cannot be encoded; the entry is then not part of the batch.
        """
        size_bytes = self._open.append(entry)
        self._open_durables.append(durable)
        self._open_bytes += size_bytes
        self._pending_bytes += size_bytes
        self._note_crowd()
        if self._in_flight is None and not self._is_cut_scheduled:
            self._schedule_cut(self._cut_due_in_s())

    def barrier(self, durable: Callable[[], None]) -> None:
        """Have `durable` called in the loop once everything appended so far is on disk, after the callbacks of that."""
        if self._open.entries:
            self._open_durables.append(durable)
        elif self._in_flight is not None:
            self._in_flight.durables.append(durable)
        else:
            self._schedule(partial(self._run_durables, iter([durable])))
            return
        self._barriers += 1
        self._note_crowd()

    @property
    def has_room(self) -> bool:
        """Whether the caller may append. After PENDING_BYTES_MAX were waiting, not before half of it is on disk."""
        return not self._is_crowded and self._writer.failure is None

    @property
    def pending_bytes(self) -> int:
        """Encoded bytes not yet on disk."""
        return self._pending_bytes

    @property
    def appended_bytes(self) -> int:
        """Encoded bytes appended since the journal was opened."""
        return self._cut_bytes + self._open_bytes

    def set_floor(self, name: str, batch_id: int) -> None:
        """Say that `name` needs no batch up to and including `batch_id` any more. Say it first before `start`."""
        self._writer.floors[name] = batch_id

    @property
    def full_since(self) -> float | None:
        """Wall clock time since which there is no room for a commit; None if there is."""
        return self._writer.full_since

    @property
    def on_full(self) -> Callable[[bool], None] | None:
        """Called in the loop with True when the disk or the file is full, with False when there is room again."""
        return self._writer.on_full

    @on_full.setter
    def on_full(self, on_full: Callable[[bool], None] | None) -> None:
        self._writer.on_full = on_full

    @property
    def failure(self) -> BaseException | None:
        """What the journal died of."""
        return self._writer.failure

    @property
    def lags(self) -> dict[str, Lag]:
        """What waits for each reader."""
        return {name: reader.lag for name, reader in self._writer.feed.readers.items()}

    @property
    def cpu_seconds(self) -> float:
        """CPU time of the writer thread."""
        return self._writer.cpu_seconds

    def close(self, timeout_s: float = 10.0) -> None:
        """Bring what was appended to disk if that is possible within `timeout_s`, call back for it, and stop.

        Readers can go on with what is in memory, so end them first. Closing again does nothing.
        """
        if self._open.entries and self._writer.is_serving:
            self._hand_over()
        self._writer.stop(timeout_s)
        self._collect()

    def _waiting_bytes(self) -> int:
        return self._pending_bytes + self._barriers * BARRIER_BYTES

    def _note_crowd(self) -> None:
        if self._waiting_bytes() >= PENDING_BYTES_MAX:
            self._is_crowded = True

    def _cut_due_in_s(self) -> float:
        if self._cut_entries >= SMALL_BATCH_ENTRIES:
            return 0.0
        return self._cut_monotonic_s + COMMIT_SPACING_S - time.monotonic()

    def _schedule_cut(self, delay_s: float) -> None:
        self._is_cut_scheduled = True
        if delay_s > 0:
            self._call_later(delay_s, self._cut)
        else:
            self._schedule(self._cut)

    def _cut(self) -> None:
        self._is_cut_scheduled = False
        if self._in_flight is None and self._open.entries:
            self._hand_over()

    def _hand_over(self) -> None:
        """Give the open batch to the writer thread and begin a new one."""
        states = self._take_snapshot(self._last_cut_id + 1)
        self._last_cut_id += 1  # only now: an id that was taken and not used would be a gap
        cut = Cut(self._last_cut_id, self._wall_clock(), self._open, self._open_bytes, self._open_durables, states)
        self._in_flight = cut
        self._cut_monotonic_s = time.monotonic()
        self._cut_entries = self._open.entries
        self._writer.write(cut)
        self._cut_bytes += self._open_bytes
        self._open = OpenBatch()
        self._open_bytes = 0
        self._open_durables = []

    def _collect(self) -> None:
        """Call back for what the writer thread has committed, and cut the next batch first: its fsync can begin."""
        try:
            while self._writer.done and self._writer.failure is None:
                cut = self._writer.done.popleft()
                self._pending_bytes -= cut.size_bytes
                self._barriers -= len(cut.durables) - cut.open_batch.entries
                try:
                    if self._in_flight is cut:
                        self._in_flight = None
                        self._cut_next()
                finally:  # whatever the snapshot raised: these are on disk
                    self._run_durables(iter(cut.durables))
        finally:  # whatever a callback raised: if nobody is told of the room, nothing is appended any more
            self._tell_room()

    def _tell_room(self) -> None:
        if self._is_crowded and self._waiting_bytes() <= PENDING_BYTES_MAX // 2 and self._writer.failure is None:
            self._is_crowded = False
            if self.on_room is not None:
                self.on_room()

    def _cut_next(self) -> None:
        if not self._open.entries or not self._writer.is_serving or self._is_cut_scheduled:
            return
        delay_s = self._cut_due_in_s()
        if delay_s > 0:
            self._schedule_cut(delay_s)
        else:
            self._hand_over()

    def _run_durables(self, durables: Iterator[Callable[[], None]]) -> None:
        if self._writer.failure is not None:
            return
        try:
            for durable in durables:
                durable()
        except BaseException:  # the others must hear all the same; the loop reports what one of them raised
            self._schedule(partial(self._run_durables, durables))
            raise
