"""The meter of one EVSE: a register that only grows, and the state of the conductors at a moment."""

from msgspec import Struct

from gateway.fleet.dice import Dice

VOLTAGE_AC_V = 230.0
VOLTAGE_NOISE_V = 3.0
"""Half the width of the noise on each phase, well inside the 10 % of EN 50160."""

FREQUENCY_HZ = 50.0
FREQUENCY_NOISE_HZ = 0.03

VOLTAGE_DC_EMPTY_V = 340.0
VOLTAGE_DC_FULL_V = 405.0


class Reading(Struct, frozen=True):
    """What a meter shows. AC: one voltage (to neutral) and current per phase; DC: one of each, and no frequency.

    `power_w` is the sum of the products, so it agrees with what else is shown. `register_wh` counts whole Wh.
    """

    register_wh: int
    power_w: float
    volts: tuple[float, ...]
    amperes: tuple[float, ...]
    frequency_hz: float | None
    soc_percent: int | None


class Meter:
    """Counts energy. The register starts at `register_wh`, as that of a station that has been in use for years."""

    __slots__ = ("_dice", "energy_wh", "frequency_hz", "register_start_wh", "volts")

    def __init__(self, conductors: int, dice: Dice, *, register_wh: int = 0) -> None:
        self._dice = dice
        self.register_start_wh = register_wh
        self.energy_wh = 0.0
        """Exactly what has flowed since the start, fractions included."""
        self.volts: tuple[float, ...] = (VOLTAGE_AC_V,) * conductors
        self.frequency_hz = FREQUENCY_HZ

    @property
    def register_wh(self) -> int:
        """The register as it is shown: whole Wh, never lower than before."""
        return self.register_start_wh + int(self.energy_wh)

    def sense_ac(self) -> None:
        """Let the mains wander a little, to a tenth of a volt."""
        self.volts = tuple(round(VOLTAGE_AC_V + self._noise(VOLTAGE_NOISE_V), 1) for _ in self.volts)
        self.frequency_hz = round(FREQUENCY_HZ + self._noise(FREQUENCY_NOISE_HZ), 2)

    def sense_dc(self, soc: float) -> None:
        """The voltage of a battery rises with its state of charge."""
        open_circuit_v = VOLTAGE_DC_EMPTY_V + (VOLTAGE_DC_FULL_V - VOLTAGE_DC_EMPTY_V) * soc
        self.volts = (round(open_circuit_v + self._noise(0.5), 1),)

    def count(self, energy_wh: float) -> None:
        """Add what flowed. Raises ValueError for less than nothing: an import register never runs backwards."""
        if energy_wh < 0:
            raise ValueError(f"an import register cannot count {energy_wh} Wh")
        self.energy_wh += energy_wh

    def _noise(self, half_width: float) -> float:
        return half_width * (2.0 * self._dice.unit() - 1.0)
