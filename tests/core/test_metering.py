"""Sampled values in base units. Oracle for conversions: decimal arithmetic on the text that was sent."""

from decimal import Decimal

import pytest
from msgspec import structs

from gateway.core import metering
from gateway.core.metering import number_of, register_wh
from gateway.core.records import Channel, Sample
from tests.core import said
from tests.core.station_bench import MESSAGES, OCPP16, OCPP21, OCPP201


def samples_of(line, *sampled):
    said_by = said.meter_values_16 if line.version == OCPP16 else said.meter_values_201
    line.ask("MeterValues", said_by(*sampled))
    return line.bench.records[-1].meter_values[0].samples


def enumeration(version, name):
    schema = MESSAGES[version, "MeterValues", "request"].schema
    if version != OCPP16:
        return schema["definitions"][f"{name[0].upper()}{name[1:]}EnumType"]["enum"]
    sampled = schema["properties"]["meterValue"]["items"]["properties"]["sampledValue"]
    return sampled["items"]["properties"][name]["enum"]


def test_a_value_without_fields_is_the_energy_register_at_the_outlet(station):
    (sample,) = samples_of(station, {"value": "7" if station.version == OCPP16 else 7})
    assert sample.channel == Channel("Energy.Active.Import.Register", None, "Sample.Periodic", "Outlet", "Wh")
    assert (sample.value, sample.signed) == (7.0, None)


@pytest.mark.parametrize("version", [OCPP16, OCPP201, OCPP21])
def test_every_measurand_has_the_unit_of_its_kind(bench, version):
    line = bench.connect(version)
    expected = {"Energy": "Wh", "Power": "W", "Current": "A", "Voltage": "V", "SoC": "Percent", "Frequency": "Hz"}
    expected |= {"EnergyRequest": "Wh"}
    for measurand in enumeration(version, "measurand"):
        value = "1" if version == OCPP16 else 1
        (sample,) = samples_of(line, {"value": value, "measurand": measurand})
        unit = sample.channel.unit
        if "Reactive" in measurand:
            assert unit == ("varh" if measurand.startswith("Energy") else "var")
        elif "Apparent" in measurand:
            assert unit == "VAh"
        elif measurand == "Power.Factor":
            assert unit == ""
        elif measurand.startswith("Display."):
            shown = {"SOC": "Percent", "Capacity": "Wh"}
            kinds = [] if "Time" in measurand else [kind for kind in shown if measurand.endswith(kind)]
            assert unit == (shown[kinds[0]] if kinds else "")
        elif (kind := measurand.split(".")[0]) in expected:
            assert unit == expected[kind]
        else:
            assert (measurand, unit) in {("Temperature", "Celsius"), ("RPM", "RPM")}


BASE = {
    "Wh": ("Wh", 1),
    "kWh": ("Wh", 1000),
    "varh": ("varh", 1),
    "kvarh": ("varh", 1000),
    "W": ("W", 1),
    "kW": ("W", 1000),
    "VA": ("VA", 1),
    "kVA": ("VA", 1000),
    "var": ("var", 1),
    "kvar": ("var", 1000),
    "A": ("A", 1),
    "V": ("V", 1),
    "Percent": ("Percent", 1),
    "Hertz": ("Hz", 1),
    "Celcius": ("Celsius", 1),
    "Celsius": ("Celsius", 1),
}


@pytest.mark.parametrize("text", ["0", "1.001", "-0.5", "12345.678", "0.000001", "999999999.999"])
def test_every_unit_of_16_becomes_its_base_unit(station_16, text):
    for unit in enumeration(OCPP16, "unit"):
        (sample,) = samples_of(station_16, {"value": text, "unit": unit})
        if unit in BASE:
            base, factor = BASE[unit]
            assert sample.channel.unit == base
            assert Decimal(repr(sample.value)) == Decimal(text) * factor
        else:
            assert unit in {"K", "Fahrenheit"}
            assert sample.channel.unit == "Celsius"


@pytest.mark.parametrize(
    ("value", "unit", "celsius"), [("273.15", "K", 0), ("212", "Fahrenheit", 100), ("-40", "Fahrenheit", -40)]
)
def test_temperatures_are_celsius(station_16, value, unit, celsius):
    (sample,) = samples_of(station_16, {"value": value, "unit": unit, "measurand": "Temperature"})
    assert sample.value == pytest.approx(celsius, abs=1e-6)


