"""What the controller of a site knows of one EVSE."""

from msgspec import Struct

from gateway.core.charging.description import EvseDescription, EvseKey, Phases
from gateway.core.charging.obedience import ObedienceWatch, Reach
from gateway.core.charging.orders import LeaseTerms, Order
from gateway.core.charging.sessions import SessionDemand

REFUSALS_MAX: int = 3
"""Rejections in a row after which an EVSE's share goes to others, until it is asked again."""


class Evse(Struct, eq=False, kw_only=True):
    """One EVSE as it is now. `standing` is the order that was accepted last, `open` the one that has not ended.

    `is_uncertain`: another limit than `standing` may be in force, so the next is sent although it be the same.
    `course_ma` is what will be in force when the open order has been accepted, `counted_ma` what is counted for it on
    `counted_phases`: the fallback at least.
    `drawn_ma` is what the newest reading says, on the phases of the site.
    """

    description: EvseDescription
    watch: ObedienceWatch
    terms: LeaseTerms = LeaseTerms()
    session: SessionDemand | None = None
    is_connected: bool = False
    is_ready: bool = False
    is_obeying: bool = True
    standing: Order | None = None
    standing_since: float = 0.0
    open: Order | None = None
    is_uncertain: bool = False
    refusals: int = 0
    failures: int = 0
    retry_at: float = 0.0
    number: int = 0
    course_ma: int = 0
    counted_ma: int = 0
    counted_phases: Phases = ()
    due_at: float | None = None
    drawn_ma: Reach = (0, 0, 0)
    drawn_at: float | None = None

    @property
    def key(self) -> EvseKey:
        """What it goes by."""
        return self.description.key

    def is_steerable(self, now: float) -> bool:
        """Whether there is a session whose limit we can set now."""
        return (
            self.session is not None
            and self.is_ready
            and self.is_connected
            and self.is_obeying
            and (self.refusals < REFUSALS_MAX or now >= self.retry_at)
        )

    def standing_at(self, now: float) -> Order | None:
        """Return the order in force, as far as is known; None: its fallback is."""
        order = self.standing
        if order is None or (order.expires_at is not None and order.expires_at <= now):
            return None
        return order

    def limit_ma(self, now: float) -> int:
        """Return the limit in force, as far as is known."""
        order = self.standing_at(now)
        return self.description.fallback_ma if order is None else order.limit_ma
