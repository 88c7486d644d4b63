"""What charging profiles allow: OCPP 1.6 section 3.13, 2.x use cases K01 and K08. Pure functions.

A purpose is led by its highest stack level that defines a period at that moment, and says nothing where none does.
Priority charging (2.1, K21) overrides TxProfile, which overrides TxDefaultProfile; a default for one EVSE overrides
that for all (1.6 section 3.13.1). What is for the whole station and external constraints cap that (K01.FR.39), and
local generation is added to it after (2.1). Where nothing is defined there is no limit but that of the hardware.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from msgspec import Struct

STATION_MAX: Final = "ChargingStationMaxProfile"
EXTERNAL: Final = "ChargingStationExternalConstraints"
DEFAULT: Final = "TxDefaultProfile"
TX: Final = "TxProfile"
PRIORITY: Final = "PriorityCharging"
LOCAL_GENERATION: Final = "LocalGeneration"
"""Purposes, in the words of 2.x (ChargingProfilePurposeEnumType)."""

VOLTAGE_V = 230.0
"""The voltage at which watts become amperes and back."""

PHASES_DEFAULT = 3
"""numberPhases where a period does not say (K01.FR.19)."""

DAY, WEEK = timedelta(days=1), timedelta(days=7)

RECURS = {"Daily": DAY, "Weekly": WEEK}
"""RecurrencyKindEnumType."""


class Period(Struct, frozen=True):
    """From `start_s` after the schedule's start, `limit` in its unit. None: no limit."""

    start_s: int
    limit: float | None
    phases: int = PHASES_DEFAULT


class Profile(Struct, frozen=True):
    """A charging profile with its one schedule; `unit` is A or W. Without `start_at` it starts with the transaction."""

    profile_id: int
    stack_level: int
    purpose: str
    unit: str
    periods: tuple[Period, ...]
    start_at: datetime | None = None
    duration_s: int | None = None
    recurs: timedelta | None = None
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    transaction: str | None = None


class Circuit(NamedTuple):
    """What a limit applies to: an EVSE, or the sum of all. `started_at` is the begin of its transaction.

    `voltage_v` is that of a conductor by which watts become amperes.
    """

    phases: int
    current_max_a: float
    started_at: datetime | None = None
    voltage_v: float = VOLTAGE_V

    def amperes(self, limit: float, unit: str, phases: int) -> float:
        """`limit` per conductor, at most what the hardware can."""
        per_conductor_a = limit if unit == "A" else limit / (self.voltage_v * min(phases, self.phases))
        return max(0.0, min(per_conductor_a, self.current_max_a))

    def watts(self, current_a: float) -> float:
        """The power of `current_a` on all its conductors."""
        return current_a * self.voltage_v * self.phases


class Placed(NamedTuple):
    """A profile at an EVSE, or with 0 at the whole station."""

    evse: int
    profile: Profile


class Session(NamedTuple):
    """An EVSE with what it is doing; without a transaction only its defaults count."""

    evse: int
    circuit: Circuit
    transaction: str | None = None
    prioritised: bool = False


class Interval(Struct, frozen=True):
    """A part of a composite schedule: from `start_s` on, `current_a` per conductor."""

    start_s: int
    current_a: float


def composite(
    placed: Sequence[Placed], sessions: Sequence[Session], station: Circuit, begin: datetime, duration_s: int
) -> list[Interval]:
    """Return what the EVSE of one session, or the station with all of its, may draw from `begin` on (K08, 1.6 5.7).

    The cap of the station is not divided among its EVSEs: each of them might have all of it.
    """
    end = _after(begin, duration_s)
    moments = {
        at
        for session in sessions
        for at in changes(
            [one.profile for one in placed if one.evse in (0, session.evse)], session.circuit.started_at, begin, end
        )
    }
    found: list[Interval] = []
    for at in (begin, *sorted(moments)):
        current_a = sum(evse_limit_a(placed, session, at) for session in sessions)
        cap_a = station_cap_a(placed, station, at)
        if cap_a is not None:
            current_a = min(current_a, cap_a)
        if not found or found[-1].current_a != current_a:
            found.append(Interval(int((at - begin).total_seconds()), current_a))
    return found


