"""What a station tells beside what it was told: schedules worked out by hand."""

import pytest

from gateway.core.charging.checking import compare, expected_schedule
from gateway.core.charging.description import EvseDescription
from gateway.core.charging.orders import Order
from gateway.wire.composite import Interval

NOW = 1_800_000_000.0
EVSE = EvseDescription(station="S", evse=1, node="grid", fallback_ma=6000)


def order(limit_a: float, lasts_s: float | None) -> Order:
    expires_at = None if lasts_s is None else NOW + lasts_s
    return Order(1, ("S", 1), "T", round(limit_a * 1000), (1, 2, 3), NOW, expires_at)


def levels(*pairs: tuple[int, float]) -> list[Interval]:
    return [Interval(start_s, current_a) for start_s, current_a in pairs]


def test_without_an_order_the_fallback_is_expected() -> None:
    assert expected_schedule(EVSE, None, NOW, 900) == levels((0, 6.0))


def test_a_lease_is_expected_to_end_at_the_fallback() -> None:
    assert expected_schedule(EVSE, order(16, 300), NOW, 900) == levels((0, 16.0), (300, 6.0))
    assert expected_schedule(EVSE, order(16, 1000), NOW, 900) == levels((0, 16.0))
    assert expected_schedule(EVSE, order(16, -1), NOW, 900) == levels((0, 6.0))


def test_a_limit_for_good_is_expected_all_the_time_and_never_above_the_hardware() -> None:
    assert expected_schedule(EVSE, order(16, None), NOW, 900) == levels((0, 16.0))
    assert expected_schedule(EVSE, order(50, None), NOW, 900) == levels((0, 32.0))


@pytest.mark.parametrize(
    ("told", "verdict"),
    [
        (levels((0, 16.0), (300, 6.0)), "same"),
        (levels((0, 16.4), (330, 6.1)), "same"),
        (levels((0, 16.0), (345, 6.0)), "more"),
        (levels((0, 16.0), (270, 6.0)), "same"),
        (levels((0, 16.0), (200, 6.0)), "less"),
        (levels((0, 16.0)), "more"),
        (levels((0, 32.0), (300, 6.0)), "more"),
        (levels((0, 10.0), (300, 6.0)), "less"),
        (levels((0, 10.0), (300, 7.0)), "more"),
        (levels((0, 0.0)), "less"),
    ],
)
def test_more_at_any_time_is_told_from_less(told: list[Interval], verdict: str) -> None:
    assert compare(levels((0, 16.0), (300, 6.0)), told, 30.0) == verdict
