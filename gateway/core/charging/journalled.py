"""What of reservations is on disk, and whether it is enough for an order: a restart knows nothing else."""

from math import inf
from typing import Final

from gateway.core.charging.orders import Order
from gateway.core.charging.reservation import FOREIGN, SavedReservation
from gateway.core.facts.kind import FactKind

RESERVATIONS: Final = FactKind("charging_reservation", SavedReservation)
"""By the number of the EVSE. Written for each order before it is sent; what ends is written now and then."""


def shortfall_s(on_disk: SavedReservation | None, reservation: SavedReservation, order: Order) -> float | None:
    """Return by how many seconds less an order must last for what is on disk to reserve it; 0 if it does as it is.

    None: it would not be reserved at all. `reservation` is with the order, `on_disk` what a restart would read.
    """
    mine = next((held for held in reservation.held if held.order == order.order), None)
    if mine is None or on_disk is None:
        return None
    reserved_until = max(
        (
            inf if held.until is None else held.until
            for held in on_disk.held
            if held.limit_ma >= order.limit_ma
            and set(held.phases) >= set(order.phases)
            and (held.order == FOREIGN or held.transaction == order.transaction)
        ),
        default=-inf,
    )
    until = inf if mine.until is None else mine.until
    if reserved_until >= until:
        return 0.0
    return until - reserved_until if until - reserved_until < inf else None
