"""Variable monitors of 2.x: set, cleared, reported (use cases N02 to N06), and how loud a station is to be."""

from typing import Annotated, Any, Final, Literal, TypeAlias

import msgspec
from msgspec import UNSET, Meta

from gateway.core.calls import CallEnded, Outcome
from gateway.core.facts.item_limits import in_messages
from gateway.core.facts.kind import in_full
from gateway.core.facts.monitors import Monitor, matched, monitors_of, records_of_cleared, records_of_set, shown
from gateway.core.flows.flow import Flow, Operator, Result, Shown, failed
from gateway.core.flows.limits import item_limits
from gateway.core.flows.reports import REPORT_ANSWER, gather
from gateway.core.flows.words import (
    INT32_MAX,
    Body,
    Connector,
    Evse,
    Identifier,
    evse_2,
    given,
    keep,
    remembered,
    require_2,
    result_of,
)
from gateway.core.stations import Station

MONITORS_MAX: Final = 100
"""Monitors set by one request: at one to a message some minutes of a slow station."""

REPORTED_MAX: Final = 10_000
"""Monitors of one report that are listed: some 3 MB of JSON. A report has no end of its own that can be relied upon."""

ADVICE_16: Final = "it monitors nothing; what it measures comes as MeterValues, by configuration"

Name: TypeAlias = Annotated[str, Meta(min_length=1, max_length=50)]
Component: TypeAlias = Annotated[Name, Meta(description="Name of the component.")]
ComponentInstance: TypeAlias = Annotated[Name | None, Meta(description="Which component, where several have its name.")]
Instance: TypeAlias = Annotated[Name | None, Meta(description="Which variable, where the component has several.")]
EvseOfComponent: TypeAlias = Annotated[
    Evse | None, Meta(description="EVSE that the component belongs to; absent: the station.")
]
ConnectorOfComponent: TypeAlias = Annotated[
    Connector | None, Meta(description="Connector of that EVSE that the component belongs to.")
]
Severity: TypeAlias = Annotated[int, Meta(ge=0, le=9, description="0 is danger, 9 is debugging.")]


class EventStream(Body, frozen=True):
    """Have a monitor report by a periodic event stream of 2.1."""

    interval_s: Annotated[
        Annotated[int, Meta(ge=0, le=INT32_MAX)] | None, Meta(description="Seconds between two messages of it.")
    ] = None
    values: Annotated[
        Annotated[int, Meta(ge=1)] | None, Meta(description="With how many values a message is sent before that.")
    ] = None


class WantedMonitor(Body, frozen=True, kw_only=True):
    """A monitor."""

    component: Component
    variable: Annotated[Name, Meta(description="Name of the variable to watch.")]
    type: Annotated[
        Literal[
            "UpperThreshold",
            "LowerThreshold",
            "Delta",
            "Periodic",
            "PeriodicClockAligned",
            "TargetDelta",
            "TargetDeltaRelative",
        ],
        Meta(description="When it speaks; `TargetDelta` and `TargetDeltaRelative` are of 2.1."),
    ]
    value: Annotated[
        float, Meta(description="Threshold or delta in the unit of the variable; of a periodic monitor, seconds.")
    ]
    severity: Severity
    component_instance: ComponentInstance = None
    evse: EvseOfComponent = None
    connector: ConnectorOfComponent = None
    instance: Instance = None
    transaction: Annotated[
        bool | None, Meta(description="Whether it is only heeded while a transaction runs at the component.")
    ] = None
    id: Annotated[Identifier | None, Meta(description="Monitor that it replaces; absent: a new one.")] = None
    event_stream: Annotated[
        EventStream | None, Meta(description="Report by a periodic event stream instead of events (2.1).")
    ] = None


class SetMonitors(Body, frozen=True):
    """Set monitors, in messages that the station takes."""

    monitors: Annotated[list[WantedMonitor], Meta(min_length=1, max_length=MONITORS_MAX, description="The monitors.")]


class ClearMonitor(Body, frozen=True):
    """Clear a monitor, known to the gateway or not."""

    monitor_id: Annotated[Identifier, Meta(description="The station's id of it.")]


