"""What a simulated station wants to say and hears, in OCPP 2.x words; the dialects turn it into messages."""

from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from msgspec import Struct

from gateway.fleet.meter import Reading


class Stage(StrEnum):
    """Where an EVSE is in the visit of a vehicle, as finely as any version wants to know it."""

    AVAILABLE = "Available"
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


class Measured(Struct, frozen=True):
    """A reading that was asked for; `transaction` is the one it belongs to, if one runs."""

    evse: int
    at: datetime
    reading: Reading
    transaction: str | None


class Inventory(Struct, frozen=True):
    """The answer, in a message of its own, to a request for a report of all variables."""

    request_id: int
    at: datetime


Intent: TypeAlias = Boot | Beat | StageChanged | Ask | Step | Measured | Inventory


class Registered(Struct, frozen=True):
    """The answer to `Boot`: Accepted, Pending or Rejected, and an interval in seconds whose meaning follows from it."""

    status: str
    interval_s: int


class Authorised(Struct, frozen=True):
    """The verdict on an id token, to an `Ask` or a `Step`. None: the answer held no verdict."""

    accepted: bool | None


class Acknowledged(Struct, frozen=True):
    """An answer that says no more than that the message has arrived."""


Answer: TypeAlias = Registered | Authorised | Acknowledged
