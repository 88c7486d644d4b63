"""What is measured of a server: a closed loop, an open loop, idle connections, and the store's backlog."""

import time
from collections.abc import Sequence
from statistics import linear_regression

from msgspec import Struct

from bench import load
from bench.load import LoadError, Report
from bench.machine import SERVER_CORE, busy_s
from bench.servers import Server, Start

STATIONS_CLOSED = 200
STATIONS_OPEN = 1000

BACKLOG = 'journal_waiting_entries{reader="store"}'
BACKLOG_POLL_S = 0.1

BACKLOG_GROWTH_MAX = 0.02
"""A backlog is flat if it grows by less than this part of the rate. The store takes whole batches, so it swings."""

ANSWERED_MIN = 0.98
"""A rate is held if at least this part of what came due was sent and answered."""

RATE_STEP = 1.4


class Closed(Struct, frozen=True):
    """One closed loop. CPU in microseconds a message; the gateway's threads are None for other servers.

    `answer_us` is all of the process less the thread of the store; `journal_us` is a part of it. `store_us` counts
    by messages stored, which are fewer than those answered while a backlog grows. `foreign` is the part of the
    server's core that went to other processes: the noise.
    """

    report: Report
    answer_us: float
    journal_us: float | None
    store_us: float | None
    foreign: float


class Idle(Struct, frozen=True):
    """What idle stations cost: memory of each, and the CPU time of its connect and BootNotification."""

    stations: int
    kib_per_connection: float
    connect_cpu_us: float
    resident_kib: float


class Step(Struct, frozen=True):
    """One rate that was tried. `growth_per_s`: messages by which the store's backlog grew, each second."""

    rate_per_s: float
    answered_per_s: float
    growth_per_s: float
    backlog_end: float
    flat: bool


def closed(server: Server, *, warmup_s: float, duration_s: float) -> Closed:
    """Measure what a message costs when 200 stations send as fast as they are answered."""
    with load.closed_loop(server, stations=STATIONS_CLOSED, warmup_s=warmup_s, duration_s=duration_s) as running:
        running.wait_until_measuring()
        before, busy_before_s = _metrics(server), busy_s(SERVER_CORE)
        running.wait_until_measured()
        after, busy_after_s = _metrics(server), busy_s(SERVER_CORE)
        report = running.report()
    busy = (busy_after_s - busy_before_s) / report.seconds
    foreign = max(0.0, busy - report.server_cpu)
    if not before:
        return Closed(report, report.server_us_per_msg, None, None, foreign)

    def spent(name: str) -> float:
        return after[name] - before[name]

    store_s = spent("store_cpu_seconds_total")
    stored = spent("journal_entries_total") - spent(BACKLOG)
    return Closed(
        report,
        report.server_us_per_msg - 1e6 * store_s / report.messages,
        1e6 * spent("journal_cpu_seconds_total") / report.messages,
        1e6 * store_s / stored if stored > 0 else None,
        foreign,
    )


def idle(server: Server, *, stations: int, settle_s: float) -> Idle:
    """Measure connections that say nothing after their BootNotification."""
    with load.idle(server, stations=stations, settle_s=settle_s) as running:
        report = running.report()
    grown_kib = report.rss_up_kb - report.rss_before_kb
    return Idle(stations, grown_kib / stations, report.connect_cpu_us, report.rss_up_kb)


def answer_times(server: Server, *, rate_per_s: float, duration_s: float) -> Report:
    """Measure how long stations wait at a rate that the server holds; a late CALL counts from when it was due."""
    with load.open_loop(
        server, stations=STATIONS_OPEN, rate_per_s=rate_per_s, warmup_s=1.0, duration_s=duration_s
    ) as running:
        return running.report()


def search_flat_rate(start: Start, *, first_per_s: float, steps: int, duration_s: float) -> list[Step]:
    """Return the steps of a search for the highest rate at which the backlog stays flat, each on a fresh server.

    The rate grows until a step is not flat; from then on the gap between the two kinds is halved.
    """
    tried: list[Step] = []
    low, high = 0.0, float("inf")
    rate = first_per_s
    while len(tried) < steps:
        with start() as server:
            step = backlog_step(server, rate_per_s=rate, duration_s=duration_s)
        tried.append(step)
        low, high = (rate, high) if step.flat else (low, rate)
        rate = (low + high) / 2 if high < float("inf") else rate * RATE_STEP
    return tried


def highest_flat(steps: Sequence[Step]) -> float:
    """Return the highest rate a second that was flat, 0 if none was."""
    return max((step.rate_per_s for step in steps if step.flat), default=0.0)


def backlog_step(server: Server, *, rate_per_s: float, duration_s: float) -> Step:
    """Send at one rate and watch the store's backlog."""
    with load.open_loop(
        server, stations=STATIONS_OPEN, rate_per_s=rate_per_s, warmup_s=2.0, duration_s=duration_s
    ) as running:
        running.wait_until_measuring()
        times, backlogs = watch_backlog(server, duration_s)
        try:
            report = running.report()
        except LoadError:  # a station still waited when the load ended: the rate is far too high
            return Step(rate_per_s, 0.0, growth_per_s(times, backlogs), backlogs[-1], flat=False)
    growth = growth_per_s(times, backlogs)
    held = report.rate >= ANSWERED_MIN * rate_per_s
    return Step(rate_per_s, report.rate, growth, backlogs[-1], held and growth < BACKLOG_GROWTH_MAX * rate_per_s)


def watch_backlog(server: Server, duration_s: float) -> tuple[list[float], list[float]]:
    """Return moments (monotonic, seconds) and the backlog at each, over `duration_s`; at least two."""
    until_monotonic_s = time.monotonic() + duration_s
    times: list[float] = []
    backlogs: list[float] = []
    while len(times) < 2 or time.monotonic() < until_monotonic_s:
        backlogs.append(server.metrics()[BACKLOG])
        times.append(time.monotonic())
        time.sleep(BACKLOG_POLL_S)
    return times, backlogs


def growth_per_s(times: Sequence[float], backlogs: Sequence[float]) -> float:
    """Return the slope of the straight line nearest to the backlogs."""
    return linear_regression(times, backlogs).slope


def _metrics(server: Server) -> dict[str, float]:
    return {} if server.admin_port is None else server.metrics()
