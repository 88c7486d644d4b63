"""What the process may use of the machine."""

import resource
from typing import Final

OTHER_FILES: Final = 1280
"""Open files that are no stations: 1,024 clients of the admin port, 64 connections that are being turned away, and the
journal, the store, the log and the interpreter's own."""


def allow_connections(wanted: int, other_files: int = OTHER_FILES) -> int:
    """Raise this process's limit of open files for `wanted` connections, and return how many it allows: maybe fewer."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted + other_files:
        return wanted
    allowed = wanted + other_files if hard == resource.RLIM_INFINITY else min(wanted + other_files, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    return max(1, allowed - other_files)
