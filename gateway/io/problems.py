"""What the API answers to commands: one table from outcomes and faults to status, title and type of a problem.

An accepted command is answered 200 with `{"outcome": "accepted", ...}`. Everything else is a problem document
(RFC 9457) whose `type` names the row of the table, with `outcome` and what there is to say as further members.
"""

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any, Final, TypeAlias

import msgspec
from msgspec import Raw, Struct

from gateway.core.calls import CallEnded, Outcome
from gateway.core.commands import CommandError, Fault
from gateway.core.flows.flow import Result

TYPE_PREFIX: Final = "urn:ocpp-gateway:problem:"

JSON: Final = "application/json"
PROBLEM_JSON: Final = "application/problem+json"


class Trouble(Enum):
    """Why a command is not carried out for a reason that has nothing to do with stations."""

    KEY_REUSED = "key_reused"
    STOPPING = "stopping"
    CROWDED = "crowded"
    OUR_ERROR = "our_error"


Cause: TypeAlias = Outcome | Fault | Trouble


class Problem(Struct, frozen=True):
    """One row: the HTTP status, what it means for a person, and when to ask again where that is known."""

    status: int
    title: str
    retry_after_s: int | None = None


PROBLEMS: Final[Mapping[Cause, Problem]] = {
    Outcome.REJECTED: Problem(409, "The station declined"),
    Outcome.CALL_ERROR: Problem(502, "The station answered with an error"),
    Outcome.TIMEOUT: Problem(504, "The station did not answer in time"),
    Outcome.UNKNOWN: Problem(504, "Nobody knows whether the station took it"),
    Outcome.OFFLINE: Problem(503, "The station is not connected"),
    Fault.STATION_UNKNOWN: Problem(404, "No such station"),
    Fault.ACTION_UNKNOWN: Problem(404, "No such action"),
    Fault.ACTION_OF_OTHER_VERSION: Problem(422, "The station's OCPP version has no such action"),
    Fault.NOT_JSON: Problem(400, "The body is not JSON"),
    Fault.INVALID: Problem(422, "The request is not valid"),
    Fault.NOT_ACCEPTED: Problem(409, "The station is not accepted"),
    Fault.TOO_MANY: Problem(429, "Too many commands wait for this station", retry_after_s=5),
    Fault.JOURNAL_FULL: Problem(503, "The journal is full", retry_after_s=30),
    Fault.STORE_UNAVAILABLE: Problem(503, "The store cannot be read", retry_after_s=30),
    Trouble.KEY_REUSED: Problem(422, "The idempotency key was used for another request"),
    Trouble.CROWDED: Problem(503, "Too many commands are under way", retry_after_s=5),
    Trouble.STOPPING: Problem(503, "The gateway is stopping", retry_after_s=5),
    Trouble.OUR_ERROR: Problem(500, "The gateway failed"),
}
"""Every way in which a command is not accepted."""


class Answer(Struct, frozen=True):
    """An HTTP answer with a JSON object as body. `repeated`: given before, to a request with the same key."""

    status: int
    body: bytes
    retry_after_s: int | None = None
    repeated: bool = False

    @property
    def content_type(self) -> str:
        """The media type of the body."""
        return JSON if self.status == 200 else PROBLEM_JSON


def answer_to_call(end: CallEnded) -> Answer:
    """Return the answer to a command that was one call. What the station said stays apart from our own words."""
    members: dict[str, Any] = {}
    if end.outcome is not Outcome.ACCEPTED:
        members["sent"] = end.sent
    if end.error_code is not None:
        members["error_code"] = end.error_code
    if end.reason is not None:
        members["error_description"] = end.reason
    if end.response is not None:
        members["response"] = Raw(end.response)
    return _answer(end.outcome, members)


def answer_to_flow(result: Result) -> Answer:
    """Return the answer to a flow."""
    return _answer(result.outcome, result.body, result.reason)


def answer_to_fault(error: CommandError, problems: Sequence[str] = ()) -> Answer:
    """Return the answer to a command that cannot be sent. `problems` are all that is wrong, where there is more."""
    members: dict[str, Any] = {} if error.path is None else {"path": error.path}
    if problems:
        members["problems"] = problems
    return _answer(error.fault, members, str(error))


def answer_to_trouble(trouble: Trouble, detail: str | None = None) -> Answer:
    """Return the answer to a command that is not carried out for our own reasons."""
    return _answer(trouble, {}, detail)


def answer_of_lost_command() -> Answer:
    """Return the answer to a command that was under way when the gateway ended."""
    return _answer(Outcome.UNKNOWN, {}, "the gateway ended while this command was under way; it is not sent again")


def _answer(cause: Cause, members: Mapping[str, Any], detail: str | None = None) -> Answer:
    outcome = {"outcome": cause.value} if isinstance(cause, Outcome) else {}
    if cause is Outcome.ACCEPTED:
        return Answer(200, msgspec.json.encode({**outcome, **members}))
    problem = PROBLEMS[cause]
    content: dict[str, Any] = {
        "type": TYPE_PREFIX + str(cause.value).replace("_", "-"),
        "title": problem.title,
        "status": problem.status,
        **({} if detail is None else {"detail": detail}),
        **outcome,
    }
    content |= {name: value for name, value in members.items() if name not in content}
    return Answer(problem.status, msgspec.json.encode(content), problem.retry_after_s)
