"""Facts about what on disk is enough for an order."""

import pytest

from gateway.core.charging.description import EvseDescription, Phases
from gateway.core.charging.journalled import RESERVATIONS, shortfall_s
from gateway.core.charging.orders import Ending, LeaseTerms, Order
from gateway.core.charging.reservation import Reservation, SavedReservation
from gateway.core.records import Entry
from gateway.core.stations import Station
from tests.core.station_bench import BEGIN

NOW = 1000.0
EVSE = EvseDescription(station="CP1", evse=1, node="grid")


def order(
    number: int, limit_ma: int, lease_s: float | None = 600.0, phases: Phases = (1, 2, 3), transaction: str = "T1"
) -> Order:
    expires_at = None if lease_s is None else NOW + lease_s
    return Order(number, EVSE.key, transaction, limit_ma, phases, NOW, expires_at)


def reservation(first: Order) -> Reservation:
    """Of an EVSE whose first order was accepted long ago."""
    made = Reservation(EVSE)
    made.terms = LeaseTerms(skew_s=30.0, settle_s=10.0)
    made.default_installed(NOW - 100)
    made.session_began("T1", NOW - 100)
    made.sent(first)
    made.ended(first.order, Ending.ACCEPTED, NOW)
    made.drop_ended(NOW)
    return made


def shortfall(first: Order, then: Order) -> float | None:
    """How much less `then` must last where `first` is on disk, and `then` comes on top."""
    held = reservation(first)
    on_disk = held.saved()
    held.sent(then)
    return shortfall_s(on_disk, held.saved(), then)


@pytest.mark.parametrize(
    ("first", "then", "expected"),
    [
        (order(1, 16_000), order(2, 8000), 0.0),
        (order(1, 16_000), order(2, 16_000), 0.0),
        (order(1, 16_000), order(2, 16_001), None),
        (order(1, 16_000), order(2, 8000, lease_s=900.0), 300.0),
        (order(1, 16_000), order(2, 8000, lease_s=300.0), 0.0),
        (order(1, 16_000, phases=(1,)), order(2, 8000), None),
        (order(1, 16_000), order(2, 8000, phases=(2, 3)), 0.0),
        (order(1, 16_000, lease_s=None), order(2, 8000), 0.0),
        (order(1, 16_000), order(2, 8000, lease_s=None), None),
        (order(1, 16_000), order(2, 8000, transaction="T2"), None),
    ],
)
def test_an_order_needs_no_more_of_the_disk_than_is_there_where_it_takes_away(
    first: Order, then: Order, expected: float | None
) -> None:
    assert shortfall(first, then) == expected


def test_what_has_ended_by_a_later_acceptance_covers_nothing_for_longer_than_it_takes_to_settle() -> None:
    held = reservation(order(1, 32_000))
    held.sent(order(2, 8000))
    held.ended(2, Ending.ACCEPTED, NOW)
    on_disk = held.saved()
    third = order(3, 16_000)
    held.sent(third)
    assert shortfall_s(on_disk, held.saved(), third) == pytest.approx(630.0)  # it settles for 10 s of 640


def test_where_nothing_is_on_disk_nothing_is_covered() -> None:
    held = reservation(order(1, 16_000))
    assert shortfall_s(None, held.saved(), order(1, 16_000)) is None
    assert shortfall_s(SavedReservation(has_default=True), held.saved(), order(1, 16_000)) is None


def test_a_reservation_survives_the_disk() -> None:
    saved = reservation(order(1, 16_000, lease_s=None)).saved()
    station = Station("CP1")
    station.apply(Entry("CP1", BEGIN, None, b"", [RESERVATIONS.holds("1", saved, BEGIN)], own=True))
    assert RESERVATIONS.get(station, "1") == saved
