"""Quirks of form: names of properties, ways to say nothing, one thing in place of a list of it, and JSON types."""

import re
from typing import Any, Final

import msgspec
from msgspec import inspect

from gateway.core.quirks.quirk import OCPP16, OCPP21, OCPP201, TRANSACTIONS, V16, Departure, Example, Quirk, Spot
from gateway.core.quirks.words import fold

_NUMBER: Final = re.compile(r"\s*(-?(?:0|[1-9][0-9]{0,18})(\.[0-9]{1,18})?)\s*", re.ASCII)
"""A JSON number without an exponent, in as many digits as any meter has."""

BOOLEANS: Final = {0: False, 1: True, "0": False, "1": True, "false": False, "true": True}

NEVER_NOTHING: Final = frozenset({"measurand"})
"""Where nothing means something: a sampled value without a measurand is an energy register, and would be billed."""

QUALIFIERS: Final = ("unit", "multiplier", "scale", "exponent", "measurand", "phase", "location")
"""Parts of names, in lower case, that change what a number beside or below them means: a unit of kWh, put where the
schema has none, makes a thousand of one."""

TOKENS: Final = frozenset({"idTag", "idToken", "parentIdTag"})
"""Texts that no number stands for: 12 may have been the token 0012."""


def _rename(spot: Spot) -> bool:
    """Give a property the one name that differs from its own in case and punctuation only, if that is free."""
    folded = fold(str(spot.key))
    names = [name for name in spot.known if fold(name) == folded]
    if len(names) != 1 or names[0] in spot.holder:
        return False
    spot.holder[names[0]] = spot.holder.pop(spot.key)
    return True


def _drop_extra(spot: Spot) -> bool:
    """Leave out what nobody knows, unless it could be meter values under a wrong name, or say what a number means."""
    could_bill = spot.sampled or (
        spot.action in TRANSACTIONS
        and (isinstance(spot.value, dict | list) or any(word in fold(str(spot.key)) for word in QUALIFIERS))
    )
    return not could_bill and spot.drop()


def _drop_null(spot: Spot) -> bool:
    return spot.value is None and _may_be_nothing(spot) and spot.drop()


def _drop_empty(spot: Spot) -> bool:
    return spot.value in ("", [], {}) and _may_be_nothing(spot) and spot.drop()


def _may_be_nothing(spot: Spot) -> bool:
    return isinstance(spot.key, str) and spot.key not in NEVER_NOTHING


def _put_in_array(spot: Spot) -> bool:
    if not isinstance(spot.expected, inspect.ListType) or not isinstance(spot.value, dict) or not spot.value:
        return False
    return spot.put([spot.value])


def _is_number(kind: inspect.Type | None) -> bool:
    return isinstance(kind, inspect.IntType | inspect.FloatType) or (
        isinstance(kind, inspect.Metadata) and _is_number(kind.type)
    )


def _number_from_text(spot: Spot) -> bool:
    match = _NUMBER.fullmatch(spot.value) if isinstance(spot.value, str) and _is_number(spot.expected) else None
    if match is None:
        return False
    return spot.put(int(match[1]) if match[2] is None else float(match[1]))


def _text_from_number(spot: Spot) -> bool:
    """Put a number as text: digit for digit if it has up to 15 of them, as a double has them without loss."""
    value = spot.value
    if not isinstance(spot.expected, inspect.StrType) or type(value) not in (int, float) or spot.name in TOKENS:
        return False
    text = msgspec.json.encode(value).decode()
    return "e" not in text and spot.put(text.removesuffix(".0"))


def _boolean(spot: Spot) -> bool:
    value = spot.value.casefold() if isinstance(spot.value, str) else spot.value
    if not isinstance(spot.expected, inspect.BoolType) or type(value) not in (int, str) or value not in BOOLEANS:
        return False
    return spot.put(BOOLEANS[value])


def _text_from_boolean(spot: Spot) -> bool:
    if not isinstance(spot.value, bool) or not isinstance(spot.expected, inspect.StrType):
        return False
    return spot.put("true" if spot.value else "false")


def _text_from_json(spot: Spot) -> bool:
    value: Any = spot.value
    return spot.name == "data" and isinstance(value, dict | list) and spot.put(msgspec.json.encode(value).decode())


_STATUS: Final = '"connectorId":1,"errorCode":"NoError","status":"Available"'
_AT: Final = '"timestamp":"2026-03-01T12:00:00Z"'
_EVENT: Final = (
    f'"eventType":"Updated",{_AT},"triggerReason":"MeterValuePeriodic","transactionInfo":{{"transactionId":"T1"}}'
)

