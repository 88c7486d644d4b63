"""Reports that arrive in parts, each a request of the station (NotifyReport and its like; 2.x use cases B07 and B08).

Parts carry the id of the request that asked for them, a number from 0 on, and whether more are to come (`tbc`).
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from gateway.core.calls import CallEnded, Outcome
from gateway.core.flows.flow import Operator, Result, failed
from gateway.core.stations import Station

PART_TIMEOUT_S: Final = 60.0
"""How long to wait for the next part. Stations have slow processors, and one part may be 100 kB."""

PARTS_MAX: Final = 10_000
"""Parts of one report that are counted: what has more is no report that ends."""

_EMPTY: Final = "EmptyResultSet"
"""The status of a request that was understood, but to which nothing belongs: no part follows."""


class Parts:
    """The parts of one report as they come. `hear_part` is called with each part that is new."""

    def __init__(self, request_id: int, hear_part: Callable[[Any], None]) -> None:
        self._request_id = request_id
        self._hear_part = hear_part
        self._seq_nos: set[int] = set()
        self._last: int | None = None

    @property
    def received(self) -> int:
        """How many parts came."""
        return len(self._seq_nos)

    @property
    def missing(self) -> list[int]:
        """Return the numbers that are missing among those that should have come by now."""
        end = self._last if self._last is not None else max(self._seq_nos, default=-1)
        return [number for number in range(min(end, PARTS_MAX) + 1) if number not in self._seq_nos]

    @property
    def whole(self) -> bool:
        """Whether the last part came and none is missing before it."""
        return self._last is not None and len(self._seq_nos) > self._last and not self.missing

    def take(self, request: Any) -> bool | None:
        """Take in what the station reports; return whether the report is whole now, None if this is no new part."""
        number = request.seq_no
        if request.request_id != self._request_id or not 0 <= number < PARTS_MAX:
            return None
        is_last = request.tbc is not True and self._last is None
        if is_last:
            self._last = number
        elif number in self._seq_nos:
            return None
        if number not in self._seq_nos:
            self._seq_nos.add(number)
            self._hear_part(request)
        return self.whole


REPORT_ANSWER: Final[Mapping[str, str]] = {
    "request_id": "Id of the request for the report.",
    "parts": "How many messages it came in.",
    "missing_parts": "Numbers of those that did not come, where it is not whole: the outcome is timeout.",
}
"""What the body of a result of `gather` holds, for `Flow.answer`."""


async def gather(
    operator: Operator,
    station: Station,
    action: str,
    request: Mapping[str, Any],
    *,
    reported_by: str,
    hear_part: Callable[[Any], None] = lambda _part: None,
) -> Result:
    """Ask for a report by `action` and wait for its parts, which come as `reported_by`. Raises CommandError.

    `request` is without its requestId. The body of the result has `request_id`, `parts`, and `missing_parts` where the
    report is not whole; then the outcome is timeout.
    """
    request_id = operator.next_request_id(station)
    parts = Parts(request_id, hear_part)
    hearing = operator.hear(station, reported_by, parts.take, timeout_s=PART_TIMEOUT_S)
    try:
        end = await operator.call(station, action, {"requestId": request_id, **request})
        status = getattr(end.payload, "status", None)
        if status == _EMPTY:
            return Result(Outcome.ACCEPTED, {"request_id": request_id, "parts": 0})
        if end.outcome is not Outcome.ACCEPTED:
            return failed(end) if status is None else refused(end, status)
        whole = await hearing.end()
    finally:
        hearing.stop()
    body: dict[str, Any] = {"request_id": request_id, "parts": parts.received}
    if whole:
        return Result(Outcome.ACCEPTED, body)
    body["missing_parts"] = parts.missing
    return Result(Outcome.TIMEOUT, body, "the station did not send the whole report")


def refused(end: CallEnded, status: str) -> Result:
    """Return the result of a call that the station answered with a status other than Accepted."""
    return Result(end.outcome, {"status": status}, f"the station answered {status}")
