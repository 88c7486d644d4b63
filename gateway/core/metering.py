"""Sampled values of any OCPP version become samples in base units.

Sources of the defaults: OCPP 1.6 section 7.43 (SampledValue) and OCPP 2.0.1 Part 2, SampledValueType and
UnitOfMeasureType. A value without fields is Energy.Active.Import.Register, at the Outlet, Sample.Periodic, in Wh.
"""

from collections.abc import Callable, Sequence
from typing import Final

import msgspec
from msgspec import UNSET, Struct, UnsetType

from gateway.core.records import Channel, Sample
from gateway.hot import DECIMALS, Learned, MeterValues, MeterValuesReader
from gateway.wire import ocpp16, ocpp21, ocpp201

ENERGY_REGISTER: Final = "Energy.Active.Import.Register"
DEFAULT_CONTEXT: Final = "Sample.Periodic"
DEFAULT_LOCATION: Final = "Outlet"
BEGIN: Final = "Transaction.Begin"
END: Final = "Transaction.End"

VALUE_MAX: Final = 1e15
"""Largest magnitude taken for a measured value. A register of 1e15 Wh would be the world's yearly consumption."""

CHANNELS_MAX: Final = 4096
"""Distinct channels remembered. Honest fleets use some dozens; 2.x units are free text, so a bound is needed."""

BASE_UNITS: Final[dict[str, tuple[str, float, float]]] = {
    "kWh": ("Wh", 1e3, 0.0),
    "kvarh": ("varh", 1e3, 0.0),
    "kVAh": ("VAh", 1e3, 0.0),
    "kW": ("W", 1e3, 0.0),
    "kvar": ("var", 1e3, 0.0),
    "kVA": ("VA", 1e3, 0.0),
    "Hertz": ("Hz", 1.0, 0.0),
    "Celcius": ("Celsius", 1.0, 0.0),
    "K": ("Celsius", 1.0, -273.15),
    "Fahrenheit": ("Celsius", 5 / 9, -160 / 9),
}
"""Unit as sent -> (base unit, factor, offset): base = sent * factor + offset. `Celcius` and `Hertz` are of 1.6."""

DEFAULT_UNITS: Final[dict[str, str]] = {
    "Frequency": "Hz",
    "SoC": "Percent",
    "Temperature": "Celsius",
    "RPM": "RPM",
    "Power.Factor": "",
    "Display.BatteryEnergyCapacity": "Wh",
    "Display.MaximumSOC": "Percent",
    "Display.MinimumSOC": "Percent",
    "Display.PresentSOC": "Percent",
    "Display.TargetSOC": "Percent",
}
"""Those of `Display` are of 2.1: what a vehicle has its station show (ISO 15118-20). Times have no unit here."""


class Conversion(Struct, frozen=True, gc=False):
    """A channel, and how a value sent for it becomes base units."""

    channel: Channel
    factor: float
    offset: float

    def to_base(self, value: float) -> float:
        """Return `value` in the channel's unit."""
        if self.factor == 1.0 and self.offset == 0.0:
            return value
        return round(value * self.factor + self.offset, DECIMALS)


_conversions: dict[tuple[object, ...], Conversion] = {}


def _conversion(
    measurand: str | UnsetType,
    phase: str | UnsetType,
    context: str | UnsetType,
    location: str | UnsetType,
    unit: str | UnsetType,
    multiplier: int,
) -> Conversion:
    """Return the conversion for one combination of fields as sent; remembered, because few combinations occur."""
    key = (measurand, phase, context, location, unit, multiplier)
    known = _conversions.get(key)
    if known is not None:
        return known
    name = ENERGY_REGISTER if measurand is UNSET else measurand
    base, factor, offset = BASE_UNITS.get(sent := unit or _default_unit(name), (sent, 1.0, 0.0))
    channel = Channel(name, phase or None, context or DEFAULT_CONTEXT, location or DEFAULT_LOCATION, base)
    made = Conversion(channel, factor * 10.0**multiplier, offset)
    if len(_conversions) < CHANNELS_MAX:
        _conversions[key] = made
    return made


