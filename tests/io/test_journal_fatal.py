"""A commit that fails for any other reason than want of room ends the process unanswered."""

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.io.journal import JournalClosedError
from gateway.io.journal_file import JournalFile
from tests.io.journal_support import JournalUnderTest, wait_until

FAILING_SYNC = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
static int broken(void) { const char* flag = getenv("BROKEN_DISK"); return flag && access(flag, F_OK) == 0; }
#define WRAP(name) \
    int name(int fd) { \
        static int (*real)(int); \
        if (!real) real = (int (*)(int))dlsym(RTLD_NEXT, #name); \
        if (broken()) { errno = EIO; return -1; } \
        return real(fd); \
    }
WRAP(fsync)
WRAP(fdatasync)
"""

CHILD = """
import os, sys
from pathlib import Path
from tests.io.journal_support import JournalUnderTest, wait_until

path, flag = Path(sys.argv[1]), Path(sys.argv[2])
under_test = JournalUnderTest(path)
under_test.journal.start()
under_test.append_durably(1)
flag.touch()
under_test.append(2)
under_test.loop.run_ready()
under_test.append(3)
wait_until(lambda: bool(under_test.failures))
under_test.loop.run_ready()
under_test.journal.barrier(lambda: under_test.acknowledged.append(-1))
under_test.loop.run_ready()
error, = under_test.failures
print(under_test.acknowledged, error.sqlite_errorname, under_test.journal.has_room, flush=True)
os._exit(0)
"""


@pytest.fixture(scope="module")
def failing_sync(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library that makes every fsync fail as soon as the file named by BROKEN_DISK exists."""
    folder = tmp_path_factory.mktemp("failing_sync")
    (folder / "sync.c").write_text(FAILING_SYNC)
    library = folder / "sync.so"
    command = ["gcc", "-shared", "-fPIC", "-o", str(library), str(folder / "sync.c"), "-ldl"]
    subprocess.run(command, check=True, capture_output=True)
    return library


def test_a_failed_fsync_is_fatal_and_nothing_is_acknowledged_after_it(tmp_path: Path, failing_sync: Path) -> None:
    path, flag = tmp_path / "journal", tmp_path / "broken"
    child = subprocess.run(
        [sys.executable, "-c", CHILD, str(path), str(flag)],
        env={**os.environ, "LD_PRELOAD": str(failing_sync), "BROKEN_DISK": str(flag)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert child.stdout == "[1] SQLITE_IOERR_FSYNC False\n", child.stderr


@pytest.mark.parametrize(
    "error", [sqlite3.OperationalError("disk I/O error"), sqlite3.DatabaseError("malformed"), ValueError("a bug")]
)
def test_any_other_failure_of_a_commit_is_fatal_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(*_: object) -> None:
        raise error

    if isinstance(error, sqlite3.Error):
        error.sqlite_errorcode = sqlite3.SQLITE_IOERR  # type: ignore[misc]
    monkeypatch.setattr(JournalFile, "write", fail)
    under_test = JournalUnderTest(tmp_path / "journal")
    reader = under_test.journal.reader("store")
    under_test.journal.start()
    under_test.append(1)
    under_test.loop.run_ready()
    wait_until(lambda: bool(under_test.failures))
    under_test.append(2)
    under_test.loop.run_ready()
    under_test.journal.close()
    under_test.loop.run_ready()
    assert under_test.failures == [error]
    assert under_test.journal.failure is error
    assert under_test.acknowledged == []
    with pytest.raises(JournalClosedError):
        reader.read(60.0)
