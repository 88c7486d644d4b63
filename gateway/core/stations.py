"""Live state: what the gateway knows of every station, as a reader of the journal.

State changes only by `Station.apply(entry)`, with entries as they are journalled; so a restart that loads the saved
states and replays the entries behind them arrives where the gateway was.
"""

from collections import deque
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import msgspec
from msgspec import Struct

from gateway.core.metering import register_wh
from gateway.core.records import (
    MENDED,
    ConnectorStatus,
    Entry,
    Fact,
    RawMessage,
    Readings,
    RegistrationStatus,
    StationBooted,
    TransactionEvent,
)
from gateway.core.transactions import Transaction

if TYPE_CHECKING:
    from gateway.core.session import Session

ANSWERS_MAX: Final = 16
"""Answers kept per station for repeats. With one open CALL a station repeats only its last few messages."""

ENDED_TRANSACTIONS_MAX: Final = 4
"""Ended transactions remembered per station, for events that arrive late."""

RUNNING_TRANSACTIONS_MAX: Final = 64
"""Transactions taken as running per station. More means lost stops; the oldest is forgotten (the store keeps it)."""

CONNECTORS_MAX: Final = 256
"""Connectors remembered per station. The largest charging stations have some dozens."""

RAW_MESSAGES_MAX: Final = 16
"""Undecodable messages listed per station; all of them are in the store."""

LAST_MESSAGES_MAX: Final = 8
"""Messages listed per station for a person who looks at it. Not saved."""


FACTS_MAX: Final = 64
"""Facts of one kind remembered per station; the store has more. Who has more reservations lost their ends."""


class Boot(Struct, frozen=True, gc=False):
    """The last BootNotification."""

    at: datetime
    version: str
    vendor: str
    model: str
    serial: str | None
    firmware: str | None
    reason: str | None


class KnownConnector(Struct, frozen=True, gc=False):
    """The last status of a connector."""

    at: datetime
    evse: int
    connector: int
    status: str
    error_code: str | None
    detail: str | None


class KeptRaw(Struct, frozen=True, gc=False):
    """An undecodable message that was kept verbatim."""

    at: datetime
    version: str
    action: str
    rule: str
    error: str


class LastMessage(Struct, frozen=True, gc=False):
    """A message as a person wants to see it: when, what, and how it was answered."""

    at: datetime
    action: str
    outcome: str


class StationState(Struct):
    """What survives a restart.

    `answers` maps the digests of the last messages to the answers that they got; `facts` maps kinds to keys to values,
    the one said longest ago first. What quirks made readable counts as mended, not as raw.
    """

    registration: RegistrationStatus | None = None
    boot: Boot | None = None
    last_received_at: datetime | None = None
    connectors: list[KnownConnector] = []
    transactions: list[Transaction] = []
    answers: dict[bytes, bytes] = {}
    raw_messages: list[KeptRaw] = []
    raw_messages_total: int = 0
    facts: dict[str, dict[str, str]] = {}
    mended_total: int = 0


_encode_state = msgspec.msgpack.Encoder().encode
_decode_state = msgspec.msgpack.Decoder(StationState).decode


