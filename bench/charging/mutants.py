"""Gateways that are unsafe on purpose: what a proof is worth is seen by what it finds in them."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from gateway.core.charging.ledger import Ledger
from gateway.core.charging.orders import Ending, Order
from gateway.core.charging.reservation import Held, Reservation

LEDGER: Final = "ledger"
ALL_AT_ONCE: Final = "all at once"
SILENCE: Final = "silence is a refusal"
UNANSWERED: Final = "what is not answered does not count"


def _as_it_is() -> None:
    """Change nothing."""


def _always_room() -> None:
    """Let every limit go out at once, whatever may be in force elsewhere: targets fit, what is on its way does not."""

    def room(ledger: Any, key: Any, *_others: object) -> int:
        return int(ledger._network.evses[key].maximum_ma)

    setattr(Ledger, "_room", room)  # noqa: B010 - a method is replaced


def _silence_is_refusal() -> None:
    """Take a limit that was not answered for one that was refused."""
    ended = Reservation.ended

    def credulous(reservation: Reservation, number: int, ending: Ending, now: float) -> None:
        ended(reservation, number, Ending.REJECTED if ending is Ending.UNKNOWN else ending, now)

    setattr(Reservation, "ended", credulous)  # noqa: B010 - a method is replaced


def _unanswered_is_nothing() -> None:
    """Count a limit from when it is accepted, not from when it is sent."""
    sent, ended = Reservation.sent, Reservation.ended
    open_ones: dict[tuple[int, int], Held] = {}

    def careless(reservation: Reservation, order: Order) -> None:
        sent(reservation, order)
        open_ones[id(reservation), order.order] = reservation._held.pop()

    def at_last(reservation: Reservation, number: int, ending: Ending, now: float) -> None:
        held = open_ones.pop((id(reservation), number), None)
        if held is not None and ending is Ending.ACCEPTED:
            reservation._held.append(held)
        ended(reservation, number, ending, now)

    setattr(Reservation, "sent", careless)  # noqa: B010 - a method is replaced
    setattr(Reservation, "ended", at_last)  # noqa: B010 - a method is replaced


MUTANTS: Final[Mapping[str, Callable[[], None]]] = {
    LEDGER: _as_it_is,
    ALL_AT_ONCE: _always_room,
    SILENCE: _silence_is_refusal,
    UNANSWERED: _unanswered_is_nothing,
}
"""By name, what makes a gateway of this process so."""
