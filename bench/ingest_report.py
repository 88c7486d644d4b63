"""What was measured of the ways into the database, as Markdown tables."""

from collections.abc import Iterable
from statistics import median

from bench.ingest_drain import Drain
from bench.ingest_ways import Measured
from bench.report import spread

HEAD = "| way | rows a transaction | krows/s | of the limit, % | client CPU, us/row | server CPU, us/row |"


class Table:
    """Rounds of each way; the first way is the limit. A cell is the median (least to greatest of all rounds)."""

    def __init__(self, rows: int) -> None:
        self.rows = rows
        self._rounds: dict[str, list[Measured]] = {}

    def add(self, name: str, measured: Measured) -> None:
        """Take in one round of one way."""
        self._rounds.setdefault(name, []).append(measured)

    def markdown(self) -> str:
        """Return one line for each way."""
        limits = next(iter(self._rounds.values()))
        lines = [f"{self.rows:,} rows a round, the slow ways a part of them", "", HEAD, "| --- |" + " --: |" * 5]
        for name, rounds in self._rounds.items():
            pairs = zip(rounds, limits, strict=True)
            cells = (
                name,
                f"{rounds[0].rows / rounds[0].transactions:,.0f}",
                spread((one.rate / 1e3 for one in rounds), ",.0f"),
                spread((100 * one.rate / limit.rate for one, limit in pairs), ".0f"),
                _client(rounds),
                _us_a_row(rounds, [one.server_cpu_s for one in rounds]),
            )
            lines.append(f"| {' | '.join(cells)} |")
        return "\n".join(lines)

    def drained(self, drain: Drain) -> str:
        """Return what the drain came to, beside the limit."""
        limit = median(one.rate for one in next(iter(self._rounds.values())))
        rows = (
            ("readings that waited", f"{drain.backlog:,.0f}"),
            ("drained in, s", f"{drain.seconds:.1f}" if drain.is_complete else f"not within {drain.seconds:.0f}"),
            ("stored, krows/s", f"{drain.rate / 1e3:,.0f} ({100 * drain.rate / limit:.0f} % of the limit)"),
            ("live meanwhile, krows/s", f"{drain.live_rate / 1e3:,.1f}"),
            ("answers meanwhile: p50, p99, ms", f"{drain.answer_p50_us / 1e3:.1f}, {drain.answer_p99_us / 1e3:.1f}"),
            ("CPU of the gateway, cores", f"{drain.gateway_cpu:.2f}"),
        )
        return "\n".join(["| the drain | |", "| --- | --: |", *(f"| {name} | {value} |" for name, value in rows)])


def _client(rounds: list[Measured]) -> str:
    """Return the client's CPU; for the store its own, and in the second place that of the whole process."""
    whole = _us_a_row(rounds, [one.client_cpu_s for one in rounds])
    if rounds[0].store_cpu_s is None:
        return whole
    return f"{_us_a_row(rounds, [one.store_cpu_s for one in rounds])}, with the journal's thread {whole}"


def _us_a_row(rounds: list[Measured], seconds: Iterable[float | None]) -> str:
    known = [1e6 * spent / one.rows for one, spent in zip(rounds, seconds, strict=True) if spent is not None]
    return spread(known, ".2f") if known else ""
