"""Messages that a 2.x station shows on its display (OCPP 2.x use cases O01 to O06)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from msgspec import Struct

from gateway.core.facts.kind import FactKind, in_full
from gateway.core.records import Record
from gateway.core.stations import Station
from gateway.wire.schema_types import or_none


class DisplayMessage(Struct, frozen=True, omit_defaults=True):
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


def records_of_set(messages: Sequence[DisplayMessage], now: datetime) -> list[Record]:
    """Return the records by which a station has these messages."""
    return [DISPLAY_MESSAGES.holds(str(message.message_id), message, now) for message in messages]


def records_of_report(request: Any, now: datetime) -> list[Record]:
    """Return what one part of a NotifyDisplayMessages tells."""
    return records_of_set([message_of(message) for message in request.message_info or ()], now)


def records_of_cleared(message_ids: Sequence[int], now: datetime) -> list[Record]:
    """Return the records by which messages are no more."""
    return [DISPLAY_MESSAGES.ends(str(message_id), now) for message_id in message_ids]


def message_of(message: Any) -> DisplayMessage:
    """Return a MessageInfoType, decoded, in our words."""
    return DisplayMessage(
        message_id=message.id,
        priority=message.priority,
        format=message.message.format,
        content=message.message.content,
        language=or_none(message.message.language),
        state=or_none(message.state),
        start_at=or_none(message.start_date_time),
        end_at=or_none(message.end_date_time),
        transaction=or_none(message.transaction_id),
    )


def shown(station: Station, parameters: Mapping[str, str], now: datetime) -> list[dict[str, Any]]:
    """Return the messages that the station is known to have, by their ids."""
    messages = sorted(DISPLAY_MESSAGES.of(station).values(), key=lambda message: message.message_id)
    return [in_full(message) for message in messages]
