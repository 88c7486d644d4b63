"""The live picture of stations: text for a terminal, redrawn in place; where there is none, a line now and then."""

import os
import shutil
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Final, TextIO

from msgspec import Struct

LINE_INTERVAL_S: Final = 5.0
"""Time between two lines where the output is no terminal: a log or a file, which nobody watches."""

SMALLEST: Final = (40, 12)
"""Columns and lines below which the picture is cut rather than drawn differently."""

BAR_COLUMNS: Final = 12
LIMIT_COLUMNS: Final = 8
BAR_COLUMNS_BESIDE_LIMIT: Final = 6
"""All columns together fit 80."""

_HOME, _CLEAR, _LINE_END, _BELOW = "\x1b[H", "\x1b[2J", "\x1b[K", "\x1b[J"
_HIDE_CURSOR, _SHOW_CURSOR = "\x1b[?25l", "\x1b[?25h"
_PLAIN = "\x1b[0m"
BOLD, DIM, GREEN, RED = "\x1b[1m", "\x1b[2m", "\x1b[32m", "\x1b[1;31m"
"""Styles of text."""


class StationRow(Struct, frozen=True, kw_only=True):
    """One station in the picture. `soc_percent` is None while no EV is plugged in.

    `limit` is what its busiest EVSE is allowed, in words; None where nobody limits it.
    """

    identity: str
    version: str
    state: str
    soc_percent: float | None
    power_w: float
    power_max_w: float
    energy_wh: float
    limit: str | None = None


class Snapshot(Struct, frozen=True, kw_only=True):
    """What the picture shows. `at` is the stations' time, which runs `speed` times faster than the real one.

    `figures` are what is told of all stations together, such as `charging 3`, in rows.
    """

    title: str
    at: datetime
    elapsed_s: float
    speed: float
    figures: list[list[str]]
    stations: list[StationRow]
    footer: list[str]


class Look(Struct, frozen=True):
    """What the terminal can show: colours, and characters beyond ASCII."""

    colour: bool = False
    blocks: bool = False


class Screen:
    """Shows pictures on `stream`, one in place of the other; where that cannot be, a line every `line_interval_s`.

    A dumb terminal (TERM=dumb) gets lines too. NO_COLOR in the environment takes the colours away.
    """

    def __init__(self, stream: TextIO, *, colour: bool = True, line_interval_s: float = LINE_INTERVAL_S) -> None:
        self._stream = stream
        self._is_terminal = stream.isatty() and os.environ.get("TERM") != "dumb"
        self.look: Final = Look(
            colour and not os.environ.get("NO_COLOR"), (stream.encoding or "").lower().replace("-", "") == "utf8"
        )
        self._line_interval_s = line_interval_s
        self._drawn = False
        self._line_due_s = 0.0

    def show(self, snapshot: Snapshot) -> None:
        """Show `snapshot`. Raises OSError if the stream is gone."""
        self.draw(
            lambda width, height: picture(snapshot, width, height, self.look),
            lambda: line(snapshot),
            elapsed_s=snapshot.elapsed_s,
        )

    def draw(self, picture: Callable[[int, int], str], line: Callable[[], str], *, elapsed_s: float) -> None:
        """Show what `picture` makes for a width and a height, or what `line` makes. Raises OSError as `show` does."""
        if self._is_terminal:
            columns, rows = shutil.get_terminal_size()
            lines = picture(columns, rows - 1).split("\n")
            start = _HOME if self._drawn else _HIDE_CURSOR + _CLEAR + _HOME
            self._drawn = True
            self._write(start + "".join(f"{line}{_LINE_END}\n" for line in lines) + _BELOW)
        elif elapsed_s >= self._line_due_s:
            self._line_due_s = elapsed_s + self._line_interval_s
            self._write(line() + "\n")
        self._stream.flush()

    def print(self, picture: Callable[[int, Look], str]) -> None:
        """Write one picture to stay, of whatever height; it has colours where the stream is a terminal."""
        look = self.look if self._is_terminal else Look(colour=False, blocks=self.look.blocks)
        self._write(picture(shutil.get_terminal_size().columns, look) + "\n")
        self._stream.flush()

    def _write(self, text: str) -> None:
        """Write what the stream's encoding has, and ? for the rest."""
        encoding = self._stream.encoding or "utf-8"
        self._stream.write(text.encode(encoding, "replace").decode(encoding))

    def close(self) -> None:
        """Leave the last picture where it is, and give the cursor back."""
        if self._drawn:
            self._stream.write(_SHOW_CURSOR)
            self._stream.flush()


class Progress:
    """What long work says of itself: one line of a terminal, overwritten; nothing where the stream is no terminal.

    `stream` is None in a process that was started with its standard output closed.
    """

    def __init__(self, stream: TextIO | None) -> None:
        self._terminal = stream if stream is not None and stream.isatty() else None
        self._shown = ""

    def __call__(self, text: str) -> None:
        """Show `text` in place of what was shown before; an empty text leaves nothing."""
        if self._terminal is not None and text != self._shown:
            self._shown = text
            self._terminal.write(f"\r{_LINE_END}{clean(text)}")
            self._terminal.flush()


