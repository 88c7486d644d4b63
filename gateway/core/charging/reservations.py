"""Reservations on disk: a fact for each EVSE, so that a restart knows what may be in force."""

from math import inf
from typing import Final

from gateway.core.charging.orders import Order
from gateway.core.charging.reservation import SavedReservation
from gateway.core.facts.kind import FactKind

RESERVATIONS: Final = FactKind("charging_reservation", SavedReservation)
"""By the number of the EVSE."""


def covered_until(saved: SavedReservation, order: Order) -> float:
    """Return until when `saved` reserves as much as `order` does, in seconds of the epoch; -inf if it does not."""
    ends = [
        inf if held.until is None else held.until
        for held in saved.held
        if held.transaction == order.transaction
        and held.limit_ma >= order.limit_ma
        and set(held.phases) >= set(order.phases)
    ]
    return max(ends, default=-inf)
