"""The figures of `ocpp-gateway top`: what two scrapes of a gateway say of the time between them. Nothing here does I/O.

What needs somebody is in `alarms`, in words. Its thresholds are those of the alerts for Prometheus, where there is one.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Final

from msgspec import Struct

from gateway.app.metrics_page import MARK, STARTED, Change, Quantiles, Samples
from gateway.io.listener import WRITE_BYTES_MAX

ACTIONS_SHOWN: Final = 10
"""Of more actions in one interval only the sum is told."""

NEARLY_FULL: Final = 0.5
"""Share of the journal that the store has not confirmed: it has no more time left than it took to come here."""

STORE_LATE_S: Final = 300.0
COMMIT_SLOW_S: Final = 0.25
LAG_LONG_S: Final = 0.25
FILES_OPEN: Final = 0.85
CONNECTIONS_OPEN: Final = 0.9
BUFFER_FILLED: Final = 0.5


class SiteTrouble(Struct, frozen=True):
    """A site of which more may be drawn than some of its links carry, or whose last allocation did not prove right."""

    site: str
    links_over: int
    fault: str | None


class Scrape(Struct, frozen=True, kw_only=True):
    """What a gateway said at one time. `reasons` are those of /readyz: none while it is ready.

    `troubles` is None where nobody may ask for sites: that takes the token.
    """

    at: datetime
    monotonic_s: float
    samples: Samples
    reasons: tuple[str, ...] = ()
    troubles: tuple[SiteTrouble, ...] | None = None


class StationFigures(Struct, frozen=True, kw_only=True):
    """Stations. Handshakes and disconnects are by result and reason."""

    known: int
    connected: int
    connections_max: int
    by_version: Mapping[str, int]
    transactions: int
    handshakes_per_s: Mapping[str, float]
    disconnects_per_s: Mapping[str, float]


class ActionFigures(Struct, frozen=True, kw_only=True):
    """CALLs of stations of one action, all versions together. `per_s` counts every outcome."""

    action: str
    per_s: float
    refused_per_s: float
    kept_raw_per_s: float


class MessageFigures(Struct, frozen=True, kw_only=True):
    """CALLs of stations: of all actions, the busiest ones, and the time until an answer."""

    per_s: float
    repeats_per_s: float
    kept_raw_per_s: float
    refused_per_s: float
    mended_per_s: float
    actions: list[ActionFigures]
    other_actions: int
    other_actions_per_s: float
    answer: Quantiles


class ProcessFigures(Struct, frozen=True, kw_only=True):
    """The process. A share of 1 is one core. None: the gateway's system does not tell."""

    uptime_s: float | None
    cpu_share: float | None
    journal_cpu_share: float
    store_cpu_share: float
    memory_bytes: float | None
    open_files: float | None
    open_files_max: float | None
    loop_lag: Quantiles


class ReaderFigures(Struct, frozen=True, kw_only=True):
    """What a reader of the journal has not confirmed, and the age of the oldest of it."""

    waiting_s: float
    entries: int
    size_bytes: int


class JournalFigures(Struct, frozen=True, kw_only=True):
    """The journal."""

    full: bool
    used_bytes: int
    max_bytes: int
    pending_bytes: int
    written_bytes_per_s: float
    commit: Quantiles
    readers: Mapping[str, ReaderFigures]


class StoreFigures(Struct, frozen=True, kw_only=True):
    """The store. `accepted` = `stored` + `set_aside` + `waiting` (readings, since the journal was born)."""

    connected: bool
    accepted_per_s: float
    stored_per_s: float
    accepted: int
    stored: int
    set_aside: int
    waiting: int
    set_aside_entries: int
    missing_batches: int
    errors_per_s: Mapping[str, float]


class CallFigures(Struct, frozen=True, kw_only=True):
    """Our CALLs to stations, and commands of the API."""

    open: int
    waiting: int
    commands: int
    ended_per_s: Mapping[str, float]


class ChargingFigures(Struct, frozen=True, kw_only=True):
    """Sites whose power is shared. `troubles` is None where nobody may ask which ones have some."""

    sites: int
    evses: Mapping[str, int]
    links: int
    links_near: int
    links_over: int
    sites_with_fault: int
    limits_per_s: Mapping[str, float]
    limits_waiting: int
    oldest_limit_s: float
    preparing: int
    troubles: tuple[SiteTrouble, ...] | None


class BufferFigures(Struct, frozen=True, kw_only=True):
    """What stations have not taken yet; who has `largest_max_bytes` is cut off."""

    total_bytes: int
    largest_bytes: int
    largest_max_bytes: int = WRITE_BYTES_MAX


