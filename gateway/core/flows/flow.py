"""What a flow is: something that an operator wants as one thing, though it takes a station several messages.

A flow speaks OCPP 2.x words and is translated for 1.6. It is a coroutine, but knows no event loop: all that it may do
is in the `Operator` that it is given.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any, Literal, Protocol, TypeAlias

from msgspec import Struct

from gateway.core.calls import CallEnded, Outcome
from gateway.core.device_model import VariablePage, VariableQuery
from gateway.core.records import Record
from gateway.core.stations import Station
from gateway.core.token_history import TokenHistory


class Operator(Protocol):
    """What a flow may do."""

    def now(self) -> datetime:
        """Return the time."""

    def version(self, station: Station) -> str:
        """Return the subprotocol that the station speaks, or spoke when it booted last. Raises CommandError."""

    def next_request_id(self, station: Station) -> int:
        """Return an id for a request, a remote start or a reservation: positive, and new to the station."""

    async def call(
        self, station: Station, action: str, request: Mapping[str, Any], *, timeout_s: float | None = None
    ) -> CallEnded:
        """Send one call, whose payload is `request`, and return its end. Raises CommandError."""

    def reaches(self, station: Station, action: str, request: Mapping[str, Any]) -> bool:
        """Whether `call` would reach the station now: False if it is not connected. Raises CommandError as `call`.

        For what must be on disk before the call: nothing is recorded in vain.
        """

    async def record(self, station: Station, records: list[Record]) -> None:
        """Let records take effect, and return once they are on disk. Raises CommandError if the journal is full."""

    def hear(self, station: Station, action: str, take: Callable[[Any], bool | None], *, timeout_s: float) -> "Hearing":
        """Listen from now on to what the station sends as `action`: see `Hearing`.

        `take` returns whether this was the last of it, or None if it is no news.
        """

    async def stored_variables(self, station: Station, query: VariableQuery) -> VariablePage:
        """Return what the store has of the station's variables. Raises CommandError if it cannot be read."""

    def token_history(self, station: Station) -> TokenHistory | None:
        """Return the id tokens that the station's local list should hold; None if it is not kept in step."""


class Hearing(Protocol):
    """Requests of a station that a flow waits for, such as the parts of a report. Begin before they are asked for."""

    async def end(self) -> bool:
        """Wait until `take` has returned True for a request; False if `timeout_s` passed without news.

        `timeout_s` is counted anew from each request that was news, but not for ever. A station that leaves meanwhile
        may come back and go on: what it could not send it sends again.
        """

    def stop(self) -> None:
        """Listen no more."""


class Result(Struct, frozen=True):
    """What became of a flow: how it ended, and what there is to say of it, as a JSON object in 2.x words.

    `reason` says why it was not accepted, for a person.
    """

    outcome: Outcome
    body: Mapping[str, Any] = {}
    reason: str | None = None


Run: TypeAlias = Callable[[Operator, Station, Any], Awaitable[Result]]


class Flow(Struct, frozen=True):
    """One flow as the API has it: `method` and `path` below a station, the type of its body, and what it does.

    A `{name}` in the path joins the body as the field of that name. A GET has no body: its fields come from the query
    parameters, and it asks neither for an Idempotency-Key nor anything of the station. `actions` are the calls that it
    makes for itself, in any version; the table of actions shows them. `answer` has a line for each member that the body
    of a result may have, beside `status`, `status_info`, `error_code` and `not_remembered`.
    """

    path: str
    request_type: type[Struct]
    run: Run
    summary: str
    method: Literal["GET", "POST", "PUT", "DELETE"] = "POST"
    actions: tuple[str, ...] = ()
    answer: Mapping[str, str] = {}


class Shown(Struct, frozen=True):
    """Something about a station that can be looked at: `path` below a station, and what is shown as JSON.

    `show(station, parameters, now)` gets what stands for each `{name}` of the path, and returns None where there is
    no such thing: else one row, or a list of them where the path names none. A row has the fields of `row_type`, and
    those that `more` has a line for.
    """

    path: str
    show: Callable[[Station, Mapping[str, str], datetime], Any]
    summary: str
    row_type: type[Struct]
    more: Mapping[str, str] = {}


def failed(end: CallEnded) -> Result:
    """Return the result of a flow whose call did not end as it should."""
    body: dict[str, Any] = {}
    if end.error_code is not None:
        body["error_code"] = end.error_code
    return Result(end.outcome, body, end.reason)