@pytest.mark.parametrize(
    ("value", "unit", "multiplier", "base", "expected"),
    [
        (1.001, "kWh", 0, "Wh", 1001.0),
        (1.5, "Wh", 3, "Wh", 1500.0),
        (15, "kWh", -1, "Wh", 1500.0),
        (7, "W", 0, "W", 7.0),
        (250, "A", -2, "A", 2.5),
        (3, "Furlong", 1, "Furlong", 30.0),
        (3, "Wh", 18, "Wh", 3e18),
    ],
)
def test_a_multiplier_is_a_power_of_ten(station_2, value, unit, multiplier, base, expected):
    (sample,) = samples_of(station_2, {"value": value, "unitOfMeasure": {"unit": unit, "multiplier": multiplier}})
    assert (sample.channel.unit, sample.value) == (base, pytest.approx(expected, rel=1e-12))


def test_a_unit_of_measure_without_a_unit_has_that_of_the_measurand(station_2):
    sent = {"value": 7, "measurand": "Power.Active.Import", "unitOfMeasure": {"multiplier": 3}}
    (sample,) = samples_of(station_2, sent)
    assert (sample.channel.unit, sample.value) == ("W", 7000.0)


@pytest.mark.parametrize("multiplier", [19, -19, 400, -400, 2**53])
def test_a_multiplier_that_no_meter_has_is_unreadable(station_2, multiplier):
    assert samples_of(station_2, {"value": 1, "unitOfMeasure": {"multiplier": multiplier}}) == []


@pytest.mark.parametrize("version", [OCPP16, OCPP201, OCPP21])
def test_phases_contexts_and_places_are_kept_as_sent(bench, version):
    line = bench.connect(version)
    value = "1" if version == OCPP16 else 1
    for name, position in (("phase", 1), ("context", 2), ("location", 3)):
        words = enumeration(
            version,
            name
            if version == OCPP16 or name == "phase"
            else f"reading{name.capitalize()}"
            if name == "context"
            else name,
        )
        for word in words:
            (sample,) = samples_of(line, {"value": value, name: word})
            channel = sample.channel
            assert (channel.measurand, channel.phase, channel.context, channel.location)[position] == word


@pytest.mark.parametrize(
    ("text", "number"),
    [("0", 0.0), ("-1.5", -1.5), ("+7", 7.0), ("1e3", 1000.0), (" 12 ", 12.0), ("1e15", 1e15), (".5", 0.5)],
)
def test_numbers_are_read_as_stations_write_them(text, number):
    assert number_of(text) == number


@pytest.mark.parametrize(
    "text", ["", " ", "NaN", "nan", "inf", "-Infinity", "1,5", "1_000", "0x10", "1e16", "12 Wh", "--1"]
)
def test_what_is_no_number_is_not_guessed(text):
    assert number_of(text) is None


def test_free_units_cost_a_bounded_memory(station_2):
    for batch in range(30):
        sampled = [{"value": 1, "unitOfMeasure": {"unit": f"u{batch}-{number}"}} for number in range(200)]
        assert {sample.channel.unit for sample in samples_of(station_2, *sampled)} == {
            one["unitOfMeasure"]["unit"] for one in sampled
        }
    assert len(metering._conversions) <= metering.CHANNELS_MAX


# The register of a transaction

WH = Channel("Energy.Active.Import.Register", None, "Sample.Periodic", "Outlet", "Wh")
W = Channel("Power.Active.Import", None, "Sample.Periodic", "Outlet", "W")


@pytest.mark.parametrize(
    "channel",
    [
        Channel("Energy.Active.Import.Register", "L1", "Sample.Periodic", "Outlet", "Wh"),
        Channel("Energy.Active.Import.Register", None, "Sample.Periodic", "Inlet", "Wh"),
        Channel("Energy.Active.Import.Register", None, "Sample.Periodic", "Outlet", "furlong"),
        Channel("Energy.Active.Export.Register", None, "Sample.Periodic", "Outlet", "Wh"),
    ],
)
def test_only_the_import_register_at_the_outlet_over_all_phases_counts(channel):
    assert register_wh([Sample(channel, 1.0)]) is None
    assert register_wh([Sample(channel, 1.0), Sample(WH, 2.0)]) == 2.0


def test_signed_data_without_a_value_is_no_register():
    assert register_wh([Sample(WH, None, "signed"), Sample(W, 1.0)]) is None


def test_signed_data_without_a_value_hides_no_register_behind_it():
    assert register_wh([Sample(WH, None, "signed"), Sample(WH, 2.0)]) == 2.0


def test_of_two_registers_under_one_timestamp_the_later_is_the_higher():
    begin, end = (structs.replace(WH, context=f"Transaction.{context}") for context in ("Begin", "End"))
    assert register_wh([Sample(begin, 1000.0), Sample(end, 2500.0)]) == 2500.0
    assert register_wh([Sample(end, 2500.0), Sample(begin, 1000.0)]) == 2500.0