QUIRKS: Final = (
    Quirk(
        name="property_spelling",
        what="A property is spelled in another case, or with underscores, dashes or dots",
        becomes="the property as the schema spells it, unless it is there too",
        seen=("road-labs/chargestation-one#6 (chargepointVendor)",),
        safe="The value stays what it is, and is judged under its right name.",
        departures=frozenset({Departure.UNKNOWN_PROPERTY}),
        mend=_rename,
        examples=(
            Example(
                OCPP16,
                "BootNotification",
                '{"chargepointVendor":"V","chargePointModel":"M"}',
                '{"chargePointVendor":"V","chargePointModel":"M"}',
            ),
            Example(
                OCPP16,
                "MeterValues",
                f'{{"connectorID":1,"transaction_id":5,"meterValue":[{{{_AT},"sampledValue":[{{"Value":"7"}}]}}]}}',
                f'{{"connectorId":1,"transactionId":5,"meterValue":[{{{_AT},"sampledValue":[{{"value":"7"}}]}}]}}',
            ),
        ),
    ),
    Quirk(
        name="extra_property",
        what="A property that the schema does not have",
        becomes="left out, but not from a sampled value, nor what could say or change what a transaction costs",
        seen=(
            "evcc-io/evcc#14579 (connectorId in Authorize)",
            "road-labs/chargestation-one#61 (disconnectReason)",
            "citrineos/citrineos-core#561",
        ),
        safe="What is billed is in properties of the schema; the original is kept beside the records.",
        loses=True,
        departures=frozenset({Departure.UNKNOWN_PROPERTY}),
        mend=_drop_extra,
        examples=(
            Example(OCPP16, "Authorize", '{"connectorId":2,"idTag":"TAG1"}', '{"idTag":"TAG1"}'),
            Example(
                OCPP16,
                "StopTransaction",
                f'{{"transactionId":5,"meterStop":9,{_AT},"disconnectReason":"EVDisconnected"}}',
                f'{{"transactionId":5,"meterStop":9,{_AT}}}',
            ),
            Example(
                OCPP201,
                "Authorize",
                '{"evseId":1,"idToken":{"idToken":"A","type":"ISO14443"}}',
                '{"idToken":{"idToken":"A","type":"ISO14443"}}',
            ),
        ),
    ),
    Quirk(
        name="null_for_absent",
        what="An optional property is null",
        becomes="left out, but for a measurand",
        seen=("mobilityhouse/ocpp#296 (info)",),
        safe="Null says nothing. A measurand is kept out of it: without one a value would be an energy register.",
        departures=frozenset({Departure.TYPE}),
        mend=_drop_null,
        examples=(
            Example(OCPP16, "StatusNotification", f'{{{_STATUS},"info":null,"timestamp":null}}', f"{{{_STATUS}}}"),
            Example(
                OCPP201,
                "TransactionEvent",
                f'{{{_EVENT},"seqNo":1,"idToken":null,"meterValue":null,"reservationId":null}}',
                f'{{{_EVENT},"seqNo":1}}',
            ),
            Example(
                OCPP16,
                "GetConfiguration",
                '{"configurationKey":[],"unknownKey":null}',
                '{"configurationKey":[]}',
                "result",
            ),
        ),
    ),
    Quirk(
        name="empty_for_absent",
        what="An optional property is empty (text, object or array) where it may not be",
        becomes="left out, but for a measurand",
        seen=("EVerest/libocpp#187 (meterValue)", "evcc-io/evcc#17836 (Heidelberg Amperfied, chargingRateUnit)"),
        safe="Nothing was said. A measurand is kept out of it: without one a value would be an energy register.",
        departures=frozenset({Departure.TYPE, Departure.CONSTRAINT, Departure.FEW_ITEMS, Departure.INSIDE}),
        mend=_drop_empty,
        examples=(
            Example(
                OCPP16,
                "MeterValues",
                f'{{"connectorId":1,"transactionId":"","meterValue":[{{{_AT},"sampledValue":[{{"value":"7","phase":""}}]}}]}}',
                f'{{"connectorId":1,"meterValue":[{{{_AT},"sampledValue":[{{"value":"7"}}]}}]}}',
            ),
            Example(
                OCPP201,
                "TransactionEvent",
                f'{{{_EVENT},"seqNo":1,"meterValue":[],"evse":{{}}}}',
                f'{{{_EVENT},"seqNo":1}}',
            ),
        ),
    ),
    Quirk(
        name="one_for_list",
        what="One object stands where a list of such objects belongs",
        becomes="a list of it",
        seen=("lbbrhzn/ocpp#1144 (Huawei)", "sap-labs-france/ev-simulator#17"),
        safe="The object is the same, and is judged as an item.",
        departures=frozenset({Departure.TYPE}),
        mend=_put_in_array,
        examples=(
            Example(
                OCPP16,
                "MeterValues",
                f'{{"connectorId":1,"meterValue":{{{_AT},"sampledValue":[{{"value":"7"}}]}}}}',
                f'{{"connectorId":1,"meterValue":[{{{_AT},"sampledValue":[{{"value":"7"}}]}}]}}',
            ),
        ),
    ),
    Quirk(
        name="text_for_number",
        what="A number stands in quotes",
        becomes="the number, if it is written as JSON writes one",
        seen=("virta-ltd/charge-device-simulator#9 (evseId, connectorId)", "lbbrhzn/ocpp#210 (OpenEVSE)"),
        safe="The digits are the same. A comma, a unit or a space within is not guessed at.",
        departures=frozenset({Departure.TYPE}),
        mend=_number_from_text,
        examples=(
            Example(
                OCPP16,
                "StatusNotification",
                '{"connectorId":"1","errorCode":"NoError","status":"Available"}',
                f"{{{_STATUS}}}",
            ),
            Example(
                OCPP201,
                "MeterValues",
                f'{{"evseId":"1","meterValue":[{{{_AT},"sampledValue":[{{"value":"12.50"}}]}}]}}',
                f'{{"evseId":1,"meterValue":[{{{_AT},"sampledValue":[{{"value":12.5}}]}}]}}',
            ),
            Example(OCPP21, "TransactionEvent", f'{{{_EVENT},"seqNo":"3"}}', f'{{{_EVENT},"seqNo":3}}'),
        ),
    ),
    Quirk(
        name="number_for_text",
        what="A text is a bare number",
        becomes="its digits as text",
        seen=(
            "OpenEVSE/openevse_esp32_firmware#335",
            "mobilityhouse/ocpp#353",
            "lbbrhzn/ocpp#1499 (NumberOfConnectors)",
            "mobilityhouse/ocpp#582 (Scame)",
        ),
        safe="The value is the same. Left alone: an exponent, and an id token, which may have lost its zeros in front.",
        departures=frozenset({Departure.TYPE}),
        mend=_text_from_number,
        examples=(
            Example(
                OCPP16,
                "MeterValues",
                f'{{"connectorId":1,"meterValue":[{{{_AT},"sampledValue":[{{"value":604.213}},{{"value":0}}]}}]}}',
                f'{{"connectorId":1,"meterValue":[{{{_AT},"sampledValue":[{{"value":"604.213"}},{{"value":"0"}}]}}]}}',
            ),
            Example(
                OCPP16,
                "GetConfiguration",
                '{"configurationKey":[{"key":"NumberOfConnectors","readonly":true,"value":1}]}',
                '{"configurationKey":[{"key":"NumberOfConnectors","readonly":true,"value":"1"}]}',
                "result",
            ),
        ),
    ),
    Quirk(
        name="boolean_by_other_means",
        what="A boolean is 0 or 1, or stands in quotes",
        becomes="the boolean",
        seen=("evcc-io/evcc#26253 (readonly)",),
        safe="No boolean of OCPP is an amount.",
        departures=frozenset({Departure.TYPE}),
        mend=_boolean,
        examples=(
            Example(
                OCPP16,
                "GetConfiguration",
                '{"configurationKey":[{"key":"A","readonly":0},{"key":"B","readonly":"True"}]}',
                '{"configurationKey":[{"key":"A","readonly":false},{"key":"B","readonly":true}]}',
                "result",
            ),
            Example(
                OCPP201,
                "TransactionEvent",
                f'{{{_EVENT},"seqNo":1,"offline":1}}',
                f'{{{_EVENT},"seqNo":1,"offline":true}}',
            ),
        ),
    ),
    Quirk(
        name="boolean_for_text",
        what="A configuration value is a bare boolean",
        becomes="its name as text",
        seen=("mobilityhouse/ocpp#582 (Scame)",),
        safe="A configuration bills nobody.",
        departures=frozenset({Departure.TYPE}),
        versions=V16,
        actions=frozenset({"GetConfiguration"}),
        mend=_text_from_boolean,
        examples=(
            Example(
                OCPP16,
                "GetConfiguration",
                '{"configurationKey":[{"key":"A","readonly":false,"value":true}]}',
                '{"configurationKey":[{"key":"A","readonly":false,"value":"true"}]}',
                "result",
            ),
        ),
    ),
    Quirk(
        name="data_not_text",
        what="The data of a DataTransfer are an object or an array",
        becomes="their JSON as text, as 1.6 has it",
        seen=("mobilityhouse/ocpp#462", "mobilityhouse/ocpp#619 (StarCharge)", "matth-x/MicroOcpp#395"),
        safe="The JSON is the same.",
        departures=frozenset({Departure.TYPE}),
        versions=V16,
        actions=frozenset({"DataTransfer"}),
        mend=_text_from_json,
        examples=(
            Example(
                OCPP16,
                "DataTransfer",
                '{"vendorId":"btc","messageId":"stationMode","data":{"mode":"pay"}}',
                '{"vendorId":"btc","messageId":"stationMode","data":"{\\"mode\\":\\"pay\\"}"}',
            ),
        ),
    ),
)
