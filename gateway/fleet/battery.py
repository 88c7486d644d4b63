"""A traction battery: what it accepts at its state of charge, and what it keeps of what it gets."""

import math

SOC_FULL = 1.0 - 1e-9
"""A state of charge from here on counts as full: sums of floats end a few parts in 10^16 away from the target."""


class Battery:
    """Charged at constant power up to `taper_soc`, then ever more slowly (constant voltage) down to a floor.

    All powers and energies are at the battery's input; `efficiency` of the energy is kept, the rest becomes heat.
    """

    __slots__ = ("capacity_wh", "efficiency", "floor", "power_max_w", "soc", "taper_soc")

    def __init__(
        self,
        capacity_wh: float,
        soc: float,
        power_max_w: float,
        *,
        taper_soc: float = 0.8,
        floor: float = 0.08,
        efficiency: float = 0.92,
    ) -> None:
        """`soc`, `taper_soc`, `floor` and `efficiency` are fractions of one. Raises ValueError outside their ranges."""
        if not (capacity_wh > 0 and power_max_w > 0):
            raise ValueError(f"capacity and power must be positive, got {capacity_wh} Wh and {power_max_w} W")
        if not (0 <= soc <= 1 and 0 < taper_soc < 1 and 0 < floor <= 1 and 0 < efficiency <= 1):
            raise ValueError(f"not a fraction: soc {soc}, taper {taper_soc}, floor {floor}, efficiency {efficiency}")
        self.capacity_wh = capacity_wh
        self.soc = soc
        self.power_max_w = power_max_w
        self.taper_soc = taper_soc
        self.floor = floor
        self.efficiency = efficiency

    def acceptance_w(self) -> float:
        """The most it takes now: full power, then, at constant voltage, a share that falls linearly to `floor`."""
        if self.soc <= self.taper_soc:
            return self.power_max_w
        left = max(0.0, 1.0 - self.soc) / (1.0 - self.taper_soc)
        return self.power_max_w * (self.floor + (1.0 - self.floor) * left)

    def seconds_until(self, soc: float, power_w: float) -> float:
        """How long `power_w` takes to reach `soc`: 0 when it is there, infinity without power."""
        missing_wh = (soc - self.soc) * self.capacity_wh
        if missing_wh <= 0:
            return 0.0
        return missing_wh / (power_w * self.efficiency) * 3600.0 if power_w > 0 else math.inf

    def absorb(self, energy_wh: float) -> None:
        """Take `energy_wh` in. The caller has checked that it fits."""
        self.soc = min(1.0, self.soc + energy_wh * self.efficiency / self.capacity_wh)
