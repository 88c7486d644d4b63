"""Signed messages of OCPP 2.x: the payload of `<Action>-Signed` is a JSON Web Signature around the action's payload.

Source: OCPP 2.0.1 and 2.1 Part 4 section 7, RFC 7515. Only what is signed is read here; no signature is verified.
"""

import re
from base64 import urlsafe_b64decode
from typing import Any, Final

from msgspec import json

from gateway.hot import EnvelopeError, split_envelope
from gateway.wire.payloads import PayloadError
from gateway.wire.violations import Violation

SUFFIX: Final = "-Signed"
"""What stands behind the name of an action whose payload is signed."""

_BASE64URL: Final = re.compile(r"(?:[A-Za-z0-9_-]{4})*(?:[A-Za-z0-9_-]{2,3}={0,2})?")


def signed_payload(signature: bytes) -> bytes:
    """Return the payload that a JWS signs: flattened or general JSON (RFC 7515 section 7.2), or compact in a string.

    `signature` is JSON, and so is what is returned, both as OCPP-J has it. Raises PayloadError.
    """
    match json.decode(signature):
        case {"payload": encoded, "signature": str()} | {"payload": encoded, "signatures": [_, *_]}:
            return _json_in(encoded, "$.payload")
        case str(compact) if compact.count(".") == 2:
            return _json_in(compact.split(".")[1], "$")
        case dict():
            raise PayloadError(Violation.MISSING, "$", "payload or signature of a JSON Web Signature is missing")
    raise PayloadError(Violation.TYPE, "$", "not a JSON Web Signature")


def _json_in(encoded: Any, path: str) -> bytes:
    if not isinstance(encoded, str):
        raise PayloadError(Violation.TYPE, path, "not base64url text")
    if not _BASE64URL.fullmatch(encoded):
        raise PayloadError(Violation.CONSTRAINT, path, "not base64url text")
    payload = urlsafe_b64decode(encoded.rstrip("=") + "==")
    try:
        payload.decode()
        split_envelope(b'[2,"1","",%b]' % payload)
    except (EnvelopeError, UnicodeDecodeError):
        raise PayloadError(Violation.SYNTAX, path, "what is signed is not one JSON value") from None
    return payload
