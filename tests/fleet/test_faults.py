"""Faults of simulated stations: what may be asked for, and that a run of them is repeatable."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from gateway.fleet.faults import (
    NO_FAULTS,
    PRESETS,
    SINGLE,
    ChargingFaults,
    ChargingFaultsError,
    Course,
    Misbehaviour,
    calm,
    parse_charging_faults,
)

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def courses(faults: ChargingFaults, count: int, *, seed: int = 1, every_s: float = 60.0) -> list[Course]:
    station = Misbehaviour(faults, seed, "SIM-0001", Counter())
    return [station.course("SetChargingProfile", NOW + timedelta(seconds=every_s * n)) for n in range(count)]


def test_a_preset_and_what_is_changed_of_it() -> None:
    assert parse_charging_faults("none") == NO_FAULTS
    assert parse_charging_faults("many") == PRESETS["many"]
    changed = parse_charging_faults("many,ignores=0.25,late_s=5..7,profiles_a_minute=3")
    assert (changed.ignores, changed.late_s, changed.profiles_a_minute) == (0.25, (5.0, 7.0), 3)
    assert changed.rejects == PRESETS["many"].rejects
    assert parse_charging_faults("rejects=0.5") == ChargingFaults(rejects=0.5)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("plenty", "is none of none, some, many, ignoring"),
        ("many,reject=1", "is no key=value with one of rejects"),
        ("rejects=2", "rejects is a share, from 0 to 1"),
        ("rejects=nan", "rejects is a share"),
        ("rejects=0.6,stalls=0.6", "1 at most together"),
        ("only_a=0.6,only_w=0.6", "1 at most together"),
        ("late_s=7..5", "late_s is the least and the most"),
        ("clock_skew_s=-1", "are not negative"),
        ("rejects=often", "often|float"),
    ],
)
def test_what_cannot_be_meant_is_told(text: str, said: str) -> None:
    with pytest.raises(ChargingFaultsError, match=said):
        parse_charging_faults(text)


def test_the_same_seed_is_the_same_run_and_another_is_another() -> None:
    faults = PRESETS["many"]
    assert courses(faults, 200) == courses(faults, 200)
    assert courses(faults, 200) != courses(faults, 200, seed=2)


def test_faults_befall_as_many_messages_as_they_should() -> None:
    faults = ChargingFaults(rejects=0.2, loses_answer=0.3)
    found = Counter(courses(faults, 4000))
    assert found.keys() == {Course.ORDINARY, Course.REJECTS, Course.LOSES_ANSWER}
    assert 700 < found[Course.REJECTS] < 900
    assert 1080 < found[Course.LOSES_ANSWER] < 1320


def test_only_messages_that_set_a_limit_are_misheard() -> None:
    station = Misbehaviour(ChargingFaults(rejects=1.0), 1, "SIM-0001", Counter())
    assert station.course("GetCompositeSchedule", NOW) is Course.ORDINARY
    assert station.course("UpdateDynamicSchedule", NOW) is Course.REJECTS
    assert station.counts == {"rejects": 1}


def test_more_profiles_a_minute_than_it_takes_are_refused_until_the_minute_is_over() -> None:
    faults = ChargingFaults(profiles_a_minute=2)
    assert courses(faults, 7, every_s=15.0) == [
        *(Course.ORDINARY, Course.ORDINARY, Course.TOO_MANY, Course.TOO_MANY),
        *(Course.ORDINARY, Course.ORDINARY, Course.TOO_MANY),
    ]


def test_calm_leaves_what_stations_are_like() -> None:
    left = calm(PRESETS["many"])
    assert all(getattr(left, name) == 0 for name in SINGLE)
    assert (left.endless, left.clock_skew_s) == (PRESETS["many"].endless, PRESETS["many"].clock_skew_s)
