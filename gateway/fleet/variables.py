"""The few settings of a simulated station, in the device model of OCPP 2.0.1 (Part 2, appendices)."""

from msgspec import Struct


class Variable(Struct, frozen=True):
    """An integer variable, and the attribute of `SimulatedStation` that holds it."""

    component: str
    name: str
    instance: str | None
    attribute: str
    mutable: bool = True
    low: int = 0


HEARTBEAT_INTERVAL = Variable("OCPPCommCtrlr", "HeartbeatInterval", None, "heartbeat_s", low=1)
METER_INTERVAL = Variable("SampledDataCtrlr", "TxUpdatedInterval", None, "meter_interval_s")
ATTEMPTS = Variable("OCPPCommCtrlr", "MessageAttempts", "TransactionEvent", "attempts_max", low=1)
ATTEMPT_INTERVAL = Variable("OCPPCommCtrlr", "MessageAttemptInterval", "TransactionEvent", "attempt_interval_s")
SUPPLY_PHASES = Variable("ChargingStation", "SupplyPhases", None, "phases", mutable=False)

VARIABLES: tuple[Variable, ...] = (HEARTBEAT_INTERVAL, METER_INTERVAL, ATTEMPTS, ATTEMPT_INTERVAL, SUPPLY_PHASES)