def line(snapshot: Snapshot) -> str:
    """Return `snapshot` as one line."""
    return "  ".join([elapsed(snapshot.elapsed_s), *(figure for row in snapshot.figures for figure in row)])


def picture(snapshot: Snapshot, width: int, height: int, look: Look = Look()) -> str:  # noqa: B008 - immutable
    """Return `snapshot` as at most `height` lines of `width` characters. Stations that do not fit are counted."""
    width, height = max(width, SMALLEST[0]), max(height, SMALLEST[1])
    head = list(_head(snapshot))
    foot = ["", *snapshot.footer]
    room = height - len(head) - len(foot)
    shown = snapshot.stations if len(snapshot.stations) <= room else snapshot.stations[: max(room - 1, 0)]
    limited = _is_limited(snapshot)
    rows = [_row(station, width, look, limited=limited) for station in shown]
    if len(shown) < len(snapshot.stations):
        rows.append(styled(f"... and {len(snapshot.stations) - len(shown):,} more"[:width], DIM, look))
    head_lines = [styled(clean(text)[:width], BOLD if index == 0 else "", look) for index, text in enumerate(head)]
    foot_lines = [clean(text)[:width] for text in foot]
    return "\n".join([*head_lines, *rows, *foot_lines][:height])


def _head(snapshot: Snapshot) -> Iterator[str]:
    yield (
        f"{snapshot.title}   {snapshot.at:%Y-%m-%d %H:%M:%S}   {snapshot.speed:g} times real time"
        f"   running {elapsed(snapshot.elapsed_s)}"
    )
    yield ""
    for row in snapshot.figures:
        yield "   ".join(row)
    yield ""
    limited = _is_limited(snapshot)
    limit = f"{'limit':>{LIMIT_COLUMNS}}" if limited else ""
    bar = _bar_columns(limited=limited)
    yield f"{'station':<12}{'version':<9}{'state':<15}{'EV':>6}  {'power':<{bar}}{'':>10}{limit}{'energy':>12}"


def _is_limited(snapshot: Snapshot) -> bool:
    """Whether the picture has a column for limits."""
    return any(station.limit is not None for station in snapshot.stations)


def _row(station: StationRow, width: int, look: Look, *, limited: bool) -> str:
    charge = "-" if station.soc_percent is None else f"{station.soc_percent:.0f} %"
    left = f"{_cell(station.identity, 12)}{_cell(station.version, 9)}{_cell(station.state, 15)}{charge:>6}  "
    bar = _bar(station.power_w, station.power_max_w, look, _bar_columns(limited=limited))
    limit = f"{station.limit or '-':>{LIMIT_COLUMNS}}" if limited else ""
    right = f"{kilowatts(station.power_w):>10}{limit}{kilowatt_hours(station.energy_wh):>12}"
    drawn = bar[: max(width - len(left), 0)]
    style = GREEN if station.power_w > 0 else DIM
    return left[:width] + styled(drawn, style, look) + right[: max(width - len(left) - len(bar), 0)]


def _bar_columns(*, limited: bool) -> int:
    return BAR_COLUMNS_BESIDE_LIMIT if limited else BAR_COLUMNS


def _bar(power_w: float, power_max_w: float, look: Look, columns: int) -> str:
    share = min(max(power_w / power_max_w, 0.0), 1.0) if power_max_w > 0 else 0.0
    filled = round(share * columns)
    full, empty = ("█", "░") if look.blocks else ("#", ".")
    return full * filled + empty * (columns - filled)


def _cell(text: str, columns: int) -> str:
    return f"{clean(text)[: columns - 1]:<{columns}}"


def clean(text: str) -> str:
    """Return `text` without anything that could steer the terminal."""
    return text if text.isprintable() else "".join(c if c.isprintable() else "?" for c in text)


def styled(text: str, style: str, look: Look) -> str:
    """Return `text` in a style, where the terminal has colours."""
    return f"{style}{text}{_PLAIN}" if look.colour and style and text else text


def kilowatts(power_w: float) -> str:
    """Return a power for people."""
    return f"{power_w / 1000:.1f} kW"


def kilowatt_hours(energy_wh: float) -> str:
    """Return an energy for people."""
    return f"{energy_wh / 1000:,.2f} kWh"


def size(size_bytes: int) -> str:
    """Return a number of bytes for people."""
    return f"{size_bytes / 1024:.0f} KiB" if size_bytes < 1024 * 1024 else f"{size_bytes / 1024 / 1024:.1f} MiB"


def elapsed(elapsed_s: float) -> str:
    """Return a time as hours, minutes and seconds."""
    seconds = int(elapsed_s)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
