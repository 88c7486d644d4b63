import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.io.data_directory import DataDirectoryError, open_data_directory

HOLD = """
import sys
from pathlib import Path
from gateway.io.data_directory import open_data_directory
directory = open_data_directory(Path(sys.argv[1]))
print("locked", flush=True)
sys.stdin.read()
"""


def test_it_is_created_for_this_user_only(tmp_path: Path) -> None:
    directory = open_data_directory(tmp_path / "a" / "b")
    assert stat.S_IMODE((tmp_path / "a" / "b").stat().st_mode) == 0o700
    directory.close()
    directory.close()


def test_its_path_is_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    directory = open_data_directory(Path("here"))
    assert directory.path == tmp_path / "here"
    directory.close()


def test_a_second_process_is_told_who_has_it_until_that_one_is_gone(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "locked\n"
        with pytest.raises(DataDirectoryError) as caught:
            open_data_directory(tmp_path)
        assert str(caught.value) == f"data directory {tmp_path}: in use by process {holder.pid}"
        holder.kill()
    directory = open_data_directory(tmp_path)
    assert (tmp_path / "lock").read_text() == f"{os.getpid()}\n"
    directory.close()


def test_closing_lets_another_have_it(tmp_path: Path) -> None:
    open_data_directory(tmp_path).close()
    open_data_directory(tmp_path).close()


def test_a_file_in_its_place_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DataDirectoryError, match=f"data directory {tmp_path}/file: cannot be used: File exists"):
        open_data_directory(tmp_path / "file")
