"""A bench for sessions: a journal that commits on demand, a link that records, a clock that a test sets. No loop.

Every answer that a test takes is checked: against the response schema of the `ocpp` package if it is a CALLRESULT,
against the code list of its version if it is a CALLERROR.
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from gateway.core.authorisation import Authoriser, Token
from gateway.core.calls import CallQueue
from gateway.core.clock import ClockPolicy
from gateway.core.csms import Csms, Deviation
from gateway.core.protocols import PROTOCOLS
from gateway.core.recorder import Recorder
from gateway.core.records import Entry, Record, RegistrationStatus
from gateway.core.registry import Registry
from gateway.core.service import Service
from gateway.core.session import Session
from gateway.core.stations import Station
from gateway.core.tally import OUTCOMES, Tally
from tests.wire import schema_oracle

OCPP16, OCPP201, OCPP21 = "ocpp1.6", "ocpp2.0.1", "ocpp2.1"
BEGIN = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)

CODES = {
    OCPP16: {
        "NotImplemented",
        "NotSupported",
        "InternalError",
        "ProtocolError",
        "SecurityError",
        "FormationViolation",
        "PropertyConstraintViolation",
        "OccurenceConstraintViolation",
        "TypeConstraintViolation",
        "GenericError",
    },
    OCPP201: {
        "FormatViolation",
        "GenericError",
        "InternalError",
        "MessageTypeNotSupported",
        "NotImplemented",
        "NotSupported",
        "OccurrenceConstraintViolation",
        "PropertyConstraintViolation",
        "ProtocolError",
        "RpcFrameworkError",
        "SecurityError",
        "TypeConstraintViolation",
    },
}
CODES[OCPP21] = CODES[OCPP201]
"""OCPP-J 1.6 section 4.2.3, and OCPP 2.0.1 and 2.1 Part 4 section 4.3."""

BOOTS: dict[str, dict[str, Any]] = {
    OCPP16: {"chargePointVendor": "Vendor", "chargePointModel": "Model"},
    OCPP201: {"reason": "PowerUp", "chargingStation": {"vendorName": "Vendor", "model": "Model"}},
}
BOOTS[OCPP21] = BOOTS[OCPP201]

MESSAGES = {(message.version, message.action, message.role): message for message in schema_oracle.read_messages()}
_VALIDATORS = {
    (version, action): schema_oracle.validator(message.schema)
    for (version, action, role), message in MESSAGES.items()
    if role == "response"
}


class ManualJournal:
    """Encodes each entry as the real journal does, at once, and calls back at `commit`."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.has_room = True
        self._waiting: list[Callable[[], None]] = []

    def append(self, entry: Entry, durable: Callable[[], None]) -> None:
        encoded = msgspec.msgpack.encode(entry)
        self.entries.append(msgspec.msgpack.decode(encoded, type=Entry))
        self._waiting.append(durable)

    def barrier(self, durable: Callable[[], None]) -> None:
        self._waiting.append(durable)

    def commit(self) -> None:
        """Put on disk what was appended before this call."""
        waiting, self._waiting = self._waiting, []
        for durable in waiting:
            durable()

    def commit_all(self) -> None:
        """Commit until nothing waits, as answers let held messages in."""
        while self._waiting:
            self.commit()


