"""Every metric, declared once: name, kind, labels, meaning, and where its values are read when it is scraped.

Names follow Prometheus' rules: base units, `_total` for counters, closed label sets; never a station, a transaction, an
id token or an address. The hot path counts in C; nothing here runs but at a scrape.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, product
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.core import Metric as Family

from gateway import __version__
from gateway.app.charging import TURN_SECONDS
from gateway.app.charging_site import SITE_EVENTS
from gateway.app.pulse import LAG_SECONDS
from gateway.core.calls import Outcome
from gateway.core.charging.orders import Ending
from gateway.core.csms import Deviation
from gateway.core.quirks import QUIRKS
from gateway.core.quirks.quirk import MODES
from gateway.core.tally import ANSWER_SECONDS, OUTCOMES
from gateway.io.journal import COMMIT_SECONDS_BOUNDS
from gateway.io.listener import DISCONNECTS, HANDSHAKES

if TYPE_CHECKING:
    from gateway.app.gateway import Gateway

PREFIX: Final = "ocpp_gateway_"

Sample: TypeAlias = tuple[Sequence[str], float]
"""Label values and value."""

Buckets: TypeAlias = tuple[Sequence[float], Sequence[int], float]
"""Upper bounds, count of each bucket alone with that of +Inf last, and sum."""


@dataclass(frozen=True, slots=True)
class Metric:
    """A counter or a gauge. `read` gives its samples."""

    name: str
    kind: Literal["counter", "gauge"]
    help: str
    read: Callable[["Gateway"], Iterable[Sample]]
    labels: tuple[str, ...] = ()

    def family(self, gateway: "Gateway") -> Family:
        """Return the metric with its values at this moment."""
        name = PREFIX + self.name
        family: CounterMetricFamily | GaugeMetricFamily
        if self.kind == "counter":
            family = CounterMetricFamily(name, self.help, labels=self.labels)
        else:
            family = GaugeMetricFamily(name, self.help, labels=self.labels)
        for labels, value in self.read(gateway):
            family.add_metric(labels, value)
        return family


@dataclass(frozen=True, slots=True)
class HistogramMetric:
    """A histogram without labels. `read` gives its buckets."""

    name: str
    help: str
    read: Callable[["Gateway"], Buckets]
    kind: Literal["histogram"] = "histogram"
    labels: tuple[str, ...] = ()

    def family(self, gateway: "Gateway") -> Family:
        """Return the histogram with its values at this moment."""
        bounds, counts, total = self.read(gateway)
        family = HistogramMetricFamily(PREFIX + self.name, self.help)
        names = [*(f"{bound:g}" for bound in bounds), "+Inf"]
        family.add_metric([], list(zip(names, accumulate(counts), strict=True)), total)
        return family


def _one(read: Callable[["Gateway"], float]) -> Callable[["Gateway"], Iterable[Sample]]:
    return lambda gateway: [((), read(gateway))]


def _messages(gateway: "Gateway") -> Iterator[Sample]:
    tally = gateway.tally
    for index, (subprotocol, action) in enumerate(tally.actions):
        for offset, outcome in enumerate(OUTCOMES):
            yield (subprotocol, action, outcome), tally.messages.value(index * len(OUTCOMES) + offset)


def _calls(gateway: "Gateway") -> Iterator[Sample]:
    tally = gateway.tally
    for index, (subprotocol, action) in enumerate(tally.called):
        for offset, outcome in enumerate(Outcome):
            yield (subprotocol, action, outcome.value), tally.calls.value(index * len(Outcome) + offset)


def _quirks(gateway: "Gateway") -> Iterator[Sample]:
    for index, (quirk, mode) in enumerate(product(QUIRKS, MODES)):
        yield (quirk.name, mode), gateway.tally.quirks.value(index)


def _by_reader(read: Callable[["Gateway", str], float]) -> Callable[["Gateway"], Iterable[Sample]]:
    return lambda gateway: [((name,), read(gateway, name)) for name in gateway.journal.lags]


def _waiting_seconds(gateway: "Gateway", reader: str) -> float:
    since = gateway.journal.lags[reader].since
    return 0.0 if since is None else max(0.0, gateway.wall_clock() - since)


def _commit_seconds(gateway: "Gateway") -> Buckets:
    statistics = gateway.journal.statistics
    return COMMIT_SECONDS_BOUNDS, statistics.commit_seconds_counts, statistics.commit_seconds_sum


METRICS: Final[Sequence[Metric | HistogramMetric]] = (
    Metric("build_info", "gauge", "1, with the version of the gateway.", lambda _: [((__version__,), 1)], ("version",)),
    Metric(
        "connections",
        "gauge",
        "Open connections of stations, by OCPP version.",
        lambda gateway: gateway.listener.connections_by_version().items(),
        ("version",),
    ),
    Metric(
        "connections_deflate",
        "gauge",
        "Open connections of stations that agreed on permessage-deflate.",
        _one(lambda g: g.listener.deflating),
    ),
    Metric(
        "connections_max",
        "gauge",
        "Most connections that are accepted.",
        _one(lambda g: g.connections_max),
    ),
    Metric(
        "handshakes_total",
        "counter",
        "WebSocket handshakes, by result.",
        lambda g: [((result,), g.listener.handshakes.value(i)) for i, result in enumerate(HANDSHAKES)],
        ("result",),
    ),
    Metric(
        "disconnects_total",
        "counter",
        "Connections that ended, by reason.",
        lambda g: [((reason,), g.listener.disconnects.value(i)) for i, reason in enumerate(DISCONNECTS)],
        ("reason",),
    ),
    Metric("stations", "gauge", "Stations known, connected or not.", _one(lambda g: len(g.registry))),
    Metric(
        "messages_total",
        "counter",
        "CALLs of stations: answered, recognised as a repeat, kept raw (and answered), or refused with a CALLERROR.",
        _messages,
        ("version", "action", "outcome"),
    ),
    Metric(
        "calls_total",
        "counter",
        "Our CALLs to connected stations, by how they ended.",
        _calls,
        ("version", "action", "outcome"),
    ),
    Metric(
        "calls_open",
        "gauge",
        "Our CALLs that a station has not answered yet.",
        _one(lambda g: sum(connection.session.calls_under_way[0] is not None for connection in g.listener.open)),
    ),
    Metric(
        "calls_waiting",
        "gauge",
        "Our CALLs that wait until their station has answered the one before.",
        _one(lambda g: sum(connection.session.calls_under_way[1] for connection in g.listener.open)),
    ),
    Metric(
        "transactions_running",
        "gauge",
        "Running transactions of connected stations.",
        _one(lambda g: sum(len(c.session.station.running_transactions()) for c in g.listener.open)),
    ),
    Metric(
        "send_buffer_bytes",
        "gauge",
        "Bytes to stations that the operating system has not taken yet.",
        _one(lambda g: sum(connection.unsent_bytes for connection in g.listener.open)),
    ),
    Metric(
        "send_buffer_largest_bytes",
        "gauge",
        "The same, of the connection that has most; one with 256 KiB is cut off.",
        _one(lambda g: max((connection.unsent_bytes for connection in g.listener.open), default=0)),
    ),
    Metric("draining", "gauge", "1 while the gateway takes leave of its stations.", _one(lambda g: g.draining)),
    HistogramMetric(
        "event_loop_lag_seconds",
        "How late the event loop came to a timer, looked at four times a second.",
        lambda g: (LAG_SECONDS, g.pulse.lag_seconds.buckets(), g.pulse.lag_seconds.sum),
    ),
    Metric(
        "commands_under_way",
        "gauge",
        "Commands of the API that have not ended.",
        _one(lambda g: g.commands.under_way),
    ),
    Metric(
        "upkeep_stations_waiting",
        "gauge",
        "Stations that the gateway will ask for something by itself, when their turn comes.",
        _one(lambda g: g.upkeep.stations.waiting),
    ),
    Metric(
        "upkeep_stations_under_way",
        "gauge",
        "Stations that the gateway is asking for something by itself.",
        _one(lambda g: g.upkeep.stations.under_way),
    ),
    Metric(
        "upkeep_ended_total",
        "counter",
        "Turns in which the gateway asked a station for something by itself: done, to be tried again, or in vain.",
        lambda g: [((attended.value,), count) for attended, count in g.upkeep.stations.attended.items()],
        ("result",),
    ),
    Metric(
        "commands_repeated_total",
        "counter",
        "Commands that were asked for again with the same idempotency key, and got the first answer.",
        _one(lambda g: g.commands.repeats),
    ),
    Metric("charging_sites", "gauge", "Sites whose power is shared.", _one(lambda g: len(g.charging.sites.sites))),
    Metric(
        "charging_evses",
        "gauge",
        "EVSEs of sites, by what they do.",
        lambda g: [((state,), count) for state, count in g.charging.sites.figures().evses.items()],
        ("state",),
    ),
    Metric(
        "charging_links",
        "gauge",
        "Phases of nodes, and nodes with a limit in kilowatts, that have a limit.",
        _one(lambda g: g.charging.sites.figures().links),
    ),
    Metric(
        "charging_links_near_limit",
        "gauge",
        "Those of which 95 % or more are reserved, and no more than there is.",
        _one(lambda g: g.charging.sites.figures().links_near),
    ),
    Metric(
        "charging_links_over_limit",
        "gauge",
        "Those of which more is reserved than they carry: what may be in force there cannot be lowered any faster.",
        _one(lambda g: g.charging.sites.figures().links_over),
    ),
    Metric(
        "charging_deficit_amperes",
        "gauge",
        "By how much more than it carries is reserved on the phase of a node where that is most.",
        _one(lambda g: g.charging.sites.figures().deficit_ma / 1000),
    ),
    Metric(
        "charging_sites_with_fault",
        "gauge",
        "Sites whose last allocation did not prove right when it was checked. Should be 0.",
        _one(lambda g: g.charging.sites.figures().sites_with_fault),
    ),
    Metric(
        "charging_events_total",
        "counter",
        "What an operator must know of sites, by the event of the log that tells which station or EVSE it is.",
        lambda g: [((event,), g.charging.sites.events[event]) for event in SITE_EVENTS],
        ("event",),
    ),
    Metric(
        "charging_limits_total",
        "counter",
        "Limits that were ordered of stations, by how that ended.",
        lambda g: [((ending.value,), g.charging.sites.post.endings[ending]) for ending in Ending],
        ("ending",),
    ),
    Metric(
        "charging_limits_waiting",
        "gauge",
        "Limits that wait for the disk before they are sent.",
        _one(lambda g: g.charging.sites.post.waiting),
    ),
    Metric(
        "charging_oldest_limit_seconds",
        "gauge",
        "Age of the oldest limit that ends by itself: about a third of its lease, while its station can be heard.",
        _one(lambda g: g.charging.sites.oldest_limit_s),
    ),
    Metric(
        "charging_stations_preparing",
        "gauge",
        "Stations that are being made ready for limits, or wait for that.",
        _one(lambda g: g.charging.preparing.waiting),
    ),
    HistogramMetric(
        "charging_turn_seconds",
        "Time that the controller of a site took to take in what changed, to allocate, and to order limits.",
        lambda g: (TURN_SECONDS, g.charging.sites.turn_seconds.buckets(), g.charging.sites.turn_seconds.sum),
    ),
    HistogramMetric(
        "answer_seconds",
        "Time from a CALL with records to its answer, the commit to disk included.",
        lambda g: (ANSWER_SECONDS, g.tally.answer_seconds.buckets(), g.tally.answer_seconds.sum),
    ),
    Metric(
        "deviations_total",
        "counter",
        "What stations did against the specification, or with a wrong clock, by kind.",
        lambda g: [((deviation.value,), g.tally.deviations.value(i)) for i, deviation in enumerate(Deviation)],
        ("deviation",),
    ),
    Metric(
        "quirks_total",
        "counter",
        "Messages against the specification that a quirk mended, or in shadow mode would have mended.",
        _quirks,
        ("quirk", "mode"),
    ),
    Metric(
        "readings_accepted_total",
        "counter",
        "Sampled values accepted since the journal was born; equals stored plus set aside plus waiting.",
        _one(lambda g: g.registry.readings_total),
    ),
    Metric(
        "readings_stored_total",
        "counter",
        "Sampled values of this journal that the store has ever taken, deleted ones included.",
        _one(lambda g: g.store.stored["reading"]),
    ),
    Metric(
        "readings_waiting",
        "gauge",
        "Accepted less stored and set aside: never negative for long, and 0 once the store has confirmed everything.",
        _one(lambda g: g.registry.readings_total - g.store.stored["reading"] - g.store.set_aside_readings),
    ),
    Metric(
        "journal_batches_total", "counter", "Batches committed to disk.", _one(lambda g: g.journal.statistics.batches)
    ),
    Metric(
        "journal_entries_total",
        "counter",
        "Entries committed to disk; a message with effect is one.",
        _one(lambda g: g.journal.statistics.entries),
    ),
    Metric(
        "journal_written_bytes_total",
        "counter",
        "Encoded bytes committed to disk.",
        _one(lambda g: g.journal.statistics.bytes),
    ),
    HistogramMetric(
        "journal_commit_seconds",
        "Time of one commit to disk, fsync included.",
        _commit_seconds,
    ),
    Metric(
        "journal_used_bytes",
        "gauge",
        "Size of what the journal holds.",
        _one(lambda g: g.journal.statistics.used_bytes),
    ),
    Metric(
        "journal_max_bytes", "gauge", "Size at which the journal is full.", _one(lambda g: g.config.journal.bytes_max)
    ),
    Metric(
        "journal_pending_bytes",
        "gauge",
        "Encoded bytes that are not on disk yet; their stations wait.",
        _one(lambda g: g.journal.pending_bytes),
    ),
    Metric(
        "journal_full",
        "gauge",
        "1 while there is no room for a commit and answers are withheld.",
        _one(lambda g: g.journal.full_since is not None),
    ),
    Metric(
        "journal_full_commits_total",
        "counter",
        "Commits that found no room, retries included.",
        _one(lambda g: g.journal.statistics.full_count),
    ),
    Metric(
        "journal_cpu_seconds_total",
        "counter",
        "CPU time of the journal's thread.",
        _one(lambda g: g.journal.cpu_seconds),
    ),
    Metric(
        "journal_waiting_entries",
        "gauge",
        "Entries that a reader has not confirmed.",
        _by_reader(lambda g, name: g.journal.lags[name].entries),
        ("reader",),
    ),
    Metric(
        "journal_waiting_bytes",
        "gauge",
        "Encoded bytes that a reader has not confirmed.",
        _by_reader(lambda g, name: g.journal.lags[name].size_bytes),
        ("reader",),
    ),
    Metric(
        "journal_waiting_seconds",
        "gauge",
        "Age of the oldest batch that a reader has not confirmed.",
        _by_reader(_waiting_seconds),
        ("reader",),
    ),
    Metric(
        "store_cpu_seconds_total", "counter", "CPU time of the store's thread.", _one(lambda g: g.store.cpu_seconds)
    ),
    Metric("store_connected", "gauge", "1 while the store is open.", _one(lambda g: g.store.connected)),
    Metric(
        "store_transactions_total",
        "counter",
        "Transactions that the store has committed.",
        _one(lambda g: g.store.transactions),
    ),
    Metric(
        "store_missing_batches_total",
        "counter",
        "Batches that the store lacks and the journal no longer keeps: data that only an older copy has.",
        _one(lambda g: g.store.missing_batches),
    ),
    Metric(
        "store_set_aside_entries_total",
        "counter",
        "Entries that the store refused for what they hold, ever; they are in files.",
        _one(lambda g: g.store.set_aside_entries),
    ),
    Metric(
        "readings_set_aside_total",
        "counter",
        "Sampled values in these entries; accepted equals stored plus set aside plus waiting.",
        _one(lambda g: g.store.set_aside_readings),
    ),
    Metric(
        "store_errors_total",
        "counter",
        "Transactions of the store that failed and were tried again, by kind.",
        lambda g: [((kind,), count) for kind, count in g.store.errors.items()],
        ("kind",),
    ),
    Metric(
        "log_lines_lost_total", "counter", "Log lines that could not be written.", _one(lambda g: g.log_lines_lost())
    ),
)
"""In the order of the page."""


class _Collector:
    def __init__(self, gateway: "Gateway") -> None:
        self._gateway = gateway

    def collect(self) -> Iterator[Family]:
        for metric in METRICS:
            yield metric.family(self._gateway)


class Exposition:
    """The metrics page of one gateway, with those of its process and Python."""

    def __init__(self, gateway: "Gateway") -> None:
        self._registry = CollectorRegistry()
        self._registry.register(_Collector(gateway))
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)

    def page(self) -> bytes:
        """Return the page in the Prometheus text format 0.0.4."""
        return generate_latest(self._registry)
