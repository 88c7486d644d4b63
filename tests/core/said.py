"""Requests of stations, as short as their schemas allow; keyword arguments add properties or replace them."""

from datetime import UTC, datetime
from typing import Any

from tests.core.station_bench import BEGIN


def at(moment: datetime = BEGIN) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def start_16(**more: Any) -> dict[str, Any]:
    return {"connectorId": 1, "idTag": "TAG1", "meterStart": 1000, "timestamp": at(), **more}


def stop_16(transaction_id: int, **more: Any) -> dict[str, Any]:
    return {"transactionId": transaction_id, "meterStop": 2500, "timestamp": at(), **more}


def meter_values_16(*sampled_values: dict[str, Any], moment: datetime = BEGIN, **more: Any) -> dict[str, Any]:
    sampled = list(sampled_values) or [{"value": "1200"}]
    return {"connectorId": 1, "meterValue": [{"timestamp": at(moment), "sampledValue": sampled}], **more}


def status_16(status: str = "Available", connector: int = 1, **more: Any) -> dict[str, Any]:
    return {"connectorId": connector, "errorCode": "NoError", "status": status, **more}


def meter_values_201(*sampled_values: dict[str, Any], moment: datetime = BEGIN, **more: Any) -> dict[str, Any]:
    sampled = list(sampled_values) or [{"value": 1200}]
    return {"evseId": 1, "meterValue": [{"timestamp": at(moment), "sampledValue": sampled}], **more}


def event_201(
    kind: str = "Updated", seq_no: int = 0, transaction: str = "T1", info: dict[str, Any] | None = None, **more: Any
) -> dict[str, Any]:
    return {
        "eventType": kind,
        "timestamp": at(),
        "triggerReason": "MeterValuePeriodic",
        "seqNo": seq_no,
        "transactionInfo": {"transactionId": transaction, **(info or {})},
        **more,
    }


def status_201(status: str = "Available", evse: int = 1, connector: int = 1, **more: Any) -> dict[str, Any]:
    return {"timestamp": at(), "connectorStatus": status, "evseId": evse, "connectorId": connector, **more}
