"""The versions that a simulated station speaks, and what its server may ask in each."""

from collections.abc import Callable
from functools import partial

from gateway.fleet.commands2 import (
    authorisation,
    charging,
    configuration,
    customer,
    energy,
    monitoring,
    operation,
    security,
)
from gateway.fleet.dialect import Dialect, Serve
from gateway.fleet.ocpp2 import Edition, Ocpp2
from gateway.fleet.ocpp16 import Ocpp16
from gateway.fleet.station import SimulatedStation

BLOCKS = (authorisation, charging, configuration, customer, monitoring, operation, security)

SERVED_201: dict[str, Serve] = {action: serve for block in BLOCKS for action, serve in block.SERVED.items()}

SERVED_21: dict[str, Serve] = SERVED_201 | charging.SERVED_21 | energy.SERVED_21 | monitoring.SERVED_21

KNOWN_201 = frozenset(SERVED_201) | {"PublishFirmware", "UnpublishFirmware"}
"""All that a server may ask in 2.0.1. The two are for local controllers."""

KNOWN_21 = frozenset(SERVED_21) | KNOWN_201 | {"AFRRSignal"}
"""All that a server may ask in 2.1. AFRRSignal is for those that discharge."""

OCPP_201 = Edition("ocpp2.0.1", SERVED_201, KNOWN_201, is_21=False)
OCPP_21 = Edition("ocpp2.1", SERVED_21, KNOWN_21, is_21=True)

DIALECTS: dict[str, Callable[[SimulatedStation], Dialect]] = {
    "ocpp1.6": Ocpp16,
    "ocpp2.0.1": partial(Ocpp2, edition=OCPP_201),
    "ocpp2.1": partial(Ocpp2, edition=OCPP_21),
}
"""By subprotocol."""
