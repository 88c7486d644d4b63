import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from gateway.io import journal as journal_module
from gateway.io import journal_reader
from gateway.io.journal import JournalClosedError, JournalError
from gateway.io.journal_file import JOURNAL_BYTES_MIN, PAGE_BYTES, PRUNE_BATCHES_MAX, JournalFile
from tests.io.journal_support import BEGIN, JournalUnderTest, entry_of, meter_entry, number_of, wait_until


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite"


@pytest.fixture
def opened(path: Path) -> Iterator[JournalUnderTest]:
    under_test = JournalUnderTest(path)
    yield under_test
    under_test.journal.close()


@contextmanager
def edited(path: Path) -> Iterator[sqlite3.Connection]:
    """The file of a closed journal, as an operator with a shell would have it."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        yield connection


def kept(path: Path) -> list[int]:
    """The batches in a closed journal's file."""
    with edited(path) as connection:
        return [row[0] for row in connection.execute("SELECT id FROM batch ORDER BY id")]


def numbers_in(path: Path) -> list[int]:
    """What a closed journal holds, read as a restart does."""
    journal = JournalUnderTest(path).journal
    try:
        return [number_of(entry) for batch in journal.read_batches(0) for entry in batch.entries]
    finally:
        journal.close()


class TestAppend:
    def test_an_entry_is_acknowledged_when_it_is_on_disk(self, path: Path, opened: JournalUnderTest) -> None:
        opened.journal.start()
        opened.append(1)
        assert opened.acknowledged == []
        opened.loop.run_until(lambda: opened.acknowledged == [1])
        opened.journal.close()
        assert numbers_in(path) == [1]

    def test_messages_of_one_loop_iteration_share_a_batch(self, path: Path, opened: JournalUnderTest) -> None:
        opened.journal.start()
        opened.append_durably(1, 2, 3)
        opened.append_durably(4)
        assert opened.acknowledged == [1, 2, 3, 4]
        assert opened.journal.statistics.batches == 2
        assert opened.journal.statistics.entries == 4
        opened.journal.close()
        assert kept(path) == [1, 2]

    def test_what_comes_during_a_commit_shares_the_next_batch(self, opened: JournalUnderTest) -> None:
        opened.append(1)
        opened.loop.run_ready()  # cuts the first batch; no thread is there yet to commit it
        opened.append(2)
        opened.append(3)
        opened.loop.run_ready()
        opened.journal.start()
        opened.loop.run_until(lambda: len(opened.acknowledged) == 3)
        assert opened.acknowledged == [1, 2, 3]
        assert opened.journal.statistics.batches == 2

    def test_acknowledgements_come_in_order(self, path: Path, opened: JournalUnderTest) -> None:
        opened.journal.start()
        for number in range(500):
            opened.append(number)
            if number % 7 == 0:
                opened.loop.run_ready()
        opened.loop.run_until(lambda: len(opened.acknowledged) == 500)
        assert opened.acknowledged == list(range(500))
        opened.journal.close()
        assert numbers_in(path) == list(range(500))

    def test_an_entry_that_cannot_be_encoded_leaves_no_trace(self, path: Path, opened: JournalUnderTest) -> None:
        opened.journal.start()
        opened.append(1)
        with pytest.raises(UnicodeEncodeError):
            opened.journal.append(entry_of("\ud800"), lambda: opened.acknowledged.append(-1))
        opened.append(2)
        opened.loop.run_until(lambda: len(opened.acknowledged) == 2)
        opened.journal.close()
        assert numbers_in(path) == [1, 2]

    def test_a_callback_that_raises_keeps_no_other_from_being_called(self, opened: JournalUnderTest) -> None:
        def fail() -> None:
            raise ZeroDivisionError

        opened.journal.start()
        opened.append(1)
        opened.journal.append(meter_entry(2), fail)
        opened.append(3)
        with pytest.raises(ZeroDivisionError):
            opened.loop.run_until(lambda: False)
        opened.loop.run_until(lambda: opened.acknowledged == [1, 3])

    def test_too_many_bytes_on_their_way_leave_no_room_until_half_is_on_disk(
        self, opened: JournalUnderTest, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(journal_module, "PENDING_BYTES_MAX", 4000)
        told: list[int] = []
        opened.journal.on_room = lambda: told.append(opened.journal.pending_bytes)
        appended = 0
        while opened.journal.has_room:
            appended += 1
            opened.append(appended)
        assert opened.journal.pending_bytes >= 4000
        opened.journal.start()
        opened.loop.run_until(lambda: bool(told))
        assert told == [0]
        assert opened.journal.has_room
        assert opened.acknowledged == list(range(1, appended + 1))

    def test_room_is_told_of_although_a_callback_raises(
        self, opened: JournalUnderTest, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail() -> None:
            raise ZeroDivisionError

        monkeypatch.setattr(journal_module, "PENDING_BYTES_MAX", 100)
        told: list[int] = []
        opened.journal.on_room = lambda: told.append(opened.journal.pending_bytes)
        opened.journal.append(meter_entry(1), fail)
        assert not opened.journal.has_room
        opened.journal.start()
        with pytest.raises(ZeroDivisionError):
            opened.loop.run_until(lambda: bool(told))
        assert told == [0]
        assert opened.journal.has_room


class TestBarrier:
    def test_barrier_waits_for_all_that_was_appended(self, opened: JournalUnderTest) -> None:
        order: list[object] = opened.acknowledged  # type: ignore[assignment]
        opened.append(1)
        opened.journal.barrier(lambda: order.append("open batch"))
        opened.loop.run_ready()
        opened.journal.barrier(lambda: order.append("in flight"))
        assert order == []
        opened.journal.start()
        opened.loop.run_until(lambda: len(order) == 3)
        assert order == [1, "open batch", "in flight"]

    def test_too_many_barriers_leave_no_room_until_half_of_them_are_over(
        self, opened: JournalUnderTest, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(journal_module, "PENDING_BYTES_MAX", 100 * 1024)
        called: list[int] = []
        opened.append(1)
        while opened.journal.has_room:
            opened.journal.barrier(lambda: called.append(1))
            assert opened.journal.pending_bytes < 1024
        opened.loop.run_ready()  # cuts the batch: from now on the barriers join it in flight
        for _ in range(10):
            opened.journal.barrier(lambda: called.append(1))
        opened.journal.start()
        opened.loop.run_until(lambda: opened.journal.has_room)
        assert 100 <= len(called) <= 110
        opened.append_durably(2)
        while opened.journal.has_room:  # none of the old ones count any more
            if not opened.journal.pending_bytes:
                opened.append(3)
            opened.journal.barrier(lambda: called.append(2))
        assert called.count(2) == 0
        opened.loop.run_until(lambda: opened.journal.has_room)
        assert 99 <= called.count(2) <= 100

    def test_barrier_with_nothing_to_wait_for_is_called_soon(self, opened: JournalUnderTest) -> None:
        called: list[bool] = []
        opened.journal.barrier(lambda: called.append(True))
        assert called == []
        opened.loop.run_ready()
        assert called == [True]


class TestRestart:
    def test_ids_go_on_after_a_restart(self, path: Path) -> None:
        for run in range(3):
            under_test = JournalUnderTest(path)
            assert under_test.journal.last_batch == run
            under_test.journal.start()
            under_test.append_durably(run)
            under_test.journal.close()
        assert kept(path) == [1, 2, 3]

    def test_ids_go_on_after_everything_has_been_pruned(self, path: Path) -> None:
        under_test = JournalUnderTest(path, retention_s=-1.0)
        under_test.journal.start()
        for number in range(5):
            under_test.append_durably(number)
        under_test.append_durably(5)
        under_test.journal.close()
        last = kept(path)[-1]
        under_test = JournalUnderTest(path, retention_s=-1.0)
        under_test.journal.start()
        under_test.append_durably(6)
        under_test.journal.close()
        assert kept(path)[-1] == last + 1

    def test_the_uuid_is_born_with_the_file(self, path: Path, tmp_path: Path) -> None:
        uuids = []
        for file in (path, path, tmp_path / "other"):
            journal = JournalUnderTest(file).journal
            uuids.append(journal.uuid)
            journal.close()
        assert uuids[0] == uuids[1] != uuids[2]

    def test_close_brings_to_disk_what_is_open(self, path: Path, opened: JournalUnderTest) -> None:
        opened.journal.start()
        opened.append(1)
        opened.loop.run_ready()
        opened.append(2)
        opened.journal.close()
        opened.journal.close()
        assert opened.acknowledged == [1, 2]
        assert numbers_in(path) == [1, 2]

    def test_states_are_saved_with_the_batch_after_which_they_are_true(self, path: Path) -> None:
        def snapshot(batch: int) -> list[tuple[str, bytes]]:
            return [("A", b"a%d" % batch), *([("B", b"b1")] if batch == 1 else [])]

        under_test = JournalUnderTest(path, take_snapshot=snapshot)
        under_test.journal.start()
        for number in range(3):
            under_test.append_durably(number)
        under_test.journal.close()
        journal = JournalUnderTest(path).journal
        assert sorted(journal.load_states()) == [("A", 3, b"a3"), ("B", 1, b"b1")]
        assert [batch.id for batch in journal.read_batches(1)] == [2, 3]
        journal.close()

    def test_more_states_than_fit_a_statement_are_saved(self, path: Path) -> None:
        states = [(f"S{number}", b"x") for number in range(700)]
        under_test = JournalUnderTest(path, take_snapshot=lambda batch: states)
        under_test.journal.start()
        under_test.append_durably(1)
        under_test.journal.close()
        journal = JournalUnderTest(path).journal
        assert {station for station, _, _ in journal.load_states()} == {station for station, _ in states}
        journal.close()

    def test_a_snapshot_that_raises_loses_nothing(self, path: Path) -> None:
        calls: list[int] = []

        def fail_at_the_second(batch: int) -> list[tuple[str, bytes]]:
            calls.append(batch)
            if len(calls) == 2:
                raise ZeroDivisionError
            return []

        under_test = JournalUnderTest(path, take_snapshot=fail_at_the_second)
        under_test.append(1)
        under_test.loop.run_ready()
        under_test.append(2)
        under_test.journal.start()
        with pytest.raises(ZeroDivisionError):
            under_test.loop.run_until(lambda: False)
        assert under_test.acknowledged == [1]
        under_test.append_durably(3)
        under_test.journal.close()
        assert calls == [1, 2, 2]
        assert numbers_in(path) == [1, 2, 3]


class TestOpening:
    def test_durability_rests_on_settings_that_took_effect(self, path: Path) -> None:
        file = JournalFile(path, bytes_max=JOURNAL_BYTES_MIN)
        value = lambda pragma: file._connection.execute(f"PRAGMA {pragma}").fetchone()[0]  # noqa: E731
        assert value("journal_mode") == "wal"
        assert value("synchronous") == 2
        assert value("page_size") == PAGE_BYTES
        assert value("locking_mode") == "exclusive"
        assert value("max_page_count") == JOURNAL_BYTES_MIN // PAGE_BYTES
        file.close()

    def test_a_second_opener_is_refused(self, path: Path, opened: JournalUnderTest) -> None:
        with pytest.raises(JournalError, match=r"journal\.sqlite: .*locked"):
            JournalUnderTest(path)

    def test_a_setting_that_did_not_take_effect_is_an_error(self, tmp_path: Path) -> None:
        path = tmp_path / "other-pages"
        journal = JournalUnderTest(path).journal
        journal.close()
        with edited(path) as connection:
            connection.execute("PRAGMA journal_mode = delete").fetchall()
            connection.execute("PRAGMA page_size = 4096")
            connection.execute("VACUUM")
        with pytest.raises(JournalError, match="page_size = 16384, it has 4096"):
            JournalUnderTest(path)

    def test_a_newer_format_is_refused(self, path: Path) -> None:
        JournalUnderTest(path).journal.close()
        with edited(path) as connection:
            connection.execute("PRAGMA user_version = 99")
        with pytest.raises(JournalError, match=r"journal\.sqlite: written by a newer ocpp-gateway \(format 99"):
            JournalUnderTest(path)

    def test_another_database_is_refused(self, path: Path) -> None:
        with edited(path) as connection:
            connection.execute("CREATE TABLE t (x)")
        with pytest.raises(JournalError, match="not a journal"):
            JournalUnderTest(path)

    def test_another_file_is_refused(self, path: Path) -> None:
        path.write_bytes(b"certainly no database\n" * 100)
        with pytest.raises(JournalError, match="not a database"):
            JournalUnderTest(path)

    def test_a_journal_too_small_for_a_batch_is_refused(self, path: Path) -> None:
        with pytest.raises(JournalError, match="at least 1048576 bytes"):
            JournalUnderTest(path, bytes_max=JOURNAL_BYTES_MIN - 1)


class TestCorruption:
    @pytest.fixture
    def written(self, path: Path) -> Path:
        under_test = JournalUnderTest(path)
        under_test.journal.start()
        for number in range(3):
            under_test.append_durably(number)
        under_test.journal.close()
        return path

    def change(self, path: Path, sql: str, *parameters: object) -> None:
        with edited(path) as connection:
            assert connection.execute(sql, parameters).rowcount == 1

    def blob(self, path: Path, batch: int) -> bytes:
        with edited(path) as connection:
            blob: bytes = connection.execute("SELECT blob FROM batch WHERE id = ?", (batch,)).fetchone()[0]
        return blob

    @pytest.mark.parametrize("at", [0, 3, 4, 8, 12, 13, 100, -1])
    def test_a_flipped_bit_is_found_wherever_it_is(self, written: Path, at: int) -> None:
        blob = bytearray(self.blob(written, 2))
        blob[at] ^= 0x10
        self.change(written, "UPDATE batch SET blob = ? WHERE id = 2", bytes(blob))
        journal = JournalUnderTest(written).journal
        batches = journal.read_batches(0)
        assert next(batches).id == 1
        with pytest.raises(JournalError, match=r"journal\.sqlite: batch 2 "):
            next(batches)
        journal.close()

    def test_a_blob_cut_short_is_found(self, written: Path) -> None:
        self.change(written, "UPDATE batch SET blob = ? WHERE id = 1", self.blob(written, 1)[:7])
        with pytest.raises(JournalError, match="batch 1 is corrupt"):
            numbers_in(written)

    def test_a_blob_in_the_wrong_row_is_found(self, written: Path) -> None:
        self.change(written, "UPDATE batch SET blob = ? WHERE id = 1", self.blob(written, 2))
        with pytest.raises(JournalError, match="batch 1 is corrupt: its checksum"):
            numbers_in(written)

    def test_a_reader_never_skips_a_corrupt_batch(self, written: Path) -> None:
        self.change(written, "UPDATE batch SET blob = zeroblob(500) WHERE id = 1")
        journal = JournalUnderTest(written).journal
        reader = journal.reader("store")
        journal.start()
        for _ in range(2):
            with pytest.raises(JournalError, match="batch 1 has the unknown format"):
                reader.read(1.0)
        assert reader.cursor == 0
        journal.close()

    def test_a_missing_batch_is_found(self, written: Path) -> None:
        self.change(written, "DELETE FROM batch WHERE id = 2")
        journal = JournalUnderTest(written).journal
        reader = journal.reader("store")
        journal.start()
        with pytest.raises(JournalError, match="batch 2 is missing"):
            reader.read(1.0)
        journal.close()


class TestReader:
    def test_a_reader_that_keeps_up_gets_what_was_appended(self, opened: JournalUnderTest) -> None:
        reader = opened.journal.reader("store")
        opened.journal.start()
        entry = meter_entry(1)
        opened.journal.append(entry, lambda: None)
        opened.loop.run_ready()
        (batch,) = reader.read(10.0)
        assert batch.entries == [entry]
        assert (batch.id, batch.written_at) == (1, BEGIN.timestamp())

    def test_a_reader_that_fell_behind_catches_up_from_disk_in_order(
        self, opened: JournalUnderTest, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(journal_reader, "RECENT_BYTES_MAX", 3000)
        reader = opened.journal.reader("store")
        opened.journal.start()
        for number in range(200):
            opened.append_durably(2 * number, 2 * number + 1)
        numbers: list[int] = []
        while batches := reader.read(0.0, bytes_max=10_000):
            assert sum(batch.size_bytes for batch in batches) <= 10_000
            numbers += [number_of(entry) for batch in batches for entry in batch.entries]
            reader.commit(batches[-1].id)
        assert numbers == list(range(400))
        assert reader.lag == (0, 0, 0, None)

    def test_lag_counts_what_is_not_confirmed(self, path: Path, opened: JournalUnderTest) -> None:
        reader = opened.journal.reader("store")
        opened.journal.start()
        opened.append_durably(1, 2)
        opened.now += 60
        opened.append_durably(3)
        wait_until(lambda: reader.lag.batches == 2)
        assert reader.lag == (2, 3, opened.journal.statistics.bytes, BEGIN.timestamp())
        reader.read(1.0)
        assert reader.lag.batches == 2
        reader.commit(1)
        assert reader.lag[:2] == (1, 1)
        assert reader.lag.since == BEGIN.timestamp() + 60
        opened.journal.close()
        restarted = JournalUnderTest(path)
        assert restarted.journal.reader("store").lag[:2] == (1, 1)
        restarted.journal.close()

    def test_seek_repeats_what_was_not_confirmed(self, opened: JournalUnderTest) -> None:
        reader = opened.journal.reader("store")
        opened.journal.start()
        for number in range(4):
            opened.append_durably(number)
        wait_until(lambda: reader.lag.batches == 4)
        reader.read(1.0)
        assert reader.seek(2) == 0
        assert reader.lag[:2] == (2, 2)
        assert [batch.id for batch in reader.read(1.0)] == [3, 4]

    def test_seek_says_how_much_is_no_longer_kept(self, path: Path) -> None:
        under_test = JournalUnderTest(path)
        under_test.journal.start()
        for number in range(5):
            under_test.append_durably(number)
        under_test.journal.close()
        with edited(path) as connection:
            connection.execute("DELETE FROM batch WHERE id <= 3")
        under_test = JournalUnderTest(path)
        reader = under_test.journal.reader("store")
        under_test.journal.start()
        assert reader.seek(1) == 2
        assert [batch.id for batch in reader.read(1.0)] == [4, 5]
        under_test.journal.close()

    def test_a_reader_ahead_of_the_journal_is_an_error(self, opened: JournalUnderTest) -> None:
        reader = opened.journal.reader("store")
        with pytest.raises(JournalError, match="ends at batch 0, but store has read up to 7"):
            reader.seek(7)

    def test_wake_ends_a_wait(self, opened: JournalUnderTest) -> None:
        reader = opened.journal.reader("store")
        opened.journal.start()
        reader.wake()
        assert reader.read(60.0) == []

    def test_a_closed_journal_is_read_to_its_end_and_then_says_so(self, opened: JournalUnderTest) -> None:
        reader = opened.journal.reader("store")
        opened.journal.start()
        opened.append_durably(1)
        opened.journal.close()
        assert [batch.id for batch in reader.read(1.0)] == [1]
        with pytest.raises(JournalClosedError):
            reader.read(60.0)


class TestPruning:
    def test_nothing_is_pruned_that_a_reader_or_a_floor_needs(self, path: Path) -> None:
        under_test = JournalUnderTest(path, retention_s=-1.0)
        journal = under_test.journal
        readers = [journal.reader("store"), journal.reader("bus")]
        journal.set_floor("live state", 0)
        journal.start()
        for number in range(300):
            under_test.append_durably(number)
        readers[0].read(1.0)
        readers[1].read(1.0)
        readers[0].commit(50)
        readers[1].commit(40)
        journal.set_floor("live state", 30)
        for number in range(300, 600):
            under_test.append_durably(number)
        journal.close()
        assert kept(path) == list(range(31, 601))

    def test_what_all_have_read_stays_for_the_retention_time(self, path: Path) -> None:
        under_test = JournalUnderTest(path, retention_s=100.0)
        under_test.journal.start()
        under_test.append_durably(1)
        under_test.now += 50
        under_test.append_durably(2)
        under_test.now += 51
        for number in range(3, 200):
            under_test.append_durably(number)
        under_test.journal.close()
        assert kept(path) == list(range(2, 200))

    def test_pruned_pages_are_used_again(self, path: Path) -> None:
        under_test = JournalUnderTest(path, retention_s=-1.0)
        under_test.journal.start()
        for number in range(1000):
            under_test.append_durably(number, number)
        under_test.journal.close()
        assert len(kept(path)) < 300
        assert path.stat().st_size < 1000 * 1000

    def test_cursors_survive_a_restart(self, path: Path) -> None:
        under_test = JournalUnderTest(path)
        reader = under_test.journal.reader("store")
        under_test.journal.start()
        under_test.append_durably(1)
        under_test.append_durably(2)
        wait_until(lambda: reader.lag.batches == 2)
        reader.read(1.0)
        reader.commit(1)
        under_test.journal.close()
        under_test = JournalUnderTest(path)
        assert under_test.journal.reader("store").cursor == 1
        under_test.journal.close()

    def test_a_step_of_pruning_is_bounded(self, path: Path) -> None:
        file = JournalFile(path, bytes_max=1 << 26)
        for number in range(1, 201):
            file.write(number, 0.0, 1, bytearray(b"x"), [])
        assert file.prune(up_to=1000, written_before=1.0, cursors={}) == PRUNE_BATCHES_MAX
        assert file.prune(up_to=1000, written_before=1.0, cursors={}) == 199 - PRUNE_BATCHES_MAX
        assert file.prune(up_to=1000, written_before=1.0, cursors={}) == 0
        file.close()
