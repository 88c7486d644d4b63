"""Quirks of meter values and transaction ids: what is measured, in which unit, and for whom.

Here a guess would be a bill. So a sample whose meaning is not certain is left out and never given another one, and the
original message is always kept beside what could be read.
"""

import re
from typing import Any, Final

from msgspec import inspect

from gateway.core.csms import INTEGER_MAX
from gateway.core.quirks.quirk import OCPP16, OCPP201, TRANSACTIONS, V16, Departure, Example, Quirk, Spot
from gateway.core.quirks.words import allowed

UNIT_NAMES: Final = {
    "hz": "Hertz",
    "c": "Celsius",
    "°c": "Celsius",
    "degc": "Celsius",
    "%": "Percent",
    "watt": "W",
    "watts": "W",
    "volt": "V",
    "volts": "V",
    "amp": "A",
    "amps": "A",
    "ampere": "A",
    "amperes": "A",
}
"""Other names of units of 1.6, in lower case. None is a multiple: what could be off by a thousand is not here."""

NEVER_GIVEN: Final = -1
"""The transaction id of a station that was never given one (1.6 errata, 3.18): no transaction has it."""

_WITH_PHASE: Final = re.compile(r"(.+)\.(L[123](?:-N)?|L1-L2|L2-L3|L3-L1|N)")
_COMMA: Final = re.compile(r"\s*(-?[0-9]{1,12}),([0-9]{1,9})\s*", re.ASCII)
_THOUSANDS: Final = re.compile(r"-?[1-9][0-9]{0,2},[0-9]{3}", re.ASCII)
"""What may be a decimal comma or one between thousands."""


def _unit(spot: Spot) -> bool:
    """Put the name that 1.6 has for the unit; a frequency where Hertz is not allowed is one without it."""
    unit = UNIT_NAMES.get(str(spot.value).strip().casefold())
    if unit is None or spot.name != "unit" or not spot.sampled:
        return False
    if unit in allowed(spot):
        return spot.put(unit)
    return unit == "Hertz" and spot.holder.get("measurand") == "Frequency" and spot.drop()


def _split_phase(spot: Spot) -> bool:
    match = _WITH_PHASE.fullmatch(spot.value) if isinstance(spot.value, str) else None
    if match is None or spot.name != "measurand" or match[1] not in allowed(spot):
        return False
    if spot.holder.setdefault("phase", match[2]) != match[2]:
        return False
    return spot.put(match[1])


def _other_context(spot: Spot) -> bool:
    is_context = spot.name == "context" and spot.sampled and isinstance(spot.value, str) and spot.value != ""
    return is_context and "Other" in allowed(spot) and spot.put("Other")


def _drop_sample(spot: Spot) -> bool:
    """Leave out one sample of several, unless its measurand or its unit is one of energy, for that is what bills."""
    if spot.name != "sampledValue" or not isinstance(spot.key, int) or len(spot.holder) < 2:
        return False
    sample = spot.value if isinstance(spot.value, dict) else {}
    measurand = sample.get("measurand")
    if not isinstance(measurand, str) or not measurand or "energy" in measurand.casefold():
        return False
    unit = sample.get("unitOfMeasure", sample.get("unit"))
    return "wh" not in str(unit).casefold() and spot.drop()


def _drop_meter_value(spot: Spot) -> bool:
    """Leave out one meter value of several, or all where the message may be without."""
    if spot.name not in ("meterValue", "transactionData"):
        return False
    if isinstance(spot.key, int):
        return (len(spot.holder) > 1 or spot.name == "transactionData") and _is_empty(spot.value) and spot.drop()
    return isinstance(spot.value, list) and all(map(_is_empty, spot.value)) and spot.drop()


def _is_empty(meter_value: Any) -> bool:
    return isinstance(meter_value, dict) and meter_value.get("sampledValue") in ([], None)


