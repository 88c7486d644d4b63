"""The journal: entries become durable here, in order, before a station is answered.

The event loop's thread encodes entries into an open batch. As soon as the last commit has ended, the next batch is cut
and handed to the one writer thread, which commits it with one fsync; then the callbacks of its entries run in the loop.
Behind the journal stand its readers (`gateway.io.journal_reader`), each with a cursor. Batches below every cursor and
floor are deleted after a retention time.

A commit that fails because there is no room is kept and tried again until there is; nothing is acknowledged meanwhile.
Any other failed commit is the end of the process, unanswered: after a failed fsync nobody knows what is on disk.
"""

import sqlite3
import threading
import time
from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from gateway.core.records import Entry
from gateway.io.journal_batch import Batch, JournalClosedError, JournalError, OpenBatch, decode_batch
from gateway.io.journal_file import PRUNE_BATCHES_MAX, JournalFile
from gateway.io.journal_reader import READ_BYTES_MAX, Feed, Lag, Reader
from gateway.io.thread_cpu import ThreadCpu

__all__ = ["Batch", "Journal", "JournalClosedError", "JournalError", "JournalStatistics", "Lag", "Reader"]

T = TypeVar("T")

PENDING_BYTES_MAX = 8 * 1024 * 1024
"""Encoded bytes not yet on disk above which callers must stop appending: about 13,000 messages of 600 bytes."""

RETRY_S = 1.0
"""Pause before a commit that found no room is tried again: room comes from outside, so there is no need to hurry."""

PRUNE_EVERY_BATCHES = 64
"""Half of what one pruning step deletes: so pruning keeps pace with any rate of commits."""

HOUSEKEEPING_S = 1.0
"""Longest time between two looks at what may be pruned."""

PRUNE_AGAIN_S = 0.05
"""Pause after a pruning step that left something to do, so that commits come in between."""

COMMIT_SECONDS_BOUNDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
"""Upper bounds of the histogram of commit times: an fsync takes 0.3 ms on a good disk and seconds on a bad day."""


class JournalStatistics:
    """Counted by the writer thread since the start of the process, read by anyone."""

    def __init__(self) -> None:
        self.batches = 0
        self.entries = 0
        self.bytes = 0
        self.commit_seconds_counts = [0] * (len(COMMIT_SECONDS_BOUNDS) + 1)
        """Commits per bucket of COMMIT_SECONDS_BOUNDS, not cumulative; the last counts what was slower."""
        self.commit_seconds_sum = 0.0
        self.full_count = 0
        """Commits that found no room, retries included."""
        self.used_bytes = 0
        """Pages of the file in use, brought up to date about every HOUSEKEEPING_S."""


class _Cut:
    """A batch on its way to disk. The durables belong to the loop, all else to the writer thread."""

    __slots__ = ("durables", "id", "open_batch", "size_bytes", "states", "written_at")

    def __init__(
        self,
        batch_id: int,
        written_at: float,
        open_batch: OpenBatch,
        size_bytes: int,
        durables: list[Callable[[], None]],
        states: list[tuple[str, bytes]],
    ) -> None:
        self.id = batch_id
        self.written_at = written_at
        self.open_batch = open_batch
        self.size_bytes = size_bytes
        self.durables = durables
        self.states = states


class _Question:
    """Something that a reader wants to know from the file."""

    __slots__ = ("answer", "ask")

    def __init__(self, ask: Callable[[JournalFile], Any]) -> None:
        self.ask = ask
        self.answer: Future[Any] = Future()

    def resolve(self, file: JournalFile) -> None:
        try:
            self.answer.set_result(self.ask(file))
        except (sqlite3.Error, JournalError) as error:
            self.answer.set_exception(error)


_WAKE = object()
_STOP = object()