class WatchedVariable(Body, frozen=True, kw_only=True):
    """A component, or one variable of it."""

    component: Component
    variable: Annotated[Name | None, Meta(description="Name of the variable; absent: all of the component.")] = None
    component_instance: ComponentInstance = None
    evse: EvseOfComponent = None
    connector: ConnectorOfComponent = None
    instance: Instance = None


class ReportMonitors(Body, frozen=True):
    """Have the monitors reported."""

    criteria: Annotated[
        tuple[Literal["ThresholdMonitoring", "DeltaMonitoring", "PeriodicMonitoring"], ...],
        Meta(description="Only monitors of these sorts."),
    ] = ()
    variables: Annotated[tuple[WatchedVariable, ...], Meta(description="Only monitors of these.")] = ()


class MonitoringBase(Body, frozen=True):
    """Let a station have all its monitors, those of the factory, or only those of its hardware (use case N03)."""

    base: Annotated[Literal["All", "FactoryDefault", "HardWiredOnly"], Meta(description="Which monitors it has.")]


class MonitoringLevel(Body, frozen=True):
    """Have a station report events up to this severity (use case N05)."""

    severity: Annotated[Severity, Meta(description="Least severe that is reported: 0 is danger, 9 is debugging.")]


async def set_monitors(operator: Operator, station: Station, body: SetMonitors) -> Result:
    """Set monitors. The result lists what became of each, in the order asked; null where nothing is known."""
    require_2(operator, station, ADVICE_16)
    data = [_item(wanted) for wanted in body.monitors]
    operator.reaches(station, "SetVariableMonitoring", {"setMonitoringData": data})  # or else some would be set
    limits = await item_limits(operator, station)
    if isinstance(limits, CallEnded):
        return failed(limits)
    results: list[dict[str, Any] | None] = []
    failure: CallEnded | None = None
    kept = True
    for items in in_messages(data, "SetVariableMonitoring", limits):
        end = await operator.call(station, "SetVariableMonitoring", {"setMonitoringData": items})
        if end.payload is None:
            failure = end
            break
        wanted = [_monitor(wanted) for wanted in body.monitors[len(results) : len(results) + len(items)]]
        answer: Any = end.payload
        said = matched(wanted, answer.set_monitoring_result)
        set_now = [
            msgspec.structs.replace(monitor, monitor_id=result.id)
            for monitor, result in zip(wanted, said, strict=True)
            if result is not None and result.status == "Accepted" and result.id is not UNSET
        ]
        kept = await keep(operator, station, records_of_set(set_now, operator.now())) and kept
        results += [None if result is None else _shown(result) for result in said]
    results += [None] * (len(body.monitors) - len(results))
    if failure is not None:
        result = failed(failure)
        return remembered(Result(result.outcome, {**result.body, "monitors": results}, result.reason), kept)
    if any(result is not None and result["status"] == "Accepted" for result in results):
        return remembered(Result(Outcome.ACCEPTED, {"monitors": results}), kept)
    return Result(Outcome.REJECTED, {"monitors": results}, "the station set none of the monitors")


async def clear_monitor(operator: Operator, station: Station, body: ClearMonitor) -> Result:
    """Clear a monitor; a status of NotFound says that there is none."""
    require_2(operator, station, ADVICE_16)
    end = await operator.call(station, "ClearVariableMonitoring", {"id": [body.monitor_id]})
    if end.payload is None:
        return failed(end)
    answer: Any = end.payload
    status = next((said.status for said in answer.clear_monitoring_result if said.id == body.monitor_id), None)
    cleared = [body.monitor_id] if status in ("Accepted", "NotFound") else []
    kept = await keep(operator, station, records_of_cleared(cleared, operator.now()))
    about = {"monitor_id": body.monitor_id, **given(status=status)}
    if status == "Accepted":
        return remembered(Result(Outcome.ACCEPTED, about), kept)
    return remembered(Result(Outcome.REJECTED, about, f"the station answered {status}"), kept)