def _unreadable_sample(spot: Spot) -> bool:
    """Put one sample without a value where there is none: a text that is no number, which is recorded as unreadable."""
    return spot.name == "sampledValue" and spot.value == [] and spot.put([{"value": ""}])


def _decimal_comma(spot: Spot) -> bool:
    match = _COMMA.fullmatch(spot.value) if isinstance(spot.value, str) and spot.sampled else None
    if match is None or spot.name != "value" or _THOUSANDS.fullmatch(spot.value.strip()):
        return False
    return spot.put(f"{match[1]}.{match[2]}")


def _round(spot: Spot) -> bool:
    if spot.name not in ("meterStart", "meterStop") or not isinstance(spot.value, float):
        return False
    return spot.put(int(spot.value + (0.5 if spot.value >= 0 else -0.5)))


def _drop_id(spot: Spot) -> bool:
    return spot.name == "transactionId" and spot.drop()


def _stop_unknown(spot: Spot) -> bool:
    """Put the id of no transaction where there is none that can be one."""
    if spot.name != "transactionId" or not isinstance(spot.expected, inspect.IntType):
        return False
    value = spot.value
    nothing = value is None or value == ""
    return (nothing or (isinstance(value, int) and abs(value) > INTEGER_MAX)) and spot.put(NEVER_GIVEN)


def _message(*samples: str, more: str = "") -> str:
    return (
        f'{{"connectorId":1{more},"meterValue":[{{"timestamp":"2026-03-01T12:00:00Z","sampledValue":'
        f"[{','.join(samples)}]}}]}}"
    )


_ENERGY: Final = '{"value":"1750","measurand":"Energy.Active.Import.Register","unit":"Wh"}'
_STOP: Final = '"meterStop":9,"timestamp":"2026-03-01T12:00:00Z"'
_EVENT: Final = (
    '"eventType":"Updated","timestamp":"2026-03-01T12:00:00Z","triggerReason":"MeterValuePeriodic","seqNo":1,'
    '"transactionInfo":{"transactionId":"T1"}'
)
_WRONG: Final = frozenset({Departure.CONSTRAINT})
_OVERFLOW: Final = 2**63 - 1