def evse_limit_a(placed: Iterable[Placed], session: Session, at: datetime) -> float:
    """Return what an EVSE may draw per conductor at `at`, but for the cap of its station."""
    at_evse = [one for one in placed if one.evse == session.evse]
    at_station = [one for one in placed if one.evse == 0]
    tiers = [_of(DEFAULT, at_evse), _of(DEFAULT, at_station)]
    if session.transaction is not None:
        running = [one for one in at_evse if one.profile.transaction in (None, session.transaction)]
        tiers.insert(0, _of(TX, running))
        if session.prioritised:
            tiers.insert(0, _of(PRIORITY, at_evse) + _of(PRIORITY, at_station))
    hardware_a = session.circuit.current_max_a
    limits_a = (limit_a(tiers, session.circuit, at), limit_a([_of(EXTERNAL, at_evse)], session.circuit, at))
    current_a = min((limit for limit in limits_a if limit is not None), default=hardware_a)
    generated_a = limit_a([_of(LOCAL_GENERATION, at_evse)], session.circuit, at) or 0.0
    return min(current_a + generated_a, hardware_a)


def station_cap_a(placed: Iterable[Placed], station: Circuit, at: datetime) -> float | None:
    """Return what all EVSEs together may draw per conductor at `at`, None if nothing caps them."""
    at_station = [one for one in placed if one.evse == 0]
    caps_a = (limit_a([_of(purpose, at_station)], station, at) for purpose in (STATION_MAX, EXTERNAL))
    cap_a = min((cap for cap in caps_a if cap is not None), default=None)
    if cap_a is None:
        return None
    generated_a = limit_a([_of(LOCAL_GENERATION, at_station)], station, at) or 0.0
    return min(cap_a + generated_a, station.current_max_a)


def limit_a(tiers: Sequence[Sequence[Profile]], circuit: Circuit, at: datetime) -> float | None:
    """The limit per conductor that the first of `tiers` with a profile in force sets at `at`; None: no tier has one.

    A tier is the profiles of one purpose for one EVSE, or for all.
    """
    for profiles in tiers:
        for profile in sorted(profiles, key=lambda profile: -profile.stack_level):
            period = period_at(profile, circuit.started_at, at)
            if period is not None:
                limit = period.limit
                return circuit.current_max_a if limit is None else circuit.amperes(limit, profile.unit, period.phases)
    return None


def period_at(profile: Profile, started_at: datetime | None, at: datetime) -> Period | None:
    """The period of `profile` in force at `at`, or None where the profile is not, or not yet, or no longer."""
    start = _start(profile, started_at, at)
    if start is None or start > at or not _valid(profile, at):
        return None
    elapsed_s = (at - start).total_seconds()
    if profile.duration_s is not None and elapsed_s >= profile.duration_s:
        return None
    found = None
    for period in profile.periods:
        if period.start_s <= elapsed_s:
            found = period
    return found


def changes(profiles: Iterable[Profile], started_at: datetime | None, begin: datetime, end: datetime) -> list[datetime]:
    """The moments after `begin` and before `end` at which what any of `profiles` allows may change, in order."""
    moments = {at for profile in profiles for at in _boundaries(profile, started_at, begin, end) if begin < at < end}
    return sorted(moments)


def _boundaries(profile: Profile, started_at: datetime | None, begin: datetime, end: datetime) -> Iterator[datetime]:
    if profile.valid_from is not None:
        yield profile.valid_from
    if profile.valid_to is not None:
        yield profile.valid_to
    start = _start(profile, started_at, begin)
    while start is not None and start < end:
        yield start
        for period in profile.periods:
            yield _after(start, period.start_s)
        if profile.duration_s is not None:
            yield _after(start, profile.duration_s)
        start = None if profile.recurs is None else _after(start, profile.recurs.total_seconds())


def _start(profile: Profile, started_at: datetime | None, at: datetime) -> datetime | None:
    """When the schedule that covers `at` began; a relative one begins with the transaction, or now without one."""
    if profile.start_at is None:
        return at if started_at is None else started_at
    if profile.recurs is None or profile.start_at > at:
        return profile.start_at
    return profile.start_at + (at - profile.start_at) // profile.recurs * profile.recurs


def _of(purpose: str, placed: Iterable[Placed]) -> list[Profile]:
    return [one.profile for one in placed if one.profile.purpose == purpose]


def _after(at: datetime, seconds: float) -> datetime:
    """Return the moment `seconds` after `at`; where the calendar ends, its end."""
    try:
        return at + timedelta(seconds=seconds)
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC)


def _valid(profile: Profile, at: datetime) -> bool:
    return (profile.valid_from is None or profile.valid_from <= at) and (
        profile.valid_to is None or at < profile.valid_to
    )
