"""Messages that a 2.x station shows on its display (OCPP 2.x use cases O01 to O06)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import msgspec
from msgspec import UNSET, Struct

from gateway.core.facts import FactKind
from gateway.core.records import Record
from gateway.core.stations import Station


class DisplayMessage(Struct, frozen=True):
    """One message. It is shown in `state` only, if that is given, and with `transaction` only while that one runs."""

    message_id: int
    priority: str
    format: str
    content: str
    language: str | None = None
    state: str | None = None
    start_at: datetime | None = None
    end_at: datetime | None = None
    transaction: str | None = None


DISPLAY_MESSAGES: Final = FactKind("display_message", DisplayMessage)


def records_of_set(message: Any, now: datetime) -> list[Record]:
    """Return the records by which a station has a message: `message` is a MessageInfoType, decoded."""
    known = message_of(message)
    return [DISPLAY_MESSAGES.holds(str(known.message_id), known, now)]


def records_of_report(request: Any, now: datetime) -> list[Record]:
    """Return what one part of a NotifyDisplayMessages tells."""
    listed = [] if request.message_info is UNSET else request.message_info
    return [record for message in listed for record in records_of_set(message, now)]


def records_of_cleared(message_id: str, now: datetime) -> list[Record]:
    """Return the records by which a message is no more."""
    return [DISPLAY_MESSAGES.ends(message_id, now)]


def message_of(message: Any) -> DisplayMessage:
    """Return a MessageInfoType, decoded, in our words."""
    return DisplayMessage(
        message_id=message.id,
        priority=message.priority,
        format=message.message.format,
        content=message.message.content,
        language=_given(message.message.language),
        state=_given(message.state),
        start_at=_given(message.start_date_time),
        end_at=_given(message.end_date_time),
        transaction=_given(message.transaction_id),
    )


def shown(station: Station, parameters: Mapping[str, str], now: datetime) -> list[dict[str, Any]]:
    """Return the messages that the station is known to have, by their ids."""
    messages = sorted(DISPLAY_MESSAGES.of(station).values(), key=lambda message: message.message_id)
    return [msgspec.to_builtins(message) for message in messages]


def _given(value: Any) -> Any:
    return None if value is UNSET else value
