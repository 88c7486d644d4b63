"""The results as one Markdown table: a row for each figure, a column for each server."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from statistics import median

from bench.measures import Closed, highest_flat
from bench.run import FLOOR, GATEWAY, Results

NONE = ""

CLOSED_ROWS: Sequence[tuple[str, str, Callable[[Closed], float | None]]] = (
    ("closed loop: server CPU, whole process, us/message", ".1f", lambda it: it.report.server_us_per_msg),
    ("... less the store's thread: the answer path", ".1f", lambda it: it.answer_us),
    ("... of it the journal's thread", ".1f", lambda it: it.journal_us),
    ("closed loop: the store's thread, us/message stored", ".1f", lambda it: it.store_us),
    ("closed loop: messages/s", ",.0f", lambda it: it.report.rate),
    ("closed loop: p50, ms", ".1f", lambda it: it.report.p50_us / 1e3),
    ("closed loop: p99, ms", ".1f", lambda it: it.report.p99_us / 1e3),
    ("closed loop: others on the server's core, %", ".0f", lambda it: 100 * it.foreign),
)


def markdown(results: Results) -> str:
    """Return the table, under the machine that it is of. A cell is a median (least to greatest of all rounds)."""
    names = list(results.closed)
    lines = [f"| | {' | '.join(names)} |", f"| --- |{' --: |' * len(names)}"]
    lines += [f"| {label} | {' | '.join(cells.get(name, NONE) for name in names)} |" for label, cells in _rows(results)]
    lines += [f"\nLeft out: {'; '.join(results.left_out)}."] if results.left_out else []
    return "\n".join([f"{results.machine}\n", *lines])


def spread(values: Iterable[float], form: str) -> str:
    """Return the median and, where there are several values, the least and the greatest."""
    ordered = sorted(values)
    if len(ordered) == 1:
        return format(ordered[0], form)
    return f"{median(ordered):{form}} ({ordered[0]:{form}} to {ordered[-1]:{form}})"


def _rows(results: Results) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the label of each row and its cells by server."""
    for label, form, figure in CLOSED_ROWS:
        yield label, {name: _cell(map(figure, rounds), form) for name, rounds in results.closed.items()}
    yield (
        "closed loop: answer path as a multiple of the floor",
        {
            name: spread(
                (one.answer_us / least.answer_us for one, least in zip(rounds, results.closed[FLOOR], strict=True)),
                ".1f",
            )
            for name, rounds in results.closed.items()
        },
    )
    for index, stations in enumerate(one.stations for one in results.idle[GATEWAY]):
        of = {name: measured[index] for name, measured in results.idle.items()}
        label = f"{stations:,} idle stations"
        yield f"{label}: KiB resident for each", {name: f"{one.kib_per_connection:.1f}" for name, one in of.items()}
        yield f"{label}: CPU for connect and boot, us", {name: f"{one.connect_cpu_us:.0f}" for name, one in of.items()}
    yield (
        f"open loop at {results.plan.open_rate_per_s:,.0f}/s: p50, p90, p99, p99.9, ms",
        {GATEWAY: _percentiles(results)},
    )
    yield "highest rate with a flat backlog, messages/s", {GATEWAY: f"{highest_flat(results.steps):,.0f}"}


def _cell(figures: Iterable[float | None], form: str) -> str:
    known = [figure for figure in figures if figure is not None]
    return spread(known, form) if known else NONE


def _percentiles(results: Results) -> str:
    times = results.answer_times
    return ", ".join(f"{us / 1e3:.1f}" for us in (times.p50_us, times.p90_us, times.p99_us, times.p999_us))
