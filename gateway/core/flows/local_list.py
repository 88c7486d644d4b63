"""Flows of the local authorisation list: bring a station's list to what the operator's tokens are, and look at it.

OCPP 1.6 sections 5.10 and 5.15, 2.x use cases D01 and D02. The station gets what changed since the version that it has,
and everything where that is not known, not kept any more, or refused. What was sent but not answered leaves the version
unknown, on disk before the first message: so a list that was half written is never taken for an older one.
"""

from collections.abc import Sequence
from typing import Annotated, Any, Final

import msgspec
from msgspec import UNSET, Meta, Struct

from gateway.core.calls import CallEnded, Outcome
from gateway.core.commands import CommandError, Fault
from gateway.core.facts.item_limits import KEY as LIMITS_KEY
from gateway.core.facts.item_limits import LIMITS, ItemLimits, firmware_of, in_messages
from gateway.core.facts.local_list import KEY, LIST, ListState, Problem, list_state
from gateway.core.flows.flow import Flow, Operator, Result, failed
from gateway.core.flows.limits import item_limits, list_enabled
from gateway.core.flows.reports import gather
from gateway.core.flows.words import is_16, keep, remembered
from gateway.core.stations import Station
from gateway.core.token_history import VERSION_STEP, Entries, TokenHistory

_HAS_NO_LIST: Final = frozenset({"NotImplemented", "NotSupported"})
"""Error codes of a station that has no local list at all."""


class SyncRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Bring the list in step with the gateway's own tokens, at a station whose group says `local_list = true`."""

    full: Annotated[bool, Meta(description="Whether all of it is sent, whatever the station has.")] = False


class ShowRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Look at what the list should hold and what it holds, as far as that is known."""


class _Unusable(Exception):  # noqa: N818 - what the list is
    """The station's list cannot be what it should be, and why."""

    def __init__(self, problem: Problem, reason: str) -> None:
        super().__init__(reason)
        self.problem = problem
        self.reason = reason


async def sync(operator: Operator, station: Station, request: SyncRequest) -> Result:
    """Bring the station's list in step, and say how that was done. Raises CommandError."""
    history = operator.token_history(station)
    if history is None:
        raise CommandError(Fault.INVALID, "no list is kept for this station: its group does not say local_list = true")
    if station.identity in history.being_sent:
        raise CommandError(Fault.TOO_MANY, "the list is being sent to this station already")
    history.being_sent.add(station.identity)
    try:
        return await _sync(operator, station, history, full=request.full)
    except _Unusable as error:
        state = ListState(
            foreign=list_state(station).foreign,
            problem=error.problem,
            reason=error.reason,
            firmware=firmware_of(station),
        )
        kept = await _keep(operator, station, state)
        return remembered(Result(Outcome.REJECTED, {"problem": error.problem}, error.reason), kept)
    finally:
        history.being_sent.discard(station.identity)


async def _sync(operator: Operator, station: Station, history: TokenHistory, *, full: bool) -> Result:
    subprotocol = operator.version(station)
    whole = history.full(subprotocol)
    limits = await _usable_limits(operator, station, whole)
    if isinstance(limits, CallEnded):
        return failed(limits)
    version: int | None = None
    if not full and not list_state(station).foreign:
        told = await _version(operator, station)
        if isinstance(told, CallEnded):
            return failed(told)
        version = told
    difference = history.difference(version, subprotocol) if version is not None and version in history else None
    if difference == [] or (not whole and version == 0):
        return await _in_step(operator, station, history, "None", 0)
    _require_room(whole, limits)
    if not list_state(station).foreign and list_state(station) != ListState():
        await operator.record(station, [LIST.holds(KEY, ListState(), operator.now())])
    if difference is not None and len(difference) < len(whole):
        messages = in_messages(difference, "SendLocalList", limits)
        if await _send(operator, station, history.version, "Differential", messages) is None:
            return await _in_step(operator, station, history, "Differential", len(messages))
    messages = in_messages(whole, "SendLocalList", limits) or [()]
    end = await _send(operator, station, history.version, "Full", messages)
    if end is None:
        return await _in_step(operator, station, history, "Full", len(messages))
    return await _failed(operator, station, end)


async def _usable_limits(operator: Operator, station: Station, whole: Entries) -> ItemLimits | CallEnded:
    """Return the limits of a station whose list is switched on, with its capacity. Raises _Unusable."""
    limits = await item_limits(operator, station)
    if isinstance(limits, CallEnded):
        return limits
    if limits.list_enabled is False:  # maybe somebody switched it on since
        enabled = await list_enabled(operator, station, limits)
        if enabled is not True:
            raise _Unusable("disabled", "the station's local list is switched off (LocalAuthListEnabled)")
        limits = await _keep_limits(operator, station, msgspec.structs.replace(limits, list_enabled=True))
    if whole and limits.list_entries is None and not is_16(operator, station):
        entries = await _list_entries(operator, station)
        if entries is not None:
            limits = await _keep_limits(operator, station, msgspec.structs.replace(limits, list_entries=entries))
    return limits


async def _list_entries(operator: Operator, station: Station) -> int | None:
    """Return how many tokens the list of a 2.x station holds: 0 if it does not say, None if it is gone.

    That is the maxLimit of LocalAuthListCtrlr.Entries, which only a report tells (2.x Part 2 appendix).
    """
    found = 0

    def hear_part(part: Any) -> None:
        nonlocal found
        for row in [] if part.report_data is UNSET else part.report_data:
            about = row.variable_characteristics
            if row.variable.name == "Entries" and about is not UNSET and about.max_limit is not UNSET:
                found = max(0, int(about.max_limit))

    asked = {"component": {"name": "LocalAuthListCtrlr"}, "variable": {"name": "Entries"}}
    request = {"componentVariable": [asked]}
    result = await gather(operator, station, "GetReport", request, reported_by="NotifyReport", hear_part=hear_part)
    return None if result.outcome in (Outcome.OFFLINE, Outcome.UNKNOWN) else found