class Station:
    """One station, connected or not."""

    __slots__ = ("identity", "last_messages", "last_request_id", "listeners", "observer", "session", "state")

    def __init__(self, identity: str, state: StationState | None = None) -> None:
        self.identity = identity
        self.state = state if state is not None else StationState()
        self.session: Session | None = None
        self.last_messages: deque[LastMessage] | None = None
        self.last_request_id = 0
        """The last id of a request, a remote start or a reservation that the station was given. Not saved."""
        self.listeners: list[Callable[[str, Any], None]] | None = None
        """Called with each accepted request (action, decoded payload). They never raise. Not saved."""
        self.observer: Callable[[Station, Entry], None] | None = None
        """Called with each entry that took effect. It never raises. Not saved."""

    @classmethod
    def from_bytes(cls, identity: str, saved: bytes) -> "Station":
        """Return the station as `to_bytes` saved it. Raises msgspec.DecodeError if it is not such a state."""
        return cls(identity, _decode_state(saved))

    def to_bytes(self) -> bytes:
        """Return the state to save."""
        return _encode_state(self.state)

    def answer_to_repeat(self, digest: bytes) -> bytes | None:
        """Return the answer that the same message got before, or None if it is not among the last."""
        return self.state.answers.get(digest)

    def transaction(self, transaction: str) -> Transaction | None:
        """Return the transaction with this id, running or lately ended."""
        for known in self.state.transactions:
            if known.transaction == transaction:
                return known
        return None

    def facts(self, kind: str) -> Mapping[str, str]:
        """Return what holds of one kind: key -> JSON object, the one said longest ago first."""
        return self.state.facts.get(kind, {})

    def running_transactions(self) -> list[Transaction]:
        """Return the transactions that have not ended, oldest first."""
        return [known for known in self.state.transactions if known.ended_at is None]

    def running_on(self, evse: int) -> Transaction | None:
        """Return the transaction that runs on `evse`; the newest if a stop was lost."""
        for known in reversed(self.state.transactions):
            if known.evse == evse and known.ended_at is None:
                return known
        return None

    def note(self, message: LastMessage) -> None:
        """Remember a message for a person who looks."""
        if self.last_messages is None:
            self.last_messages = deque(maxlen=LAST_MESSAGES_MAX)
        self.last_messages.append(message)

    def apply(self, entry: Entry) -> None:
        """Take in one entry: the only way in which state changes."""
        state = self.state
        if not entry.own:
            state.last_received_at = entry.received_at
        if entry.digest is not None:
            answers = state.answers
            if len(answers) >= ANSWERS_MAX:
                del answers[next(iter(answers))]
            answers[entry.digest] = entry.answer
        for record in entry.records:
            if isinstance(record, Readings):
                if record.transaction is not None:
                    self._apply_readings(record)
            elif isinstance(record, TransactionEvent):
                self._apply_transaction_event(record)
            elif isinstance(record, ConnectorStatus):
                self._apply_connector_status(record)
            elif isinstance(record, StationBooted):
                self._apply_boot(record, entry.received_at)
            elif isinstance(record, RawMessage):
                self._apply_raw_message(record, entry.received_at)
            elif isinstance(record, Fact):
                self._apply_fact(record)

    def _apply_readings(self, readings: Readings) -> None:
        assert readings.transaction is not None
        transaction = self.transaction(readings.transaction)
        if transaction is None or transaction.ended_at is not None:
            return
        for meter_value in readings.meter_values:
            register = register_wh(meter_value.samples)
            if register is not None:
                transaction.register_wh = register

    def _apply_transaction_event(self, event: TransactionEvent) -> None:
        transactions = self.state.transactions
        transaction = self.transaction(event.transaction)
        if transaction is None:
            transaction = Transaction(event.transaction)
            transactions.append(transaction)
        transaction.apply(event)
        ended = [known for known in transactions if known.ended_at is not None]
        running = [known for known in transactions if known.ended_at is None]
        for forgotten in ended[:-ENDED_TRANSACTIONS_MAX] + running[:-RUNNING_TRANSACTIONS_MAX]:
            transactions.remove(forgotten)

    def _apply_connector_status(self, status: ConnectorStatus) -> None:
        connectors = self.state.connectors
        known = KnownConnector(
            status.time, status.evse, status.connector, status.status, status.error_code, status.detail
        )
        for index, other in enumerate(connectors):
            if other.evse == status.evse and other.connector == status.connector:
                if status.time >= other.at:
                    connectors[index] = known
                return
        if len(connectors) < CONNECTORS_MAX:
            connectors.append(known)

    def _apply_boot(self, boot: StationBooted, at: datetime) -> None:
        self.state.registration = boot.status
        self.state.boot = Boot(at, boot.version, boot.vendor, boot.model, boot.serial, boot.firmware, boot.reason)

    def _apply_fact(self, fact: Fact) -> None:
        kept = self.state.facts.setdefault(fact.kind, {})
        kept.pop(fact.key, None)
        if fact.value is not None:
            kept[fact.key] = fact.value
        while len(kept) > FACTS_MAX:
            del kept[next(iter(kept))]
        if not kept:
            del self.state.facts[fact.kind]

    def _apply_raw_message(self, raw: RawMessage, at: datetime) -> None:
        if raw.rule == MENDED:
            self.state.mended_total += 1
            return
        kept = self.state.raw_messages
        kept.append(KeptRaw(at, raw.version, raw.action, raw.rule, raw.error))
        del kept[:-RAW_MESSAGES_MAX]
        self.state.raw_messages_total += 1
