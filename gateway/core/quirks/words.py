"""Quirks of enumerations and lengths: words in another spelling or of another version, and texts that are too long."""

import re
from typing import Any, Final

from msgspec import inspect

from gateway.core.quirks.quirk import ALL_VERSIONS, OCPP16, OCPP201, V2, V16, Departure, Example, Quirk, Spot

_PUNCTUATION: Final = re.compile(r"[\s._-]+")
_PADDING: Final = "".join(map(chr, range(0x21))) + "\x7f"
"""Control characters and the space: what fills up fields of fixed length, and stands on no card."""

ELLIPSIS: Final = "..."
"""The end of a value that was cut."""

WORDS_OF_2_0: Final = {"EVDetected": "EVConnected"}
"""chargingState of OCPP 2.0, before 2.0.1 renamed it."""

CUT: Final = frozenset(
    {"info", "vendorErrorCode", "vendorId", "techInfo", "techCode"}
    | {"chargePointVendor", "chargePointModel", "chargePointSerialNumber", "chargeBoxSerialNumber", "firmwareVersion"}
    | {"iccid", "imsi", "meterType", "meterSerialNumber", "vendorName", "model", "serialNumber"}
)
"""Texts for people, and what a station says it is: what may be cut. Of nothing else is the beginning the same thing."""


def allowed(spot: Spot) -> tuple[str, ...]:
    """Return the words that the schema has here; () if it is no enumeration."""
    if not isinstance(spot.expected, inspect.LiteralType):
        return ()
    return tuple(str(value) for value in spot.expected.values)


def fold(word: str) -> str:
    """Return what of a word neither case nor punctuation changes."""
    return _PUNCTUATION.sub("", word).casefold()


def _respell(spot: Spot) -> bool:
    """Put the only word that differs in case or punctuation alone."""
    if not isinstance(spot.value, str) or not spot.value:
        return False
    folded = fold(spot.value)
    words = [word for word in allowed(spot) if fold(word) == folded]
    return len(words) == 1 and spot.put(words[0])


def _word_of_2_0(spot: Spot) -> bool:
    word = WORDS_OF_2_0.get(spot.value) if isinstance(spot.value, str) else None
    return word is not None and word in allowed(spot) and spot.put(word)


def _other_reason(spot: Spot) -> bool:
    is_reason = spot.name in ("reason", "stoppedReason") and isinstance(spot.value, str) and spot.value != ""
    return is_reason and "Other" in allowed(spot) and spot.put("Other")


def _other_error(spot: Spot) -> bool:
    """Put OtherError, and what the station said where a vendor's own code belongs, if that is free."""
    if spot.name != "errorCode" or not isinstance(spot.value, str) or not spot.value:
        return False
    if not spot.holder.get("vendorErrorCode"):
        spot.holder["vendorErrorCode"] = spot.value[:50]
    return spot.put("OtherError")


def _unknown_trigger(spot: Spot) -> bool:
    return spot.name == "triggerReason" and spot.put("AbnormalCondition")


def _length_max(spot: Spot) -> int | None:
    return spot.expected.max_length if isinstance(spot.expected, inspect.StrType) else None


def _cut(spot: Spot) -> bool:
    most = _length_max(spot)
    if most is None or spot.name not in CUT or not isinstance(spot.value, str) or len(spot.value) <= most:
        return False
    return spot.put(spot.value[:most])


def _cut_visibly(spot: Spot) -> bool:
    most = _length_max(spot)
    if spot.name != "value" or most is None or not isinstance(spot.value, str) or len(spot.value) <= most:
        return False
    return spot.put(spot.value[: most - len(ELLIPSIS)] + ELLIPSIS)


def _without_padding(spot: Spot) -> bool:
    most = _length_max(spot)
    if spot.name not in ("idTag", "idToken") or most is None or not isinstance(spot.value, str):
        return False
    bare = spot.value.rstrip(_PADDING)
    return 0 < len(bare) <= most < len(spot.value) and spot.put(bare)


def _drop_id_tag(spot: Spot) -> bool:
    return spot.name == "idTag" and spot.drop()


def _drop_rest(spot: Spot) -> bool:
    """Leave nothing but the status of an answer that rejects."""
    payload: dict[str, Any] = spot.holder
    if len(spot.path) != 1 or payload.get("status") != "Rejected" or spot.key == "status":
        return False
    return spot.drop()


_STATUS: Final = '"connectorId":1,"status":"Available"'
_BOOT: Final = '"chargePointVendor":"Schneider Electric","chargePointModel":"EVlink Smart Wallbox"'
_STOP: Final = '"transactionId":5,"meterStop":9,"timestamp":"2026-03-01T12:00:00Z"'
_EVENT: Final = '"seqNo":1,"timestamp":"2026-03-01T12:00:00Z"'
_WRONG: Final = frozenset({Departure.CONSTRAINT})

