"""Variables and reports of them (Part 2, block B)."""

from collections.abc import Sequence
from datetime import datetime

from gateway.fleet.commands2.answers import bound, meant, place_of, report, status
from gateway.fleet.device_model import Entry, entries, find, reported
from gateway.fleet.dialect import Payload, Serve, timestamp
from gateway.fleet.payloads2 import (
    GetBaseReport,
    GetReport,
    GetVariable,
    GetVariables,
    Place,
    SetVariable,
    SetVariables,
)
from gateway.fleet.station import SimulatedStation
from gateway.fleet.variables import ITEMS_PER_GET_MAX, ITEMS_PER_REPORT, ITEMS_PER_SET_MAX

SUMMARY = frozenset({"AvailabilityState"})
"""What a SummaryInventory tells: the variables of which a problem would show (B07.FR.08)."""

CRITERIA = {"Available": "Available", "Problem": None, "Active": None, "Enabled": "Enabled"}
"""ComponentCriterionEnumType, and the variable that must be there and true. Nothing here is ever a problem."""


def get_variables(station: SimulatedStation, asked: GetVariables, now: datetime) -> Payload:
    """B06."""
    bound(asked.get_variable_data, ITEMS_PER_GET_MAX, "getVariableData")
    return {"getVariableResult": [_get_variable(station, wanted) for wanted in asked.get_variable_data]}


def set_variables(station: SimulatedStation, asked: SetVariables, now: datetime) -> Payload:
    """B05."""
    bound(asked.set_variable_data, ITEMS_PER_SET_MAX, "setVariableData")
    return {"setVariableResult": [_set_variable(station, wanted) for wanted in asked.set_variable_data]}


def get_base_report(station: SimulatedStation, asked: GetBaseReport, now: datetime) -> Payload:
    """B07."""
    told = list(entries(station))
    if asked.report_base == "ConfigurationInventory":
        told = [entry for entry in told if entry.variable.mutable]
    elif asked.report_base == "SummaryInventory":
        told = [entry for entry in told if entry.variable.name in SUMMARY]
    _report(station, asked.request_id, told, now)
    return status("Accepted")


def get_report(station: SimulatedStation, asked: GetReport, now: datetime) -> Payload:
    """B08: what is named, of components that meet any of the criteria."""
    told = [
        entry
        for entry in entries(station)
        if _wanted(entry, asked.component_variable) and _meets(station, entry, asked.component_criteria)
    ]
    if not told:
        return status("EmptyResultSet")
    _report(station, asked.request_id, told, now)
    return status("Accepted")


def _report(station: SimulatedStation, request_id: int, told: Sequence[Entry], now: datetime) -> None:
    common = {"requestId": request_id, "generatedAt": timestamp(now), "seqNo": 0}
    items = [reported(entry, station) for entry in told]
    report(station, "NotifyReport", common, "reportData", items, ITEMS_PER_REPORT)


def _wanted(entry: Entry, places: Sequence[Place] | None) -> bool:
    return not places or any(meant(entry.place, place) for place in places)


def _meets(station: SimulatedStation, entry: Entry, criteria: Sequence[str] | None) -> bool:
    if not criteria:
        return True
    component = entry.place["component"]
    for criterion in criteria:
        name = CRITERIA.get(criterion)
        if name is not None:
            found, _ = find(station, component, {"name": name}, "Actual")
            if found is not None and found.value(station) == "true":
                return True
    return False


def _get_variable(station: SimulatedStation, wanted: GetVariable) -> Payload:
    place = place_of(wanted)
    entry, word = find(station, place["component"], place["variable"], wanted.attribute_type)
    result: Payload = place | {"attributeStatus": word}
    if wanted.attribute_type != "Actual":
        result["attributeType"] = wanted.attribute_type
    return result | ({} if entry is None else {"attributeValue": entry.value(station)})


def _set_variable(station: SimulatedStation, wanted: SetVariable) -> Payload:
    place = place_of(wanted)
    entry, word = find(station, place["component"], place["variable"], wanted.attribute_type)
    if entry is not None:
        word = "Rejected" if entry.outlet else station.set_variable(entry.variable, wanted.attribute_value)
    result: Payload = place | {"attributeStatus": word}
    return result | ({} if wanted.attribute_type == "Actual" else {"attributeType": wanted.attribute_type})


SERVED = {
    "GetBaseReport": Serve(GetBaseReport, get_base_report),
    "GetReport": Serve(GetReport, get_report),
    "GetVariables": Serve(GetVariables, get_variables),
    "SetVariables": Serve(SetVariables, set_variables),
}
