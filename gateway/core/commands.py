"""What an operator asks of a station, checked before it is sent.

A command names a station and an action of the station's own version, with the request as JSON. What cannot be sent at
all raises CommandError; everything else ends in a `CallEnded`, once.
"""

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, Final

from gateway.core.calls import Call, CallEnded, Outcome
from gateway.core.registry import Registry
from gateway.core.session import Session
from gateway.core.stations import Station
from gateway.hot import EnvelopeError, split_envelope
from gateway.wire.payloads import PayloadError, decode_request
from gateway.wire.versions import Action, Version

START_AND_STOP: Final = frozenset(
    {"RemoteStartTransaction", "RemoteStopTransaction", "RequestStartTransaction", "RequestStopTransaction"}
)
"""What a station that is not accepted yet must not be asked for (OCPP 1.6 section 4.2, 2.0.1 use case B02)."""

_REPORTS: Final = {
    "GetBaseReport": "NotifyReport",
    "GetReport": "NotifyReport",
    "GetMonitoringReport": "NotifyMonitoringReport",
    "GetLog": "LogStatusNotification",
    "GetDiagnostics": "DiagnosticsStatusNotification",
    "CustomerInformation": "NotifyCustomerInformation",
}
"""What a station sends because it was asked for a report."""

_TRIGGERS: Final = frozenset({"TriggerMessage", "ExtendedTriggerMessage"})


class Fault(Enum):
    """Why a command cannot be sent."""

    STATION_UNKNOWN = "station_unknown"
    ACTION_UNKNOWN = "action_unknown"
    ACTION_OF_OTHER_VERSION = "action_of_other_version"
    NOT_JSON = "not_json"
    INVALID = "invalid"
    NOT_ACCEPTED = "not_accepted"
    TOO_MANY = "too_many"
    JOURNAL_FULL = "journal_full"
    STORE_UNAVAILABLE = "store_unavailable"


class CommandError(Exception):
    """A command that cannot be sent. `path` is where in the payload it is wrong, None if that is not what is wrong."""

    def __init__(self, fault: Fault, reason: str, path: str | None = None) -> None:
        super().__init__(reason)
        self.fault = fault
        self.path = path


class Commander:
    """Sends commands to the stations of `registry`, which speak `versions` (by subprotocol)."""

    def __init__(self, registry: Registry, versions: Mapping[str, Version], monotonic: Callable[[], float]) -> None:
        self._registry = registry
        self._versions = versions
        self._monotonic = monotonic

    def station(self, identity: str) -> Station:
        """Return the station. Raises CommandError if it was never seen."""
        station = self._registry.get(identity) or self._registry.get(self._registry.spelling(identity))
        if station is None:
            raise CommandError(Fault.STATION_UNKNOWN, "no station with this identity has ever connected")
        return station

    def version(self, station: Station) -> Version | None:
        """Return the version that a station speaks, or spoke when it booted last; None if it never booted."""
        if station.session is not None:
            return self._versions[station.session.subprotocol]
        boot = station.state.boot
        return None if boot is None else self._versions.get(boot.version)

    def send(
        self,
        station: Station,
        action_name: str,
        payload: bytes,
        *,
        timeout_s: float,
        ended: Callable[[CallEnded], None],
    ) -> None:
        """Send one call; `ended` hears what became of it, at the latest after `timeout_s`, maybe before this returns.

        `payload` is checked against the station's version. Raises CommandError for what cannot be sent.
        """
        found = self._sendable(station, action_name, payload)
        if found is None:
            ended(CallEnded(Outcome.OFFLINE, sent=False))
            return
        action, request, session = found
        _note_asked_for(session, action_name, request)
        said = b"{}" if payload.strip() == b"null" else payload  # which means the same, but not to every station
        session.call(Call(action, said, self._monotonic() + timeout_s, ended))

    def reaches(self, station: Station, action_name: str, payload: bytes) -> bool:
        """Whether `send` would reach the station now: False if it is not connected. Raises CommandError as `send`."""
        return self._sendable(station, action_name, payload) is not None

    def _sendable(self, station: Station, action_name: str, payload: bytes) -> tuple[Action, Any, Session] | None:
        action = self._action(station, action_name)
        if action is None:
            return None
        request = checked(action, payload)
        session = station.session
        if session is None:
            return None
        self._require_registration(station, action_name)
        if not session.takes_calls:
            raise CommandError(Fault.TOO_MANY, "too many calls wait for this station")
        return action, request, session

    def _action(self, station: Station, name: str) -> Action | None:
        version = self.version(station)
        if version is not None and (action := version.to_station.get(name)) is not None:
            return action
        having = [other.name for other in self._versions.values() if name in other.to_station]
        if not having:
            raise CommandError(Fault.ACTION_UNKNOWN, "no version of OCPP has a call of this name to a station")
        if version is not None:
            reason = f"the station speaks OCPP {version.name}; this call is of {' and '.join(sorted(having))}"
            raise CommandError(Fault.ACTION_OF_OTHER_VERSION, reason)
        return None

    def _require_registration(self, station: Station, action_name: str) -> None:
        registration = station.state.registration
        if registration == "Rejected":
            raise CommandError(Fault.NOT_ACCEPTED, "the station is rejected, so it must not be sent anything")
        if registration != "Accepted" and action_name in START_AND_STOP:
            raise CommandError(Fault.NOT_ACCEPTED, "the station is not accepted yet, so it cannot start or stop")


def checked(action: Action, payload: bytes) -> Any:
    """Return the request in `payload`. Raises CommandError unless it is JSON, as OCPP has it, and fits the schema."""
    require_json(payload)
    try:
        return decode_request(action, payload)
    except PayloadError as error:
        raise CommandError(Fault.INVALID, str(error), error.path) from None


def require_json(body: bytes) -> None:
    """Raise CommandError unless `body` is one JSON value without a key twice."""
    try:
        split_envelope(b'[2,"1","",%b]' % body)
    except (EnvelopeError, UnicodeDecodeError):
        raise CommandError(Fault.NOT_JSON, "the body is not one JSON value, or has a key twice") from None


def _note_asked_for(session: Session, action_name: str, request: Any) -> None:
    """Remember what the station sends because of this call: it may, even before it is accepted."""
    asked: str | None = _REPORTS.get(action_name)
    if action_name in _TRIGGERS:
        asked = request.requested_message
        if asked.startswith("Sign"):  # SignChargePointCertificate, SignV2GCertificate and their like
            asked = "SignCertificate"
    if asked is not None:
        if session.asked_for is None:
            session.asked_for = set()
        session.asked_for.add(asked)
