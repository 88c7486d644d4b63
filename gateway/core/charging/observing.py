"""What stations say, as the controller of their site hears it: sessions, readings and needs, out of journal entries."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final, Protocol, TypeAlias

from msgspec import Struct

from gateway.core.charging.description import EvseDescription, EvseKey
from gateway.core.charging.sessions import Needs
from gateway.core.facts.charging_notices import CHARGING_NEEDS, PRIORITY_CHARGING
from gateway.core.facts.kind import FactKind
from gateway.core.metering import DEFAULT_LOCATION, END
from gateway.core.records import Entry, Fact, MeterValue, Readings, Record, TransactionEvent
from gateway.core.stations import Station
from gateway.core.transactions import Transaction

CURRENT: Final = "Current.Import"
POWER: Final = "Power.Active.Import"

PRIORITY_OF_DRIVERS: Final = 0
"""Priority of a session whose driver asked for it at the station (2.1, K21): before all that a site describes."""

_LINES: Final = {"L1": 0, "L2": 1, "L3": 2, "L1-N": 0, "L2-N": 1, "L3-N": 2}
"""Phases of a current. Between two lines flows none that loads one phase only."""

Currents: TypeAlias = tuple[int | None, int | None, int | None]


class WantedNeeds(Struct, frozen=True, omit_defaults=True):
    """What an operator said that the session on an EVSE needs, or the next one if none runs. It ends with it."""

    evse: int
    said_at: datetime
    energy_wh: float | None = None
    departure_at: datetime | None = None
    priority: int | None = None


WANTED_NEEDS: Final = FactKind("charging_wanted", WantedNeeds)

_ABOUT_NEEDS: Final = frozenset({CHARGING_NEEDS.kind, PRIORITY_CHARGING.kind, WANTED_NEEDS.kind})


class Sessions(Protocol):
    """Who hears of sessions (`charging.controller`)."""

    def session_began(self, key: EvseKey, transaction: str, tokens: tuple[str, ...], now: float) -> None:
        """A transaction runs at the EVSE. Twice is as good as once."""

    def session_ended(self, key: EvseKey, transaction: str, now: float) -> None:
        """The transaction ended, by the station's word."""

    def drew(
        self,
        key: EvseKey,
        transaction: str | None,
        currents_ma: Currents | None,
        power_w: float | None,
        energy_wh: float | None,
        at: float,
        now: float,
    ) -> None:
        """A reading sampled at `at`."""

    def needs(self, key: EvseKey, needs: Needs, now: float) -> None:
        """What the session needs."""