QUIRKS: Final = (
    Quirk(
        name="word_spelling",
        what="A word of an enumeration in another case, or with other spaces, dots, dashes or underscores",
        becomes="the word as the schema spells it, if only one is meant",
        seen=("matth-x/MicroOcpp#128 (Current.import)",),
        safe="No two words of an enumeration differ in case and punctuation alone (a test looks).",
        departures=_WRONG,
        mend=_respell,
        examples=(
            Example(
                OCPP16,
                "StatusNotification",
                '{"connectorId":1,"errorCode":"noError","status":"Suspended_Ev"}',
                '{"connectorId":1,"errorCode":"NoError","status":"SuspendedEV"}',
            ),
            Example(OCPP16, "Reset", '{"status":"accepted"}', '{"status":"Accepted"}', "result"),
            Example(
                OCPP201,
                "TransactionEvent",
                f'{{{_EVENT},"eventType":"started","triggerReason":"CABLE_PLUGGED_IN","transactionInfo":{{"transactionId":"T"}}}}',
                f'{{{_EVENT},"eventType":"Started","triggerReason":"CablePluggedIn","transactionInfo":{{"transactionId":"T"}}}}',
            ),
        ),
    ),
    Quirk(
        name="word_of_2_0",
        what="A charging state of OCPP 2.0 in a later version: EVDetected",
        becomes="EVConnected, its name since 2.0.1",
        seen=("ShellRechargeSolutionsEU/ocpp#42",),
        safe="It is the same state under its new name.",
        departures=_WRONG,
        versions=V2,
        mend=_word_of_2_0,
        examples=(
            Example(
                OCPP201,
                "TransactionEvent",
                f'{{{_EVENT},"eventType":"Updated","triggerReason":"Trigger","transactionInfo":{{"transactionId":"T","chargingState":"EVDetected"}}}}',
                f'{{{_EVENT},"eventType":"Updated","triggerReason":"Trigger","transactionInfo":{{"transactionId":"T","chargingState":"EVConnected"}}}}',
            ),
        ),
    ),
    Quirk(
        name="stop_reason_unknown",
        what="A transaction was stopped for a reason that the version does not know, as a word of another version",
        becomes="Other",
        seen=("shiv3/ocpp-cp-simulator#350 (words of 2.0.1 in 1.6)", "road-labs/chargestation-one#61"),
        safe="Why it stopped bills nobody; the original is kept beside the records.",
        departures=_WRONG,
        actions=frozenset({"StopTransaction", "TransactionEvent"}),
        mend=_other_reason,
        examples=(
            Example(
                OCPP16,
                "StopTransaction",
                f'{{{_STOP},"reason":"ImmediateReset"}}',
                f'{{{_STOP},"reason":"Other"}}',
            ),
            Example(
                OCPP201,
                "TransactionEvent",
                f'{{{_EVENT},"eventType":"Ended","triggerReason":"Trigger","transactionInfo":{{"transactionId":"T","stoppedReason":"HardReset"}}}}',
                f'{{{_EVENT},"eventType":"Ended","triggerReason":"Trigger","transactionInfo":{{"transactionId":"T","stoppedReason":"Other"}}}}',
            ),
        ),
    ),
    Quirk(
        name="error_code_unknown",
        what="A status with an error code of the vendor's own",
        becomes="OtherError, with that code as vendorErrorCode where there is none",
        seen=("lbbrhzn/ocpp#1248 (Legrand GreenUp: Error)",),
        safe="A status bills nobody, and the fault stays a fault; the original is kept.",
        loses=True,
        departures=_WRONG,
        versions=V16,
        actions=frozenset({"StatusNotification"}),
        mend=_other_error,
        examples=(
            Example(
                OCPP16,
                "StatusNotification",
                '{"connectorId":0,"errorCode":"Error","status":"Faulted"}',
                '{"connectorId":0,"errorCode":"OtherError","status":"Faulted","vendorErrorCode":"Error"}',
            ),
        ),
    ),
    Quirk(
        name="trigger_reason_missing",
        what="A transaction event does not say what triggered it",
        becomes="AbnormalCondition",
        seen=("matth-x/MicroOcpp#405",),
        safe="What triggered it bills nobody. Only to be asked for, because it says what the station did not.",
        by_default=False,
        departures=frozenset({Departure.MISSING}),
        versions=V2,
        actions=frozenset({"TransactionEvent"}),
        mend=_unknown_trigger,
        examples=(
            Example(
                OCPP201,
                "TransactionEvent",
                f'{{{_EVENT},"eventType":"Ended","transactionInfo":{{"transactionId":"T"}}}}',
                f'{{{_EVENT},"eventType":"Ended","transactionInfo":{{"transactionId":"T"}},"triggerReason":"AbnormalCondition"}}',
            ),
        ),
    ),
    Quirk(
        name="status_text_too_long",
        what="The info, the vendor's error code or another text of a notification is too long",
        becomes="its beginning",
        seen=("lbbrhzn/ocpp#987 (info)",),
        safe="These texts are for people; the original is kept.",
        loses=True,
        departures=_WRONG,
        actions=frozenset({"StatusNotification", "SecurityEventNotification", "NotifyEvent", "LogStatusNotification"}),
        directions=frozenset({"request"}),
        mend=_cut,
        examples=(
            Example(
                OCPP16,
                "StatusNotification",
                f'{{{_STATUS},"errorCode":"NoError","info":"{"x" * 78}","vendorErrorCode":"{"y" * 51}"}}',
                f'{{{_STATUS},"errorCode":"NoError","info":"{"x" * 50}","vendorErrorCode":"{"y" * 50}"}}',
            ),
        ),
    ),
    Quirk(
        name="boot_text_too_long",
        what="A vendor, model, serial number or firmware version of a boot is too long",
        becomes="its beginning",
        seen=(
            "lbbrhzn/ocpp#1622 (Schneider EVlink G4)",
            "mobilityhouse/ocpp#273 (EVlink Smart Wallbox)",
            "lorenzodonini/ocpp-go#359 (HICI)",
            "steve-community/steve#1259",
        ),
        safe="A station is known by the identity that it connects with; the original is kept.",
        loses=True,
        departures=_WRONG,
        actions=frozenset({"BootNotification"}),
        directions=frozenset({"request"}),
        mend=_cut,
        examples=(
            Example(
                OCPP16,
                "BootNotification",
                f'{{{_BOOT},"chargePointSerialNumber":"3N123456789F2S1B1234567890"}}',
                f'{{{_BOOT},"chargePointSerialNumber":"3N123456789F2S1B123456789"}}',
            ),
            Example(
                OCPP201,
                "BootNotification",
                '{"reason":"PowerUp","chargingStation":{"vendorName":"V","model":"a model of 23 characters"}}',
                '{"reason":"PowerUp","chargingStation":{"vendorName":"V","model":"a model of 23 charac"}}',
            ),
        ),
    ),
    Quirk(
        name="id_token_padded",
        what="An id token is longer than it may be by control characters or spaces at its end",
        becomes="the token without them",
        seen=("lbbrhzn/ocpp#2030 (Ocular LTE Plus V3)",),
        safe="No card has them, so no other token is meant; a token that is too long by anything else is left alone.",
        departures=_WRONG,
        mend=_without_padding,
        examples=(
            Example(
                OCPP16,
                "Authorize",
                '{"idTag":"BA86I250X5G6MOD5DLKD\\u0010\\u000e"}',
                '{"idTag":"BA86I250X5G6MOD5DLKD"}',
            ),
        ),
    ),
    Quirk(
        name="stop_id_tag_too_long",
        what="A StopTransaction names an id tag of more than 20 characters",
        becomes="the stop without the tag, which it need not have",
        seen=("lbbrhzn/ocpp#1803 (Sigen EVDC)",),
        safe="The transaction is named by its id, and who pays by its start.",
        departures=_WRONG,
        versions=V16,
        actions=frozenset({"StopTransaction"}),
        mend=_drop_id_tag,
        examples=(
            Example(
                OCPP16,
                "StopTransaction",
                f'{{{_STOP},"reason":"Local","idTag":"X16WG99J2QIEGCC0MCJ5-"}}',
                f'{{{_STOP},"reason":"Local"}}',
            ),
        ),
    ),
    Quirk(
        name="configuration_value_too_long",
        what="A configuration value has more than 500 characters",
        becomes="its beginning, with ... at the end",
        seen=("lorenzodonini/ocpp-go#258 (evcc-io/evcc#12901)", "lbbrhzn/ocpp#821 (Wallbox CopperSB)"),
        safe="A configuration bills nobody, and that it was cut can be seen.",
        departures=_WRONG,
        versions=V16,
        actions=frozenset({"GetConfiguration"}),
        directions=frozenset({"result"}),
        mend=_cut_visibly,
        examples=(
            Example(
                OCPP16,
                "GetConfiguration",
                f'{{"configurationKey":[{{"key":"A","readonly":true,"value":"{"x" * 501}"}}]}}',
                f'{{"configurationKey":[{{"key":"A","readonly":true,"value":"{"x" * 497}..."}}]}}',
                "result",
            ),
        ),
    ),
    Quirk(
        name="rejected_schedule",
        what="A rejected GetCompositeSchedule comes with a schedule that is none",
        becomes="the rejection alone",
        seen=("evcc-io/evcc#17836 (Heidelberg Amperfied)",),
        safe="What was rejected has no schedule.",
        departures=frozenset({Departure.CONSTRAINT, Departure.TYPE, Departure.INSIDE, Departure.FEW_ITEMS}),
        versions=ALL_VERSIONS,
        actions=frozenset({"GetCompositeSchedule"}),
        directions=frozenset({"result"}),
        mend=_drop_rest,
        examples=(
            Example(
                OCPP16,
                "GetCompositeSchedule",
                '{"status":"Rejected","connectorId":0,"chargingSchedule":'
                '{"duration":0,"chargingSchedulePeriod":[],"chargingRateUnit":""}}',
                '{"status":"Rejected","connectorId":0}',
                "result",
            ),
        ),
    ),
)
