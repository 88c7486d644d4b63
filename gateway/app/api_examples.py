"""An example for each flow that the API has, for `API.md`. Each can be sent as it stands: a test does so."""

from collections.abc import Mapping
from typing import Any, Final

from msgspec import Struct


class Example(Struct, frozen=True):
    """A request: what stands in the path for each `{name}`, and the body, or for a GET the query parameters."""

    body: Mapping[str, Any] = {}
    path: Mapping[str, str] = {}


_INTERVAL: Final = {"component": "OCPPCommCtrlr", "variable": "HeartbeatInterval"}
_CHECKSUM: Final = "9e107d9d372bb6826bd81d3542a419d6"

EXAMPLES: Final[Mapping[str, Example]] = {
    "POST start": Example({"id_token": {"id_token": "04A1B2C3D4E5F6", "type": "ISO14443"}, "evse": 1}),
    "POST stop": Example({"transaction": "27561234"}),
    "POST availability": Example({"operative": False, "evse": 1}),
    "POST unlock": Example({"evse": 1}),
    "POST reset": Example({"type": "OnIdle"}),
    "POST trigger": Example({"message": "StatusNotification", "evse": 1, "connector": 1}),
    "POST cache/clear": Example(),
    "POST data-transfer": Example({"vendor_id": "com.example", "message_id": "tariff", "data": "EUR 0.48/kWh"}),
    "POST reservations": Example({"id_token": "04A1B2C3D4E5F6", "expires_at": "2099-01-01T12:00:00Z", "evse": 1}),
    "DELETE reservations/{reservation_id}": Example(path={"reservation_id": "27561235"}),
    "POST firmware": Example(
        {"location": "https://files.example/firmware-1.5.2.bin", "retries": 3, "retry_interval_s": 600}
    ),
    "POST firmware/published": Example(
        {"location": "https://files.example/firmware-1.5.2.bin", "checksum": _CHECKSUM},
    ),
    "DELETE firmware/published/{checksum}": Example(path={"checksum": _CHECKSUM}),
    "POST logs": Example({"remote_location": "https://files.example/logs/", "oldest_at": "2026-11-01T00:00:00Z"}),
    "POST monitors": Example(
        {
            "monitors": [
                {
                    "component": "EVSE",
                    "evse": 1,
                    "variable": "Power",
                    "type": "UpperThreshold",
                    "value": 11000,
                    "severity": 5,
                }
            ]
        }
    ),
    "DELETE monitors/{monitor_id}": Example(path={"monitor_id": "12"}),
    "POST monitors/report": Example({"criteria": ["ThresholdMonitoring"]}),
    "POST monitors/base": Example({"base": "All"}),
    "POST monitors/level": Example({"severity": 6}),
    "POST display-messages": Example({"content": "Closed from 22:00", "priority": "InFront", "language": "en"}),
    "DELETE display-messages/{message_id}": Example(path={"message_id": "27561236"}),
    "POST display-messages/report": Example(),
    "POST customer-information": Example({"report": True, "clear": True, "id_token": "04A1B2C3D4E5F6"}),
    "POST variables/report": Example({"base": "FullInventory"}),
    "POST variables/get": Example({"variables": [_INTERVAL]}),
    "POST variables/set": Example({"variables": [{**_INTERVAL, "value": "300"}]}),
    "GET variables": Example({"component": "OCPPCommCtrlr", "limit": "50"}),
    "POST local-list/sync": Example({"full": True}),
    "GET local-list": Example(),
}
"""By method and path of the flow."""
