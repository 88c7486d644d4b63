"""A metrics page as somebody reads it who has only HTTP: its samples, and what changed from one page to the next."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

from msgspec import Struct
from prometheus_client.parser import text_string_to_metric_families

PREFIX: Final = "ocpp_gateway_"
"""What the names of a gateway's own metrics begin with; it is left out here."""

MARK: Final = "build_info"
"""The metric that every gateway has, and nothing else."""

STARTED: Final = "process_start_time_seconds"

Labels: TypeAlias = frozenset[tuple[str, str]]
Samples: TypeAlias = Mapping[str, Mapping[Labels, float]]
"""Values by name and labels."""


class PageError(ValueError):
    """The text is no metrics page of a gateway."""


class Quantiles(Struct, frozen=True, kw_only=True):
    """What a histogram says of an interval. Without an observation there is no quantile.

    What lies above the last bound is given as `bound_s`, the last bound: it took that long at least.
    """

    per_s: float
    p50_s: float | None
    p99_s: float | None
    bound_s: float


def read_page(text: str) -> Samples:
    """Return the samples of a page in the Prometheus text format 0.0.4. Raises PageError."""
    samples: dict[str, dict[Labels, float]] = defaultdict(dict)
    try:
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                samples[sample.name.removeprefix(PREFIX)][frozenset(sample.labels.items())] = sample.value
    except (ValueError, KeyError, IndexError):  # all of them are what the parser says to other texts
        raise PageError("it is not in Prometheus' text format") from None
    if MARK not in samples:
        raise PageError(f"it has no {PREFIX}{MARK}")
    return dict(samples)


class Change:
    """What a gateway did in `interval_s` between two pages. No rate is ever negative.

    Counters begin at 0 when the process does; so after a restart, all of a counter is what came since.
    """

    def __init__(self, before: Samples, after: Samples, interval_s: float) -> None:
        if interval_s <= 0:
            raise ValueError("the second page must be of a later time")
        self._before = before
        self._after = after
        self._interval_s = interval_s
        self.restarted: Final = _only(before, STARTED) != _only(after, STARTED)

    def now(self, name: str, **labels: str) -> float:
        """Return the newest value, of several the sum; 0 if there is none."""
        return sum(value for found, value in self._after.get(name, {}).items() if found >= labels.items())

    def now_or_none(self, name: str) -> float | None:
        """Return the newest value, None if the page has none: a process's figures are only told on Linux."""
        return _only(self._after, name)

    def before(self, name: str) -> float:
        """Return what `now` was one page earlier."""
        return sum(self._before.get(name, {}).values())

    def now_by(self, label: str, name: str) -> dict[str, float]:
        """Return the newest values by one label, the others summed."""
        sums: dict[str, float] = defaultdict(float)
        for labels, value in self._after.get(name, {}).items():
            sums[_value(labels, label)] += value
        return dict(sums)

    def rate(self, name: str, **labels: str) -> float:
        """Return how much a counter grew a second, of several the sum."""
        return sum(self._growth(name, found) for found in self._after.get(name, {}) if found >= labels.items())

    def rate_by(self, label: str, name: str, **labels: str) -> dict[str, float]:
        """Return the same by one label, without what did not grow, the fastest first."""
        sums: dict[str, float] = defaultdict(float)
        for found in self._after.get(name, {}):
            if found >= labels.items():
                sums[_value(found, label)] += self._growth(name, found)
        return dict(sorted(((key, rate) for key, rate in sums.items() if rate), key=lambda pair: (-pair[1], pair[0])))

    def lasting_rate(self, name: str) -> float:
        """Return how much a counter grew a second that is kept on disk, so that it outlives its process."""
        return max(0.0, self.now(name) - self.before(name)) / self._interval_s

    def quantiles(self, name: str) -> Quantiles:
        """Return the quantiles of a histogram without labels, in this interval alone."""
        buckets = sorted((float(_value(labels, "le")), labels) for labels in self._after.get(f"{name}_bucket", {}))
        bounds = [bound for bound, _ in buckets]
        counts = [self._growth(f"{name}_bucket", labels) for _, labels in buckets]
        return Quantiles(
            per_s=counts[-1] if counts else 0.0,
            p50_s=quantile(0.5, bounds, counts),
            p99_s=quantile(0.99, bounds, counts),
            bound_s=bounds[-2] if len(bounds) > 1 else 0.0,
        )

    def _growth(self, name: str, labels: Labels) -> float:
        after = self._after[name][labels]
        before = 0.0 if self.restarted else self._before.get(name, {}).get(labels, 0.0)
        return (after - before if after >= before else after) / self._interval_s


def quantile(share: float, bounds: Sequence[float], counts: Sequence[float]) -> float | None:
    """Return a quantile as Prometheus' histogram_quantile does: linear within a bucket, the first begins at 0.

    `counts` are cumulative, the last bound is infinite.
    """
    if not counts or counts[-1] <= 0:
        return None
    rank = share * counts[-1]
    index = next(index for index, count in enumerate(counts) if count >= rank)
    if index == len(bounds) - 1:
        return bounds[-2] if len(bounds) > 1 else None
    low, below = (bounds[index - 1], counts[index - 1]) if index else (0.0, 0.0)
    return low + (bounds[index] - low) * (rank - below) / (counts[index] - below)


def _only(samples: Samples, name: str) -> float | None:
    return next(iter(samples.get(name, {}).values()), None)


def _value(labels: Labels, label: str) -> str:
    return next((value for name, value in labels if name == label), "")
