"""Dynamic limits and base loads of sites on disk, so that a restart knows what a grid operator said last.

One small JSON file of all sites, replaced as a whole: after a crash it is the old one or the new one.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

FILE_MODE: Final = 0o600

FILE_BYTES_MAX: Final = 16 * 1024 * 1024
"""Largest file that is read: some 100 bytes for each node that has a limit, and a gateway has thousands of nodes."""

_decode: Final = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


class SiteLimitsError(Exception):
    """The file is there, but cannot be used. One line, naming it: to start without would lift limits that hold."""


def read_site_limits(file: Path) -> Mapping[str, msgspec.Raw]:
    """Return what is kept of each site, as JSON, by its name; nothing where there is no file.

    Raises SiteLimitsError.
    """
    try:
        with file.open("rb") as stream:
            content = stream.read(FILE_BYTES_MAX + 1)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise SiteLimitsError(f"{file}: cannot be read: {error.strerror}") from error
    if len(content) > FILE_BYTES_MAX:
        raise SiteLimitsError(f"{file}: is larger than {FILE_BYTES_MAX} bytes")
    try:
        return {name: kept.copy() for name, kept in _decode(content).items()}
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise SiteLimitsError(
            f"{file}: is damaged ({error}): it holds the limits that were set on nodes; remove it to begin without them"
        ) from None


def write_site_limits(file: Path, kept: Mapping[str, msgspec.Raw]) -> None:
    """Replace the file. When this returns it is on disk; when it raises OSError the old one is still there."""
    unfinished = file.with_suffix(".new")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, FILE_MODE)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(msgspec.json.encode(kept))
        stream.flush()
        os.fsync(stream.fileno())
    unfinished.replace(file)
    directory = os.open(file.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
