"""Flows of the device model: have it reported, read and set variables, and look up what is kept.

Use cases B05 to B08 of OCPP 2.x, and sections 5.3 and 5.8 of 1.6, whose keys are translated
(`core.configuration_keys`). Whatever is read, set or reported is kept in the store.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Literal, TypeAlias

import msgspec
from msgspec import UNSET, Meta, Struct

from gateway.core.calls import CallEnded, Outcome
from gateway.core.configuration_keys import REQUIRED_KEYS, STANDARD_KEYS, address_of_key
from gateway.core.device_model import (
    PAGE_MAX,
    VariableAddress,
    VariableQuery,
    is_secret,
    to_component,
    to_variable,
)
from gateway.core.facts.item_limits import ItemLimits, in_messages
from gateway.core.flows.flow import Flow, Operator, Result, failed
from gateway.core.flows.limits import item_limits
from gateway.core.flows.reports import REPORT_ANSWER, gather
from gateway.core.flows.variables import (
    DONE,
    Done,
    get_keys,
    get_variables,
    said_of,
    set_variables,
    unanswered,
)
from gateway.core.flows.words import INT32_MAX, invalid, is_16, keep, remembered
from gateway.core.records import DeviceVariable, DeviceVariables
from gateway.core.stations import Station

VARIABLES_MAX: Final = 500
"""Variables read or set by one request: at one to a message some minutes of a slow station."""

VALUE_CHARACTERS_MAX: Final[Mapping[str, int]] = {"ocpp1.6": 500, "ocpp2.0.1": 1000, "ocpp2.1": 2500}
"""Longest value that can be set in each version: what is too long is refused before anything is sent."""

NO_LIMITS: Final = ItemLimits(None, {})
"""ChangeConfiguration of 1.6 sets one key in a message anyway."""

Name: TypeAlias = Annotated[str, Meta(min_length=1, max_length=50)]
Component: TypeAlias = Annotated[Name, Meta(description="Name of the component.")]
Variable: TypeAlias = Annotated[Name, Meta(description="Name of the variable.")]
ComponentInstance: TypeAlias = Annotated[Name | None, Meta(description="Which component, where several have its name.")]
Instance: TypeAlias = Annotated[Name | None, Meta(description="Which variable, where the component has several.")]
Evse: TypeAlias = Annotated[
    Annotated[int, Meta(ge=0, le=INT32_MAX)] | None,
    Meta(description="EVSE that the component belongs to; absent: the station."),
]
Connector: TypeAlias = Annotated[
    Annotated[int, Meta(ge=0, le=INT32_MAX)] | None,
    Meta(description="Connector of that EVSE that the component belongs to."),
]
Attribute: TypeAlias = Annotated[
    Literal["Actual", "Target", "MinSet", "MaxSet"], Meta(description="Which of its values; 1.6 has only the actual.")
]


class NamedVariable(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A variable as a request names it. A 1.6 key is either the 2.x variable that it means, or one of `ChargePoint`."""

    component: Component
    variable: Variable
    component_instance: ComponentInstance = None
    instance: Instance = None
    evse: Evse = None
    connector: Connector = None
    attribute: Attribute = "Actual"

    @property
    def address(self) -> VariableAddress:
        """Return the address that is named."""
        return VariableAddress(
            component=self.component,
            variable=self.variable,
            component_instance=self.component_instance,
            instance=self.instance,
            evse=self.evse,
            connector=self.connector,
            attribute=self.attribute,
        )