def _default_unit(measurand: str) -> str:
    """Return the unit of a measurand sent without one. Only that of energy is in the specification."""
    if measurand.startswith("Energy.Reactive"):
        return "varh"
    if measurand.startswith("Energy.Apparent"):
        return "VAh"
    if measurand.startswith("Energy"):
        return "Wh"
    if measurand.startswith("Power.Reactive"):
        return "var"
    if measurand.startswith("Current"):
        return "A"
    if measurand.startswith("Voltage"):
        return "V"
    return DEFAULT_UNITS.get(measurand, "W" if measurand.startswith("Power") else "")


def number_of(text: str) -> float | None:
    """Return the number a 1.6 station wrote, or None where it is none (empty, `NaN`, a comma, beyond VALUE_MAX)."""
    try:
        value = float(text)
    except ValueError:
        return None
    if -VALUE_MAX <= value <= VALUE_MAX and "_" not in text:
        return value
    return None


def samples_16(
    sampled_values: Sequence[ocpp16.SampledValue | ocpp16.TransactionSampledValue],
) -> tuple[list[Sample], int]:
    """Return the samples of an OCPP 1.6 meter value and how many of its values could not be read as a number."""
    samples = []
    unreadable = 0
    for sent in sampled_values:
        conversion = _conversion(sent.measurand, sent.phase, sent.context, sent.location, sent.unit, 0)
        if sent.format == "SignedData":
            samples.append(Sample(conversion.channel, None, sent.value))
            continue
        value = number_of(sent.value)
        if value is None:
            unreadable += 1
            continue
        samples.append(Sample(conversion.channel, conversion.to_base(value)))
    return samples, unreadable


_decode_sampled_value = msgspec.json.Decoder(ocpp16.SampledValue).decode


def _learn(sampled_value: bytes) -> Learned | None:
    """Return how values that are sent like this one are read, or None if it is not valid or not a plain number."""
    try:
        sent = _decode_sampled_value(sampled_value)
    except msgspec.MsgspecError:
        return None
    if sent.format == "SignedData":
        return None
    conversion = _conversion(sent.measurand, sent.phase, sent.context, sent.location, sent.unit, 0)
    return conversion.channel, conversion.factor, conversion.offset


read_meter_values_16: Final[Callable[[bytes], MeterValues | None]] = MeterValuesReader(_learn, Sample).read
"""Reads a MeterValues payload of OCPP 1.6 in the plain form that nearly all have; None for any other."""


def samples_2(
    sampled_values: Sequence[ocpp201.SampledValue] | Sequence[ocpp21.SampledValue],
) -> tuple[list[Sample], int]:
    """Return the samples of an OCPP 2.x meter value and how many of its values are beyond what a meter can show.

    A `signedMeterValue` is kept as the JSON object that was sent, field for field.
    """
    samples = []
    unreadable = 0
    for sent in sampled_values:
        measure = sent.unit_of_measure
        unit: str | UnsetType = UNSET
        multiplier = 0
        if measure is not UNSET:
            unit = measure.unit
            multiplier = measure.multiplier or 0
        if not -18 <= multiplier <= 18 or not -VALUE_MAX <= sent.value <= VALUE_MAX:
            unreadable += 1
            continue
        conversion = _conversion(sent.measurand, sent.phase, sent.context, sent.location, unit, multiplier)
        signed = sent.signed_meter_value
        samples.append(
            Sample(
                conversion.channel,
                conversion.to_base(sent.value),
                None if signed is UNSET else msgspec.json.encode(signed).decode(),
            )
        )
    return samples, unreadable


def register_wh(samples: Sequence[Sample]) -> float | None:
    """Return the energy import register over all phases at the outlet, in Wh, or None where it was not sampled.

    Of several the highest: a register never falls, so that is the latest. Stations send the values at the begin and the
    end of a transaction under one timestamp, told apart by their context only.
    """
    latest = None
    for sample in samples:
        channel = sample.channel
        if (
            channel.measurand == ENERGY_REGISTER
            and channel.phase is None
            and channel.location == DEFAULT_LOCATION
            and channel.unit == "Wh"
            and sample.value is not None
            and (latest is None or sample.value > latest)
        ):
            latest = sample.value
    return latest
