"""The OCPP versions that this gateway speaks: their actions, the types of their payloads, and who may send what."""

from collections.abc import Callable, Iterable, Mapping

from msgspec import Struct
from msgspec.json import Decoder

from gateway.wire import ocpp16, ocpp21, ocpp201
from gateway.wire.schema_types import Payload, decode_custom_data


class Action(Struct, frozen=True, gc=False):
    """One action of one version, with a decoder for each direction of its payload.

    The decoders raise what msgspec raises. `gateway.wire.payloads` calls them and says what was wrong in our words.
    """

    name: str
    request_type: type[Payload]
    response_type: type[Payload]
    decode_request: Callable[[bytes], Payload]
    decode_response: Callable[[bytes], Payload]


class Send(Struct, frozen=True, gc=False):
    """One message that is never answered (SEND of 2.1, Part 4 section 4.2.5), with the decoder of its payload."""

    name: str
    request_type: type[Payload]
    decode_request: Callable[[bytes], Payload]


class Version(Struct, frozen=True, gc=False):
    """One OCPP version: `name` as its specification writes it, `subprotocol` as the handshake does (OCPP-J section 3).

    `from_station` holds what a station may call, `to_station` what we may call, `sends` what a station may say without
    an answer, all by action name.
    """

    name: str
    subprotocol: str
    from_station: Mapping[str, Action]
    to_station: Mapping[str, Action]
    sends: Mapping[str, Send]


BOTH_WAYS = frozenset({"DataTransfer"})

FROM_STATION_16 = frozenset(
    {
        "Authorize",
        "BootNotification",
        "DataTransfer",
        "DiagnosticsStatusNotification",
        "FirmwareStatusNotification",
        "Heartbeat",
        "LogStatusNotification",
        "MeterValues",
        "SecurityEventNotification",
        "SignCertificate",
        "SignedFirmwareStatusNotification",
        "StartTransaction",
        "StatusNotification",
        "StopTransaction",
    }
)
"""OCPP 1.6 section 4, and the security white paper's section 5 for the four of its extension."""

FROM_STATION_201 = frozenset(
    {
        "Authorize",
        "BootNotification",
        "ClearedChargingLimit",
        "DataTransfer",
        "FirmwareStatusNotification",
        "Get15118EVCertificate",
        "GetCertificateStatus",
        "Heartbeat",
        "LogStatusNotification",
        "MeterValues",
        "NotifyChargingLimit",
        "NotifyCustomerInformation",
        "NotifyDisplayMessages",
        "NotifyEVChargingNeeds",
        "NotifyEVChargingSchedule",
        "NotifyEvent",
        "NotifyMonitoringReport",
        "NotifyReport",
        "PublishFirmwareStatusNotification",
        "ReportChargingProfiles",
        "ReservationStatusUpdate",
        "SecurityEventNotification",
        "SignCertificate",
        "StatusNotification",
        "TransactionEvent",
    }
)
"""OCPP 2.0.1 part 2: the messages whose sender is the Charging Station."""


FROM_STATION_21 = FROM_STATION_201 | {
    "BatterySwap",
    "ClosePeriodicEventStream",
    "GetCertificateChainStatus",
    "NotifyDERAlarm",
    "NotifyDERStartStop",
    "NotifyPriorityCharging",
    "NotifySettlement",
    "OpenPeriodicEventStream",
    "PullDynamicScheduleUpdate",
    "ReportDERControl",
    "VatNumberValidation",
}
"""OCPP 2.1 part 2: the messages whose sender is the Charging Station."""


def _action(name: str, request_type: type[Payload], response_type: type[Payload]) -> Action:
    return Action(
        name=name,
        request_type=request_type,
        response_type=response_type,
        decode_request=Decoder(request_type, dec_hook=decode_custom_data).decode,
        decode_response=Decoder(response_type, dec_hook=decode_custom_data).decode,
    )


def _send(name: str, request_type: type[Payload]) -> Send:
    return Send(name, request_type, Decoder(request_type, dec_hook=decode_custom_data).decode)


def _version(
    name: str,
    calls: Mapping[str, tuple[type[Payload], type[Payload]]],
    *,
    from_station: frozenset[str],
    sends: Mapping[str, type[Payload]] | None = None,
) -> Version:
    actions = {action: _action(action, request, response) for action, (request, response) in calls.items()}

    def pick(names: Iterable[str]) -> dict[str, Action]:
        return {action: actions[action] for action in sorted(names)}

    return Version(
        name=name,
        subprotocol=f"ocpp{name}",
        from_station=pick(from_station),
        to_station=pick((actions.keys() - from_station) | BOTH_WAYS),
        sends={send: _send(send, request) for send, request in (sends or {}).items()},
    )


OCPP16 = _version("1.6", ocpp16.CALLS, from_station=FROM_STATION_16)
OCPP201 = _version("2.0.1", ocpp201.CALLS, from_station=FROM_STATION_201)
OCPP21 = _version("2.1", ocpp21.CALLS, from_station=FROM_STATION_21, sends=ocpp21.SENDS)

VERSIONS: Mapping[str, Version] = {version.subprotocol: version for version in (OCPP16, OCPP201, OCPP21)}
"""Every version by its subprotocol."""
