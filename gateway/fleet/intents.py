"""What a simulated station wants to say and hears, in OCPP 2.x words; the dialects turn it into messages."""

from datetime import datetime
from enum import StrEnum
from typing import Any, TypeAlias

from msgspec import Struct

from gateway.fleet.meter import Reading


class Stage(StrEnum):
    """Where an EVSE is in the visit of a vehicle, as finely as any version wants to know it."""

    AVAILABLE = "Available"
    RESERVED = "Reserved"
    CONNECTED = "Connected"
    CHARGING = "Charging"
    SUSPENDED_EV = "SuspendedEV"
    SUSPENDED_EVSE = "SuspendedEVSE"
    FINISHING = "Finishing"
    UNAVAILABLE = "Unavailable"


class Nameplate(Struct, frozen=True):
    """What is printed on a station."""

    vendor: str
    model: str
    serial: str
    firmware: str
    meter_serial: str


class Boot(Struct, frozen=True):
    """The station has started; `reason` is a BootReasonEnumType."""

    nameplate: Nameplate
    reason: str


class Beat(Struct, frozen=True):
    """The station is alive."""


class StageChanged(Struct, frozen=True):
    """An EVSE went from one stage to another; `before` is None where it is only repeated. EVSE 0 is the station."""

    evse: int
    at: datetime
    before: Stage | None
    after: Stage


class Ask(Struct, frozen=True):
    """May `id_token` charge at `evse`?"""

    evse: int
    id_token: str


class Step(Struct, frozen=True):
    """One TransactionEvent: `event` is Started, Updated or Ended. `offline` where it happened without a connection."""

    event: str
    transaction: str
    evse: int
    at: datetime
    trigger: str
    seq_no: int
    charging_state: str
    reading: Reading | None = None
    context: str = "Sample.Periodic"
    id_token: str | None = None
    stopped_reason: str | None = None
    remote_start_id: int | None = None
    offline: bool = False
    reservation_id: int | None = None


class Measured(Struct, frozen=True):
    """A reading that was asked for; `transaction` is the one it belongs to, if one runs."""

    evse: int
    at: datetime
    reading: Reading
    transaction: str | None


class Secured(Struct, frozen=True):
    """Something that matters to security has happened; `kind` is a name of the specification's list."""

    kind: str
    at: datetime


class FirmwareProgress(Struct, frozen=True):
    """How far a firmware update is (FirmwareStatusEnumType). `signed` where it was asked for with a certificate."""

    status: str
    request_id: int | None
    signed: bool


class UploadProgress(Struct, frozen=True):
    """How far an upload of logs is (UploadLogStatusEnumType). Without `request_id` it is 1.6's diagnostics."""

    status: str
    request_id: int | None


ProgressIntent: TypeAlias = FirmwareProgress | UploadProgress


class ReservationEnded(Struct, frozen=True):
    """A reservation has Expired, or was Removed by the station."""

    reservation_id: int
    status: str


class MonitorEvent(Struct, frozen=True):
    """A monitor reports the value of what `place` (component and variable) names."""

    monitor_id: int
    place: dict[str, Any]
    at: datetime
    value: float
    trigger: str
    severity: int
    cleared: bool


class StreamOpened(Struct, frozen=True):
    """The station wants to send the samples of a monitor as a stream: every `interval_s`, or `values` together."""

    stream_id: int
    monitor_id: int
    interval_s: int
    values: int


class StreamClosed(Struct, frozen=True):
    """The stream has ended."""

    stream_id: int


class StreamData(Struct, frozen=True):
    """Samples of a stream, oldest first. They go out without an answer."""

    stream_id: int
    samples: tuple[tuple[datetime, float], ...]


class Report(Struct, frozen=True):
    """What a server has asked to be told in messages of their own; the words are those of 2.x already."""

    action: str
    payload: dict[str, Any]


Intent: TypeAlias = (
    Boot
    | Beat
    | StageChanged
    | Ask
    | Step
    | Measured
    | Secured
    | FirmwareProgress
    | UploadProgress
    | ReservationEnded
    | MonitorEvent
    | StreamOpened
    | StreamClosed
    | StreamData
    | Report
)


class Registered(Struct, frozen=True):
    """The answer to `Boot`: Accepted, Pending or Rejected, and an interval in seconds whose meaning follows from it."""

    status: str
    interval_s: int


class Authorised(Struct, frozen=True):
    """The verdict on an id token, to an `Ask` or a `Step`. None: the answer held no verdict."""

    accepted: bool | None


class StreamAnswered(Struct, frozen=True):
    """Whether the server takes a stream."""

    accepted: bool


class Acknowledged(Struct, frozen=True):
    """An answer that says no more than that the message has arrived."""


Answer: TypeAlias = Registered | Authorised | StreamAnswered | Acknowledged
