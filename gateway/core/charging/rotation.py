"""Whose turn it is where not all can charge at once: stride scheduling in slots on a common grid.

A session that was served pays for the slot, the less the greater its weight; who paid least is next. Turns begin and
end at the same instants for all of a site, so a three-phase session never waits for three one-phase slots that end one
after the other; what is left of a slot when a session begins is free. With n equal sessions and room for K, each is
served within ceil(n / K) slots.
"""

import math
from collections.abc import Hashable, Sequence
from typing import Generic, NamedTuple, TypeVar

from msgspec import Struct

SessionT = TypeVar("SessionT", bound=Hashable)

SLOT_PASS = 1_000_000_000
"""What a whole slot costs a session of weight 1. Weights up to 1,000 cost different amounts, to a millionth."""

LATE_SHARE = 0.01
"""Of a slot: who begins no later than this began with it."""


class Place(NamedTuple):
    """A session's place in the order of admission: those that are pinned stay, then the lowest pass comes first."""

    pinned: bool
    stride_pass: int


class _Turn(Struct):
    weight: int
    stride_pass: int
    served_from: int | None = None
    pinned_until: int = 0


class Rotation(Generic[SessionT]):
    """The turns of a site's sessions. Slots of `slot_s` seconds begin at its whole multiples since the epoch."""

    def __init__(self, slot_s: float) -> None:
        if not slot_s > 0:
            raise ValueError(f"slots of {slot_s} s")
        self._slot_s = slot_s
        self._turns: dict[SessionT, _Turn] = {}
        self._waiting: set[SessionT] = set()
        self._slot = 0

    def add(self, session: SessionT, weight: int, stride_pass: int = 0) -> None:
        """Let a session take turns. It begins with the least that anyone has paid; `stride_pass`: it had paid more."""
        least = min((turn.stride_pass for turn in self._turns.values()), default=0)
        self._turns[session] = _Turn(weight, max(least, stride_pass))
        self._waiting.add(session)

    def remove(self, session: SessionT) -> int:
        """Take a session away, and return what it has paid, for `add`."""
        self._waiting.discard(session)
        return self._turns.pop(session).stride_pass

    def set_weight(self, session: SessionT, weight: int) -> None:
        """Change what the session pays from now on."""
        self._turns[session].weight = weight

    def place(self, session: SessionT) -> Place:
        """Return the session's place."""
        turn = self._turns[session]
        return Place(turn.pinned_until > self._slot, turn.stride_pass)

    def serve(self, session: SessionT, is_served: bool, now: float) -> bool:
        """Tell whether the session is admitted. Returns whether its place has changed.

        Whoever begins is pinned for a whole slot at least, so until the end of the next where one is under way.
        """
        turn = self._turns[session]
        if is_served == (turn.served_from is not None):
            return False
        if is_served:
            self._waiting.discard(session)
            turn.served_from = math.ceil(now / self._slot_s - LATE_SHARE)
            turn.pinned_until = turn.served_from + 1
        else:
            self._waiting.add(session)
            turn.served_from, turn.pinned_until = None, 0
        return True

    def turn_over(self, now: float) -> Sequence[SessionT]:
        """Begin a slot, if one begins: who was served pays for it, if anyone waited. Returns whose place changed."""
        slot = math.floor(now / self._slot_s)
        if slot <= self._slot:
            return ()
        self._slot = slot
        served = []
        for session, turn in self._turns.items():
            if turn.served_from is not None:
                if turn.served_from < slot:
                    turn.stride_pass += SLOT_PASS // turn.weight if self._waiting else 0
                    turn.served_from = slot
                served.append(session)
        return served

    def next_at(self) -> float | None:
        """Return when the next slot begins, or None while nobody waits."""
        return (self._slot + 1) * self._slot_s if self._waiting else None

    def waits(self, session: SessionT) -> bool:
        """Whether the session has no turn now."""
        return session in self._waiting