class RecordingLink:
    """What a session did to its connection."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.is_reading = True
        self.is_superseded = False
        self.failures: list[Exception] = []

    def write(self, message: bytes) -> bool:
        self.written.append(message)
        return True

    def pause_reading(self) -> None:
        assert self.is_reading, "paused twice"
        self.is_reading = False

    def resume_reading(self) -> None:
        assert not self.is_reading, "resumed without a pause"
        self.is_reading = True

    def superseded(self) -> None:
        self.is_superseded = True

    def failed(self, error: Exception) -> None:
        self.failures.append(error)


class Bench:
    """One gateway without input and output."""

    def __init__(
        self,
        *,
        tokens: list[Token] | None = None,
        registration: RegistrationStatus = "Accepted",
        registry: Registry | None = None,
        journal: ManualJournal | None = None,
    ) -> None:
        self.now = BEGIN
        self.monotonic_s = 1000.0
        self.journal = ManualJournal() if journal is None else journal
        self.registry = Registry() if registry is None else registry
        self.registration: RegistrationStatus = registration
        self.logged: list[tuple[str, dict[str, Any]]] = []
        self.appended = 0
        self.tally = Tally(PROTOCOLS)
        self.csms = Csms(
            registry=self.registry,
            authoriser=Authoriser(None if tokens is None else {token.id.lower(): token for token in tokens}),
            clock=ClockPolicy(earliest_at=datetime(2015, 1, 1, tzinfo=UTC), future_tolerance=timedelta(minutes=5)),
            registration=lambda identity, ignore_case: self.registration,
            heartbeat_interval_s=300,
            retry_interval_s=60,
            deviated=self.tally.deviated,
        )
        self.recorder = Recorder(self.journal, self.registry, self._count_appended)
        self.scheduled: list[tuple[CallQueue, float]] = []
        self._call_ids = 0
        self.services = {
            name: Service(
                protocol,
                csms=self.csms,
                recorder=self.recorder,
                tally=self.tally,
                schedule=lambda queue, deadline: self.scheduled.append((queue, deadline)),
                next_message_id=self._next_message_id,
                now=lambda: self.now,
                monotonic=lambda: self.monotonic_s,
                log=lambda event, **fields: self.logged.append((event, fields)),
            )
            for name, protocol in PROTOCOLS.items()
        }

    def _next_message_id(self) -> str:
        self._call_ids += 1
        return f"gateway-{self._call_ids}"

    def _count_appended(self) -> None:
        self.appended += 1

    def connect(self, version: str, identity: str = "CP1", *, booted: bool = True, strict: bool = False) -> "Line":
        """A new connection, as the listener makes it. `booted`: the station has sent its BootNotification before."""
        station = self.registry.station(identity)
        line = Line(self, station, version, strict)
        older, station.session = station.session, line.session
        if older is not None:
            older.supersede()
        if booted and station.state.registration is None:
            line.ask("BootNotification", BOOTS[version])
            del self.journal.entries[-1]
        return line

    def make_room(self) -> None:
        """Say that the journal has room again, as the gateway does."""
        self.journal.has_room = True
        for service in self.services.values():
            service.go_on()

    def deviations(self, deviation: Deviation) -> int:
        """How often stations deviated like this."""
        return self.tally.deviations.value(list(Deviation).index(deviation))

    def counted(self, version: str, action: str) -> dict[str, int]:
        """What was counted for an action, without zeros."""
        base = self.tally.base(version, action)
        counts = {outcome: self.tally.messages.value(base + index) for index, outcome in enumerate(OUTCOMES)}
        return {outcome: count for outcome, count in counts.items() if count}

    @property
    def records(self) -> list[Record]:
        """All records of the journal, in order."""
        return [record for entry in self.journal.entries for record in entry.records]


class Line:
    """One connection of one station, from the station's side."""

    def __init__(self, bench: Bench, station: Station, version: str, strict: bool) -> None:
        self.bench = bench
        self.version = version
        self.station = station
        self.link = RecordingLink()
        self.session = Session(station, bench.services[version], self.link, strict=strict)
        self._asked: dict[str, str] = {}
        self._ids = 0

    def send(self, text: str | bytes) -> None:
        """Say anything."""
        self.session.receive(text if isinstance(text, bytes) else text.encode())

    def call(
        self, action: str, payload: object = None, *, message_id: str | None = None, raw: str | None = None
    ) -> str:
        """Send a CALL; `raw` is the text of the payload. Return its message id."""
        if message_id is None:
            self._ids += 1
            message_id = f"m{self._ids}"
        self._asked[message_id] = action
        text = json.dumps(payload, ensure_ascii=False) if raw is None else raw
        self.send(f"[2,{json.dumps(message_id)},{json.dumps(action)},{text}]")
        return message_id

    def heard(self) -> list[Any]:
        """Take what was answered since the last time, checked against schemas and code lists."""
        messages = [json.loads(text) for text in self.link.written]
        self.link.written.clear()
        for message in messages:
            self._check(message)
        return messages

    def ask(self, action: str, payload: object = None, *, raw: str | None = None) -> Any:
        """Send a CALL, commit, and return the payload of its CALLRESULT."""
        message_id = self.call(action, payload, raw=raw)
        self.bench.journal.commit()
        (message,) = self.heard()
        assert message[:2] == [3, message_id], message
        return message[2]

    def refusal(self, action: str, payload: object = None, *, raw: str | None = None) -> tuple[str, str]:
        """Send a CALL that is refused, and return the code and the description of its CALLERROR."""
        message_id = self.call(action, payload, raw=raw)
        (message,) = self.heard()
        assert message[:2] == [4, message_id], message
        return message[2], message[3]

    def _check(self, message: Any) -> None:
        if message[0] == 3:
            _, message_id, payload = message
            verdicts = schema_oracle.verdicts(_VALIDATORS[self.version, self._asked[message_id]], payload)
            assert not verdicts, (self._asked[message_id], payload, verdicts)
        else:
            kind, message_id, code, description, details = message
            assert (kind, details) == (4, {})
            assert isinstance(message_id, str)
            assert code in CODES[self.version], code
            assert len(description) <= 255
