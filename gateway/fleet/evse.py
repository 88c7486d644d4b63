"""One EVSE: a contactor, a limit and a meter between the grid and at most one vehicle."""

from gateway.fleet.dice import Dice
from gateway.fleet.meter import Meter, Reading
from gateway.fleet.vehicle import AC_CURRENT_MIN_A, Vehicle

STEP_S_MAX = 60.0
"""Power is held constant this long at most: in one minute the fastest battery here moves by less than 8 %."""


class Evse:
    """AC with 1 or 3 `phases`, or DC with a power limit (`dc_power_max_w`). Knows no clock: see `advance`.

    `limit_a` is what the EVSE may offer per conductor at most; whoever shares power among EVSEs lowers and raises it.
    """

    __slots__ = (
        "_amperes",
        "closed",
        "current_max_a",
        "dc_power_max_w",
        "limit_a",
        "meter",
        "phases",
        "power_w",
        "vehicle",
    )

    def __init__(
        self,
        dice: Dice,
        *,
        phases: int = 3,
        current_max_a: float = 32.0,
        dc_power_max_w: float | None = None,
        register_wh: int = 0,
    ) -> None:
        self.phases = phases
        self.current_max_a = current_max_a
        self.dc_power_max_w = dc_power_max_w
        self.limit_a = current_max_a
        self.meter = Meter(1 if self.dc else phases, dice, register_wh=register_wh)
        self.vehicle: Vehicle | None = None
        self.closed = False
        self.power_w = 0.0
        """What flows now, that is at the end of the last `advance`."""
        self._amperes: tuple[float, ...] = (0.0,) * len(self.meter.volts)

    @property
    def dc(self) -> bool:
        """Whether it is a DC outlet."""
        return self.dc_power_max_w is not None

    @property
    def power_max_w(self) -> float:
        """What the hardware can deliver at 230 V."""
        return self.dc_power_max_w or self.phases * self.current_max_a * 230.0

    @property
    def offers(self) -> bool:
        """Whether its limit leaves the vehicle anything: at least 6 A per phase for AC, anything at all for DC."""
        return self.limit_a > 0 if self.dc else self.limit_a >= AC_CURRENT_MIN_A

    def plug(self, vehicle: Vehicle) -> None:
        """Connect `vehicle`; nothing flows before `close`."""
        self.vehicle = vehicle
        self._settle()

    def unplug(self) -> None:
        """Open the contactor and let the vehicle go."""
        self.closed = False
        self.vehicle = None
        self._settle()

    def close(self) -> None:
        """Close the contactor: from now on the vehicle draws what it wants and may."""
        self.closed = True
        self._settle()

    def open(self) -> None:
        """Open the contactor: nothing flows."""
        self.closed = False
        self._settle()

    def set_limit(self, limit_a: float) -> None:
        """Offer at most `limit_a` per conductor from now on, and never more than the hardware can."""
        self.limit_a = min(limit_a, self.current_max_a)
        self._settle()

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass: what flows is counted by the meter and absorbed by the battery, Wh for Wh."""
        left_s = seconds
        while left_s > 0:
            if self.power_w == 0 or self.vehicle is None:
                break
            step_s = min(left_s, STEP_S_MAX, self.vehicle.seconds_until_full(self.power_w))
            energy_wh = self.power_w * step_s / 3600.0
            self.meter.count(energy_wh)
            self.vehicle.battery.absorb(energy_wh)
            left_s -= step_s
            self._settle()

    def reading(self) -> Reading:
        """What the meter shows now."""
        return Reading(
            register_wh=self.meter.register_wh,
            power_w=self.power_w,
            volts=self.meter.volts,
            amperes=self._amperes,
            frequency_hz=None if self.dc else self.meter.frequency_hz,
            soc_percent=None if self.vehicle is None else round(self.vehicle.battery.soc * 100),
        )

    def _settle(self) -> None:
        """Sense the conductors and find the current that flows until something changes."""
        vehicle = self.vehicle
        if self.dc:
            self.meter.sense_dc(vehicle.battery.soc if vehicle else 0.0)
        else:
            self.meter.sense_ac()
        volts = self.meter.volts
        current_a, drawing = 0.0, 0
        if self.closed and vehicle is not None:
            drawing = 1 if self.dc else min(vehicle.phases, self.phases)
            current_a = vehicle.current_a(self._offered_a(), volts[:drawing])
        self._amperes = tuple(round(current_a, 2) if i < drawing else 0.0 for i in range(len(volts)))
        self.power_w = round(sum(v * a for v, a in zip(volts, self._amperes, strict=True)), 3)

    def _offered_a(self) -> float:
        if self.dc_power_max_w is None:
            return self.limit_a
        return min(self.limit_a, self.dc_power_max_w / self.meter.volts[0])
