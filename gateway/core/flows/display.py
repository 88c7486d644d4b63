"""Messages on the display of a station (2.x use cases O01 to O06)."""

from typing import Annotated, Any, Final, Literal

from msgspec import Meta

from gateway.core.calls import Outcome
from gateway.core.facts.display_messages import (
    DISPLAY_MESSAGES,
    DisplayMessage,
    message_of,
    records_of_cleared,
    records_of_set,
    shown,
)
from gateway.core.facts.kind import in_full
from gateway.core.flows.flow import Flow, Operator, Result, Shown
from gateway.core.flows.reports import PART_TIMEOUT_S
from gateway.core.flows.words import Body, Identifier, given, keep, remembered, require_2, result_of, stamp
from gateway.core.stations import Station
from gateway.wire.schema_types import Timestamp

ADVICE_16: Final = "it has no messages for its display; some take them as their vendor's POST data-transfer"

PARTS_MAX: Final = 256
"""Parts of one report; no display has so many messages."""


class SetMessage(Body, frozen=True, kw_only=True):
    """Show a message."""

    content: Annotated[str, Meta(min_length=1, max_length=1024, description="The message.")]
    id: Annotated[Identifier | None, Meta(description="Message that it replaces; absent: a new one.")] = None
    priority: Annotated[
        Literal["AlwaysFront", "InFront", "NormalCycle"], Meta(description="Whether it stays, or takes turns.")
    ] = "NormalCycle"
    format: Annotated[
        Literal["ASCII", "HTML", "URI", "UTF8", "QRCODE"], Meta(description="What `content` is; `QRCODE` is of 2.1.")
    ] = "UTF8"
    language: Annotated[
        Annotated[str, Meta(max_length=8)] | None, Meta(description="Language of the message, such as `en-GB`.")
    ] = None
    state: Annotated[
        Literal["Charging", "Faulted", "Idle", "Unavailable", "Suspended", "Discharging"] | None,
        Meta(description="Only in this state of the station; `Suspended` and `Discharging` are of 2.1."),
    ] = None
    start_at: Annotated[Timestamp | None, Meta(description="When it is shown first; absent: now.")] = None
    end_at: Annotated[Timestamp | None, Meta(description="When it is shown no more; absent: never.")] = None
    transaction: Annotated[
        Annotated[str, Meta(max_length=36)] | None, Meta(description="Only while this transaction runs.")
    ] = None


class ClearMessage(Body, frozen=True):
    """Clear a message, known to the gateway or not."""

    message_id: Annotated[Identifier, Meta(description="The id of the message.")]


class ReportMessages(Body, frozen=True):
    """Have the messages reported: what the gateway knows of them becomes what the station says."""


async def set_message(operator: Operator, station: Station, body: SetMessage) -> Result:
    """Show a message. A status of NotSupportedPriority, NotSupportedState and the like says why it is not shown."""
    require_2(operator, station, ADVICE_16)
    message_id = operator.next_request_id(station) if body.id is None else body.id
    message = DisplayMessage(
        message_id=message_id,
        priority=body.priority,
        format=body.format,
        content=body.content,
        language=body.language,
        state=body.state,
        start_at=body.start_at,
        end_at=body.end_at,
        transaction=body.transaction,
    )
    request = given(
        id=message_id,
        priority=body.priority,
        state=body.state,
        startDateTime=stamp(body.start_at),
        endDateTime=stamp(body.end_at),
        transactionId=body.transaction,
        message=given(format=body.format, language=body.language, content=body.content),
    )
    end = await operator.call(station, "SetDisplayMessage", {"message": request})
    shown_now = [message] if end.outcome is Outcome.ACCEPTED else []
    kept = await keep(operator, station, records_of_set(shown_now, operator.now()))
    return remembered(result_of(end, message_id=message_id), kept)


async def clear_message(operator: Operator, station: Station, body: ClearMessage) -> Result:
    """Clear a message. A status of Unknown says that there is none (use case O05)."""
    require_2(operator, station, ADVICE_16)
    end = await operator.call(station, "ClearDisplayMessage", {"id": body.message_id})
    cleared = [body.message_id] if getattr(end.payload, "status", None) in ("Accepted", "Unknown") else []
    kept = await keep(operator, station, records_of_cleared(cleared, operator.now()))
    return remembered(result_of(end, message_id=body.message_id), kept)


async def report_messages(operator: Operator, station: Station, body: ReportMessages) -> Result:
    """Have the messages reported (use case O03). A status of Unknown says that there are none: that is accepted.

    The parts of this report have no numbers, so that a lost one is not noticed.
    """
    require_2(operator, station, ADVICE_16)
    request_id = operator.next_request_id(station)
    reported: list[DisplayMessage] = []
    parts = 0

    def take(part: Any) -> bool | None:
        nonlocal parts
        if part.request_id != request_id:
            return None
        parts += 1
        reported.extend(message_of(message) for message in part.message_info or ())
        return part.tbc is not True or parts >= PARTS_MAX

    hearing = operator.hear(station, "NotifyDisplayMessages", take, timeout_s=PART_TIMEOUT_S)
    try:
        end = await operator.call(station, "GetDisplayMessages", {"requestId": request_id})
        status = getattr(end.payload, "status", None)
        if end.outcome is not Outcome.ACCEPTED and status != "Unknown":
            return result_of(end)
        whole = status == "Unknown" or await hearing.end()
    finally:
        hearing.stop()
    body_of_result = {"request_id": request_id, "messages": [in_full(message) for message in reported]}
    if not whole:
        return Result(Outcome.TIMEOUT, body_of_result, "the station did not send the whole report")
    now = operator.now()
    listed = {message.message_id for message in reported}
    gone = [known.message_id for known in DISPLAY_MESSAGES.of(station).values() if known.message_id not in listed]
    kept = await keep(operator, station, [*records_of_set(reported, now), *records_of_cleared(gone, now)])
    return remembered(Result(Outcome.ACCEPTED, body_of_result), kept)


FLOWS: Final = (
    Flow(
        "display-messages",
        SetMessage,
        set_message,
        "Show a message on the display",
        actions=("SetDisplayMessage",),
        answer={
            "message_id": "Id of the message.",
        },
    ),
    Flow(
        "display-messages/{message_id}",
        ClearMessage,
        clear_message,
        "Clear a message of the display",
        "DELETE",
        actions=("ClearDisplayMessage",),
        answer={
            "message_id": "As asked.",
        },
    ),
    Flow(
        "display-messages/report",
        ReportMessages,
        report_messages,
        "Have the messages of the display reported",
        actions=("GetDisplayMessages",),
        answer={
            "request_id": "Id of the request for the report.",
            "messages": "The messages, as `GET display-messages` shows them.",
        },
    ),
)
SHOWN: Final = (Shown("display-messages", shown, "Messages of the display that are known", DisplayMessage),)