class AssignedVariable(NamedVariable, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A variable and the value to set."""

    value: Annotated[
        str, Meta(description="Value to set, as text: at most 500 characters in 1.6, 1000 in 2.0.1, 2500 in 2.1.")
    ]


class ReportRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to report. With `criteria` or `variables` only what fits them (GetReport), else a whole `base` report.

    A 1.6 station reports its whole configuration, or with `keys` only those.
    """

    base: Annotated[
        Literal["FullInventory", "ConfigurationInventory", "SummaryInventory"],
        Meta(description="Which whole report (2.x)."),
    ] = "FullInventory"
    criteria: Annotated[
        list[Literal["Active", "Available", "Enabled", "Problem"]],
        Meta(max_length=4, description="Only components that are so (2.x)."),
    ] = []
    variables: Annotated[list["ReportedVariable"], Meta(max_length=VARIABLES_MAX, description="Only these (2.x).")] = []
    keys: Annotated[list[Name], Meta(max_length=VARIABLES_MAX, description="Only these configuration keys (1.6).")] = []


class ReportedVariable(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to report: a component, or one variable of it."""

    component: Component
    variable: Annotated[Name | None, Meta(description="Name of the variable; absent: all of the component.")] = None
    component_instance: ComponentInstance = None
    instance: Instance = None
    evse: Evse = None
    connector: Connector = None

    @property
    def address(self) -> VariableAddress:
        """Return the address that is named; its variable is empty where a whole component is."""
        return VariableAddress(
            component=self.component,
            variable=self.variable or "",
            component_instance=self.component_instance,
            instance=self.instance,
            evse=self.evse,
            connector=self.connector,
        )


class GetRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Variables to read."""

    variables: Annotated[
        list[NamedVariable], Meta(min_length=1, max_length=VARIABLES_MAX, description="The variables, each once.")
    ]

    def __post_init__(self) -> None:
        _require_different([variable.address for variable in self.variables])


class SetRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Variables to set."""

    variables: Annotated[
        list[AssignedVariable],
        Meta(min_length=1, max_length=VARIABLES_MAX, description="The variables, each once, and their values."),
    ]

    def __post_init__(self) -> None:
        _require_different([variable.address for variable in self.variables])


class LookUpRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which of the kept variables to show."""

    component: Annotated[Name | None, Meta(description="Only those of components of this name.")] = None
    variable: Annotated[Name | None, Meta(description="Only those of this name.")] = None
    cursor: Annotated[
        Annotated[str, Meta(max_length=2000)] | None, Meta(description="`next_cursor` of the page before.")
    ] = None
    limit: Annotated[int, Meta(ge=1, le=PAGE_MAX, description="Most variables on the page.")] = 100


async def report(operator: Operator, station: Station, request: ReportRequest) -> Result:
    """Have the station report its variables, and wait until all of the report is here. It is kept part by part."""
    if is_16(operator, station):
        return await _report_16(operator, station, request)
    if request.keys:
        raise invalid("keys are of OCPP 1.6; name variables", "$.keys")
    variables = 0

    def count(part: Any) -> None:
        nonlocal variables
        variables += 0 if part.report_data is UNSET else len(part.report_data)

    if not request.criteria and not request.variables:
        result = await gather(
            operator,
            station,
            "GetBaseReport",
            {"reportBase": request.base},
            reported_by="NotifyReport",
            hear_part=count,
        )
        return _with_variables(result, variables)
    limits = await item_limits(operator, station)
    if isinstance(limits, CallEnded):
        return failed(limits)
    asked = [_to_component_variable(variable.address) for variable in request.variables]
    result = Result(Outcome.ACCEPTED)
    parts = 0
    for message in in_messages(asked, "GetReport", limits) or [()]:
        criteria: dict[str, Any] = {"componentCriteria": request.criteria} if request.criteria else {}
        wanted: dict[str, Any] = {"componentVariable": message} if message else {}
        result = await gather(
            operator, station, "GetReport", criteria | wanted, reported_by="NotifyReport", hear_part=count
        )
        parts += result.body.get("parts", 0)
        if result.outcome is not Outcome.ACCEPTED:
            break
    return _with_variables(Result(result.outcome, {**result.body, "parts": parts}, result.reason), variables)


async def _report_16(operator: Operator, station: Station, request: ReportRequest) -> Result:
    """Have a 1.6 station tell its configuration.

    A station may tell no more than GetConfigurationMaxKeys at once, even where it is asked for all (section 9.1.9).
    Where an answer looks like that, or an answer to "all" never comes, the keys of the specification are asked for too.
    """
    if request.criteria or request.variables:
        path = "$.criteria" if request.criteria else "$.variables"
        raise invalid("OCPP 1.6 has nothing to choose but keys; name none for all", path)
    limits = await item_limits(operator, station)
    if isinstance(limits, CallEnded):
        return failed(limits)
    told: dict[str, Any] = {}
    keys: Sequence[str] = request.keys
    if not keys:
        end = await operator.call(station, "GetConfiguration", {})
        if end.payload is None and end.outcome is not Outcome.CALL_ERROR:
            return failed(end)
        told = {} if end.payload is None else _keys_in(end.payload)
        if len(told) < limits.items("GetConfiguration") and {key.lower() for key in REQUIRED_KEYS} <= told.keys():
            keys = ()
        else:
            keys = [key for key in STANDARD_KEYS if key.lower() not in told]
    answers, failure = await get_keys(operator, station, keys, limits)
    unknown = [key for key in keys if key.lower() in answers and answers[key.lower()] is None]
    told |= {key: said for key, said in answers.items() if said is not None}
    variables = [said_of(address_of_key(said.key), said).kept() for said in told.values()]
    kept = await keep(operator, station, [DeviceVariables(operator.now(), variables)] if variables else [])
    body: dict[str, Any] = {"variables": len(variables), "paged": bool(keys)}
    if request.keys:
        body["unknown_keys"] = unknown
    if failure is not None:
        return remembered(Result(failure.outcome, body, failure.reason), kept)
    return remembered(Result(Outcome.ACCEPTED, body), kept)


async def get(operator: Operator, station: Station, request: GetRequest) -> Result:
    """Read variables. The body has a result for each, in order."""
    asked = [variable.address for variable in request.variables]
    limits = await item_limits(operator, station)
    if isinstance(limits, CallEnded):
        return _summed(Done([unanswered(address) for address in asked], limits))
    return _summed(await get_variables(operator, station, asked, limits))


async def set_(operator: Operator, station: Station, request: SetRequest) -> Result:
    """Set variables. The body has a result for each, in order, and whether the station must reboot for them."""
    most = VALUE_CHARACTERS_MAX[operator.version(station)]
    for index, variable in enumerate(request.variables):
        if len(variable.value) > most:
            reason = f"a value has at most {most} characters in the station's version of OCPP"
            raise invalid(reason, f"$.variables[{index}].value")
    asked = [(variable.address, variable.value) for variable in request.variables]
    limits = NO_LIMITS if is_16(operator, station) else await item_limits(operator, station)
    if isinstance(limits, CallEnded):
        done = Done([unanswered(address) for address, _ in asked], limits)
    else:
        done = await set_variables(operator, station, asked, limits)
    result = _summed(done)
    reboot = any(one.status == "RebootRequired" for one in done.results)
    return Result(result.outcome, {**result.body, "reboot_required": reboot}, result.reason)


async def look_up(operator: Operator, station: Station, request: LookUpRequest) -> Result:
    """Show what is kept of the station's variables, as it was last read, set or reported."""
    query = VariableQuery(
        component=request.component, variable=request.variable, cursor=request.cursor, limit=request.limit
    )
    page = await operator.stored_variables(station, query)
    rows = [{**_shown(stored.variable), "at": stored.time} for stored in page.variables]
    return Result(Outcome.ACCEPTED, {"variables": rows, "next_cursor": page.next_cursor})


def _summed(done: Done) -> Result:
    """Return the results of a get or set. Accepted as soon as one variable is; what is not, is counted as refused."""
    refused = sum(result.status not in DONE for result in done.results)
    body = {"variables": [result.shown() for result in done.results], "refused": refused}
    if done.failure is not None:
        end = failed(done.failure)
        result = Result(end.outcome, {**body, **end.body}, end.reason)
    elif refused == len(done.results):
        result = Result(Outcome.REJECTED, body, "the station refused every variable")
    else:
        result = Result(Outcome.ACCEPTED, body)
    return remembered(result, done.kept)


def _with_variables(result: Result, variables: int) -> Result:
    return Result(result.outcome, {**result.body, "variables": variables}, result.reason)


def _to_component_variable(address: VariableAddress) -> dict[str, Any]:
    named: dict[str, Any] = {"component": to_component(address)}
    return {**named, "variable": to_variable(address)} if address.variable else named


def _keys_in(payload: Any) -> dict[str, Any]:
    return {} if payload.configuration_key is UNSET else {said.key.lower(): said for said in payload.configuration_key}


def _require_different(addresses: Sequence[VariableAddress]) -> None:
    if len(set(addresses)) < len(addresses):
        raise ValueError("a variable stands twice")


_ABSENT: Final[Mapping[str, object]] = {
    field.name: field.default for field in msgspec.structs.fields(DeviceVariable) if field.name != "attribute"
}


def _shown(variable: DeviceVariable) -> dict[str, Any]:
    """Return a variable without what it does not have."""
    body = {
        name: value
        for name in DeviceVariable.__struct_fields__
        if (value := getattr(variable, name)) is not None and (value != _ABSENT.get(name) or name == "attribute")
    }
    if is_secret(variable.variable, variable.mutability):
        body["secret"] = True
    return body


FLOWS: Final[Sequence[Flow]] = (
    Flow(
        "variables/report",
        ReportRequest,
        report,
        "Have the station report its variables or configuration keys",
        actions=("GetBaseReport", "GetReport", "GetConfiguration"),
        answer={
            "variables": "How many were reported; `GET variables` shows them.",
            **REPORT_ANSWER,
            "paged": "Whether keys were asked for by name (1.6).",
            "unknown_keys": "Those of `keys` that the station does not have (1.6).",
        },
    ),
    Flow(
        "variables/get",
        GetRequest,
        get,
        "Read variables or configuration keys",
        actions=("GetVariables", "GetConfiguration"),
        answer={
            "variables": "In the order asked, each with its names, `status`, `value` or `secret`, and `reason`.",
            "refused": "How many were not read.",
        },
    ),
    Flow(
        "variables/set",
        SetRequest,
        set_,
        "Set variables or configuration keys",
        actions=("SetVariables", "ChangeConfiguration"),
        answer={
            "variables": "In the order asked, each with its names, `status`, `value` or `secret`, and `reason`.",
            "refused": "How many were not set.",
            "reboot_required": "Whether some take effect by the next restart only.",
        },
    ),
    Flow(
        "variables",
        LookUpRequest,
        look_up,
        "Look up variables as they were last read, set or reported",
        "GET",
        answer={
            "variables": "Each with its names, `attribute`, `value` or `secret`, its range as far as known, and `at`.",
            "next_cursor": "The `cursor` of the next page; null on the last.",
        },
    ),
)
