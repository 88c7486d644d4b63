"""Which quirks a station has: by groups of stations, known by identity, vendor, model and firmware."""

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Final

from msgspec import Struct

from gateway.core.quirks import QUIRKS, Mode, Quirk
from gateway.core.stations import Station


class QuirkGroup(Struct, frozen=True):
    """Stations that deviate alike, by patterns (`*`, `?`, `[ab]`) of which those that are set must all fit.

    Vendor, model and firmware are those of the last BootNotification, so a station's first one knows only its identity.
    `enable` adds to the quirks that are on by default, `disable` takes from them; a `mode` takes the place of the
    general one.
    """

    identity: str | None = None
    vendor: str | None = None
    model: str | None = None
    firmware: str | None = None
    enable: frozenset[str] = frozenset()
    disable: frozenset[str] = frozenset()
    mode: Mode | None = None

    def has(self, station: Station) -> bool:
        """Whether a station is of this group."""
        boot = station.state.boot
        said = (None, None, None) if boot is None else (boot.vendor, boot.model, boot.firmware)
        values = (station.identity, *said)
        patterns = (self.identity, self.vendor, self.model, self.firmware)
        return all(
            pattern is None or (value is not None and fnmatchcase(value, pattern))
            for value, pattern in zip(values, patterns, strict=True)
        )


class Choice(Struct, frozen=True):
    """The quirks of one station, in the order of the table, and whether they are applied or only counted."""

    quirks: tuple[Quirk, ...]
    mode: Mode


NO_QUIRKS: Final = Choice((), "off")


class QuirkPolicy:
    """Chooses the quirks of a station: those of the first group that it is in, else the general ones."""

    def __init__(self, mode: Mode, groups: Sequence[QuirkGroup] = ()) -> None:
        self._mode: Mode = mode
        self._groups = tuple(groups)
        self._choices: dict[tuple[int, bool], Choice] = {}

    def choose(self, station: Station, *, strict: bool) -> Choice:
        """Return the quirks of a station. One that is treated strictly has only those that its group names."""
        index = next((index for index, group in enumerate(self._groups) if group.has(station)), -1)
        choice = self._choices.get((index, strict))
        if choice is None:
            choice = self._choices[index, strict] = self._of_group(index, strict)
        return choice

    def _of_group(self, index: int, strict: bool) -> Choice:
        group = QuirkGroup() if index < 0 else self._groups[index]
        mode = self._mode if group.mode is None else group.mode
        if mode == "off":
            return NO_QUIRKS
        return Choice(
            tuple(
                quirk
                for quirk in QUIRKS
                if quirk.name not in group.disable and (quirk.name in group.enable or (quirk.by_default and not strict))
            ),
            mode,
        )
