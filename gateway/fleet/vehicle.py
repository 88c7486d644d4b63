"""An electric vehicle at the end of the cable: how much it draws of what it is offered."""

from collections.abc import Sequence

from msgspec import Struct

from gateway.fleet.battery import SOC_FULL, Battery
from gateway.fleet.dice import Dice

AC_CURRENT_MIN_A = 6.0
"""The least that a control pilot can offer; below it a vehicle must not draw at all (IEC 61851-1, annex A)."""

CURRENT_STEP_A = 0.01
"""Currents are drawn in steps that a class 1 meter can show, so that what is reported is what flowed."""


class Vehicle:
    """A battery behind an on-board charger (`phases`, `current_max_a`), or behind DC contacts where `dc` is true."""

    __slots__ = ("battery", "current_max_a", "dc", "phases", "target_soc")

    def __init__(
        self,
        battery: Battery,
        *,
        phases: int = 3,
        current_max_a: float = 16.0,
        dc: bool = False,
        target_soc: float = 1.0,
    ) -> None:
        """`current_max_a` is per phase. Charging ends at `target_soc`. ValueError for other than 1 to 3 phases."""
        if phases not in (1, 2, 3):
            raise ValueError(f"a vehicle has 1, 2 or 3 phases, not {phases}")
        self.battery = battery
        self.phases = phases
        self.current_max_a = current_max_a
        self.dc = dc
        self.target_soc = target_soc

    @property
    def full(self) -> bool:
        """Whether it has reached its target and wants nothing more."""
        return self.battery.soc >= self.target_soc * SOC_FULL

    def current_a(self, offered_a: float, volts: Sequence[float]) -> float:
        """The current per conductor that it draws when offered `offered_a` on conductors of `volts` (one, if DC)."""
        if self.full or offered_a <= 0 or (not self.dc and offered_a < AC_CURRENT_MIN_A):
            return 0.0
        wanted_a = min(offered_a, self.current_max_a, self.battery.acceptance_w() / sum(volts))
        return int(wanted_a / CURRENT_STEP_A + 1e-9) * CURRENT_STEP_A

    def seconds_until_full(self, power_w: float) -> float:
        """How long it takes at `power_w`; infinity without power."""
        return self.battery.seconds_until(self.target_soc, power_w)


class VehicleModel(Struct, frozen=True):
    """A kind of car on the road: its battery, its on-board charger, and its DC contacts, if it has any."""

    name: str
    capacity_wh: float
    phases: int
    ac_current_max_a: float
    dc_power_max_w: float | None


MODELS: tuple[VehicleModel, ...] = (
    VehicleModel("city car", 37_000, 1, 32.0, 50_000),
    VehicleModel("plug-in hybrid", 13_000, 1, 16.0, None),
    VehicleModel("estate, two phases", 36_000, 2, 16.0, 40_000),
    VehicleModel("compact", 58_000, 3, 16.0, 120_000),
    VehicleModel("limousine", 78_000, 3, 16.0, 170_000),
    VehicleModel("small car, 22 kW", 52_000, 3, 32.0, 50_000),
    VehicleModel("van", 68_000, 3, 16.0, 100_000),
)
DC_MODELS: tuple[VehicleModel, ...] = tuple(model for model in MODELS if model.dc_power_max_w is not None)


def arrive(dice: Dice, *, dc: bool) -> Vehicle:
    """A vehicle as it comes off the road: a common model, partly discharged, sometimes asked to stop at 80 to 90 %."""
    model = dice.pick(DC_MODELS if dc else MODELS)
    target_soc = 1.0 if dice.chance(0.6) else round(dice.between(0.8, 0.9), 2)
    soc = round(dice.between(0.1, 0.7), 3)
    if dc:
        power_max_w = model.dc_power_max_w or 0.0
        battery = Battery(model.capacity_wh, soc, power_max_w, taper_soc=0.55, floor=0.05, efficiency=0.95)
        return Vehicle(battery, current_max_a=400.0, dc=True, target_soc=target_soc)
    power_max_w = 260.0 * model.phases * model.ac_current_max_a
    battery = Battery(model.capacity_wh, soc, power_max_w)
    return Vehicle(battery, phases=model.phases, current_max_a=model.ac_current_max_a, target_soc=target_soc)
