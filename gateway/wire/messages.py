"""OCPP-J messages as the gateway writes them, and the error codes of each version.

Sources: OCPP-J 1.6 section 4.2, OCPP 2.0.1 and 2.1 Part 4 sections 4.2 and 4.3.
"""

from datetime import UTC, datetime
from enum import Enum
from typing import Final

import msgspec

CALL: Final = 2
CALL_RESULT: Final = 3
CALL_ERROR: Final = 4
CALL_RESULT_ERROR: Final = 5
SEND: Final = 6

UNREADABLE_ID: Final = "-1"
"""The id of an error that answers a message whose own id could not be read (OCPP 2.0.1 Part 4, section 4.2.3)."""

DESCRIPTION_MAX: Final = 255
"""Characters in an error description (OCPP 2.0.1 Part 4, section 4.2.3)."""


class Refusal(Enum):
    """Why a CALL is answered with an error. One meaning, one member; `ERROR_CODES` has its code in each version."""

    UNKNOWN_ACTION = "unknown_action"
    UNSUPPORTED_ACTION = "unsupported_action"
    SYNTAX = "syntax"
    UNKNOWN_PROPERTY = "unknown_property"
    MISSING = "missing"
    TYPE = "type"
    CONSTRAINT = "constraint"
    FRAMEWORK = "framework"
    MESSAGE_TYPE = "message_type"
    NOT_ACCEPTED = "not_accepted"
    INTERNAL = "internal"


_CODES_2: Final = {
    Refusal.UNKNOWN_ACTION: "NotImplemented",
    Refusal.UNSUPPORTED_ACTION: "NotSupported",
    Refusal.SYNTAX: "FormatViolation",
    Refusal.UNKNOWN_PROPERTY: "FormatViolation",
    Refusal.MISSING: "OccurrenceConstraintViolation",
    Refusal.TYPE: "TypeConstraintViolation",
    Refusal.CONSTRAINT: "PropertyConstraintViolation",
    Refusal.FRAMEWORK: "RpcFrameworkError",
    Refusal.MESSAGE_TYPE: "MessageTypeNotSupported",
    Refusal.NOT_ACCEPTED: "SecurityError",
    Refusal.INTERNAL: "InternalError",
}

ERROR_CODES: Final = {
    "ocpp1.6": {
        **_CODES_2,
        Refusal.SYNTAX: "FormationViolation",
        Refusal.UNKNOWN_PROPERTY: "FormationViolation",
        Refusal.MISSING: "OccurenceConstraintViolation",
        Refusal.FRAMEWORK: "GenericError",
        Refusal.MESSAGE_TYPE: "GenericError",
    },
    "ocpp2.0.1": _CODES_2,
    "ocpp2.1": _CODES_2,
}
"""Error codes by subprotocol. `OccurenceConstraintViolation` is how OCPP-J 1.6 section 4.2.3 spells it."""

_encode = msgspec.json.encode


def call(message_id: str, action: str, payload: bytes) -> bytes:
    """Return a CALL; `payload` is JSON."""
    return b"[2,%b,%b,%b]" % (_encode(message_id), _encode(action), payload)


def call_result(message_id: str, payload: bytes) -> bytes:
    """Return a CALLRESULT; `payload` is JSON."""
    return b"[3,%b,%b]" % (_encode(message_id), payload)


def call_error(message_id: str, code: str, description: str) -> bytes:
    """Return a CALLERROR without details; the description is cut to DESCRIPTION_MAX characters."""
    return b"[4,%b,%b,%b,{}]" % (_encode(message_id), _encode(code), _encode(description[:DESCRIPTION_MAX]))


def call_result_error(message_id: str, code: str, description: str) -> bytes:
    """Return a CALLRESULTERROR, the answer of 2.1 to a CALLRESULT that cannot be read (2.1 Part 4 section 4.2.4)."""
    return b"[5" + call_error(message_id, code, description)[2:]


def timestamp(at: datetime) -> str:
    """Return `at` as OCPP writes it: RFC 3339, UTC, three digits of the second (OCPP 2.0.1 Part 2, section 2.1.3)."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"
