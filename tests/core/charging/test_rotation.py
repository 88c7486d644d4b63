"""Turns: who is served in which slot, on a site where any `room` sessions fit at once."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.charging.rotation import Rotation

SLOT_S = 900.0


def admit(rotation: Rotation[str], sessions: list[str], room: int, now: float) -> list[str]:
    """Admit as the allocator does: who is pinned first, then the lowest pass, then who came first."""
    places = {session: rotation.place(session) for session in sessions}
    order = sorted(sessions, key=lambda one: (not places[one].pinned, places[one].stride_pass, sessions.index(one)))
    for place, session in enumerate(order):
        rotation.serve(session, place < room, now)
    return order[:room]


def sessions_of(count: int, rotation: Rotation[str], weights: list[int] | None = None) -> list[str]:
    names = [f"session {number}" for number in range(count)]
    for number, name in enumerate(names):
        rotation.add(name, 10 if weights is None else weights[number])
    return names


@given(count=st.integers(1, 12), room=st.integers(1, 12), begun_at=st.floats(0, 900))
def test_each_of_equal_sessions_is_served_within_the_stated_number_of_slots(
    count: int, room: int, begun_at: float
) -> None:
    rotation: Rotation[str] = Rotation(SLOT_S)
    rotation.turn_over(begun_at)
    names = sessions_of(count, rotation)
    bound = math.ceil(count / room)
    served = [admit(rotation, names, room, begun_at)]
    for slot in range(1, 4 * bound + 4):
        rotation.turn_over(slot * SLOT_S)
        served.append(admit(rotation, names, room, slot * SLOT_S))
    for first in range(2, len(served) - bound):
        assert set().union(*served[first : first + bound]) == set(names)


def test_a_session_is_served_for_a_whole_slot_at_least() -> None:
    rotation: Rotation[str] = Rotation(SLOT_S)
    rotation.turn_over(0)
    names = sessions_of(2, rotation)
    assert admit(rotation, names, 1, 600.0) == ["session 0"]
    rotation.turn_over(900.0)
    assert admit(rotation, names, 1, 900.0) == ["session 0"]
    rotation.turn_over(1800.0)
    assert admit(rotation, names, 1, 1800.0) == ["session 1"]


def test_a_session_of_twice_the_weight_is_served_twice_as_often() -> None:
    rotation: Rotation[str] = Rotation(SLOT_S)
    names = sessions_of(2, rotation, [20, 10])
    served = []
    for slot in range(1, 301):
        rotation.turn_over(slot * SLOT_S)
        served += admit(rotation, names, 1, slot * SLOT_S)
    assert served.count("session 0") == pytest.approx(200, abs=2)


def test_nobody_pays_while_nobody_waits() -> None:
    rotation: Rotation[str] = Rotation(SLOT_S)
    rotation.add("early", 10)
    rotation.turn_over(900.0)
    rotation.serve("early", True, 900.0)
    for slot in range(2, 100):
        rotation.turn_over(slot * SLOT_S)
    assert rotation.place("early").stride_pass == 0
    assert rotation.next_at() is None


def test_who_comes_later_does_not_get_the_turns_it_was_not_there_for() -> None:
    rotation: Rotation[str] = Rotation(SLOT_S)
    names = sessions_of(2, rotation)
    for slot in range(1, 11):
        rotation.turn_over(slot * SLOT_S)
        admit(rotation, names, 1, slot * SLOT_S)
    rotation.add("late", 10)
    least = min(rotation.place(name).stride_pass for name in names)
    assert rotation.place("late").stride_pass == least > 0


def test_who_leaves_and_comes_back_has_paid_what_it_had() -> None:
    rotation: Rotation[str] = Rotation(SLOT_S)
    names = sessions_of(2, rotation)
    for slot in range(1, 4):
        rotation.turn_over(slot * SLOT_S)
        admit(rotation, names, 1, slot * SLOT_S)
    before = rotation.place("session 0").stride_pass
    rotation.add("session 0", 10, rotation.remove("session 0"))
    assert rotation.place("session 0") == (False, before)


def test_a_slot_takes_time() -> None:
    with pytest.raises(ValueError, match="slots of 0"):
        Rotation(0.0)
