"""The store in TimescaleDB: a thread that carries the journal into the database, whatever happens to the database.

Two threads work hand in hand. One turns batches into the next group while the other, with an event loop of its own,
has the database store the last one. Whatever goes wrong, the connection is given up, and after a pause that grows, with
jitter, a new one begins where the database says that it is. Stations notice nothing of it.
"""

import asyncio
import random
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple, ParamSpec, TypeVar

import uvloop

from gateway.io.journal_batch import JournalClosedError, SealedBatch
from gateway.io.journal_reader import READ_BYTES_MAX, Reader
from gateway.io.stores import KINDS
from gateway.io.thread_cpu import ThreadCpu
from gateway.io.timescale.dsn import Dsn
from gateway.io.timescale.failures import DATA, ERROR_KINDS, TOO_MUCH, StoreError, kind_of, shown
from gateway.io.timescale.groups import Gathering, Group
from gateway.io.timescale.lane import Lane, open_lane
from gateway.io.timescale.poison import sift
from gateway.io.timescale.set_aside import SetAside, SetAsideEntry
from gateway.io.timescale.settings import StoreSettings

P = ParamSpec("P")
T = TypeVar("T")

READ_TIMEOUT_S: Final = 1.0
"""Longest wait for a batch: then it is time for what was not merged, or for old rows."""

PAUSE_S: Final = 0.3
"""Rest after a group of few rows, so that more share the next one. Data is this much older than it could be."""

FEW_ROWS: Final = 5_000
"""A group of fewer rows is small: at 20,000 readings a second the pause fills it."""

MERGE_AT_ONCE_ROWS: Final = 500
"""Up to here a group takes along what is to be merged: nobody waits behind it."""

MERGE_EVERY_S: Final = 5.0
"""Under load, time between two groups that merge: the row of a busy transaction then changes once in a while."""

REFUSED_IN_A_ROW_MAX: Final = 1_000
"""Entries refused with none accepted in between: then it is the database that is wrong, and nothing is set aside."""

CAREFUL_MAX: Final = 1_024
"""Batches in a group from which on no care is taken any more."""

SHARE_MIN: Final = 1 / 1024
"""A transaction that was too much is tried again with half as much, down to this part of what is configured."""

GROUP_BYTES_MAX: Final = 32 * 1024 * 1024
"""Of the journal, in one group: rows are bounded by `rows_max`, and this is for batches of other things."""

RETRY_S_MIN: Final = 0.25
RETRY_S_MAX: Final = 10.0
"""Bounds of the pause after an error; it doubles from one to the other."""

HOUSE_EVERY_S: Final = 600.0
"""Time between two looks for old rows: days matter, minutes do not."""

ABANDON_S: Final = 3.0
"""How long `close` waits for the thread beyond the time to drain."""


class Gathered(NamedTuple):
    """What a look into the journal gave: a group, or the problem of `batches`, or nothing."""

    group: Group | None
    batches: list[SealedBatch]
    problem: Exception | None


