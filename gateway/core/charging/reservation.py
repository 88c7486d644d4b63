"""What may be in force at one EVSE: its fallback, and every order that may have been applied and not ended yet.

Nothing here is a guess in the station's favour. An order counts from when it is sent until it has surely ended: by the
station's word, by a later order that the station accepted, by the end of its transaction, or by its own expiry.
"""

from collections.abc import Iterable
from math import inf
from typing import Final

import msgspec
from msgspec import Struct

from gateway.core.charging.description import EvseDescription, Phases
from gateway.core.charging.orders import Ending, LeaseTerms, Order

Reach = tuple[int, int, int]
"""The largest current that may be in force on the site's phases 1, 2, 3, in mA."""

FOREIGN: Final = -1
"""The number of what may be in force without an order of ours: a limit of another server, or of a lost journal."""


class Held(Struct, omit_defaults=True):
    """An order that may be in force until `until` (None: nobody knows when it ends).

    `is_answered`: the station said that it accepted it. Otherwise it may be applied late, even after a later order.
    """

    order: int
    transaction: str
    limit_ma: int
    phases: Phases
    expires_at: float | None
    until: float | None
    is_answered: bool = False


class SavedReservation(Struct, omit_defaults=True):
    """A reservation as it is kept on disk."""

    has_default: bool = False
    held: list[Held] = []


class Reservation:
    """What may be in force at one EVSE. Whoever changes it asks for `reach` after that."""

    __slots__ = ("_default_from", "_evse", "_held", "_transaction", "accepted", "open", "terms")

    def __init__(self, evse: EvseDescription) -> None:
        self._evse = evse
        self._held: list[Held] = [Held(FOREIGN, "", evse.maximum_ma, evse.phases, None, None, is_answered=True)]
        self._default_from: float | None = None
        self._transaction: str | None = None
        self.terms = LeaseTerms()
        self.open: Order | None = None
        """What was sent and has not ended."""
        self.accepted: Order | None = None
        """The newest that was accepted, until its transaction ends."""

    def load(self, saved: SavedReservation) -> None:
        """Take up what was kept. What was open then was never heard of again."""
        self._held = [msgspec.structs.replace(held) for held in saved.held]
        self._default_from = -inf if saved.has_default else None
        for held in self._held:
            if (
                held.is_answered
                and held.order != FOREIGN
                and (self.accepted is None or held.order > self.accepted.order)
            ):
                self.accepted = Order(
                    order=held.order,
                    key=self._evse.key,
                    transaction=held.transaction,
                    limit_ma=held.limit_ma,
                    phases=held.phases,
                    sent_at=-inf if held.expires_at is None else held.expires_at - self.terms.lease_s,
                    expires_at=held.expires_at,
                )

    def saved(self) -> SavedReservation:
        """Return what to keep."""
        return SavedReservation(self._default_from is not None, [msgspec.structs.replace(held) for held in self._held])

    def reach(self, now: float) -> Reach:
        """Return the largest current that may be in force on each phase of the site."""
        return self._largest(now, for_good=False)

    def reach_for_good(self, now: float) -> Reach:
        """Return what of the reach does not end by itself."""
        return self._largest(now, for_good=True)

    def _largest(self, now: float, *, for_good: bool) -> Reach:
        evse = self._evse
        dark = evse.fallback_ma
        if not self.terms.obeys or self._default_from is None or (self._default_from > now and not for_good):
            dark = evse.maximum_ma
        reach = [dark if phase in evse.phases else 0 for phase in (1, 2, 3)]
        for held in self._held:
            if not for_good or held.until is None:
                for phase in held.phases:
                    reach[phase - 1] = max(reach[phase - 1], held.limit_ma)
        return reach[0], reach[1], reach[2]

    def next_fall_at(self) -> float | None:
        """Return the next moment at which something ends by itself; None: there is none."""
        moments = [held.until for held in self._held if held.until is not None]
        if self._default_from is not None and self._default_from > -inf:
            moments.append(self._default_from)
        return min(moments, default=None)

    def drop_ended(self, now: float) -> None:
        """Let go of what has ended by `now`."""
        self._held = [held for held in self._held if held.until is None or held.until > now]
        if self._default_from is not None and self._default_from <= now:
            self._default_from = -inf

    def default_installed(self, now: float) -> None:
        """The station has its fallback. Without a transaction, nothing else can be in force but orders of ours."""
        if self._default_from is None:
            self._default_from = now + self.terms.settle_s
        if self._transaction is None:
            self._end(now, (held for held in self._held if held.order == FOREIGN))

    def default_lost(self) -> None:
        """Nobody knows whether the station has its fallback."""
        self._default_from = None

    def session_began(self, transaction: str, now: float) -> None:
        """A transaction runs: all others have ended."""
        self._transaction = transaction
        self._end(now, (held for held in self._held if held.order != FOREIGN and held.transaction != transaction))

    def transaction_ended(self, transaction: str, now: float) -> None:
        """The transaction ended by the station's word, and with it every limit for it."""
        if self.accepted is not None and self.accepted.transaction == transaction:
            self.accepted = None
        is_current = self._transaction in (None, transaction)
        if is_current:
            self._transaction = None
        self._end(
            now,
            (held for held in self._held if held.transaction == transaction or (held.order == FOREIGN and is_current)),
        )

    def sent(self, order: Order) -> None:
        """Count an order from now on."""
        terms = self.terms
        until = None if order.expires_at is None else order.expires_at + terms.skew_s + terms.settle_s
        self._held.append(Held(order.order, order.transaction, order.limit_ma, order.phases, order.expires_at, until))
        self.open = order

    def ended(self, number: int, ending: Ending, now: float) -> None:
        """Take in how an order ended.

        An acceptance ends those before it that were answered. One that was not may be applied yet; and so may this one
        have been, after a later one whose answer came first.
        """
        order = self.open
        if order is not None and order.order == number:
            self.open = None
        if ending in (Ending.REJECTED, Ending.NOT_SENT):
            self._held = [held for held in self._held if held.order != number]
        mine = next((held for held in self._held if held.order == number), None)
        if mine is None:
            return
        if ending is Ending.UNKNOWN:
            self._drop_covered(mine)
            return
        if any(held.is_answered and held.order > number for held in self._held):
            return
        mine.is_answered = True
        if order is not None and order.order == number:
            self.accepted = order
        self._end(now, (held for held in self._held if held.is_answered and held.order < number))

    def _drop_covered(self, mine: Held) -> None:
        """Let go of those of which nothing will be heard either, and that mean no more: retries do not pile up."""
        open_order = None if self.open is None else self.open.order
        self._held = [
            held
            for held in self._held
            if held is mine or held.is_answered or held.order == open_order or not _covers(mine, held)
        ]

    def _end(self, now: float, ending: Iterable[Held]) -> None:
        """Let orders end as soon as the vehicle has followed."""
        settled = now + self.terms.settle_s
        for held in ending:
            held.until = settled if held.until is None else min(held.until, settled)


def _covers(one: Held, other: Held) -> bool:
    """Whether `one` may be in force for as long as `other`, and with no less."""
    return (
        one.transaction == other.transaction
        and one.limit_ma >= other.limit_ma
        and set(one.phases) >= set(other.phases)
        and (inf if one.until is None else one.until) >= (inf if other.until is None else other.until)
    )