async def report_monitors(operator: Operator, station: Station, body: ReportMonitors) -> Result:
    """Have the monitors reported; the result lists them."""
    require_2(operator, station, ADVICE_16)
    reported: list[Monitor] = []
    left_out = 0

    def hear_part(part: Any) -> None:
        nonlocal left_out
        for watched in part.monitor or ():
            monitors = monitors_of(watched)
            room = REPORTED_MAX - len(reported)
            reported.extend(monitors[:room])
            left_out += len(monitors[room:])

    variables = [_address(variable) for variable in body.variables]
    request = given(monitoringCriteria=list(body.criteria) or None, componentVariable=variables or None)
    result = await gather(
        operator, station, "GetMonitoringReport", request, reported_by="NotifyMonitoringReport", hear_part=hear_part
    )
    listed = given(monitors=[in_full(monitor) for monitor in reported], left_out=left_out or None)
    return Result(result.outcome, {**result.body, **listed}, result.reason)


async def set_base(operator: Operator, station: Station, body: MonitoringBase) -> Result:
    """Set the base of monitors."""
    require_2(operator, station, ADVICE_16)
    return result_of(await operator.call(station, "SetMonitoringBase", {"monitoringBase": body.base}))


async def set_level(operator: Operator, station: Station, body: MonitoringLevel) -> Result:
    """Set the level of monitors."""
    require_2(operator, station, ADVICE_16)
    return result_of(await operator.call(station, "SetMonitoringLevel", {"severity": body.severity}))


def _item(wanted: WantedMonitor) -> dict[str, Any]:
    """Return a SetMonitoringDataType."""
    stream = wanted.event_stream
    return given(
        id=wanted.id,
        type=wanted.type,
        value=wanted.value,
        severity=wanted.severity,
        transaction=wanted.transaction,
        periodicEventStream=None if stream is None else given(interval=stream.interval_s, values=stream.values),
        **_address(wanted),
    )


def _address(named: WantedMonitor | WatchedVariable) -> dict[str, Any]:
    """Return a ComponentType, and a VariableType if a variable is named."""
    evse = evse_2(named.evse, named.connector)
    return given(
        component=given(name=named.component, instance=named.component_instance, evse=evse),
        variable=None if named.variable is None else given(name=named.variable, instance=named.instance),
    )


def _monitor(wanted: WantedMonitor) -> Monitor:
    """Return the monitor that is asked for; its id is not known yet."""
    return Monitor(
        monitor_id=0,
        component=wanted.component,
        variable=wanted.variable,
        type=wanted.type,
        value=wanted.value,
        severity=wanted.severity,
        component_instance=wanted.component_instance,
        evse=wanted.evse,
        connector=wanted.connector,
        variable_instance=wanted.instance,
        transaction=wanted.transaction is True,
    )


def _shown(result: Any) -> dict[str, Any]:
    about = None if result.status_info is UNSET else result.status_info.reason_code
    return given(status=result.status, monitor_id=None if result.id is UNSET else result.id, reason=about)


FLOWS: Final = (
    Flow(
        "monitors",
        SetMonitors,
        set_monitors,
        "Set variable monitors",
        actions=("SetVariableMonitoring",),
        answer={
            "monitors": "What became of each, in the order asked: `status`, `monitor_id`, `reason`; null if not known.",
        },
    ),
    Flow(
        "monitors/{monitor_id}",
        ClearMonitor,
        clear_monitor,
        "Clear a variable monitor",
        "DELETE",
        actions=("ClearVariableMonitoring",),
        answer={
            "monitor_id": "As asked.",
        },
    ),
    Flow(
        "monitors/report",
        ReportMonitors,
        report_monitors,
        "Have the variable monitors reported",
        actions=("GetMonitoringReport",),
        answer={
            **REPORT_ANSWER,
            "monitors": "The monitors, as `GET monitors` shows them.",
        },
    ),
    Flow(
        "monitors/base",
        MonitoringBase,
        set_base,
        "Choose the set of monitors that a station has",
        actions=("SetMonitoringBase",),
    ),
    Flow(
        "monitors/level",
        MonitoringLevel,
        set_level,
        "Choose up to which severity a station reports events",
        actions=("SetMonitoringLevel",),
    ),
)
SHOWN: Final = (Shown("monitors", shown, "Variable monitors that are known, at most 64", Monitor),)
