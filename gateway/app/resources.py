"""What the process may use of the machine."""

import resource
from typing import Final

OTHER_FILES: Final = 1280
"""Open files that are no stations: 1,024 clients of the admin port, 64 connections that are being turned away, and the
journal, the store, the log and the interpreter's own."""


def allow_connections(wanted: int) -> int:
    """Raise this process's limit of open files for `wanted` connections, and return how many it allows: maybe fewer."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted + OTHER_FILES:
        return wanted
    allowed = wanted + OTHER_FILES if hard == resource.RLIM_INFINITY else min(wanted + OTHER_FILES, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    return max(1, allowed - OTHER_FILES)
