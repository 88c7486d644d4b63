"""What stations told of themselves, each as it holds now: rows of the API that ask a station nothing."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final, TypeVar

import msgspec
from msgspec import Struct

from gateway.core import event_streams
from gateway.core.event_streams import EventStream
from gateway.core.facts.batteries import BATTERIES, Battery
from gateway.core.facts.charging_notices import (
    CHARGING_NEEDS,
    EXTERNAL_LIMITS,
    PRIORITY_CHARGING,
    ChargingNeeds,
    ExternalLimit,
    PriorityCharging,
)
from gateway.core.facts.der import DER_ALARMS, DER_CONTROLS, DerAlarm, DerControl
from gateway.core.facts.kind import FactKind
from gateway.core.flows.flow import Shown
from gateway.core.stations import Station

Value = TypeVar("Value", bound=Struct)


def _all_of(kind: FactKind[Value]) -> Callable[[Station, Mapping[str, str], datetime], list[dict[str, Any]]]:
    """Return what shows all that holds of one kind, the one said longest ago first."""

    def show(station: Station, parameters: Mapping[str, str], now: datetime) -> list[dict[str, Any]]:
        return [msgspec.to_builtins(value) for value in kind.of(station).values()]

    return show


SHOWN: Final = (
    Shown(
        "external-limits",
        _all_of(EXTERNAL_LIMITS),
        "Limits that others set, such as an energy management system",
        ExternalLimit,
    ),
    Shown("charging-needs", _all_of(CHARGING_NEEDS), "What the vehicles said that they need, by EVSE", ChargingNeeds),
    Shown("priority-charging", _all_of(PRIORITY_CHARGING), "Transactions that charge with priority", PriorityCharging),
    Shown("der-controls", _all_of(DER_CONTROLS), "Grid controls of the station", DerControl),
    Shown("der-alarms", _all_of(DER_ALARMS), "Grid events that have not ended", DerAlarm),
    Shown("batteries", _all_of(BATTERIES), "The battery in each slot of a swap station", Battery),
    Shown("event-streams", event_streams.shown, "Periodic event streams that are open", EventStream),
)
