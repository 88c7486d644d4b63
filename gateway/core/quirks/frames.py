"""Quirks of the message around the payload: text that is not quite JSON, and frames with odd elements.

They run before anything is decoded, on what `gateway.hot.split_envelope` refused, and that function judges the result.
"""

import re
from typing import Final

import msgspec

from gateway.core.quirks.quirk import OCPP16, OCPP201, V16, Example, Quirk
from gateway.hot import MESSAGE_ID_CHARACTERS_MAX
from gateway.wire.messages import CALL, CALL_ERROR, CALL_RESULT

MESSAGE_ID_LONGEST: Final = 255
"""Longest message id that is echoed with a quirk. Beyond it is an attack on memory, not an id."""

CLOSERS_MAX: Final = 8
"""Brackets that may be missing at the end of a message. The deepest result that a 1.6 station gives has six."""

_TOKENS: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)|[^"]+', re.DOTALL)
"""Strings, and what stands between them. A string that never ends goes to the end of the text, and stays invalid."""

_CONTROLS: Final = bytes(range(0x20))
_WHITE_SPACE: Final = bytes.maketrans(b"\t\n\r", b"   ")
_AS_SPACE: Final = bytes.maketrans(_CONTROLS, b" " * 0x20)
_COMMA_AFTER: Final = re.compile(rb"([\[{,])(?:\s*,)+")
_COMMA_BEFORE: Final = re.compile(rb",\s*([\]}])")
_NO_VALUE: Final = re.compile(rb":(\s*[,}])")
_BRACKETS: Final = {ord("["): b"]", ord("{"): b"}"}


def _without_control_characters(text: bytes) -> bytes | None:
    """Take control characters from the ends of strings, and make those between tokens white space.

    Within a string only tab and line ends become spaces: what stands behind a NUL may be the rest of another text. No
    two digits ever come together.
    """

    def mend(token: bytes) -> bytes:
        if not token.startswith(b'"'):
            return token.translate(_AS_SPACE)
        bare = token[:-1].rstrip(_CONTROLS) if token.endswith(b'"') else b"\\"
        return (token if bare.endswith(b"\\") else bare + b'"').translate(_WHITE_SPACE)

    mended = b"".join(map(mend, _TOKENS.findall(text)))
    return mended if mended != text else None


def _without_stray_commas(text: bytes) -> bytes | None:
    def mend(token: bytes) -> bytes:
        return token if token.startswith(b'"') else _COMMA_BEFORE.sub(rb"\1", _COMMA_AFTER.sub(rb"\1", token))

    mended = b"".join(mend(token) for token in _TOKENS.findall(text))
    return mended if mended != text else None


def _null_where_no_value(text: bytes) -> bytes | None:
    tokens: list[bytes] = _TOKENS.findall(text)
    mended = b"".join(token if token.startswith(b'"') else _NO_VALUE.sub(rb":null\1", token) for token in tokens)
    return mended if mended != text else None


def _closed(text: bytes) -> bytes | None:
    """Return a CALLRESULT that ends behind a closed value with the brackets that are missing; nothing is guessed."""
    if not re.match(rb"\s*\[\s*3\s*,", text) or text.rstrip()[-1:] not in (b"]", b"}"):
        return None
    missing: list[bytes] = []
    for token in _TOKENS.findall(text):
        for byte in b"" if token.startswith(b'"') else token:
            if byte in _BRACKETS:
                missing.append(_BRACKETS[byte])
            elif byte in b"]}" and (not missing or missing.pop() != bytes((byte,))):
                return None
    return text + b"".join(reversed(missing)) if 0 < len(missing) <= CLOSERS_MAX else None


def _kind(elements: list[bytes]) -> int:
    return int(elements[0]) if elements and elements[0].isdigit() and len(elements[0]) == 1 else 0


def _with_shorter_id(elements: list[bytes]) -> list[bytes] | None:
    """Return the message under a shorter id; the caller puts the station's own back for the answer."""
    if _kind(elements) != CALL or len(elements) < 2 or not elements[1].startswith(b'"'):
        return None
    message_id: str = msgspec.json.decode(elements[1])
    if not MESSAGE_ID_CHARACTERS_MAX < len(message_id) <= MESSAGE_ID_LONGEST:
        return None
    return [elements[0], msgspec.json.encode(message_id[:MESSAGE_ID_CHARACTERS_MAX]), *elements[2:]]


def _with_payload(elements: list[bytes]) -> list[bytes] | None:
    """Return a CALL or CALLRESULT that ends before its payload with an empty one."""
    elements_before = {CALL: 3, CALL_RESULT: 2}.get(_kind(elements))
    return [*elements, b"{}"] if len(elements) == elements_before else None


def _with_all_of_error(elements: list[bytes]) -> list[bytes] | None:
    """Return a CALLERROR that lacks its details, or its description too, with empty ones."""
    if _kind(elements) != CALL_ERROR or not 3 <= len(elements) <= 4:
        return None
    return [*elements, *((b'""', b"{}")[len(elements) - 3 :])]


_STATUS: Final = '"StatusNotification",{"connectorId":1,"errorCode":"NoError","status":"Available"'
_TICK: Final = '"timestamp":"2026-03-01T12:00:00Z","sampledValue":[{"value":"1750"}]'

QUIRKS: Final = (
    Quirk(
        name="json_control_characters",
        what="A NUL or another control character at the end of a text or between two, or a line end within one",
        becomes="the message without it; a line end becomes a space",
        seen=("evcc-io/evcc#3685 (Wallbe Pro)", "lbbrhzn/ocpp#2030 (Ocular LTE Plus V3)"),
        safe="No card has one at its end, and no digits come together. A NUL within a text is left alone.",
        mend_text=_without_control_characters,
        examples=(
            Example(
                OCPP16,
                "StatusNotification",
                f'[2,"7",{_STATUS},"vendorErrorCode":"0x0\0\0"}}]',
                f'[2,"7",{_STATUS},"vendorErrorCode":"0x0"}}]',
            ),
            Example(
                OCPP16,
                "StatusNotification",
                f'[2,"7",{_STATUS},"info":"a\nb"}}]\0',
                f'[2,"7",{_STATUS},"info":"a b"}}] ',
            ),
        ),
    ),
    Quirk(
        name="json_stray_comma",
        what="A comma too many: behind the last or before the first item",
        becomes="the message without it",
        seen=("lbbrhzn/ocpp#1078 (ZJ BENY 1.0.31)",),
        safe="A comma is no value; no value is added or taken away.",
        mend_text=_without_stray_commas,
        examples=(
            Example(
                OCPP16,
                "MeterValues",
                f'[2,"7","MeterValues",{{"connectorId":1,"meterValue":[,{{{_TICK}}},]}}]',
                f'[2,"7","MeterValues",{{"connectorId":1,"meterValue":[{{{_TICK}}}]}}]',
            ),
        ),
    ),
    Quirk(
        name="json_no_value",
        what="A property has a name and a colon, but no value",
        becomes="null, which another quirk takes for absent where the property may be",
        seen=("lbbrhzn/ocpp#2032 (AEFA Home OCPP, A1B_2.8)",),
        safe="Nothing was said, and nothing is made up: a property that is needed is still missing.",
        mend_text=_null_where_no_value,
        examples=(
            Example(
                OCPP16,
                "MeterValues",
                f'[2,"7","MeterValues",{{"connectorId":1,"transactionId":,"meterValue":[{{{_TICK}}}]}}]',
                f'[2,"7","MeterValues",{{"connectorId":1,"transactionId":null,"meterValue":[{{{_TICK}}}]}}]',
            ),
        ),
    ),
    Quirk(
        name="json_result_unclosed",
        what="An answer ends before its closing brackets",
        becomes="the answer with them",
        seen=("lbbrhzn/ocpp#442 (Grizzl-E Smart 05.621)", "lbbrhzn/ocpp#176 (Grizzl-E Smart 05.43)"),
        safe="Answers to our calls bill nobody. Only to be asked for, because the rest of a list may be cut off.",
        by_default=False,
        versions=V16,
        mend_text=_closed,
        examples=(
            Example(
                OCPP16,
                "GetConfiguration",
                '[3,"7",{"configurationKey":[]',
                '[3,"7",{"configurationKey":[]}]',
                "result",
            ),
        ),
    ),
    Quirk(
        name="message_id_too_long",
        what=f"The message id has more than {MESSAGE_ID_CHARACTERS_MAX} characters",
        becomes=f"taken up to {MESSAGE_ID_LONGEST} characters, and echoed as it is",
        seen=("steve-community/steve Deserializer.java (takes any)", "mobilityhouse/ocpp#312 (refuses)"),
        safe="The id only matches an answer to its call.",
        mend_frame=_with_shorter_id,
        examples=(
            Example(OCPP16, "Heartbeat", f'[2,"{"i" * 40}","Heartbeat",{{}}]', f'[2,"{"i" * 36}","Heartbeat",{{}}]'),
            Example(OCPP201, "Heartbeat", f'[2,"{"i" * 255}","Heartbeat",{{}}]', f'[2,"{"i" * 36}","Heartbeat",{{}}]'),
        ),
    ),
    Quirk(
        name="payload_missing",
        what="A message with nothing to say ends before its payload",
        becomes="the message with {}",
        seen=("OCPP-J 1.6 section 4.2.1 (the payload may be null, which some leave out)",),
        safe="What bills has required properties, and is still refused without them.",
        mend_frame=_with_payload,
        examples=(
            Example(OCPP16, "Heartbeat", '[2,"1","Heartbeat"]', '[2,"1","Heartbeat",{}]'),
            Example(OCPP201, "Heartbeat", '[2,"1","Heartbeat"]', '[2,"1","Heartbeat",{}]'),
            Example(OCPP16, "UpdateFirmware", '[3,"7"]', '[3,"7",{}]', "result"),
        ),
    ),
    Quirk(
        name="call_error_short",
        what="An error lacks its details, or its description too",
        becomes="the error with empty ones",
        seen=("lorenzodonini/ocpp-go ocppj.go (takes four elements)", "steve-community/steve Deserializer.java"),
        safe="An error bills nobody; its code is what counts.",
        mend_frame=_with_all_of_error,
        examples=(
            Example(OCPP16, "Reset", '[4,"7","NotSupported"]', '[4,"7","NotSupported","",{}]', "result"),
            Example(OCPP201, "Reset", '[4,"7","InternalError","oh"]', '[4,"7","InternalError","oh",{}]', "result"),
        ),
    ),
)
