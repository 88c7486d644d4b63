"""OCPP 2.0.1: the rules of its actions. All of them are shared with 2.1 (`core.ocpp2`)."""

from typing import Final

from gateway.core.csms import Rules
from gateway.core.ocpp2 import Dialect, shared_rules
from gateway.wire.versions import OCPP201

RULES: Final[Rules] = shared_rules(Dialect(OCPP201.subprotocol))
"""What a station may send in OCPP 2.0.1."""
