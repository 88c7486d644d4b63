"""The drain: a gateway whose database was away catches up, while its stations go on."""

import contextlib
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from msgspec import Struct

from bench import load
from bench.ingest_journals import READINGS
from bench.machine import TICKS_PER_S
from bench.measures import BACKLOG
from bench.servers import Server
from tests.servers.timescale import TimescaleServer
from tests.system.process import GatewayProcess, running

LIVE_READINGS_PER_S: Final = 20_000.0
LIVE_STATIONS: Final = 1000

FILL_STATIONS: Final = 200
FILL_S: Final = 5.0
FILL_ROUNDS_MAX: Final = 24

LIVE_S: Final = 10.0
SLOWEST_PER_S: Final = 60_000.0
"""Stations send for so long, and longer by what so slow a drain would take."""

POLL_S: Final = 0.25

DRAINED_PART: Final = 0.01
"""The backlog is drained once less than this part of it waits: what is live is always a little behind."""


class Drain(Struct, frozen=True):
    """One drain. `rate` is in readings a second, live ones among them; times to answer are of the live stations."""

    backlog: float
    seconds: float
    rate: float
    live_rate: float
    answer_p50_us: float
    answer_p99_us: float
    gateway_cpu: float
    """Of one core, by the whole process, while it drained."""
    is_complete: bool
    """Whether it was drained before the stations ended."""


def drain(server: TimescaleServer, database: str, folder: Path, backlog: int) -> Drain:
    """Let a gateway gather `backlog` readings while the database is stopped, start that, and watch. Leaves it running.

    Raises LoadError if the stations were not served as they should be.
    """
    server.stop()
    try:
        with _gateway(folder, server.dsn(database)) as gateway:
            stations = Server("gateway", gateway.pid, gateway.port, gateway.admin_port)
            waiting = _fill(stations, backlog)
            return _watch(server, stations, waiting)
    finally:
        if not server.is_running:
            server.start()


@contextlib.contextmanager
def _gateway(folder: Path, dsn: str) -> Iterator[GatewayProcess]:
    own = Path(tempfile.mkdtemp(prefix="gateway-", dir=folder))
    with running(
        own,
        listener={"connections_max": 2000},
        authorisation={"mode": "accept_all"},
        store={"dsn": dsn},
        journal={"bytes_max": 1 << 36},
        log={"level": "warning"},
    ) as gateway:
        yield gateway


def _fill(stations: Server, backlog: int) -> float:
    """Send until so many readings wait, and return how many do."""
    for _ in range(FILL_ROUNDS_MAX):
        with load.closed_loop(stations, stations=FILL_STATIONS, warmup_s=0.1, duration_s=FILL_S) as running_load:
            running_load.report()
        waiting = stations.metrics()[BACKLOG] * READINGS
        if waiting >= backlog:
            break
    return waiting


def _watch(server: TimescaleServer, stations: Server, waiting: float) -> Drain:
    """Have stations send at their rate, start the database, and follow the store until nothing old waits."""
    duration_s = LIVE_S + waiting / SLOWEST_PER_S
    rate_per_s = LIVE_READINGS_PER_S / READINGS
    with load.open_loop(
        stations, stations=LIVE_STATIONS, rate_per_s=rate_per_s, warmup_s=2.0, duration_s=duration_s
    ) as live:
        live.wait_until_measuring()
        until_s = time.monotonic() + duration_s
        server.start()
        seen = [_look(stations)]
        while seen[-1].waiting > DRAINED_PART * waiting and time.monotonic() < until_s:
            time.sleep(POLL_S)
            seen.append(_look(stations))
            if len(seen) == 2 and seen[1].stored == seen[0].stored:
                del seen[0]  # not before the first commit
        report = live.report()
    first, last = seen[0], seen[-1]
    seconds = last.at_s - first.at_s
    return Drain(
        backlog=waiting,
        seconds=seconds,
        rate=(last.stored - first.stored) / seconds,
        live_rate=READINGS * report.rate,
        answer_p50_us=report.p50_us,
        answer_p99_us=report.p99_us,
        gateway_cpu=(last.cpu_s - first.cpu_s) / seconds,
        is_complete=last.waiting <= DRAINED_PART * waiting,
    )


class _Look(NamedTuple):
    """What was seen of the gateway at one moment: readings stored and waiting, CPU time of the process."""

    at_s: float
    stored: float
    waiting: float
    cpu_s: float


def _look(stations: Server) -> _Look:
    metrics = stations.metrics()
    _, _, fields = Path(f"/proc/{stations.pid}/stat").read_text().rpartition(")")
    user, system = fields.split()[11:13]
    cpu_s = (int(user) + int(system)) / TICKS_PER_S
    return _Look(time.monotonic(), metrics["readings_stored_total"], metrics[BACKLOG] * READINGS, cpu_s)
