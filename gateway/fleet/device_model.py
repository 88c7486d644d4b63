"""The device model of OCPP 2.x (Part 1, section 4): which components and variables a station has, and their values."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, TypeAlias

from msgspec import Struct

from gateway.fleet.outlet import Outlet
from gateway.fleet.station import SimulatedStation
from gateway.fleet.variables import VARIABLES, Variable

Read: TypeAlias = Callable[[Outlet], object]

AVAILABILITY = {"Available": "Available", "Unavailable": "Unavailable", "Reserved": "Reserved"}
"""Stages that are told as they are (ConnectorStatusEnumType); all others are Occupied."""


def availability(stage: str) -> str:
    """The ConnectorStatusEnumType of a stage (Part 2, 3.18)."""
    return AVAILABILITY.get(stage, "Occupied")


def _fixed(component: str, name: str, kind: str, unit: str | None = None) -> Variable:
    return Variable(component, name, kind=kind, mutable=False, unit=unit)


OF_EVSE: tuple[tuple[Variable, bool, Read], ...] = (
    (_fixed("EVSE", "AvailabilityState", "OptionList"), False, lambda outlet: availability(outlet.stage)),
    (_fixed("EVSE", "Available", "boolean"), False, lambda outlet: "true"),
    (_fixed("EVSE", "SupplyPhases", "integer"), False, lambda outlet: outlet.evse.phases),
    (_fixed("EVSE", "Power", "decimal", "W"), False, lambda outlet: outlet.evse.power_w),
    (_fixed("EVSE", "AllowReset", "boolean"), False, lambda outlet: "false"),
    (_fixed("FiscalMetering", "EnergyImportRegister", "decimal", "Wh"), False, lambda o: o.evse.meter.register_wh),
    (_fixed("Connector", "AvailabilityState", "OptionList"), True, lambda outlet: availability(outlet.stage)),
    (_fixed("Connector", "Available", "boolean"), True, lambda outlet: "true"),
    (_fixed("Connector", "ConnectorType", "string"), True, lambda outlet: "cCCS2" if outlet.evse.dc else "sType2"),
    (_fixed("Connector", "SupplyPhases", "integer"), True, lambda outlet: outlet.evse.phases),
)
"""What each EVSE has: the variable, whether it is its connector's, and how it is read."""

MONITORED = frozenset({"Power", "EnergyImportRegister"})
"""Variables of an EVSE that monitors may watch."""


class Entry(Struct, frozen=True):
    """One variable of one component of one station."""

    variable: Variable
    outlet: Outlet | None = None
    at_connector: bool = False
    read: Read | None = None

    @property
    def place(self) -> dict[str, Any]:
        """ComponentType and VariableType."""
        component: dict[str, Any] = {"name": self.variable.component}
        if self.outlet is not None:
            component["evse"] = {"id": self.outlet.number} | ({"connectorId": 1} if self.at_connector else {})
        instance = {} if self.variable.instance is None else {"instance": self.variable.instance}
        return {"component": component, "variable": {"name": self.variable.name} | instance}

    @property
    def monitored(self) -> bool:
        """Whether monitors may watch it."""
        return self.outlet is not None and self.variable.name in MONITORED

    def value(self, station: SimulatedStation) -> str:
        """Its actual value."""
        if self.outlet is None or self.read is None:
            return station.variable(self.variable)
        return str(self.read(self.outlet))

    def measure(self, at: datetime) -> float:
        """The number that a monitor reads."""
        assert self.outlet is not None
        assert self.read is not None
        self.outlet.look(at)
        return float(str(self.read(self.outlet)))


def entries(station: SimulatedStation) -> Iterator[Entry]:
    """All that a station has, those of the station itself first."""
    for variable in VARIABLES:
        if station.version == "ocpp2.1" or not variable.only_21:
            yield Entry(variable)
    for outlet in station.outlets:
        for variable, at_connector, read in OF_EVSE:
            yield Entry(variable, outlet, at_connector, read)


def fits(place: dict[str, Any], component: dict[str, Any], variable: dict[str, Any] | None) -> bool:
    """Whether `place` is meant by `component` and `variable`. What they leave out fits all; case is nothing."""
    held = place["component"]
    if held["name"].lower() != component["name"].lower():
        return False
    evse, held_evse = component.get("evse"), held.get("evse", {})
    if evse is not None and (
        evse["id"] != held_evse.get("id") or evse.get("connectorId") not in (None, held_evse.get("connectorId"))
    ):
        return False
    if variable is None:
        return True
    same = place["variable"]["name"].lower() == variable["name"].lower()
    return same and variable.get("instance") in (None, place["variable"].get("instance"))


def find(
    station: SimulatedStation, component: dict[str, Any], variable: dict[str, Any], attribute_type: str
) -> tuple[Entry | None, str]:
    """The one entry that is meant, and the status of an answer about it (GetVariableStatusEnumType)."""
    of_component = [entry for entry in entries(station) if _same_component(entry.place["component"], component)]
    if not of_component:
        return None, "UnknownComponent"
    wanted = (variable["name"].lower(), variable.get("instance"))
    for entry in of_component:
        if (entry.variable.name.lower(), entry.variable.instance) == wanted:
            return (entry, "Accepted") if attribute_type == "Actual" else (None, "NotSupportedAttributeType")
    return None, "UnknownVariable"


def reported(entry: Entry, station: SimulatedStation) -> dict[str, Any]:
    """ReportDataType of an entry."""
    variable = entry.variable
    characteristics: dict[str, Any] = {"dataType": variable.kind, "supportsMonitoring": entry.monitored}
    if variable.unit is not None:
        characteristics["unit"] = variable.unit
    if variable.options:
        characteristics["valuesList"] = ",".join(variable.options)
    if entry.outlet is not None and variable.name == "Power":
        characteristics["maxLimit"] = entry.outlet.evse.power_max_w
    mutability = "ReadWrite" if variable.mutable else "ReadOnly"
    return entry.place | {
        "variableAttribute": [{"value": entry.value(station), "mutability": mutability}],
        "variableCharacteristics": characteristics,
    }


def _same_component(held: dict[str, Any], wanted: dict[str, Any]) -> bool:
    if wanted.get("instance") is not None or held["name"].lower() != wanted["name"].lower():
        return False
    return bool(held.get("evse") == wanted.get("evse"))
