"""Outgoing calls of one connection: one is open, the others wait behind it, and each ends exactly once.

OCPP-J allows one open CALL per direction (1.6 section 4.1.1, 2.x Part 4 section 4.1.1). What the station's own calls
do does not matter here: the directions are independent.
"""

from collections import deque
from collections.abc import Callable
from enum import Enum
from math import inf
from typing import Any, Final, TypeAlias

import msgspec
from msgspec import Struct

from gateway.wire.schema_types import Payload
from gateway.wire.versions import Action

WAITING_MAX: Final = 32
"""Calls that wait behind the open one. A station that answers takes seconds for them; for one that does not, more
would only wait in vain."""

DONE: Final = frozenset({"Accepted", "AcceptedCanceled", "RebootRequired", "Scheduled", "Unlocked", "Unpublished"})
"""Statuses by which a station says that it does what it was asked. Every other status is a rejection."""

_decode: Final = msgspec.json.decode


class Outcome(Enum):
    """How a call ended. TIMEOUT and UNKNOWN leave open whether it took effect; OFFLINE says that it was never sent."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    CALL_ERROR = "call_error"
    TIMEOUT = "timeout"
    OFFLINE = "offline"
    UNKNOWN = "unknown"


class CallEnded(Struct, frozen=True):
    """The end of a call. `response` is the payload of a valid CALLRESULT: as JSON, and decoded in `payload`.

    `error_code` and `reason` are those of a CALLERROR, or say what was wrong with an answer; they are the station's own
    words and must be shown as such. `sent` is False where the station cannot have heard of the call.
    """

    outcome: Outcome
    sent: bool = True
    response: bytes | None = None
    payload: Payload | None = None
    error_code: str | None = None
    reason: str | None = None


class Call(Struct, eq=False):
    """One call on its way. `payload` is a valid request as JSON; `ended` hears of its end, once, and never raises."""

    action: Action
    payload: bytes
    deadline_monotonic_s: float
    ended: Callable[[CallEnded], None]
    message_id: str = ""


Schedule: TypeAlias = Callable[["CallQueue", float], None]


class CallQueue:
    """The calls of one connection. `send` gives a call an id and writes it; False if the connection takes no more.

    `schedule(queue, deadline)` has `tick` called at `deadline` (monotonic seconds) or a little later.
    """

    __slots__ = ("__weakref__", "_due_s", "_open", "_schedule", "_send", "_waiting")

    def __init__(self, send: Callable[[Call], bool], schedule: "Schedule") -> None:
        self._send = send
        self._schedule = schedule
        self._open: Call | None = None
        self._waiting: deque[Call] = deque()
        self._due_s = inf

    @property
    def full(self) -> bool:
        """Whether no call can be taken now."""
        return len(self._waiting) >= WAITING_MAX

    @property
    def open_action(self) -> str | None:
        """The action of the call that the station has to answer, None if there is none."""
        return None if self._open is None else self._open.action.name

    @property
    def waiting(self) -> int:
        """How many calls wait behind the open one."""
        return len(self._waiting)

    def put(self, call: Call) -> None:
        """Send a call, at once or after those before it. The queue must not be `full`."""
        assert not self.full, "the caller looks before it puts"
        self._waiting.append(call)
        if call.deadline_monotonic_s < self._due_s:
            self._due_s = call.deadline_monotonic_s
            self._schedule(self, self._due_s)
        self.send_next()

    def take_answered(self, message_id: str) -> Call | None:
        """Return the open call if this is its id, and take it as answered; `send_next` after that."""
        call = self._open
        if call is None or call.message_id != message_id:
            return None
        self._open = None
        return call

    def send_next(self) -> None:
        """Send the next call, if the one before has ended."""
        while self._open is None and self._waiting:
            call = self._waiting.popleft()
            self._open = call
            if not self._send(call):
                self._open = None
                call.ended(CallEnded(Outcome.OFFLINE, sent=False))

    def tick(self, now: float) -> float | None:
        """End the calls whose deadline has come, and return when the next one's will."""
        if now < self._due_s:
            return None  # another call came before this one; its own deadline is scheduled
        late = [call for call in self._waiting if call.deadline_monotonic_s <= now]
        self._waiting = deque(call for call in self._waiting if call.deadline_monotonic_s > now)
        call = self._open
        if call is not None and call.deadline_monotonic_s <= now:
            self._open = None
            call.ended(CallEnded(Outcome.TIMEOUT))
        for call in late:
            call.ended(CallEnded(Outcome.TIMEOUT, sent=False))
        self.send_next()
        waiting = [call.deadline_monotonic_s for call in self._waiting]
        if self._open is not None:
            waiting.append(self._open.deadline_monotonic_s)
        self._due_s = min(waiting, default=inf)
        return None if self._due_s == inf else self._due_s

    def close(self) -> None:
        """End everything: the connection is gone. Nobody knows what became of the open call."""
        call, self._open = self._open, None
        waiting, self._waiting = self._waiting, deque()
        if call is not None:
            call.ended(CallEnded(Outcome.UNKNOWN))
        for call in waiting:
            call.ended(CallEnded(Outcome.OFFLINE, sent=False))


def outcome_of(response: bytes) -> Outcome:
    """Return what a valid response says: its status, or those of its items, of which one that is done is enough.

    A response that has neither says what it was asked for, as GetConfiguration does.
    """
    statuses = list(_statuses(_decode(response)))
    return Outcome.ACCEPTED if not statuses or any(status in DONE for status in statuses) else Outcome.REJECTED


def _statuses(response: Any) -> list[str]:
    if isinstance(response.get("status"), str):
        return [response["status"]]
    items = [item for value in response.values() if isinstance(value, list) for item in value if isinstance(item, dict)]
    found = [item.get("status", item.get("attributeStatus")) for item in items]
    return [status for status in found if isinstance(status, str)]