class Observer:
    """Tells `sessions` of the EVSEs `evses`. `group_of` gives an id token's group, None where it has none."""

    def __init__(
        self,
        sessions: Sessions,
        evses: Mapping[EvseKey, EvseDescription],
        group_of: Callable[[str], str | None] = lambda _token: None,
    ) -> None:
        self._sessions = sessions
        self._evses = evses
        self._group_of = group_of
        self._running: dict[EvseKey, str] = {}
        self._keys: dict[str, list[EvseKey]] = {}
        for key in evses:
            self._keys.setdefault(key[0], []).append(key)

    def begin(self, station: Station, now: float) -> None:
        """Tell what runs at a station already, as after a restart."""
        for key in self._keys.get(station.identity, ()):
            self._look(station, key, now)

    def observe(self, station: Station, entry: Entry, now: float) -> list[Record]:
        """Tell what an entry says that took effect. Returns the records by which what nobody needs any more ends."""
        over: list[Record] = []
        for record in entry.records:
            if isinstance(record, Readings):
                self._read(station, record, now)
            elif isinstance(record, TransactionEvent):
                for key in self._keys.get(station.identity, ()):
                    if self._look(station, key, now) and str(key[1]) in station.facts(WANTED_NEEDS.kind):
                        over.append(WANTED_NEEDS.ends(str(key[1]), entry.received_at))
            elif isinstance(record, Fact) and record.kind in _ABOUT_NEEDS:
                for key in self._keys.get(station.identity, ()):
                    if key in self._running:
                        self._sessions.needs(key, self._needs(station, key), now)
        return over

    def _look(self, station: Station, key: EvseKey, now: float) -> bool:
        """Tell whether another transaction runs at an EVSE than was told before. Returns whether one has ended.

        Of an EVSE with several whose end was lost, the newest runs: it could not have begun otherwise.
        """
        runs = station.running_on(key[1])
        told = self._running.get(key)
        if told == (None if runs is None else runs.transaction):
            return False
        if told is not None:
            del self._running[key]
            self._sessions.session_ended(key, told, now)
        if runs is not None:
            self._running[key] = runs.transaction
            self._sessions.session_began(key, runs.transaction, self._tokens(runs), now)
            if (needs := self._needs(station, key)) != Needs():
                self._sessions.needs(key, needs, now)
        return told is not None

    def _tokens(self, transaction: Transaction) -> tuple[str, ...]:
        token = transaction.id_token
        if token is None:
            return ()
        group = self._group_of(token)
        return (token,) if group is None else (token, group)

    def _needs(self, station: Station, key: EvseKey) -> Needs:
        """Return what the vehicle said, and over that what an operator said."""
        evse = str(key[1])
        said, wanted = CHARGING_NEEDS.get(station, evse), WANTED_NEEDS.get(station, evse)
        priority = PRIORITY_OF_DRIVERS if self._running[key] in station.facts(PRIORITY_CHARGING.kind) else None
        energy_wh = None if said is None else said.energy_wh
        departure_at = None if said is None else said.departure_at
        if wanted is not None:
            energy_wh = energy_wh if wanted.energy_wh is None else wanted.energy_wh
            departure_at = departure_at if wanted.departure_at is None else wanted.departure_at
            priority = priority if wanted.priority is None else wanted.priority
        return Needs(
            energy_wh=energy_wh,
            departure_at=None if departure_at is None else departure_at.timestamp(),
            priority=priority,
            minimum_ma=_milliamperes(None if said is None else said.min_current_a),
            maximum_ma=_milliamperes(None if said is None else said.max_current_a),
        )

    def _read(self, station: Station, readings: Readings, now: float) -> None:
        known = None if readings.transaction is None else station.transaction(readings.transaction)
        if known is not None and known.ended_at is not None:
            return
        evse = readings.evse if known is None or known.evse is None else known.evse
        if evse is None or (description := self._evses.get((station.identity, evse))) is None:
            return
        newest = max(readings.meter_values, key=lambda value: value.time, default=None)
        if newest is None:
            return
        if known is None:
            known = station.running_on(evse)
        energy_wh = None
        if known is not None and known.start_wh is not None and known.register_wh is not None:
            energy_wh = known.register_wh - known.start_wh
        currents, power_w = drawn(newest, lines=len(description.phases))
        if description.current == "DC":
            currents = None  # what leaves the station says nothing of what a phase carries; the power does
        if currents is not None or power_w is not None:
            transaction = None if known is None else known.transaction
            self._sessions.drew(
                description.key, transaction, currents, power_w, energy_wh, newest.time.timestamp(), now
            )


def drawn(meter_value: MeterValue, *, lines: int) -> tuple[Currents | None, float | None]:
    """Return what a vehicle draws: mA on L1, L2, L3 of an EVSE with so many `lines`, and watts; None what is not told.

    A current of no phase is taken to flow on all of them: nobody knows better, and less would be wrong.
    """
    currents: list[int | None] = [None, None, None]
    power_w: float | None = None
    powers: dict[str, float] = {}
    for sample in meter_value.samples:
        channel = sample.channel
        if sample.value is None or channel.location != DEFAULT_LOCATION or channel.context == END:
            continue
        if channel.measurand == CURRENT and channel.unit == "A":
            current_ma = round(sample.value * 1000)
            if channel.phase is None:
                currents[:lines] = [current_ma if known is None else known for known in currents[:lines]]
            elif (line := _LINES.get(channel.phase)) is not None:
                currents[line] = current_ma
        elif channel.measurand == POWER and channel.unit == "W":
            if channel.phase is None:
                power_w = sample.value
            elif channel.phase in _LINES:
                powers[channel.phase] = sample.value
    if power_w is None and powers:
        power_w = sum(powers.values())
    return (None if currents == [None, None, None] else (currents[0], currents[1], currents[2])), power_w


def _milliamperes(current_a: float | None) -> int | None:
    return None if current_a is None else round(current_a * 1000)
