"""The journal's writer thread: it commits batches one after the other, publishes them, and keeps the file in bounds.

It is the only one that touches the file while it runs: readers that fell behind have it answer their questions.
"""

import sqlite3
import threading
import time
from bisect import bisect_left
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from gateway.io.journal_batch import JournalClosedError, OpenBatch
from gateway.io.journal_file import PRUNE_BATCHES_MAX, JournalFile, StoredBatch
from gateway.io.journal_reader import Feed
from gateway.io.thread_cpu import ThreadCpu

T = TypeVar("T")

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


class Cut:
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
        except Exception as error:  # it is the reader's, whatever it is
            self.answer.set_exception(error)


_WAKE = object()
_STOP = object()


class JournalWriter:
    """The thread, and the queue of what it has to do.

    `committed` is called in the loop, by way of `call_in_loop`, when there is something new in `done`.
    """

    def __init__(
        self,
        file: JournalFile,
        *,
        retention_s: float,
        call_in_loop: Callable[[Callable[[], None]], object],
        wall_clock: Callable[[], float],
        fatal: Callable[[BaseException], None],
        committed: Callable[[], None],
    ) -> None:
        self.feed = Feed(file.path, last_batch=file.last_batch, ask=self.ask, progressed=self._reader_progressed)
        self.done: deque[Cut] = deque()
        """Committed batches that wait for the loop."""
        self.floors: dict[str, int] = {}
        self.statistics = JournalStatistics()
        self.failure: BaseException | None = None
        self.full_since: float | None = None
        self.on_full: Callable[[bool], None] | None = None
        self.is_serving = False
        """Whether what is put into the queue will be done."""
        self._file = file
        self._retention_s = retention_s
        self._call_in_loop = call_in_loop
        self._wall_clock = wall_clock
        self._fatal = fatal
        self._tell_committed = committed
        self._jobs: SimpleQueue[Any] = SimpleQueue()
        self._ask_lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self._thread_cpu: ThreadCpu | None = None
        self._waiting: deque[Cut] = deque()
        self._retry_at_monotonic_s = 0.0
        self._housekeeping_at_monotonic_s = 0.0
        self._batches_since_pruning = 0

    def start(self) -> None:
        """Start the thread."""
        self.is_serving = True
        self._thread.start()

    def write(self, cut: Cut) -> None:
        """Have `cut` committed after all that were written before it."""
        self._jobs.put(cut)

    def ask(self, question: Callable[[JournalFile], T]) -> T:
        """Have `question` answered by the thread; before the start, by the caller. Raises JournalClosedError."""
        with self._ask_lock:
            if self._thread.ident is None:
                return question(self._file)
            if not self.is_serving:
                raise JournalClosedError(f"{self._file.path}: the journal is closed")
            asked = _Question(question)
            self._jobs.put(asked)
        answer: T = asked.answer.result()
        return answer

    def stop(self, timeout_s: float) -> None:
        """Do what is in the queue, close the file and end, waiting up to `timeout_s`. Again, it does nothing."""
        if self._thread.ident is None:
            self._file.close()
        elif self._thread.is_alive():
            self._jobs.put(_STOP)
            self._thread.join(timeout_s)

    @property
    def cpu_seconds(self) -> float:
        """CPU time of the thread."""
        return self._thread_cpu.seconds if self._thread_cpu is not None else 0.0

    def _reader_progressed(self) -> None:
        if self.full_since is not None:  # what the reader no longer needs may be the room that is wanted
            self._jobs.put(_WAKE)

    def _run(self) -> None:
        self._thread_cpu = ThreadCpu()
        try:
            self._serve()
        except BaseException as error:  # whatever it is, no commit may be taken for done
            self.failure = error
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
                if isinstance(job, Cut):
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

    def _commit(self, cut: Cut) -> None:
        """Commit and publish the first of the waiting batches. It stays the first if there is no room for it."""
        open_batch = cut.open_batch
        blob = open_batch.seal(cut.id)
        started = time.perf_counter()
        try:
            self._file.write(cut.id, cut.written_at, open_batch.entries, blob, cut.states)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_FULL:
                raise
            self._note_full()
            self._retry_at_monotonic_s = 0.0 if self._make_room() else time.monotonic() + RETRY_S
            return
        elapsed_s = time.perf_counter() - started
        self._waiting.popleft()
        self.feed.publish(StoredBatch(cut.id, cut.written_at, open_batch.entries, blob))
        self._count(open_batch.entries, len(blob), elapsed_s)
        if self.full_since is not None:
            self.full_since = None
            self._tell_full(is_full=False)
        self.done.append(cut)
        self._call_in_loop(self._tell_committed)

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
        if self.full_since is None:
            self.full_since = self._wall_clock()
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
        if self.full_since is None:
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
        up_to = min([*cursors.values(), *tuple(self.floors.values())], default=self._file.last_batch)
        return self._file.prune(up_to=up_to, written_before=written_before, cursors=cursors)

    def _cursors(self) -> dict[str, int]:
        return {reader.name: reader.cursor for reader in tuple(self.feed.readers.values())}

    def _save_cursors(self) -> None:
        try:
            self._file.save_cursors(self._cursors())
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_FULL:
                raise  # without room an older copy has to do: it only delays pruning

    def _refuse_questions(self) -> None:
        with self._ask_lock:
            self.is_serving = False
        self.feed.close()
        while True:
            try:
                job = self._jobs.get_nowait()
            except Empty:
                return
            if isinstance(job, _Question):
                job.answer.set_exception(JournalClosedError(f"{self._file.path}: the journal is closed"))
