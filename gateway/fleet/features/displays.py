"""Messages on a station's display: OCPP 2.x use cases O01 to O06. They are kept as they came."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

MESSAGES_MAX = 20
"""DisplayMessageCtrlr.DisplayMessages, maxLimit."""

FORMATS = ("ASCII", "UTF8")
"""DisplayMessageCtrlr.SupportedFormats."""


class Displays:
    """The messages by their ids, each with the moment at which it is over."""

    __slots__ = ("_ends", "_messages")

    def __init__(self) -> None:
        self._messages: dict[int, dict[str, Any]] = {}
        self._ends: dict[int, datetime] = {}

    def __len__(self) -> int:
        return len(self._messages)

    def set(self, message: dict[str, Any], ends_at: datetime | None, transactions: Sequence[str]) -> str:
        """Show a message: Accepted, or why not (DisplayMessageStatusEnumType). The same id replaces (O01.FR.06)."""
        formats = [message["message"]["format"], *(extra["format"] for extra in message.get("messageExtra", ()))]
        if any(name not in FORMATS for name in formats):
            return "NotSupportedMessageFormat"
        if "transactionId" in message and message["transactionId"] not in transactions:
            return "UnknownTransaction"
        if message["id"] not in self._messages and len(self._messages) >= MESSAGES_MAX:
            return "Rejected"
        self._messages[message["id"]] = message
        self._ends.pop(message["id"], None)
        if ends_at is not None:
            self._ends[message["id"]] = ends_at
        return "Accepted"

    def get(self, ids: Sequence[int] | None, priority: str | None, state: str | None, now: datetime) -> list[Any]:
        """The messages that fit what is given, by id; what is over is gone."""
        for message_id in [message_id for message_id, ends_at in self._ends.items() if ends_at <= now]:
            self.clear(message_id)
        return [
            message
            for message_id, message in sorted(self._messages.items())
            if (ids is None or message_id in ids)
            and (priority is None or message["priority"] == priority)
            and (state is None or message.get("state") == state)
        ]

    def clear(self, message_id: int) -> str:
        """Take a message away: Accepted or Unknown."""
        self._ends.pop(message_id, None)
        return "Unknown" if self._messages.pop(message_id, None) is None else "Accepted"

    def transaction_ended(self, transaction: str) -> None:
        """What was for one transaction goes with it (O02.FR.02)."""
        for message_id, message in list(self._messages.items()):
            if message.get("transactionId") == transaction:
                self.clear(message_id)
