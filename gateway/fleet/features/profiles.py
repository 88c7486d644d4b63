"""A station's charging profiles, and the outlets that obey them: OCPP 1.6 section 3.13, 2.x use cases K01 to K10."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct

from gateway.fleet.clock import seconds_from
from gateway.fleet.faults import ORDINARY, Traits
from gateway.fleet.meter import VOLTAGE_DC_FULL_V
from gateway.fleet.outlet import Outlet
from gateway.wire.composite import (
    DEFAULT,
    PRIORITY,
    STATION_MAX,
    TX,
    Circuit,
    Interval,
    Placed,
    Profile,
    Session,
    changes,
    composite,
    evse_limit_a,
    station_cap_a,
)

PROFILES_MAX = 20
"""ChargingProfileCtrlr.Entries, MaxChargingProfilesInstalled."""

STACK_LEVEL_MAX = 10
"""ProfileStackLevel, ChargeProfileMaxStackLevel."""

PERIODS_MAX = 24
"""PeriodsPerSchedule, ChargingScheduleMaxPeriods."""

HORIZON_S = 86400.0
"""How far ahead the next change of a limit is looked for; then again."""

PURPOSES = (STATION_MAX, DEFAULT, TX, PRIORITY)
"""Those that a server may set and that are simulated (ChargingProfilePurposeEnumType)."""


class Installed(Struct):
    """A profile at an EVSE; 0 is the station. `verbatim` is the ChargingProfileType as it came, to be reported."""

    evse: int
    profile: Profile
    verbatim: dict[str, Any]


class Profiles:
    """What is installed. Outlets are told their limits whenever they change."""

    __slots__ = ("_installed", "_outlets", "_prioritised", "_slow_until_at", "_traits", "next_at")

    def __init__(self, outlets: Sequence[Outlet], traits: Traits = ORDINARY) -> None:
        self._outlets = outlets
        self._traits = traits
        self._slow_until_at: datetime | None = None
        self._installed: list[Installed] = []
        self._prioritised: set[str] = set()
        self.next_at: datetime | None = None

    def __len__(self) -> int:
        return len(self._installed)

    @property
    def profiles_max(self) -> int:
        """How many it keeps."""
        each = self._traits.profiles
        return PROFILES_MAX if each is None else each * len(self._outlets)

    @property
    def stack_level_max(self) -> int:
        """The highest stack level that it takes."""
        return STACK_LEVEL_MAX if self._traits.stack_level is None else self._traits.stack_level

    @property
    def units(self) -> tuple[str, ...]:
        """Those of A and W that it takes."""
        return self._traits.units

    @property
    def rate_unit(self) -> str:
        """The same as RateUnit of 2.x has them."""
        return ",".join(self._traits.units)

    def tick(self, now: datetime) -> None:
        """Let each outlet obey what is in force now, and find out until when."""
        if self.next_at is None or self.next_at > now:
            return
        if self._slow_until_at is not None and self._slow_until_at > now:
            self.next_at = self._slow_until_at
        else:
            self._slow_until_at = None
            self._apply(now)

    def be_slow(self, until_at: datetime) -> None:
        """Let outlets hear of nothing before `until_at`."""
        self._slow_until_at = until_at

    def booted(self, now: datetime, *, loses: bool) -> None:
        """The station boots: one that forgets has nothing after that, one that `loses` nothing for transactions."""
        if self._traits.forgets_all:
            self._keep([], now)
        elif loses:
            self._keep([held for held in self._installed if held.profile.purpose != TX], now)

    def changed(self, now: datetime) -> None:
        """A transaction has begun or ended: other profiles may be in force. Takes effect at the next tick."""
        if self._installed:
            self.next_at = now

    def transaction_ended(self, transaction: str, now: datetime) -> None:
        """Profiles of one transaction end with it (K01.FR.37, 1.6 section 3.13.1)."""
        self._prioritised.discard(transaction)
        if self._installed:
            self._keep([held for held in self._installed if held.profile.transaction != transaction], now)

    def install(self, evse: int, profile: Profile, verbatim: dict[str, Any], now: datetime, *, replaces: bool) -> str:
        """Install a profile: an empty string, or the reason why it is refused (a StatusInfo reason code).

        The same id replaces. So does the same purpose and stack level at an EVSE where it `replaces` (1.6 section
        5.16.4); in 2.x that is a conflict, where both would be valid at one time (K01.FR.06).
        """
        reason = self._refusal(evse, profile)
        if reason:
            return reason
        profile = self._as_taken(profile)
        others = [held for held in self._installed if held.profile.profile_id != profile.profile_id]
        rivals = [held for held in others if held.evse == evse and _rivals(held.profile, profile)]
        if rivals and not replaces:
            return "DuplicateProfile"
        others = [held for held in others if held not in rivals]
        if len(others) >= self.profiles_max:
            return "TooManyProfiles"
        self._keep([*others, Installed(evse, profile, verbatim)], now)
        return ""

    def update(self, profile: Profile, verbatim: dict[str, Any], now: datetime) -> bool:
        """Replace the installed profile of the same id by one with another schedule; False where there is none."""
        for held in self._installed:
            if held.profile.profile_id == profile.profile_id:
                held.profile, held.verbatim = self._as_taken(profile), verbatim
                self.next_at = now
                return True
        return False

    def clear(
        self, now: datetime, *, profile_id: int | None, evse: int | None, purpose: str | None, stack_level: int | None
    ) -> bool:
        """Remove the profile of this id, or without one all that fit the rest. False where there was none."""
        if profile_id is not None:
            found = [held for held in self._installed if held.profile.profile_id == profile_id]
        else:
            found = self.matching(evse=evse, purpose=purpose, stack_level=stack_level)
        self._keep([held for held in self._installed if held not in found], now)
        return bool(found)

    def matching(
        self,
        *,
        evse: int | None = None,
        purpose: str | None = None,
        stack_level: int | None = None,
        ids: Sequence[int] | None = None,
    ) -> list[Installed]:
        """All installed profiles that fit what is given."""
        return [
            held
            for held in self._installed
            if (evse is None or held.evse == evse)
            and (purpose is None or held.profile.purpose == purpose)
            and (stack_level is None or held.profile.stack_level == stack_level)
            and (ids is None or held.profile.profile_id in ids)
        ]

    def prioritise(self, transaction: str, *, active: bool, now: datetime) -> bool:
        """Use the profiles of priority charging for `transaction`, or no more; False where there is none."""
        if not self.matching(purpose=PRIORITY):
            return False
        (self._prioritised.add if active else self._prioritised.discard)(transaction)
        self.next_at = now
        return True

    def composite(self, evse: int, now: datetime, duration_s: int) -> list[Interval]:
        """What `evse`, or with 0 the station, may draw in the next `duration_s`, per conductor.

        A limit of the whole station is not divided here: each EVSE might have all of it.
        """
        outlets = self._outlets if evse == 0 else [self._outlets[evse - 1]]
        sessions = [self._session(outlet, now) for outlet in outlets]
        return composite(self._placed(), sessions, self.circuit(0), now, duration_s)

    def circuit(self, evse: int) -> Circuit:
        """What limits of `evse`, or with 0 of the station, apply to."""
        outlets = self._outlets if evse == 0 else [self._outlets[evse - 1]]
        first = outlets[0].evse
        current_max_a = sum(outlet.evse.current_max_a for outlet in outlets)
        if first.dc:  # of a full battery, so that no power is above its limit
            return Circuit(1, current_max_a, voltage_v=VOLTAGE_DC_FULL_V)
        return Circuit(first.phases, current_max_a)

    def _refusal(self, evse: int, profile: Profile) -> str:
        if profile.purpose not in PURPOSES:
            return "UnsupportedPurpose"
        if profile.unit not in self._traits.units:
            return "UnsupportedRateUnit"
        if not 0 <= profile.stack_level <= self.stack_level_max:
            return "InvalidStackLevel"
        if not 0 <= evse <= len(self._outlets):
            return "UnknownEvse"
        starts = [period.start_s for period in profile.periods]
        if not starts or starts[0] != 0 or starts != sorted(set(starts)) or len(starts) > PERIODS_MAX:
            return "InvalidSchedule"
        if profile.purpose == STATION_MAX and (evse != 0 or profile.start_at is None):
            return "InvalidProfile"  # it caps the station, and there is no transaction to which it could be relative
        if profile.purpose == TX:
            charge = self._outlets[evse - 1].charge if evse else None
            if charge is None or profile.transaction not in (None, charge.transaction):
                return "TxNotFound"
        return ""

    def _as_taken(self, profile: Profile) -> Profile:
        """What is made of a profile: where nothing ever ends, it is its first period for good."""
        if not self._traits.endless:
            return profile
        return msgspec.structs.replace(profile, periods=profile.periods[:1], duration_s=None, valid_to=None)

    def _keep(self, installed: list[Installed], now: datetime) -> None:
        if installed != self._installed:
            self._installed = installed
            self.next_at = now

    def _apply(self, now: datetime) -> None:
        """Set limits. The station's own is shared evenly by the outlets that charge: crude, but never too much."""
        placed = self._placed()
        cap_a = station_cap_a(placed, self.circuit(0), now)
        charging = sum(outlet.charge is not None for outlet in self._outlets)
        for outlet in self._outlets:
            current_a = evse_limit_a(placed, self._session(outlet, now), now)
            if cap_a is not None:
                current_a = min(current_a, cap_a / max(charging, 1))
            outlet.set_limit(outlet.evse.current_max_a if self._traits.ignores else current_a, now)
        end = seconds_from(now, HORIZON_S)
        profiles = [held.profile for held in self._installed]
        ahead = [at for outlet in self._outlets for at in changes(profiles, outlet.transaction_started_at, now, end)]
        self.next_at = min(ahead, default=end) if self._installed else None

    def _placed(self) -> list[Placed]:
        return [Placed(held.evse, held.profile) for held in self._installed]

    def _session(self, outlet: Outlet, now: datetime) -> Session:
        circuit = self.circuit(outlet.number)._replace(started_at=outlet.transaction_started_at or now)
        if outlet.charge is None:
            return Session(outlet.number, circuit)
        transaction = outlet.charge.transaction
        return Session(outlet.number, circuit, transaction, transaction in self._prioritised)


def _rivals(one: Profile, other: Profile) -> bool:
    """Whether both have one purpose and stack level, and could be in force at one time."""
    if (one.purpose, one.stack_level, one.transaction) != (other.purpose, other.stack_level, other.transaction):
        return False
    starts_late = one.valid_from is not None and other.valid_to is not None and one.valid_from >= other.valid_to
    ends_early = one.valid_to is not None and other.valid_from is not None and one.valid_to <= other.valid_from
    return not (starts_late or ends_early)