class Journal:
    """The durable, ordered sequence of everything that stations said.

    Opening raises JournalError. Until `start`, the stored states and batches can be read; `append` needs a started
    journal. `append`, `barrier`, `set_floor` and `close` belong to the loop's thread.

    `call_in_loop` runs a function in the loop's thread, from another one (`loop.call_soon_threadsafe`); `schedule` is
    `loop.call_soon`. `fatal` is called once, in the writer thread, when a commit failed for another reason than want of
    room: it must end the process, and no callback of the journal is called any more. `take_snapshot` is called in the
    loop with the id of each batch that is cut, and returns the (station, state) rows to save with it, a few hundred at
    most. `bytes_max` bounds the file; its write-ahead log takes about 4 MiB beside it.
    """

    def __init__(
        self,
        path: Path,
        *,
        bytes_max: int,
        retention_s: float,
        call_in_loop: Callable[[Callable[[], None]], object],
        schedule: Callable[[Callable[[], None]], object],
        wall_clock: Callable[[], float],
        fatal: Callable[[BaseException], None],
        take_snapshot: Callable[[int], list[tuple[str, bytes]]],
    ) -> None:
        self._file = JournalFile(path, bytes_max=bytes_max)
        self._retention_s = retention_s
        self._call_in_loop = call_in_loop
        self._schedule = schedule
        self._wall_clock = wall_clock
        self._fatal = fatal
        self._take_snapshot = take_snapshot
        self.path = path
        self.uuid: str = self._file.uuid
        """Born with the file. With a batch id it names a batch for ever."""
        self.on_room: Callable[[], None] | None = None
        """Called in the loop when `has_room` has become true again."""
        self.on_full: Callable[[bool], None] | None = None
        """Called in the loop with True when the disk or the file is full, with False when there is room again."""
        self.statistics = JournalStatistics()
        self._floors: dict[str, int] = {}
        self._feed = Feed(path, last_batch=self._file.last_batch, ask=self._ask, progressed=self._reader_progressed)
        self._failure: BaseException | None = None

        # The loop's side
        self._open = OpenBatch()
        self._open_bytes = 0
        self._open_durables: list[Callable[[], None]] = []
        self._last_cut_id = self._file.last_batch
        self._in_flight: _Cut | None = None
        self._is_cut_scheduled = False
        self._pending_bytes = 0
        self._is_crowded = False

        # Between the two
        self._jobs: SimpleQueue[Any] = SimpleQueue()
        self._committed: deque[_Cut] = deque()
        self._ask_lock = threading.Lock()
        self._is_serving = False

        # The writer's side
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self._thread_cpu: ThreadCpu | None = None
        self._waiting: deque[_Cut] = deque()
        self._full_since: float | None = None
        self._retry_at_monotonic_s = 0.0
        self._housekeeping_at_monotonic_s = 0.0
        self._batches_since_pruning = 0

    # Before the start

    @property
    def last_batch(self) -> int:
        """The newest batch on disk, 0 in a new journal."""
        return self._feed.last_batch

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
            after = min(self._file.cursors().get(name, 0), self._feed.last_batch)
        reader = Reader(name, self._feed, after=after)
        self._feed.readers[name] = reader
        return reader

    def start(self) -> None:
        """Start the writer thread."""
        self._is_serving = True
        self._thread.start()

    # The loop's side

    def append(self, entry: Entry, durable: Callable[[], None]) -> None:
        """Add `entry` to the open batch; `durable` is called in the loop once it is on disk, in order of appending.

        Raises what msgspec raises for a value that cannot be encoded; the entry is then not part of the batch.
        """
        size_bytes = self._open.append(entry)
        self._open_durables.append(durable)
        self._open_bytes += size_bytes
        self._pending_bytes += size_bytes
        if self._pending_bytes >= PENDING_BYTES_MAX:
            self._is_crowded = True
        if self._in_flight is None and not self._is_cut_scheduled:
            self._is_cut_scheduled = True
            self._schedule(self._cut)

    def barrier(self, durable: Callable[[], None]) -> None:
        """Have `durable` called in the loop once everything appended so far is on disk, after the callbacks of that."""
        if self._open.entries:
            self._open_durables.append(durable)
        elif self._in_flight is not None:
            self._in_flight.durables.append(durable)
        else:
            self._schedule(partial(self._run_durables, iter([durable])))

    @property
    def has_room(self) -> bool:
        """Whether the caller may append. After PENDING_BYTES_MAX were waiting, not before half of it is on disk."""
        return not self._is_crowded and self._failure is None

    @property
    def pending_bytes(self) -> int:
        """Encoded bytes not yet on disk."""
        return self._pending_bytes

    def set_floor(self, name: str, batch_id: int) -> None:
        """Say that `name` needs no batch up to and including `batch_id` any more. Say it first before `start`."""
        self._floors[name] = batch_id

    @property
    def full_since(self) -> float | None:
        """Wall clock time since which there is no room for a commit; None if there is."""
        return self._full_since

    @property
    def failure(self) -> BaseException | None:
        """What the journal died of."""
        return self._failure

    @property
    def lags(self) -> dict[str, Lag]:
        """What waits for each reader."""
        return {name: reader.lag for name, reader in self._feed.readers.items()}

    @property
    def cpu_seconds(self) -> float:
        """CPU time of the writer thread."""
        return self._thread_cpu.seconds if self._thread_cpu is not None else 0.0

    def close(self, timeout_s: float = 10.0) -> None:
        """Bring what was appended to disk if that is possible within `timeout_s`, call back for it, and stop.

        Readers can go on with what is in memory, so end them first. Closing again does nothing.
        """
        if self._thread.ident is None:
            self._file.close()
            return
        if self._thread.is_alive():
            if self._open.entries:
                self._hand_over()
            self._jobs.put(_STOP)
            self._thread.join(timeout_s)
        self._collect()

    def _cut(self) -> None:
        self._is_cut_scheduled = False
        if self._in_flight is None and self._open.entries:
            self._hand_over()

    def _hand_over(self) -> None:
        """Give the open batch to the writer thread and begin a new one."""
        states = self._take_snapshot(self._last_cut_id + 1)
        self._last_cut_id += 1  # only now: an id that was taken and not used would be a gap
        cut = _Cut(self._last_cut_id, self._wall_clock(), self._open, self._open_bytes, self._open_durables, states)
        self._in_flight = cut
        self._jobs.put(cut)
        self._open = OpenBatch()
        self._open_bytes = 0
        self._open_durables = []

    def _collect(self) -> None:
        """Call back for what the writer thread has committed, and cut the next batch first: its fsync can begin."""
        while self._committed and self._failure is None:
            cut = self._committed.popleft()
            self._pending_bytes -= cut.size_bytes
            try:
                if self._in_flight is cut:
                    self._in_flight = None
                    if self._open.entries and self._is_serving:
                        self._hand_over()
            finally:  # whatever the snapshot raised: these are on disk
                self._run_durables(iter(cut.durables))
        if self._is_crowded and self._pending_bytes <= PENDING_BYTES_MAX // 2 and self._failure is None:
            self._is_crowded = False
            if self.on_room is not None:
                self.on_room()

    def _run_durables(self, durables: Iterator[Callable[[], None]]) -> None:
        if self._failure is not None:
            return
        try:
            for durable in durables:
                durable()
        except BaseException:  # the others must hear all the same; the loop reports what one of them raised
            self._schedule(partial(self._run_durables, durables))
            raise

    # Between the two

    def _ask(self, question: Callable[[JournalFile], T]) -> T:
        with self._ask_lock:
            if self._thread.ident is None:
                return question(self._file)
            if not self._is_serving:
                raise JournalClosedError(f"{self.path}: the journal is closed")
            asked = _Question(question)
            self._jobs.put(asked)
        answer: T = asked.answer.result()
        return answer

    def _reader_progressed(self) -> None:
        if self._full_since is not None:  # what the reader no longer needs may be the room that is wanted
            self._jobs.put(_WAKE)

    # The writer's side

    def _run(self) -> None:
        self._thread_cpu = ThreadCpu()
        try:
            self._serve()
        except BaseException as error:  # whatever it is, no commit may be taken for done
            self._failure = error
            self._refuse_questions()
            self._fatal(error)
        else:
            self._refuse_questions()
            self._file.close()
        finally:
            self._thread_cpu.end()

    def _serve(self) -> None:
        is_stopping = False
        while not is_stopping:
            try:
                job = self._jobs.get(timeout=self._patience_s())
            except Empty:
                pass
            else:
                if isinstance(job, _Cut):
                    self._waiting.append(job)
                elif isinstance(job, _Question):
                    job.resolve(self._file)
                elif job is _STOP:
                    is_stopping = True
                if job is _WAKE or job is _STOP:
                    self._retry_at_monotonic_s = 0.0
            while self._waiting and time.monotonic() >= self._retry_at_monotonic_s:
                self._commit(self._waiting[0])
            self._keep_house()
        self._save_cursors()

    def _patience_s(self) -> float:
        due = self._retry_at_monotonic_s if self._waiting else self._housekeeping_at_monotonic_s
        return max(0.0, due - time.monotonic())

    def _commit(self, cut: _Cut) -> None:
        """Commit and publish the first of the waiting batches. It stays the first if there is no room for it."""
        open_batch = cut.open_batch
        blob = open_batch.seal(cut.id)
        started = time.perf_counter()
        try:
            self._file.write(cut.id, cut.written_at, len(open_batch.entries), blob, cut.states)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_FULL:
                raise
            self._note_full()
            self._retry_at_monotonic_s = 0.0 if self._make_room() else time.monotonic() + RETRY_S
            return
        elapsed_s = time.perf_counter() - started
        self._waiting.popleft()
        self._committed.append(cut)
        self._call_in_loop(self._collect)
        self._feed.publish(Batch(cut.id, cut.written_at, len(blob), open_batch.entries))
        self._count(len(open_batch.entries), len(blob), elapsed_s)
        if self._full_since is not None:
            self._full_since = None
            self._tell_full(is_full=False)

    def _count(self, entries: int, size_bytes: int, elapsed_s: float) -> None:
        statistics = self.statistics
        statistics.batches += 1
        statistics.entries += entries
        statistics.bytes += size_bytes
        statistics.commit_seconds_counts[bisect_left(COMMIT_SECONDS_BOUNDS, elapsed_s)] += 1
        statistics.commit_seconds_sum += elapsed_s
        self._batches_since_pruning += 1

    def _note_full(self) -> None:
        self.statistics.full_count += 1
        if self._full_since is None:
            self._full_since = self._wall_clock()
            self._tell_full(is_full=True)

    def _tell_full(self, *, is_full: bool) -> None:
        if self.on_full is not None:
            self._call_in_loop(partial(self.on_full, is_full))

    def _make_room(self) -> bool:
        """Empty the log, and delete what all have read even if it is younger than the retention time.

        Keeping it longer is a convenience; answering stations is the purpose. False if nothing could be deleted.
        """
        try:
            self._file.checkpoint()
            return self._prune(written_before=float("inf")) > 0
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_FULL:
                raise
            return False

    def _keep_house(self) -> None:
        now = time.monotonic()
        is_due = now >= self._housekeeping_at_monotonic_s
        pruned = 0
        if self._full_since is None:
            try:
                if is_due or self._batches_since_pruning >= PRUNE_EVERY_BATCHES:
                    pruned = self._prune(written_before=self._wall_clock() - self._retention_s)
                if self._file.checkpoint_due:
                    self._file.checkpoint()
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_FULL:
                    raise  # the next commit will find out by itself that there is no room
        if is_due:
            self.statistics.used_bytes = self._file.used_bytes()
            self._housekeeping_at_monotonic_s = now + (HOUSEKEEPING_S if pruned < PRUNE_BATCHES_MAX else PRUNE_AGAIN_S)

    def _prune(self, *, written_before: float) -> int:
        self._batches_since_pruning = 0
        cursors = self._cursors()
        up_to = min([*cursors.values(), *tuple(self._floors.values())], default=self._file.last_batch)
        return self._file.prune(up_to=up_to, written_before=written_before, cursors=cursors)

    def _cursors(self) -> dict[str, int]:
        return {reader.name: reader.cursor for reader in tuple(self._feed.readers.values())}

    def _save_cursors(self) -> None:
        try:
            self._file.save_cursors(self._cursors())
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_FULL:
                raise  # without room an older copy has to do: it only delays pruning

    def _refuse_questions(self) -> None:
        with self._ask_lock:
            self._is_serving = False
        self._feed.close()
        while True:
            try:
                job = self._jobs.get_nowait()
            except Empty:
                return
            if isinstance(job, _Question):
                job.answer.set_exception(JournalClosedError(f"{self.path}: the journal is closed"))
