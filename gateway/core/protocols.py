"""The versions that the gateway answers, each with its rules. Adding a version is adding a row here."""

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from gateway.core import ocpp16, ocpp21, ocpp201
from gateway.core.csms import Rules
from gateway.wire.messages import ERROR_CODES, Refusal
from gateway.wire.versions import OCPP16, OCPP21, OCPP201, Version


class Protocol(Struct, frozen=True):
    """How one version is spoken.

    `answers_unreadable`: a message that cannot be read is answered with RpcFrameworkError and, where its id is not
    readable, the id "-1" (2.x Part 4 section 4.2.3); 1.6 has no such rule, so there it is only counted.
    `answers_unknown_type`: 2.0.1 Part 4 section 4.4 answers MessageTypeNotSupported; 1.6 and 2.1 ignore such messages.
    `unwraps_signed`: an action may be sent signed, as `<Action>-Signed` (2.x Part 4 section 7).
    """

    version: Version
    rules: Rules
    codes: Mapping[Refusal, str]
    answers_unreadable: bool
    answers_unknown_type: bool
    unwraps_signed: bool


PROTOCOLS: Final[Mapping[str, Protocol]] = {
    OCPP21.subprotocol: Protocol(
        OCPP21,
        ocpp21.RULES,
        ERROR_CODES[OCPP21.subprotocol],
        answers_unreadable=True,
        answers_unknown_type=False,
        unwraps_signed=True,
    ),
    OCPP201.subprotocol: Protocol(
        OCPP201,
        ocpp201.RULES,
        ERROR_CODES[OCPP201.subprotocol],
        answers_unreadable=True,
        answers_unknown_type=True,
        unwraps_signed=True,
    ),
    OCPP16.subprotocol: Protocol(
        OCPP16,
        ocpp16.RULES,
        ERROR_CODES[OCPP16.subprotocol],
        answers_unreadable=False,
        answers_unknown_type=False,
        unwraps_signed=False,
    ),
}
"""By subprotocol."""
