"""The figures of a running gateway as text for a terminal: whole where there is room, the most important part else.

What needs somebody stands first and begins with `!`, so it can be seen without colours too. Items flow into as many
lines as the width takes; where the height is short, the least busy actions are left out first.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, TypeAlias

from msgspec import Struct

from gateway.app.metrics_page import Quantiles
from gateway.app.terminal import BOLD, DIM, GREEN, RED, Look, clean, elapsed, size, styled
from gateway.app.top_figures import BUFFER_FILLED, FILES_OPEN, Figures

Item: TypeAlias = tuple[str, str]
"""A text that is not broken, and its style."""

LABEL_COLUMNS: Final = 11
WIDTH_MIN: Final = 24
HEIGHT_MIN: Final = 3
"""Below these the picture is cut."""

ACTION_COLUMNS: Final = 32

GAP: Final = 3
"""Columns between two items."""

DAY_S: Final = 86_400


class Trouble(Struct, frozen=True):
    """The gateway has not answered for `since_s`: what is shown is from before that."""

    text: str
    since_s: float


def picture(
    figures: Figures,
    url: str,
    width: int,
    height: int | None = None,
    look: Look = Look(),  # noqa: B008 - immutable
    *,
    trouble: Trouble | None = None,
    footer: str = "",
) -> str:
    """Return the picture in at most `height` lines of `width` characters, without `height` in as many as it takes."""
    width = max(width, WIDTH_MIN)
    actions = len(figures.messages.actions)
    lines = _lines(figures, url, width, actions, trouble, footer)
    if height is not None:
        height = max(height, HEIGHT_MIN)
        while len(lines) > height and actions:
            actions -= 1
            lines = _lines(figures, url, width, actions, trouble, footer)
        if len(lines) > height:
            cut = f"... {len(lines) - height + 1} lines more: the terminal is too small"
            lines = [*lines[: height - 1], [(cut, DIM)]]
    return "\n".join(_drawn(line, width, look) for line in lines)


def line(figures: Figures, trouble: Trouble | None = None) -> str:
    """Return the most important of it as one line: for a pipe, a file or a dumb terminal."""
    if trouble is not None:
        return clean(f"{figures.at:%H:%M:%S}  no answer for {trouble.since_s:.0f} s: {trouble.text}")
    messages, store, journal = figures.messages, figures.store, figures.journal
    parts = [
        f"{figures.at:%H:%M:%S}",
        "ready" if figures.ready else f"! not ready: {'; '.join(figures.reasons)}",
        f"connected {figures.stations.connected:,}",
        f"messages {rate(messages.per_s)}",
        f"refused {rate(messages.refused_per_s)}",
        f"answered p99 {_time(messages.answer.p99_s, messages.answer.bound_s)}",
        f"journal {_share(journal.used_bytes, journal.max_bytes)}",
        f"readings waiting {store.waiting:,}",
        *(f"! {alarm}" for alarm in figures.alarms),
    ]
    return clean("  ".join(parts))


def rate(per_s: float) -> str:
    """Return how often something happens, for people: three digits, or as many as are before the point."""
    if per_s == 0 or per_s >= 99.5:
        return f"{per_s:,.0f}/s"
    if per_s < 0.005:
        return "<0.01/s"
    return f"{per_s:.1f}/s" if per_s >= 0.95 else f"{per_s:.2f}/s"


def _lines(
    figures: Figures, url: str, width: int, actions: int, trouble: Trouble | None, footer: str
) -> list[list[Item]]:
    lines = _head(figures, url, width, trouble)
    for label, items in _sections(figures, actions):
        lines += _flow(label, items, width)
    if footer:
        lines += [[], [(footer, DIM)]]
    return lines


def _head(figures: Figures, url: str, width: int, trouble: Trouble | None) -> list[list[Item]]:
    up = "" if figures.process.uptime_s is None else f"up {_long(figures.process.uptime_s)}"
    title = [f"ocpp-gateway {figures.version}", url, f"{figures.at:%Y-%m-%d %H:%M:%S}Z", up]
    lines = _flow(None, [(text, BOLD) for text in title if text], width)
    if trouble is not None:
        lines += _flow(None, _words(f"! NO ANSWER for {trouble.since_s:.0f} s: {trouble.text}", RED), width, gap=1)
        lines += _flow(None, _words("What follows is from before that.", RED), width, gap=1)
    if figures.ready:
        lines += [[("READY", GREEN), *([("restarted just now", RED)] if figures.restarted else [])]]
    else:
        lines += _flow(None, _words(f"! NOT READY: {'; '.join(figures.reasons)}", RED), width, gap=1)
    for alarm in figures.alarms:
        lines += _flow(None, _words(f"! {alarm}", RED), width, gap=1)
    return [*lines, []]


def _sections(figures: Figures, actions: int) -> Iterator[tuple[str, list[Item]]]:
    """Yield the lines of the body, each with a label or with none where it belongs to the one before."""
    yield from _stations(figures)
    yield from _messages(figures, actions)
    yield from _process(figures)
    yield from _disk(figures)
    calls = figures.calls
    counts = _plain(f"open {calls.open:,}", f"waiting {calls.waiting:,}", f"commands {calls.commands:,}")
    yield "calls", [*counts, *_parts("ended", calls.ended_per_s, bad={"timeout", "unknown", "call_error"})]
    yield from _charging(figures)
    buffers = figures.buffers
    largest = f"largest {size(buffers.largest_bytes)} of {size(buffers.largest_max_bytes)}"
    full = buffers.largest_bytes > BUFFER_FILLED * buffers.largest_max_bytes
    yield "unsent", [(size(buffers.total_bytes), ""), _marked(largest, bad=full)]


def _stations(figures: Figures) -> Iterator[tuple[str, list[Item]]]:
    stations = figures.stations
    yield (
        "stations",
        [
            (f"connected {stations.connected:,} of {stations.connections_max:,}", ""),
            *_plain(*(f"{version.removeprefix('ocpp')}: {n:,}" for version, n in sorted(stations.by_version.items()))),
            *_plain(f"known {stations.known:,}", f"transactions {stations.transactions:,}"),
        ],
    )
    handshakes, disconnects = stations.handshakes_per_s, stations.disconnects_per_s
    refused = set(handshakes) - {"accepted", "abandoned"}
    bad = {"failed", "protocol_error", "too_slow", "journal_full"}
    yield (
        "",
        [*_parts("handshakes", handshakes, bad=refused), *_parts("disconnects", disconnects, bad=bad)],
    )


def _messages(figures: Figures, actions: int) -> Iterator[tuple[str, list[Item]]]:
    messages = figures.messages
    yield (
        "messages",
        [
            (rate(messages.per_s), BOLD),
            _marked(f"refused {rate(messages.refused_per_s)}", bad=messages.refused_per_s > 0),
            _marked(f"kept raw {rate(messages.kept_raw_per_s)}", bad=messages.kept_raw_per_s > 0),
            *_plain(f"mended {rate(messages.mended_per_s)}", f"repeats {rate(messages.repeats_per_s)}"),
            *_plain(f"answered in {_quantiles(messages.answer)}"),
        ],
    )
    cells: list[Item] = []
    for row in messages.actions[:actions]:
        refused = f" refused {rate(row.refused_per_s)}" if row.refused_per_s else ""
        cells.append(_marked(f"{row.action} {rate(row.per_s)}{refused}".ljust(ACTION_COLUMNS), bad=bool(refused)))
    others = messages.other_actions + len(messages.actions) - actions
    if others:
        other_per_s = messages.other_actions_per_s + sum(row.per_s for row in messages.actions[actions:])
        cells.append((f"{others} other actions {rate(other_per_s)}", DIM))
    if cells:
        yield "", cells


def _process(figures: Figures) -> Iterator[tuple[str, list[Item]]]:
    process = figures.process
    items: list[Item] = []
    if process.cpu_share is not None:
        threads = f"journal {process.journal_cpu_share:.0%}, store {process.store_cpu_share:.0%}"
        items.append((f"CPU {process.cpu_share:.0%} of a core ({threads})", ""))
    if process.memory_bytes is not None:
        items.append((f"memory {_size(process.memory_bytes)}", ""))
    if process.open_files is not None and process.open_files_max:
        used = process.open_files / process.open_files_max
        items.append(
            _marked(f"open files {process.open_files:,.0f} of {process.open_files_max:,.0f}", bad=used > FILES_OPEN)
        )
    items.append((f"loop late by {_quantiles(process.loop_lag)}", ""))
    yield "process", items


def _disk(figures: Figures) -> Iterator[tuple[str, list[Item]]]:
    journal, store = figures.journal, figures.store
    yield (
        "journal",
        [
            _marked("full" if journal.full else "not full", bad=journal.full),
            (f"{_size(journal.used_bytes)} of {_size(journal.max_bytes)}", ""),
            (f"written {_size(journal.written_bytes_per_s)}/s", ""),
            (f"commit {_quantiles(journal.commit)}", ""),
            *_plain(
                *(
                    f"{name} waits {reader.waiting_s:.1f} s, {reader.entries:,} entries"
                    for name, reader in sorted(journal.readers.items())
                )
            ),
        ],
    )
    yield (
        "store",
        [
            _marked("connected" if store.connected else "away", bad=not store.connected),
            *_plain(f"accepted {rate(store.accepted_per_s)}", f"stored {rate(store.stored_per_s)}"),
            *_rates(store.errors_per_s, bad=set(store.errors_per_s)),
        ],
    )
    sum_of = f"readings {store.accepted:,} = stored {store.stored:,} + set aside {store.set_aside:,}"
    yield "", [(f"{sum_of} + waiting {store.waiting:,}", "")]


def _charging(figures: Figures) -> Iterator[tuple[str, list[Item]]]:
    charging = figures.charging
    if not charging.sites:
        yield "charging", [("no sites", DIM)]
        return
    yield (
        "charging",
        [
            (f"sites {charging.sites:,}", ""),
            *(
                _marked(f"{state} {count:,}", bad=state == "disobedient" and count > 0)
                for state, count in charging.evses.items()
            ),
        ],
    )
    yield (
        "",
        [
            (f"links {charging.links:,}", ""),
            (f"near limit {charging.links_near:,}", ""),
            _marked(f"over limit {charging.links_over:,}", bad=charging.links_over > 0),
            *_parts("limits", charging.limits_per_s, bad={"rejected", "unknown"}),
            (f"oldest lease {charging.oldest_limit_s:,.0f} s", ""),
            *_plain(f"waiting {charging.limits_waiting:,}", f"preparing {charging.preparing:,}"),
        ],
    )
    for trouble in charging.troubles or ():
        over = f"{trouble.links_over} links over limit" if trouble.links_over else ""
        words = ", ".join(text for text in (over, trouble.fault or "") if text)
        yield "", [(f"! {trouble.site}: {words}", RED)]
    if charging.troubles is None and (charging.links_over or charging.sites_with_fault):
        yield "", [("which sites: say --token-file", DIM)]


def _flow(label: str | None, items: Sequence[Item], width: int, gap: int = GAP) -> list[list[Item]]:
    """Return items as lines: as many beside each other as fit. Without a label they begin at the left.

    An item that fits no line is broken between its words.
    """
    indent = 0 if label is None else LABEL_COLUMNS
    lines: list[list[Item]] = []
    used = 0
    for text, style, before in _broken(items, width - indent, gap):
        if lines and used + before + len(text.rstrip()) <= width:
            lines[-1] += [(" " * before, ""), (text, style)]
            used += before + len(text)
        else:
            head = (label or "") if not lines else ""
            lines.append([(f"{head:<{indent}}", BOLD), (text, style)])
            used = indent + len(text)
    return lines


def _broken(items: Sequence[Item], room: int, gap: int) -> Iterator[tuple[str, str, int]]:
    """Yield text, style and the columns before it: items, or the words of those that have no room."""
    for text, style in items:
        if len(text.rstrip()) <= room:
            yield text, style, gap
        else:
            for index, word in enumerate(text.split()):
                yield word, style, 1 if index else gap


def _drawn(items: Sequence[Item], width: int, look: Look) -> str:
    """Return a line of `width` characters at most."""
    drawn, room = "", width
    for text, style in items:
        shown = clean(text)[:room]
        room -= len(shown)
        drawn += styled(shown, style, look)
    return drawn if look.colour else drawn.rstrip()


def _plain(*texts: str) -> list[Item]:
    return [(text, "") for text in texts]


def _words(text: str, style: str) -> list[Item]:
    return [(word, style) for word in text.split()]


def _marked(text: str, *, bad: bool) -> Item:
    return (f"! {text}", RED) if bad else (text, "")


def _rates(rates: Mapping[str, float], bad: set[str]) -> list[Item]:
    return [_marked(f"{name.replace('_', ' ')} {rate(per_s)}", bad=name in bad) for name, per_s in rates.items()]


def _parts(name: str, rates: Mapping[str, float], bad: set[str]) -> list[Item]:
    """Return a sum, and what it is made of where there is something."""
    parts = _rates(rates, bad)
    return [(f"{name} {rate(sum(rates.values()))}{':' if parts else ''}", ""), *parts]


def _quantiles(quantiles: Quantiles) -> str:
    return f"p50 {_time(quantiles.p50_s, quantiles.bound_s)}, p99 {_time(quantiles.p99_s, quantiles.bound_s)}"


def _time(seconds: float | None, bound_s: float) -> str:
    """Return a short time for people; nothing is known beyond `bound_s`."""
    if seconds is None:
        return "-"
    more = ">" if seconds >= bound_s else ""
    return (
        f"{more}{seconds:.1f} s"
        if seconds >= 0.9995
        else f"{more}{seconds * 1000:.{0 if seconds > 0.00995 else 1}f} ms"
    )


def _long(seconds: float) -> str:
    days = int(seconds // DAY_S)
    return f"{days} d {elapsed(seconds % DAY_S)}" if days else elapsed(seconds)


def _size(size_bytes: float) -> str:
    return f"{size_bytes / 1024**3:.1f} GiB" if size_bytes >= 1024**3 else size(int(size_bytes))


def _share(part: float, whole: float) -> str:
    return f"{part / whole:.0%}" if whole else "-"