class Figures(Struct, frozen=True, kw_only=True):
    """All of it. `restarted`: within this interval the gateway began anew, so its rates are those of a beginning."""

    at: datetime
    interval_s: float
    version: str
    ready: bool
    reasons: tuple[str, ...]
    restarted: bool
    alarms: list[str]
    stations: StationFigures
    messages: MessageFigures
    process: ProcessFigures
    journal: JournalFigures
    store: StoreFigures
    calls: CallFigures
    charging: ChargingFigures
    buffers: BufferFigures


def figures_of(before: Scrape, after: Scrape) -> Figures:
    """Return what two scrapes of one gateway say. `after` must be the later one."""
    change = Change(before.samples, after.samples, after.monotonic_s - before.monotonic_s)
    stations, messages, process = _stations(change), _messages(change), _process(change, after.at)
    journal, store, charging, buffers = _journal(change), _store(change), _charging(change, after), _buffers(change)
    return Figures(
        at=after.at.astimezone(UTC),
        interval_s=round(after.monotonic_s - before.monotonic_s, 3),
        version=next(iter(change.now_by("version", MARK)), ""),
        ready=not after.reasons,
        reasons=after.reasons,
        restarted=change.restarted,
        alarms=[
            *_alarms_of_process(process, stations, buffers),
            *_alarms_of_disk(journal, store, int(change.before("readings_waiting"))),
            *_alarms_of_charging(charging),
        ],
        stations=stations,
        messages=messages,
        process=process,
        journal=journal,
        store=store,
        calls=CallFigures(
            open=int(change.now("calls_open")),
            waiting=int(change.now("calls_waiting")),
            commands=int(change.now("commands_under_way")),
            ended_per_s=change.rate_by("outcome", "calls_total"),
        ),
        charging=charging,
        buffers=buffers,
    )


def _stations(change: Change) -> StationFigures:
    return StationFigures(
        known=int(change.now("stations")),
        connected=int(change.now("connections")),
        connections_max=int(change.now("connections_max")),
        by_version=_whole(change.now_by("version", "connections")),
        transactions=int(change.now("transactions_running")),
        handshakes_per_s=change.rate_by("result", "handshakes_total"),
        disconnects_per_s=change.rate_by("reason", "disconnects_total"),
    )


def _messages(change: Change) -> MessageFigures:
    refused = change.rate_by("action", "messages_total", outcome="refused")
    kept_raw = change.rate_by("action", "messages_total", outcome="kept_raw")
    rows = [
        ActionFigures(
            action=action,
            per_s=per_s,
            refused_per_s=refused.get(action, 0.0),
            kept_raw_per_s=kept_raw.get(action, 0.0),
        )
        for action, per_s in change.rate_by("action", "messages_total").items()
    ]
    return MessageFigures(
        per_s=sum(row.per_s for row in rows),
        repeats_per_s=change.rate("messages_total", outcome="repeat"),
        kept_raw_per_s=sum(kept_raw.values()),
        refused_per_s=sum(refused.values()),
        mended_per_s=change.rate("quirks_total", mode="on"),
        actions=rows[:ACTIONS_SHOWN],
        other_actions=len(rows[ACTIONS_SHOWN:]),
        other_actions_per_s=sum(row.per_s for row in rows[ACTIONS_SHOWN:]),
        answer=change.quantiles("answer_seconds"),
    )


def _process(change: Change, at: datetime) -> ProcessFigures:
    started = change.now_or_none(STARTED)
    has_cpu = change.now_or_none("process_cpu_seconds_total") is not None
    return ProcessFigures(
        uptime_s=None if started is None else max(0.0, at.timestamp() - started),
        cpu_share=change.rate("process_cpu_seconds_total") if has_cpu else None,
        journal_cpu_share=change.rate("journal_cpu_seconds_total"),
        store_cpu_share=change.rate("store_cpu_seconds_total"),
        memory_bytes=change.now_or_none("process_resident_memory_bytes"),
        open_files=change.now_or_none("process_open_fds"),
        open_files_max=change.now_or_none("process_max_fds"),
        loop_lag=change.quantiles("event_loop_lag_seconds"),
    )


