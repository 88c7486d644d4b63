from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.fleet.battery import Battery
from gateway.fleet.dice import Dice
from gateway.fleet.evse import STEP_S_MAX, Evse
from gateway.fleet.vehicle import Vehicle


def charging(evse: Evse, *, soc=0.3, capacity_wh=50_000, power_max_w=1e6, **vehicle) -> Vehicle:
    car = Vehicle(Battery(capacity_wh, soc, power_max_w), **vehicle)
    evse.plug(car)
    evse.close()
    return car


@settings(deadline=None)
@given(
    seed=st.integers(0, 1000),
    soc=st.floats(0.0, 0.99),
    phases=st.integers(1, 3),
    dc=st.booleans(),
    steps=st.lists(st.floats(0.5, STEP_S_MAX), min_size=1, max_size=60),
)
def test_the_register_is_the_integral_of_the_power_and_the_battery_gains_it_less_the_losses(
    seed, soc, phases, dc, steps
):
    evse = Evse(Dice(seed), dc_power_max_w=50_000 if dc else None, current_max_a=125 if dc else 32, register_wh=1000)
    car = charging(evse, soc=soc, capacity_wh=400_000, phases=phases, dc=dc, current_max_a=500 if dc else 16)
    energy_wh = 0.0
    for seconds in steps:
        power_w = evse.power_w
        flowing_s = min(seconds, car.seconds_until_full(power_w))
        evse.advance(seconds)
        energy_wh += power_w * flowing_s / 3600
    assert evse.meter.energy_wh == pytest.approx(energy_wh, rel=1e-9)
    assert evse.meter.register_wh == 1000 + int(evse.meter.energy_wh)
    assert (car.battery.soc - soc) * 400_000 == pytest.approx(evse.meter.energy_wh * 0.92, rel=1e-6, abs=1e-3)


@settings(deadline=None)
@given(seed=st.integers(0, 1000), phases=st.integers(1, 3), limit_a=st.floats(0, 40), hours=st.floats(0, 8))
def test_a_reading_agrees_with_itself_and_with_the_limit(seed, phases, limit_a, hours):
    evse = Evse(Dice(seed))
    charging(evse, phases=phases, current_max_a=32)
    evse.set_limit(limit_a)
    evse.advance(hours * 3600)
    reading = evse.reading()
    products = sum(v * a for v, a in zip(reading.volts, reading.amperes, strict=True))
    assert reading.power_w == pytest.approx(products, abs=1e-3)
    assert max(reading.amperes) <= limit_a + 1e-6  # far below what the meter can show
    assert all(a == 0 for a in reading.amperes[phases:])
    assert all(207 <= v <= 253 for v in reading.volts)  # EN 50160: within 10 %


@pytest.mark.parametrize(("limit_a", "flows"), [(0, False), (5.99, False), (6.0, True), (16.0, True)])
def test_below_six_amperes_an_ac_vehicle_draws_nothing(limit_a, flows):
    evse = Evse(Dice(1))
    charging(evse)
    evse.set_limit(limit_a)
    assert (evse.power_w > 0) is flows
    assert evse.offers is flows


def test_a_dc_vehicle_charges_below_six_amperes():
    evse = Evse(Dice(1), dc_power_max_w=50_000, current_max_a=125)
    charging(evse, dc=True, current_max_a=400)
    evse.set_limit(3.0)
    assert evse.reading().amperes == (3.0,)


def test_a_limit_above_the_hardware_changes_nothing():
    evse = Evse(Dice(1), current_max_a=16)
    charging(evse, current_max_a=32)
    evse.set_limit(63)
    assert evse.reading().amperes == (16.0, 16.0, 16.0)


def test_nothing_flows_before_the_contactor_closes_and_after_it_opens():
    evse = Evse(Dice(1))
    evse.plug(Vehicle(Battery(50_000, 0.3, 11_000)))
    evse.advance(3600)
    assert evse.meter.energy_wh == 0
    evse.close()
    assert evse.power_w > 0
    evse.open()
    evse.advance(3600)
    assert evse.meter.energy_wh == 0


def test_a_vehicle_charges_to_its_target_and_not_beyond():
    evse = Evse(Dice(1))
    car = charging(evse, target_soc=0.85)
    evse.advance(24 * 3600)
    assert car.full
    assert car.battery.soc == pytest.approx(0.85)
    assert evse.power_w == 0


def test_power_falls_in_the_constant_voltage_phase():
    evse = Evse(Dice(1))
    charging(evse, soc=0.75, power_max_w=11_000)
    powers = []
    while evse.power_w > 0:
        powers.append(evse.power_w)
        evse.advance(600)
    assert powers[0] > 10_900
    assert 0.05 * 11_000 < powers[-1] < 0.3 * 11_000
    step_w = 3 * 230 * 0.01  # a current changes by a hundredth of an ampere at least
    assert all(after <= before + 2 * step_w for before, after in pairwise(powers))


@settings(deadline=None)
@given(steps=st.lists(st.floats(0, 2000), max_size=30))
def test_the_register_never_runs_backwards(steps):
    evse = Evse(Dice(1))
    charging(evse)
    seen = [evse.reading().register_wh]
    for seconds in steps:
        evse.advance(seconds)
        seen.append(evse.reading().register_wh)
    assert seen == sorted(seen)


def test_the_register_refuses_to_count_backwards():
    with pytest.raises(ValueError, match="-1"):
        Evse(Dice(1)).meter.count(-1)
