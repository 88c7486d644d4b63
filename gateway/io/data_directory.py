"""The directory that holds the gateway's journal and store: one process at a time, and nobody else's to read."""

import fcntl
import os
from pathlib import Path

LOCK_NAME = "lock"


class DataDirectoryError(Exception):
    """The data directory cannot be used. One line, naming its absolute path."""


class DataDirectory:
    """An existing data directory that this process has locked until `close`, or until it ends."""

    def __init__(self, path: Path, lock_descriptor: int) -> None:
        self.path = path
        """Absolute."""
        self._lock_descriptor: int | None = lock_descriptor

    def close(self) -> None:
        """Let another process have it. Closing again does nothing."""
        if self._lock_descriptor is not None:
            os.close(self._lock_descriptor)
            self._lock_descriptor = None


def create_private(file: Path) -> None:
    """Create `file` empty, for this user only, if there is none: what stations say names people's id tokens.

    SQLite gives its companion files the same mode. An operator who wants others to read the store changes it himself.
    Raises OSError.
    """
    os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))


def open_data_directory(path: Path) -> DataDirectory:
    """Create the directory `path` if there is none, for this user only, and lock it against a second process.

    Raises DataDirectoryError. The lock ends with the process, however it ends, so it is never left behind.
    """
    path = path.absolute()
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise DataDirectoryError(f"data directory {path}: cannot be used: {error.strerror}") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        holder = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip()
        os.close(descriptor)
        if not isinstance(error, BlockingIOError):
            raise DataDirectoryError(f"data directory {path}: cannot be locked: {error.strerror}") from error
        who = f"process {holder}" if holder.isdecimal() else "another process"
        raise DataDirectoryError(f"data directory {path}: in use by {who}") from None
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    return DataDirectory(path, descriptor)
