"""What a station can of smart charging: asked once for each firmware, and kept as a fact.

OCPP 1.6 tells it in configuration keys (section 9.4), 2.x in variables of SmartChargingCtrlr (Part 2 appendix).
"""

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from gateway.core.calls import CallEnded, Outcome
from gateway.core.configuration_keys import address_of_key
from gateway.core.device_model import VariableAddress
from gateway.core.facts.item_limits import firmware_of
from gateway.core.facts.kind import FactKind
from gateway.core.flows.flow import Operator
from gateway.core.flows.limits import item_limits
from gateway.core.flows.variables import DONE, get_variables
from gateway.core.flows.words import OCPP16, OCPP21, keep
from gateway.core.stations import Station

STACK_LEVEL_UNTOLD: Final = 0
"""Stack level for a station that does not say which it takes: 0 is one everywhere."""

STACK_LEVEL_MAX: Final = 1000
"""Highest stack level that we use: stations that have no bound say 2147483647, and not all can compare with that."""

PERIODS_UNTOLD: Final = 2
"""Periods for a station that does not say how many it takes: as many as a lease needs."""

LEASE_PERIODS: Final = 2
"""Periods of a limit that ends by itself: the limit, and the fallback after it."""

SPACING_S_MAX: Final = 3600.0
"""Longest time between two profiles that is believed: with more, no limit could be steered by."""

_DIGITS_MAX: Final = 10
_SAYS_NO: Final = frozenset({"NotImplemented", "NotSupported"})
"""Errors of a station that has no configuration to read. Any other may pass."""


class Abilities(Struct, frozen=True, omit_defaults=True):
    """What a station said, under which version and firmware. None or empty: it did not say.

    `enabled` is False where it cannot, or will not, charge smartly. `stack_level` is the highest that it takes,
    `periods` how many a schedule may have, `units` those of A and W that it takes. Of 2.1: `dynamic`, whether it takes
    profiles of kind Dynamic; `offline`, whether profiles may end by being offline; `spacing_s`, the least time between
    two profiles of one purpose (deprecated); `highest_foreign_id`, the highest id of profiles that are not ours.
    """

    subprotocol: str
    firmware: str | None
    enabled: bool | None = None
    stack_level: int | None = None
    periods: int | None = None
    units: tuple[str, ...] = ()
    dynamic: bool = False
    offline: bool = False
    spacing_s: float = 0.0
    highest_foreign_id: int = 0

    @property
    def leases(self) -> bool:
        """Whether a limit can be said that ends by itself."""
        return self.dynamic or (PERIODS_UNTOLD if self.periods is None else self.periods) >= LEASE_PERIODS


ABILITIES: Final = FactKind("charging_abilities", Abilities)
KEY: Final = "station"
"""A station has one set of abilities."""


def _variable(name: str, instance: str | None = None) -> VariableAddress:
    return VariableAddress(component="SmartChargingCtrlr", variable=name, instance=instance)


_COMMON: Final = {
    "stack_level": (_variable("ProfileStackLevel"),),
    "periods": (_variable("PeriodsPerSchedule"),),
    "units": (_variable("RateUnit"),),
    "enabled": (_variable("Enabled"),),
}
_ONLY_21: Final = {
    "dynamic": (_variable("SupportsDynamicProfiles"), _variable("SupportsFeature", "DynamicProfiles")),
    "offline": (_variable("SupportsMaxOfflineDuration"), _variable("SupportsFeature", "MaxOfflineDuration")),
    "spacing": (_variable("UpdateRateLimit"),),
    "foreign_id": (_variable("MaxExternalConstraintsId"),),
}
"""Names of the specification, then those that implementations of its drafts still have."""

_KEYS_16: Final = {
    "stack_level": (address_of_key("ChargeProfileMaxStackLevel"),),
    "periods": (address_of_key("ChargingScheduleMaxPeriods"),),
    "units": (address_of_key("ChargingScheduleAllowedChargingRateUnit"),),
}
_UNITS: Final = {"current": "A", "power": "W", "a": "A", "w": "W"}
"""Units as 1.6 has them (section 9.4.2), and as 2.x."""


def known_abilities(station: Station, subprotocol: str) -> Abilities | None:
    """Return what is known of a station that speaks `subprotocol`; None if nothing is, or not of this firmware."""
    known = ABILITIES.get(station, KEY)
    if known is None or (known.subprotocol, known.firmware) != (subprotocol, firmware_of(station)):
        return None
    return known


async def learn_abilities(operator: Operator, station: Station) -> Abilities | CallEnded:
    """Return what the station can: as known, else ask it and keep the answer. Raises CommandError.

    Returns how the call ended that failed, where one did.
    """
    subprotocol = operator.version(station)
    known = known_abilities(station, subprotocol)
    if known is not None:
        return known
    asked = _KEYS_16 if subprotocol == OCPP16 else _COMMON | _ONLY_21 if subprotocol == OCPP21 else _COMMON
    limits = await item_limits(operator, station)
    if isinstance(limits, CallEnded):
        return limits
    done = await get_variables(operator, station, [address for group in asked.values() for address in group], limits)
    if done.failure is not None and not (
        done.failure.outcome is Outcome.CALL_ERROR and done.failure.error_code in _SAYS_NO
    ):
        return done.failure
    said = {result.address: result.value for result in done.results if result.status in DONE}
    values = {
        name: next((value for address in group if (value := said.get(address)) is not None), None)
        for name, group in asked.items()
    }
    abilities = _read(subprotocol, firmware_of(station), values)
    await keep_abilities(operator, station, abilities)
    return abilities


async def keep_abilities(operator: Operator, station: Station, abilities: Abilities) -> None:
    """Keep what is known of a station, if the journal has room for it. Raises CommandError."""
    await keep(operator, station, [ABILITIES.holds(KEY, abilities, operator.now())])


def _read(subprotocol: str, firmware: str | None, values: Mapping[str, str | None]) -> Abilities:
    """Return what a station's words mean. A value that means nothing is as good as none."""
    level, periods, spacing, foreign_id = (
        _integer(values.get(name)) for name in ("stack_level", "periods", "spacing", "foreign_id")
    )
    words = (values.get("units") or "").lower().replace(";", ",").split(",")
    units = {_UNITS[word.strip()] for word in words if word.strip() in _UNITS}
    return Abilities(
        subprotocol=subprotocol,
        firmware=firmware,
        enabled=_boolean(values.get("enabled")),
        stack_level=None if level is None else min(level, STACK_LEVEL_MAX),
        periods=periods or None,
        units=tuple(sorted(units)),
        dynamic=_boolean(values.get("dynamic")) or False,
        offline=_boolean(values.get("offline")) or False,
        spacing_s=min(float(spacing or 0), SPACING_S_MAX),
        highest_foreign_id=foreign_id or 0,
    )


def _integer(value: str | None) -> int | None:
    """Return a number that is not negative; None for anything else."""
    text = (value or "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _DIGITS_MAX else None


def _boolean(value: str | None) -> bool | None:
    return {"true": True, "false": False}.get((value or "").strip().lower())
