"""The normalised vocabulary: what stations say, in OCPP 2.x words, whichever version they speak.

One accepted message becomes one `Entry`. Entries are what the journal keeps, what readers (the store, the live state)
consume, and what a restart replays. Every Struct here is written to disk as a msgpack array: fields are only ever
appended, with a default, and a tag is never used for something else.
"""

from datetime import datetime
from typing import Final, Literal, TypeAlias

from msgspec import Struct

RegistrationStatus: TypeAlias = Literal["Accepted", "Pending", "Rejected"]
ConnectorStatusName: TypeAlias = Literal["Available", "Occupied", "Reserved", "Unavailable", "Faulted"]
TransactionEventName: TypeAlias = Literal["Started", "Updated", "Ended"]


class Channel(Struct, array_like=True, frozen=True, gc=False):
    """What is measured: the part of a sampled value that repeats from message to message.

    `unit` is the base unit (Wh, varh, VAh, W, var, VA, A, V, Hz, Celsius, Percent, RPM), or the station's own word
    where it is none that can be converted. `phase` is None for a value over all phases.
    """

    measurand: str
    phase: str | None
    context: str
    location: str
    unit: str


class Sample(Struct, array_like=True, frozen=True, gc=False):
    """One sampled value in base units. `value` is None where only signed data was sent; `signed` is kept verbatim."""

    channel: Channel
    value: float | None
    signed: str | None = None


class MeterValue(Struct, array_like=True, frozen=True, gc=False):
    """Samples that share one timestamp.

    `time` is the station's own, unless its clock cannot be right (`core.clock`): then it is the time of receipt and
    `station_time` keeps what the station said.
    """

    time: datetime
    samples: list[Sample]
    station_time: datetime | None = None


class Readings(Struct, array_like=True, frozen=True, gc=False, tag="readings"):
    """Meter values of one EVSE. EVSE 0 is the station's main meter; None: the message named none and none is known."""

    evse: int | None
    connector: int | None
    transaction: str | None
    meter_values: list[MeterValue]


class StationBooted(Struct, array_like=True, frozen=True, gc=False, tag="station_booted"):
    """A BootNotification and how it was answered. `version` is the subprotocol, such as `ocpp2.0.1`."""

    version: str
    vendor: str
    model: str
    serial: str | None
    firmware: str | None
    reason: str | None
    status: RegistrationStatus


class ConnectorStatus(Struct, array_like=True, frozen=True, gc=False, tag="connector_status"):
    """The state of one connector. `error_code` and `detail` are None unless the station reported a fault."""

    time: datetime
    evse: int
    connector: int
    status: ConnectorStatusName
    error_code: str | None = None
    detail: str | None = None


class TransactionEvent(Struct, array_like=True, frozen=True, gc=False, tag="transaction_event"):
    """One step of a charging transaction; 1.6 Start, Stop and status changes become the same three kinds.

    `evse` is None where neither the message nor an earlier one of the transaction named it. `register_wh` is the energy
    import register at this step, where it is known. `seq_no` is None in 1.6. `missing_seq_nos` lists what has not
    arrived so far, at most 100, lowest first.
    """

    time: datetime
    event: TransactionEventName
    transaction: str
    evse: int | None
    connector: int | None
    trigger: str | None
    seq_no: int | None
    id_token: str | None
    charging_state: str | None
    stopped_reason: str | None
    register_wh: float | None
    offline: bool = False
    missing_seq_nos: list[int] = []
    remote_start_id: int | None = None
    reservation_id: int | None = None


class Event(Struct, array_like=True, frozen=True, gc=False, tag="event"):
    """Anything else worth keeping: security, firmware, log and diagnostics status, data transfer, device events.

    `kind` is the action in 2.x words; `detail` is the request as a JSON object.
    """

    time: datetime
    kind: str
    detail: str


MENDED: Final = "quirk"
"""The rule of a RawMessage that is kept beside the records that a quirk made readable."""


class RawMessage(Struct, array_like=True, frozen=True, gc=False, tag="raw_message"):
    """A transaction message that could not be decoded, verbatim, with the rule it broke and where.

    `transaction` is the transaction that it started, if that is known: its answer gave out the id in 1.6, and in 2.x it
    may be found in the text. With the rule MENDED it is the original of what quirks made readable.
    """

    version: str
    action: str
    rule: str
    error: str
    payload: bytes
    transaction: str | None = None


class Fact(Struct, array_like=True, frozen=True, gc=False, tag="fact"):
    """Something that holds for a station until it is said anew: a reservation, a display message, a running update.

    The newest fact of a (kind, key) counts. `value` is a JSON object whose shape belongs to the kind; None: it no
    longer holds.
    """

    time: datetime
    kind: str
    key: str
    value: str | None


class DeviceVariable(Struct, array_like=True, frozen=True, gc=False):
    """One attribute of one variable of a station, in the words of the device model of OCPP 2.x.

    EVSE and connector are 0 where the component belongs to none, instances are empty where there is none. `value` is
    None where the station has none, or where it is secret: secrets are never kept. The rest is None where it was not
    said this time.
    """

    component: str
    variable: str
    value: str | None
    attribute: str = "Actual"
    component_instance: str = ""
    instance: str = ""
    evse: int = 0
    connector: int = 0
    mutability: str | None = None
    data_type: str | None = None
    unit: str | None = None
    min_limit: float | None = None
    max_limit: float | None = None
    values_list: str | None = None
    persistent: bool | None = None
    constant: bool | None = None


class DeviceVariables(Struct, array_like=True, frozen=True, gc=False, tag="device_variables"):
    """What a station said of its variables, in a report or an answer. Kept in the store, not in live state."""

    time: datetime
    variables: list[DeviceVariable]


Record: TypeAlias = (
    Readings | StationBooted | ConnectorStatus | TransactionEvent | Event | RawMessage | Fact | DeviceVariables
)


class Entry(Struct, array_like=True, frozen=True, gc=False):
    """What one message of one station became. The journal's unit; a batch holds many.

    `digest` recognises a repeat (None where the message has no business key, as a status or a boot);
    `answer` is the payload of the CALLRESULT that it got, as JSON, given again to a repeat; empty where there is none.
    `own`: not the station said it, but the gateway itself, of what it was asked to do.
    """

    station: str
    received_at: datetime
    digest: bytes | None
    answer: bytes
    records: list[Record]
    own: bool = False
