"""What a station still has to say: in order, bounded, its transaction messages safe until they are answered."""

from collections import deque
from datetime import datetime

from msgspec import Struct

from gateway.fleet.intents import Ask, Intent, Step

STEPS_MAX = 2000
"""Transaction messages kept while offline: a day and a half of one meter value a minute, about 1 MB."""

NOTICES_MAX = 64
"""Other messages waiting: a handful per EVSE, and what a server triggers. Beyond it the oldest is forgotten."""


class Outgoing(Struct, eq=False):
    """A message on its way. Encoded once, at its first sending, so that every repeat is the same."""

    intent: Intent
    ordinal: int
    triggered: bool = False
    """Asked for by the server, so it may be sent while registration is Pending."""
    sendings: int = 0
    """How often the server has had the time to answer it, and has not or with an error."""
    not_before_at: datetime | None = None
    action: str = ""
    payload: bytes = b""


class Outbox:
    """Two queues in one order. Notices (status, heartbeat) die with the connection; steps of transactions do not."""

    __slots__ = ("_notices", "_ordinal", "_steps", "steps_forgotten")

    def __init__(self) -> None:
        self._steps: deque[Outgoing] = deque()
        self._notices: deque[Outgoing] = deque()
        self._ordinal = 0
        self.steps_forgotten = 0
        """Meter values that found the queue full; a transaction's start and end are always kept."""

    @property
    def steps_waiting(self) -> int:
        """How many transaction messages are not answered yet."""
        return len(self._steps)

    @property
    def full(self) -> bool:
        """Whether no further meter value has room, so that no new transaction should begin either."""
        return len(self._steps) >= STEPS_MAX

    def put(self, intent: Intent, *, triggered: bool = False) -> bool:
        """Queue `intent`; False where it found no room."""
        outgoing = Outgoing(intent, self._ordinal, triggered)
        if isinstance(intent, Step):
            if self.full and intent.event == "Updated":
                self.steps_forgotten += 1
                return False
            self._steps.append(outgoing)
        else:
            if len(self._notices) >= NOTICES_MAX:
                self._notices.popleft()
            self._notices.append(outgoing)
        self._ordinal += 1
        return True

    def holds(self, kind: type[Intent]) -> bool:
        """Whether a notice of `kind` is waiting already."""
        return any(isinstance(outgoing.intent, kind) for outgoing in self._notices)

    def holds_steps_of(self, transaction: str) -> bool:
        """Whether a message of `transaction` is waiting."""
        return any(isinstance(held.intent, Step) and held.intent.transaction == transaction for held in self._steps)

    def first(self, now: datetime) -> Outgoing | None:
        """The message to send now. A transaction message that waits for its retry holds back only its like."""
        step = self._steps[0] if self._steps else None
        if step is not None and step.not_before_at is not None and step.not_before_at > now:
            step = None
        notice = self._notices[0] if self._notices else None
        if step is None or (notice is not None and notice.ordinal < step.ordinal):
            return notice
        return step

    def first_triggered(self) -> Outgoing | None:
        """The oldest message that the server has asked for."""
        return next((outgoing for outgoing in self._notices if outgoing.triggered), None)

    @property
    def next_at(self) -> datetime | None:
        """When the next retry is due."""
        return self._steps[0].not_before_at if self._steps else None

    def remove(self, outgoing: Outgoing) -> None:
        """Forget `outgoing`, which is answered or given up."""
        queue = self._steps if isinstance(outgoing.intent, Step) else self._notices
        if queue and queue[0] is outgoing:
            queue.popleft()
        elif outgoing in queue:
            queue.remove(outgoing)

    def forget_notices(self) -> list[Ask]:
        """The connection is gone: what was to be said about the moment is no longer true. Returns what was asked."""
        asked = [outgoing.intent for outgoing in self._notices if isinstance(outgoing.intent, Ask)]
        self._notices.clear()
        return asked
