import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.fleet.battery import Battery

fractions = st.floats(0.0, 1.0)


def test_full_power_is_accepted_up_to_the_taper():
    assert Battery(50_000, 0.8, 11_000).acceptance_w() == 11_000


def test_half_way_through_the_taper_about_half_the_power_is_accepted():
    assert Battery(50_000, 0.9, 10_000, taper_soc=0.8, floor=0.1).acceptance_w() == pytest.approx(5_500)


def test_a_full_battery_still_accepts_the_floor():
    assert Battery(50_000, 1.0, 10_000, floor=0.1).acceptance_w() == pytest.approx(1_000)


@given(low=fractions, high=fractions)
def test_acceptance_never_rises_with_the_state_of_charge(low, high):
    low, high = sorted((low, high))
    assert Battery(50_000, low, 11_000).acceptance_w() >= Battery(50_000, high, 11_000).acceptance_w()


@given(soc=st.floats(0.0, 0.5), energy_wh=st.floats(0.0, 20_000), efficiency=st.floats(0.5, 1.0))
def test_what_is_kept_is_the_energy_times_the_efficiency(soc, energy_wh, efficiency):
    battery = Battery(50_000, soc, 11_000, efficiency=efficiency)
    battery.absorb(energy_wh)
    assert (battery.soc - soc) * 50_000 == pytest.approx(energy_wh * efficiency, abs=1e-6)


def test_the_time_to_a_state_of_charge_brings_the_battery_there():
    battery = Battery(50_000, 0.2, 11_000, efficiency=0.9)
    battery.absorb(7_000 * battery.seconds_until(0.6, 7_000) / 3600)
    assert battery.soc == pytest.approx(0.6)


def test_without_power_no_state_of_charge_is_ever_reached():
    assert Battery(50_000, 0.2, 11_000).seconds_until(0.6, 0.0) == math.inf


@pytest.mark.parametrize("wrong", [{"soc": 1.1}, {"soc": -0.1}, {"capacity_wh": 0}, {"power_max_w": -1}, {"floor": 0}])
def test_impossible_batteries_are_refused(wrong):
    with pytest.raises(ValueError):
        Battery(**{"capacity_wh": 50_000, "soc": 0.5, "power_max_w": 11_000} | wrong)
