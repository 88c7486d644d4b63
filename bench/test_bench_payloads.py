"""Decoding a payload, strictly, beside jsonschema on the same bytes."""

import importlib.resources
import json
from typing import Any

import jsonschema
import pytest

from gateway.wire.payloads import PayloadError, decode_request
from gateway.wire.versions import OCPP16, OCPP201, Action

CHANNELS = (
    ("Energy.Active.Import.Register", "Wh", None),
    ("Power.Active.Import", "W", None),
    ("Current.Import", "A", "L1"),
    ("Current.Import", "A", "L2"),
    ("Current.Import", "A", "L3"),
    ("Voltage", "V", "L1-N"),
    ("Voltage", "V", "L2-N"),
    ("Voltage", "V", "L3-N"),
)
AT = "2025-06-01T12:00:00.123Z"


def _sample(measurand: str, phase: str | None) -> dict[str, Any]:
    sample = {"context": "Sample.Periodic", "measurand": measurand, "location": "Outlet"}
    return sample if phase is None else {**sample, "phase": phase}


METER_VALUES_16 = {
    "connectorId": 1,
    "transactionId": 1000001,
    "meterValue": [
        {
            "timestamp": AT,
            "sampledValue": [
                {"value": "12345678", "format": "Raw", **_sample(measurand, phase), "unit": unit}
                for measurand, unit, phase in CHANNELS
            ],
        }
    ],
}
TRANSACTION_EVENT_201 = {
    "eventType": "Updated",
    "timestamp": AT,
    "triggerReason": "MeterValuePeriodic",
    "seqNo": 112345678,
    "transactionInfo": {"transactionId": "5b1f8a4e-0000-4b57-9f43-2f1f3a000001", "chargingState": "Charging"},
    "evse": {"id": 1, "connectorId": 1},
    "meterValue": [
        {
            "timestamp": AT,
            "sampledValue": [
                {"value": 112345678.5, **_sample(measurand, phase), "unitOfMeasure": {"unit": unit}}
                for measurand, unit, phase in CHANNELS
            ],
        }
    ],
}
MESSAGES = [
    (OCPP16.from_station["MeterValues"], METER_VALUES_16),
    (OCPP201.from_station["TransactionEvent"], TRANSACTION_EVENT_201),
]
SCHEMAS = ["v16/schemas/MeterValues.json", "v201/schemas/TransactionEventRequest.json"]
IDS = ["MeterValues-1.6", "TransactionEvent-2.0.1"]


def _text(payload: dict[str, Any]) -> bytes:
    return json.dumps(payload, separators=(",", ":")).encode()


@pytest.mark.parametrize(("action", "payload"), MESSAGES, ids=IDS)
def test_decode(benchmark: Any, action: Action, payload: dict[str, Any]) -> None:
    assert isinstance(benchmark(decode_request, action, _text(payload)), action.request_type)


@pytest.mark.parametrize(("action", "payload"), MESSAGES, ids=IDS)
def test_decode_with_an_integer_written_with_a_fraction(
    benchmark: Any, action: Action, payload: dict[str, Any]
) -> None:
    name = "connectorId" if "connectorId" in payload else "seqNo"
    text = _text({**payload, name: float(payload[name])})
    assert isinstance(benchmark(decode_request, action, text), action.request_type)


@pytest.mark.parametrize(("action", "payload"), MESSAGES, ids=IDS)
def test_refuse_the_last_sample(benchmark: Any, action: Action, payload: dict[str, Any]) -> None:
    text = _text(payload).replace(b"L3-N", b"L4-N")

    def refuse() -> str:
        try:
            decode_request(action, text)
        except PayloadError as error:
            return error.path
        return ""

    assert benchmark(refuse) == "$.meterValue[0].sampledValue[7].phase"


@pytest.mark.parametrize(
    ("schema_path", "payload"),
    list(zip(SCHEMAS, [METER_VALUES_16, TRANSACTION_EVENT_201], strict=True)),
    ids=IDS,
)
def test_jsonschema(benchmark: Any, schema_path: str, payload: dict[str, Any]) -> None:
    schema = json.loads((importlib.resources.files("ocpp") / schema_path).read_bytes())
    validator = jsonschema.validators.validator_for(schema)(schema)
    text = _text(payload)
    assert benchmark(lambda: validator.is_valid(json.loads(text)))
