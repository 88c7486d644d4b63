"""Gateways that are unsafe on purpose: what a proof is worth is seen by what it finds in them."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from gateway.core.charging.ledger import Ledger
from gateway.core.charging.orders import Ending
from gateway.core.charging.reservation import Reservation

LEDGER: Final = "ledger"
ALL_AT_ONCE: Final = "all at once"
SILENCE: Final = "silence is a refusal"


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


MUTANTS: Final[Mapping[str, Callable[[], None]]] = {
    LEDGER: _as_it_is,
    ALL_AT_ONCE: _always_room,
    SILENCE: _silence_is_refusal,
}
"""By name, what makes a gateway of this process so."""