def _journal(change: Change) -> JournalFigures:
    entries = change.now_by("reader", "journal_waiting_entries")
    sizes = change.now_by("reader", "journal_waiting_bytes")
    return JournalFigures(
        full=change.now("journal_full") > 0,
        used_bytes=int(change.now("journal_used_bytes")),
        max_bytes=int(change.now("journal_max_bytes")),
        pending_bytes=int(change.now("journal_pending_bytes")),
        written_bytes_per_s=change.rate("journal_written_bytes_total"),
        commit=change.quantiles("journal_commit_seconds"),
        readers={
            reader: ReaderFigures(
                waiting_s=waiting_s, entries=int(entries.get(reader, 0)), size_bytes=int(sizes.get(reader, 0))
            )
            for reader, waiting_s in change.now_by("reader", "journal_waiting_seconds").items()
        },
    )


def _store(change: Change) -> StoreFigures:
    return StoreFigures(
        connected=change.now("store_connected") > 0,
        accepted_per_s=change.lasting_rate("readings_accepted_total"),
        stored_per_s=change.lasting_rate("readings_stored_total"),
        accepted=int(change.now("readings_accepted_total")),
        stored=int(change.now("readings_stored_total")),
        set_aside=int(change.now("readings_set_aside_total")),
        waiting=int(change.now("readings_waiting")),
        set_aside_entries=int(change.now("store_set_aside_entries_total")),
        missing_batches=int(change.now("store_missing_batches_total")),
        errors_per_s=change.rate_by("kind", "store_errors_total"),
    )


def _charging(change: Change, after: Scrape) -> ChargingFigures:
    return ChargingFigures(
        sites=int(change.now("charging_sites")),
        evses=_whole(change.now_by("state", "charging_evses")),
        links=int(change.now("charging_links")),
        links_near=int(change.now("charging_links_near_limit")),
        links_over=int(change.now("charging_links_over_limit")),
        sites_with_fault=int(change.now("charging_sites_with_fault")),
        limits_per_s=change.rate_by("ending", "charging_limits_total"),
        limits_waiting=int(change.now("charging_limits_waiting")),
        oldest_limit_s=change.now("charging_oldest_limit_seconds"),
        preparing=int(change.now("charging_stations_preparing")),
        troubles=after.troubles,
    )


def _buffers(change: Change) -> BufferFigures:
    return BufferFigures(
        total_bytes=int(change.now("send_buffer_bytes")), largest_bytes=int(change.now("send_buffer_largest_bytes"))
    )


def _alarms_of_process(process: ProcessFigures, stations: StationFigures, buffers: BufferFigures) -> Iterator[str]:
    if (process.loop_lag.p99_s or 0.0) > LAG_LONG_S:
        yield "the event loop is late: it has not enough of a CPU, or something holds it up"
    if process.open_files_max and (process.open_files or 0.0) > FILES_OPEN * process.open_files_max:
        yield f"open files are above {FILES_OPEN:.0%} of their limit"
    if stations.connections_max and stations.connected > CONNECTIONS_OPEN * stations.connections_max:
        yield f"connections are above {CONNECTIONS_OPEN:.0%} of their limit"
    if buffers.largest_bytes > BUFFER_FILLED * buffers.largest_max_bytes:
        yield "a station does not read its answers, and will be cut off"


def _alarms_of_disk(journal: JournalFigures, store: StoreFigures, waiting_before: int) -> Iterator[str]:
    if journal.full:
        yield "the journal is full: stations get no answers"
    if (journal.commit.p99_s or 0.0) > COMMIT_SLOW_S:
        yield "the disk is slow: commits of the journal take long"
    for name, reader in journal.readers.items():
        if journal.max_bytes and reader.size_bytes > NEARLY_FULL * journal.max_bytes:
            yield f"what the {name} has not taken fills more than {NEARLY_FULL:.0%} of the journal"
        if reader.waiting_s > STORE_LATE_S:
            yield f"the {name} is late by more than {STORE_LATE_S:.0f} s"
    if not store.connected:
        yield "the store is away: the journal keeps everything until it is full"
    if store.missing_batches:
        yield "the store lacks batches that the journal no longer keeps"
    idle = store.connected and journal.pending_bytes == 0 and not any(r.entries for r in journal.readers.values())
    if idle and store.waiting != 0 and store.waiting == waiting_before:  # else a scrape came between two steps
        yield "readings are unaccounted for: nothing waits, but the sum is not right"


def _alarms_of_charging(charging: ChargingFigures) -> Iterator[str]:
    if charging.links_over:
        yield "more may be drawn than some links of sites carry"
    if charging.sites_with_fault:
        yield "an allocation did not prove right"
    if charging.evses.get("disobedient", 0):
        yield "some EVSEs ignore their limits"


def _whole(values: Mapping[str, float]) -> dict[str, int]:
    return {name: int(value) for name, value in values.items()}