async def _version(operator: Operator, station: Station) -> int | CallEnded:
    """Ask which version the station has. Raises _Unusable if it has no list."""
    end = await operator.call(station, "GetLocalListVersion", {})
    payload: Any = end.payload
    if payload is None:
        if end.error_code in _HAS_NO_LIST:
            raise _Unusable("unsupported", "the station has no local list")
        return end
    version = int(payload.list_version if is_16(operator, station) else payload.version_number)
    if version < 0:  # 1.6 section 5.10
        raise _Unusable("unsupported", "the station has no local list")
    return version


def _require_room(whole: Entries, limits: ItemLimits) -> None:
    """Raise _Unusable if the station cannot hold the list, or takes it in too many pieces."""
    if limits.list_entries and len(whole) > limits.list_entries:
        raise _Unusable("too_small", f"the list has {len(whole)} tokens, the station holds {limits.list_entries}")
    if len(in_messages(whole, "SendLocalList", limits)) > VERSION_STEP:
        raise _Unusable("too_small", f"the list would take more than {VERSION_STEP} messages to this station")


async def _send(
    operator: Operator, station: Station, version: int, update_type: str, messages: Sequence[Sequence[Any]]
) -> CallEnded | None:
    """Send one list in its parts, each with a higher version; return the end of the call that failed, if one did."""
    field = "listVersion" if is_16(operator, station) else "versionNumber"
    for number, message in enumerate(messages, start=1):
        request: dict[str, Any] = {
            field: version - (len(messages) - number),
            "updateType": update_type if number == 1 else "Differential",
        }
        if message:
            request["localAuthorizationList"] = message
        end = await operator.call(station, "SendLocalList", request)
        if end.outcome is not Outcome.ACCEPTED:
            return end
    return None


async def _failed(operator: Operator, station: Station, end: CallEnded) -> Result:
    """Keep that the whole list could not be sent. Raises _Unusable if the station has none."""
    status = getattr(end.payload, "status", None)
    if status == "NotSupported" or end.error_code in _HAS_NO_LIST:
        raise _Unusable("unsupported", "the station has no local list")
    reason = f"the station answered {status}" if status is not None else end.reason or end.outcome.value
    foreign = list_state(station).foreign
    await _keep(operator, station, ListState(foreign=foreign, problem="failed", reason=reason))
    result = failed(end)
    return Result(result.outcome, {**result.body, "problem": "failed"}, reason)


async def _keep(operator: Operator, station: Station, state: ListState) -> bool:
    """Keep what is known of the list; False if the journal has no room, so that it will be asked for again."""
    records = [] if state == list_state(station) else [LIST.holds(KEY, state, operator.now())]
    return await keep(operator, station, records)


async def _keep_limits(operator: Operator, station: Station, limits: ItemLimits) -> ItemLimits:
    await keep(operator, station, [LIMITS.holds(LIMITS_KEY, limits, operator.now())])
    return limits


async def _in_step(
    operator: Operator, station: Station, history: TokenHistory, update_type: str, messages: int
) -> Result:
    """Keep that the station has the list, and say how it got there."""
    entries = len(history.full(operator.version(station)))
    kept = await _keep(operator, station, ListState(history.version, entries))
    body = {"version": history.version, "entries": entries, "update_type": update_type, "messages": messages}
    return remembered(Result(Outcome.ACCEPTED, body), kept)


async def show(operator: Operator, station: Station, request: ShowRequest) -> Result:
    """Show what the station's list should hold and what it holds, as far as that is known."""
    state = list_state(station)
    body: dict[str, Any] = {"version": state.version, "entries": state.entries}
    for name, value in (("problem", state.problem), ("reason", state.reason)):
        if value is not None:
            body[name] = value
    history = operator.token_history(station)
    body["kept_in_step"] = history is not None
    if history is not None:
        subprotocol = operator.version(station)
        body["in_step"] = state.version == history.version
        body["wanted_version"] = history.version
        body["wanted_entries"] = len(history.full(subprotocol))
        body["left_out"] = history.left_out(subprotocol)
    return Result(Outcome.ACCEPTED, body)


FLOWS: Final[Sequence[Flow]] = (
    Flow(
        "local-list/sync",
        SyncRequest,
        sync,
        "Bring the station's local authorisation list in step",
        actions=("GetLocalListVersion", "SendLocalList"),
        answer={
            "version": "Version of the list that the station has now.",
            "entries": "How many id tokens it has.",
            "update_type": "How it was sent: `Full`, `Differential`, or `None` if the station had it.",
            "messages": "How many messages that took.",
            "problem": "Why it is not in step: `unsupported`, `disabled`, `too_small` or `failed`.",
        },
    ),
    Flow(
        "local-list",
        ShowRequest,
        show,
        "Look at the station's local authorisation list",
        "GET",
        answer={
            "version": "Version that the station has; null if that is not known.",
            "entries": "How many id tokens were sent with it.",
            "problem": "Why it is not in step: `unsupported`, `disabled`, `too_small` or `failed`.",
            "reason": "The same for a person.",
            "kept_in_step": "Whether the gateway keeps a list for this station; the rest only if so.",
            "in_step": "Whether the station has what it should.",
            "wanted_version": "Version that it should have.",
            "wanted_entries": "How many id tokens it should have.",
            "left_out": "How many id tokens its OCPP version cannot hold.",
        },
    ),
)
