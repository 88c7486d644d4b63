"""No room: nothing is acknowledged that is not on disk, memory stays bounded, and it heals."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.io import journal as journal_module
from gateway.io import journal_writer
from gateway.io.journal_file import JOURNAL_BYTES_MIN
from tests.io.journal_support import JournalUnderTest, number_of

ENTRIES_A_BATCH = 50


def numbers_in(path: Path) -> list[int]:
    journal = JournalUnderTest(path).journal
    try:
        return [number_of(entry) for batch in journal.read_batches(0) for entry in batch.entries]
    finally:
        journal.close()


def append_until_full(under_test: JournalUnderTest) -> int:
    """Append batch after batch until there is no room for one; return how many entries were appended."""
    appended = 0
    while not under_test.full:
        for _ in range(ENTRIES_A_BATCH):
            under_test.append(appended)
            appended += 1
        expected = appended
        under_test.loop.run_until(lambda: len(under_test.acknowledged) == expected or bool(under_test.full))  # noqa: B023
    return appended


class TestFileFull:
    """`bytes_max` is reached while a reader has not read."""

    def test_it_heals_when_a_reader_has_read(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        # So long a pause makes sure that it is the reader's progress that has the commit tried again.
        monkeypatch.setattr(journal_writer, "RETRY_S", 3600.0)
        under_test = JournalUnderTest(tmp_path / "journal", bytes_max=JOURNAL_BYTES_MIN)
        journal = under_test.journal
        reader = journal.reader("store")
        journal.start()
        appended = append_until_full(under_test)
        assert under_test.full == [True]
        assert journal.full_since == under_test.now
        acknowledged = len(under_test.acknowledged)
        assert acknowledged < appended

        read: list[int] = []
        while len(read) < appended:
            batches = reader.read(5.0)
            read += [number_of(entry) for batch in batches for entry in batch.entries]
            if batches:
                reader.commit(batches[-1].id)
        under_test.loop.run_until(lambda: len(under_test.acknowledged) == appended)
        assert read == under_test.acknowledged == list(range(appended))
        under_test.loop.run_until(lambda: under_test.full == [True, False])
        assert journal.full_since is None
        assert not under_test.failures
        journal.close()

    def test_nothing_is_acknowledged_and_memory_is_bounded_meanwhile(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(journal_module, "PENDING_BYTES_MAX", 200_000)
        under_test = JournalUnderTest(tmp_path / "journal", bytes_max=JOURNAL_BYTES_MIN)
        journal = under_test.journal
        journal.reader("store")
        journal.start()
        appended = append_until_full(under_test)
        acknowledged = list(under_test.acknowledged)
        while journal.has_room:
            under_test.append(appended)
            appended += 1
        assert journal.pending_bytes < 201_000
        journal.close(timeout_s=5.0)
        assert under_test.acknowledged == acknowledged
        assert numbers_in(tmp_path / "journal") == acknowledged
        assert not under_test.failures

    def test_retention_gives_way(self, tmp_path: Path) -> None:
        under_test = JournalUnderTest(tmp_path / "journal", bytes_max=JOURNAL_BYTES_MIN, retention_s=1e9)
        under_test.journal.start()  # nobody reads: everything may go
        for start in range(0, 3 * JOURNAL_BYTES_MIN // 500, ENTRIES_A_BATCH):
            under_test.append_durably(*range(start, start + ENTRIES_A_BATCH))
        assert under_test.journal.full_since is None
        assert (tmp_path / "journal").stat().st_size <= JOURNAL_BYTES_MIN
        under_test.journal.close()


class TestDiskFull:
    @pytest.fixture
    def small_disk(self, tmp_path: Path) -> Iterator[Path]:
        mount = tmp_path / "small"
        mount.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(mount)]
        if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode != 0:
            pytest.skip("mounting a small tmpfs needs root")
        yield mount
        subprocess.run(["umount", "-l", str(mount)], check=True)

    def test_nothing_is_lost_and_it_heals_when_there_is_room(
        self, small_disk: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(journal_writer, "RETRY_S", 0.05)
        ballast = small_disk / "ballast"
        ballast.write_bytes(bytes(1024 * 1024))
        under_test = JournalUnderTest(small_disk / "journal", bytes_max=64 * 1024 * 1024)
        journal = under_test.journal
        journal.reader("store")  # never reads, so that nothing can be pruned
        journal.start()
        appended = append_until_full(under_test)
        acknowledged = len(under_test.acknowledged)
        retries = journal.statistics.full_count
        under_test.loop.run_until(lambda: journal.statistics.full_count >= retries + 3)
        assert len(under_test.acknowledged) == acknowledged
        assert not under_test.failures

        ballast.unlink()
        under_test.loop.run_until(lambda: len(under_test.acknowledged) == appended)
        under_test.loop.run_until(lambda: under_test.full[-1] is False)
        journal.close()
        assert numbers_in(small_disk / "journal") == list(range(appended))

    def test_what_was_acknowledged_survives_a_kill_on_a_full_disk(self, small_disk: Path) -> None:
        program = f"""
import os, sys
from pathlib import Path
from tests.io.journal_support import JournalUnderTest
from tests.io.test_journal_full import append_until_full
under_test = JournalUnderTest(Path({str(small_disk / "journal")!r}))
under_test.journal.reader("store")
under_test.journal.start()
append_until_full(under_test)
print(len(under_test.acknowledged), flush=True)
os.kill(os.getpid(), 9)
"""
        child = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60)
        assert child.returncode == -9, child.stderr
        acknowledged = int(child.stdout)
        assert acknowledged > 0
        # The disk is still full; opening needs none of it.
        assert numbers_in(small_disk / "journal") == list(range(acknowledged))
