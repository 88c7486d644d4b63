"""Availability, unlock, reset, trigger, cache and data transfer: flows of one call (OCPP 2.x parts B, C, F, G, P)."""

from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from gateway.core.flows.flow import Flow, Operator, Result
from gateway.core.flows.words import (
    OCPP21,
    Body,
    Connector,
    Evse,
    connector_16,
    evse_2,
    given,
    invalid,
    is_16,
    response_of,
    result_of,
)
from gateway.core.stations import Station

TRIGGERS_16: Final = frozenset(
    {
        "BootNotification",
        "DiagnosticsStatusNotification",
        "FirmwareStatusNotification",
        "Heartbeat",
        "MeterValues",
        "StatusNotification",
    }
)
"""What TriggerMessage of 1.6 knows (section 7.32)."""

EXTENDED_TRIGGERS_16: Final = {
    "LogStatusNotification": "LogStatusNotification",
    "SignChargingStationCertificate": "SignChargePointCertificate",
    "SignChargePointCertificate": "SignChargePointCertificate",
}
"""What only ExtendedTriggerMessage of the 1.6 security whitepaper knows, by its name in 2.x or in 1.6."""


class Availability(Body, frozen=True):
    """Let a station, an EVSE or a connector charge, or not. A status of Scheduled: once its transaction has ended."""

    operative: Annotated[bool, Meta(description="Whether it may charge.")]
    evse: Annotated[Evse | None, Meta(description="Number of the EVSE; absent: the whole station.")] = None
    connector: Annotated[Connector | None, Meta(description="Connector of the EVSE; absent: all of it.")] = None


class Unlock(Body, frozen=True):
    """Unlock a connector."""

    evse: Evse
    connector: Connector = 1


class Reset(Body, frozen=True):
    """Restart a station, or one EVSE of it in 2.x.

    Immediate ends what is running: in 1.6 a Hard reset. OnIdle spares what is running: in 1.6, which cannot wait, a
    Soft reset while nothing runs, and else an error. ImmediateAndResume is of 2.1.
    """

    type: Annotated[
        Literal["Immediate", "OnIdle", "ImmediateAndResume"], Meta(description="What becomes of what is running.")
    ] = "OnIdle"
    evse: Annotated[Evse | None, Meta(description="Number of the EVSE; absent: the whole station.")] = None


class Trigger(Body, frozen=True):
    """Ask a station to send a message now."""

    message: Annotated[str, Meta(description="Action to be sent, such as `StatusNotification`.")]
    evse: Annotated[Evse | None, Meta(description="EVSE that it is to be about; absent: the station.")] = None
    connector: Annotated[Connector | None, Meta(description="Connector of the EVSE that it is to be about.")] = None
    custom_trigger: Annotated[
        str | None, Meta(description="Message of the station's own (2.1), where `message` is `CustomTrigger`.")
    ] = None


class ClearCache(Body, frozen=True):
    """Have a station forget which tokens it saw accepted."""


class DataTransfer(Body, frozen=True):
    """Send what is between a vendor and its stations."""

    vendor_id: Annotated[str, Meta(description="Whose message it is, by convention a reversed domain name.")]
    message_id: Annotated[str | None, Meta(description="Which of the vendor's messages it is.")] = None
    data: Annotated[Any, Meta(description="What it says. 1.6 has texts only: anything else is sent as its JSON.")] = (
        None
    )


async def availability(operator: Operator, station: Station, body: Availability) -> Result:
    """Change what may charge (OCPP 1.6 section 5.2, 2.x use cases G03 and G04)."""
    wanted = "Operative" if body.operative else "Inoperative"
    if is_16(operator, station):
        request: dict[str, Any] = {"connectorId": connector_16(body.evse, body.connector), "type": wanted}
    else:
        request = given(operationalStatus=wanted, evse=evse_2(body.evse, body.connector))
    return result_of(await operator.call(station, "ChangeAvailability", request))