QUIRKS: Final = (
    Quirk(
        name="unit_name",
        what="A unit under another name: Hz, C, %, Watt",
        becomes="the name that 1.6 has for it; a frequency in a StopTransaction, which cannot have one, is without",
        seen=(
            "lbbrhzn/ocpp#1576 (Hz)",
            "lbbrhzn/ocpp#1969 (Hz)",
            "matth-x/MicroOcpp#128 (Hz)",
            "mobilityhouse/ocpp#70 (Viridian)",
            "OpenEVSE/openevse_esp32_firmware#726 (C)",
        ),
        safe="It is the same unit; no name stands for a multiple, and none for an energy.",
        departures=_WRONG,
        versions=V16,
        actions=TRANSACTIONS,
        mend=_unit,
        examples=(
            Example(
                OCPP16,
                "MeterValues",
                _message(_ENERGY, '{"value":"49.99","measurand":"Frequency","unit":"Hz"}'),
                _message(_ENERGY, '{"value":"49.99","measurand":"Frequency","unit":"Hertz"}'),
            ),
            Example(
                OCPP16,
                "StopTransaction",
                f'{{"transactionId":5,{_STOP},"transactionData":[{{"timestamp":"2026-03-01T12:00:00Z","sampledValue":'
                '[{"value":"50","measurand":"Frequency","unit":"Hz"}]}]}',
                f'{{"transactionId":5,{_STOP},"transactionData":[{{"timestamp":"2026-03-01T12:00:00Z","sampledValue":'
                '[{"value":"50","measurand":"Frequency"}]}]}',
            ),
        ),
    ),
    Quirk(
        name="phase_in_measurand",
        what="The phase is part of the measurand: Current.Import.L1",
        becomes="measurand and phase, if the sample names no other phase",
        seen=("ConnectorIO/connectorio-addons#138", "lbbrhzn/ocpp#19 (Alfen, in its configuration)"),
        safe="It says the same in two fields, and a value of one phase stays one of one phase.",
        departures=_WRONG,
        actions=TRANSACTIONS,
        mend=_split_phase,
        examples=(
            Example(
                OCPP16,
                "MeterValues",
                _message(_ENERGY, '{"value":"15.9","measurand":"Current.Import.L1","unit":"A"}'),
                _message(_ENERGY, '{"value":"15.9","measurand":"Current.Import","unit":"A","phase":"L1"}'),
            ),
            Example(
                OCPP201,
                "TransactionEvent",
                f'{{{_EVENT},"meterValue":[{{"timestamp":"2026-03-01T12:00:00Z","sampledValue":'
                '[{"value":230.1,"measurand":"Voltage.L1-N"}]}]}',
                f'{{{_EVENT},"meterValue":[{{"timestamp":"2026-03-01T12:00:00Z","sampledValue":'
                '[{"value":230.1,"measurand":"Voltage","phase":"L1-N"}]}]}',
            ),
        ),
    ),
    Quirk(
        name="context_unknown",
        what="A sample was taken for a reason that the version does not know",
        becomes="the context Other, which stands for any such reason",
        seen=("no public thread; OCPP 1.6 section 7.35 has Other for it",),
        safe="The value is the same. It counts neither as the begin nor as the end of a transaction.",
        departures=_WRONG,
        actions=TRANSACTIONS,
        mend=_other_context,
        examples=(
            Example(
                OCPP16,
                "MeterValues",
                _message('{"value":"1750","context":"Sample.Event"}'),
                _message('{"value":"1750","context":"Other"}'),
            ),
        ),
    ),
    Quirk(
        name="sample_unusable",
        what="One of several samples that is no energy has a measurand, unit, phase or location nobody knows",
        becomes="the message without that sample",
        seen=("zephyrproject-rtos/zephyr#98870 (SoCState)",),
        safe="Energy bills, and stays, as does what has its unit. No meaning is made up, and the original is kept.",
        loses=True,
        departures=frozenset({Departure.INSIDE, Departure.TYPE}),
        actions=TRANSACTIONS,
        mend=_drop_sample,
        examples=(
            Example(
                OCPP16,
                "MeterValues",
                _message(
                    _ENERGY, '{"value":"7","measurand":"SoCState"}', '{"value":"3","measurand":"Voltage","phase":"L4"}'
                ),
                _message(_ENERGY),
            ),
        ),
    ),
    Quirk(
        name="meter_value_empty",
        what="A meter value without samples beside others, or where the message need not have any",
        becomes="the message without it",
        seen=("evcc-io/evcc#25708 (Sonnen)", "EVerest/libocpp#187"),
        safe="It says nothing.",
        departures=frozenset({Departure.INSIDE}),
        actions=TRANSACTIONS,
        mend=_drop_meter_value,
        examples=(
            Example(
                OCPP201,
                "TransactionEvent",
                f'{{{_EVENT},"meterValue":[{{"timestamp":"2026-03-01T12:00:00Z","sampledValue":[]}}]}}',
                f"{{{_EVENT}}}",
            ),
            Example(
                OCPP201,
                "MeterValues",
                '{"evseId":1,"meterValue":[{"timestamp":"2026-03-01T12:00:00Z","sampledValue":[]},'
                '{"timestamp":"2026-03-01T12:00:00Z","sampledValue":[{"value":7}]}]}',
                '{"evseId":1,"meterValue":[{"timestamp":"2026-03-01T12:00:00Z","sampledValue":[{"value":7}]}]}',
            ),
        ),
    ),
    Quirk(
        name="samples_empty",
        what="A MeterValues has no samples at all",
        becomes="one sample without a value, which is recorded as unreadable and gives no reading",
        seen=("lbbrhzn/ocpp#466 (Vestel EVC04)", "mobilityhouse/ocpp#210"),
        safe="No reading comes of it.",
        departures=frozenset({Departure.FEW_ITEMS}),
        versions=V16,
        actions=frozenset({"MeterValues"}),
        mend=_unreadable_sample,
        examples=(Example(OCPP16, "MeterValues", _message(), _message('{"value":""}')),),
    ),
    Quirk(
        name="decimal_comma",
        what="A value has a comma before its decimals",
        becomes="the value with a point; not where the comma may stand between thousands, as in 1,234",
        seen=("no public thread; OCPP 1.6 section 7.43 has the value as a text",),
        safe="Only where the comma can mean nothing else.",
        departures=frozenset({Departure.UNRECORDABLE}),
        versions=V16,
        actions=TRANSACTIONS,
        mend=_decimal_comma,
        examples=(
            Example(
                OCPP16,
                "MeterValues",
                _message('{"value":"12,5"}', '{"value":"0,125"}', '{"value":"1,234"}'),
                _message('{"value":"12.5"}', '{"value":"0.125"}', '{"value":"1,234"}'),
            ),
        ),
    ),
    Quirk(
        name="register_fraction",
        what="A meterStart or meterStop has a fraction of a watt-hour",
        becomes="the nearest whole watt-hour",
        seen=("shiv3/ocpp-cp-simulator#83", "EVerest/libocpp#638 (rounding)"),
        safe="At most half a watt-hour. Only to be asked for, because it changes what is billed.",
        by_default=False,
        departures=frozenset({Departure.TYPE}),
        versions=V16,
        actions=frozenset({"StartTransaction", "StopTransaction"}),
        mend=_round,
        examples=(
            Example(
                OCPP16,
                "StopTransaction",
                '{"transactionId":5,"meterStop":26008.333,"timestamp":"2026-03-01T12:00:00Z"}',
                '{"transactionId":5,"meterStop":26008,"timestamp":"2026-03-01T12:00:00Z"}',
            ),
        ),
    ),
    Quirk(
        name="transaction_id_overflow",
        what="Meter values are of a transaction with an id that cannot be one of ours, such as 2^63 - 1",
        becomes="meter values of the connector without a transaction",
        seen=("steve-community/steve#740 (Alfen)", "lorenzodonini/ocpp-go#188 (Alfen)", "mobilityhouse/ocpp#617"),
        safe="They are of no transaction, so they are billed to none; the readings are kept.",
        departures=frozenset({Departure.UNRECORDABLE}),
        versions=V16,
        actions=frozenset({"MeterValues"}),
        mend=_drop_id,
        examples=(
            Example(
                OCPP16,
                "MeterValues",
                _message(_ENERGY, more=f',"transactionId":{_OVERFLOW}'),
                _message(_ENERGY),
            ),
        ),
    ),
    Quirk(
        name="stop_without_transaction",
        what="A StopTransaction does not say of which transaction: null, empty, none, or an id that cannot be one",
        becomes="-1, as a 1.6 station says that it was never given an id",
        seen=("dallmann-consulting/OCPP.Core#29 (null)", "steve-community/steve#740 (Alfen: 2^63 - 1)"),
        safe="It ends no transaction of ours; that it came, and with which meter, is recorded.",
        departures=frozenset({Departure.TYPE, Departure.MISSING, Departure.UNRECORDABLE}),
        versions=V16,
        actions=frozenset({"StopTransaction"}),
        mend=_stop_unknown,
        examples=(
            Example(
                OCPP16,
                "StopTransaction",
                f'{{"transactionId":null,{_STOP}}}',
                f'{{"transactionId":-1,{_STOP}}}',
            ),
            Example(OCPP16, "StopTransaction", f"{{{_STOP}}}", f'{{{_STOP},"transactionId":-1}}'),
            Example(
                OCPP16,
                "StopTransaction",
                f'{{"transactionId":{_OVERFLOW},{_STOP}}}',
                f'{{"transactionId":-1,{_STOP}}}',
            ),
        ),
    ),
)
