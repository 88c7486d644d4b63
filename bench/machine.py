"""The machine that is measured: what it is, its two cores, and who else uses them."""

import os
import platform
import sys
from datetime import UTC, datetime
from pathlib import Path

CORES = sorted(os.sched_getaffinity(0))
SERVER_CORE = CORES[0]
LOAD_CORE = CORES[-1]
"""The load has a core of its own, so that it takes nothing from the server; on one core they share it."""

TICKS_PER_S = os.sysconf("SC_CLK_TCK")
IDLE_FIELDS = (3, 4)
"""idle and iowait, of the fields of a `cpu` line in /proc/stat (proc_stat(5))."""

GUEST_FIELD = 8
"""From here on the fields of a `cpu` line are parts of earlier ones."""


def description(folder: Path) -> str:
    """Return in one line what the figures were measured on; `folder` is where the gateway's data is."""
    one_minute = os.getloadavg()[0]
    return (
        f"{_processor()}, {len(CORES)} cores, {platform.system()} {platform.release()}, "
        f"Python {sys.version.split()[0]}, data on {filesystem(folder)}, load average before {one_minute:.1f}, "
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
    )


def filesystem(folder: Path) -> str:
    """Return the type of the file system that holds `folder`, such as ext4."""
    longest, found = "", "unknown"
    path = str(folder.resolve())
    for line in Path("/proc/mounts").read_text().splitlines():
        _, mount, kind = line.split()[:3]
        if len(mount) >= len(longest) and (path + "/").startswith(mount.rstrip("/") + "/"):
            longest, found = mount, kind
    return found


def busy_s(core: int) -> float:
    """Return how long `core` has worked since it was started, whoever for."""
    for line in Path("/proc/stat").read_text().splitlines():
        name, *fields = line.split()
        if name == f"cpu{core}":
            ticks = [int(field) for field in fields[:GUEST_FIELD]]
            return (sum(ticks) - sum(ticks[field] for field in IDLE_FIELDS)) / TICKS_PER_S
    raise LookupError(f"no cpu{core} in /proc/stat")


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.machine()