async def unlock(operator: Operator, station: Station, body: Unlock) -> Result:
    """Unlock a connector (OCPP 1.6 section 5.18, 2.x use case F05)."""
    if is_16(operator, station):
        request = {"connectorId": connector_16(body.evse, body.connector)}
    else:
        request = {"evseId": body.evse, "connectorId": body.connector}
    return result_of(await operator.call(station, "UnlockConnector", request))


async def reset(operator: Operator, station: Station, body: Reset) -> Result:
    """Restart (OCPP 1.6 section 5.14, 2.x use cases B11 and B12)."""
    version = operator.version(station)
    if body.type == "ImmediateAndResume" and version != OCPP21:
        raise invalid("only OCPP 2.1 resumes a transaction after a reset", "$.type")
    if is_16(operator, station):
        return result_of(await operator.call(station, "Reset", {"type": _reset_16(station, body)}))
    return result_of(await operator.call(station, "Reset", given(type=body.type, evseId=body.evse)))


def _reset_16(station: Station, body: Reset) -> str:
    if body.evse is not None:
        raise invalid("OCPP 1.6 resets whole stations", "$.evse")
    if body.type == "Immediate":
        return "Hard"
    if station.running_transactions():
        reason = "a transaction is running, and OCPP 1.6 cannot wait for its end: stop it, or ask for Immediate"
        raise invalid(reason, "$.type")
    return "Soft"


async def trigger(operator: Operator, station: Station, body: Trigger) -> Result:
    """Ask for a message (OCPP 1.6 section 5.17, its security whitepaper section 4.5, 2.x use case F06)."""
    if not is_16(operator, station):
        request = given(
            requestedMessage=body.message,
            evse=evse_2(body.evse, body.connector),
            customTrigger=body.custom_trigger,
        )
        return result_of(await operator.call(station, "TriggerMessage", request))
    if body.custom_trigger is not None:
        raise invalid("only OCPP 2.1 has triggers of a station's own", "$.custom_trigger")
    connector = connector_16(body.evse, body.connector)
    action, message = "TriggerMessage", body.message
    if message in EXTENDED_TRIGGERS_16:
        action, message = "ExtendedTriggerMessage", EXTENDED_TRIGGERS_16[message]
    elif message not in TRIGGERS_16:
        known = ", ".join(sorted(TRIGGERS_16 | EXTENDED_TRIGGERS_16.keys()))
        raise invalid(f"what OCPP 1.6 can be asked for is: {known}", "$.message")
    request = given(requestedMessage=message, connectorId=connector or None)
    return result_of(await operator.call(station, action, request))


async def clear_cache(operator: Operator, station: Station, body: ClearCache) -> Result:
    """Clear the authorisation cache (OCPP 1.6 section 5.4, 2.x use case C11)."""
    return result_of(await operator.call(station, "ClearCache", {}))


async def data_transfer(operator: Operator, station: Station, body: DataTransfer) -> Result:
    """Send a vendor's message; the result has the `data` of the answer."""
    data = body.data
    if data is not None and not isinstance(data, str) and is_16(operator, station):
        data = msgspec.json.encode(data).decode()
    request = given(vendorId=body.vendor_id, messageId=body.message_id, data=data)
    end = await operator.call(station, "DataTransfer", request)
    return result_of(end, **given(data=response_of(end).get("data")))


FLOWS: Final = (
    Flow(
        "availability",
        Availability,
        availability,
        "Let a station, an EVSE or a connector charge, or not",
        actions=("ChangeAvailability",),
    ),
    Flow("unlock", Unlock, unlock, "Unlock a connector", actions=("UnlockConnector",)),
    Flow("reset", Reset, reset, "Restart a station or an EVSE", actions=("Reset",)),
    Flow(
        "trigger",
        Trigger,
        trigger,
        "Ask a station to send a message now",
        actions=("TriggerMessage", "ExtendedTriggerMessage"),
    ),
    Flow("cache/clear", ClearCache, clear_cache, "Clear the authorisation cache", actions=("ClearCache",)),
    Flow(
        "data-transfer",
        DataTransfer,
        data_transfer,
        "Send a vendor's message",
        actions=("DataTransfer",),
        answer={
            "data": "What the station answered with, if anything.",
        },
    ),
)
