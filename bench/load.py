"""The load: simulated stations in C on a core of their own, and what they report."""

import contextlib
import os
import subprocess
import threading
from collections.abc import Iterator, Sequence
from typing import IO

import msgspec

from bench.machine import LOAD_CORE
from bench.native import compiled
from bench.servers import Server

SLACK_S = 30.0
"""Time beyond its own phases after which a load is ended."""

CONNECT_TIMEOUT_S = 30.0


class LoadError(Exception):
    """The load ended without a report, or a station was not answered as it should be."""


class Report(msgspec.Struct, frozen=True):
    """What the stations saw, and what the server used of its core meanwhile, from /proc (to 10 ms)."""

    booted: int
    seconds: float
    messages: int
    rate: float
    p50_us: float
    p90_us: float
    p99_us: float
    p999_us: float
    max_us: float
    overdue: int
    lag_max_us: float
    connect_rate: float
    connect_cpu_us: float
    client_cpu: float
    server_cpu: float
    server_us_per_msg: float
    rss_before_kb: float
    rss_up_kb: float
    error: str


class Load:
    """A running load. Its phases are connecting, settling, warming up and measuring."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def wait_until_measuring(self) -> None:
        """Return when the measured interval begins. Raises LoadError if the load ends first."""
        self._wait_for("measuring")

    def wait_until_measured(self) -> None:
        """Return when the measured interval has ended. Raises LoadError if the load ends first."""
        self._wait_for("measured")

    def report(self) -> Report:
        """Return the report once the load has ended. Raises LoadError if any message went wrong."""
        text, complaints = self._process.communicate()
        if self._process.returncode != 0:
            raise LoadError(f"the load ended with status {self._process.returncode}: {text}{complaints}")
        return msgspec.json.decode(text, type=Report)

    def _wait_for(self, word: str) -> None:
        lines = _opened(self._process.stderr)
        while line := lines.readline():
            if line.strip() == word:
                return
        raise LoadError(f"the load ended before it was {word}: {_opened(self._process.stdout).read()}")


@contextlib.contextmanager
def closed_loop(server: Server, *, stations: int, warmup_s: float, duration_s: float) -> Iterator[Load]:
    """Run stations that send a MeterValues of eight samples as soon as the last is answered."""
    with _load(server, "closed", stations, warmup_s, duration_s) as load:
        yield load


@contextlib.contextmanager
def open_loop(
    server: Server, *, stations: int, rate_per_s: float, warmup_s: float, duration_s: float
) -> Iterator[Load]:
    """Run stations that together send `rate_per_s` MeterValues of eight samples, whether or not they are answered."""
    with _load(server, "open", stations, warmup_s, duration_s, "--period", str(stations / rate_per_s)) as load:
        yield load


@contextlib.contextmanager
def idle(server: Server, *, stations: int, settle_s: float) -> Iterator[Load]:
    """Run stations that boot and then only stay connected; memory is read after `settle_s`."""
    with _load(server, "idle", stations, 0.0, 0.1, "--settle", str(settle_s)) as load:
        yield load


@contextlib.contextmanager
def _load(server: Server, mode: str, stations: int, warmup_s: float, duration_s: float, *more: str) -> Iterator[Load]:
    command: Sequence[str] = [
        str(compiled("load")), "--port", str(server.port), "--server-pid", str(server.pid), "--mode", mode,
        "-n", str(stations), "--payload", "mv8", "--warmup", str(warmup_s), "--duration", str(duration_s),
        "--connect-timeout", str(CONNECT_TIMEOUT_S), *more,
    ]  # fmt: skip
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=_confine)
    timer = threading.Timer(CONNECT_TIMEOUT_S + warmup_s + duration_s + SLACK_S, process.kill)
    timer.start()
    try:
        yield Load(process)
    finally:
        timer.cancel()
        process.kill()
        process.communicate()


def _confine() -> None:
    os.sched_setaffinity(0, {LOAD_CORE})


def _opened(stream: IO[str] | None) -> IO[str]:
    assert stream is not None
    return stream