class TimescaleStore:
    """The store's threads. After `start` it works until `close`, whatever happens to the database.

    `reader` is the journal's for this store and `journal_uuid` that journal's. `site_of` tells at which site a station
    stands. `on_error` is called in the store's thread with the kind and the text of each error, `on_set_aside` with the
    file that holds what the database refuses, how many entries that is, and why; `on_warnings` with what should be said
    of the database, once a connection.
    """

    def __init__(
        self,
        dsn: Dsn,
        reader: Reader,
        journal_uuid: str,
        settings: StoreSettings,
        *,
        set_aside: Path,
        site_of: Callable[[str], str | None] = lambda _: None,
        wall_clock: Callable[[], float] = time.time,
        on_error: Callable[[str, str], None] = lambda _kind, _error: None,
        on_set_aside: Callable[[Path, int, str], None] = lambda _file, _entries, _reason: None,
        on_connected: Callable[[str, tuple[str, ...]], None] = lambda _edition, _warnings: None,
    ) -> None:
        self.stored = dict.fromkeys(KINDS, 0)
        """Rows in the journal's whole life, by kind: received = stored + set aside + what waits in the journal."""
        self.set_aside_entries = 0
        self.set_aside_readings = 0
        self.errors = dict.fromkeys(ERROR_KINDS, 0)
        self.last_error: str | None = None
        """What keeps the store from working now; None if it works."""
        self.missing_batches = 0
        """Batches that the database does not have and that the journal no longer keeps."""
        self.connected = False
        self.transactions = 0
        """Transactions of readings and other rows since the start of the process."""
        self._dsn = dsn
        self._reader = reader
        self._journal_uuid = journal_uuid
        self._settings = settings
        self._set_aside = SetAside(set_aside)
        self._site_of = site_of
        self._wall_clock = wall_clock
        self._on_error = on_error
        self._on_set_aside = on_set_aside
        self._on_connected = on_connected
        self._attempted = -1
        """The highest batch that we may have stored; -1 before the first connection."""
        self._careful: int | None = None
        """How many batches a group may hold, after one was refused for what it holds; None for no bound."""
        self._share = 1.0
        """How much of what is configured a group may hold."""
        self._refused_in_a_row = 0
        self._rests = False
        """Whether the last group was small, so that a pause comes before the next."""
        self._merged_at_monotonic_s = 0.0
        self._house_at_monotonic_s = 0.0
        self._stopping = threading.Event()
        self._drain_until_monotonic_s = 0.0
        self._thread = threading.Thread(target=self._run, name="store", daemon=True)
        self._groups = ThreadPoolExecutor(1, "store-groups")
        self._cpu: list[ThreadCpu] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._work: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start the threads."""
        self._thread.start()

    def close(self, drain_s: float = 5.0) -> None:
        """Store what waits in the journal, for at most `drain_s`, and end the threads. Before the journal's `close`."""
        self._drain_until_monotonic_s = time.monotonic() + drain_s
        self._stopping.set()
        if self._thread.is_alive():
            self._reader.wake()
            self._thread.join(drain_s)
            if self._thread.is_alive() and self._loop is not None and self._work is not None:
                with suppress(RuntimeError):  # it may end at this moment
                    self._loop.call_soon_threadsafe(self._work.cancel)
            self._thread.join(ABANDON_S)

    @property
    def cpu_seconds(self) -> float:
        """CPU time of the store's threads."""
        return sum(cpu.seconds for cpu in self._cpu)

    def _run(self) -> None:
        in_groups_thread = self._groups.submit(ThreadCpu).result()
        in_loop = ThreadCpu()
        self._cpu = [in_loop, in_groups_thread]
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            with suppress(asyncio.CancelledError):
                runner.run(self._serve())
            runner.run(self._end_groups(in_groups_thread))
        self._groups.shutdown()
        in_loop.end()

    async def _serve(self) -> None:
        """Store until it is time to end, whatever goes wrong."""
        self._loop = asyncio.get_running_loop()
        self._work = asyncio.current_task()
        retry_s = RETRY_S_MIN
        while self._should_go_on():
            stored_before = self.transactions
            try:
                async with open_lane(self._dsn, self._settings, self._journal_uuid, self._site_of) as lane:
                    await self._store_into(lane)
            except JournalClosedError:
                break
            except Exception as error:  # a store that gives up would fill the journal: whatever it is, try again
                self._note(error)
                if kind_of(error) in TOO_MUCH:
                    self._share = max(SHARE_MIN, self._share / 2)
            finally:
                self.connected = False
            if self.transactions > stored_before:
                retry_s = RETRY_S_MIN
            # Not all at once: whatever cut this one off may have cut off others.
            pause_s = retry_s * random.uniform(0.5, 1.0)  # noqa: S311 - no secret
            if self._should_go_on():
                await asyncio.to_thread(self._stopping.wait, pause_s)
            retry_s = min(2 * retry_s, RETRY_S_MAX)

    async def _end_groups(self, cpu: ThreadCpu) -> None:
        """See the other thread's last work end: it may ask something of the loop, which then must be there."""
        await self._in_groups_thread(cpu.end)

    def _should_go_on(self) -> bool:
        if not self._stopping.is_set():
            return True
        return (
            time.monotonic() < self._drain_until_monotonic_s
            and self.last_error is None
            and self._reader.lag.batches > 0
        )

    async def _store_into(self, lane: Lane) -> None:
        """Store by this connection until it is time to end. Raises whatever goes wrong."""
        if 0 <= self._attempted < lane.batch:
            raise StoreError("ledger", "another gateway stores the same journal: is it a copy of this data directory?")
        if await self._in_groups_thread(self._is_anothers, lane):
            raise StoreError(
                "ledger", f"batch {lane.batch} was stored from a copy of this journal: only one of them may go on"
            )
        self._attempted = max(self._attempted, lane.batch)  # who is behind now may be followed by who is not
        self._show_totals(lane)
        self.connected = True
        self._on_connected(lane.installation.edition, lane.installation.warnings)
        while self._should_go_on():
            self.missing_batches += await self._in_groups_thread(self._reader.seek, lane.merged_batch)
            try:
                await self._store_groups(lane, self._gathering(lane))
            except Exception as error:
                if kind_of(error) != DATA:
                    raise
                # Once more from where the database is, with fewer batches at once, until it is clear what is refused.
                self._note(error)

    async def _store_groups(self, lane: Lane, gathering: Gathering) -> None:
        """Store what is gathered, until it is time to end or something cannot be stored."""
        gathered: asyncio.Future[Gathered] | None = None
        try:
            while self._should_go_on():
                now = await (gathered or self._in_groups_thread(self._gather, lane, gathering))
                gathered = None
                if self._careful is None:  # the next group is made while this one is stored
                    gathered = self._in_groups_thread(self._gather, lane, gathering)
                if now.batches or now.group is not None:
                    await self._store(lane, now)
                elif lane.is_lost:
                    raise StoreError("unavailable", "the connection was lost")
                self.last_error = None
                await self._keep_house(lane)
        finally:
            if gathered is not None:  # it uses the reader and the connection: see it end
                self._reader.wake()
                await asyncio.wait([gathered])
                gathered.exception()

    async def _store(self, lane: Lane, gathered: "Gathered") -> None:
        """Store a group; if it holds what cannot be stored, say how many batches the next may have, and raise."""
        try:
            await self._write(lane, gathered)
        except Exception as error:
            if kind_of(error) != DATA:
                raise
            if self._careful == 1:
                await self._store_the_rest(lane, gathered.batches[0])
            else:
                self._careful = max(1, len(gathered.batches) // 2)
            raise
        self._refused_in_a_row = 0
        self._share = min(1.0, 2 * self._share)
        self._note_stored(lane)
        if self._careful is not None:
            self._careful = 2 * self._careful if self._careful < CAREFUL_MAX else None

    async def _write(self, lane: Lane, gathered: "Gathered") -> None:
        if gathered.group is None:
            assert gathered.problem is not None
            raise gathered.problem
        self._attempted = max(self._attempted, gathered.group.last_batch)
        await lane.write(gathered.group, _checksum_at(gathered.group.last_batch, gathered.batches))

    async def _store_the_rest(self, lane: Lane, batch: SealedBatch) -> None:
        """Set aside what of `batch` cannot be stored, and store the rest."""

        async def attempt(stop: int, left_out: Sequence[int]) -> None:
            await lane.attempt(await self._in_groups_thread(self._part, lane, batch, stop, left_out))

        refused = await sift(batch.entries, attempt)
        self._refused_in_a_row = self._refused_in_a_row + len(refused) if len(refused) == batch.entries else 0
        if self._refused_in_a_row > REFUSED_IN_A_ROW_MAX:
            raise StoreError("set_aside", f"the database refuses everything: {shown(next(iter(refused.values())))}")
        readings = await self._in_groups_thread(self._keep_aside, lane, batch, refused) if refused else 0
        rest = await self._in_groups_thread(self._part, lane, batch, batch.entries, sorted(refused))
        self._attempted = max(self._attempted, rest.last_batch)
        try:
            checksum = _checksum_at(rest.last_batch, [batch])
            await lane.write(rest, checksum, set_aside=len(refused), set_aside_readings=readings)
        except Exception as error:
            if kind_of(error) == DATA:
                raise StoreError("unexpected", f"what passes on trial fails in earnest: {shown(error)}") from error
            raise
        self._note_stored(lane)

    # What follows runs in the thread that makes groups.

    def _gathering(self, lane: Lane) -> Gathering:
        keeps_rollups = lane.installation.keeps_rollups
        return Gathering(lane, after=lane.batch, merged=lane.merged_batch, keeps_rollups=keeps_rollups)

    def _is_anothers(self, lane: Lane) -> bool:
        """Whether the last batch in the database is not the one that this journal has there."""
        if not 0 < lane.batch <= self._reader.last_batch or lane.checksum is None:
            return False
        own = self._reader.checksum(lane.batch)
        return own is not None and own != lane.checksum

    def _gather(self, lane: Lane, gathering: Gathering) -> "Gathered":
        """Return the next group; without one, and without batches, if there is nothing to do."""
        careful = self._careful
        if self._rests and careful is None:
            self._stopping.wait(PAUSE_S)
        bytes_max = int(READ_BYTES_MAX * self._share) if careful is None else 1
        rows_max, group_bytes_max = self._settings.rows_max * self._share, GROUP_BYTES_MAX * self._share
        batches = self._reader.read_sealed(PAUSE_S if gathering.has_unmerged else READ_TIMEOUT_S, bytes_max)
        if not batches:
            return Gathered(self._cut(gathering, merged=True) if gathering.has_unmerged else None, [], None)
        taken: list[SealedBatch] = []
        size_bytes = 0
        while batches:
            taken += batches
            lane.gathered = batches
            try:
                for batch in batches:
                    gathering.add(batch)
            except Exception as error:
                if kind_of(error) != DATA:
                    raise
                return Gathered(None, taken, error)
            size_bytes += sum(batch.size_bytes for batch in batches)
            if gathering.rows >= rows_max or size_bytes >= group_bytes_max or len(taken) == careful:
                break
            batches = self._reader.read_sealed(0.0, bytes_max)
        self._rests = gathering.rows < FEW_ROWS and size_bytes < READ_BYTES_MAX
        merged = (
            careful is not None
            or gathering.rows <= MERGE_AT_ONCE_ROWS
            or time.monotonic() >= self._merged_at_monotonic_s + MERGE_EVERY_S
        )
        return Gathered(self._cut(gathering, merged=merged), taken, None)

    def _cut(self, gathering: Gathering, *, merged: bool) -> Group:
        if merged:
            self._merged_at_monotonic_s = time.monotonic()
        return gathering.cut(merged=merged)

    def _part(self, lane: Lane, batch: SealedBatch, stop: int, left_out: Sequence[int]) -> Group:
        """Return a group of the entries of a batch before `stop`, but for those left out."""
        gathering = self._gathering(lane)
        lane.gathered = []  # a station that is refused must not take the others with it
        gathering.add(batch, stop=stop, left_out=left_out)
        return gathering.cut(merged=True)

    def _keep_aside(self, lane: Lane, batch: SealedBatch, refused: dict[int, Exception]) -> int:
        """Write the refused entries to disk, and return how many readings are set aside with them."""
        entries = batch.decode(self._set_aside.directory).entries
        is_stored = batch.id <= lane.batch
        when = "its rows are stored, but they cannot be merged: " if is_stored else ""
        lines = [
            SetAsideEntry.of(self._journal_uuid, batch.id, position, entries[position], when + shown(error))
            for position, error in sorted(refused.items())
        ]
        file = self._set_aside.keep(lines)
        self._on_set_aside(file, len(lines), lines[0].reason)
        return 0 if is_stored else sum(line.readings for line in lines)

    # What follows runs in the thread of the loop again.

    def _in_groups_thread(self, function: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> asyncio.Future[T]:
        return asyncio.get_running_loop().run_in_executor(self._groups, partial(function, *arguments, **named))

    async def _keep_house(self, lane: Lane) -> None:
        """Have some old rows deleted, if it is time; the next look follows soon if there are more of them."""
        if time.monotonic() >= self._house_at_monotonic_s:
            self._house_at_monotonic_s = time.monotonic() + HOUSE_EVERY_S
            if await lane.keep_house(datetime.fromtimestamp(self._wall_clock(), UTC)):
                self._house_at_monotonic_s = time.monotonic() + PAUSE_S

    def _note_stored(self, lane: Lane) -> None:
        self.transactions += 1
        self._reader.commit(lane.merged_batch)
        self._show_totals(lane)

    def _show_totals(self, lane: Lane) -> None:
        self.stored.update({kind: lane.totals[kind] for kind in KINDS})
        self.set_aside_entries = lane.totals["set_aside"]
        self.set_aside_readings = lane.totals["set_aside_reading"]

    def _note(self, error: Exception) -> None:
        kind = kind_of(error)
        self.errors[kind] += 1
        text = repr(error)[:300] if kind == "unexpected" and not isinstance(error, StoreError) else shown(error)
        self.last_error = f"{self._dsn.shown}: {text}"
        self._on_error(kind, self.last_error)


def _checksum_at(batch_id: int, batches: Sequence[SealedBatch]) -> int | None:
    """Return the checksum of the last of `batches`, if that is the one; what is only merged ends before."""
    return batches[-1].checksum if batches and batches[-1].id == batch_id else None
