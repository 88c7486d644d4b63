"""What customers see, and what a station knows of them (Part 2, blocks O and N09)."""

from datetime import datetime

import msgspec

from gateway.fleet.commands2.answers import report, status
from gateway.fleet.dialect import Payload, Refusal, Serve, timestamp
from gateway.fleet.payloads2 import (
    ClearDisplayMessage,
    CustomerInformation,
    DisplayMessage,
    GetDisplayMessages,
    SetDisplayMessage,
)
from gateway.fleet.station import SimulatedStation

MESSAGES_PER_REPORT = 5
"""Display messages in one NotifyDisplayMessages."""

CUSTOMER_CHARACTERS = 512
"""Longest `data` of one NotifyCustomerInformation (its schema)."""


def set_message(station: SimulatedStation, asked: SetDisplayMessage, now: datetime) -> Payload:
    """O01, O02."""
    try:
        ends_at = msgspec.convert(asked.message, DisplayMessage).end_date_time
    except msgspec.ValidationError as error:
        raise Refusal("FormatViolation", f"message: {error}") from error
    return status(station.equipment.displays.set(asked.message, ends_at, station.transactions))


def get_messages(station: SimulatedStation, asked: GetDisplayMessages, now: datetime) -> Payload:
    """O03, O04."""
    found = station.equipment.displays.get(asked.id, asked.priority, asked.state, now)
    if not found:
        return status("Unknown")
    common = {"requestId": asked.request_id}
    report(station, "NotifyDisplayMessages", common, "messageInfo", found, MESSAGES_PER_REPORT)
    return status("Accepted")


def clear_message(station: SimulatedStation, asked: ClearDisplayMessage, now: datetime) -> Payload:
    """O05."""
    return status(station.equipment.displays.clear(asked.id))


def customer_information(station: SimulatedStation, asked: CustomerInformation, now: datetime) -> Payload:
    """N09, N10. A station knows id tokens: those on its list, and those that charge."""
    names = (asked.id_token, asked.customer_identifier, asked.customer_certificate)
    if sum(name is not None for name in names) != 1:
        return status("Invalid", "InvalidMessage")
    if not (asked.report or asked.clear):
        return status("Rejected")
    told = "" if asked.id_token is None else _known(station, asked.id_token.id_token)
    if asked.clear and asked.id_token is not None:
        station.equipment.local_list.forget(asked.id_token.id_token)
    if asked.report or asked.clear:
        common: Payload = {"requestId": asked.request_id, "generatedAt": timestamp(now)}
        starts = range(0, max(len(told), 1), CUSTOMER_CHARACTERS)
        for number, start in enumerate(starts):
            part = common | {"seqNo": number, "data": told[start : start + CUSTOMER_CHARACTERS]}
            station.report("NotifyCustomerInformation", part | ({"tbc": True} if start != starts[-1] else {}))
    return status("Accepted")


def _known(station: SimulatedStation, id_token: str) -> str:
    lines = []
    verdict = station.equipment.local_list.verdict(id_token)
    if verdict is not None:
        lines.append(f"local list: {verdict}")
    for outlet in station.outlets:
        if outlet.charge is not None and outlet.charge.id_token == id_token:
            lines.append(f"transaction {outlet.charge.transaction} at EVSE {outlet.number}")
        if station.equipment.reservations.holder(outlet.number) == id_token:
            lines.append(f"reservation of EVSE {outlet.number}")
    return "\n".join(lines)


SERVED = {
    "ClearDisplayMessage": Serve(ClearDisplayMessage, clear_message),
    "CustomerInformation": Serve(CustomerInformation, customer_information),
    "GetDisplayMessages": Serve(GetDisplayMessages, get_messages),
    "SetDisplayMessage": Serve(SetDisplayMessage, set_message),
}
